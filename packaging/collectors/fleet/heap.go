package main

// moment is something that happens to one Mac.
type moment struct {
	at   int64 // microseconds
	seq  uint32
	mac  int32
	kind kind
}

type kind uint8

const (
	beatDue kind = iota
	alertDue
	answered // a request has its answer, or will get none
	tryAgain // a pause is over
)

// before orders moments; seq makes equal times come in the order they were added.
func (m moment) before(o moment) bool { return m.at < o.at || m.at == o.at && m.seq < o.seq }

// heap is a binary heap of moments.
type heap struct {
	list []moment
	seq  uint32
}

func (h *heap) add(at int64, mac int32, k kind) {
	h.seq++
	h.list = append(h.list, moment{at, h.seq, mac, k})
	i := len(h.list) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !h.list[i].before(h.list[up]) {
			return
		}
		h.list[i], h.list[up] = h.list[up], h.list[i]
		i = up
	}
}

// next takes the earliest moment.
func (h *heap) next() moment {
	first, n := h.list[0], len(h.list)-1
	last := h.list[n]
	h.list = h.list[:n]
	i := 0
	for {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && h.list[down+1].before(h.list[down]) {
			down++
		}
		if !h.list[down].before(last) {
			break
		}
		h.list[i] = h.list[down]
		i = down
	}
	if n > 0 {
		h.list[i] = last
	}
	return first
}
