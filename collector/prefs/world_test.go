package prefs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	howett "howett.net/plist"

	"hooksnare/pkg/event"
)

// Files as a Mac knows them.
const (
	rootPlist = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"
	libPlist  = "/Library/Preferences/com.apple.loginwindow.plist"
	annPlist  = "/Users/ann/Library/Preferences/com.apple.loginwindow.plist"
	annHost   = "/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.01234567-89AB-CDEF-0123-456789ABCDEF.plist"
	mcxPlist  = "/Library/Managed Preferences/ann/com.apple.loginwindow.plist"
)

// fakeDisk is a Mac's disk in a folder.
type fakeDisk struct {
	t    testing.TB
	root string
	tick time.Time
}

func newDisk(t testing.TB) *fakeDisk {
	d := &fakeDisk{t: t, root: filepath.Join(t.TempDir(), "disk"), tick: time.Unix(1700000000, 0)}
	for _, dir := range []string{"private/var/root/Library/Preferences/ByHost", "Library/Preferences", "Library/Managed Preferences/ann", "private/etc", "Users/ann/Library/Preferences/ByHost"} {
		d.must(os.MkdirAll(filepath.Join(d.root, dir), 0o755))
	}
	d.link("private/var", "/var")
	d.link("private/etc", "/etc")
	return d
}

func (d *fakeDisk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *fakeDisk) at(name string) string { return d.root + name }

// stamp gives a file a modification time that no other has: these tests are faster than
// the steps of a file's times.
func (d *fakeDisk) stamp(host string) {
	d.tick = d.tick.Add(time.Millisecond)
	d.must(os.Chtimes(host, d.tick, d.tick))
}

func (d *fakeDisk) mkdir(name string) { d.must(os.MkdirAll(d.at(name), 0o755)) }

func (d *fakeDisk) remove(name string) { d.must(os.RemoveAll(d.at(name))) }

func (d *fakeDisk) link(to, name string) { d.must(os.Symlink(to, d.at(name))) }

// put writes a file in place.
func (d *fakeDisk) put(name, content string) {
	d.t.Helper()
	d.mkdir(filepath.Dir(name))
	d.must(os.WriteFile(d.at(name), []byte(content), 0o644))
	d.stamp(d.at(name))
}

// swap writes a file as cfprefsd does.
func (d *fakeDisk) swap(name, content string) {
	d.t.Helper()
	tmp := d.at(name) + ".AbCdEf"
	d.mkdir(filepath.Dir(name))
	d.must(os.WriteFile(tmp, []byte(content), 0o644))
	d.stamp(tmp)
	d.must(os.Rename(tmp, d.at(name)))
}

// xml is a property list with strings: key, value, ...
func xml(pairs ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<plist version="1.0"><dict>`)
	for i := 0; i < len(pairs); i += 2 {
		v := pairs[i+1]
		if !strings.HasPrefix(v, "<") {
			v = "<string>" + v + "</string>"
		}
		b.WriteString("<key>" + pairs[i] + "</key>" + v)
	}
	return b.String() + "</dict></plist>\n"
}

func binary(t testing.TB, v any) string {
	b, err := howett.Marshal(v, howett.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tale is a handler that writes down what it is told, one line each.
type tale struct {
	t      testing.TB
	mu     sync.Mutex
	lines  []string
	all    []event.Change
	known  map[string]string // by file and key
	on     map[string]string // reasons, by path
	state  *State
	saves  int
	refuse func(event.Change) bool
	told   chan struct{} // if there is one: told something
}

func newTale(t testing.TB) *tale {
	return &tale{t: t, known: map[string]string{}, on: map[string]string{}}
}

// carried marks what a run before could not read.
const carried = "carried"

func shown(s *string) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%q", *s)
}

var sinces = map[event.Since]string{event.SinceSeen: "seen", event.SinceStop: "stop", event.SinceNever: "never"}

func (r *tale) HandleChange(c event.Change) error {
	no := r.refuse != nil && r.refuse(c)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told != nil {
		defer signal(r.told)
	}
	if no {
		r.lines = append(r.lines, "refused "+c.Key)
		return errors.New("refused")
	}
	id := c.File + " " + c.Key
	if old, ok := r.known[id]; ok != (c.Old != nil) || ok && old != *c.Old {
		r.t.Errorf("%s: old value %s, but what was told is %q, %v", id, shown(c.Old), old, ok)
	}
	if c.Old == nil && c.New == nil || c.Old != nil && c.New != nil && *c.Old == *c.New {
		r.t.Errorf("%s: told a change from %s to %s", id, shown(c.Old), shown(c.New))
	}
	delete(r.known, id)
	if c.New != nil {
		r.known[id] = *c.New
	}
	r.all = append(r.all, c)
	r.lines = append(r.lines, fmt.Sprintf("%s %s %s %s>%s %s", c.File, c.Scope, c.Key, shown(c.Old), shown(c.New), sinces[c.Since]))
	return nil
}

func (r *tale) HandleUnreadable(u event.Unreadable) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, sign := u.Path+": "+u.Why, "+"
	if was, on := r.on[id]; on == u.On && was != carried {
		r.t.Errorf("%s: told on=%v twice", id, u.On)
	}
	if u.On {
		r.on[id] = u.Detail
	} else {
		delete(r.on, id)
		sign = "-"
		if u.Until.Before(u.Since) || u.Until.IsZero() {
			r.t.Errorf("%s: over at %v, since %v", id, u.Until, u.Since)
		}
	}
	r.lines = append(r.lines, sign+id)
}

func (r *tale) HandleState(s State) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, err := json.Marshal(s)
	if err != nil {
		r.t.Error(err)
	}
	r.state = new(State)
	if err := json.Unmarshal(b, r.state); err != nil {
		r.t.Error(err)
	}
	r.saves++
	return nil
}

// take returns what was told since the last call.
func (r *tale) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.lines
	r.lines = nil
	return out
}

// want checks what was told since the last call.
func (r *tale) want(when string, lines ...string) {
	r.t.Helper()
	if got := r.take(); !slices.Equal(got, lines) {
		r.t.Errorf("%s: told\n\t%s\nwant\n\t%s", when, strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

// unread returns what is told to be unreadable now.
func (r *tale) unread() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.on))
}

// running is a collector at work, in a bubble whose time the test moves on.
type running struct {
	*Collector
	cancel context.CancelFunc
	done   chan struct{}
}

// start runs a collector whose look at the disk is not woken by watched folders.
func start(t testing.TB, opts Options, h Handler, change func(*Collector)) *running {
	t.Helper()
	c, err := New(opts, h)
	if err != nil {
		t.Fatal(err)
	}
	c.openWatcher = nil
	if change != nil {
		change(c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{c, cancel, make(chan struct{})}
	go func() {
		defer close(r.done)
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return r
}

func (r *running) stop() {
	r.cancel()
	<-r.done
}

func fifo(t testing.TB, host string) {
	t.Helper()
	if err := syscall.Mkfifo(host, 0o644); err != nil {
		t.Fatal(err)
	}
}
