package detect

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"hooksnare/detect/eql"
	"hooksnare/detect/hook"
)

// Exception names findings that are not alerts.
type Exception struct {
	ID      string
	Rules   []string // ids; none means every rule about hooks
	Where   string   // an EQL condition
	Expires time.Time
	Pinned  bool // it also asks for properties of the hook's program
}

type exception struct {
	Exception
	matcher *eql.Matcher[*Record]
	hits    uint64
	broken  uint64
}

// argumentFields hold what whoever runs a command can write into its arguments without
// changing what it does.
var argumentFields = []string{
	"process.args", "process.args_count", "process.command_line", "process.env_vars",
	"process.parent.args", "process.parent.args_count", "process.parent.command_line",
}

// CheckWhere compiles an exception's condition. It must not look at arguments.
func CheckWhere(where string) (*eql.Matcher[*Record], error) {
	q, err := eql.ParseCondition(where, FieldKind)
	if err != nil {
		return nil, err
	}
	for _, name := range q.Fields() {
		if slices.Contains(argumentFields, name) {
			return nil, fmt.Errorf("%s is what whoever runs the command says: ask for hooksnare.hook.value or process.executable", name)
		}
	}
	return eql.Compile(q, category, Fields)
}

// Pin reports whether the hook's program has the properties that an exception asks for;
// checked is false where there is no disk to look at.
type Pin func(exception string, r *Record) (why string, held, checked bool)

// Except marks the findings that an exception covers at the given time: a command's by what
// it shows, a change's by its own value, file and program, whoever made it. The first one
// that covers a finding counts. A pin that does not hold leaves the alert, and says so.
func (e *Engine) Except(found []Finding, now time.Time, pin Pin) {
	for i := range found {
		f := &found[i]
		for n := range e.exceptions {
			x := &e.exceptions[n]
			if !x.applies(f, now) {
				continue
			}
			if x.Pinned {
				why, held, checked := pin(x.ID, &f.Record)
				if checked && !held {
					if x.broken++; f.Broken == "" {
						f.Broken, f.Why = x.ID, why
					}
					continue
				}
				f.Unpinned = !checked
			}
			f.Hidden, f.Broken, f.Why = x.ID, "", ""
			x.hits++
			break
		}
	}
}

// KeepTrust marks the findings about a program that was updated and is still what a pinned exception
// requires: who keeps it may update it. What an update is, the caller says.
func (e *Engine) KeepTrust(found []Finding, now time.Time, pin Pin) {
	for i := range found {
		f := &found[i]
		n := slices.IndexFunc(e.exceptions, func(x exception) bool {
			if !x.Pinned || !x.applies(f, now) {
				return false
			}
			_, held, checked := pin(x.ID, &f.Record)
			return checked && held
		})
		if n >= 0 {
			f.Trusted = e.exceptions[n].ID
		}
	}
}

// applies reports whether an exception covers a finding by its condition.
func (x *exception) applies(f *Finding, now time.Time) bool {
	if !x.Expires.IsZero() && !now.Before(x.Expires) {
		return false
	}
	r := f.Record
	if len(x.Rules) > 0 && !slices.Contains(x.Rules, f.Rule.ID) || len(x.Rules) == 0 && r.Fact == nil {
		return false
	}
	if k := r.Fact; k != nil && r.State == nil && k.Operation != hook.Remove {
		// A command that gives a hook a value which it does not show whole may give it any.
		if !k.HasValue || k.Operation == hook.Edit || k.Operation == hook.Import {
			return false
		}
	}
	if r.State != nil { // what a command was says nothing of the value that is there now
		r.Event, r.composed = nil, nil
	}
	return x.matcher.Match(&r)
}

// Use is how often an exception covered a finding, and how often its pin kept it from
// doing so.
type Use struct {
	ID           string
	Hits, Broken uint64
}

// Uses returns the use of every exception so far.
func (e *Engine) Uses() []Use {
	out := make([]Use, len(e.exceptions))
	for i, x := range e.exceptions {
		out[i] = Use{x.ID, x.hits, x.broken}
	}
	return out
}

// SetExceptions replaces the exceptions. Those that are as they were keep the count of their
// use. The error names the ones that can't be compiled; they are left out.
func (e *Engine) SetExceptions(list []Exception) error {
	var faults []error
	old := e.exceptions
	e.exceptions = make([]exception, 0, len(list))
	for _, x := range list {
		m, err := CheckWhere(x.Where)
		if err != nil {
			faults = append(faults, fmt.Errorf("exception %s: where: %w", x.ID, err))
			continue
		}
		e.exceptions = append(e.exceptions, exception{Exception: x, matcher: m})
	}
	e.inheritUses(old)
	return errors.Join(faults...)
}

// inheritUses takes over how often exceptions were used that are the same but for their end.
func (e *Engine) inheritUses(old []exception) {
	for i := range e.exceptions {
		x := &e.exceptions[i]
		for _, o := range old {
			if x.ID == o.ID && x.Where == o.Where && x.Pinned == o.Pinned && slices.Equal(x.Rules, o.Rules) {
				x.hits, x.broken = o.hits, o.broken
			}
		}
	}
}
