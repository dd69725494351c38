package eql

import (
	"cmp"
	"math"
	"slices"
)

// Run returns the results of a query over a finite list of records, in the order of
// their latest events, with the pipes applied. If the options have a Time, the records
// are put into its order first; those of one time stay as they are, or in the order of
// the Tiebreaker. Limits that are not set do not apply.
func Run[T any](q *Query, records []T, category Field[T], fields func(name string) (Field[T], bool), options SequenceOptions[T]) ([]Result[T], error) {
	records = sorted(records, options)
	var results []Result[T]
	if q.IsSequence() {
		limits := &options.Limits
		limits.Keys, limits.Partials = cmp.Or(limits.Keys, math.MaxInt), cmp.Or(limits.Partials, math.MaxInt)
		s, err := CompileSequence(q, category, fields, options)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			results = append(results, s.Feed(rec, nil)...)
		}
		results = append(results, s.Finish()...)
		slices.SortStableFunc(results, func(a, b Result[T]) int { return cmp.Compare(a.last, b.last) })
	} else {
		m, err := Compile(q, category, fields)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			if m.Match(rec) {
				results = append(results, Result[T]{Events: []T{rec}})
			}
		}
	}
	for _, p := range q.pipes {
		n := min(p.n, len(results))
		if p.tail {
			results = results[len(results)-n:]
		} else {
			results = results[:n]
		}
	}
	return results, nil
}

// sorted returns the records in the order of their times. One without a time stays
// behind the one before it.
func sorted[T any](records []T, options SequenceOptions[T]) []T {
	if options.Time == nil {
		return records
	}
	type timed struct {
		rec T
		at  int64
	}
	list := make([]timed, len(records))
	at := int64(math.MinInt64)
	for i, rec := range records {
		if t, ok := options.Time(rec); ok {
			at = t
		}
		list[i] = timed{rec, at}
	}
	slices.SortStableFunc(list, func(a, b timed) int {
		if a.at != b.at || options.Tiebreaker == nil {
			return cmp.Compare(a.at, b.at)
		}
		x, y := options.Tiebreaker(a.rec), options.Tiebreaker(b.rec)
		if x.missing() || y.missing() { // which comes last
			return cmp.Compare(truthOf(x.missing()), truthOf(y.missing()))
		}
		return cmp.Compare(compare(">", x, y), compare("<", x, y))
	})
	out := make([]T, len(list))
	for i := range list {
		out[i] = list[i].rec
	}
	return out
}
