package rules

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// goodThreshold is a rule that counts, with all that it may say.
const goodThreshold = `[rule]
rule_id = "r"
name = "n"
type = "threshold"
severity = "low"
risk_score = 1
from = "now-9m"
interval = "5m"
query = "event.type : start"
[rule.threshold]
field = ["host.id", "user.id"]
value = 20
[[rule.threshold.cardinality]]
field = "process.name"
value = 3
[[rule.threshold.cardinality]]
field = "process.executable"
value = 4
`

const inlineCardinality = `cardinality = [ { field = "process.name", value = 3 },
  { field = "process.executable", value = 4 } ]
`

// The entries of cardinality begin at an offset of the rule; in another form they stand
// within the table.
var (
	entriesAt       = strings.Index(goodThreshold, "[[rule.threshold.cardinality]]")
	inlineThreshold = goodThreshold[:entriesAt] + inlineCardinality
)

func TestThreshold(t *testing.T) {
	two := []string{"host.id", "user.id"}
	distinct := []Distinct{{"process.name", 3}, {"process.executable", 4}}
	for _, tc := range []struct {
		name, text, old, new string
		want                 Threshold
	}{
		{"whole", goodThreshold, "", "", Threshold{two, 20, distinct, 9 * time.Minute}},
		{"inline", inlineThreshold, "", "", Threshold{two, 20, distinct, 9 * time.Minute}},
		{"no cardinality", goodThreshold, goodThreshold[entriesAt:], "", Threshold{two, 20, nil, 9 * time.Minute}},
		{"an empty cardinality", inlineThreshold, inlineCardinality, "cardinality = []\n", Threshold{two, 20, nil, 9 * time.Minute}},
		{"one field as a string", goodThreshold, `["host.id", "user.id"]`, `"host.id"`, Threshold{two[:1], 20, distinct, 9 * time.Minute}},
		{"one group", goodThreshold, `["host.id", "user.id"]`, "[]", Threshold{nil, 20, distinct, 9 * time.Minute}},
		{"one group as a string", goodThreshold, `["host.id", "user.id"]`, "''", Threshold{nil, 20, distinct, 9 * time.Minute}},
		{"the least", goodThreshold, "value = 20", "value = 1", Threshold{two, 1, distinct, 9 * time.Minute}},
		{"the most", goodThreshold, "value = 20", "value = 1_000_000_000", Threshold{two, 1_000_000_000, distinct, 9 * time.Minute}},
		{"seconds", goodThreshold, "now-9m", "now-540s", Threshold{two, 20, distinct, 9 * time.Minute}},
		{"no from", goodThreshold, "from = \"now-9m\"\n", "", Threshold{two, 20, distinct, 6 * time.Minute}},
		{"no interval", goodThreshold, "interval = \"5m\"\n", "", Threshold{two, 20, distinct, 9 * time.Minute}},
	} {
		r, err := Load("r.toml", []byte(strings.Replace(tc.text, tc.old, tc.new, 1)))
		if err != nil || r.Threshold == nil || !reflect.DeepEqual(*r.Threshold, tc.want) || r.KQL == nil {
			t.Errorf("%s: got %+v, error %v, want %+v", tc.name, r, err, tc.want)
		}
	}
}

