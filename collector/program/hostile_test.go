package program

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/event"
)

// TestWatcherBudget has more to read than one sweep may: each gets its turn.
func TestWatcherBudget(t *testing.T) {
	w := newSweeper("/nowhere", State{})
	var looked []string
	w.examiner.examine = func(_, value string, _ allowance) View {
		looked = append(looked, value)
		return View{Program: event.Program{Value: value}, read: maxSweep / 2, unsure: true, Time: time.Now()}
	}
	values := []string{"/1", "/2", "/3", "/4", "/5"}
	for _, want := range []string{"/1 /2", "/3 /4", "/5 /1", "/2 /3"} {
		looked = nil
		w.Sweep(values, noon)
		equal(t, "looked at", words(looked), want)
	}
}

// TestWatcherNoAnswer has a file system that does not answer, for some.
func TestWatcherNoAnswer(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		w := newSweeper(root, State{})
		values := []string{"/a", "/Volumes/1", "/Volumes/2", "/hooks/login.sh"}
		w.Sweep(values, noon)
		hang, calls := make(chan struct{}), atomic.Int32{}
		w.examiner.examine = func(root, value string, a allowance) View {
			if strings.HasPrefix(value, "/Volumes/") {
				calls.Add(1)
				<-hang
			}
			return examine(root, value, a)
		}
		for _, e := range w.watched {
			e.settled = false
		}
		put(t, filepath.Join(root, "hooks/login.sh"), "#!/bin/sh\n", 0o755)
		start := time.Now()
		equal(t, "the others", listChanges(w.Sweep(values, noon)), "/hooks/login.sh: content")
		if took := time.Since(start); took != patience+haste {
			t.Errorf("two that do not answer took %v, want %v", took, patience+haste)
		}
		start = time.Now()
		equal(t, "still", listChanges(w.Sweep(values, noon)), "")
		if took := time.Since(start); took != 0 || calls.Load() != 2 {
			t.Errorf("asked again %d times, in %v; want to wait for the answer", calls.Load()-2, took)
		}
		var silent []string
		for _, p := range w.unread() {
			silent = append(silent, p.Value, p.Unread, words(p.Risks))
		}
		equal(t, "unread", strings.Join(silent, ", "),
			"/Volumes/1, no answer, missing temporary_folder, /Volumes/2, no answer, missing temporary_folder")
		close(hang)
		synctest.Wait()
		put(t, filepath.Join(root, "Volumes/1"), hookScript, 0o755)
		equal(t, "answered", listChanges(w.Sweep(values, noon)), "/Volumes/1: appeared")
		if got := w.unread(); len(got) != 0 || calls.Load() != 4 {
			t.Errorf("after the answer, unread: got %+v, %d calls", got, calls.Load())
		}
	})
}

// TestCall fills the share of root with calls that do not end.
func TestCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, hang := NewExaminer("/", nil), make(chan struct{})
		for i := range reservedLimits.hung + 1 {
			begun := false
			err := x.Call(System, fmt.Sprint("/", i), patience, func() { begun = true; <-hang })
			if synctest.Wait(); err == nil || begun != (i < reservedLimits.hung) {
				t.Fatalf("call %d that hangs: %v, begun %v", i, err, begun)
			}
		}
		close(hang)
		synctest.Wait()
		called := false
		if err := x.Call(Root, "/0", patience, func() { called = true }); err != nil || !called {
			t.Errorf("afterwards: %v, called %v", err, called)
		}
	})
}

// TestExamineChanging changes files while they are looked at, without a stop: whatever is told
// stands for one moment, or says that it does not.
func TestExamineChanging(t *testing.T) {
	root := newRoot(t)
	name := filepath.Join(root, "hooks/login.sh")
	contents := []string{hookScript, strings.Repeat("#!/bin/sh\n", 20000), ""}
	sums := []string{sumOf(contents[0]), sumOf(contents[1]), sumOf(contents[2])}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			switch i % 5 {
			case 3:
				_ = os.Remove(name)
				_ = syscall.Mkfifo(name, 0o755)
			case 4:
				_ = os.Remove(name)
				_ = os.Symlink("../../outside", name)
			default:
				_ = os.WriteFile(name+"~", []byte(contents[i%5]), 0o755)
				_ = os.Rename(name+"~", name)
			}
		}
	}()
	for range 300 {
		s := examineFor(root, "/hooks/login.sh", patience)
		p, text := s.Program, s.Content
		consistent(t, p)
		if p.Hashed && (!slices.Contains(sums, p.SHA256) || text != nil && sumOf(string(text)) != p.SHA256) {
			t.Errorf("a content that never was: %+v", p)
		}
	}
	close(stop)
	<-done
}

