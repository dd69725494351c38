package kql

import (
	"testing"

	"hooksnare/detect/eql"
)

// record is a document with its nested names joined by dots.
type record map[string]eql.Value

func anyField(name string) (eql.Field[record], bool) {
	return func(r record) eql.Value { return r[name] }, true
}

func parse(t testing.TB, query string) *Query {
	t.Helper()
	q, err := Parse(query)
	if err != nil {
		t.Fatalf("query %s: %v", query, err)
	}
	return q
}

func matcher(t testing.TB, query string) *Matcher[record] {
	t.Helper()
	m, err := Compile(parse(t, query), anyField)
	if err != nil {
		t.Fatalf("query %s: %v", query, err)
	}
	return m
}
