package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// unsynced is a disk without the waiting for it: for tests that need no power cut.
type unsynced struct{ systemDisk }

func (unsynced) SyncDir(string, bool) error { return nil }

func (d unsynced) Write(name string, content []byte) error {
	f, err := os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// onDisk are options for a spool in a real folder.
func onDisk(dir string, outputs ...Output) Options {
	return Options{Dir: dir, Outputs: outputs, disk: unsynced{systemDisk(dir)}, ballast: 4096, manual: true}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names lists a folder.
func names(t testing.TB, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestDamagedByte flips and cuts every byte of a waiting alert's file, and lengthens it:
// that alert is lost and named, no other, and the chain goes on.
func TestDamagedByte(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, onDisk(dir))
	putN(t, s, 3)
	closeSpool(t, s)
	file := filepath.Join(dir, "out/a", names(t, filepath.Join(dir, "out/a"))[1])
	good, err := os.ReadFile(file)
	must(t, err)
	var bad [][]byte
	for i := range good {
		flipped := slices.Clone(good)
		flipped[i] ^= 1 << (i % 8)
		bad = append(bad, flipped, good[:i])
	}
	bad = append(bad, append(slices.Clone(good), 'x'), append(slices.Clone(good), good...))
	for i, b := range bad {
		must(t, os.WriteFile(file, b, 0o600))
		s, log := open(t, onDisk(dir))
		items := waiting(t, s.Queue("a"), 10)
		closeSpool(t, s)
		if got := ids(t, items); !slices.Equal(got, []string{"id0", "id2"}) {
			t.Fatalf("damage %d: got %v, want all but id1", i, got)
		}
		found := log.of(Damaged)
		if len(found) != 1 || found[0].Name != "out/a/"+filepath.Base(file) || found[0].First != 2 || found[0].Outputs["a"] != 1 {
			t.Fatalf("damage %d: reported %v, want number 2 as out/a/%s", i, found, filepath.Base(file))
		}
		kept, err := os.ReadFile(filepath.Join(dir, found[0].Kept))
		if err != nil || string(kept) != string(b) {
			t.Fatalf("damage %d: %q kept as %s, %v; want %q", i, kept, found[0].Kept, err, b)
		}
	}
	if n := len(names(t, filepath.Join(dir, "damaged"))); n > maxDamaged {
		t.Errorf("%d files in damaged/, more than %d", n, maxDamaged)
	}
	s, _ = open(t, onDisk(dir))
	put(t, s, entry("next", 47, 0))
	items := drain(t, s.Queue("a"))
	if last := parse(t, items[len(items)-1].Document); last.Sequence != 4 || last.Previous != hashOf(items[len(items)-2].Document) {
		t.Errorf("the next alert has number %d and follows on %s; want 4 and %s", last.Sequence, last.Previous, hashOf(items[len(items)-2].Document))
	}
}

// TestDamagedShared damages a file that two outputs share: it is reported once, for both.
func TestDamagedShared(t *testing.T) {
	dir := t.TempDir()
	s, log := open(t, onDisk(dir, Output{Name: "a"}, Output{Name: "b"}))
	putN(t, s, 3)
	file := names(t, filepath.Join(dir, "out/a"))[0]
	must(t, os.WriteFile(filepath.Join(dir, "out/a", file), []byte("{}"), 0o600))
	for _, q := range []string{"b", "a"} {
		if got := ids(t, drain(t, s.Queue(q))); !slices.Equal(got, []string{"id1", "id2"}) {
			t.Errorf("output %s got %v, want all but id0", q, got)
		}
	}
	closeSpool(t, s)
	found := log.of(Damaged)
	if len(found) != 1 || found[0].Outputs["a"] != 1 || found[0].Outputs["b"] != 1 {
		t.Errorf("reported %v, want one damage for both outputs", found)
	}
}

// TestCopyReplaced damages one of two copies: the other takes its place.
func TestCopyReplaced(t *testing.T) {
	spoil := map[string]func(file string) error{
		"removed":       os.Remove,
		"replaced":      func(f string) error { return replace(f, func() error { return os.WriteFile(f, []byte("{}"), 0o600) }) },
		"made a folder": func(f string) error { return replace(f, func() error { return os.Mkdir(f, 0o700) }) },
		"made a pipe":   func(f string) error { return replace(f, func() error { return syscall.Mkfifo(f, 0o600) }) },
		"made a link":   func(f string) error { return replace(f, func() error { return os.Symlink("/etc/passwd", f) }) },
	}
	for what, do := range spoil {
		dir := t.TempDir()
		s, log := open(t, onDisk(dir, Output{Name: "a"}, Output{Name: "b"}))
		putN(t, s, 3)
		for _, file := range names(t, filepath.Join(dir, "out/a"))[:2] {
			must(t, do(filepath.Join(dir, "out/a", file)))
		}
		for _, q := range []string{"a", "b"} {
			if got := drain(t, s.Queue(q)); len(got) != 3 {
				t.Errorf("%s: output %s got %v, want all three", what, q, ids(t, got))
			}
		}
		closeSpool(t, s)
		if len(log.of(Damaged)) > 0 {
			t.Errorf("%s: reported\n%s\nwant nothing lost", what, log)
		}
	}
}

func replace(f string, by func() error) error { return errors.Join(os.Remove(f), by()) }

// TestOddEntries puts what does not belong into every folder: it is set aside and named, and
// nothing waits for it.
func TestOddEntries(t *testing.T) {
	r := sample()
	kinds := map[string]func(string) error{
		"file":   func(f string) error { return os.WriteFile(f, []byte("{}"), 0o600) },
		"folder": func(f string) error { return os.MkdirAll(f+"/in", 0o700) },
		"pipe":   func(f string) error { return syscall.Mkfifo(f, 0o600) },
		"link":   func(f string) error { return os.Symlink("/dev/zero", f) },
	}
	for kind, add := range kinds {
		for _, name := range []string{"out/a/x", "out/a/" + r.fileName(), "out/a/" + strings.Replace(r.fileName(), "42", "43", 1), "head/x", "dead/a/x", "tmp/x", "tmp/" + r.fileName() + ".1", "out/.hidden", "out/a b"} {
			dir := t.TempDir()
			s, _ := open(t, onDisk(dir))
			putN(t, s, 2)
			closeSpool(t, s)
			must(t, add(filepath.Join(dir, name)))
			s, log := open(t, onDisk(dir))
			got := ids(t, drain(t, s.Queue("a")))
			put(t, s, entry("next", 47, 0))
			got = append(got, ids(t, drain(t, s.Queue("a")))...)
			closeSpool(t, s)
			if !slices.Equal(got, []string{"id0", "id1", "next"}) {
				t.Errorf("%s %s: got %v, want what was put", kind, name, got)
			}
			if found := log.of(Damaged); (len(found) != 1 || found[0].Name != name) && !(kind == "file" && strings.HasPrefix(name, "tmp/0")) {
				t.Errorf("%s %s: reported\n%s\nwant it named as damaged", kind, name, log)
			}
			if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s %s: is there still, %v", kind, name, err)
			}
		}
	}
}

// TestRenamed gives files other names: only those are lost, and named.
func TestRenamed(t *testing.T) {
	for i, change := range []func(string) string{
		func(n string) string { return n + "x" },
		func(n string) string { return "1" + n[1:] },                             // another number
		func(n string) string { return strings.Replace(n, "-047-", "-099-", 1) }, // more severe
		func(n string) string { return strings.ToUpper(n) },
		func(string) string { return "\x1b[2J\n" },
	} {
		dir := t.TempDir()
		s, _ := open(t, onDisk(dir))
		putN(t, s, 4)
		closeSpool(t, s)
		out := filepath.Join(dir, "out/a")
		file := names(t, out)[2]
		must(t, os.Rename(filepath.Join(out, file), filepath.Join(out, change(file))))
		s, log := open(t, onDisk(dir))
		got := ids(t, drain(t, s.Queue("a")))
		closeSpool(t, s)
		if !slices.Equal(got, []string{"id0", "id1", "id3"}) {
			t.Errorf("change %d: got %v, want all but id2", i, got)
		}
		if found := log.of(Damaged); len(found) != 1 || found[0].Name != "out/a/"+change(file) {
			t.Errorf("change %d: reported\n%s\nwant %q named", i, log, change(file))
		}
		if strings.ContainsAny(strings.TrimRight(log.String(), "\n"), "\x1b") {
			t.Errorf("change %d: the event %q holds control characters", i, log)
		}
	}
}

// TestFoldersMissing removes each folder, or puts something else in its place, while
// the spool is closed and while it is open.
func TestFoldersMissing(t *testing.T) {
	for _, folder := range []string{"tmp", "out/a", "out", "head", "dead", "dead/a", "damaged", "chain", "ballast"} {
		for _, instead := range []string{"nothing", "a file", "a link"} {
			for _, running := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/%v", folder, instead, running), func(t *testing.T) {
					folderMissing(t, folder, instead, running)
				})
			}
		}
	}
}