// never is a time at which no reading of these tests is late.
var never = time.Now().Add(time.Hour)

// TestReadChanged reads files that are no longer what a walk came to.
func TestReadChanged(t *testing.T) {
	for name, change := range map[string]func(name string) error{
		"removed": os.Remove,
		"grown":   func(name string) error { return os.Truncate(name, 100) },
		"shrunk":  func(name string) error { return os.Truncate(name, 1) },
		"a FIFO": func(name string) error {
			return changed(os.Remove(name), func() error { return syscall.Mkfifo(name, 0o755) })
		},
		"a link": func(name string) error {
			return changed(os.Remove(name), func() error { return os.Symlink("plain.sh", name) })
		},
		"a folder": func(name string) error {
			return changed(os.Remove(name), func() error { return os.Mkdir(name, 0o755) })
		},
	} {
		root := newRoot(t)
		d, err := openDisk(root)
		must(t, err)
		at := d.locatePath("/hooks/login.sh")
		must(t, change(filepath.Join(root, "hooks/login.sh")))
		if _, err := d.read(at, ample(time.Hour)); reasonOf(err) != "changed while it was read" {
			t.Errorf("%s: got %v, want that it changed", name, err)
		}
		d.tree.Close()
	}
	if err := new(content).readFrom(strings.NewReader("grown"), 3, 4, never); err == nil {
		t.Error("a file that grows while it is hashed: no error")
	}
	if err := new(content).readFrom(strings.NewReader("x"), 3, 4, never); err == nil {
		t.Error("a file that shrinks while it is hashed: no error")
	}
}

func changed(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

// TestWatcherUnknown has a program that can't be looked at for a while: that is no change,
// and what is different afterwards is.
func TestWatcherUnknown(t *testing.T) {
	root := newRoot(t)
	values := []string{"/hooks/login.sh", "/Users/sam/new"}
	w := newSweeper(root, State{})
	w.Sweep(values[:1], noon)
	w.examiner.examine = func(_, value string, _ allowance) View {
		return View{Program: unknownProgram(value, "operation not permitted"), seen: []element{}, Time: time.Now()}
	}
	put(t, filepath.Join(root, "hooks/login.sh"), "#!/bin/sh\n", 0o755)
	equal(t, "not permitted", listChanges(w.Sweep(values, noon)), "")
	var got []string
	for _, p := range w.unread() {
		got = append(got, p.Value, p.SHA256, p.Unread, words(p.Risks))
	}
	want := []string{"/Users/sam/new", "", "operation not permitted", "unreadable home_folder", "/hooks/login.sh", sumOf(hookScript), "operation not permitted", ""}
	if !slices.Equal(got, want) {
		t.Errorf("unread:\n got %q\nwant %q", got, want)
	}
	if s := w.State(); len(s[Root]) != 1 || s[Root][0].Found.SHA256 != sumOf(hookScript) {
		t.Errorf("state: got %+v, want the one that was looked at", s)
	}
	w.examiner.examine = examine
	for _, e := range w.watched {
		e.settled = false
	}
	equal(t, "permitted", listChanges(w.Sweep(values, noon)), "/hooks/login.sh: content")
}

// TestExamineNoAnswer examines a program while another examination of it hangs.
func TestExamineNoAnswer(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		x, hang := NewExaminer(root, nil), make(chan struct{})
		x.examine = func(string, string, allowance) View { <-hang; return View{} }
		x.Examine(Root, "/hooks/login.sh -x", time.Second)
		v := x.Examine(Root, "/hooks/login.sh -x", time.Second)
		close(hang)
		p := v.Program
		equal(t, "unread", p.Unread, NoAnswer)
		equal(t, "path", p.Path+", "+p.Arguments, "/hooks/login.sh, -x")
		equal(t, "risks", words(p.Risks), Unreadable)
		if v.Content != nil || p.Exists {
			t.Errorf("got %+v, want that nothing is known", p)
		}
	})
}
