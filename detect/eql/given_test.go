package eql

import (
	"math/rand/v2"
	"testing"
)

func TestGivenPossible(t *testing.T) {
	known := func(name string) (Value, bool) {
		v, ok := map[string]Value{"action": String("exec"), "type": Strings([]string{"start"}), "none": Null()}[name]
		return v, ok
	}
	for query, want := range map[string]bool{
		`process where action == "exec"`:                                        true,
		`process where action == "fork"`:                                        false,
		`process where action : "EX*"`:                                          true,
		`process where action in ("fork", "end")`:                               false,
		`process where not action == "exec"`:                                    false,
		`process where action != "exec" or other == 1`:                          true,
		`process where action != "exec" and other == 1`:                         false,
		`process where other == 1 and not (type == "end" and other == 2)`:       true,
		`process where not (type == "start" or other == 2)`:                     false,
		`process where other == null`:                                           true,
		`process where none == "x"`:                                             false,
		`process where none == null`:                                            true,
		`process where length(action) == 3`:                                     false,
		`process where length(action) == length(other)`:                         true,
		`process where length(none) == 3`:                                       false, // there is no value, which is no answer
		`process where startsWith(action, "f")`:                                 false,
		`process where (action == "fork") == true`:                              false,
		`process where true`:                                                    true,
		`process where false`:                                                   false,
		`file where true`:                                                       false,
		`any where action == "exec"`:                                            true,
		`any where action == "fork"`:                                            false,
		`sequence [file where true] [process where true]`:                       true,
		`sequence [file where true] [network where true]`:                       false,
		`sequence [file where true] [process where action == "x"]`:              false,
		`sequence [file where true] [file where true] until [any where 1 == 1]`: true,
		`sequence with maxspan=1s [file where true] ![process where true]`:      true,
	} {
		q, err := Parse(query, nil)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := q.Given(String("process"), known) != nil; got != want {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
}

func TestGivenLeft(t *testing.T) {
	known := func(name string) (Value, bool) { return String("exec"), name == "action" }
	for query, want := range map[string]string{
		`process where action == "exec" and name == "x"`:                            `[x]`,
		`process where action == "fork" or name == "x"`:                             `[x]`,
		`process where action == "exec" and not (action == "exec" and name == "x")`: `-`,
		`process where not (action == "fork" or name != "x")`:                       `[x]`,
		`file where true`: `nothing`,
		`sequence [process where action == "exec" and name == "x"] [process where action == "fork" and name == "y"] until [file where name == "z"]`: `[x]`,
	} {
		q, err := Parse(query, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := "nothing"
		if q := q.Given(String("process"), known); q != nil {
			got = requiredText(q, "name")
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

// TestGivenLeavesFaults holds that what does not compile is left for Compile to refuse.
func TestGivenLeavesFaults(t *testing.T) {
	q, err := Parse(`sequence [any where concat(a, a, a, a, a, a, a, a, a) == ""] [any where true]`, nil)
	if err != nil {
		t.Fatal(err)
	}
	left := q.Given(String("process"), func(string) (Value, bool) { return String("x"), true })
	if left == nil {
		t.Fatal("got nothing, want the whole query")
	}
	if _, err := CompileSequence(left, nil, anyField, SequenceOptions[record]{}); err == nil || err.Error() != "1:21: more than 8 fields in one computation" {
		t.Errorf("got %v, want an error about the fields", err)
	}
}

// TestGivenIsSound holds over random conditions and events that what is left of a query
// matches what the whole query does, and that a good part of them is settled.
func TestGivenIsSound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var condition func(depth int) string
	condition = func(depth int) string {
		if depth > 0 && r.IntN(3) > 0 {
			switch r.IntN(4) {
			case 0:
				return "not (" + condition(depth-1) + ")"
			case 1:
				return "(" + condition(depth-1) + ") or (" + condition(depth-1) + ")"
			}
			return "(" + condition(depth-1) + ") and (" + condition(depth-1) + ")"
		}
		f := pick("known", "other", "list", "none")
		return f + pick(` == "a"`, ` != "a"`, ` in ("a", "b")`, ` : "B*"`, ` == null`, ` > "a"`, ` == known`, ` like~ ("c", "A")`) +
			pick("", "", " and length("+f+") == 1", " or indexOf("+f+`, "a") == 0`)
	}
	settled := 0
	for range 20_000 {
		text := "process where " + condition(3)
		q, err := Parse(text, nil)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		values := map[string]Value{"known": String(pick("a", "b")), "other": String(pick("a", "b", "c")), "list": Strings([]string{pick("a", "c"), "b"})}
		matches := func(q *Query) bool {
			m, err := Compile(q, func(struct{}) Value { return String("process") }, func(name string) (Field[struct{}], bool) {
				return func(struct{}) Value { return values[name] }, true
			})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return m.Match(struct{}{})
		}
		left := q.Given(String("process"), func(name string) (Value, bool) {
			return values[name], name == "known" || name == "none"
		})
		if left == nil {
			settled++
		}
		if got, want := left != nil && matches(left), matches(q); got != want {
			t.Fatalf("%s with %v: what is left matches: %v, the whole: %v", text, values, got, want)
		}
	}
	if settled < 1000 {
		t.Errorf("%d of 20000 are settled: the test tries too little", settled)
	}
}
