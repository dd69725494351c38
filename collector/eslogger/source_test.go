package eslogger_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/collector/eslogger"
)

// well is a start that goes well: commands, then canaries until the end.
func well(commands int) []act { return []act{{Do: "events", N: commands}, {Do: "serve"}} }

// TestRecovery runs the source against each way in which eslogger can fail. All that was
// written completely must arrive, and so must all that a later start writes.
func TestRecovery(t *testing.T) {
	const token = "ES_NEW_CLIENT_RESULT_ERR_"
	tests := []struct {
		name   string
		plan   plan
		marks  []string
		states []string
		detail string // in the details of the first state
		stats  func(eslogger.Stats) bool
	}{
		{
			name: "a normal stream", plan: plan{well(50)}, marks: upTo(1, 50),
			stats: func(s eslogger.Stats) bool {
				return s.Lines == 150 && s.Exec == 50 && s.Fork == 50 && s.Exit == 50 && s.Streams == 1 && s.Starts == 1 && s.Exits == 0
			},
		},
		{
			name: "exits", plan: plan{{{Do: "events", N: 10}, {Do: "exit", N: 3}}, well(20)},
			marks:  append(upTo(1, 10), upTo(2, 20)...),
			states: []string{"+eslogger_exited", "-eslogger_exited"}, detail: "exit status 3",
			stats: func(s eslogger.Stats) bool { return s.Starts == 2 && s.Exits == 1 && s.Streams == 2 && s.Dropped == 0 },
		},
		{
			name: "exits at once, many times", plan: plan{nil, nil, nil, nil, well(5)}, marks: upTo(5, 5),
			states: []string{"+eslogger_exited", "-eslogger_exited"}, detail: "exit status 0",
			stats: func(s eslogger.Stats) bool { return s.Starts == 5 && s.Exits == 4 },
		},
		{
			name: "is killed", plan: plan{{{Do: "events", N: 10}, {Do: "kill"}}, well(20)},
			marks:  append(upTo(1, 10), upTo(2, 20)...),
			states: []string{"+eslogger_exited", "-eslogger_exited"}, detail: "signal: killed",
		},
		{
			name: "is killed and leaves an heir of its pipes",
			plan: plan{{{Do: "events", N: 10}, {Do: "heir"}, {Do: "kill"}}, well(20)}, marks: append(upTo(1, 10), upTo(2, 20)...),
			states: []string{"+eslogger_exited", "-eslogger_exited"}, detail: "signal: killed",
		},
		{
			name: "closes its output and stays", plan: plan{{{Do: "events", N: 10}, {Do: "close"}, {Do: "hang"}}, well(20)},
			marks:  append(upTo(1, 10), upTo(2, 20)...),
			states: []string{"+eslogger_exited", "-eslogger_exited"}, detail: "closed its output",
		},
		{
			name: "prints garbage, then goes on",
			plan: plan{{{Do: "events", N: 2}, {Do: "stdout", Text: "\x00\xff{]garbage\n", N: 100}, {Do: "events", N: 100}, {Do: "serve"}}},
			// 256 usual lines in succession are 86 commands.
			marks: upTo(1, 102), states: []string{"+schema_unknown", "-schema_unknown"}, detail: "byte",
			stats: func(s eslogger.Stats) bool { return s.Malformed == 100 && s.Lines == 406 && s.Starts == 1 },
		},
		{
			name:  "a line of 20 MiB",
			plan:  plan{{{Do: "events", N: 5}, {Do: "long", N: 20 << 20}, {Do: "events", N: 5}, {Do: "serve"}}},
			marks: upTo(1, 10),
			stats: func(s eslogger.Stats) bool { return s.TooLong == 1 && s.Malformed == 0 && s.Starts == 1 },
		},
		{
			name:  "half a line, then dies",
			plan:  plan{{{Do: "events", N: 5}, {Do: "stdout", Text: `{"version":10,"ev`}, {Do: "kill"}}, well(5)},
			marks: append(upTo(1, 5), upTo(2, 5)...), states: []string{"+eslogger_exited", "-eslogger_exited"},
			detail: "17 bytes of an unfinished line",
			stats:  func(s eslogger.Stats) bool { return s.Cuts == 1 && s.LastCut == 17 && s.Malformed == 0 },
		},
		{
			name:   "no Full Disk Access",
			plan:   plan{{{Do: "stderr", Text: "Not permitted to create an ES Client: " + token + "NOT_PERMITTED\n"}, {Do: "exit", N: 1}}, well(5)},
			marks:  upTo(2, 5),
			states: []string{"+no_full_disk_access", "-no_full_disk_access"}, detail: token + "NOT_PERMITTED",
		},
		{
			name: "not root, no end of line", plan: plan{{{Do: "stderr", Text: token + "NOT_PRIVILEGED"}, {Do: "exit", N: 1}}, well(5)},
			marks:  upTo(2, 5),
			states: []string{"+not_root", "-not_root"}, detail: "exit status 1",
		},
		{
			name: "not entitled", plan: plan{{{Do: "stderr", Text: token + "NOT_ENTITLED\n"}, {Do: "exit", N: 1}}, well(5)},
			marks: upTo(2, 5), states: []string{"+not_entitled", "-not_entitled"},
		},
		{
			name: "too many clients", plan: plan{{{Do: "stderr", Text: token + "TOO_MANY_CLIENTS\n"}, {Do: "exit", N: 1}}, well(5)},
			marks: upTo(2, 5), states: []string{"+too_many_clients", "-too_many_clients"},
		},
		{
			name:  "an unknown event, then no grant",
			plan:  plan{{{Do: "stderr", Text: "Failed to parse event types\n"}, {Do: "exit", N: 64}}, {{Do: "stderr", Text: token + "NOT_PERMITTED\n"}}, well(5)},
			marks: upTo(3, 5), states: []string{"+unknown_event", "+no_full_disk_access", "-unknown_event", "-no_full_disk_access"},
		},
		{
			name: "control characters on standard error", plan: plan{{{Do: "stderr", Text: "\x1b[31m\r\x00\u202e\n"}, {Do: "exit", N: 1}}, well(5)},
			marks:  upTo(2, 5),
			states: []string{"+eslogger_exited", "-eslogger_exited"}, detail: `stderr: \x1b[31m\r\x00\u202e`,
		},
		{
			name: "a flood on standard error", plan: plan{{{Do: "flood"}, {Do: "events", N: 50}, {Do: "serve"}}}, marks: upTo(1, 50),
		},
		{
			name:  "a new stream within one output",
			plan:  plan{{{Do: "events", N: 5}, {Do: "stream"}, {Do: "events", N: 5}, {Do: "serve"}}},
			marks: upTo(1, 10),
			stats: func(s eslogger.Stats) bool { return s.Streams == 2 && s.Dropped == 0 && s.Starts == 1 },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, tt.plan, nil)
			s.until(t, "all commands and states", func() bool { return len(s.marks) >= len(tt.marks) && len(s.states) >= len(tt.states) })
			s.stop(t)
			dropHeir(t, s.dir)
			if got := s.seen(); !slices.Equal(got, tt.marks) {
				t.Errorf("commands: got %q, want %q", got, tt.marks)
			}
			if got := s.transcript(); !slices.Equal(got, tt.states) {
				t.Errorf("states: got %q, want %q", got, tt.states)
			}
			if left := s.source.States(); len(left) != 0 {
				t.Errorf("states left on: %+v", left)
			}
			checkStates(t, s.recorder, tt.detail)
			if got := s.source.Stats(); tt.stats != nil && !tt.stats(got) {
				t.Errorf("stats: got %+v", got)
			}
		})
	}
}

