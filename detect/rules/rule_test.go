package rules

import (
	"slices"
	"testing"

	"hooksnare/detect/eql"
)

func TestUUID(t *testing.T) {
	for _, tc := range []struct{ id, want string }{
		{"8da17f3d-9c8a-4a1b-8f0e-1c2d3e4f5a6b", "8da17f3d-9c8a-4a1b-8f0e-1c2d3e4f5a6b"},
		{"8DA17F3D-9C8A-4A1B-8F0E-1C2D3E4F5A6B", "8da17f3d-9c8a-4a1b-8f0e-1c2d3e4f5a6b"},
		{"hook-set", "bc6427d8-2f24-55c9-87f9-f8829a4f9c9c"},
		{"8da17f3d-9c8a-4a1b-8f0e-1c2d3e4f5a6bx", ""},
	} {
		got := (&Rule{ID: tc.id}).UUID()
		if !uuidForm.MatchString(got) {
			t.Errorf("%s: got %s, which is no UUID", tc.id, got)
		}
		if tc.want != "" && got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.id, got, tc.want)
		}
	}
}

func TestMentions(t *testing.T) {
	q, err := eql.Parse(`any where hooksnare.hook.key == "x" or ?process.name == "y"`, nil)
	if err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string]bool{"hooksnare.hook.": true, "process.": true, "hooksnare.health.": false, "rocess": false} {
		if got := (&Rule{Query: q}).Mentions(prefix); got != want {
			t.Errorf("%s: got %v, want %v", prefix, got, want)
		}
	}
	if (&Rule{}).Mentions("") {
		t.Error("a rule without a query mentions something")
	}
}

func TestFields(t *testing.T) {
	q, err := eql.Parse(`sequence [process where b == 1] [any where not ?a : "x"]`, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		rule *Rule
		want []string
	}{
		{"eql", &Rule{Query: q}, []string{"a", "b"}},
		{"not runnable", &Rule{Text: "x", NotRunnable: "y"}, nil},
	} {
		if got := tc.rule.Fields(); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// unknownField returns the error of compiling a rule for records that have but event.type.
func unknownField(r *Rule) error {
	fields := func(name string) (eql.Field[int], bool) {
		return func(int) eql.Value { return eql.Null() }, name == "event.type"
	}
	_, err := eql.Compile(r.Query, func(int) eql.Value { return eql.String("process") }, fields)
	return err
}
