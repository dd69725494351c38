package kql

import (
	"slices"
	"strconv"
	"strings"

	"hooksnare/detect/eql"
)

// The conditions on single fields are EQL's: what an element of a value is, how lists
// match, how numbers compare and how wildcards run in linear time is decided there
// once. Only and, or and not are this package's own.

// maxPerCondition bounds the bytes of the values that go into one EQL condition, which
// has a bound of its own; escapes at most double them.
const maxPerCondition = 32 << 10

// prepare makes the EQL conditions of a query.
func prepare(x expr) (err error) {
	switch x := x.(type) {
	case *logic:
		for _, t := range x.terms {
			if err := prepare(t); err != nil {
				return err
			}
		}
	case *not:
		return prepare(x.x)
	case *exists:
		x.cond, err = condition(x.at, name(x.field)+" != null")
	case *compare:
		text, _ := x.value.text()
		c := name(x.field) + " " + x.op + " "
		where := c + literal(text)
		if n, ok := numberOf(text); ok {
			where += " or " + c + n
		}
		x.cond, err = condition(x.value.at, where)
	case *oneOf:
		x.conds, err = x.conditions()
	}
	return err
}

// condition parses an EQL condition made from what stands at an offset of the query.
func condition(at int, text string) (*eql.Query, error) {
	q, err := eql.ParseCondition(text)
	if err == nil {
		return q, nil
	}
	if e, ok := err.(*eql.Error); ok {
		return nil, eql.FaultAt(at, "%s", e.Msg) // its line and column are not this text's
	}
	return nil, eql.FaultAt(at, "%v", err)
}

// conditions makes as few conditions as the values fit in.
func (e *oneOf) conditions() (conds []*eql.Query, err error) {
	for chunk := range chunks(e.values) {
		c, err := listCondition(e.field, chunk)
		if err != nil {
			return nil, e.blame(chunk, err)
		}
		conds = append(conds, c)
	}
	return conds, nil
}

// blame finds the value of a chunk that can't be used.
func (e *oneOf) blame(chunk []value, err error) error {
	for i := range chunk {
		if _, err := listCondition(e.field, chunk[i:i+1]); err != nil {
			return err
		}
	}
	return err
}

// chunks cuts values into runs that fit in one condition.
func chunks(values []value) func(yield func([]value) bool) {
	return func(yield func([]value) bool) {
		start, size := 0, 0
		for i, v := range values {
			n := 0
			for _, p := range v.pieces {
				n += len(p) + 1
			}
			if i > start && (size+n > maxPerCondition || i-start == maxValues/4) {
				if !yield(values[start:i]) {
					return
				}
				start, size = i, 0
			}
			size += n
		}
		if start < len(values) {
			yield(values[start:])
		}
	}
}

// listCondition makes the condition that a field has one of the values.
func listCondition(field string, values []value) (*eql.Query, error) {
	var exact, patterns, expressions []string
	for _, v := range values {
		text, plain := v.text()
		switch {
		case plain:
			exact = append(exact, alternatives(text)...)
		case slices.ContainsFunc(v.pieces, func(p string) bool { return strings.ContainsAny(p, "*?") }):
			expressions = append(expressions, literal(expression(v)))
		default:
			patterns = append(patterns, literal(strings.Join(v.pieces, "*")))
		}
	}
	var where []string
	for _, part := range []struct {
		op   string
		list []string
	}{{"in", exact}, {"like", patterns}, {"regex", expressions}} {
		if len(part.list) > 0 {
			where = append(where, name(field)+" "+part.op+" ("+strings.Join(part.list, ", ")+")")
		}
	}
	return condition(values[0].at, strings.Join(where, " or "))
}

// alternatives returns the constants that a value equals: the string, and what it
// reads as.
func alternatives(text string) []string {
	all := []string{literal(text)}
	if text == "true" || text == "false" {
		return append(all, text)
	}
	if n, ok := numberOf(text); ok {
		all = append(all, n)
	}
	return all
}

// numberOf returns the number that a text reads as, as EQL writes it.
func numberOf(text string) (string, bool) {
	if text == "" || strings.Trim(text, "0123456789.eE+-") != "" {
		return "", false // nor infinity, hexadecimal and underscores
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.FormatInt(i, 10), true
	}
	f, err := strconv.ParseFloat(text, 64)
	return strconv.FormatFloat(f, 'g', -1, 64), err == nil
}

// expression writes a pattern as a regular expression: EQL's patterns have no way to
// say a ? or * that stands for itself.
func expression(v value) string {
	var s strings.Builder
	for i, p := range v.pieces {
		if i > 0 {
			s.WriteString(".*")
		}
		for _, r := range p {
			if strings.ContainsRune(`.?+*|{}[]()"\#@&<>~^$-`, r) {
				s.WriteByte('\\')
			}
			s.WriteRune(r)
		}
	}
	return s.String()
}

// name writes the name of a field in EQL.
func name(field string) string { return "`" + strings.ReplaceAll(field, "`", "``") + "`" }

var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`)

// literal writes a string in EQL.
func literal(s string) string { return `"` + quotes.Replace(s) + `"` }