// checkStates checks what holds for all states, and that the first one's details name the reason.
func checkStates(t *testing.T, r *recorder, detail string) {
	t.Helper()
	for _, st := range r.states {
		if st.Since.IsZero() || st.On != st.Until.IsZero() || st.Detail == "" || len(st.Detail) > 600 {
			t.Errorf("state: got %+v, want a begin, an end only when it is over, and a detail of at most 600 bytes", st)
		}
		if i := strings.IndexFunc(st.Detail, func(c rune) bool { return c < ' ' || c > '~' }); i >= 0 {
			t.Errorf("detail %q: byte %d is not printable ASCII", st.Detail, i)
		}
	}
	if detail == "" {
		return
	}
	if got := r.detail(r.states[0].Name); !strings.Contains(got, detail) {
		t.Errorf("details of %s: got %q, want one with %q", r.states[0].Name, got, detail)
	}
}

// dropHeir ends the process that a stand-in left behind, if it did.
func dropHeir(t *testing.T, dir string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, heirFile))
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(string(b)); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func TestGap(t *testing.T) {
	s := start(t, plan{{{Do: "events", N: 2}, {Do: "lose", N: 3}, {Do: "events", N: 2}, {Do: "trickle"}}}, nil)
	s.until(t, "the end of the gap", func() bool { return len(s.states) == 2 })
	s.stop(t)
	if got, want := s.transcript(), []string{"+gap", "-gap"}; !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
	if got := s.states[1]; got.Count != 9 || !strings.Contains(got.Detail, "9 events lost after global_seq_num 5") {
		t.Errorf("gap: got %+v, want 9 events lost after number 5", got)
	}
	if got := s.source.Stats(); got.Dropped != 9 || got.Jumps != 0 {
		t.Errorf("stats: got dropped %d, jumps %d, want 9 and 0", got.Dropped, got.Jumps)
	}
}

