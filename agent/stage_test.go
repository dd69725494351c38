package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/collector/eslogger"
	"hooksnare/pkg/alert"
)

// patience is how long a test waits for what must come. It is no measure of anything.
const patience = 60 * time.Second

// alertLog is where the local log lies below a root.
const alertLog = "var/log/hooksnare/alerts.jsonl"

// stage is an agent that runs on a disk of its own against a stand-in.
type stage struct {
	root   string
	dir    string // of the stand-in
	log    string // the local log
	cancel context.CancelFunc
	done   chan error
}

// quick are short waits, but for the grace: a machine may be too busy to end a process at once.
func quick() eslogger.Timing {
	return eslogger.Timing{
		BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond, RetryDenied: 5 * time.Millisecond,
		StopGrace: time.Second, GapHold: time.Millisecond,
	}
}

// setUp lays a disk and returns how to run an agent on it, with the local log as its only
// output and without a canary.
func setUp(t *testing.T, p plan) (*stage, agent.Options) {
	t.Helper()
	s := &stage{root: t.TempDir(), done: make(chan error, 1)}
	s.log = filepath.Join(s.root, alertLog)
	var program string
	s.dir, program = standIn(t, s.root, p)
	c, sources, err := config.Load(config.Options{Root: s.root})
	if err != nil {
		t.Fatal(err)
	}
	c.EsloggerPath, c.CanaryPath, c.CanaryInterval = program, filepath.Join(s.root, "usr/bin/true"), 0
	c.Outputs = []config.Output{{Name: "file", Type: "file", Path: s.log, MinSeverity: "low", Enabled: true}}
	o := agent.Options{Config: c, Sources: sources, Log: zerolog.Nop(), Timing: quick()}
	o.SetHold(time.Millisecond)
	o.SetDiskLimit(patience)
	o.SetPatience(10)
	return s, o
}

// start runs the agent until the end of the test at the latest.
func (s *stage) start(t *testing.T, o agent.Options) {
	t.Helper()
	a, err := agent.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.done <- a.Run(ctx) }()
	t.Cleanup(func() { s.stop(t) })
}

// stop ends the agent; a second call does nothing.
func (s *stage) stop(t *testing.T) {
	t.Helper()
	s.cancel()
	select {
	case err, running := <-s.done:
		if !running {
			return
		}
		if err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
		close(s.done)
	case <-time.After(patience):
		t.Fatal("Run did not return after its context was done")
	}
}

// letGo lets the stand-in go on.
func (s *stage) letGo(t *testing.T) {
	t.Helper()
	place(t, filepath.Join(s.dir, goFile), "", 0o600)
}

// alerts reads the files of a log in turn, each line of which must be whole.
func alerts(t *testing.T, paths ...string) []*alert.Alert {
	t.Helper()
	var out []*alert.Alert
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		out = append(out, parse(t, b)...)
	}
	return out
}

func parse(t *testing.T, log []byte) []*alert.Alert {
	t.Helper()
	var out []*alert.Alert
	for line := range bytes.Lines(log) {
		a := new(alert.Alert)
		if err := json.Unmarshal(line, a); err != nil || line[len(line)-1] != '\n' {
			t.Fatalf("line %q: got %v, want a whole document", line, err)
		}
		if a.Event.Kind == "alert" { // and no heartbeat
			out = append(out, a)
		}
	}
	return out
}

// wholeLines reads the whole lines of the log of an agent that runs: the last one may be under way.
func wholeLines(t *testing.T, log string) []*alert.Alert {
	t.Helper()
	b, _ := os.ReadFile(log) // not there at first
	return parse(t, b[:bytes.LastIndexByte(b, '\n')+1])
}

// until waits until the log holds what is wanted. A line may be under way.
func (s *stage) until(t *testing.T, what string, done func(list []*alert.Alert) bool) []*alert.Alert {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		list := wholeLines(t, s.log)
		if done(list) {
			return list
		}
		if time.Now().After(limit) {
			t.Fatalf("waited %v for %s; the log holds\n%s", patience, what, told(list))
		}
	}
}

// told are alerts in short.
func told(list []*alert.Alert) string {
	var b strings.Builder
	for _, a := range list {
		fmt.Fprintf(&b, "%d %s\n", a.Event.Sequence, a.Message)
	}
	return b.String()
}

// hooks returns the values of the first alerts about hooks, in order.
func hooks(list []*alert.Alert) []string {
	var out []string
	for _, a := range list {
		if h := a.Hooksnare.Hook; h != nil && h.Value != nil && a.Event.Sequence == 1 {
			out = append(out, *h.Value)
		}
	}
	return out
}

// upTo are the values of n hook commands of one start of the stand-in.
func upTo(start, n int) []string {
	var out []string
	for i := 1; i <= n; i++ {
		out = append(out, hookValue(start, i))
	}
	return out
}

// states returns the conditions as +begin and -end.
func states(list []*alert.Alert) []string {
	var out []string
	for _, a := range list {
		if h := a.Hooksnare.Health; h != nil {
			sign := "-"
			if h.Active {
				sign = "+"
			}
			out = append(out, sign+h.State)
		}
	}
	return out
}

// checkStates checks each condition: an alert as it begins and an update as it ends.
func checkStates(t *testing.T, list []*alert.Alert) {
	t.Helper()
	begun := map[string]*alert.Alert{}
	for _, a := range list {
		h := a.Hooksnare.Health
		if h == nil {
			continue
		}
		rule, severity := "sensor-degraded", 73
		switch {
		case strings.HasPrefix(h.State, "tampered"):
			rule = "agent-tampered"
		case h.State == "exceptions_changed":
			rule, severity = "exceptions-changed", 21
		}
		if a.Rule.ID != rule || a.Event.Severity != severity || h.Detail == "" || h.Since == nil {
			t.Errorf("%s: got rule %s, severity %d, health %+v; want %s, %d, a detail and a begin", h.State, a.Rule.ID, a.Event.Severity, h, rule, severity)
		}
		first := begun[h.State]
		switch {
		case h.Active && (a.Event.Sequence != 1 || h.Until != nil || first != nil):
			t.Errorf("%s begins: got sequence %d, end %v, already on: %v", h.State, a.Event.Sequence, h.Until, first != nil)
		case h.Active:
			begun[h.State] = a
		case first == nil:
			t.Errorf("%s ends: it had not begun", h.State)
		case a.Event.Sequence != 2 || a.Event.ID != first.Event.ID || h.Until == nil || h.Until.Before(h.Since.Time):
			t.Errorf("%s ends: got sequence %d, id %s, health %+v; want 2, %s and an end after the begin",
				h.State, a.Event.Sequence, a.Event.ID, h, first.Event.ID)
		default:
			delete(begun, h.State)
		}
	}
	for state := range begun {
		t.Errorf("%s: has not ended", state)
	}
}

// journal is the agent's own log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// await waits until the log says something.
func (j *journal) await(t *testing.T, text string) {
	t.Helper()
	for limit := time.Now().Add(patience); !strings.Contains(j.String(), text); {
		if time.Now().After(limit) {
			t.Fatalf("waited %v for %s in the agent's log:\n%s", patience, text, j)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