func folderMissing(t *testing.T, folder, instead string, running bool) {
	dir := t.TempDir()
	o := onDisk(dir, Output{Name: "a"}, Output{Name: "b"})
	o.disk = nil // with syncs, which notice
	s, log := open(t, o)
	putN(t, s, 3)
	drain(t, s.Queue("b"))
	before := s.Stats().Head
	if !running {
		closeSpool(t, s)
	}
	putInstead(t, filepath.Join(dir, folder), instead)
	if !running {
		s, log = open(t, onDisk(dir, Output{Name: "a"}, Output{Name: "b"}))
	}
	removed := strings.HasPrefix(folder, "out")
	waits := 3
	if removed {
		waits = 0
		if running {
			waits = 1 // the newest is in head/
		}
	}
	if got := drain(t, s.Queue("a")); len(got) != waits {
		t.Errorf("output a got %v, want %d; reported\n%s", ids(t, got), waits, log)
	}
	err := s.Put(entry("next", 47, 0))
	s.maintain()
	if err != nil && !errors.Is(err, ErrHeld) || s.Stats().Trouble != nil {
		t.Fatalf("Put: %v, then %v; reported\n%s", err, s.Stats().Trouble, log)
	}
	after := s.Stats().Head
	if after.Sequence != 4 {
		t.Errorf("the next number is %d, want 4", after.Sequence)
	}
	renewed := after.Chain != before.Chain
	if want := !running && (folder == "head" || folder == "chain"); renewed != want && err == nil {
		t.Errorf("chain renewed: %v, want %v; reported\n%s", renewed, want, log)
	}
	closeSpool(t, s)
	s, _ = open(t, onDisk(dir, Output{Name: "a"}, Output{Name: "b"}))
	for _, q := range []string{"a", "b"} {
		if got := ids(t, drain(t, s.Queue(q))); !slices.Equal(got, []string{"next"}) {
			t.Errorf("output %s got %v, want what was put after; reported\n%s", q, got, log)
		}
	}
}

