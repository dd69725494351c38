package agent_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
)

// floodVariable says for how long TestFlood lasts.
const floodVariable = "HOOKSNARE_FLOOD"

// mostDocuments is how many documents a user's worst may cost in a minute.
const mostDocuments = 200

// TestFlood has a user do the worst with commands, preferences and programs for some time, and
// root change hooks meanwhile. The documents about the user stay few, none about root is
// missing, and what the agent takes of a processor is logged.
func TestFlood(t *testing.T) {
	lasts := agent.Amount(4*time.Second, 20*time.Second)
	if s := os.Getenv(floodVariable); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatalf("%s: %v", floodVariable, err)
		}
		lasts = d
	}
	program := filepath.Join(t.TempDir(), "hooksnare")
	if out, err := exec.Command("go", "build", "-o", program, "hooksnare/agent/cmd/hooksnare").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	s := &stage{root: t.TempDir()}
	s.log = filepath.Join(s.root, alertLog)
	w := &world{stage: s, t: t}
	s.dir, _ = standIn(t, s.root, plan{{{Do: "flood", N: 2}}})
	place(t, w.at(config.LocalFile), strings.Replace(frequent, "0.02", "2", 1), 0o600)
	w.put(markerPlist, plistOf("Marker", "x"))
	w.put(malloryFile(0), plistOf("Marker", "x"))
	w.script(hookProgram, "true")
	w.hook("LogoutHook", hookProgram)
	cmd := exec.Command(program, "run", "--root", s.root, "--eslogger", w.at("usr/bin/eslogger"))
	endWithTest(cmd)
	w.must(cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	w.await(hookProgram)
	begin, cpu := time.Now(), processorTime(t, cmd.Process.Pid)
	values := w.flood(begin.Add(lasts))
	share := float64(processorTime(t, cmd.Process.Pid)-cpu) / float64(time.Since(begin))
	for _, v := range values {
		w.await(v)
	}
	var list, others []*alert.Alert
	list = wholeLines(t, s.log)
	for _, a := range list {
		if k := a.Hooksnare.Hook; k == nil || k.Plist != rootPlist {
			others = append(others, a)
		}
	}
	t.Logf("%v: %d documents about the user and the agent, %d about root's %d changes and commands; %.0f %% of a processor",
		lasts, len(others), len(list)-len(others), len(values), 100*share)
	if n := len(others); n > mostDocuments {
		t.Errorf("got %d documents, expected %d at most", n, mostDocuments)
	}
	for _, v := range values {
		if !slices.ContainsFunc(list, func(a *alert.Alert) bool { return a.Hooksnare.Hook != nil && deref(a.Hooksnare.Hook.Value) == v }) {
			t.Errorf("%s: nothing is told of it", v)
		}
	}
}

// malloryFile is one of the files of a user that can hold a hook.
func malloryFile(n int) string {
	return fmt.Sprintf("/Users/mallory/Library/Preferences/ByHost/com.apple.loginwindow.%012d.plist", n)
}

// flood does the worst until a time, and returns what root set meanwhile.
func (w *world) flood(until time.Time) (values []string) {
	next := time.Now()
	for n := 0; time.Now().Before(until); n++ {
		file := malloryFile(n % 60)
		switch n % 4 {
		case 0, 1: // a hook of a program that changes
			script := fmt.Sprintf("/Users/mallory/script%d", n%30)
			w.script(script, fmt.Sprint("echo ", n))
			w.swap(file, plistOf("LoginHook", script, "LogoutHook", fmt.Sprint("/junk", n)))
		case 2:
			w.remove(file)
			w.must(syscall.Mkfifo(w.at(file), 0o644))
		default:
			w.remove(file)
			w.must(os.Symlink("/dev/zero", w.at(file)))
		}
		if now := time.Now(); now.After(next) {
			next = now.Add(time.Second)
			change, command := fmt.Sprintf("/Library/changed%d", n), fmt.Sprintf("/Library/command%d", n)
			w.hook("LogoutHook", hookProgram, "LoginHook", change)
			w.run(commandOf("defaults", "write", "com.apple.loginwindow", "LoginHook", command))
			w.await(change) // one after the other: a value that is gone before it was looked at is not seen
			values = append(values, change, command)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return values
}

// processorTime returns what a process has used of the processors.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skipf("no figures about processes here: %v", err)
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	const user, system, ticks = 11, 12, 100 // from the state on; ticks of a second
	sum := 0
	for _, i := range []int{user, system} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks
}
