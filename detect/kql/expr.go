package kql

import (
	"slices"

	"hooksnare/detect/eql"
)

// expr is a node of a query.
type expr interface {
	// allowed answers for the node what Query.Allowed answers for the query.
	allowed(field string) (values []string, ok bool)
}

type (
	// logic is terms joined by and, or by or.
	logic struct {
		or    bool
		terms []expr
	}

	not struct{ x expr }

	// oneOf holds if an element of the field equals or matches one of the values.
	oneOf struct {
		field  string
		values []value
		conds  []*eql.Query // any of them, once prepared
	}

	exists struct {
		field string
		at    int
		cond  *eql.Query
	}

	compare struct {
		field, op string
		value     value
		cond      *eql.Query
	}
)

// newLogic joins terms. Terms of the same sort become one, and values for the same
// field one list, which is looked up at once.
func newLogic(or bool, terms []expr) expr {
	var keep []expr
	lists := map[string]*oneOf{}
	for _, t := range terms {
		inner := []expr{t}
		if l, ok := t.(*logic); ok && l.or == or {
			inner = l.terms
		}
		for _, x := range inner {
			one, ok := x.(*oneOf)
			if !or || !ok {
				keep = append(keep, x)
				continue
			}
			if list := lists[one.field]; list != nil {
				list.values = append(list.values, one.values...)
				continue
			}
			lists[one.field] = one
			keep = append(keep, one)
		}
	}
	if len(keep) == 1 {
		return keep[0]
	}
	return &logic{or, keep}
}

func (e *logic) allowed(field string) (values []string, ok bool) {
	for _, t := range e.terms {
		more, has := t.allowed(field)
		switch {
		case e.or && !has:
			return nil, false
		case e.or:
			values = append(values, more...)
		case has && (!ok || len(more) < len(values)):
			values = more // all of the conditions are necessary: take the one that says most
		}
		ok = ok || has
	}
	slices.Sort(values)
	return slices.Compact(values), ok
}

func (e *not) allowed(string) ([]string, bool) { return nil, false }

func (e *oneOf) allowed(field string) (values []string, ok bool) {
	if e.field != field {
		return nil, false
	}
	for _, v := range e.values {
		text, plain := v.text()
		if !plain {
			return nil, false
		}
		values = append(values, text)
	}
	slices.Sort(values)
	return slices.Compact(values), true
}

func (e *exists) allowed(string) ([]string, bool) { return nil, false }

func (e *compare) allowed(string) ([]string, bool) { return nil, false }
