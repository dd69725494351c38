package agent_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hooksnare/pkg/alert"
)

// TestSlowMount has a user's home lead to a disk that answers slowly, and then not at all: the
// programs of 92 hooks lie on it. Meanwhile eslogger's writes do not wait for it, and what
// root does is reported as ever: a command, a change, and that a program was replaced.
//
// The bounds are those of a stall, which used to last for tens of seconds; what it measured is
// logged.
func TestSlowMount(t *testing.T) {
	const mostWrite, mostReport = 2 * time.Second, 5 * time.Second
	for _, how := range []struct {
		name string
		do   func(f *stalledFolder)
	}{
		{"slow", func(f *stalledFolder) { f.Slow(time.Second) }},
		{"dead", func(f *stalledFolder) { f.Stall() }},
	} {
		t.Run(how.name, func(t *testing.T) {
			s, o := setUp(t, plan{{{Do: "timed"}}})
			prompt(&o)
			w := &world{stage: s, t: t, o: o}
			w.put(markerPlist, plistOf("Marker", "x"))
			mount := mountStalledAt(t, t.TempDir(), w.at("/Users/mallory/mnt"))
			for i := range 92 {
				w.script(fmt.Sprintf("/Users/mallory/mnt/hook%d", i), "true")
			}
			w.script(hookProgram, "true")
			w.hook("LoginHook", hookProgram)
			w.begin()
			w.await(hookProgram)
			how.do(mount)
			for i := range 60 {
				w.put(fmt.Sprintf("/Users/mallory/Library/Preferences/ByHost/com.apple.loginwindow.%012d.plist", i),
					plistOf("LoginHook", fmt.Sprintf("/Users/mallory/mnt/hook%d", i), "LogoutHook", fmt.Sprintf("/Users/mallory/mnt/hook%d", i+32)))
			}
			took := map[string]time.Duration{}
			report := func(what string, do func(), done func(a *alert.Alert) bool) {
				begin := time.Now()
				do()
				s.until(t, what, func(list []*alert.Alert) bool { return slices.ContainsFunc(list, done) })
				took[what] = time.Since(begin)
				if took[what] > mostReport {
					t.Errorf("%s was reported after %v, expected %v at most", what, took[what], mostReport)
				}
			}
			value := func(v string) func(*alert.Alert) bool {
				return func(a *alert.Alert) bool { return a.Hooksnare.Hook != nil && deref(a.Hooksnare.Hook.Value) == v }
			}
			for round := range 3 {
				v := fmt.Sprintf("/Library/evil%d", round)
				report(fmt.Sprint("command ", round), func() { w.run(commandOf("defaults", "write", "com.apple.loginwindow", "LogoutHook", v)) }, value(v))
				v += ".changed"
				report(fmt.Sprint("change ", round), func() { w.hook("LoginHook", hookProgram, "LogoutHook", v) }, value(v))
				// Root's own hook may lead to what a user serves: it holds up nothing but itself.
				v = fmt.Sprintf("/Users/mallory/mnt/hook%d", round)
				report(fmt.Sprint("change to the mount ", round), func() { w.hook("LoginHook", hookProgram, "LogoutHook", v) }, func(a *alert.Alert) bool {
					return value(v)(a) && a.Hooksnare.Hook.Plist == rootPlist
				})
			}
			report("replacement of root's program", func() { w.script(hookProgram, "evil") }, func(a *alert.Alert) bool {
				return a.Rule.ID == "hook-program-changed" && value(hookProgram)(a)
			})
			var got writes
			for limit := time.Now().Add(patience); got.Count < 100; time.Sleep(10 * time.Millisecond) {
				b, err := os.ReadFile(filepath.Join(s.dir, writesFile))
				if err == nil {
					err = json.Unmarshal(b, &got)
				}
				if time.Now().After(limit) {
					t.Fatalf("waited %v for 100 writes: got %+v, %v", patience, got, err)
				}
			}
			t.Logf("%d writes: median %v, at most %v; reports %v", got.Count, got.Median, got.Max, took)
			if got.Max > mostWrite {
				t.Errorf("eslogger waited %v for one write, expected %v at most", got.Max, mostWrite)
			}
		})
	}
}
