package detect

import (
	"os"
	"path/filepath"
	"testing"

	"hooksnare/detect/rules"
	"hooksnare/pkg/shared"
)

func TestNeeds(t *testing.T) {
	for condition, want := range map[string]bool{
		`hooksnare.hook.key == "x"`:                                true,
		`hooksnare.hook.key != "x"`:                                false,
		`hooksnare.hook.key : ("x", "y*")`:                         true,
		`hooksnare.hook.key in ("x", "y")`:                         true,
		`hooksnare.hook.key not in ("x", "y")`:                     false,
		`hooksnare.hook.key regex "x.*"`:                           true,
		`hooksnare.hook.key == null`:                               false,
		`hooksnare.hook.key != null`:                               true,
		`not hooksnare.hook.key == null`:                           true,
		`"x" == hooksnare.hook.key`:                                true,
		`process.name == hooksnare.hook.key`:                       true,
		`hooksnare.hook.key`:                                       true,
		`process.name == "x"`:                                      false,
		`true`:                                                     false,
		`process.name == "x" and hooksnare.hook.key == "x"`:        true,
		`process.name == "x" or hooksnare.hook.key == "x"`:         false,
		`hooksnare.hook.value == "y" or hooksnare.hook.key == "x"`: true,
		`process.name == "x" and (hooksnare.hook.value == "y" or event.kind == "x")`: false,
		`not (hooksnare.hook.value == "y" and process.name == "x")`:                  false,
		`hooksnare.hook.key == "x" and not hooksnare.hook.value == "y"`:              true,
		`not hooksnare.hook.key == "x" and not hooksnare.hook.value == "y"`:          false,
		`?hooksnare.hook.key == "x"`:                                                 true,
		`hooksnare.hook.key > "x"`:                                                   true,
		`(hooksnare.hook.key == "x") == false`:                                       false,
	} {
		q := rule(t, "r", "any where "+condition).Query
		if got := needs(q.Where(), isHook); got != want {
			t.Errorf("%s: got %v, want %v", condition, got, want)
		}
	}
}

func TestSees(t *testing.T) {
	for query, want := range map[string]bool{"process where true": true, "host where true": true, "any where true": true, "file where true": false, `"network" where true`: false} {
		if got := Sees(rule(t, "r", query)); got != want {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	if Sees(&rules.Rule{NotRunnable: "x"}) {
		t.Error("a rule without a query sees something")
	}
}

// TestPublishedCompile compiles every published rule for macOS about processes.
func TestPublishedCompile(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "eql", "rules", "macos"), "*.toml"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := rules.Load(filepath.Base(file), text)
		if err != nil || !Sees(r) {
			continue
		}
		if n++; r.Query.Category() != "process" {
			t.Errorf("%s: category %s", r.File, r.Query.Category())
		}
		if _, err := Compile(r); err != nil {
			t.Error(rules.Locate(r.File, text, err))
		}
	}
	if n < 40 {
		t.Errorf("got %d rules, want at least 40", n)
	}
}
