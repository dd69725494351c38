package program

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/pkg/event"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// listChanges shows changes as "value: what".
func listChanges(changes []event.ProgramChange) string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Value+": "+words(c.What))
	}
	return strings.Join(out, "; ")
}

// TestWatcher changes one thing at a time.
func TestWatcher(t *testing.T) {
	at := func(do func(name string) error) func(string) error {
		return func(root string) error { return do(filepath.Join(root, "hooks/login.sh")) }
	}
	write := func(content string) func(string) error {
		return at(func(name string) error { return os.WriteFile(name, []byte(content), 0o755) })
	}
	swap := func(content string) func(string) error {
		return at(func(name string) error {
			if err := os.WriteFile(name+"~", []byte(content), 0o755); err != nil {
				return err
			}
			return os.Rename(name+"~", name)
		})
	}
	in := func(do func(string, os.FileMode) error, name string, mode os.FileMode) func(string) error {
		return func(root string) error { return do(filepath.Join(root, name), mode) }
	}
	const value = "/hooks/login.sh -x"
	tests := []struct {
		name   string
		change func(root string) error
		value  string
		what   string
	}{
		{"nothing", func(string) error { return nil }, value, ""},
		{"written with the same", write(hookScript), value, ""},
		{"edited, of one length", write("#!/bin/sh\necho HOOK\n"), value, "content"},
		{"edited, with its time set back", at(func(name string) error {
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			if err := os.WriteFile(name, []byte("#!/bin/sh\necho HOOK\n"), 0o755); err != nil {
				return err
			}
			return os.Chtimes(name, info.ModTime(), info.ModTime())
		}), value, "content"},
		{"a copy in its place", swap(hookScript), value, ""},
		{"another in its place", swap("#!/bin/sh\n"), value, "content replaced"},
		{"removed", at(os.Remove), value, "vanished"},
		{"a folder in its place", at(func(name string) error {
			if err := os.Remove(name); err != nil {
				return err
			}
			return os.Mkdir(name, 0o755)
		}), value, "content replaced"},
		{"a FIFO in its place", at(func(name string) error {
			if err := os.Remove(name); err != nil {
				return err
			}
			return syscall.Mkfifo(name, 0o755)
		}), value, "content replaced"},
		{"a link to the like in its place", at(func(name string) error {
			if err := os.Rename(name, name+".old"); err != nil {
				return err
			}
			return os.Symlink("login.sh.old", name)
		}), value, ""},
		{"made executable for nobody", in(os.Chmod, "hooks/login.sh", 0o644), value, "mode"},
		{"made setuid", in(os.Chmod, "hooks/login.sh", 0o755|os.ModeSetuid), value, "mode"},
		{"opened for its group", in(os.Chmod, "hooks/login.sh", 0o775), value, "mode writable"},
		{"folder opened", in(os.Chmod, "hooks", 0o777), value, "writable"},
		{"root folder opened", in(os.Chmod, ".", 0o777), value, "writable"},
		{"interpreter opened", in(os.Chmod, "bin/sh", 0o757), value, "writable"},
		{"a neighbour made", in(os.Mkdir, "hooks/new", 0o755), value, ""},
		{"hard link made", at(func(name string) error { return os.Link(name, name+"2") }), value, ""},
		{"missing, then there", in(os.Mkdir, "hooks/gone", 0o755), "/hooks/gone", "appeared"},
		{"missing, its folder opened", in(os.Chmod, "hooks", 0o777), "/hooks/gone", "writable"},
		{"target of a link edited", write("#!/bin/sh\n"), "/chain", "content"},
		{"link led elsewhere", func(root string) error {
			if err := os.Remove(filepath.Join(root, "chain")); err != nil {
				return err
			}
			return os.Symlink("/hooks/plain.sh", filepath.Join(root, "chain"))
		}, "/chain", "content replaced"},
		{"a link that leads too deep in its place", at(func(name string) error {
			deep := filepath.Join(filepath.Dir(name), strings.Repeat("d/", maxElements))
			return changed(changed(os.Remove(name), func() error { return os.MkdirAll(deep, 0o755) }),
				func() error { return os.Symlink(strings.Repeat("d/", maxElements), name) })
		}), value, "content replaced"},
		{"a link to itself in its place", at(func(name string) error {
			return changed(os.Remove(name), func() error { return os.Symlink("/hooks/login.sh", name) })
		}), value, "content replaced"},
		{"shadow appears", func(root string) error {
			return os.WriteFile(filepath.Join(root, "hooks/with"), []byte("#!/bin/sh\n"), 0o755)
		}, "/hooks/with space/x y.sh", "shadowed"},
		{"longer path appears", func(root string) error {
			return os.WriteFile(filepath.Join(root, "a b c"), []byte("#!/bin/sh\n"), 0o755)
		}, "/a b c", "content replaced"},
		{"sparse file grows", at(func(name string) error { return os.Truncate(name, 1<<30) }), value, "content"},
		{"relative value", write("#!/bin/sh\n"), "hooks/login.sh", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := newRoot(t)
			w := newSweeper(root, State{})
			values := []string{"/a", tt.value, "/tmp/x.sh"}
			for range 2 {
				equal(t, "before", listChanges(w.Sweep(values, noon)), "")
			}
			previous := restart(t, w)
			must(t, tt.change(root))
			for _, w := range []struct {
				*sweeper
				since event.Since
			}{{w, event.SinceSeen}, {newSweeper(root, previous), event.SinceStop}} {
				got := slices.DeleteFunc(w.Sweep(values, noon), func(c event.ProgramChange) bool { return c.Value != tt.value })
				want := ""
				if tt.what != "" {
					want = tt.value + ": " + tt.what
				}
				equal(t, fmt.Sprint("after, since ", w.since), listChanges(got), want)
				for _, c := range got {
					if c.Since != w.since || !c.Time.Equal(noon) || c.Old.Value != tt.value || c.New.Value != tt.value {
						t.Errorf("got since %d at %v of %q; want %d", c.Since, c.Time, c.Old.Value, w.since)
					}
				}
				equal(t, "afterwards", listChanges(w.Sweep(values, noon)), "")
			}
		})
	}
}

