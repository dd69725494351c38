package rules

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// goodTerms is a rule of new terms in the form of published files.
const goodTerms = `[rule]
rule_id = "r"
name = "n"
type = "new_terms"
severity = "low"
risk_score = 1
from = "now-9m"
query = "event.type : start"
[rule.new_terms]
field = "new_terms_fields"
value = ["host.id", "process.executable"]
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-7d"
`

// flatTerms is the same in the form of Kibana's interface.
var flatTerms = goodTerms[:strings.Index(goodTerms, "[rule.new_terms]")] + `new_terms_fields = ["host.id", "process.executable"]
history_window_start = "now-7d"
`

const week = 7 * 24 * time.Hour

func TestNewTerms(t *testing.T) {
	two := []string{"host.id", "process.executable"}
	for _, tc := range []struct {
		name, text, old, new string
		want                 NewTerms
	}{
		{"the published form", goodTerms, "", "", NewTerms{two, week}},
		{"the flat form", flatTerms, "", "", NewTerms{two, week}},
		{"one field", goodTerms, `, "process.executable"`, "", NewTerms{two[:1], week}},
		{"three fields", flatTerms, `"host.id"`, `"host.id", "a"`, NewTerms{[]string{"host.id", "a", "process.executable"}, week}},
		{"hours", goodTerms, "now-7d", "now-36h", NewTerms{two, 36 * time.Hour}},
		{"a sum", flatTerms, "now-7d", "now-1d-12h", NewTerms{two, 36 * time.Hour}},
		{"the most", goodTerms, "now-7d", "now-365d", NewTerms{two, 365 * 24 * time.Hour}},
		{"the least", goodTerms, "now-7d", "now-1s", NewTerms{two, time.Second}},
		{"from is not looked at", goodTerms, "now-9m", "whenever", NewTerms{two, week}},
	} {
		r, err := Load("r.toml", []byte(strings.Replace(tc.text, tc.old, tc.new, 1)))
		if err != nil || r.NewTerms == nil || !reflect.DeepEqual(*r.NewTerms, tc.want) || r.KQL == nil {
			t.Errorf("%s: got %+v, error %v, want %+v", tc.name, r, err, tc.want)
		}
	}
}

