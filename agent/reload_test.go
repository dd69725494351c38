package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
)

// ruleFile is a rule file of a query.
func ruleFile(id, query string, more ...string) string {
	return fmt.Sprintf("[rule]\nrule_id = %q\nname = \"Rule %s\"\ntype = \"eql\"\nlanguage = \"eql\"\nseverity = \"low\"\nrisk_score = 21\nmax_signals = 1000\nquery = '''\n%s\n'''\n%s\n",
		id, id, query, strings.Join(more, "\n"))
}

// of returns how many first alerts there are of a rule.
func of(rule string, list []*alert.Alert) int {
	n := 0
	for _, a := range list {
		if a.Rule.ID == rule && a.Event.Sequence == 1 {
			n++
		}
	}
	return n
}

// hangUp asks this process, with the agent in it, to read its rules anew.
func hangUp(t *testing.T, own *journal) {
	t.Helper()
	before := strings.Count(own.String(), `"message":"rules"`)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(patience); strings.Count(own.String(), `"message":"rules"`) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited %v for the rules to be read anew; the agent's log:\n%s", patience, own)
		}
	}
}

func matches(s health.Status, rule string) uint64 {
	for _, r := range s.Rules {
		if r.ID == rule {
			return r.Matches
		}
	}
	return 0
}

// TestReload changes rule files below a running agent. A wrong one is told of and disables
// itself alone; rules that stay go on with what they know.
func TestReload(t *testing.T) {
	s, o := setUp(t, plan{{{Do: "hooks", N: 2}, {Do: "await"}, {Do: "hooks", N: 3}, {Do: "serve"}}})
	dir := t.TempDir()
	o.Config.RuleDirectories = []string{dir}
	var own journal
	o.Log = zerolog.New(&own)
	place(t, filepath.Join(dir, "first.toml"), ruleFile("first", `process where event.action == "exec" and process.name == "defaults"`), 0o600)
	// It waits for the third of these commands, two of which come before the rules are read anew.
	place(t, filepath.Join(dir, "third.toml"), ruleFile("third", `sequence [process where event.action == "exec" and process.name == "defaults"] with runs=3`), 0o600)
	place(t, filepath.Join(dir, "bad.toml"), ruleFile("bad", `process where process.name ==`), 0o600)
	s.start(t, o)
	s.until(t, "the first alerts", func(list []*alert.Alert) bool { return of("first", list) == 2 && len(states(list)) == 1 })
	if got, want := own.String(), "bad.toml:11:1: query: "; !strings.Contains(got, want) {
		t.Errorf("the agent's log: got no %s in\n%s", want, got)
	}
	place(t, filepath.Join(dir, "bad.toml"), ruleFile("bad", `process where event.action == "exec" and process.name == "defaults"`), 0o600)
	place(t, filepath.Join(dir, "first.toml"), ruleFile("first", `process where process.name == "nothing"`), 0o600)
	hangUp(t, &own)
	s.letGo(t)
	list := s.until(t, "all alerts", func(list []*alert.Alert) bool {
		return len(hooks(list)) == 5 && of("bad", list) == 3 && of("third", list) == 3
	})
	if got := of("first", list); got != 2 {
		t.Errorf("a rule that asks for something else now: got %d alerts, want 2", got)
	}
	if err := os.Remove(filepath.Join(dir, "bad.toml")); err != nil {
		t.Fatal(err)
	}
	hangUp(t, &own)
	s.stop(t)
	status, err := health.ReadStatus(o.Config.StateDir)
	if err != nil || matches(status, "hook-set") != 5 || matches(status, "first") != 2 || matches(status, "third") != 3 || status.PID != os.Getpid() {
		t.Errorf("status: got %+v, %v", status, err)
	}
	if got, want := states(alerts(t, s.log)), []string{"+rules", "-rules"}; !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
	checkStates(t, alerts(t, s.log))
}

// TestMemoriesAreRemoved starts on the state folder of an earlier version, which kept what
// rules remembered.
func TestMemoriesAreRemoved(t *testing.T) {
	const message = "this version does not run them"
	for _, tc := range []struct {
		name  string
		files []string
		stay  []string
	}{
		{"memories alone", []string{"a.memory", "b.memory"}, nil},
		{"beside a file of the user's", []string{"a.memory", "mine.toml"}, []string{"mine.toml"}},
		{"none", nil, nil},
		{"a user's folder", []string{"mine.toml"}, []string{"mine.toml"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, o := setUp(t, plan{{{Do: "hooks", N: 1}, {Do: "serve"}}})
			folder := filepath.Join(o.Config.StateDir, "rules")
			for _, name := range tc.files {
				place(t, filepath.Join(folder, name), "x", 0o600)
			}
			var own journal
			o.Log = zerolog.New(&own)
			s.start(t, o)
			s.until(t, "its alert", func(list []*alert.Alert) bool { return len(hooks(list)) == 1 })
			var got []string
			entries, err := os.ReadDir(folder)
			for _, e := range entries {
				got = append(got, e.Name())
			}
			if !slices.Equal(got, tc.stay) || (err == nil) != (tc.stay != nil) {
				t.Errorf("got %q, error %v; want %q", got, err, tc.stay)
			}
			want := 0
			if len(tc.files) > len(tc.stay) {
				want = 1
			}
			if n := strings.Count(own.String(), message); n != want {
				t.Errorf("the agent's log: got %d messages, want %d, in\n%s", n, want, own.String())
			}
		})
	}
}

// TestStateNotSaved is a state folder that can't be written.
func TestStateNotSaved(t *testing.T) {
	s, o := setUp(t, plan{{{Do: "hooks", N: 1}, {Do: "serve"}}})
	place(t, o.Config.StateDir, "no folder", 0o600)
	s.start(t, o)
	s.until(t, "its alert", func(list []*alert.Alert) bool {
		return slices.Contains(states(list), "+state_not_saved") && len(hooks(list)) == 1
	})
}
