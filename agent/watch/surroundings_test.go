package watch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	return &Watch{opts: Options{Config: &config.Config{Root: root}}, programs: program.NewExaminer(root, nil)}
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

// TestChangedElsewhere holds that no link leads out of the root, and that what is no folder
// is none.
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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
