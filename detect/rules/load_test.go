package rules

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// good is a rule file with a value for everything that a rule carries.
const good = `[metadata]
creation_date = "2026/01/02"
integration = ["endpoint"]
maturity = "production"
updated_date = "2026/03/04"

[rule]
author = ["A", "B"]
description = """
A text with = signs, # signs and [brackets]
name = "not the name"
"""
false_positives = ["none"]
from = "now-9m"
language = "eql"
license = "Apache-2.0"
max_signals = 7
name = 'A "name"'
note = """
## Triage
"""
references = [
    "https://example.com/?a=b#c", # a comment
]
risk_score = 47
rule_id = "a-rule"
setup = "nothing"
severity = "medium"
tags = ["x"]
timestamp_field = "t"
tiebreaker_field = "n"
event_category_override = "kind"
type = "eql"
version = 3
query = '''
process where event.type == "start" and
  process.name : "defaults"
'''

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1037"
name = "Boot or Logon Initialization Scripts"
reference = "https://attack.mitre.org/techniques/T1037/"
[[rule.threat.technique.subtechnique]]
id = "T1037.002"
name = "Login Hook"
reference = "https://attack.mitre.org/techniques/T1037/002/"
[rule.threat.tactic]
id = "TA0003"
name = "Persistence"
reference = "https://attack.mitre.org/tactics/TA0003/"

[[rule.threat]]
framework = "MITRE ATT&CK"

[rule.alert_suppression]
group_by = ["host.id"]
`

