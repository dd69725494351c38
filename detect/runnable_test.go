package detect

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hooksnare/detect/rules"
	"hooksnare/pkg/shared"
)

func TestRunnable(t *testing.T) {
	const see = "eslogger's exec, fork and exit"
	for query, want := range map[string]string{
		`process where true`: "", `host where true`: "", `any where true`: "",
		`file where true`:                                                       "needs file events: " + see + " are what is seen",
		`"network" where true`:                                                  "needs network events: " + see + " are what is seen",
		`any where event.category == "file"`:                                    "needs another event.category than " + see + " have",
		`process where event.action == "rename"`:                                "needs another event.action than " + see + " have",
		`process where host.os.type == "linux" and process.name == "x"`:         "needs another host.os.type than " + see + " have",
		`process where event.type == "start" and event.action == "end"`:         "needs what " + see + " never are",
		`process where process.hash.sha256 == "x"`:                              "needs process.hash.sha256, which " + see + " do not have",
		`process where process.parent.hash.md5 == "x" or file.path == "y"`:      "needs file.path and 1 more fields that " + see + " do not have",
		`process where process.parent.Ext.real.pid == 1`:                        "needs process.parent.Ext.real.pid, which " + see + " do not have",
		`process where process.group_leader.name == "x"`:                        "needs process.group_leader.name, which " + see + " do not have",
		`process where process.name.caseless == "x"`:                            "needs process.name.caseless, which " + see + " do not have",
		`process where ?process.hash.sha256 == "x" or true`:                     "",
		`process where process.nmae == "x"`:                                     "error: 1:15: unknown field: process.nmae",
		`process where hooksnare.hook.kye == "x"`:                               "error: 1:15: unknown field: hooksnare.hook.kye",
		`process where process.nmae == "x" and process.hash.md5 == "y"`:         "error: 1:15: unknown field: process.nmae",
		`process where true | head 5`:                                           "pipes pick from all results, which here come one by one: rules test runs them",
		`sequence [process where true] [process where event.type == "end"]`:     "",
		`sequence [process where true] [file where true]`:                       "needs file events: " + see + " are what is seen",
		`sequence with maxspan=1s [process where true] ![network where true]`:   "needs network events: " + see + " are what is seen",
		`sequence [process where true] [any where true] until [dns where true]`: "needs dns events: " + see + " are what is seen",
	} {
		got, err := Runnable(rule(t, "r", query))
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%s:\n got %q\nwant %q", query, got, want)
		}
	}
	if got, _ := Runnable(&rules.Rule{NotRunnable: "x"}); got != "x" {
		t.Errorf("a reason of the loader's: got %q, want x", got)
	}
}

// TestPublishedRunnable holds what becomes of every published rule for macOS: the rules
// in EQL about processes run, and every other has a reason.
func TestPublishedRunnable(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "eql", "rules", "macos"), "*.toml"))
	if err != nil {
		t.Fatal(err)
	}
	active, handled := map[string]int{}, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := rules.Load(filepath.Base(file), text, FieldKind)
		if err != nil {
			t.Error(err)
			continue
		}
		why, err := Runnable(r)
		if err != nil {
			t.Error(rules.Locate(r.File, text, err))
		}
		if err == nil {
			handled++
		}
		if why == "" {
			active[r.Type]++
		}
		if r.Query != nil && slices.Equal(slices.Compact(r.Query.Categories()), []string{processCategory}) != (why == "") {
			t.Errorf("%s: about %v, and got %q", r.File, r.Query.Categories(), why)
		}
	}
	if testing.Verbose() {
		n := active["eql"]
		fmt.Printf("rule files handled %d of %d: %d run, %d say why not\n", handled, len(files), n, handled-n)
	}
	if active["eql"] != 47 || len(active) != 1 || len(files) != 97 {
		t.Errorf("got %v active of %d files, want 47 of eql, of 97", active, len(files))
	}
}
