package ruleset

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"hooksnare/collector/eslogger"
	"hooksnare/detect/rules"
)

func TestRuleTest(t *testing.T) {
	dir := t.TempDir()
	list := []*rules.Rule{
		loadRule(t, layRule(t, dir, "a", "low", `process where process.name == "a" or process.pid > 9007199254740993`)),
		loadRule(t, layRule(t, dir, "b", "low", `any where process.args : "x*"`)),
	}
	tests := []struct {
		name, in, want, fault string
	}{
		{"nothing", "", "", "no document in it: it is empty"},
		{"empty lines", "\n \r\n", "", "no document in it: it is empty"},
		{"a byte order mark", "\ufeff" + `{"process":{"args":["x"]}}`, "b1", ""},
		{"UTF-16", "\xff\xfe{\x00\"\x00p\x00r\x00o\x00c\x00e\x00s\x00s\x00.\x00a\x00r\x00g\x00s\x00\"\x00:\x00\"\x00x\x00\"\x00}\x00", "b1", ""},
		{"carriage returns", "{}\r\n" + `{"process":{"args":["x"]}}` + "\r\n", "b2", ""},
		{"an array", `[{}, {"process":{"args":["x"]}},` + "\n" + `{"event.category":"process","process.name":"a"}]`, "b2 a3", ""},
		{"an empty array", `[]`, "", "no document in it: it looks like"},
		{"an array, cut", `[{"process":{"args":["x"]}},`, "b1", "object 2: unexpected EOF; the rest was not read"},
		{"an array of something else", `[{"process":{"args":["x"]}}, 5]`, "b1", "element 2: not a JSON object: "},
		{"pretty-printed", "{\n" + `"process":{"args":["x"]}` + "\n}\n{\n}\n", "b1", ""},
		{"nested, dotted, arrays", `{"event":{"category":"process"},"process":{"name":"a"}}
{"event.category":["process"],"process.name":"a","process.args":["y","xyz"]}
{"event":{"category":"file"},"process":{"name":"a","args":"x"}}
`, "a1 a2 b2 b3", ""},
		{"empty lines count", "\n \r\n" + `{"process":{"args":["x"]}}` + "\n", "b3", ""},
		{"no line break at the end", `{"process":{"args":["x"]}}`, "b1", ""},
		{"large numbers", `{"event.category":"process","process.pid":9007199254740993}
{"event.category":"process","process.pid":9007199254740994}
`, "a2", ""},
		{"no JSON", `{"process":{"args":["x"]}}` + "\n{]\n", "b1", "line 2: not a JSON object: "},
		{"no object", "[1]\n", "", "line 1: not a JSON object: "},
		{"null", "null\n", "", "line 1: not a JSON object: it is null"},
		{"two in a line", "{} {}\n", "", "line 1: not a JSON object: there is more behind it"},
		{"cut", `{"process":{`, "", "line 1: not a JSON object: "},
		{"too long", "{}\n" + strings.Repeat(" ", eslogger.MaxLine+1) + "\n{}\n", "", "line 2: more than 8388608 bytes"},
	}
	for _, tt := range tests {
		var got []string
		in, err := eslogger.NewRecording(strings.NewReader(tt.in))
		must(t, err)
		_, err = run(in, list, func(m Match) error {
			b, err := json.Marshal(m.Events)
			got = append(got, m.RuleID+strings.Trim(string(b), "[]"))
			return err
		})
		if got, want := strings.Join(got, " "), tt.want; got != want {
			t.Errorf("%s: got matches %q, want %q", tt.name, got, want)
		}
		if (err == nil) != (tt.fault == "") || err != nil && !strings.HasPrefix(err.Error(), tt.fault) {
			t.Errorf("%s: got error %v, want %q", tt.name, err, tt.fault)
		}
	}
}

func loadRule(t *testing.T, path string) *rules.Rule {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	r, err := LoadRule(rules.Source{Name: path, Text: text})
	must(t, err)
	return r
}
