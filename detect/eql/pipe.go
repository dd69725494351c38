package eql

// Pipe keeps some of the results of a query.
type Pipe struct {
	Tail bool // the last ones instead of the first
	N    int
}

// Pipes returns the pipes of the query in their order.
func (q *Query) Pipes() []Pipe { return q.pipes }

// Limit applies the pipes of a query to all of its results, in their order. Which are
// the last is known only at the end: what matches events as they come in has no use
// for pipes, and passes them over.
func Limit[R any](q *Query, results []R) []R {
	for _, p := range q.pipes {
		switch n := min(p.N, len(results)); {
		case p.Tail:
			results = results[len(results)-n:]
		default:
			results = results[:n]
		}
	}
	return results
}
