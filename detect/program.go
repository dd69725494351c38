package detect

import (
	"fmt"
	"time"

	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// program is a rule that is ready to be asked, and what it remembers.
type program struct {
	rule  *rules.Rule
	hooks bool // it looks at facts about hooks
	late  bool // it may find something as time goes by: an event that had to be missing

	// One of the two says whether a record is what the rule is about: by the situation, nil
	// where it can have nothing to say, or for all of them.
	match    [len(situations)]func(*Record) bool
	sequence *eql.Sequence[*Record]

	matches uint64
	last    time.Time
}

// Bounds of what the sequences of all rules remember together, and each at the least.
const (
	sequencePartials = 2000
	leastPartials    = 32
	sequenceAge      = 24 * time.Hour
)

// newProgram compiles a rule.
func newProgram(r *rules.Rule, partials int) (*program, error) {
	p := &program{rule: r, hooks: r.Mentions(hookPrefix)}
	from, err := categoryOf(r)
	if err != nil {
		return nil, err
	}
	if !r.Query.IsSequence() {
		return p, p.compile(from)
	}
	p.late = r.Query.EndsMissing()
	left := r.Query
	if _, conditions := situations[event.Other].left(r); !conditions && r.EventCategory == "" {
		if q := r.Query.Given(eql.String(processCategory), common); q != nil {
			left = q // all records that it is asked about have that in common
		}
	}
	p.sequence, err = eql.CompileSequence(left, from, Fields, eql.SequenceOptions[*Record]{
		Time:   nanoseconds,
		Owner:  effectiveUser,
		Limits: eql.Limits{Keys: partials, Partials: partials, Age: int64(sequenceAge)},
	})
	return p, err
}

// compile compiles what is left of an event query in each situation.
func (p *program) compile(from field) error {
	if _, err := eql.Compile(p.rule.Query, from, Fields); err != nil {
		return err // of the whole, whatever is left of it
	}
	for k := range situations {
		q, concerned := situations[k].left(p.rule)
		if !concerned {
			continue
		}
		m, err := eql.Compile(q, from, Fields)
		if err != nil {
			return err
		}
		p.match[k] = m.Match
	}
	return nil
}

// nanoseconds is the time of a record, by which sequences go.
func nanoseconds(r *Record) (int64, bool) {
	if r.Event == nil || r.Event.Time.IsZero() {
		return 0, false
	}
	return r.Event.Time.UnixNano(), true
}

// effectiveUser is the user whose share of a sequence's memory a record takes. What is of
// no user is root's.
func effectiveUser(r *Record) uint64 {
	if r.Event == nil || r.Event.Process == nil {
		return 0
	}
	return uint64(r.Event.Process.Token.EUID)
}

// categoryOf returns where a rule looks for an event's category.
func categoryOf(r *rules.Rule) (field, error) {
	if r.EventCategory == "" {
		return category, nil
	}
	f, ok := Fields(r.EventCategory)
	if !ok {
		return nil, fmt.Errorf("event_category_override: unknown field: %s", r.EventCategory)
	}
	return f, nil
}

// ask appends what a rule finds in a record, which is of a situation that concerns it.
func (p *program) ask(r *Record, in event.Kind, to []Finding) []Finding {
	n := len(to)
	switch {
	case p.sequence != nil:
		to = p.found(p.sequence.Feed(r, (*Record).kept), to)
	case !p.match[in](r):
	default:
		found := *r
		found.composed = nil
		to = append(to, Finding{Rule: p.rule, Record: found})
	}
	p.count(to[n:])
	return to
}

// advance appends what a rule finds since a time has come.
func (p *program) advance(now time.Time, to []Finding) []Finding {
	n := len(to)
	to = p.found(p.sequence.Advance(now.UnixNano()), to)
	p.count(to[n:])
	return to
}

// found appends the sequences that are complete.
func (p *program) found(results []eql.Result[*Record], to []Finding) []Finding {
	for i := range results {
		events := results[i].Events
		to = append(to, Finding{Rule: p.rule, Record: *events[len(events)-1], Events: events})
	}
	return to
}

func (p *program) count(found []Finding) {
	p.matches += uint64(len(found))
	for i := range found {
		if at := found[i].Record.at; at.After(p.last) {
			p.last = at
		}
	}
}

// same reports whether another rule asks the same, so that what one remembers is of use to
// the other.
func (p *program) same(o *program) bool {
	a, b := p.rule, o.rule
	return a.ID == b.ID && a.Type == b.Type && a.Text == b.Text && a.EventCategory == b.EventCategory
}

// inherit takes over what an earlier program of the same rule remembers.
func (p *program) inherit(o *program) {
	p.matches, p.last = o.matches, o.last
	if p.same(o) {
		p.sequence = o.sequence
	}
}
