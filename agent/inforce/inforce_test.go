package inforce

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
)

// world is a disk with a local file, and a configuration in force.
type world struct {
	t       *testing.T
	root    string
	source  config.Options
	c       *Configuration
	applied []time.Duration // heartbeat intervals, in the order in which they came into force
	refuse  error
	now     time.Time
	fault   string // the condition that is on
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, root: t.TempDir(), now: time.Unix(1_800_000_000, 0)}
	w.source = config.Options{Root: w.root}
	return w
}

func (w *world) write(text string) {
	w.t.Helper()
	file := filepath.Join(w.root, config.LocalFile)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		w.t.Fatal(err)
	}
}

func beat(seconds int) string {
	return fmt.Sprintf(`<plist version="1.0"><dict><key>HeartbeatInterval</key><real>%d</real></dict></plist>`, seconds)
}

func (w *world) start() time.Duration {
	l, onDisk, faults := Load(w.source)
	w.fault = ""
	w.c = New(Options{
		Source: w.source, Start: l.Files, OnDisk: onDisk, Faults: faults,
		Folder: health.NewStateFolder(filepath.Join(w.root, "var/db/hooksnare"), 0, nil), Log: zerolog.Nop(),
		Report: func(_ health.Condition, detail string, on bool, _, _ time.Time) {
			if w.fault = detail; !on {
				w.fault = ""
			}
		},
		Apply: func(l config.Loaded) error {
			if w.refuse == nil {
				w.applied = append(w.applied, l.Config.HeartbeatInterval)
			}
			return w.refuse
		},
	}, w.now)
	return l.Config.HeartbeatInterval
}

// ticks lets two ticks pass: one sees a change, the other takes it over.
func (w *world) ticks() {
	for range 2 {
		w.now = w.now.Add(2 * time.Second)
		w.c.Refresh(w.now, false)
	}
}

func (w *world) want(what string, applied int, fault bool) {
	w.t.Helper()
	if len(w.applied) != applied || (w.fault != "") != fault {
		w.t.Errorf("%s: got %v in force one after the other, fault %q; want %d of them, a fault: %v", what, w.applied, w.fault, applied, fault)
	}
	f := w.c.Facts()
	if same := f.InForce.SHA256 == f.OnDisk.SHA256; fault && w.refuse == nil && same {
		w.t.Errorf("%s: in force and on the disk is %+v, want them to differ", what, f)
	} else if !fault && (!same || f.OnDisk.Faults != 0) {
		w.t.Errorf("%s: got %+v, want the same in force and on the disk", what, f)
	}
}

// TestRefresh follows a file through its life.
func TestRefresh(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.want("without a file", 0, false)
	w.write(beat(10))
	w.ticks()
	w.want("a file appears", 1, false)
	w.ticks()
	w.want("nothing changes", 1, false)
	w.write(beat(10)[:50])
	w.c.Refresh(w.now, false)
	w.write(beat(20))
	w.c.Refresh(w.now, false)
	w.want("half a file, and the rest a tick later: not read yet", 1, false)
	w.ticks()
	w.want("a change", 2, false)
	w.write("{")
	w.ticks()
	w.want("a faulty file", 2, true)
	w.write(beat(-1))
	w.ticks()
	w.want("another faulty file", 2, true)
	w.refuse = errors.New("no")
	w.write(beat(30))
	w.ticks()
	w.want("a refused one", 2, true)
	w.refuse = fmt.Errorf("busy: %w", ErrLater)
	w.write(beat(40))
	w.ticks()
	w.want("one for later", 2, true)
	w.refuse = nil
	w.ticks()
	w.want("later", 3, false)
	if err := os.Remove(filepath.Join(w.root, config.LocalFile)); err != nil {
		t.Fatal(err)
	}
	w.ticks()
	w.want("the file is removed", 4, false)
	if got, want := fmt.Sprint(w.applied), "[10s 20s 40s 5m0s]"; got != want {
		t.Errorf("in force one after the other: got %s, want %s", got, want)
	}
}

// TestOthersWrite has somebody else be able to write the file, which is a fault like any other.
func TestOthersWrite(t *testing.T) {
	w := newWorld(t)
	w.write(beat(10))
	w.start()
	if err := os.Chmod(filepath.Join(w.root, config.LocalFile), 0o666); err != nil {
		t.Fatal(err)
	}
	w.ticks()
	w.want("others can write it", 0, true)
}

// TestLoad starts again and again: with a faulty file what was in force last comes back.
func TestLoad(t *testing.T) {
	w := newWorld(t)
	saved := filepath.Join(w.root, "var/db/hooksnare", savedFile)
	for _, step := range []struct {
		what  string
		do    func()
		want  time.Duration
		fault bool
	}{
		{"a faulty file at first", func() { w.write("{") }, 300 * time.Second, true},
		{"a right one", func() { w.write(beat(10)) }, 10 * time.Second, false},
		{"a faulty one", func() { w.write("{") }, 10 * time.Second, true},
		{"the same", func() {}, 10 * time.Second, true},
		{"none", func() { os.Remove(filepath.Join(w.root, config.LocalFile)) }, 300 * time.Second, false},
		{"a faulty one after none", func() { w.write("{") }, 300 * time.Second, true},
		{"another right one", func() { w.write(beat(20)) }, 20 * time.Second, false},
		{"faulty, and nothing is known", func() { w.write("{"); os.Remove(saved) }, 300 * time.Second, true},
		{"faulty, and what is known is no JSON", func() { os.WriteFile(saved, []byte("x"), 0o600) }, 300 * time.Second, true},
		{"faulty, and others could write what is known", func() {
			os.WriteFile(saved, []byte(`[{"layer":"local","content":"`+"eA=="+`"}]`), 0o600)
			os.Chmod(saved, 0o666)
		}, 300 * time.Second, true},
		{"faulty, and what is known is, too", func() { os.Chmod(saved, 0o600) }, 300 * time.Second, true},
	} {
		step.do()
		if got := w.start(); got != step.want || (w.fault != "") != step.fault {
			t.Errorf("%s: got %v, fault %q; want %v, a fault: %v", step.what, got, w.fault, step.want, step.fault)
		}
	}
}
