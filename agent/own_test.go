package agent_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/agent/integrity"
	"hooksnare/packaging/launchd"
	"hooksnare/pkg/alert"
)

// TestGrant grants Full Disk Access to an agent that waits for it: launchd is to start another.
func TestGrant(t *testing.T) {
	t.Parallel()
	denied := plan{{{Do: "stderr", Text: token + "NOT_PERMITTED\n"}, {Do: "exit", N: 1}}}
	for range 500 {
		denied = append(denied, denied[0])
	}
	s, o := setUp(t, denied)
	o.Launchd = true
	o.Timing.RetryDenied = time.Second
	o.SetGrantEvery(time.Millisecond)
	a, err := agent.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(t.Context()) }()
	s.until(t, "the condition", func(list []*alert.Alert) bool { return slices.Contains(states(list), "+no_full_disk_access") })
	time.Sleep(5 * time.Second) // two ticks at the least: without the grant it goes on
	if st, err := health.ReadStatus(o.Config.StateDir); err != nil || !strings.Contains(strings.Join(st.Faults(true, time.Now()), ""), "no_full_disk_access") {
		t.Errorf("status: got %v, %q; want the missing access", err, st.Faults(true, time.Now()))
	}
	select {
	case err := <-ended:
		t.Fatalf("without a grant Run ended with %v", err)
	default:
	}
	place(t, filepath.Join(s.root, "Library/Application Support/com.apple.TCC/TCC.db"), "x", 0o600)
	select {
	case err := <-ended:
		if !errors.Is(err, agent.ErrRelaunch) {
			t.Errorf("Run: got %v, want %v", err, agent.ErrRelaunch)
		}
	case <-time.After(patience):
		t.Fatal("the agent goes on without access")
	}
	s.start(t, o)
	s.stop(t)
	if got := slices.DeleteFunc(states(alerts(t, s.log)), func(s string) bool { return !strings.Contains(s, "tampered") }); len(got) > 0 {
		t.Errorf("states: got %q, want none of tampering: it ended by itself", got)
	}
}

// TestTampered changes what an agent is made of below it, and ends it: by its verbs, which is no
// news, and otherwise.
func TestTampered(t *testing.T) {
	t.Parallel()
	s, o := setUp(t, plan{well(1), well(1), well(1), well(1)})
	o.Launchd = true
	program := filepath.Join(s.root, launchd.Program)
	place(t, program, "one", 0o755)
	begin := func() {
		t.Helper()
		s.done = make(chan error, 1)
		s.start(t, o)
		s.until(t, "the start", func([]*alert.Alert) bool {
			b, _ := os.ReadFile(filepath.Join(o.Config.StateDir, "own-files.json"))
			return len(b) > 0
		})
	}
	verb := func(what string) {
		t.Helper()
		if err := integrity.Accept(s.root, o.Config.StateDir, "test", time.Now(), nil, what); err != nil {
			t.Fatal(err)
		}
	}
	tampered := func(want ...string) {
		t.Helper()
		var got []string
		s.until(t, strings.Join(want, ", "), func(list []*alert.Alert) bool {
			got = nil
			for _, a := range list {
				if h := a.Hooksnare.Health; h != nil && h.Active && strings.HasPrefix(h.State, "tampered") {
					got = append(got, strings.TrimPrefix(h.State, "tampered."))
					if a.Event.Severity != 73 {
						t.Errorf("%s: got severity %d, want 73", h.State, a.Event.Severity)
					}
				}
			}
			return len(got) >= len(want)
		})
		if !slices.Equal(got, want) {
			t.Errorf("tampering: got %q, want %q", got, want)
		}
	}
	begin()
	place(t, program, "two", 0o755)
	verb(launchd.Program)
	verb(integrity.Stop)
	s.stop(t)
	begin()
	tampered()
	s.stop(t) // as launchctl bootout does
	begin()
	tampered("launchd")
	place(t, filepath.Join(s.root, config.LocalFile), settingsList(toLog), 0o644)
	tampered("launchd", config.LocalFile)
	verb(integrity.Stop)
	s.stop(t)
	place(t, program, "three", 0o755)
	begin()
	tampered("launchd", config.LocalFile, strings.ReplaceAll(launchd.Program, " ", "%20"))
	s.stop(t)
}

// TestShortRun has an agent end before its first tick: what it is made of is known to the next.
func TestShortRun(t *testing.T) {
	t.Parallel()
	s, o := setUp(t, plan{well(1), well(1)})
	program := filepath.Join(s.root, launchd.Program)
	place(t, program, "one", 0o755)
	a, err := agent.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := a.Run(ctx); err != nil {
		t.Fatal(err)
	}
	place(t, program, "two", 0o755)
	s.start(t, o)
	s.until(t, "the change between the runs", func(list []*alert.Alert) bool {
		return slices.Contains(states(list), "+tampered."+strings.ReplaceAll(launchd.Program, " ", "%20"))
	})
	s.stop(t)
}

// TestStopDuringRestart has a verb note a stop, and a key restart the agent before the stop arrives.
func TestStopDuringRestart(t *testing.T) {
	t.Parallel()
	s, o := setUp(t, plan{well(1), well(1), well(1)})
	o.Launchd = true
	run := func(o agent.Options) *agent.Agent {
		t.Helper()
		a, err := agent.New(o)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	a := run(o)
	if err := integrity.Accept(s.root, o.Config.StateDir, "stop", time.Now(), nil, integrity.Stop); err != nil {
		t.Fatal(err)
	}
	a.AskRestart()
	if err := a.Run(ctx); !errors.Is(err, agent.ErrRestart) {
		t.Fatalf("Run: got %v, want %v", err, agent.ErrRestart)
	}
	next := o
	next.Began = a.Began()
	if err := run(next).Run(ctx); err != nil {
		t.Fatal(err)
	}
	s.start(t, o)
	s.until(t, "the hook", func(list []*alert.Alert) bool { return len(hooks(list)) > 0 })
	s.stop(t)
	if got := states(alerts(t, s.log)); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "tampered") }) {
		t.Errorf("states: got %q, want no tampering: a verb stopped it", got)
	}
}

// testLaunched starts the real program as launchd does, and ends it as anybody may.
func testLaunched(t *testing.T, program string) {
	d := newDaemon(t, program, plan{well(1), well(1)})
	t.Setenv("XPC_SERVICE_NAME", launchd.Label)
	d.run(t)
	d.until(t, "the first alert", func(list []*alert.Alert) bool { return len(hooks(list)) == 1 })
	d.signal(t, syscall.SIGTERM)
	if err := d.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	d.run(t)
	d.until(t, "the alert about the end", func(list []*alert.Alert) bool { return slices.Contains(states(list), "-tampered.launchd") })
	d.signal(t, syscall.SIGTERM)
	_ = d.cmd.Wait()
}
