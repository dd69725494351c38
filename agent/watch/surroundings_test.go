package watch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/program"
	"hooksnare/pkg/alert"
)

// aged writes a file that was last changed so long before a time.
func aged(t *testing.T, path string, at time.Time, before time.Duration) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte("x"), 0o600))
	must(t, os.Chtimes(path, at, at.Add(-before)))
}

func names(list []alert.Lately) string {
	var out []string
	for _, l := range list {
		out = append(out, l.Name)
	}
	return strings.Join(out, " ")
}

// examining is a watch that examines a disk, and nothing else.
func examining(root string) *Watch {
	return &Watch{opts: Options{Config: config.Config{Root: root}}, programs: program.NewExaminer(root, nil)}
}

// TestChangedLately looks around a hook on a disk.
func TestChangedLately(t *testing.T) {
	at := time.Now()
	for _, base := range []string{"private/var", "var"} { // as on a Mac, and as disks are made up
		root := t.TempDir()
		receipts, preferences := filepath.Join(root, base, "db/receipts"), filepath.Join(root, base, "root/Library/Preferences")
		aged(t, filepath.Join(receipts, "com.example.new.plist"), at, time.Hour)
		aged(t, filepath.Join(receipts, "com.example.newer.plist"), at, time.Minute)
		aged(t, filepath.Join(receipts, "com.example.newer.bom"), at, time.Minute)
		aged(t, filepath.Join(receipts, "com.example.old.plist"), at, 48*time.Hour)
		aged(t, filepath.Join(preferences, "com.apple.loginwindow.plist"), at, 0)
		aged(t, filepath.Join(preferences, "com.example.plist"), at, time.Hour)
		aged(t, filepath.Join(preferences, "later.plist"), at, -time.Hour)
		must(t, os.Mkdir(filepath.Join(preferences, "ByHost"), 0o700))
		w := examining(root)
		if got, want := names(w.changedLately(program.Root, receiptsPath, ".plist", at)), "com.example.newer com.example.new"; got != want {
			t.Errorf("%s: packages: got %q, want %q", base, got, want)
		}
		if got, want := names(w.changedLately(program.Root, "/private/var/root/Library/Preferences", "", at)), "com.apple.loginwindow.plist com.example.plist"; got != want {
			t.Errorf("%s: preferences: got %q, want %q", base, got, want)
		}
	}
}

// TestChangedElsewhere holds that no link leads out of the root, and that anything but a folder
// counts as none.
func TestChangedElsewhere(t *testing.T) {
	at, root, outside := time.Now(), t.TempDir(), t.TempDir()
	aged(t, filepath.Join(outside, "secret"), at, 0)
	must(t, os.Symlink(outside, filepath.Join(root, "absolute")))
	must(t, os.Symlink("../"+filepath.Base(outside), filepath.Join(root, "relative")))
	aged(t, filepath.Join(root, "file"), at, 0)
	w := examining(root)
	for _, folder := range []string{"/absolute", "/relative", "/../" + filepath.Base(outside), "/file", "/absent"} {
		if got := w.changedLately(program.Root, folder, "", at); got != nil {
			t.Errorf("%s: got %v, want nothing", folder, got)
		}
	}
	if got := w.skipped.Load(); got != 0 {
		t.Errorf("%d folders did not answer", got)
	}
}

// TestFoldersOfDeadDisk has what a user serves hang: the folders around the user's hooks are not
// waited for any more, and those around root's are read.
func TestFoldersOfDeadDisk(t *testing.T) {
	const home = "/Users/mallory"
	root := t.TempDir()
	aged(t, filepath.Join(root, home, "p.plist"), time.Now(), 0)
	synctest.Test(t, func(t *testing.T) {
		w, hang := examining(root), make(chan struct{})
		aged(t, filepath.Join(root, "receipts/new.plist"), time.Now(), time.Minute)
		must(t, os.Chtimes(filepath.Join(root, home, "p.plist"), time.Now(), time.Now()))
		if got := names(w.changedLately(home, home, "", time.Now())); got != "p.plist" {
			t.Errorf("before: got %q", got)
		}
		for _, folder := range []string{"/a", "/b", "/c", "/d"} {
			if err := w.programs.Call(home, home+folder, aroundWait, func() { <-hang }); err == nil {
				t.Error("a call that hangs: no error")
			}
		}
		begin := time.Now()
		if got := w.changedLately(home, home, "", begin); got != nil || w.skipped.Load() != 1 {
			t.Errorf("the user's: got %v and %d skipped, expected none and 1", got, w.skipped.Load())
		}
		if got := names(w.changedLately(program.Root, "/receipts", ".plist", begin)); got != "new" {
			t.Errorf("root's: got %q", got)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("it took %v, expected no waiting", took)
		}
		close(hang)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
