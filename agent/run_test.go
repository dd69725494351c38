package agent_test

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
)

// well is a start that goes well: hook commands, then canaries until the end.
func well(n int) []act { return []act{{Do: "hooks", N: n}, {Do: "serve"}} }

const token = "ES_NEW_CLIENT_RESULT_ERR_"

// troubles are the ways in which eslogger can fail, and what the local log must say.
var troubles = []struct {
	name   string
	plan   plan
	values []string
	states []string
}{
	{
		"is killed", plan{{{Do: "hooks", N: 3}, {Do: "kill"}}, well(3)},
		append(upTo(1, 3), upTo(2, 3)...), []string{"+eslogger_exited", "-eslogger_exited"},
	},
	{
		"exits again and again", plan{{{Do: "hooks", N: 2}, {Do: "exit", N: 3}}, nil, nil, nil, well(3)},
		append(upTo(1, 2), upTo(5, 3)...), []string{"+eslogger_exited", "-eslogger_exited"},
	},
	{
		// The unusual state ends after 256 usual lines in succession.
		"prints garbage", plan{{{Do: "hooks", N: 2}, {Do: "stdout", Text: "\x00\xff{]garbage\n", N: 100}, {Do: "hooks", N: 3}, {Do: "events", N: 100}, {Do: "serve"}}},
		upTo(1, 5), []string{"+schema_unknown", "-schema_unknown"},
	},
	{
		"lines of 20 MiB", plan{{{Do: "hooks", N: 2}, {Do: "long", N: 20 << 20}, {Do: "hooks", N: 2}, {Do: "long", N: 20 << 20}, {Do: "hooks", N: 2}, {Do: "serve"}}},
		upTo(1, 6), nil,
	},
	{
		"half a line, then it dies", plan{{{Do: "hooks", N: 2}, {Do: "stdout", Text: `{"version":10,"ev`}, {Do: "kill"}}, well(3)},
		append(upTo(1, 2), upTo(2, 3)...), []string{"+eslogger_exited", "-eslogger_exited"},
	},
	{
		"half a line, then the rest of another", plan{{{Do: "hooks", N: 2}, {Do: "stdout", Text: `{"version":10,"ev`}, {Do: "events", N: 1}, {Do: "hooks", N: 3}, {Do: "trickle"}}},
		// The line that the half one runs into is lost, which the numbers show.
		upTo(1, 5), []string{"+gap", "-gap"},
	},
	{
		"no Full Disk Access", plan{{{Do: "stderr", Text: "Not permitted to create an ES Client: " + token + "NOT_PERMITTED\n"}, {Do: "exit", N: 1}}, well(3)},
		upTo(2, 3), []string{"+no_full_disk_access", "-no_full_disk_access"},
	},
	{
		"the grant is taken away", plan{{{Do: "hooks", N: 2}, {Do: "stderr", Text: token + "NOT_PERMITTED\n"}, {Do: "exit", N: 1}}, well(3)},
		append(upTo(1, 2), upTo(2, 3)...), []string{"+no_full_disk_access", "-no_full_disk_access"},
	},
	{
		"not root", plan{{{Do: "stderr", Text: token + "NOT_PRIVILEGED\n"}, {Do: "exit", N: 1}}, well(3)},
		upTo(2, 3), []string{"+not_root", "-not_root"},
	},
	{
		"too many clients", plan{{{Do: "stderr", Text: token + "TOO_MANY_CLIENTS\n"}, {Do: "exit", N: 1}}, well(3)},
		upTo(2, 3), []string{"+too_many_clients", "-too_many_clients"},
	},
	{
		"a new stream with numbers from 0", plan{{{Do: "hooks", N: 3}, {Do: "stream"}, {Do: "hooks", N: 3}, {Do: "serve"}}},
		upTo(1, 6), nil,
	},
	{
		"a gap", plan{{{Do: "hooks", N: 2}, {Do: "lose", N: 5}, {Do: "hooks", N: 3}, {Do: "trickle"}}},
		upTo(1, 5), []string{"+gap", "-gap"},
	},
}

// TestRecovery runs the agent against each way in which eslogger can fail. The log must
// tell of it as it begins and as it ends, and hold an alert for every hook command.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for _, tt := range troubles {
		t.Run(tt.name, func(t *testing.T) {
			s, o := setUp(t, tt.plan)
			s.start(t, o)
			s.until(t, "all alerts", func(list []*alert.Alert) bool {
				return len(hooks(list)) >= len(tt.values) && len(states(list)) >= len(tt.states)
			})
			s.stop(t)
			list := alerts(t, s.log)
			if got := hooks(list); !slices.Equal(got, tt.values) {
				t.Errorf("hooks: got %q, want %q", got, tt.values)
			}
			if got := states(list); !slices.Equal(got, tt.states) {
				t.Errorf("states: got %q, want %q", got, tt.states)
			}
			checkStates(t, list)
		})
	}
}

// TestStopped is an eslogger that was stopped by a signal: it lives and says nothing. It is
// replaced, and the next one's canary ends the state.
func TestStopped(t *testing.T) {
	s, o := setUp(t, plan{{{Do: "hooks", N: 2}, {Do: "stop"}}, well(3)})
	o.Config.CanaryInterval = 100 * time.Millisecond
	o.Timing.CanaryTimeout, o.Timing.CanaryRepeat = 1500*time.Millisecond, 50*time.Millisecond
	s.start(t, o)
	// A start that is slower than the canary's timeout is replaced, too, and the next
	// writes the same commands under its own number.
	s.until(t, "the end of blindness", func(list []*alert.Alert) bool {
		got := states(list)
		return len(got) > 0 && got[len(got)-1] == "-blind" && len(hooks(list)) >= 5
	})
	s.stop(t)
	list := alerts(t, s.log)
	if got, want := hooks(list), append(upTo(1, 2), upTo(2, 3)...); !slices.Equal(got[:len(want)], want) {
		t.Errorf("hooks: got %q, want first %q", got, want)
	}
	if got, want := states(list), []string{"+blind", "-blind"}; !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
	if status, err := health.ReadStatus(o.Config.StateDir); err != nil || len(status.Health.Conditions) > 0 {
		t.Errorf("status: got conditions %+v, error %v; want none, as a canary came back", status.Health.Conditions, err)
	}
	checkStates(t, list)
}

