package integrity

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/health"
	"hooksnare/pkg/safefile"
)

// world is a disk with the agent's files, watched.
type world struct {
	t     *testing.T
	root  string
	state string
	watch *Watch
	now   time.Time
	got   []string
}

var files = []string{"/Library/program", "/Library/job.plist"}

func newWorld(t *testing.T) *world {
	w := &world{t: t, root: t.TempDir(), now: time.Unix(1_800_000_000, 0)}
	w.state = filepath.Join(w.root, "state")
	if err := os.MkdirAll(w.state, 0o700); err != nil {
		t.Fatal(err)
	}
	w.write(files[0], "one")
	w.write("/rules/a.toml", "a")
	w.open()
	return w
}

func (w *world) report(c health.Condition, detail string, on bool, _, _ time.Time) {
	if on {
		w.got = append(w.got, c.String()+": "+detail)
	}
}

func (w *world) save(name string, b []byte) error {
	return safefile.WriteAtomic(filepath.Join(w.state, name), b, 0o600)
}

func (w *world) open() {
	w.watch = Open(Options{Root: w.root, StateDir: w.state, Files: files, Save: w.save, Report: w.report, Log: zerolog.Nop()})
	w.pass(0)
}

// pass lets time pass, with a look every two seconds.
func (w *world) pass(d time.Duration) {
	for end := w.now.Add(d); ; w.now = w.now.Add(2 * time.Second) {
		w.watch.Check(w.now, func() map[string][]string {
			list, _ := filepath.Glob(filepath.Join(w.root, "rules/*.toml"))
			for i := range list {
				list[i] = strings.TrimPrefix(list[i], w.root)
			}
			return map[string][]string{"/rules": list}
		})
		if !w.now.Before(end) {
			return
		}
	}
}