func TestLoad(t *testing.T) {
	got, err := Load("good.toml", []byte(good), nil)
	if err != nil {
		t.Fatal(err)
	}
	query := got.Query
	if query == nil || !reflect.DeepEqual(query.Categories(), []string{"process"}) || !reflect.DeepEqual(query.Fields(), []string{"event.type", "process.name"}) {
		t.Errorf("query: got %+v", query)
	}
	got.Query = nil
	want := &Rule{
		File: "good.toml", ID: "a-rule", Name: `A "name"`, Version: "3", Type: "eql", Language: "eql",
		Description: "A text with = signs, # signs and [brackets]\nname = \"not the name\"\n",
		Text:        "process where event.type == \"start\" and\n  process.name : \"defaults\"\n",
		Severity:    Medium, RiskScore: 47, MaxSignals: 7, Author: []string{"A", "B"}, License: "Apache-2.0",
		References: []string{"https://example.com/?a=b#c"}, FalsePositives: []string{"none"}, Tags: []string{"x"},
		Note: "## Triage\n", Setup: "nothing", EventCategory: "kind", TimestampField: "t", Tiebreaker: "n",
		Threat: []Threat{
			{
				Framework: "MITRE ATT&CK",
				Tactic:    Named{"TA0003", "Persistence", "https://attack.mitre.org/tactics/TA0003/"},
				Technique: []Technique{{
					Named:        Named{"T1037", "Boot or Logon Initialization Scripts", "https://attack.mitre.org/techniques/T1037/"},
					Subtechnique: []Named{{"T1037.002", "Login Hook", "https://attack.mitre.org/techniques/T1037/002/"}},
				}},
			},
			{Framework: "MITRE ATT&CK"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// minimal is the least that loads, one key a line.
const minimal = `[rule]
rule_id = "r"
name = "n"
type = "eql"
severity = "low"
risk_score = 1
query = "any where true"
`

// with is minimal with one line in place of another; "" takes the line out.
func with(old, new string) string {
	if !strings.Contains(minimal, old+"\n") {
		panic(old)
	}
	return strings.Replace(minimal, old+"\n", new, 1)
}

// TestDefaults has what a file need not say.
func TestDefaults(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       func(r *Rule) bool
	}{
		{"max_signals", minimal, func(r *Rule) bool { return r.MaxSignals == DefaultMaxSignals }},
		{"version", minimal, func(r *Rule) bool { return r.Version == "" }},
		{"version by date", "[metadata]\nupdated_date = \"2026/03/04\"\n" + minimal, func(r *Rule) bool { return r.Version == "2026/03/04" }},
		{"language", minimal, func(r *Rule) bool { return r.Language == "" && r.Query != nil && r.NotRunnable == "" }},
		{"building block", minimal, func(r *Rule) bool { return !r.BuildingBlock }},
		{"building block", minimal + "building_block_type = \"default\"\n", func(r *Rule) bool { return r.BuildingBlock }},
		{"a mark of the byte order", "\ufeff" + minimal, func(r *Rule) bool { return r.ID == "r" }},
		{"line breaks of two characters", strings.ReplaceAll(minimal, "\n", "\r\n"), func(r *Rule) bool { return r.ID == "r" }},
		{"inline tables", "rule = { rule_id = 'r', name = 'n', type = 'eql', severity = 'low', risk_score = 1, query = 'any where true',\nthreat = [ { tactic = { id = 'T' } } ] }",
			func(r *Rule) bool { return r.Threat[0].Tactic.ID == "T" }},
		{"dotted and quoted keys", strings.NewReplacer("[rule]\n", "", "rule_id", `rule."rule_id"`, "name", `rule . 'name'`, "type", "rule.type", "severity", "rule.severity",
			"risk_score", "rule.risk_score", "query", "rule.query").Replace(minimal), func(r *Rule) bool { return r.Name == "n" }},
	} {
		r, err := Load("r.toml", []byte(tc.text), nil)
		if err != nil || !tc.want(r) {
			t.Errorf("%s: got %+v, error %v, of\n%s", tc.name, r, err, tc.text)
		}
	}
}

// TestFaults holds each fault with its place.
func TestFaults(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing", "", "r.toml: rule_id \"\": expected letters, digits, '.', '_' and '-', at most 128\nr.toml: name is missing\nr.toml: type is missing\n" +
			"r.toml: query is missing\nr.toml: severity \"\": expected low, medium, high or critical\nr.toml: risk_score 0: expected 1 to 100"},
		{"no id", with(`rule_id = "r"`, ""), `r.toml:1:1: rule_id "": expected letters, digits, '.', '_' and '-', at most 128`},
		{"a bad id", with(`rule_id = "r"`, "rule_id = \"../r\"\n"), `r.toml:2:11: rule_id "../r": expected letters, digits, '.', '_' and '-', at most 128`},
		{"a long id", with(`rule_id = "r"`, "rule_id = '"+strings.Repeat("r", 129)+"'\n"), `r.toml:2:11: rule_id "` + strings.Repeat("r", 129) + `": expected letters, digits, '.', '_' and '-', at most 128`},
		{"no name", with(`name = "n"`, ""), "r.toml:1:1: name is missing"},
		{"an empty name", with(`name = "n"`, "name = ''\n"), "r.toml:3:8: name is missing"},
		{"no type", with(`type = "eql"`, "") + "[rule.threshold]\n", "r.toml:1:1: type is missing"},
		{"no query", with(`query = "any where true"`, ""), "r.toml:1:1: query is missing"},
		{"no severity", with(`severity = "low"`, ""), `r.toml:1:1: severity "": expected low, medium, high or critical`},
		{"another severity", with(`severity = "low"`, "severity = \"Low\"\n"), `r.toml:5:12: severity "Low": expected low, medium, high or critical`},
		{"no score", with(`risk_score = 1`, ""), "r.toml:1:1: risk_score 0: expected 1 to 100"},
		{"a score too high", with(`risk_score = 1`, "risk_score = 101\n"), "r.toml:6:14: risk_score 101: expected 1 to 100"},
		{"no signals", minimal + "max_signals = 0\n", "r.toml:8:15: max_signals 0: expected 1 to 100000"},
		{"too many signals", minimal + "max_signals = 100_001\n", "r.toml:8:15: max_signals 100001: expected 1 to 100000"},
		{"a version below 0", minimal + "version = -1\n", "r.toml:8:11: version -1: expected 1 or more"},
		{"another language", minimal + "  language = \"kuery\"\n", `r.toml:8:14: language "kuery": a rule of type eql is written in eql`},
		{"several", "[rule]\nseverity = \"x\"\nrule_id = \"!\"\nname = \"n\"\nrisk_score = 5\ntype = \"eql\"\nquery = 'x'\nodd = 1\n",
			"r.toml:2:12: severity \"x\": expected low, medium, high or critical\n" +
				"r.toml:3:11: rule_id \"!\": expected letters, digits, '.', '_' and '-', at most 128\n" +
				"r.toml:7:11: query: unexpected the end of the query, expected \"where\" after the event category\n" +
				`r.toml:8:1: unknown key "rule.odd"`},

		{"an unknown key", minimal + "odd = 1\n", `r.toml:8:1: unknown key "rule.odd"`},
		{"a key in other letters", with(`name = "n"`, "Name = \"n\"\n"), `r.toml:3:1: unknown key "rule.Name"`},
		{"an unknown table", minimal + "\n[odd]\na = 1\nb = 2\n[odd.more]\n", `r.toml:9:1: unknown key "odd"`},
		{"an unknown key deep down", minimal + "[[rule.threat]]\n[rule.threat.tactic]\nid = \"x\"\n[[rule.threat]]\n[rule.threat.tactic]\nodd = 'y'\n", `r.toml:13:1: unknown key "rule.threat.tactic.odd"`},
		{"an unknown key in an inline table", minimal + "threat = [ { tactic = { id = 'x', odd = 'y' } } ]\n", `r.toml:8:35: unknown key "rule.threat.tactic.odd"`},
		{"a key that is like one in an array", with(`name = "n"`, "tags = [\n  \"name = 1\",\n  'odd = 2', ]\n"), "r.toml:1:1: name is missing"},
		{"a key of quotes", minimal + "\"a b\" = 1\n", `r.toml:8:1: unknown key "rule.a b"`},
		{"a key within a value", minimal + "[rule.name.x]\n", "r.toml:8:1: unknown key \"rule.name.x\""},
		{"a known key under another", minimal + "[rule.severity_mapping]\nanything = { goes = [1] }\n[transform]\nx = 1\n[metadata]\nname = \"n\"\n", `r.toml:13:1: unknown key "metadata.name"`},
		{"a duplicate key", minimal + "name = \"m\"\n", "r.toml:8:1: key name is already defined"},
		{"a duplicate table", minimal + "[rule]\n", "r.toml:8:2: table rule already exists"},

		{"a number for a string", with(`name = "n"`, "name = 5\n"), "r.toml:3:8: rule.name: expected a string, found an integer"},
		{"a string for a number", with(`risk_score = 1`, "risk_score = \"47\"\n"), "r.toml:6:14: rule.risk_score: expected an integer, found a string"},
		{"a fraction for a number", with(`risk_score = 1`, "risk_score = 47.0\n"), "r.toml:6:14: rule.risk_score: expected an integer, found a number or date"},
		{"a number too large", with(`risk_score = 1`, "risk_score = 99999999999999999999\n"), "r.toml:6:14: decimal number is too large to fit in a 64-bit signed integer"},
		{"a boolean for a string", minimal + "license = true\n", "r.toml:8:11: rule.license: expected a string, found a boolean"},
		{"a string for a boolean", "[metadata]\npromotion = 'x'\n" + minimal, "r.toml:2:13: metadata.promotion: expected a boolean, found a string"},
		{"a string for strings", minimal + "tags = \"x\"\n", "r.toml:8:8: rule.tags: expected an array of strings, found a string"},
		{"numbers for strings", minimal + "tags = [1, 2]\n", "r.toml:8:8: rule.tags: expected an array of strings, found an array of other values"},
		{"both for strings", minimal + "tags = [\"x\", 1]\n", "r.toml:8:8: rule.tags: expected an array of strings, found an array of other values"},
		{"a table for tables", minimal + "[rule.threat]\n", "r.toml:8:1: rule.threat: expected an array of tables, found a table"},
		{"a string for a table", "rule = 'x'\n", "r.toml:1:8: rule: expected a table, found a string"},
		{"tables for a table", "[[rule]]\n", "r.toml:1:1: rule: expected a table, found an array of tables"},
		{"two wrong types", with(`name = "n"`, "name = 5\n") + "tags = 7\n", "r.toml:3:8: rule.name: expected a string, found an integer\nr.toml:8:8: rule.tags: expected an array of strings, found an integer"},

		{"no TOML", "\x00", "r.toml:1:1: invalid character at start of key: U+0000"},
		{"no value", "[rule]\nname =\n", "r.toml:2:7: unexpected character U+000A at start of value"},
		{"a string without its end", "[rule]\nname = \"n\n", "r.toml:2:10: basic strings cannot have new lines"},
		{"a long string without its end", "[rule]\nquery = '''\nany where\n", "r.toml:3:10: multiline literal string not terminated by '''"},
		{"a table without its end", "[rule\n", "r.toml:1:6: expected ']' to close table name"},
		{"not UTF-8", "[rule]\n# \xff\n", "r.toml:2:3: not UTF-8"},
		{"a large file", strings.Repeat("#", MaxFile+1), "r.toml: 1048577 bytes: expected at most 1048576"},
		{"deep arrays", minimal + "meta = " + strings.Repeat("[", 500_000), "r.toml:8:10008: arrays and inline tables are nested more than the maximum of 10000 levels deep"},
		{"deep tables", minimal + "meta = " + strings.Repeat("{a=", 300_000), "r.toml:8:30008: arrays and inline tables are nested more than the maximum of 10000 levels deep"},
		{"arrays a little too deep", minimal + "meta = " + strings.Repeat("[", 33) + strings.Repeat("]", 33) + "\n", "r.toml:8:8: arrays and tables nested more than 32 deep"},
		{"tables a little too deep, which makes a long key", minimal + "meta = " + strings.Repeat("{a=", 33) + "1" + strings.Repeat("}", 33) + "\n", "r.toml:8:51: a key of more than 16 parts"},
		{"a long key", strings.Repeat("a.", 400_000) + "a = 1", "r.toml:1:1: a key of more than 16 parts"},
		{"a long table", "[" + strings.Repeat("a.", 400_000) + "a]", "r.toml:1:1: a key of more than 16 parts"},
		{"many keys", strings.Repeat("[[a]]\n", 100_000), "r.toml:4001:1: more than 4000 keys"},
	} {
		r, err := Load("r.toml", []byte(tc.text), nil)
		switch {
		case err == nil:
			t.Errorf("%s: got %+v, want an error of\n%.300s", tc.name, r, tc.text)
		case err.Error() != tc.want:
			t.Errorf("%s: got\n%v\nwant\n%s\nof\n%.300s", tc.name, err, tc.want, tc.text)
		}
	}
}

// TestManyFaults bounds what is told of a file that is all wrong.
func TestManyFaults(t *testing.T) {
	var text strings.Builder
	for i := range maxKeys {
		fmt.Fprintf(&text, "key%d = 1\n", i)
	}
	_, err := Load("r.toml", []byte(text.String()), nil)
	lines := strings.Split(err.Error(), "\n")
	if n := len(lines); n > maxFaults+10 || lines[n-1] != "r.toml: there are more faults" {
		t.Errorf("got %d lines, the last %q; want at most %d and a word of more", n, lines[n-1], maxFaults+10)
	}
}

// TestQueryPlaces holds where in the file the fault of a query is: the odd word in it.
func TestQueryPlaces(t *testing.T) {
	for _, tc := range []struct {
		name, value string
		line, col   int // of "odd"
	}{
		{"one line", `'any where odd odd'`, 7, 24},
		{"one line, quoted", `"any where odd odd"`, 7, 24},
		{"one line, escapes before it", `"any where \"\u00e9\U0001F600\" == \"\\\\\" or odd odd"`, 7, 60},
		{"a line break as an escape", `"any where\nodd odd"`, 7, 25},
		{"one line between three quotes", `'''any where odd odd'''`, 7, 26},
		{"the text begins on its own line", "'''\nany where odd odd\n'''", 8, 15},
		{"the same, quoted", "\"\"\"\nany where odd odd\n\"\"\"", 8, 15},
		{"three quotes and more lines", "'''any where\n  odd odd'''", 8, 7},
		{"more lines", "'''\nany where\n\n\t/* a\n comment */ odd odd\n'''", 11, 17},
		{"more lines, quoted", "\"\"\"\nany where process.name == \\\"x\\\" or\n odd odd\n\"\"\"", 9, 6},
		{"lines that are joined", "\"\"\"\\\n   any where \\\n\n   odd odd\n\"\"\"", 10, 8},
		{"line breaks of two characters", "'''\r\nany where\r\n odd odd\r\n'''", 9, 6},
		{"characters of several bytes before it", `'any where process.name == "äöü" or odd odd'`, 7, 49},
		{"quotes of the other kind within", "'''\nany where process.name == \"\"\"x\"\"\" or odd odd\n'''", 8, 42},
		{"at its end", "'''any where process.name =='''", 7, 37},
	} {
		text := with(`query = "any where true"`, "query = "+tc.value+"\n") + "setup = 'x'\n"
		_, err := Load("r.toml", []byte(text), nil)
		if got, want := fmt.Sprint(err), fmt.Sprintf("r.toml:%d:%d: query: ", tc.line, tc.col); !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%s: got %s, want %s..., of\n%s", tc.name, got, want, text)
		}
	}
}

