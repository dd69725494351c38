package collectors_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

type field struct {
	Type       string           `json:"type"`
	Properties map[string]field `json:"properties"`
}

// mapping returns the types that the component template gives to members.
func mapping(t *testing.T) map[string]string {
	t.Helper()
	var c struct {
		Template struct {
			Mappings field `json:"mappings"`
		} `json:"template"`
	}
	if err := json.Unmarshal([]byte(read(t, "elastic/component-mappings.json")), &c); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(path string, f field)
	walk = func(path string, f field) {
		for name, inner := range f.Properties {
			walk(strings.TrimPrefix(path+"."+name, "."), inner)
		}
		if f.Type != "" {
			out[path] = f.Type
		}
	}
	walk("", c.Template.Mappings)
	return out
}

// TestMapping wants a type for every member of a document that fits it, and no member
// that no document has.
func TestMapping(t *testing.T) {
	got, want := mapping(t), members(t)
	text := []string{"keyword", "wildcard", "match_only_text"}
	fits := map[string][]string{
		"string": text, "Verdict": text, "bool": {"boolean"}, "Time": {"date"}, "map": {"flattened", "object"},
		"int": {"long", "float"}, "int32": {"long"}, "int64": {"long"}, "uint64": {"long"}, "float64": {"double"},
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(fits[want[name]], got[name]) {
			t.Errorf("%s: is %s in documents and %q in the mapping, want one of %q", name, want[name], got[name], fits[want[name]])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, known := want[name]; !known && name != "event.ingested" && name != "event.original" {
			t.Errorf("%s: in the mapping, and in no document", name)
		}
	}
}

// TestLabels wants a keyword of every label, as ECS has them, although nothing else that the mapping does
// not name is indexed.
func TestLabels(t *testing.T) {
	var c struct {
		Template struct {
			Mappings struct {
				Dynamic   any `json:"dynamic"`
				Templates []map[string]struct {
					PathMatch string `json:"path_match"`
					Mapping   field  `json:"mapping"`
				} `json:"dynamic_templates"`
				Properties map[string]struct {
					Dynamic any `json:"dynamic"`
				} `json:"properties"`
			} `json:"mappings"`
		} `json:"template"`
	}
	if err := json.Unmarshal([]byte(read(t, "elastic/component-mappings.json")), &c); err != nil {
		t.Fatal(err)
	}
	m := c.Template.Mappings
	if m.Dynamic != false || m.Properties["labels"].Dynamic != true || len(m.Templates) != 1 ||
		m.Templates[0]["labels"].PathMatch != "labels.*" || m.Templates[0]["labels"].Mapping.Type != "keyword" {
		t.Errorf("got %+v, want labels alone to be dynamic, as keywords", m)
	}
}

// TestTemplates wants JSON that names only what is there.
func TestTemplates(t *testing.T) {
	install := read(t, "elastic/install.sh")
	files, err := filepath.Glob("elastic/*.json")
	if err != nil || len(files) < 6 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, f := range files {
		if text := read(t, f); !json.Valid([]byte(text)) {
			t.Errorf("%s: is no JSON", f)
		}
		if name := filepath.Base(f); name != "agent-api-key.json" && strings.Count(install, " "+name) != 1 {
			t.Errorf("%s: install.sh puts it %d times, want once", name, strings.Count(install, " "+name))
		}
	}
	for name, file := range map[string]string{"hooksnare-mappings": "template-alerts.json", "hooksnare-alerts": "template-alerts.json", "hooksnare-heartbeat": "template-heartbeat.json", "hooksnare-route": "template-alerts.json"} {
		if !strings.Contains(read(t, "elastic/"+file), `"`+name+`"`) || !strings.Contains(install, "/"+name+" ") {
			t.Errorf("%s: want it in %s and install.sh", name, file)
		}
	}
	if out, err := exec.Command("sh", "-n", "elastic/install.sh").CombinedOutput(); err != nil {
		t.Errorf("install.sh: %v: %s", err, out)
	}
}

// notFields are words of queries with dots in them that are no fields.
var notFields = regexp.MustCompile(`^(Esql\..*|logs-.*|hooksnare\.(alerts|heartbeat)-.*)$`)

// TestCentralRules reads the rules as the agent's own rule loader would, and wants each
// field of their queries in the mapping.
func TestCentralRules(t *testing.T) {
	fields := mapping(t)
	files, err := filepath.Glob("elastic/rules/*.toml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%q, %v", files, err)
	}
	ids := map[string]string{}
	for _, f := range files {
		var r struct {
			Metadata struct{ Maturity string }
			Rule     struct {
				Name, Description, Query, Type, Language, Severity, From, Interval, Note, License string
				RuleID                                                                            string `toml:"rule_id"`
				RiskScore                                                                         int    `toml:"risk_score"`
				Suppression                                                                       struct {
					GroupBy []string `toml:"group_by"`
				} `toml:"alert_suppression"`
			}
		}
		if err := toml.Unmarshal([]byte(read(t, f)), &r); err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		score := map[string]int{"low": 21, "medium": 47, "high": 73}[r.Rule.Severity]
		if r.Rule.Name == "" || r.Rule.Description == "" || r.Rule.Note == "" || r.Rule.License == "" || r.Rule.Type != "esql" || r.Rule.Language != "esql" || score == 0 || score != r.Rule.RiskScore {
			t.Errorf("%s: a member is missing or does not fit: %+v", f, r.Rule)
		}
		if other := ids[r.Rule.RuleID]; other != "" || len(r.Rule.RuleID) != 36 {
			t.Errorf("%s: rule_id %q is none of its own (%s)", f, r.Rule.RuleID, other)
		}
		ids[r.Rule.RuleID] = f
		last := r.Rule.Query[strings.LastIndex(r.Rule.Query, "\n| "):]
		for _, name := range r.Rule.Suppression.GroupBy {
			if !strings.HasPrefix(last, "\n| KEEP") || !strings.Contains(last, name) {
				t.Errorf("%s: suppresses by %s, which the query does not keep", f, name)
			}
		}
		words := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(r.Rule.Query, "")
		for _, name := range regexp.MustCompile(`[a-zA-Z_-]+(?:\.[a-zA-Z_*-]+)+`).FindAllString(words, -1) {
			if fields[name] == "" && !notFields.MatchString(name) {
				t.Errorf("%s: asks for %s, which is not in the mapping", f, name)
			}
		}
	}
}
