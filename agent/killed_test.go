package agent_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
)

// killsVariable says how often TestKilled kills the agent; without it, some times, and killsShort times with TEST_SLOW=1.
const (
	killsVariable = "HOOKSNARE_KILLS"
	killsShort    = 25
	killsOnOne    = 25 // on one disk; then the agent starts for the first time on another
)

// TestKilled kills the agent at random points, while hooks change by rename whether it runs or
// not. What holds then, for each key of each file:
//
//   - The last that was told of it is what is there. Only a value that came and went while the
//     agent was down, or between two of its looks, can't be known.
//   - Each alert begins with what the one before ended with, and ends with something else: no
//     change that the agent saw is unreported, and none is told as new twice. The same alert may
//     come again, by the same event.id.
func TestKilled(t *testing.T) {
	kills := agent.Amount(5, killsShort)
	if s := os.Getenv(killsVariable); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("%s: %v", killsVariable, err)
		}
		kills = n
	}
	program := filepath.Join(t.TempDir(), "hooksnare")
	if out, err := exec.Command("go", "build", "-o", program, "hooksnare/agent/cmd/hooksnare").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	r := rand.New(rand.NewPCG(1, uint64(kills)))
	told, again := 0, 0
	for ; kills > 0; kills -= killsOnOne {
		v := newVictim(t, program, r)
		for range min(kills, killsOnOne) {
			v.life()
		}
		n, m := v.reckon()
		told, again = told+n, again+m
	}
	t.Logf("%d changes told, %d of the alerts once more", told, again)
}

// victim is an agent that is killed again and again.
type victim struct {
	*world
	r       *rand.Rand
	program string
	writes  int
	is      map[string]string // what is there, by file and key
}

// frequent is a configuration of frequent looks whose only output is the local log.
const frequent = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>CanaryInterval</key><real>0</real>
<key>SweepInterval</key><real>0.02</real>
<key>Outputs</key><array><dict>
<key>Type</key><string>file</string>
<key>Path</key><string>/` + alertLog + `</string>
</dict></array>
</dict></plist>
`

func newVictim(t *testing.T, program string, r *rand.Rand) *victim {
	t.Helper()
	s := &stage{root: t.TempDir()}
	s.log = filepath.Join(s.root, alertLog)
	v := &victim{world: &world{stage: s, t: t}, r: r, program: program, is: map[string]string{}}
	t.Cleanup(func() { noneRuns(t, v.root) })
	standIn(t, v.root, plan{{{Do: "serve"}}}) // it has nothing to say
	place(t, v.at(config.LocalFile), frequent, 0o600)
	v.put(markerPlist, plistOf("Marker", "x"))
	for range r.IntN(3) {
		v.change()
	}
	return v
}

// run starts the agent.
func (v *victim) run() *exec.Cmd {
	v.t.Helper()
	cmd := exec.Command(v.program, "run", "--root", v.root, "--eslogger", v.at("usr/bin/eslogger"))
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	endWithTest(cmd)
	v.must(cmd.Start())
	v.t.Cleanup(func() {
		_ = cmd.Process.Kill() // where the test ended early
		_ = cmd.Wait()
	})
	return cmd
}

// noneRuns waits until no process runs whose arguments or environment name the folders of this
// test: neither an agent nor an eslogger of one that was killed.
func noneRuns(t *testing.T, root string) {
	t.Helper()
	folders := []byte(filepath.Dir(root)) // the test's own, with one for each TempDir
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		var left []string
		list, _ := filepath.Glob("/proc/[0-9]*") // none where there is no /proc
		for _, process := range list {
			args, _ := os.ReadFile(filepath.Join(process, "cmdline"))
			env, _ := os.ReadFile(filepath.Join(process, "environ"))
			if bytes.Contains(args, folders) || bytes.Contains(env, folders) {
				left = append(left, fmt.Sprintf("%s: %q", process, args))
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(limit) {
			t.Errorf("still running %v after the agent was killed:\n%s", patience, strings.Join(left, "\n"))
			return
		}
	}
}

// life is a start, some changes, a death, and some more changes.
func (v *victim) life() {
	v.t.Helper()
	cmd := v.run()
	for end := time.Now().Add(time.Duration(v.r.IntN(300)) * time.Millisecond); time.Now().Before(end); {
		time.Sleep(time.Duration(v.r.IntN(40)) * time.Millisecond)
		v.change()
	}
	v.must(cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	for range v.r.IntN(3) {
		v.change()
	}
}

// change gives a file's keys other values, perhaps ones that were there before, or removes it.
func (v *victim) change() {
	v.t.Helper()
	file := []string{rootPlist, systemPlist, annPlist}[v.r.IntN(3)]
	var pairs []string
	for _, key := range []string{"LoginHook", "LogoutHook"} {
		at := key + " " + file
		switch v.r.IntN(4) {
		case 0:
			v.writes++
			v.is[at] = fmt.Sprintf("/hook.%d", v.writes)
		case 1:
			v.is[at] = "/usual"
		case 2:
			delete(v.is, at)
		}
		if value, ok := v.is[at]; ok {
			pairs = append(pairs, key, value)
		}
	}
	if len(pairs) == 0 && v.r.IntN(2) == 0 {
		v.remove(file)
		return
	}
	v.swap(file, plistOf(pairs...))
}

// reckon starts the agent for the last time, and holds what it told against what is there.
func (v *victim) reckon() (told, again int) {
	v.t.Helper()
	cmd := v.run()
	defer func() {
		v.must(cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
	}()
	v.until(v.t.(*testing.T), "all that is there to be told", func(list []*alert.Alert) bool {
		return len(v.differ(list)) == 0
	})
	v.looked()
	list := alerts(v.t.(*testing.T), v.log)
	for _, fault := range v.differ(list) {
		v.t.Error(fault)
	}
	return v.chain(list)
}

// differ names what is there and is not what was told last.
func (v *victim) differ(list []*alert.Alert) []string {
	last := map[string]string{}
	for _, a := range list {
		if k := a.Hooksnare.Hook; k != nil && k.Plist != markerPlist {
			if last[k.Key+" "+k.Plist] = deref(k.Value); k.Value == nil {
				delete(last, k.Key+" "+k.Plist)
			}
		}
	}
	var out []string
	for _, file := range []string{rootPlist, systemPlist, annPlist} {
		for _, key := range []string{"LoginHook", "LogoutHook"} {
			at := key + " " + file
			if last[at] != v.is[at] {
				out = append(out, fmt.Sprintf("%s: told last %q, is %q", at, last[at], v.is[at]))
			}
		}
	}
	return out
}

// chain follows the alerts of each key of each file.
func (v *victim) chain(list []*alert.Alert) (told, again int) {
	v.t.Helper()
	seen, last := map[string]bool{}, map[string]string{}
	for _, a := range list {
		k := a.Hooksnare.Hook
		if k == nil || k.Plist == markerPlist {
			continue
		}
		if seen[a.Event.ID] {
			again++
			continue
		}
		seen[a.Event.ID] = true
		told++
		at := k.Key + " " + k.Plist
		if deref(k.Previous) != last[at] || deref(k.Value) == last[at] {
			v.t.Errorf("%s: told last %q, then that it was %q and is %q: %s", at, last[at], deref(k.Previous), deref(k.Value), a.Message)
		}
		last[at] = deref(k.Value)
	}
	return told, again
}
