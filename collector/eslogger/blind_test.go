package eslogger_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/collector/eslogger"
)

// watched sets the canary, with a timeout after which a stand-in counts as silent. It
// is longer than one takes to start on a busy machine; a start that is slower still is
// replaced, and the tests end with the next.
func watched(o *eslogger.Options, _ string) {
	o.CanaryInterval = 100 * time.Millisecond
	o.Timing.CanaryTimeout = 1500 * time.Millisecond
	o.Timing.CanaryRepeat = 50 * time.Millisecond
}

// TestSilent is eslogger that runs and reports nothing, or nothing any more: it is
// replaced, and the next one's canary ends the state.
func TestSilent(t *testing.T) {
	tests := []struct {
		name   string
		first  []act
		marks  []string
		states []string
	}{
		{"from the start", []act{{Do: "hang"}}, upTo(2, 3), []string{"+blind", "-blind"}},
		{"stopped by a signal", []act{{Do: "events", N: 2}, {Do: "stop"}}, append(upTo(1, 2), upTo(2, 3)...), []string{"+blind", "-blind"}},
		{"amid a line", []act{{Do: "stdout", Text: `{"half":`}, {Do: "hang"}}, upTo(2, 3), []string{"+blind", "-blind"}},
		{"deaf too", []act{{Do: "deaf"}, {Do: "hang"}}, upTo(2, 3), []string{"+blind", "-blind"}},
		{
			"complaining and staying", []act{{Do: "stderr", Text: "ES_NEW_CLIENT_RESULT_ERR_NOT_PERMITTED\n"}, {Do: "hang"}}, upTo(2, 3),
			[]string{"+no_full_disk_access", "+blind", "-no_full_disk_access", "-blind"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, plan{tt.first, {{Do: "events", N: 3}, {Do: "serve"}}}, watched)
			s.until(t, "the end of blindness", func() bool {
				n := len(s.states)
				return n > 0 && s.states[n-1].Name == eslogger.Blind && !s.states[n-1].On
			})
			s.stop(t)
			// The later starts write the same commands under their own numbers.
			if got := s.seen(); len(got) < len(tt.marks) || !slices.Equal(got[:len(tt.marks)], tt.marks) {
				t.Errorf("commands: got %q, want %q", got, tt.marks)
			}
			if got := s.transcript(); !slices.Equal(got, tt.states) {
				t.Errorf("states: got %q, want %q", got, tt.states)
			}
			if got := s.source.Stats(); got.Replace == 0 || got.CanariesSeen == 0 || got.CanariesSent <= got.CanariesSeen {
				t.Errorf("stats: got %+v, want a replacement, and canaries of which some were seen", got)
			}
			checkStates(t, s.recorder, "")
		})
	}
}

// TestBlindThoughBusy is eslogger that reports all but the canary: that is told, and
// ends by itself, but eslogger is left alone.
func TestBlindThoughBusy(t *testing.T) {
	s := start(t, plan{{{Do: "trickle"}, {Do: "serve"}}}, func(o *eslogger.Options, dir string) {
		watched(o, dir)
		o.Timing.CanaryTimeout = 300 * time.Millisecond
		// A stand-in that is slow to start must not count as silent.
		write(t, filepath.Join(dir, canaryFile), "", 0o600)
		o.CanaryInterval = 200 * time.Millisecond
	})
	s.until(t, "blindness", func() bool { return len(s.states) == 1 })
	s.until(t, "an unseen round amid other execs", func() bool {
		on := s.source.States()
		return len(on) == 1 && strings.Contains(on[0].Detail, "though")
	})
	starts := len(s.started(t))
	write(t, filepath.Join(s.dir, goFile), "", 0o600)
	s.until(t, "the end of blindness", func() bool { return len(s.states) == 2 })
	s.stop(t)
	if got, want := s.transcript(), []string{"+blind", "-blind"}; !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
	if got := len(s.started(t)); got != starts {
		t.Errorf("starts: got %d, want %d as before: busy, not silent", got, starts)
	}
}

// TestCanaryMissing is a canary that can't be run: the sensor is not proven, which is
// told with its own reason, and is no fault of eslogger's.
func TestCanaryMissing(t *testing.T) {
	s := start(t, plan{{{Do: "events", N: 1}, {Do: "serve"}}}, func(o *eslogger.Options, dir string) {
		watched(o, dir)
		o.Timing.CanaryTimeout = 200 * time.Millisecond
		rename(t, filepath.Join(dir, "canary"), filepath.Join(dir, "away"))
	})
	s.until(t, "blindness", func() bool { return len(s.states) == 1 })
	before := s.source.Stats()
	if !strings.Contains(s.detail(eslogger.Blind), "can't be run: ") || before.CanariesFailed == 0 || before.Replace != 0 {
		t.Errorf("detail %q, stats %+v: want canaries that can't be run, and no replacement", s.detail(eslogger.Blind), before)
	}
	rename(t, filepath.Join(s.dir, "away"), filepath.Join(s.dir, "canary"))
	s.until(t, "the end of blindness", func() bool { return len(s.states) == 2 })
	s.stop(t)
}

// TestCanaryProves says that a canary runs right after the start, comes back, and is
// handed on like any other program.
func TestCanaryProves(t *testing.T) {
	s := start(t, plan{{{Do: "events", N: 1}, {Do: "serve"}}}, func(o *eslogger.Options, dir string) {
		watched(o, dir)
		o.Timing.CanaryTimeout = patience
	})
	s.until(t, "three canaries", func() bool { return s.source.Stats().CanariesSeen >= 3 })
	s.stop(t)
	got := s.source.Stats()
	if len(s.transcript()) != 0 || got.Starts != 1 || got.Exec <= got.CanariesSeen {
		t.Errorf("states %q, stats %+v: want no state, one start, and an exec for each canary", s.transcript(), got)
	}
}

// TestCanaryHangs is a canary that does not end: no second one is run beside it, and it
// does not keep the source from ending.
func TestCanaryHangs(t *testing.T) {
	s := start(t, plan{{{Do: "serve"}}}, func(o *eslogger.Options, dir string) {
		watched(o, dir)
		write(t, filepath.Join(dir, "canary"), "#!/bin/sh\necho $$ $PPID >>'"+filepath.Join(dir, canaryFile)+"'\nexec sleep 600\n", 0o700)
		o.Timing.CanaryTimeout = patience
	})
	s.until(t, "a canary that was not run", func() bool { return s.source.Stats().CanariesFailed > 0 })
	s.stop(t)
}
