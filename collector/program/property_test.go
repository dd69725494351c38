package program

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// TestWatcherProperty does random things to a disk, and has a Watcher that looks only
// where lstat shows a difference say the same as full looks at everything. Half of the disks
// are changed faster than their clock ticks.
func TestWatcherProperty(t *testing.T) {
	values := []string{"/d/a", "/d/a b", "/d/a b c", "/l/a -x", "/d/s/x y", "/d/s/x", "/l2", "/gone"}
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 4))
		root := t.TempDir()
		put(t, filepath.Join(root, "bin/sh"), "\x00", 0o755)
		must(t, os.MkdirAll(filepath.Join(root, "d/s"), 0o755))
		w := newSweeper(root, State{})
		fast := seed%2 == 0
		if !fast {
			w.step = 0 // trust the times: each change comes after a tick
		}
		var before []event.Program
		saved, version := "", uint64(0)
		for step := range 60 {
			var log []string
			for range r.IntN(4) {
				log = append(log, disturb(r, root))
			}
			if !fast {
				tick(t, root)
			}
			if step%20 == 19 {
				w2 := newSweeper(root, restart(t, w))
				w2.step = w.step
				w, saved = w2, ""
			}
			after := make([]event.Program, len(values))
			want := ""
			for i, v := range values {
				after[i] = examine(root, v, ample(patience)).Program
				if before == nil {
					continue
				}
				if what := difference(&before[i], &after[i]); what != nil {
					want += v + ": " + words(what) + "; "
				}
			}
			before = after
			equal(t, fmt.Sprintf("seed %d, step %d: %s", seed, step, strings.Join(log, ", ")), listChanges(w.Sweep(values, noon)), strings.TrimSuffix(want, "; "))
			b, err := json.Marshal(w.State())
			must(t, err)
			if saved != "" && w.Version() == version && string(b) != saved {
				t.Errorf("seed %d, step %d: the state changed, its version did not:\n got %s\nwant %s", seed, step, b, saved)
			}
			saved, version = string(b), w.Version()
			for i, v := range values {
				p, _ := w.program(v)
				if got, want := plain(p), plain(after[i]); !reflect.DeepEqual(got, want) {
					t.Errorf("seed %d, step %d: %s:\n got %+v\nwant %+v", seed, step, v, got, want)
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

// plain leaves out what a Watcher need not follow: how full a folder is.
func plain(p event.Program) event.Program {
	if p.Type == "directory" {
		f := event.Found{UID: p.UID, GID: p.GID, Mode: p.Mode, Inode: p.Inode}
		p.Found = f
	}
	return p
}

// disturb does one random thing to a disk.
func disturb(r *rand.Rand, root string) string {
	names := []string{"d/a", "d/a b", "d/a b c", "d/s/x", "d/s/x y", "d/s", "d", "l", "l2", "gone", "bin/sh"}
	name := names[r.IntN(len(names))]
	path := filepath.Join(root, name)
	content := []string{hookScript, "#!/bin/sh\necho HOOK\n", "echo\n", "\x00data", ""}[r.IntN(5)]
	mode := []os.FileMode{0o755, 0o755, 0o777, 0o644, 0o700}[r.IntN(5)]
	target := []string{"d", "/d/s", "d/a", "l", "l2", "/d/a b", "nothing", "../.."}[r.IntN(8)]
	what := ""
	switch n := r.IntN(9); n {
	case 0, 1, 2:
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return "nothing" // to write to a FIFO waits for a reader
		}
		what = fmt.Sprint("write ", name, " ", os.WriteFile(path, []byte(content), mode))
	case 3:
		_ = os.WriteFile(filepath.Join(root, "new"), []byte(content), mode)
		what = fmt.Sprint("replace ", name, " ", os.Rename(filepath.Join(root, "new"), path))
	case 4:
		what = fmt.Sprint("remove ", name, " ", os.Remove(path))
	case 5:
		what = fmt.Sprint("chmod ", name, " ", os.Chmod(path, mode))
	case 6:
		_ = os.Remove(path)
		what = fmt.Sprint("link ", name, " to ", target, " ", os.Symlink(target, path))
	case 7:
		what = fmt.Sprint("folder ", name, " ", os.MkdirAll(path, 0o755))
	case 8:
		if r.IntN(3) == 0 {
			_ = os.Remove(path)
			return fmt.Sprint("fifo ", name, " ", syscall.Mkfifo(path, uint32(mode)))
		}
		what = fmt.Sprint("chown ", name, " ", os.Lchown(path, r.IntN(3), -1))
	}
	return what
}

// tick waits until the clock of the file system has gone on.
func tick(t *testing.T, root string) {
	t.Helper()
	name := filepath.Join(root, "tick")
	ctime := func() int64 {
		must(t, os.WriteFile(name, nil, 0o600))
		v, err := safefile.Lstat(name)
		must(t, err)
		return v.ChangeTime.UnixNano()
	}
	for start := ctime(); ctime() == start; {
	}
}
