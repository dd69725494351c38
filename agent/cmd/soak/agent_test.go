package soak

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"howett.net/plist"

	"hooksnare/agent/config"
	"hooksnare/collector/eslogger/synthetic"
)

// victim is an agent on a disk of its own, and what it made durable.
type victim struct {
	t       testing.TB
	program string
	root    string
	ledger  ledger

	cmd    *exec.Cmd
	lives  int
	logged int64           // bytes of its own log when it was started
	seen   map[string]bool // files of the spool that were read
}

// newVictim lays the disk.
func newVictim(t testing.TB, program, standin string) *victim {
	t.Helper()
	v := &victim{t: t, program: program, root: filepath.Join(t.TempDir(), "mac"), seen: map[string]bool{}}
	if out, err := exec.Command(standin, "root", "--speed", "1", v.root).CombinedOutput(); err != nil {
		t.Fatalf("standin root: %v: %s", err, out)
	}
	t.Cleanup(v.kill)
	return v
}

// configure writes the configuration. The rule is the built-in one without its bound of
// alerts, which all of them would pass.
func (v *victim) configure(more map[string]any, places []*place) {
	v.t.Helper()
	const rules = "/Library/Application Support/Hooksnare/rules"
	outputs := []any{}
	for _, p := range places {
		outputs = append(outputs, p.config)
	}
	c := map[string]any{
		"CanaryInterval": 0.0, "HeartbeatInterval": 5.0, "CorrelationWindow": 5.0, "Outputs": outputs,
		"RuleDirectories": []string{rules}, "DisabledRules": []string{"hook-set"},
	}
	for key, value := range more {
		c[key] = value
	}
	b, err := plist.Marshal(c, plist.XMLFormat)
	if err != nil {
		v.t.Fatal(err)
	}
	lay(v.t, filepath.Join(v.root, config.LocalFile), b)
	lay(v.t, filepath.Join(v.root, rules, "soak.toml"), []byte(`[rule]
name = "Login or logout hook set in a soak"
rule_id = "soak"
type = "eql"
language = "eql"
severity = "medium"
risk_score = 47
max_signals = 100000
query = '''
process where event.type == "start" and hooksnare.hook.operation == "set"
'''
`))
}

// play has the eslogger of the next life set hooks to values, one each gap.
func (v *victim) play(first, count int, gap time.Duration) {
	v.t.Helper()
	var b bytes.Buffer
	h := synthetic.New(&b, synthetic.Options{Seed: uint64(v.lives), Start: time.Now(), Pace: 10 * time.Microsecond})
	// A pid that neither the host nor this machine gives to another process.
	shell := h.Adopt(h.Launchd(), 1<<30, synthetic.Spec{Path: "/bin/zsh"})
	for n := range count {
		h.Advance(gap)
		h.Run(shell, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{
			"defaults", "write", "com.apple.loginwindow", "LoginHook", marker + strconv.Itoa(first+n),
		}})
	}
	if err := h.Err(); err != nil {
		v.t.Fatal(err)
	}
	name := filepath.Join(v.root, "usr/bin/recording.ndjson")
	lay(v.t, name+".new", b.Bytes())
	if err := os.Rename(name+".new", name); err != nil { // another may still be reading the last one
		v.t.Fatal(err)
	}
}

// start starts the agent.
func (v *victim) start() {
	v.t.Helper()
	v.lives++
	v.cmd = exec.Command(v.program, "run", "--root", v.root, "--eslogger", filepath.Join(v.root, "usr/bin/eslogger"))
	v.cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "HOOKSNARE_") })
	log, err := os.OpenFile(v.logName(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		v.t.Fatal(err)
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		v.t.Fatal(err)
	}
	v.logged = info.Size()
	v.cmd.Stdout, v.cmd.Stderr = log, log
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
}

func (v *victim) logName() string { return v.root + ".log" }

// kill ends the agent as no agent ends by itself.
func (v *victim) kill() {
	if v.cmd == nil {
		return
	}
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
	v.cmd = nil
}