func (w *world) write(name, content string) {
	w.t.Helper()
	path := filepath.Join(w.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(name string) {
	if err := os.Remove(filepath.Join(w.root, name)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) accept(what ...string) {
	w.t.Helper()
	if err := Accept(w.root, w.state, "install", w.now, nil, what...); err != nil {
		w.t.Fatal(err)
	}
}

// TestChanges changes files of the agent in every way.
func TestChanges(t *testing.T) {
	tests := []struct {
		name string
		does func(w *world)
		want []string // what each alert says
	}{
		{"nothing", func(w *world) {}, nil},
		{"another content", func(w *world) { w.write(files[0], "two") }, []string{`tampered./Library/program: "/Library/program" changed from sha256 7692c3ad`}},
		{"removed", func(w *world) { w.remove(files[0]) }, []string{`was removed`}},
		{"made", func(w *world) { w.write(files[1], "job") }, []string{`"/Library/job.plist" was made`}},
		{"a link", func(w *world) {
			w.write("/other", "one")
			w.remove(files[0])
			if err := os.Symlink("/other", filepath.Join(w.root, files[0])); err != nil {
				w.t.Fatal(err)
			}
		}, []string{"unreadable"}},
		{"the same content again", func(w *world) { w.remove(files[0]); w.write(files[0], "one") }, nil},
		{"by a verb", func(w *world) { w.write(files[0], "two"); w.accept(files[0]) }, nil},
		{"by a verb that notes it late", func(w *world) { w.write(files[0], "two"); w.pass(6 * time.Second); w.accept(files[0]) }, nil},
		{"by a verb, and then by somebody", func(w *world) {
			w.write(files[0], "two")
			w.accept(files[0])
			w.pass(20 * time.Second)
			w.write(files[0], "three")
		}, []string{"changed from sha256 3fc4ccfe"}},
		{"back by hand to what a verb made before", func(w *world) {
			w.write(files[0], "two")
			w.accept(files[0])
			w.pass(20 * time.Second)
			w.write(files[0], "three")
			w.accept(files[0])
			w.pass(20 * time.Second)
			w.open()
			w.write(files[0], "two")
		}, []string{"changed from sha256 8b5b9db0"}},
		{"back by a verb", func(w *world) {
			for _, content := range []string{"two", "one", "two", "one"} {
				w.write(files[0], content)
				w.pass(2 * time.Second)
				w.accept(files[0])
				w.now = w.now.Add(time.Second)
			}
		}, nil},
		{"by a verb that changed another file", func(w *world) { w.write(files[0], "two"); w.accept(files[1]) }, []string{"program"}},
		{"there and back", func(w *world) { w.write(files[0], "two"); w.pass(4 * time.Second); w.write(files[0], "one") },
			[]string{"changed from sha256 7692c3ad", "changed from sha256 3fc4ccfe"}},
		{"a rule", func(w *world) { w.write("/rules/a.toml", "b") }, []string{"tampered./rules: "}},
		{"a rule, noted by a verb", func(w *world) {
			w.write("/rules/a.toml", "b")
			if err := Accept(w.root, w.state, "install", w.now, map[string][]string{"/rules": {"/rules/a.toml"}}); err != nil {
				w.t.Fatal(err)
			}
		}, nil},
		{"one rule more", func(w *world) { w.write("/rules/b.toml", "b") }, []string{"tampered./rules: "}},
		{"while no agent runs", func(w *world) { w.write(files[0], "two"); w.now = w.now.Add(time.Hour); w.open() }, []string{"program"}},
		{"by a verb while no agent runs", func(w *world) { w.write(files[0], "two"); w.accept(files[0]); w.open() }, nil},
		{"changed, and removed while no agent runs", func(w *world) {
			w.write(files[0], "two")
			w.pass(2 * time.Second)
			w.remove(files[0])
			w.open()
		}, []string{"was removed"}},
		{"as it was at the last start", func(w *world) { w.pass(10 * time.Second); w.open() }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.pass(4 * time.Second)
			tt.does(w)
			w.pass(2 * time.Minute)
			w.open() // and once more: each is reported once
			w.pass(2 * time.Minute)
			ok := len(w.got) == len(tt.want)
			for i := range min(len(w.got), len(tt.want)) {
				ok = ok && strings.Contains(w.got[i], tt.want[i])
			}
			if !ok {
				t.Errorf("got %q, want %q", w.got, tt.want)
			}
		})
	}
}

// TestMachine watches the machine's own disk, which has no root folder.
func TestMachine(t *testing.T) {
	w := newWorld(t)
	name := filepath.Join(w.root, "program")
	w.write("program", "one")
	w.watch = Open(Options{StateDir: w.state, Files: []string{name}, Save: w.save, Report: w.report, Log: zerolog.Nop()})
	look := func() { w.watch.Check(w.now, func() map[string][]string { return nil }) }
	look()
	w.write("program", "two")
	look()
	w.now = w.now.Add(patience)
	look()
	if len(w.got) != 1 || !strings.Contains(w.got[0], "changed from sha256 7692c3ad") {
		t.Errorf("got %q, want the change", w.got)
	}
}

// TestHostileState has files in the state folder that no agent wrote.
func TestHostileState(t *testing.T) {
	for _, name := range []string{seenFile, acceptedFile, runFile} {
		for _, content := range []string{"", "x", "[]", "{}", "null", `{"a":1}`, `[1]`, strings.Repeat("[", 10000)} {
			w := newWorld(t)
			w.write("/state/"+name, content)
			w.open()
			ReportStart(w.state, "boot", w.now, w.now, w.report)
			w.write(files[0], "two")
			w.accept(files[0])
			w.pass(time.Minute)
			if len(w.got) > 0 {
				t.Errorf("%s %.20q: got %q, want nothing", name, content, w.got)
			}
		}
	}
}

// TestAcceptedBound notes more than is kept.
func TestAcceptedBound(t *testing.T) {
	w := newWorld(t)
	for range 200 {
		w.accept(Stop)
	}
	if got := len(readAccepted(w.state)); got != maxAccepted {
		t.Errorf("got %d changes kept, want %d", got, maxAccepted)
	}
	if err := Accept(w.root, filepath.Join(w.root, "none"), "install", w.now, nil, Stop); err != nil {
		t.Errorf("without a state folder: got %v, want no error", err)
	}
}

// TestAcceptTogether has verbs note what they did at the same time: none is lost.
func TestAcceptTogether(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := Accept(w.root, w.state, "install", w.now, nil, Stop); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := len(readAccepted(w.state)); got != 20 {
		t.Errorf("got %d changes kept of 20 verbs, want all", got)
	}
}

// TestReportStart starts after every kind of end.
func TestReportStart(t *testing.T) {
	at := func(minutes float64) time.Time {
		return time.Unix(1_800_000_000, 0).Add(time.Duration(minutes * float64(time.Minute)))
	}
	tests := []struct {
		name   string
		before *Run
		boot   string
		stop   float64 // when a verb was about to end it, in minutes; 0 for never
		alive  float64
		start  float64
		want   string
	}{
		{"the first start", nil, "a", 0, 0, 100, ""},
		{"unloaded", &Run{Boot: "a", Ended: at(50)}, "a", 0, 50, 60, "was ended at 2027-01-15 08:50:00Z and did not run until 2027-01-15 09:00:00Z"},
		{"ended, and started again at once", &Run{Boot: "a", Ended: at(50)}, "a", 0, 50, 50.2, "was ended"},
		{"stopped by a verb", &Run{Boot: "a", Ended: at(50)}, "a", 49.9, 50, 60, ""},
		{"a verb was at work long before", &Run{Boot: "a", Ended: at(50)}, "a", 40, 50, 60, "was ended"},
		{"a verb was at work later", &Run{Boot: "a", Ended: at(50)}, "a", 55, 50, 60, "was ended"},
		{"a verb ended the run before", &Run{Boot: "a", Started: at(49.95), Ended: at(50)}, "a", 49.9, 50, 60, "was ended"},
		{"by itself", &Run{Boot: "a", Ended: at(50), Itself: true}, "a", 0, 50, 60, ""},
		{"the Mac was restarted", &Run{Boot: "a", Ended: at(50)}, "b", 0, 50, 60, ""},
		{"the Mac lost its power", &Run{Boot: "a"}, "b", 0, 50, 60, ""},
		{"killed, and launchd started it again", &Run{Boot: "a"}, "a", 0, 59.5, 60, ""},
		{"killed before it wrote a status", &Run{Boot: "a", Started: at(59.9)}, "a", 0, 10, 60, ""},
		{"stopped by a verb after the clock was set back", &Run{Boot: "a", Started: at(55), Ended: at(50)}, "a", 49.9, 50, 60, ""},
		{"ended after the clock was set back", &Run{Boot: "a", Started: at(55), Ended: at(50)}, "a", 0, 50, 60, "was ended"},
		{"killed, and not started again", &Run{Boot: "a"}, "a", 0, 50, 60, "was killed after 2027-01-15 08:50:00Z"},
		{"killed as a verb stopped it", &Run{Boot: "a"}, "a", 49.5, 50, 60, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				if err := tt.before.Write(w.save); err != nil {
					t.Fatal(err)
				}
			}
			if w.now = at(tt.stop); tt.stop > 0 {
				w.accept(Stop)
			}
			ReportStart(w.state, tt.boot, at(tt.alive), at(tt.start), w.report)
			if got := fmt.Sprint(w.got); (len(w.got) > 0) != (tt.want != "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", w.got, tt.want)
			}
			if slices.ContainsFunc(w.got, func(s string) bool { return !strings.HasPrefix(s, "tampered.launchd: ") }) {
				t.Errorf("got %q, want it to be of launchd", w.got)
			}
		})
	}
}