func TestGapNotBelieved(t *testing.T) {
	s := start(t, plan{{{Do: "events", N: 2}, {Do: "jump"}, {Do: "events", N: 2}, {Do: "trickle"}}}, nil)
	s.until(t, "the end of the gap", func() bool { return len(s.states) == 2 })
	s.stop(t)
	if got := s.states[0]; got.Count != 0 || !strings.Contains(got.Detail, "from 5 to 1152921504606846976, too far") {
		t.Errorf("gap: got %+v, want a jump that is told and not counted", got)
	}
	if got := s.source.Stats(); got.Dropped != 0 || got.Jumps != 1 {
		t.Errorf("stats: got dropped %d, jumps %d, want 0 and 1", got.Dropped, got.Jumps)
	}
}

// TestLinesThatAreLost says that an event on a line that can't be read is a lost event.
func TestLinesThatAreLost(t *testing.T) {
	s := start(t, plan{{{Do: "events", N: 2}, {Do: "lose", N: 1}, {Do: "long", N: 9 << 20}, {Do: "events", N: 2}, {Do: "serve"}}}, nil)
	s.until(t, "the commands", func() bool { return len(s.marks) == 4 })
	s.stop(t)
	if got := s.source.Stats(); got.Dropped != 3 || got.TooLong != 1 {
		t.Errorf("stats: got dropped %d, too long %d, want 3 and 1", got.Dropped, got.TooLong)
	}
}