// end asks the agent to end, and waits. Before it has said its first word it may not have
// asked the system for signals yet, which then ends it as any program.
func (v *victim) end() {
	v.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(look) {
		if info, err := os.Stat(v.logName()); err == nil && info.Size() > v.logged {
			break
		}
		if time.Now().After(limit) {
			v.t.Fatalf("waited %v for the agent's first word", patience)
		}
	}
	if err := v.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		v.t.Fatal(err)
	}
	if err := v.cmd.Wait(); err != nil {
		v.t.Errorf("after SIGTERM: got %v, want status 0\n%s", err, v.said())
	}
	v.cmd = nil
}

// said returns the end of the agent's own log.
func (v *victim) said() string {
	b, _ := os.ReadFile(v.logName())
	const most = 4 << 10
	return string(b[max(0, len(b)-most):])
}

func (v *victim) spool(of string) string {
	return filepath.Join(v.root, "private/var/db/hooksnare/spool", of)
}

// account enters what is durable now: all that is in the spool, and whole in the local log.
func (v *victim) account(log *place) {
	v.t.Helper()
	for _, folder := range append(v.queues(), v.spool("head"), v.spool("tmp")) {
		for _, name := range v.list(folder) {
			if id := filepath.Base(name); !v.seen[id] {
				v.seen[id] = v.enter(filepath.Join(folder, name))
			}
		}
	}
	for _, d := range log.arrived(v.t) {
		v.add(d)
	}
}

// enter enters a file of the spool, and says whether it is whole. In tmp/ it may not be.
func (v *victim) enter(name string) bool {
	v.t.Helper()
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false // an agent that runs has just delivered it
	}
	if err != nil {
		v.t.Error(err)
		return false
	}
	sum := sha256.Sum256(b)
	if !strings.Contains(filepath.Base(name), hex.EncodeToString(sum[:])) {
		if filepath.Base(filepath.Dir(name)) != "tmp" {
			v.t.Errorf("%s: is not what its name says", name)
		}
		return false
	}
	d, err := parse(b)
	if err != nil {
		v.t.Errorf("%s: %v", name, err)
		return false
	}
	v.add(d)
	return true
}

func (v *victim) add(d *document) {
	v.t.Helper()
	if err := v.ledger.add(d); err != nil {
		v.t.Error(err)
	}
}

// queues are the folders of what waits for an output.
func (v *victim) queues() []string {
	found, _ := filepath.Glob(v.spool("out/*"))
	return found
}

// list returns what is in a folder of alerts.
func (v *victim) list(folder string) []string {
	v.t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.t.Error(err)
	}
	var names []string
	for _, e := range entries {
		if strings.Contains(e.Name(), ".json") {
			names = append(names, e.Name())
		}
	}
	return names
}

// waiting returns how many alerts wait for each output that has any.
func (v *victim) waiting() map[string]int {
	out := map[string]int{}
	for _, q := range v.queues() {
		if n := len(v.list(q)); n > 0 {
			out[filepath.Base(q)] = n
		}
	}
	return out
}

// setAside returns what the spool set aside: there is no reason for any.
func (v *victim) setAside() []string {
	dead, _ := filepath.Glob(v.spool("dead/*/*"))
	damaged, _ := filepath.Glob(v.spool("damaged/*"))
	return append(dead, damaged...)
}

// status is a part of what an agent tells of itself.
type status struct {
	PID int `json:"pid"`
}

// told returns the status that the agent wrote last, zero when it can't be read.
func (v *victim) told() status {
	var s status
	b, err := os.ReadFile(filepath.Join(v.root, "private/var/db/hooksnare/status.json"))
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return status{}
	}
	return s
}

// peak returns the most memory that the agent had resident, in MiB, and what it has now.
func (v *victim) peak() (most, now float64) {
	v.t.Helper()
	status := fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid)
	return procNumber(status, "VmHWM") / 1024, procNumber(status, "VmRSS") / 1024
}
