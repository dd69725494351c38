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
	late  bool // it may find something as time passes: an event that had to be missing

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
	from := field(category) // where the rule looks for an event's category
	if r.EventCategory != "" {
		var ok bool
		if from, ok = Fields(r.EventCategory); !ok {
			return nil, fmt.Errorf("event_category_override: unknown field: %s", r.EventCategory)
		}
		if FieldKind(r.EventCategory) != eql.Text {
			return nil, fmt.Errorf("event_category_override: %s does not hold text", r.EventCategory)
		}
	}
	if r.Query.IsSequence() {
		return p, p.compileSequence(from, partials)
	}
	if _, err := eql.Compile(r.Query, from, Fields); err != nil {
		return nil, err // of the whole, whatever is left of it in a situation
	}
	for k := range situations {
		q := situations[k].remainingQuery(r)
		if q == nil {
			continue
		}
		m, err := eql.Compile(q, from, Fields)
		if err != nil {
			return nil, err
		}
		p.match[k] = m.Match
	}
	return p, nil
}

func (p *program) compileSequence(from field, partials int) (err error) {
	q := p.rule.Query
	p.late = q.EndsMissing()
	if situations[event.Other].remainingQuery(p.rule) == nil && p.rule.EventCategory == "" {
		if left := q.Given(eql.String(processCategory), common); left != nil {
			q = left // all records that it is asked about have that in common
		}
	}
	p.sequence, err = eql.CompileSequence(q, from, Fields, eql.SequenceOptions[*Record]{
		Time:   nanoseconds,
		Owner:  effectiveUser,
		Limits: eql.Limits{Keys: partials, Partials: partials, Age: int64(sequenceAge)},
	})
	return err
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

// appendFindings appends what a rule finds in a record, which is of a situation that concerns it.
func (p *program) appendFindings(to []Finding, r *Record, in event.Kind) []Finding {
	switch {
	case p.sequence != nil:
		return p.appendSequences(to, p.sequence.Feed(r, (*Record).kept))
	case !p.match[in](r):
		return to
	}
	found := Finding{Rule: p.rule, Record: *r}
	found.Record.composed = nil
	p.countMatch(&found)
	return append(to, found)
}

// appendSequences appends the sequences that are complete.
func (p *program) appendSequences(to []Finding, results []eql.Result[*Record]) []Finding {
	for _, r := range results {
		found := Finding{Rule: p.rule, Record: *r.Events[len(r.Events)-1], Events: r.Events}
		p.countMatch(&found)
		to = append(to, found)
	}
	return to
}

func (p *program) countMatch(f *Finding) {
	p.matches++
	if f.Record.at.After(p.last) {
		p.last = f.Record.at
	}
}

// inherit takes over what an earlier program of the rule knows: how often it matched, and what
// it remembers if it asked the same.
func (p *program) inherit(o *program) {
	p.matches, p.last = o.matches, o.last
	if a, b := p.rule, o.rule; a.Type == b.Type && a.Text == b.Text && a.EventCategory == b.EventCategory {
		p.sequence = o.sequence
	}
}
