package eql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestRequires(t *testing.T) {
	for query, want := range map[string]string{
		`process where true`:                             `any`,
		`any where true`:                                 `any`,
		`process where false`:                            ``,
		`process where a == "x"`:                         `a [x]`,
		`process where "x" == a`:                         `a [x]`,
		`process where a == 5`:                           `any`,
		`process where a != "x"`:                         `any`,
		`process where a > "x"`:                          `any`,
		`process where a in ("y", "x", "y", null)`:       `a [x y]`,
		`process where a in ("x", 5)`:                    `any`,
		`process where a in~ ("x")`:                      `a [x]`,
		`process where a : ("x", "Y")`:                   `a [Y x]`,
		`process where a : ("x", "y*")`:                  `any`,
		`process where a like "x"`:                       `a [x]`,
		`process where a regex "x"`:                      `any`,
		`process where not a == "x"`:                     `any`,
		`process where a == b`:                           `any`,
		`process where length(a) == 1`:                   `any`,
		`process where a == "x" or b == "y" or a == "z"`: `a [x z]; b [y]`,
		`process where a == "x" or b > 1`:                `any`,
		`process where a == "x" or false and b > 1`:      `a [x]`,
		`process where a == "x" and b in ("y", "z")`:     `a [x]`,
		`process where (a == "x" or c == "x") and b > 1`: `a [x]; c [x]`,
		`process where b > 1 and (a == "x" and null)`:    ``,
		`process where a : ("x", "y") and b == "z"`:      `b [z]`,
		`process where null == a`:                        `any`,
		`process where a == "x" and not (b == "y")`:      `a [x]`,
		`sequence [a where x == "1"] [b where x == "2"]`: `x [1 2]`,
		`sequence [a where x == "1"] [a where x == "2"]`: `x [1 2]`,
		`sequence [a where x == "1"] [b where y > 1]`:    `any`,
		`sequence [a where false] [a where x == "2"]`:    `x [2]`,
		`process where host.os.type == "macos" and event.type == "start" and process.args == "-c" and process.name in ("a", "b")`: `process.name [a b]`,
		`process where event.type == "start" and process.args == "-c" and process.parent.name == "sh"`:                            `process.args [-c]`,
		`process where event.type == "start" and event.action == "exec" and process.name like "x*"`:                               `event.action [exec]`,
		`sequence with maxspan=1s [a where x == "1"] ![b where x == "2"] until [c where x : "3"]`:                                 `x [1 2 3]`,
		`process where ` + strings.Join(strings.Split("a==1 b==2 c==3", " "), " or "):                                             `any`,
	} {
		q, err := Parse(query, nil)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := requirements(q); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
}

// requirements are the requirements of a query in short.
func requirements(q *Query) string {
	var out []string
	for _, r := range q.Requires(worth) {
		s := "any"
		if r.Field != "" {
			s = fmt.Sprintf("%s %v", r.Field, r.Values)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// worth is how much the value of a field says.
func worth(field, _ string) int {
	if n, ok := map[string]int{"process.name": 7, "process.args": 5, "event.action": 3, "event.type": 2, "never": 0, "event.kind": 1, "host.os.type": 1}[field]; ok {
		return n
	}
	return 4
}

func TestRequiresManyFields(t *testing.T) {
	var terms []string
	for i := range 2000 {
		terms = append(terms, fmt.Sprintf("f%d == \"x\"", i))
	}
	q, err := Parse("process where "+strings.Join(terms, " or "), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := q.Requires(worth); len(got) != 1 || got[0].Field != "" {
		t.Errorf("got %d requirements, want one that asks for no field", len(got))
	}
}

// TestPublishedRequires checks every rule over every document: one that meets none of a
// rule's requirements does not match it. Most rules must ask for something to look up.
func TestPublishedRequires(t *testing.T) {
	var documents []record
	for line := range bytes.Lines(sharedFile(t, "geneve", "macos_process_positive.jsonl")) {
		var c struct{ Events []json.RawMessage }
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Events {
			documents = append(documents, document(t, e))
		}
	}
	rules, useful, asked, matched := 0, 0, 0, 0
	for name, query := range ruleQueries(t) {
		q, err := Parse(query, nil)
		if err != nil || q.IsSequence() {
			continue
		}
		rules++
		m := matcher(t, query)
		all := q.Requires(worth)
		if len(all) > 0 && all[0].Field != "" && worth(all[0].Field, "") > worth("event.type", "") {
			useful++
		}
		for _, d := range documents {
			may, matches := allowed(all, d), m.Match(d)
			if matches && !may {
				t.Errorf("%s matches %v, which meets none of %v", name, d, all)
			}
			if may {
				asked++
			}
			if matches {
				matched++
			}
		}
	}
	t.Logf("%d of %d rules ask for something to look up; of %d questions %d are left, %d matches", useful, rules, rules*len(documents), asked, matched)
	if useful*10 < rules*7 {
		t.Errorf("only %d of %d rules ask for something to look up", useful, rules)
	}
}
