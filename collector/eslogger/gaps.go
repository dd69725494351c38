package eslogger

// Gaps counts the events missing in the numbering of a recording. The zero value is
// before the first event.
type Gaps struct{ numbers sequence }

// Next takes an event's global_seq_num and returns how many events before it are
// missing. A number that does not grow begins a new stream, before which nothing is.
func (g *Gaps) Next(number uint64) uint64 { return g.numbers.next(number).dropped }
