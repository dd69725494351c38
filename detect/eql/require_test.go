package eql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// requiredText is what a query requires of a field, "-" for nothing.
func requiredText(q *Query, field string) string {
	values, ok := q.Required(field)
	if !ok {
		return "-"
	}
	return fmt.Sprint(values)
}

// TestRequired asks what a query requires of the field a.
func TestRequired(t *testing.T) {
	for query, want := range map[string]string{
		`process where true`:                             `-`,
		`process where false`:                            `[]`,
		`process where a == "x"`:                         `[x]`,
		`process where "x" == a`:                         `[x]`,
		`process where a == 5`:                           `-`,
		`process where a != "x"`:                         `-`,
		`process where a > "x"`:                          `-`,
		`process where b == "x"`:                         `-`,
		`process where a in ("y", "x", "y", null)`:       `[x y]`,
		`process where a in ("x", 5)`:                    `-`,
		`process where a in~ ("x")`:                      `[x]`,
		`process where a : ("x", "Y")`:                   `[Y x]`,
		`process where a : ("x", "y*")`:                  `-`,
		`process where a like "x"`:                       `[x]`,
		`process where a like~ "x"`:                      `[x]`,
		`process where a regex "x"`:                      `-`,
		`process where not a == "x"`:                     `-`,
		`process where not not a == "x"`:                 `[x]`,
		`process where a == b`:                           `-`,
		`process where length(a) == 1`:                   `-`,
		`process where a == "x" or b == "y" or a == "z"`: `-`,
		`process where a == "x" or a == "z"`:             `[x z]`,
		`process where a == "x" or b > 1`:                `-`,
		`process where a == "x" or false and b > 1`:      `[x]`,
		`process where a == "x" and b in ("y", "z")`:     `[x]`,
		`process where a in ("x", "y") and a == "z"`:     `[z]`,
		`process where (a == "x" or a == "y") and b > 1`: `[x y]`,
		`process where b > 1 and (a == "x" and null)`:    `[]`,
		`process where null == a`:                        `-`,
		`process where a == "x" and not (b == "y")`:      `[x]`,
		`sequence [a where a == "1"] [b where a == "2"]`: `[1 2]`,
		`sequence [a where a == "1"] [b where y > 1]`:    `-`,
		`sequence [a where false] [a where a == "2"]`:    `[2]`,
		`sequence with maxspan=1s [a where a == "1"] ![b where a == "2"] until [c where a : "3"]`: `[1 2 3]`,
	} {
		q, err := Parse(query, nil)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := requiredText(q, "a"); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

// TestPublishedRequired checks every rule over every document: one that has none of the strings that a
// rule requires does not match it. Most rules must require some.
func TestPublishedRequired(t *testing.T) {
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
	rules, useful, matched := 0, 0, 0
	for name, query := range ruleQueries(t) {
		q, err := Parse(query, nil)
		if err != nil || q.IsSequence() {
			continue
		}
		rules++
		m := matcher(t, query)
		if slices.ContainsFunc(q.Fields(), func(field string) bool {
			_, ok := q.Required(field)
			return ok && field != "host.os.type" && field != "event.type"
		}) {
			useful++
		}
		for _, d := range documents {
			if m.Match(d) {
				matched++
				checkRequired(t, q, name, d)
			}
		}
	}
	t.Logf("%d of %d rules require a value; %d matches", useful, rules, matched)
	if useful*10 < rules*7 {
		t.Errorf("only %d of %d rules require a value", useful, rules)
	}
}

// checkRequired checks that an event that matches has in every field what a query requires.
func checkRequired(t *testing.T, q *Query, name string, e record) {
	t.Helper()
	for _, field := range q.Fields() {
		values, ok := q.Required(field)
		if p := (predicate{text: verbatim(values, true)}); ok && !p.matchesAny(e[field]) {
			t.Errorf("%s: matches %v, which has none of %q in %s", name, e, values, field)
		}
	}
}

// checkResultsRequired does the same with every event of the results.
func checkResultsRequired(t *testing.T, q *Query, results []Result[record]) {
	t.Helper()
	for _, r := range results {
		for _, e := range r.Events {
			checkRequired(t, q, q.text, e)
		}
	}
}