// restart takes the state of a watcher through JSON.
func restart(t *testing.T, w *sweeper) State {
	t.Helper()
	b, err := json.Marshal(w.State())
	must(t, err)
	var s State
	must(t, json.Unmarshal(b, &s))
	return s
}

// TestWatcherOwner gives things away.
func TestWatcherOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	for _, tt := range []struct {
		name     string
		uid, gid int
		what     string
	}{{"hooks/login.sh", 501, 20, "owner writable"}, {"hooks/login.sh", 0, 20, "owner"}, {"hooks", 501, 20, "writable"}} {
		root := newRoot(t)
		w := newSweeper(root, State{})
		w.Sweep([]string{"/hooks/login.sh"}, noon)
		must(t, os.Lchown(filepath.Join(root, tt.name), tt.uid, tt.gid))
		equal(t, tt.name, listChanges(w.Sweep([]string{"/hooks/login.sh"}, noon)), "/hooks/login.sh: "+tt.what)
	}
}

// TestWatcherValues has values come and go.
func TestWatcherValues(t *testing.T) {
	root := newRoot(t)
	var kept []string
	w := newSweeper(root, State{})
	w.opts.Keep = func(_ string, p event.Program, script []byte) {
		kept = append(kept, p.Value)
		equal(t, "script of "+p.Value, sumOf(string(script)), p.SHA256)
	}
	sweep := func(want string, values ...string) {
		t.Helper()
		equal(t, words(values), listChanges(w.Sweep(values, noon)), want)
	}
	sweep("", "/a", "/hooks/login.sh", "/a", "/bin/sh")
	put(t, filepath.Join(root, "a"), "#!/bin/sh\n1", 0o755)
	sweep("", "/hooks/login.sh") // /a is forgotten
	sweep("", "/hooks/login.sh", "/a")
	put(t, filepath.Join(root, "a"), "#!/bin/sh\n2", 0o755)
	put(t, filepath.Join(root, "hooks/login.sh"), "#!/bin/sh\n2", 0o755)
	sweep("/hooks/login.sh: content; /a: content", "/hooks/login.sh", "/a")
	sweep("")
	equal(t, "kept", words(kept), "/a /hooks/login.sh /a /a /hooks/login.sh")
	if _, ok := w.program("/a"); ok || len(w.State()[Root]) != 0 {
		t.Errorf("after a sweep of nothing, /a is known %v, and %d more", ok, len(w.State()[Root]))
	}
	many := make([]string, 2*maxWatched)
	for i := range many {
		many[i] = fmt.Sprint("/hooks/", i)
	}
	w.Sweep(many, noon)
	if got := len(w.State()[Root]); got != maxWatched || w.ignored != maxWatched {
		t.Errorf("of %d values, %d are watched and %d not, want %d each", len(many), got, w.ignored, maxWatched)
	}
	put(t, filepath.Join(root, many[maxWatched-1]), hookScript, 0o755)
	put(t, filepath.Join(root, many[maxWatched]), hookScript, 0o755)
	sweep(many[maxWatched-1]+": appeared", many...)
	sweep("", many[maxWatched:]...)
	if got := w.State()[Root]; len(got) != maxWatched {
		t.Errorf("other values: %d are watched, want %d", len(got), maxWatched)
	}
}

// TestWatcherNames has paths that JSON can't hold as they are.
func TestWatcherNames(t *testing.T) {
	root := newRoot(t)
	values := []string{"/hooks/\xff\xfe.sh", "/hooks/\x1b[2J\u2028\"\\ x", "/" + strings.Repeat("y", 5000)}
	for _, v := range values[:2] {
		put(t, filepath.Join(root, v), hookScript, 0o755)
	}
	w := newSweeper(root, State{})
	w.Sweep(values, noon)
	w2 := newSweeper(root, restart(t, w))
	equal(t, "after a restart", listChanges(w2.Sweep(values, noon)), "")
	for _, v := range values {
		p, ok := w2.program(v)
		if want := Examine(root, v); !ok || p.Path != want.Path || p.Resolved != want.Resolved {
			t.Errorf("got %q at %q, want %q", p.Path, p.Resolved, want.Path)
		}
	}
}

// TestWatcherMachine watches the machine's own disk, which takes a shorter way.
func TestWatcherMachine(t *testing.T) {
	name := filepath.Join(t.TempDir(), "d/hook.sh")
	for _, root := range []string{"/", "", "//."} {
		put(t, name, hookScript, 0o755)
		w := newSweeper(root, State{})
		w.step = 0
		step := func(what, want string) {
			t.Helper()
			tick(t, filepath.Dir(filepath.Dir(name)))
			equal(t, root+": "+what, listChanges(w.Sweep([]string{name}, noon)), want)
		}
		step("first", "")
		step("nothing", "")
		put(t, filepath.Dir(name)+"/neighbour", "", 0o644)
		step("neighbour", "")
		put(t, name, "#!/bin/sh\necho HOOK\n", 0o755)
		step("edited", name+": content")
		must(t, os.Rename(filepath.Dir(name), filepath.Dir(name)+"2"))
		step("folder moved", name+": vanished")
		must(t, os.Symlink("d2", filepath.Dir(name)))
		step("folder a link", name+": appeared")
		must(t, os.RemoveAll(filepath.Dir(name)))
		must(t, os.RemoveAll(filepath.Dir(name)+"2"))
	}
}