// TestNotStarted is an agent whose eslogger is missing: it says so, and goes on trying.
func TestNotStarted(t *testing.T) {
	s, o := setUp(t, plan{well(3)})
	program := o.Config.EsloggerPath
	o.Config.EsloggerPath = program + ".later"
	s.start(t, o)
	s.until(t, "the begin of the state", func(list []*alert.Alert) bool { return len(states(list)) > 0 })
	place(t, o.Config.EsloggerPath, "#!/bin/sh\nexec '"+program+"'\n", 0o700)
	s.until(t, "all alerts", func(list []*alert.Alert) bool { return len(hooks(list)) == 3 && len(states(list)) == 2 })
	s.stop(t)
	list := alerts(t, s.log)
	if got, want := states(list), []string{"+not_started", "-not_started"}; !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
	checkStates(t, list)
}

// TestFaultyConfiguration is an agent that was configured wrongly: it watches all the same,
// and says so for as long as it runs.
func TestFaultyConfiguration(t *testing.T) {
	s, o := setUp(t, plan{well(3)})
	o.Config.DisabledRules = []string{"no-such-rule", "hook-removed"}
	o.Config.Outputs = append(o.Config.Outputs, config.Output{Name: "far", Type: "https", URL: "http://collector.example/", MinSeverity: "low", Enabled: true})
	s.start(t, o)
	list := s.until(t, "all alerts", func(list []*alert.Alert) bool { return len(hooks(list)) == 3 && len(states(list)) == 2 })
	s.stop(t)
	if got, want := slices.Sorted(slices.Values(states(list))), []string{"+output_failed.far", "+rules"}; !slices.Equal(got, want) {
		t.Fatalf("states: got %q, want %q", got, want)
	}
	want := map[string]string{
		"output_failed.far": `far: URL: expected https: plain http goes to a loopback address only, not to "collector.example"`,
		"rules":             `defaults: DisabledRules[0]: no rule has the id "no-such-rule": see hooksnare rules list`,
	}
	for _, a := range list {
		if h := a.Hooksnare.Health; h != nil && h.Detail != want[h.State] {
			t.Errorf("detail: got %q, want %q", h.Detail, want[h.State])
		}
	}
}

// TestRepeats gives the count of repeats at the end, at the latest.
func TestRepeats(t *testing.T) {
	s, o := setUp(t, plan{{{Do: "hooks", N: 1}, {Do: "again", N: 4}, {Do: "hooks", N: 1}, {Do: "serve"}}})
	s.start(t, o)
	s.until(t, "both alerts", func(list []*alert.Alert) bool { return len(hooks(list)) == 2 })
	s.stop(t)
	// A machine may be too busy to list a folder in time, which is reported, and is none of this.
	list := slices.DeleteFunc(alerts(t, s.log), func(a *alert.Alert) bool { return a.Rule.ID == "preferences-unreadable" })
	if len(list) != 3 {
		t.Fatalf("got %d alerts, want 3:\n%s", len(list), told(list))
	}
	first, update := list[0], list[2]
	if update.Event.ID != first.Event.ID || update.Event.Sequence != 2 || update.Hooksnare.Repeat == nil || update.Hooksnare.Repeat.Count != 4 {
		t.Errorf("update: got id %s, sequence %d, repeat %+v; want %s, 2 and 4 repeats",
			update.Event.ID, update.Event.Sequence, update.Hooksnare.Repeat, first.Event.ID)
	}
}

// TestFullDisk lets the local log grow no further for a while. What could not be written
// waits, and comes in order with the news of the trouble once there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	s, o := setUp(t, plan{{{Do: "hooks", N: 2}, {Do: "await"}, {Do: "hooks", N: 3}, {Do: "serve"}}})
	var own journal
	o.Log = zerolog.New(&own)
	s.start(t, o)
	s.until(t, "the first alerts", func(list []*alert.Alert) bool { return len(hooks(list)) == 2 })
	info, err := os.Stat(s.log)
	if err != nil {
		t.Fatal(err)
	}
	lift := limitFiles(t, info.Size()+100)
	s.letGo(t)
	own.await(t, `"state":"output_failed.file","active":true`)
	if got, err := os.Stat(s.log); err != nil || got.Size() != info.Size() {
		t.Errorf("log on the full disk: got %d bytes, %v; want %d", got.Size(), err, info.Size())
	}
	lift()
	s.until(t, "all alerts", func(list []*alert.Alert) bool { return len(hooks(list)) == 5 && len(states(list)) == 2 })
	s.stop(t)
	list := alerts(t, s.log)
	if got, want := hooks(list), upTo(1, 5); !slices.Equal(got, want) {
		t.Errorf("hooks: got %q, want %q", got, want)
	}
	if got, want := states(list), []string{"+output_failed.file", "-output_failed.file"}; !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
	checkStates(t, list)
}

// limitFiles lets no file of this process grow over so many bytes, until lift is called.
func limitFiles(t *testing.T, size int64) (lift func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	small := old
	small.Cur = uint64(size)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	lift = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(lift)
	return lift
}
