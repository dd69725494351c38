package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestKeys holds that no name is used twice, that everything is documented, and that what
// the list calls the default is the default.
func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	c := Default()
	d := &decoder{}
	for _, k := range configKeys(&c) {
		for _, name := range []string{k.name, k.flag, k.variableName()} {
			if name != "" && seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
		if k.doc == "" || k.defaultText == "" {
			t.Errorf("%s: got %+v, want a documentation and a default", k.keyID(), k)
		}
		if k.decode == nil || k.kind == "dictionaries" || k.defaultText == "none" || strings.HasPrefix(k.defaultText, "`") {
			continue
		}
		text := strings.ReplaceAll(k.defaultText, ", ", ":")
		ok := k.decode(value{decoder: d, key: k.keyID(), raw: k.parseText(text)})
		if want := Default(); !ok || !reflect.DeepEqual(c, want) {
			t.Errorf("%s set to %q: got %+v, %v, want the default %+v", k.keyID(), text, c, d.faults, want)
		}
	}
	if got, want := variableOf("state-dir"), "HOOKSNARE_STATE_DIR"; got != want {
		t.Errorf("got variable %s, want %s", got, want)
	}
}

// TestContract holds the names that users rely on.
func TestContract(t *testing.T) {
	want := []string{
		"EsloggerPath", "EsloggerEvents", "CanaryInterval", "HeartbeatInterval", "SweepInterval", "CorrelationWindow",
		"RepeatWindow", "ExtraHomes", "RuleDirectories", "DisabledRules", "Exceptions", "SpoolMaxBytes", "SpoolMaxAlerts",
		"SpoolMaxAge", "Labels", "Proxy", "NoProxy", "Outputs",
	}
	got := slices.DeleteFunc(names(configKeys(&Config{})), func(name string) bool { return name == "" })
	if !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
	if got, want := names((&Output{}).memberKeys()), []string{
		"Name", "Type", "URL", "Address", "Path", "MinSeverity", "TokenFile", "BasicAuthFile", "CAFile", "CertificateFile", "KeyFile",
		"Headers", "Index", "Proxy", "Compression", "Enabled",
	}; !slices.Equal(got, want) {
		t.Errorf("members of an output: got %q, want %q", got, want)
	}
	if got, want := names((&Exception{}).memberKeys())[:6], []string{"ID", "Rules", "Where", "Reason", "Expires", "Require"}; !slices.Equal(got, want) {
		t.Errorf("members of an exception: got %q, want %q", got, want)
	}
}

func names(keys []key) (all []string) {
	for _, k := range keys {
		all = append(all, k.name)
	}
	return all
}
