package eslogger

// maxDrop is the largest loss that is believed. A drop is a full queue: a thousand
// million events would be a day of a busy machine, while one wrong number is a bug.
const maxDrop = 1_000_000_000

// sequence follows global_seq_num, which counts one client's events from 0 without a
// hole. The zero value is before the first.
type sequence struct {
	last  uint64
	begun bool
}

// step is what one number says about the numbers before it.
type step struct {
	from    uint64 // the number before; without meaning in a new stream
	dropped uint64 // numbers left out
	jump    bool   // more were left out than is believed: not counted as dropped
	stream  bool   // the first of a stream
}

// next takes the number of the next event. One that does not grow begins a new stream. Of a
// stream's first number nothing is concluded: events before the subscription are nobody's loss.
func (q *sequence) next(n uint64) step {
	st := step{from: q.last, stream: !q.begun || n <= q.last}
	q.last, q.begun = n, true
	if st.stream {
		return st
	}
	st.dropped = n - st.from - 1
	if st.dropped > maxDrop {
		st.dropped, st.jump = 0, true
	}
	return st
}

// Gaps counts the events missing in the numbering of a recording. The zero value is
// before the first event.
type Gaps struct{ numbers sequence }

// Next takes an event's global_seq_num and returns how many events before it are
// missing. A number that does not grow begins a new stream, before which nothing is.
func (g *Gaps) Next(number uint64) uint64 { return g.numbers.next(number).dropped }
