package eql

import "time"

// sequence is what a query about several events says.
type sequence struct {
	stages  []Stage
	until   *Stage
	maxspan time.Duration // 0 for none
}

// Stage is one event of a sequence, or one that must not come.
type Stage struct {
	Event
	Missing bool   // there must be no such event in its place
	By      []*Ref // the fields by which the events of a sequence belong together
	Runs    int    // how many such events follow each other
}

// IsSequence reports whether the query is about several events.
func (q *Query) IsSequence() bool { return q.seq != nil }

// Stages returns the events of a sequence in their order, nil for any other query.
func (q *Query) Stages() []Stage {
	if q.seq == nil {
		return nil
	}
	return q.seq.stages
}

// Until returns the event that ends a sequence, nil if there is none.
func (q *Query) Until() *Stage {
	if q.seq == nil {
		return nil
	}
	return q.seq.until
}

// Maxspan returns the time in which all events of a sequence must be, 0 if there is no
// such bound.
func (q *Query) Maxspan() time.Duration {
	if q.seq == nil {
		return 0
	}
	return q.seq.maxspan
}