func TestNewTermsFaults(t *testing.T) {
	const table = "[rule.new_terms]\nfield = \"new_terms_fields\"\nvalue = [\"host.id\", \"process.executable\"]\n"
	const entry = "[[rule.new_terms.history_window_start]]\nfield = \"history_window_start\"\nvalue = \"now-7d\"\n"
	for _, tc := range []struct{ name, text, old, new, want string }{
		{"none", goodTerms, table + entry, "", "r.toml:1:1: new_terms is missing"},
		{"no fields", goodTerms, `["host.id", "process.executable"]`, "[]", "r.toml:11:9: new_terms.value: want 1 to 3 fields, got 0"},
		{"no list", goodTerms, "value = [\"host.id\", \"process.executable\"]\n", "", "r.toml:9:1: new_terms.value: want 1 to 3 fields, got 0"},
		{"four fields", goodTerms, `"host.id",`, `"a", "b", "c",`, "r.toml:11:9: new_terms.value: want 1 to 3 fields, got 4"},
		{"an empty field", goodTerms, `"host.id"`, `""`, "r.toml:11:9: new_terms.value: the name of a field is missing"},
		{"another field", goodTerms, `"new_terms_fields"`, `"fields"`, `r.toml:10:9: new_terms.field "fields": want "new_terms_fields"`},
		{"no field", goodTerms, "field = \"new_terms_fields\"\n", "", `r.toml:9:1: new_terms.field "": want "new_terms_fields"`},
		{"a string for the list", goodTerms, `["host.id", "process.executable"]`, `"host.id"`, "r.toml:11:9: rule.new_terms.value: want an array of strings, got a string"},
		{"an unknown member", goodTerms, "field = \"new_terms_fields\"", "fields = 'x'", "r.toml:9:1: new_terms.field \"\": want \"new_terms_fields\"\n" +
			`r.toml:10:1: unknown key "rule.new_terms.fields"`},
		{"a string for the table", goodTerms, table + entry, "new_terms = 'x'\n", "r.toml:9:13: rule.new_terms: want a table, got a string"},
		{"tables for the table", goodTerms, table + entry, "[[rule.new_terms]]\n", "r.toml:9:1: rule.new_terms: want a table, got an array of tables"},

		{"no window", goodTerms, entry, "", "r.toml:9:1: new_terms.history_window_start: want one entry, got 0"},
		{"two windows", goodTerms, entry, entry + entry, "r.toml:12:1: new_terms.history_window_start: want one entry, got 2"},
		{"a table for tables", goodTerms, "[[rule.new_terms.history_window_start]]", "[rule.new_terms.history_window_start]",
			"r.toml:12:1: rule.new_terms.history_window_start: want an array of tables, got a table"},
		{"a string for tables", goodTerms, entry, "history_window_start = 'now-7d'\n", "r.toml:12:24: rule.new_terms.history_window_start: want an array of tables, got a string"},
		{"another name of the window", goodTerms, `"history_window_start"`, `"window"`, `r.toml:13:9: new_terms.history_window_start.field "window": want "history_window_start"`},
		{"an unknown member of the window", goodTerms, "value = \"now-7d\"", "values = \"now-7d\"", "r.toml:12:1: new_terms.history_window_start.value: \"\": want now-, a number and a unit, as in now-9m\n" +
			`r.toml:14:1: unknown key "rule.new_terms.history_window_start.values"`},
		{"a window without a value", goodTerms, "value = \"now-7d\"\n", "", `r.toml:12:1: new_terms.history_window_start.value: "": want now-, a number and a unit, as in now-9m`},
		{"a number for the window", goodTerms, `"now-7d"`, "7", "r.toml:14:9: rule.new_terms.history_window_start.value: want a string, got an integer"},
		{"an empty window", goodTerms, "now-7d", "now", `r.toml:14:9: new_terms.history_window_start.value "now": want more than nothing and at most 365d`},
		{"a window of no time", goodTerms, "now-7d", "now-0d", `r.toml:14:9: new_terms.history_window_start.value "now-0d": want more than nothing and at most 365d`},
		{"a long window", goodTerms, "now-7d", "now-366d", `r.toml:14:9: new_terms.history_window_start.value "now-366d": want more than nothing and at most 365d`},
		{"a window in the future", goodTerms, "now-7d", "now+7d", `r.toml:14:9: new_terms.history_window_start.value: "now+7d": only lengths before now are supported, as in now-9m`},
		{"a window of a month", goodTerms, "now-7d", "now-1M", `r.toml:14:9: new_terms.history_window_start.value: "now-1M": "1M": months and years have no fixed length: write days`},

		{"flat, no fields", flatTerms, "new_terms_fields = [\"host.id\", \"process.executable\"]\n", "", "r.toml:1:1: new_terms_fields: want 1 to 3 fields, got 0"},
		{"flat, no window", flatTerms, "history_window_start = \"now-7d\"\n", "", `r.toml:1:1: history_window_start: "": want now-, a number and a unit, as in now-9m`},
		{"flat, another window", flatTerms, "now-7d", "7d", `r.toml:10:24: history_window_start: "7d": want now-, a number and a unit, as in now-9m`},
		{"flat, a string for the list", flatTerms, `["host.id", "process.executable"]`, "'x'", "r.toml:9:20: rule.new_terms_fields: want an array of strings, got a string"},
		{"both forms", goodTerms, "[rule.new_terms]", "history_window_start = 'now-7d'\n[rule.new_terms]", "r.toml:10:1: new_terms: new_terms_fields or history_window_start says it too"},

		{"in a rule of another type", goodTerms, `"new_terms"`, `"query"`, "r.toml:9:1: new_terms: a rule of type query has none"},
		{"flat, in a rule of another type", flatTerms, `"new_terms"`, `"query"`, "r.toml:9:20: new_terms_fields: a rule of type query has none\n" +
			"r.toml:10:24: history_window_start: a rule of type query has none"},
		{"in a rule of eql", strings.Replace(goodTerms, "event.type : start", "any where true", 1), `"new_terms"`, `"eql"`, "r.toml:9:1: new_terms: a rule of type eql has none"},
		{"several", strings.Replace(goodTerms, "event.type : start", "start", 1), "now-7d", "x",
			"r.toml:8:10: query: \"start\" is a value without a field: write field : value\n" +
				`r.toml:14:9: new_terms.history_window_start.value: "x": want now-, a number and a unit, as in now-9m`},
	} {
		wantFault(t, tc.name, tc.text, tc.old, tc.new, tc.want)
	}
}

// wantFault loads a text with a part of it replaced.
func wantFault(t *testing.T, name, text, old, new, want string) {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%s: no %q in\n%s", name, old, text)
	}
	text = strings.Replace(text, old, new, 1)
	r, err := Load("r.toml", []byte(text))
	if err == nil || err.Error() != want {
		t.Errorf("%s: got %+v, error\n%v\nwant\n%s\nof\n%s", name, r, err, want, text)
	}
}
