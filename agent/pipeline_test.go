package agent

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/host"
	"hooksnare/agent/judge"
	"hooksnare/agent/offline"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// feed is a synthetic Mac whose every line goes through a pipeline at once.
type feed struct {
	*synthetic.Host
	t        *testing.T
	pipeline *judge.Judge
	decoder  *eslogger.Decoder
	message  eslogger.Message
	got      []*alert.Alert
}

// newFeed starts a pipeline with the built-in rules, the default exceptions and, unless
// change says otherwise, the time of the recording.
func newFeed(t *testing.T, change func(*judge.Options)) *feed {
	t.Helper()
	return feedWith(t, config.Default(), change)
}

func feedWith(t *testing.T, c config.Config, change func(*judge.Options)) *feed {
	t.Helper()
	set, err := ruleset.Load(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &feed{t: t, decoder: new(eslogger.Decoder)}
	o := judge.Options{
		Rules: set.Rules, Exceptions: exceptions.ForEngine(c.Exceptions), Host: host.Identity{ID: "host-1"}, RepeatWindow: time.Hour,
		Emit: func(a *alert.Alert) { f.got = append(f.got, a) },
	}
	if c.Root != "" {
		o.Pins, o.Examine = exceptions.NewPins(c.Root, c.Exceptions), offline.AtOnce(offline.ExaminePrograms(c.Root))
	}
	if change != nil {
		change(&o)
	}
	f.pipeline, err = judge.New(o)
	must(t, err)
	f.Host = synthetic.New(f, synthetic.Options{})
	f.Shell()
	return f
}

// Write takes a line of the Mac.
func (f *feed) Write(line []byte) (int, error) {
	if err := f.decoder.Decode(slices.Clone(line), &f.message); err != nil {
		f.t.Fatalf("line %q: %v", line, err)
	}
	f.pipeline.HandleMessage(&f.message)
	return len(line), nil
}

// defaults runs the tool, by the user in the terminal.
func (f *feed) defaults(args ...string) {
	f.Run(f.Shell(), synthetic.Spec{Path: "/usr/bin/defaults", Args: append([]string{"defaults"}, args...)})
}

func (f *feed) set(value string) {
	f.defaults("write", "com.apple.loginwindow", "LoginHook", value)
}

// take returns the alerts since the last call, in short.
func (f *feed) take() []string {
	var out []string
	for _, a := range f.got {
		s := fmt.Sprintf("%s #%d", a.Rule.ID, a.Event.Sequence)
		if h := a.Hooksnare.Hook; h != nil && h.Value != nil {
			s += " " + *h.Value
		}
		if r := a.Hooksnare.Repeat; r != nil {
			s += fmt.Sprintf(" again %d", r.Count)
		}
		if h := a.Hooksnare.HeldBack; h != nil {
			s += fmt.Sprintf(" held %d of max %d", h.Count, h.MaxSignals)
		}
		if h := a.Hooksnare.Health; h != nil {
			s += fmt.Sprintf(" %s %v", h.State, h.Active)
		}
		out = append(out, s)
	}
	f.got = nil
	return out
}

func (f *feed) expect(what string, want ...string) {
	f.t.Helper()
	if err := f.Err(); err != nil {
		f.t.Fatal(err)
	}
	if got := f.take(); !slices.Equal(got, want) {
		f.t.Errorf("%s: got\n\t%s\nwant\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// TestPipelineLate has a rule find that nothing follows a command that sets a hook, which the
// time of a recording alone shows.
func TestPipelineLate(t *testing.T) {
	c := config.Default()
	c.RuleDirectories = []string{t.TempDir()}
	layRule(t, c.RuleDirectories[0], "site", "high",
		`sequence by process.entity_id with maxspan=5s [process where hooksnare.hook.operation == "set"] ![process where process.name == "never"]`)
	f := feedWith(t, c, nil)
	f.set("/tmp/a")
	f.expect("at once", "hook-set #1 /tmp/a")
	f.Advance(10 * time.Second)
	f.defaults("read", "com.apple.dock")
	f.expect("later", "site #1 /tmp/a")
}

func TestPipelineRepeats(t *testing.T) {
	f := newFeed(t, nil)
	for range 5 {
		f.set("/tmp/a")
	}
	f.expect("the same five times", "hook-set #1 /tmp/a")
	f.set("/tmp/b")
	f.defaults("write", "com.apple.loginwindow", "LogoutHook", "/tmp/a")
	f.defaults("write", "/Library/Preferences/com.apple.loginwindow", "LoginHook", "/tmp/a")
	f.Run(f.Shell(), synthetic.Spec{
		Path: "/tmp/defaults", SigningID: "com.apple.defaults", Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/a"},
	})
	f.expect("another value, key, file, program",
		"hook-set #1 /tmp/b", "hook-set #1 /tmp/a", "hook-set #1 /tmp/a", "hook-set #1 /tmp/a")
	f.set("/tmp/b")
	f.Advance(2 * time.Hour)
	f.set("/tmp/a")
	f.expect("after the window", "hook-set #2 /tmp/a again 4", "hook-set #2 /tmp/b again 1", "hook-set #1 /tmp/a")
	f.set("/tmp/a")
	f.pipeline.Close()
	f.expect("at the end", "hook-set #2 /tmp/a again 1")
	if got := f.pipeline.Counts(); got.Alerts != 9 || got.Repeated != 6 {
		t.Errorf("counts: got %+v, want 9 alerts and 6 repeats", got)
	}
}

// TestPipelineUpdate looks at an update: the alert it is of by its id, and nothing of it
// changed but what is new.
func TestPipelineUpdate(t *testing.T) {
	f := newFeed(t, nil)
	f.set("/tmp/a")
	f.Advance(time.Minute)
	f.set("/tmp/a")
	f.pipeline.Close()
	if len(f.got) != 2 {
		t.Fatalf("got %d alerts, want 2", len(f.got))
	}
	a, u := f.got[0], f.got[1]
	if u.Event.ID != a.Event.ID || u.Event.Sequence != 2 || u.Event.End == nil || !u.Event.End.After(a.Event.Start.Time) {
		t.Errorf("update's event: got %+v, of %+v", u.Event, a.Event)
	}
	if got, want := u.Message, a.Message+" (once more)"; got != want {
		t.Errorf("update's message: got %q, want %q", got, want)
	}
	if a.Event.Sequence != 1 || a.Hooksnare.Repeat != nil || a.Hooksnare.Evidence == nil || a.Event.End != nil {
		t.Errorf("the alert itself was changed: %+v", a)
	}
	if p := u.Process; p == nil || !slices.Equal(p.Args, a.Process.Args) || p.PID != a.Process.PID || p.CommandLine != a.Process.CommandLine {
		t.Errorf("update's process: got %+v, want that of the alert", u.Process)
	}
	if got := u.Hooksnare.Hook; got == nil || got.Plist != a.Hooksnare.Hook.Plist || u.Hooksnare.Remediation != a.Hooksnare.Remediation {
		t.Errorf("update's hook: got %+v, want %+v", got, a.Hooksnare.Hook)
	}
}

func TestPipelineMaxSignals(t *testing.T) {
	f := newFeed(t, nil)
	var want []string
	for i := range 150 {
		f.set(fmt.Sprintf("/tmp/%d", i))
		if i < 100 {
			want = append(want, fmt.Sprintf("hook-set #1 /tmp/%d", i))
		}
	}
	f.expect("150 different values", want...)
	f.defaults("delete", "com.apple.loginwindow", "LoginHook")
	f.expect("another rule", "hook-removed #1")
	f.Advance(6 * time.Minute)
	f.set("/tmp/later")
	f.expect("after five minutes", "hook-set #1 held 50 of max 100", "hook-set #1 /tmp/later")
	f.pipeline.Close()
	f.expect("at the end")
	if got := f.pipeline.Counts(); got.Held != 50 {
		t.Errorf("held back: got %d, want 50", got.Held)
	}
}

func TestPipelineConditions(t *testing.T) {
	f := newFeed(t, nil)
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	begin := func(name string, at time.Time) { f.pipeline.Condition(name, "why", true, at, time.Time{}) }
	end := func(name string, at time.Time) { f.pipeline.Condition(name, "over", false, since, at) }
	end("blind", since)
	f.expect("an end without a begin")
	begin("blind", since)
	begin("blind", since.Add(time.Second))
	f.expect("a begin, and again", "sensor-degraded #1 blind true")
	begin("gap", since)
	end("blind", since.Add(90*time.Second))
	f.expect("another, and the end of the first", "sensor-degraded #1 gap true", "sensor-degraded #2 blind false")
	begin("blind", since.Add(2*time.Minute))
	for i := range 150 { // conditions are told however many they are
		begin(fmt.Sprintf("output_failed.%d", i), since)
	}
	if got := f.take(); len(got) != 151 || got[0] != "sensor-degraded #1 blind true" {
		t.Errorf("more conditions: got %d alerts, want 151", len(got))
	}
	f.pipeline.Close()
	end("gap", since)
	begin("late", since)
	f.expect("after the end")
}

// TestPipelineConditionMessages looks at the words and ids of a condition.
func TestPipelineConditionMessages(t *testing.T) {
	f := newFeed(t, nil)
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for i := range 2 {
		at := since.Add(time.Duration(i) * time.Hour)
		f.pipeline.HandleState(eslogger.State{Name: eslogger.Blind, On: true, Since: at, Detail: "none of 3 canaries was seen"})
		f.pipeline.HandleState(eslogger.State{Name: eslogger.Blind, Since: at, Until: at.Add(90 * time.Second), Detail: "none of 3 canaries was seen"})
	}
	const name = "Sensor blind or degraded: "
	var got []string
	for _, a := range f.got {
		got = append(got, a.Message)
	}
	want := []string{name + "blind: none of 3 canaries was seen", name + "blind has ended after 1m30s"}
	if want = append(want, want...); !slices.Equal(got, want) {
		t.Fatalf("messages: got %q, want %q", got, want)
	}
	if a, b := f.got[0].Event.ID, f.got[2].Event.ID; a != f.got[1].Event.ID || b != f.got[3].Event.ID || a == b {
		t.Errorf("ids: got %s, %s, %s, %s; want one for each time", a, f.got[1].Event.ID, b, f.got[3].Event.ID)
	}
}

// TestPipelineTwoHealthRules has a rule of the site beside the built-in one: both alerts
// are updated as the condition ends.
func TestPipelineTwoHealthRules(t *testing.T) {
	c := config.Default()
	c.RuleDirectories = []string{t.TempDir()}
	layRule(t, c.RuleDirectories[0], "site", "critical", `any where hooksnare.health.state == "blind"`)
	f := feedWith(t, c, nil)
	f.pipeline.Condition("blind", "why", true, time.Unix(1, 0), time.Time{})
	f.pipeline.Condition("blind", "over", false, time.Unix(1, 0), time.Unix(2, 0))
	f.expect("both rules", "sensor-degraded #1 blind true", "site #1 blind true", "sensor-degraded #2 blind false", "site #2 blind false")
}

func TestPipelineLatency(t *testing.T) {
	for _, live := range []bool{false, true} {
		f := newFeed(t, func(o *judge.Options) { o.Now = map[bool]func() time.Time{true: time.Now}[live] })
		f.set("/tmp/a")
		f.set("/tmp/a")
		f.pipeline.Close()
		if len(f.got) != 2 {
			t.Fatalf("live %v: got %d alerts, want 2", live, len(f.got))
		}
		if got := f.got[0].Hooksnare.LatencyMS; (got != nil) != live {
			t.Errorf("live %v: got latency %v", live, got)
		}
		if got := f.got[1].Hooksnare.LatencyMS; got != nil {
			t.Errorf("live %v: got latency %v of an update, want none", live, *got)
		}
		if created, at := f.got[0].Event.Created, f.got[0].Timestamp; created.Equal(at.Time) == live {
			t.Errorf("live %v: got created %v at %v", live, created, at)
		}
	}
}

// TestPipelineIDs has the same event on the same host twice, and others.
func TestPipelineIDs(t *testing.T) {
	id := func(hostID, value string, times int) string {
		f := newFeed(t, func(o *judge.Options) { o.Host = host.Identity{ID: hostID}; o.RepeatWindow = 0 })
		for range times {
			f.set(value)
		}
		return f.got[times-1].Event.ID
	}
	first := id("host-1", "/tmp/a", 1)
	if got := id("host-1", "/tmp/a", 1); got != first {
		t.Errorf("the same event again: got id %s, want %s", got, first)
	}
	for _, other := range []string{id("host-2", "/tmp/a", 1), id("host-1", "/tmp/b", 1), id("host-1", "/tmp/a", 2)} {
		if other == first {
			t.Errorf("another host, value or event: got the same id %s", other)
		}
	}
	f := newFeed(t, nil)
	f.defaults("write", "com.apple.loginwindow", `{LoginHook="/tmp/a";LogoutHook="/tmp/a";}`)
	if len(f.got) != 2 || f.got[0].Event.ID == f.got[1].Event.ID {
		t.Errorf("two hooks set by one command: got %q, want two alerts with ids of their own", f.take())
	}
}
