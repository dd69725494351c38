package detect

import (
	"reflect"
	"strings"
	"testing"

	"hooksnare/detect/rules"
)

// TestSetExceptions goes on with others: what says the same keeps its count.
func TestSetExceptions(t *testing.T) {
	a := Exception{ID: "a", Where: `hooksnare.hook.value == "/a"`}
	b := Exception{ID: "b", Where: `hooksnare.hook.value == "/b"`}
	other := Exception{ID: "a", Where: `hooksnare.hook.value == "/c"`}
	wrong := Exception{ID: "wrong", Where: `hooksnare.hook.value ==`}
	e, err := New([]*rules.Rule{rule(t, "0", `process where hooksnare.hook.operation == "set"`)}, Options{Exceptions: []Exception{a}})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		list   []Exception
		hidden string
		uses   []Use
		err    string
	}{
		{[]Exception{a}, "a", []Use{{"a", 1, 0}}, ""},
		{[]Exception{b, a}, "a", []Use{{"b", 0, 0}, {"a", 2, 0}}, ""},
		{[]Exception{b}, "", []Use{{"b", 0, 0}}, ""},
		{[]Exception{a}, "a", []Use{{"a", 1, 0}}, ""},
		{[]Exception{other}, "", []Use{{"a", 0, 0}}, ""},
		{[]Exception{wrong, a}, "a", []Use{{"a", 1, 0}}, "exception wrong: where: "},
		{nil, "", []Use{}, ""},
	} {
		err := e.SetExceptions(step.list)
		if (err == nil) != (step.err == "") || err != nil && !strings.Contains(err.Error(), step.err) {
			t.Errorf("%+v: got error %v, want %q", step.list, err, step.err)
		}
		found := e.Examine(setsHook("/a"))
		e.Except(found, now, pins{}.check)
		if found[0].Hidden != step.hidden {
			t.Errorf("%+v: hidden by %q, want %q", step.list, found[0].Hidden, step.hidden)
		}
		if got := e.Uses(); !reflect.DeepEqual(got, step.uses) {
			t.Errorf("%+v: uses %+v, want %+v", step.list, got, step.uses)
		}
	}
}
