package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestKeys holds that every name follows from one, that none is used twice, and that
// what the list calls the default is the default.
func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	for i, k := range Keys() {
		for _, name := range []string{k.Name, k.Flag, k.Env} {
			if name != "" && seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
		if k.Env != "" && k.Env != variable(k.id()) {
			t.Errorf("%s: got variable %s, want %s", k.id(), k.Env, variable(k.id()))
		}
		if k.Doc == "" || k.Default == "" {
			t.Errorf("%s: got %+v, want Doc and Default", k.id(), k)
		}
		if k.Type == "dictionaries" == (k.Env != "") && k.Name != "" {
			t.Errorf("%s: got variable %q for type %s", k.Name, k.Env, k.Type)
		}
		if s := settings[i]; s.apply != nil && k.Type != "dictionaries" && k.Default != "none" {
			checkDefault(t, &s)
		}
	}
	if _, _, err := Load(Options{Root: t.TempDir(), Flags: map[string][]string{"config": {"x"}}}); err == nil {
		t.Error("config as a flag of a layer: got no error, want one: it belongs into Options")
	}
}

// checkDefault sets a setting to its documented default: that must change nothing.
func checkDefault(t *testing.T, s *setting) {
	t.Helper()
	c, p := Default(), &problems{}
	text := strings.ReplaceAll(s.Default, ", ", ":")
	ok := s.apply(value{origin: &origin{problems: p}, key: s.id(), raw: s.parse(text)}, &c)
	if want := Default(); !ok || !reflect.DeepEqual(c, want) {
		t.Errorf("%s set to %q: got %+v, %v, want the default %+v", s.id(), s.Default, c, p.list, want)
	}
}

// TestContract holds the names that users rely on.
func TestContract(t *testing.T) {
	want := []string{
		"EsloggerPath", "EsloggerEvents", "CanaryInterval", "HeartbeatInterval", "SweepInterval", "CorrelationWindow",
		"RepeatWindow", "ExtraHomes", "RuleDirectories", "DisabledRules", "Exceptions", "SpoolMaxBytes", "SpoolMaxAlerts",
		"SpoolMaxAge", "Outputs",
	}
	var got []string
	for _, k := range Keys() {
		if k.Name != "" {
			got = append(got, k.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
	if got, want := names(outputMembers), []string{
		"Name", "Type", "URL", "Address", "Path", "MinSeverity", "TokenFile", "CAFile", "CertificateFile", "KeyFile",
		"Headers", "Index", "Enabled",
	}; !slices.Equal(got, want) {
		t.Errorf("members of an output: got %q, want %q", got, want)
	}
	if got, want := names(exceptionMembers)[:6], []string{"ID", "Rules", "Where", "Reason", "Expires", "Require"}; !slices.Equal(got, want) {
		t.Errorf("members of an exception: got %q, want %q", got, want)
	}
}

func TestDoc(t *testing.T) {
	doc := Doc()
	golden(t, doc, "doc.md")
	for _, k := range Keys() {
		for _, name := range []string{k.Name, k.Flag, k.Env} {
			if !strings.Contains(doc, "`"+name+"`") && name != "" {
				t.Errorf("%s is not documented", name)
			}
		}
	}
}
