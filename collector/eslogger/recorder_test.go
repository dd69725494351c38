package eslogger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// patience is how long a test waits for what must come. It is no measure of anything.
const patience = 30 * time.Second

// recorder is the agent of these tests.
type recorder struct {
	mu     sync.Mutex
	inside bool
	marks  []string // of the commands, in order
	states []eslogger.State
	err    error
	news   chan struct{}
	pause  time.Duration // for each event
}

func newRecorder() *recorder { return &recorder{news: make(chan struct{}, 1)} }

// enter notes calls that overlap.
func (r *recorder) enter() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inside {
		r.err = fmt.Errorf("a handler's call began within another")
	}
	r.inside = true
}

func (r *recorder) leave(f func()) {
	r.mu.Lock()
	f()
	r.inside = false
	r.mu.Unlock()
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *recorder) HandleMessage(m *eslogger.Message) {
	r.enter()
	if r.pause > 0 {
		time.Sleep(r.pause)
	}
	r.leave(func() {
		if m.Kind == event.ExecKind && string(m.Target.Executable) == "/bin/echo" && len(m.Args) == 2 {
			r.marks = append(r.marks, string(m.Args[1]))
		}
	})
}

func (r *recorder) HandleState(st eslogger.State) {
	r.enter()
	r.leave(func() { r.states = append(r.states, st) })
}

// until waits until done holds; it is called with the recorder locked.
func (r *recorder) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		r.mu.Lock()
		ok := done()
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.news:
		case <-time.After(20 * time.Millisecond): // for what is seen elsewhere
		case <-limit:
			t.Fatalf("waited %v for %s; states %v, %d commands", patience, what, r.transcript(), len(r.seen()))
		}
	}
}

// transcript is the states as +begin and -end.
func (r *recorder) transcript() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, st := range r.states {
		sign := "-"
		if st.On {
			sign = "+"
		}
		out = append(out, sign+string(st.Name))
	}
	return out
}

func (r *recorder) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.marks)
}

// detail returns the details of a condition, of its begins and ends.
func (r *recorder) detail(name eslogger.Condition) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, st := range r.states {
		if st.Name == name {
			out = append(out, st.Detail)
		}
	}
	return strings.Join(out, "\n")
}

// upTo is the marks of n commands of one start of the stand-in.
func upTo(start, n int) []string {
	var out []string
	for i := 1; i <= n; i++ {
		out = append(out, fmt.Sprintf("%d.%d", start, i))
	}
	return out
}

// session is a source that runs.
type session struct {
	*recorder
	source *eslogger.Source
	cancel context.CancelFunc
	done   chan error
	dir    string
}

// quick are short waits, but for the grace: a machine may be too busy to end a process at once.
func quick() eslogger.Options {
	return eslogger.Options{Timing: eslogger.Timing{
		BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond, RetryDenied: 5 * time.Millisecond,
		StopGrace: time.Second, GapHold: time.Millisecond,
	}}
}

// start runs a source against a stand-in.
func start(t *testing.T, p plan, change func(o *eslogger.Options, dir string)) *session {
	t.Helper()
	dir, program, canary := standIn(t, p)
	o := quick()
	o.Path, o.CanaryPath = program, canary
	if change != nil {
		change(&o, dir)
	}
	return startWith(t, dir, o, newRecorder())
}

func startWith(t *testing.T, dir string, o eslogger.Options, r *recorder) *session {
	t.Helper()
	threads, files := runtime.NumGoroutine(), openFiles(t)
	s, err := eslogger.New(o, r)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ss := &session{recorder: r, source: s, cancel: cancel, done: make(chan error, 1), dir: dir}
	go func() { ss.done <- s.Run(ctx) }()
	t.Cleanup(func() {
		ss.stop(t)
		leaks(t, threads, files)
	})
	return ss
}

// stop ends the source; a second call does nothing.
func (s *session) stop(t *testing.T) {
	t.Helper()
	s.cancel()
	select {
	case err, ok := <-s.done:
		if ok && err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
		if ok {
			close(s.done)
		}
	case <-time.After(patience):
		t.Fatal("Run did not return after its context was done")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		t.Error(s.err)
	}
}

// started returns the process ids of the stand-in's starts.
func (s *session) started(t *testing.T) []int {
	t.Helper()
	var pids []int
	for n := 1; ; n++ {
		b, err := os.ReadFile(filepath.Join(s.dir, "start."+strconv.Itoa(n)))
		if err != nil {
			return pids
		}
		pid, _ := strconv.Atoi(string(b))
		pids = append(pids, pid)
	}
}

// openFiles counts this process's descriptors; 0 where that can't be told.
func openFiles(t *testing.T) int {
	t.Helper()
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// leaks waits until nothing more is there than before.
func leaks(t *testing.T, threads, files int) {
	t.Helper()
	limit := time.Now().Add(patience)
	for time.Now().Before(limit) {
		if runtime.NumGoroutine() <= threads && openFiles(t) <= files {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("after Run: %d goroutines, before %d; %d descriptors, before %d\n%s", runtime.NumGoroutine(), threads,
		openFiles(t), files, stacks[:runtime.Stack(stacks, true)])
}
