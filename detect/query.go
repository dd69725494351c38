package detect

import (
	"fmt"
	"strings"

	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
)

// The categories of the events that there are.
const (
	processCategory   = "process"
	conditionCategory = "host"
)

// Prefixes of the names of what is derived from an event.
const (
	hookFields   = "hooksnare.hook."
	healthFields = "hooksnare.health."
)

// Sees reports whether there are events of the category that a rule asks for. A rule about
// files or the network is right, and finds nothing here.
func Sees(r *rules.Rule) bool {
	return r.Query != nil && Alone(r) && (asks(r, processCategory) || asks(r, conditionCategory))
}

// Alone reports whether a rule looks at one event at a time, as the engine does: it is no
// sequence and has no pipes.
func Alone(r *rules.Rule) bool { return !r.Query.IsSequence() && len(r.Query.Pipes()) == 0 }

// asks reports whether events of a category have to be shown to a rule.
func asks(r *rules.Rule, category string) bool {
	c := r.Query.Category()
	return c == category || c == eql.Any || r.EventCategory != ""
}

// Compile binds a rule's query to the fields of a record.
func Compile(r *rules.Rule) (*eql.Matcher[*Record], error) {
	from := category
	if r.EventCategory != "" {
		f, ok := Fields(r.EventCategory)
		if !ok {
			return nil, fmt.Errorf("event_category_override: unknown field: %s", r.EventCategory)
		}
		from = f
	}
	return eql.Compile(r.Query, from, Fields)
}

// needs reports whether a condition can't hold unless one of some fields is there. It may
// say no where the answer is yes.
func needs(e eql.Expr, field func(name string) bool) bool {
	ref := func(x eql.Expr) bool {
		r, ok := x.(*eql.Ref)
		return ok && field(r.Name)
	}
	switch e := e.(type) {
	case *eql.Ref:
		return field(e.Name)
	case *eql.In:
		return ref(e.X)
	case *eql.Match:
		return ref(e.X)
	case *eql.Compare:
		return ref(e.Left) || ref(e.Right)
	case *eql.Logic:
		for _, term := range e.Terms {
			if needs(term, field) != e.Or {
				return !e.Or
			}
		}
		return e.Or
	case *eql.Not: // not (x == null) asks for x
		m, ok := e.X.(*eql.Missing)
		return ok && ref(m.X)
	}
	return false
}

func isHook(name string) bool { return strings.HasPrefix(name, hookFields) }

func isHealth(name string) bool { return strings.HasPrefix(name, healthFields) }
