package ruleset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hooksnare/agent/config"
)

// TestLoadRules has folders with good rules and bad files: a bad one leaves itself out.
func TestLoadRules(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "below"), 0o755))
	layRule(t, dir, "site-1", "low", `any where process.name == "a"`)
	layRule(t, filepath.Join(dir, "below"), "site-2", "low", `any where process.name == "a"`)
	layRule(t, dir, "hook-set", "low", `any where true`)
	layRule(t, dir, "wrong", "low", `any where process.name ==`)
	layRule(t, dir, "unknown-field", "low", `any where process.nome == "a"`)
	must(t, os.WriteFile(filepath.Join(dir, "open.toml"), nil, 0o666))
	must(t, os.Chmod(filepath.Join(dir, "open.toml"), 0o666))
	must(t, os.WriteFile(filepath.Join(dir, ".hidden.toml"), []byte("]"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte("]"), 0o600))
	must(t, os.Symlink("site-1.toml", filepath.Join(dir, "link.toml")))
	c := config.Default()
	c.RuleDirectories = []string{dir, filepath.Join(dir, "absent")}
	c.DisabledRules = []string{"site-2", "no-such"}
	set, err := Load(c, nil)
	ids := map[string]bool{}
	for _, r := range set.Rules {
		ids[r.ID] = true
	}
	if !ids["hook-set"] || !ids["sensor-degraded"] || !ids["site-1"] || ids["site-2"] || ids["wrong"] {
		t.Errorf("rules: got %v", ids)
	}
	if len(set.Disabled) != 1 || set.Disabled[0].ID != "site-2" {
		t.Errorf("disabled: got %v, want site-2", set.Disabled)
	}
	want := []string{
		`hook-set.toml: rule_id "hook-set": is also the id of builtin/hook_set.toml`,
		"open.toml: others can write it",
		"unknown-field.toml:11:",
		"wrong.toml:12:1: query: ",
		"RuleDirectories[1]",
		`DisabledRules[1]: no rule has the id "no-such"`,
	}
	got := config.Faults(err)
	for i := 0; i < max(len(got), len(want)); i++ {
		if i >= len(got) || i >= len(want) || !strings.Contains(got[i].Error(), want[i]) {
			t.Fatalf("faults: got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
		}
	}
}

// TestEveryRuleDisabled holds that no configuration takes all rules away.
func TestEveryRuleDisabled(t *testing.T) {
	c := config.Default()
	all, err := Load(c, nil)
	must(t, err)
	for _, r := range all.Rules {
		c.DisabledRules = append(c.DisabledRules, r.ID)
	}
	set, err := Load(c, nil)
	if got := config.Faults(err); len(got) != 1 || !strings.Contains(got[0].Error(), "DisabledRules: leaves no rule that runs") {
		t.Errorf("got %v, want a fault of DisabledRules", err)
	}
	if len(set.Rules) != len(all.Rules) || len(set.Disabled) != 0 {
		t.Errorf("got %d rules and %d disabled, want all %d", len(set.Rules), len(set.Disabled), len(all.Rules))
	}
	known := c.DisabledRules
	for _, id := range noHook {
		if !slices.Contains(known, id) {
			t.Errorf("%s: there is no such rule", id)
		}
	}
	for i, id := range known { // one rule is left
		c.DisabledRules = slices.Delete(slices.Clone(known), i, i+1)
		set, err := Load(c, nil)
		if isFault, want := err != nil, slices.Contains(noHook, id); isFault != want || !want && len(set.Rules) != 1 {
			t.Errorf("only %s: got %d rules, %v, want a fault: %v", id, len(set.Rules), err, want)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
