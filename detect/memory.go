package detect

import (
	"fmt"
	"time"

	"hooksnare/detect/baseline"
	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
)

// memory is what a rule remembers that counts what happens too often.
type memory[T any] struct {
	threshold *baseline.Threshold
	by        []eql.Field[T]
	distinct  []eql.Field[T]
	lists     [][]string // the values of by, and
	values    [][]string // of distinct; their memory serves for one event after the other
}

// newMemory returns the memory of a rule, nil for one that needs none.
func newMemory[T any](r *rules.Rule, fields func(string) (eql.Field[T], bool)) (*memory[T], error) {
	m := &memory[T]{}
	identity := r.ID + "\x00" + r.Text
	var by, distinct []string
	var atLeast []int
	var err error
	switch {
	case r.Threshold != nil:
		by = r.Threshold.Fields
		for _, d := range r.Threshold.Distinct {
			distinct, atLeast = append(distinct, d.Field), append(atLeast, d.AtLeast)
		}
		m.threshold, err = baseline.NewThreshold(baseline.ThresholdOptions{AtLeast: r.Threshold.AtLeast, Window: r.Threshold.Window, Distinct: atLeast, Identity: identity})
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if m.by, err = accessors(by, fields); err != nil {
		return nil, err
	}
	m.distinct, err = accessors(distinct, fields)
	m.lists, m.values = make([][]string, len(by)), make([][]string, len(distinct))
	return m, err
}

func accessors[T any](names []string, fields func(string) (eql.Field[T], bool)) ([]eql.Field[T], error) {
	out := make([]eql.Field[T], len(names))
	for i, name := range names {
		f, ok := fields(name)
		if !ok {
			return nil, fmt.Errorf("unknown field: %s", name)
		}
		out[i] = f
	}
	return out, nil
}

// sighting is what became of an event.
type sighting struct {
	fires bool
	count int // how many there were
}

// see takes note of an event that the rule is about.
func (m *memory[T]) see(rec T, at time.Time) sighting {
	lists := texts(m.lists, m.by, rec)
	fired, count := m.threshold.AddAny(lists, texts(m.values, m.distinct, rec), at)
	return sighting{fires: fired != nil, count: count}
}

// texts reads the values of fields into lists. They hold as long as the record does.
func texts[T any](lists [][]string, of []eql.Field[T], rec T) [][]string {
	for i, f := range of {
		lists[i] = f(rec).Texts(lists[i][:0])
	}
	return lists
}
