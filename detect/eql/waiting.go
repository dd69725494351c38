package eql

import "container/heap"

// candidate is a complete sequence that waits until nothing more can spoil it: an event
// that has to be missing at its end could still come in time.
type candidate[T any] struct {
	result  Result[T]
	from    int64 // the time from which maxspan counts
	owner   *pending[T]
	inHeap  int // its places
	inOwner int
}

// waiting holds candidates, the one whose time ends first in front.
type waiting[T any] []*candidate[T]

func (w waiting[T]) Len() int { return len(w) }

// Less, Swap, Push and Pop are for package heap.
func (w waiting[T]) Less(i, j int) bool {
	if w[i].from != w[j].from {
		return w[i].from < w[j].from
	}
	return w[i].result.last < w[j].result.last
}

func (w waiting[T]) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].inHeap, w[j].inHeap = i, j
}

func (w *waiting[T]) Push(x any) {
	added := x.(*candidate[T])
	added.inHeap = len(*w)
	*w = append(*w, added)
}

func (w *waiting[T]) Pop() any {
	end := len(*w) - 1
	last := (*w)[end]
	(*w)[end] = nil
	*w = (*w)[:end]
	return last
}

// add lets a candidate wait.
func (w *waiting[T]) add(c *candidate[T]) {
	heap.Push(w, c)
	c.inOwner = len(c.owner.waiting)
	c.owner.waiting = append(c.owner.waiting, c)
}

// first returns the candidate whose time ends first, nil if there is none.
func (w waiting[T]) first() *candidate[T] {
	if len(w) == 0 {
		return nil
	}
	return w[0]
}

// remove lets a candidate wait no longer.
func (w *waiting[T]) remove(c *candidate[T]) {
	heap.Remove(w, c.inHeap)
	list := c.owner.waiting
	end := len(list) - 1
	list[c.inOwner] = list[end]
	list[c.inOwner].inOwner = c.inOwner
	list[end] = nil
	c.owner.waiting = list[:end]
}

// clear removes all candidates of a key and returns how many there were.
func (w *waiting[T]) clear(p *pending[T]) int {
	n := len(p.waiting)
	for _, c := range p.waiting {
		heap.Remove(w, c.inHeap)
	}
	p.waiting = nil
	return n
}
