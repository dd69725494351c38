package kql

import (
	"slices"
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"", "1:1: the query is empty"},
		{" \n\t", "2:2: the query is empty"},
		{"a", `1:1: "a" is a value without a field: write field : value`},
		{`"quick fox"`, `1:1: "quick fox" is a value without a field: write field : value`},
		{"*", `1:1: "*" is a value without a field: write field : value`},
		{"a : b and c", `1:11: "c" is a value without a field: write field : value`},
		{strings.Repeat("b", 39) + "éé", `1:1: "` + strings.Repeat("b", 39) + `..." is a value without a field: write field : value`},
		{"a = b", `1:1: "a = b" is a value without a field: the operators are : < <= > >=`},
		{`a == "b"`, `1:1: "a ==" is a value without a field: the operators are : < <= > >=`},
		{`a != "b"`, `1:1: "a !=" is a value without a field: the operators are : < <= > >=`},
		{"a : ", `1:5: unexpected the end of the query, want a value`},
		{"a : )", `1:5: unexpected ")", want a value`},
		{"a : or", `1:5: unexpected "or", want a value: put it in quotes if it is a value`},
		{"a : b or", `1:9: unexpected the end of the query, want a field`},
		{"a : b and and c : d", `1:11: unexpected "and", want a field: put it in quotes if it is a value`},
		{"a : not b", "1:5: not stands before the field, or in parentheses before a value"},
		{"a : (b or)", `1:10: unexpected ")", want a value`},
		{"a : ()", `1:6: unexpected ")", want a value`},
		{"a : (b", "1:5: parenthesis is not closed"},
		{"(a : b", "1:1: parenthesis is not closed"},
		{"(a : b))", `1:8: unexpected ")", want and, or, or the end of the query`},
		{"a : b)", `1:6: unexpected ")", want and, or, or the end of the query`},
		{`a : "b" "c"`, `1:9: unexpected "c", want and, or, or the end of the query`},
		{`a : "b`, "1:5: quote is not closed"},
		{`a : "b\"`, "1:5: quote is not closed"},
		{"a : b\nc : d", `2:3: unexpected ":" after a value: join conditions with and or or`},
		{"a : (b : c)", `1:8: unexpected ":" after a value: join conditions with and or or`},
		{"(a : b) c : d", `1:9: unexpected "c", want and, or, or the end of the query`},
		{"a : b and c d : e", `1:11: "c d" is no name of a field: join conditions with and or or`},
		{"a : { b : c }", "1:5: nested queries in { } are not supported: an event has no nested fields"},
		{"{ b : c }", "1:1: nested queries in { } are not supported: an event has no nested fields"},
		{"a* : b", "1:1: wildcards in the name of a field are not supported: a*"},
		{"* : b", "1:1: wildcards in the name of a field are not supported: *"},
		{"*:*", "1:1: wildcards in the name of a field are not supported: *"},
		{`"" : b`, "1:1: the name of the field is empty"},
		{strings.Repeat("a", maxName+1) + " : b", "1:1: the name of the field is longer than 1024 bytes"},
		{"a : null", `1:5: null is no value: write not field : * for a missing field, or "null" for the word`},
		{"a > b*", "1:5: a range takes no wildcards"},
		{"a > *", "1:5: a range takes no wildcards"},
		{"a > true", "1:5: true and false have no order: >"},
		{"a >= now-5m", "1:6: dates relative to now are not supported: now-5m"},
		{"a < now", "1:5: dates relative to now are not supported: now"},
		{"a >= (1 or 2)", `1:6: unexpected "(", want a number or a string`},
		{"a >", `1:4: unexpected the end of the query, want a number or a string`},
		{"a <> b", `1:4: unexpected ">", want a number or a string`},
		{`a : b\c`, `1:6: unknown escape \c: write \\ for a backslash`},
		{`a : b\é`, `1:6: unknown escape \é: write \\ for a backslash`},
		{`a : b\`, `1:6: unknown escape \: write \\ for a backslash`},
		{`a : b\ c`, `1:6: unknown escape \: write \\ for a backslash`},
		{`a : \u00e`, `1:5: unknown escape \u: write \\ for a backslash`},
		{`a : "\ud800"`, `1:6: \ud800 is half a character`},
		{`a : x*\udc00`, `1:7: \udc00 is half a character`},
		{"é : b and\n é", `2:2: "é" is a value without a field: write field : value`},
		{"a : b\xff", "1:6: the query is not valid UTF-8"},
		{strings.Repeat(" ", 256<<10+1), "1:1: the query is longer than 256 KiB"},
		{strings.Repeat("(", maxNesting+1), "1:257: nested deeper than 256 levels"},
		{"a : " + strings.Repeat("(", maxNesting+1), "1:261: nested deeper than 256 levels"},
		{strings.Repeat("not ", maxNesting+1) + "a:b", "1:1025: nested deeper than 256 levels"},
		{"a:(" + strings.Repeat("b or ", maxValues) + "c)", "1:50004: the query has more than 10000 values"},
		{"a : " + strings.Repeat("b", maxValue+1), "1:5: value is longer than 64 KiB"},
		{"a : " + strings.Repeat("b ", maxValue), "1:5: value is longer than 64 KiB"},
		{"a : (b or c* or *" + strings.Repeat("d", 1025) + "*)", "1:17: pattern has more than 1024 characters between two stars"},
	} {
		_, err := Parse(c.query)
		e, ok := err.(*Error)
		if !ok || e.Error() != c.want {
			t.Errorf("%s: got %v, want %s", abridge(c.query), err, c.want)
		}
	}
}

// TestBounds holds what is just inside the bounds.
func TestBounds(t *testing.T) {
	for _, query := range []string{
		strings.Repeat("(", maxNesting) + "a:b" + strings.Repeat(")", maxNesting),
		strings.Repeat("not ", maxNesting) + "a:b",
		"a:(" + strings.Repeat("b or ", maxValues-1) + "c)",
		strings.Repeat("a:b and ", maxValues-1) + "a:b",
		"a : " + strings.Repeat("b", maxValue),
		strings.Repeat("a", maxName) + ":b",
	} {
		if _, err := Parse(query); err != nil {
			t.Errorf("%s: %v", abridge(query), err)
		}
	}
}

// TestCutQuery cuts a query after every byte: each beginning is a query or an error
// that lies inside it.
func TestCutQuery(t *testing.T) {
	query := "a.b : (x or \"y\\u00e9\" and not z*) and\n not (c >= 5 or \\and : \\not é) or d : *"
	parse(t, query)
	for n := range len(query) {
		_, err := Parse(query[:n])
		if e, ok := err.(*Error); err != nil && (!ok || e.Line < 1 || e.Line > 2 || e.Col < 1 || e.Col > n+1) {
			t.Errorf("%q: got error %v outside of the query", query[:n], err)
		}
	}
}

func TestFields(t *testing.T) {
	q := parse(t, `b : 1 and (a : (x or y) or not "c" > 3) and b : *`)
	if got, want := q.Fields(), []string{"a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("fields: got %q, want %q", got, want)
	}
}

func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		query string
		want  string // values joined by a space, "-" for any
	}{
		{`f : a`, "a"},
		{`f : (b or a or b)`, "a b"},
		{`g : a`, "-"},
		{`not f : a`, "-"},
		{`f : (not a)`, "-"},
		{`f : a*`, "-"},
		{`f : (b or a*)`, "-"},
		{`f : *`, "-"},
		{`f > 5`, "-"},
		{`f : a and g : b`, "a"},
		{`f : a or g : b`, "-"},
		{`f : a or f : b`, "a b"},
		{`f : b and x : y or (f : a and x : z)`, "a b"},
		{`f : (a or b or c) and f : (a or b)`, "a b"},
		{`f : (a and b)`, "a"},
		{`g : * and (f : a or f : "b" and not f : c)`, "a b"},
	} {
		values, ok := parse(t, c.query).Allowed("f")
		got := strings.Join(values, " ")
		if !ok {
			got = "-"
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.query, got, c.want)
		}
	}
}