func putInstead(t *testing.T, path, instead string) {
	t.Helper()
	must(t, os.RemoveAll(path))
	switch instead {
	case "a file":
		must(t, os.WriteFile(path, []byte("x"), 0o600))
	case "a link":
		must(t, os.Symlink(t.TempDir(), path))
	}
}

// TestHeadGone removes what tells the newest number: the chain gets a new id rather than
// use a number twice.
func TestHeadGone(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, onDisk(dir))
	putN(t, s, 5)
	before := drain(t, s.Queue("a"))
	s.disk.Lock()
	s.unlock() // no Close: the chain file knows of the first alert alone
	s.disk.Unlock()
	must(t, os.RemoveAll(filepath.Join(dir, "head")))
	s, log := open(t, onDisk(dir))
	putN(t, s, 5)
	after := drain(t, s.Queue("a"))
	closeSpool(t, s)
	v := verify(t, append(docs(before), docs(after)...)...)
	if !v.OK() || len(v.Chains) != 2 || len(log.of(Renewed)) != 1 {
		t.Errorf("got %+v, reported\n%s\nwant two chains without a clash", v, log)
	}
}

// TestLeftoverName opens a spool whose tmp/ holds a complete alert under a name that the
// next file would get: it is linked before it is removed, and nothing is written over it.
func TestLeftoverName(t *testing.T) {
	d := newFake()
	s, _ := open(t, Options{disk: d, manual: true})
	put(t, s, entry("one", 47, 0))
	d.setFail(failing("link", syscall.EMLINK)) // stays in tmp/
	put(t, s, entry("two", 47, 0))
	unfinished := s.unfinished[2]
	left := unfinished.tmp()
	d = d.restart(killOnly, nil)
	removed := false
	d.after = func(op, name string, err error) {
		removed = removed || op == "remove" && name == left
		if op == "create" && err != nil {
			t.Errorf("create %s: %v", name, err)
		}
		if op == "link" && removed {
			t.Errorf("%s was removed before it was linked", left)
		}
	}
	s, _ = open(t, Options{disk: d, manual: true})
	if got := ids(t, drain(t, s.Queue("a"))); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %v, want both", got)
	}
}

// TestLeftoverTwice kills processes that were syncing a leftover, and cuts power after the last:
// what was promised is there.
func TestLeftoverTwice(t *testing.T) {
	for n := range uint64(number(24, 240)) {
		d := newFake()
		o := Options{disk: d, manual: true}
		s, _ := open(t, o)
		put(t, s, entry("one", 47, 0))
		d.setFail(failing("link", syscall.EMLINK)) // stays in tmp/
		put(t, s, entry("two", 47, 0))
		for range 2 {
			d = d.restart(killOnly, nil)
			d.setFail(func(op, name string) error {
				if op == "sync" && strings.HasPrefix(name, "tmp/0") {
					d.cut = true // written in full, not synced
					return errPower
				}
				return nil
			})
			o.disk = d
			open(t, o)
		}
		o.disk = d.restart(cutTail, rand.New(rand.NewPCG(n, 4)))
		s, _ = open(t, o)
		if got := ids(t, drain(t, s.Queue("a"))); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("seed %d: got %v, want both", n, got)
		}
	}
}
