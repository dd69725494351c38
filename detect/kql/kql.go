// Package kql runs the Kibana Query Language: it turns the text of a query into a
// matcher that answers, for one record, whether the query holds.
//
// Everything about a query is settled when it is loaded. Parse checks the syntax and
// every pattern and names the line and column of what is wrong; Compile binds the
// fields to the accessors of a record type. Matching allocates nothing, keeps no state
// and may be done from many goroutines at once.
//
// The semantics are those of Kibana on fields that are mapped as keyword, number or
// boolean, which is what the fields of events are:
//
//   - field : value compares the whole value and is case-sensitive. Words without
//     quotes between two operators are one value, with the white space between them.
//   - A * outside quotes stands for any run of characters. It is the only wildcard: a
//     ? is a question mark. Inside quotes nothing is a wildcard.
//   - A value that reads as a number or as true or false, in quotes or not, equals
//     that number or boolean as well as the string; the field's type decides.
//   - field : (a or b and not c) applies a list to one field. field : * holds if the
//     field is there, even when it is an empty string. field > value and the like
//     order numbers by size and strings by their bytes.
//   - A field that is a list satisfies a condition if any element does; a missing
//     field satisfies none. not is plain negation, so not f : "x" holds when f is
//     missing, and on a list it means that no element matches.
//   - not binds tighter than and, and and tighter than or. The words count in any case.
//
// Left out, and refused when a query is loaded, is what makes no sense on one record or
// has no single meaning there: values without a field, wildcards in names of fields,
// nested { } queries, null, dates relative to now, and queries that are empty.
package kql

import (
	"maps"
	"slices"

	"hooksnare/detect/eql"
)

// Bounds of a query. They are far above what people write and keep the cost of
// loading and of matching a query in proportion.
const (
	maxNesting = 256      // levels of parentheses and not
	maxValues  = 10_000   // values in all lists and conditions together
	maxValue   = 64 << 10 // bytes of one value
	maxName    = 1 << 10  // bytes of the name of a field
)

// Query is a parsed and checked query. It never changes.
type Query struct {
	text   string
	where  expr
	fields map[string]int // where each is first mentioned
}

// Parse reads a query. Its error is an *Error.
func Parse(text string) (*Query, error) {
	if err := eql.CheckText(text); err != nil {
		return nil, err
	}
	p := &parser{lexer: lexer{text: text}, fields: map[string]int{}}
	where, err := p.query()
	if err == nil {
		err = prepare(where)
	}
	if err != nil {
		return nil, eql.Locate(text, err)
	}
	return &Query{text, where, p.fields}, nil
}

// Fields returns the names of all fields that the query mentions, sorted.
func (q *Query) Fields() []string { return slices.Sorted(maps.Keys(q.fields)) }

// Allowed returns the values of a field of which a record must have one for the query
// to hold, and whether there is such a condition: without one any value may do. The
// values are sorted. It serves to ask a query only about records that can match.
func (q *Query) Allowed(field string) (values []string, ok bool) {
	return q.where.allowed(field)
}
