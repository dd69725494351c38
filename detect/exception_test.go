package detect

import (
	"reflect"
	"testing"
	"time"

	"hooksnare/detect/rules"
)

// pins is a disk: what is wrong with the program that each exception asks about; those
// that it does not have can't be looked at.
type pins map[string]string

func (p pins) check(exception string, _ *Record) (why string, held, checked bool) {
	why, checked = p[exception]
	return why, checked && why == "", checked
}

func TestExcept(t *testing.T) {
	const value = `hooksnare.hook.value == "/a"`
	no := Exception{ID: "no", Where: `hooksnare.hook.value == "/b"`}
	yes := Exception{ID: "yes", Where: value}
	pinned := Exception{ID: "pinned", Where: value, Pinned: true}
	for _, tc := range []struct {
		name       string
		exceptions []Exception
		pins       pins
		hidden     string
		broken     string
		unpinned   bool
		uses       []Use
	}{
		{"none", nil, nil, "", "", false, nil},
		{"another value", []Exception{no}, nil, "", "", false, []Use{{"no", 0, 0}}},
		{"this value", []Exception{no, yes}, nil, "yes", "", false, []Use{{"no", 0, 0}, {"yes", 1, 0}}},
		{"the first counts", []Exception{yes, {ID: "too", Where: value}}, nil, "yes", "", false, []Use{{"yes", 1, 0}, {"too", 0, 0}}},
		{"of this rule", []Exception{{ID: "x", Where: value, Rules: []string{"q", "0"}}}, nil, "x", "", false, []Use{{"x", 1, 0}}},
		{"of other rules", []Exception{{ID: "x", Where: value, Rules: []string{"q", "00"}}}, nil, "", "", false, []Use{{"x", 0, 0}}},
		{"still good", []Exception{{ID: "x", Where: value, Expires: now.Add(1)}}, nil, "x", "", false, []Use{{"x", 1, 0}}},
		{"expired", []Exception{{ID: "x", Where: value, Expires: now}}, nil, "", "", false, []Use{{"x", 0, 0}}},
		{"the pin holds", []Exception{pinned}, pins{"pinned": ""}, "pinned", "", false, []Use{{"pinned", 1, 0}}},
		{"the pin does not hold", []Exception{pinned}, pins{"pinned": "owner"}, "", "pinned: owner", false, []Use{{"pinned", 0, 1}}},
		{"no disk", []Exception{pinned}, pins{}, "pinned", "", true, []Use{{"pinned", 1, 0}}},
		{"another covers it", []Exception{pinned, yes}, pins{"pinned": "owner"}, "yes", "", false, []Use{{"pinned", 0, 1}, {"yes", 1, 0}}},
		{"two pins do not hold", []Exception{pinned, {ID: "p2", Where: value, Pinned: true}}, pins{"pinned": "owner", "p2": "mode"}, "", "pinned: owner", false, []Use{{"pinned", 0, 1}, {"p2", 0, 1}}},
		{"a pin that is not asked", []Exception{{ID: "x", Where: `hooksnare.hook.value == "/b"`, Pinned: true}}, pins{"x": "owner"}, "", "", false, []Use{{"x", 0, 0}}},
	} {
		e, err := New([]*rules.Rule{rule(t, "0", `process where hooksnare.hook.operation == "set"`)}, Options{Exceptions: tc.exceptions})
		if err != nil {
			t.Fatal(err)
		}
		list := e.Examine(setsHook("/a"))
		e.Except(list, now, tc.pins.check)
		f := list[0]
		broken := f.Broken
		if broken != "" {
			broken += ": " + f.Why
		}
		if f.Hidden != tc.hidden || broken != tc.broken || f.Unpinned != tc.unpinned {
			t.Errorf("%s: hidden by %q, broken %q, unpinned %v; want %q, %q, %v", tc.name, f.Hidden, broken, f.Unpinned, tc.hidden, tc.broken, tc.unpinned)
		}
		if got := e.Uses(); !reflect.DeepEqual(got, tc.uses) && len(got)+len(tc.uses) > 0 {
			t.Errorf("%s: uses %+v, want %+v", tc.name, got, tc.uses)
		}
	}
}

// TestExceptEach holds that each finding is looked at for itself.
func TestExceptEach(t *testing.T) {
	e, err := New([]*rules.Rule{
		rule(t, "hooks", `process where hooksnare.hook.operation == "set"`),
		rule(t, "processes", `process where process.name == "defaults"`),
	}, Options{Exceptions: []Exception{{ID: "x", Where: `hooksnare.hook.key == "LoginHook"`}, {ID: "all", Where: `true`}, {ID: "named", Where: `true`, Rules: []string{"processes"}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{now, {}} {
		list := e.Examine(setsTwo())
		e.Except(list, at, pins{}.check)
		got := map[string]string{}
		for i := range list {
			key := list[i].Rule.ID
			if list[i].Record.Fact != nil {
				key = list[i].Record.Fact.Key
			}
			got[key] = list[i].Hidden
		}
		// An exception that names no rule is for rules about hooks, however broad it is.
		if want := map[string]string{"LoginHook": "x", "LogoutHook": "all", "processes": "named"}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestCheckWhere has the conditions that exceptions must not have.
func TestCheckWhere(t *testing.T) {
	for where, want := range map[string]string{
		`hooksnare.hook.value == "/a" and process.executable == "/usr/bin/defaults"`: "",
		``:                                    "1:1: the condition is missing",
		`process where true`:                  "1:9: ",
		`no.such == 1`:                        "1:1: unknown field: no.such",
		`process.args : "/allowed"`:           "process.args is what whoever runs the command says: ask for hooksnare.hook.value or process.executable",
		`process.command_line : "*"`:          "process.command_line is what",
		`true or ?process.parent.args == "x"`: "process.parent.args is what",
	} {
		m, err := CheckWhere(where)
		switch {
		case want == "" && (err != nil || m == nil):
			t.Errorf("%s: got error %v", where, err)
		case want != "" && (err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want):
			t.Errorf("%s: got error %v, want %s", where, err, want)
		}
	}
}