// TestSurroundings looks at eslogger from within.
func TestSurroundings(t *testing.T) {
	t.Setenv("HOOKSNARE_SECRET", "not for others")
	s := start(t, plan{{{Do: "report"}, {Do: "events", N: 1}, {Do: "serve"}}}, nil)
	s.until(t, "a command", func() bool { return len(s.marks) == 1 })
	s.stop(t)
	var got report
	b, err := os.ReadFile(filepath.Join(s.dir, reportFile))
	if err == nil {
		err = json.Unmarshal(b, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got.Session != got.PID || got.Group != got.PID {
		t.Errorf("session %d, group %d: want those of the process itself, %d", got.Session, got.Group, got.PID)
	}
	if want := []string{"exec", "fork", "exit"}; !slices.Equal(got.Args, want) {
		t.Errorf("arguments: got %q, want %q", got.Args, want)
	}
	// The shell that wraps the stand-in sets the others.
	for _, e := range got.Env {
		if name, _, _ := strings.Cut(e, "="); !slices.Contains([]string{"PATH", "PWD", "OLDPWD", "SHLVL", "_", standInFolder}, name) {
			t.Errorf("environment: got %q, want the path alone", e)
		}
	}
	if got.Stdin != "EOF" || got.Folder != "/" {
		t.Errorf("input %q, folder %q: want EOF and /", got.Stdin, got.Folder)
	}
}

func TestNotStarted(t *testing.T) {
	tests := []struct {
		name        string
		spoil, mend func(t *testing.T, program string)
		why         string
	}{
		{
			name:  "missing",
			spoil: func(t *testing.T, p string) { rename(t, p, p+".away") },
			mend:  func(t *testing.T, p string) { rename(t, p+".away", p) },
			why:   "no such file",
		},
		{
			name:  "not executable",
			spoil: func(t *testing.T, p string) { chmod(t, p, 0o600) },
			mend:  func(t *testing.T, p string) { chmod(t, p, 0o700) },
			why:   "permission denied",
		},
		{
			name:  "a folder",
			spoil: func(t *testing.T, p string) { rename(t, p, p+".away"); mkdir(t, p) },
			mend:  func(t *testing.T, p string) { rename(t, p, p+".folder"); rename(t, p+".away", p) },
			why:   "permission denied",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, program, _ := standIn(t, plan{well(3)})
			tt.spoil(t, program)
			o := quick()
			o.Path = program
			s := startWith(t, dir, o, newRecorder())
			s.until(t, "the state", func() bool { return len(s.states) == 1 })
			tt.mend(t, program)
			s.until(t, "the commands", func() bool { return len(s.marks) == 3 })
			s.stop(t)
			if got, want := s.transcript(), []string{"+not_started", "-not_started"}; !slices.Equal(got, want) {
				t.Errorf("states: got %q, want %q", got, want)
			}
			checkStates(t, s.recorder, tt.why)
		})
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestStop ends eslogger in all the ways in which it may resist.
func TestStop(t *testing.T) {
	tests := []struct {
		name string
		acts []act
		more int // commands that it writes after it was told to end
	}{
		{"at once", []act{{Do: "events", N: 1}, {Do: "serve"}}, 0},
		{"after a farewell", []act{{Do: "farewell", N: 200}}, 200},
		{"deaf to INT and TERM", []act{{Do: "deaf"}, {Do: "events", N: 1}, {Do: "serve"}}, 0},
		{"stopped", []act{{Do: "events", N: 1}, {Do: "stop"}}, 0},
		{"within a line", []act{{Do: "events", N: 1}, {Do: "stdout", Text: `{"half":`}, {Do: "hang"}}, 0},
		{"writing without end", []act{{Do: "events", N: 1}, {Do: "flood"}, {Do: "trickle"}}, -1},
		{"with an heir", []act{{Do: "deaf"}, {Do: "heir"}, {Do: "events", N: 1}, {Do: "hang"}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, plan{tt.acts}, func(o *eslogger.Options, _ string) {
				if tt.more > 0 {
					o.Timing.StopGrace = patience // for what it has to say
				}
			})
			s.until(t, "the first command", func() bool { return len(s.marks) > 0 })
			s.stop(t)
			if got := s.seen(); tt.more >= 0 && !slices.Equal(got, upTo(1, 1+tt.more)) {
				t.Errorf("commands: got %q, want %d", got, 1+tt.more)
			}
			if got := s.transcript(); len(got) != 0 {
				t.Errorf("states: got %q, want none: it was told to end", got)
			}
			for _, pid := range s.started(t) {
				if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
					t.Errorf("eslogger, process %d: signal 0 got %v, want %v", pid, err, syscall.ESRCH)
				}
			}
		})
	}
}

// TestSlowHandler says that no haste of the source loses what eslogger left in the pipe.
func TestSlowHandler(t *testing.T) {
	dir, program, _ := standIn(t, plan{{{Do: "events", N: 20}, {Do: "kill"}}, well(1)})
	o := quick()
	o.Path = program
	r := newRecorder()
	r.pause = 20 * time.Millisecond // 60 events: longer than the wait for a quiet pipe
	s := startWith(t, dir, o, r)
	s.until(t, "all commands", func() bool { return len(s.marks) >= 21 })
	s.stop(t)
	if got, want := s.seen(), append(upTo(1, 20), upTo(2, 1)...); !slices.Equal(got, want) {
		t.Errorf("commands: got %q, want %q", got, want)
	}
}

func TestRunOnce(t *testing.T) {
	s := start(t, plan{well(1)}, nil)
	s.until(t, "a command", func() bool { return len(s.marks) == 1 })
	if err := s.source.Run(context.Background()); err == nil {
		t.Error("a second Run: got nil, want an error")
	}
}
