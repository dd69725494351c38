package eql

import (
	"encoding/json"
	"strings"
	"testing"
)

// record is a document with its nested names joined by dots.
type record map[string]Value

func anyField(name string) (Field[record], bool) {
	return func(r record) Value { return r[name] }, true
}

func category(name string) Field[record] {
	return func(r record) Value { return r[name] }
}

// document reads a JSON object as a record.
func document(t testing.TB, text []byte) record {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		t.Fatalf("document %.80s: %v", text, err)
	}
	r := record{}
	r.add("", object)
	return r
}

func (r record) add(prefix string, object map[string]any) {
	for name, v := range object {
		if inner, ok := v.(map[string]any); ok {
			r.add(prefix+name+".", inner)
			continue
		}
		r[prefix+name] = fromJSON(v)
	}
}

func fromJSON(v any) Value {
	switch v := v.(type) {
	case bool:
		return Bool(v)
	case string:
		return String(v)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return Int(i)
		}
		f, _ := v.Float64()
		return Float(f)
	case []any:
		var list []Value
		var strs []string
		for _, e := range v {
			list = append(list, fromJSON(e))
			if s, ok := e.(string); ok {
				strs = append(strs, s)
			}
		}
		if len(strs) == len(list) {
			return Strings(strs)
		}
		return List(list)
	}
	return Null()
}

// matcher compiles a query whose category is in the field event.category.
func matcher(t testing.TB, query string) *Matcher[record] {
	t.Helper()
	q, err := Parse(query, nil)
	if err != nil {
		t.Fatalf("query %s: %v", query, err)
	}
	m, err := Compile(q, category("event.category"), anyField)
	if err != nil {
		t.Fatalf("query %s: %v", query, err)
	}
	return m
}

// conditionMatcher compiles a condition.
func conditionMatcher(t testing.TB, condition string) *Matcher[record] {
	t.Helper()
	q, err := ParseCondition(condition, nil)
	if err != nil {
		t.Fatalf("condition %s: %v", condition, err)
	}
	m, err := Compile(q, nil, anyField)
	if err != nil {
		t.Fatalf("condition %s: %v", condition, err)
	}
	return m
}