func TestThresholdFaults(t *testing.T) {
	second := "field = \"process.executable\"\n"
	many := "cardinality = [" + strings.Repeat("{ field = 'x', value = 1 }, ", maxCounters+1) + "]\n"
	var names []string
	for i := range maxCounters + 1 {
		names = append(names, fmt.Sprintf("'f%d'", i))
	}
	for _, tc := range []struct{ name, text, old, new, want string }{
		{"none", goodThreshold, goodThreshold[strings.Index(goodThreshold, "[rule.threshold]"):], "", "r.toml:1:1: threshold is missing"},
		{"no field", goodThreshold, "field = [\"host.id\", \"user.id\"]\n", "", "r.toml:10:1: threshold: field is missing: [] makes one group of all matches"},
		{"an empty field", goodThreshold, `"user.id"`, "''", "r.toml:11:9: threshold.field: the name of a field is missing"},
		{"many fields", goodThreshold, `["host.id", "user.id"]`, "[" + strings.Join(names, ", ") + "]", "r.toml:11:9: threshold.field: want 0 to 16 fields, got 17"},
		{"a number for the field", goodThreshold, `["host.id", "user.id"]`, "5", "r.toml:11:9: rule.threshold.field: want an array of strings, got an integer"},
		{"numbers for the field", goodThreshold, `["host.id", "user.id"]`, "[5]", "r.toml:11:9: rule.threshold.field: want an array of strings, got an array of another kind"},
		{"a number among the fields", goodThreshold, `"user.id"`, "5", "r.toml:11:9: rule.threshold.field: want an array of strings, got an array of several kinds"},
		{"no value", goodThreshold, "value = 20\n", "", "r.toml:10:1: threshold.value 0: want 1 to 1000000000"},
		{"a value of 0", goodThreshold, "20", "0", "r.toml:12:9: threshold.value 0: want 1 to 1000000000"},
		{"a value below 0", goodThreshold, "20", "-20", "r.toml:12:9: threshold.value -20: want 1 to 1000000000"},
		{"a value too high", goodThreshold, "20", "1_000_000_001", "r.toml:12:9: threshold.value 1000000001: want 1 to 1000000000"},
		{"a fraction", goodThreshold, "20", "20.0", "r.toml:12:9: rule.threshold.value: want an integer, got a number or date"},
		{"a string", goodThreshold, "20", "'20'", "r.toml:12:9: rule.threshold.value: want an integer, got a string"},
		{"an unknown member", goodThreshold, "value = 20", "values = 20", "r.toml:10:1: threshold.value 0: want 1 to 1000000000\nr.toml:12:1: unknown key \"rule.threshold.values\""},
		{"a number for the table", goodThreshold, goodThreshold[strings.Index(goodThreshold, "[rule.threshold]"):], "threshold = 20\n", "r.toml:10:13: rule.threshold: want a table, got an integer"},

		{"an entry without a field", goodThreshold, second, "", "r.toml:16:1: threshold.cardinality: field is missing"},
		{"an entry without a value", goodThreshold, "value = 4\n", "", "r.toml:16:1: threshold.cardinality: value is missing"},
		{"an entry of an empty field", goodThreshold, second, "field = ''\n", `r.toml:17:9: threshold.cardinality.field "": the name of a field is missing`},
		{"an entry of a field of the group", goodThreshold, second, "field = 'user.id'\n",
			`r.toml:17:9: threshold.cardinality.field "user.id": matches are grouped by it, so it has one value in each group`},
		{"an entry of value 0", goodThreshold, "value = 4", "value = 0", "r.toml:18:9: threshold.cardinality.value 0: want 1 to 1000000000"},
		{"an entry of a value too high", inlineThreshold, "value = 4", "value = 1_000_000_001", "r.toml:14:43: threshold.cardinality.value 1000000001: want 1 to 1000000000"},
		{"an entry behind one that lacks a value", strings.Replace(goodThreshold, "value = 3\n", "", 1), "value = 4", "value = 0",
			"r.toml:13:1: threshold.cardinality: value is missing\nr.toml:17:9: threshold.cardinality.value 0: want 1 to 1000000000"},
		{"an inline entry behind one that lacks a field", strings.Replace(inlineThreshold, `field = "process.name", `, "", 1), `"process.executable"`, `""`,
			"r.toml:13:15: threshold.cardinality: field is missing\nr.toml:14:13: threshold.cardinality.field \"\": the name of a field is missing"},
		{"an entry of a wrong type", goodThreshold, "value = 4", "value = '4'", "r.toml:18:9: rule.threshold.cardinality.value: want an integer, got a string"},
		{"an unknown member of an entry", goodThreshold, "value = 4", "val = 4", "r.toml:16:1: threshold.cardinality: value is missing\n" +
			`r.toml:18:1: unknown key "rule.threshold.cardinality.val"`},
		{"a table for entries", inlineThreshold, inlineCardinality, "cardinality = { field = 'x', value = 1 }\n", "r.toml:13:15: rule.threshold.cardinality: want an array of tables, got a table"},
		{"many entries", inlineThreshold, inlineCardinality, many, "r.toml:13:15: threshold.cardinality: want at most 16 fields, got 17"},

		{"another from", goodThreshold, "now-9m", "9m", `r.toml:7:8: from: "9m": want now-, a number and a unit, as in now-9m`},
		{"a long from", goodThreshold, "now-9m", "now-53w", `r.toml:7:8: from "now-53w": want more than nothing and at most 365d`},
		{"a from of no time", goodThreshold, "now-9m", "now", `r.toml:7:8: from "now": want more than nothing and at most 365d`},
		{"a from that is no string", goodThreshold, `"now-9m"`, "9", "r.toml:7:8: rule.from: want a string, got an integer"},
		{"another interval", goodThreshold, `"5m"`, `"5x"`, `r.toml:8:12: interval: "5x": want a number and one of the units s, m, h, d and w`},
		{"an interval that is no string", goodThreshold, `"5m"`, "5", "r.toml:8:12: rule.interval: want a string, got an integer"},
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