// TestLocate places what is found only when a query is compiled.
func TestLocate(t *testing.T) {
	text := []byte(with(`query = "any where true"`, "query = '''\nprocess where event.type == \"start\" and\n  proces.name : \"x\"\n'''\n"))
	r, err := Load("r.toml", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = Locate("r.toml", text, unknownField(r))
	if got, want := err.Error(), "r.toml:9:3: query: unknown field: proces.name"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	err = Locate("r.toml", text, os.ErrInvalid)
	if got, want := err.Error(), "r.toml:7:9: query: invalid argument"; got != want {
		t.Errorf("an error without a place: got %s, want %s", got, want)
	}
	err = Locate("r.toml", nil, os.ErrInvalid)
	if got, want := err.Error(), "r.toml: query: invalid argument"; got != want {
		t.Errorf("a text without a query: got %s, want %s", got, want)
	}
}

// TestBuiltin holds that the agent's own rules load and differ.
func TestBuiltin(t *testing.T) {
	ids := map[string]string{}
	for _, s := range Builtin() {
		r, err := Load(s.Name, s.Text, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		if r.NotRunnable != "" || r.Query == nil || ids[r.ID] != "" || ids[r.UUID()] != "" || len(r.Threat) == 0 && !r.Mentions("hooksnare.health.") {
			t.Errorf("%s: got %+v", s.Name, r)
		}
		ids[r.ID], ids[r.UUID()] = s.Name, s.Name
	}
	if len(ids) < 12 {
		t.Errorf("got %d rules, want at least 6", len(ids)/2)
	}
}
