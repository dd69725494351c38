package safefile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hooksnare/pkg/safefile"
)

// TestFileVersion takes versions of everything a folder can hold in each way there is.
func TestFileVersion(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.WriteFile(at("file"), []byte("content"), 0o640), os.Chmod(at("file"), 0o751|fs.ModeSetuid|fs.ModeSetgid),
		os.Mkdir(at("folder"), 0o755), os.Chmod(at("folder"), 0o777|fs.ModeSticky),
		os.Symlink("file", at("link")), syscall.Mkfifo(at("fifo"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	permissions := map[string]uint32{"file": 0o6751, "folder": 0o1777, "fifo": 0o600}
	for _, name := range []string{"file", "folder", "link", "fifo"} {
		got, err := safefile.Lstat(at(name))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(at(name))
		if err != nil {
			t.Fatal(err)
		}
		if want := safefile.VersionOf(info); got != want || !got.SameFile(want) {
			t.Errorf("%s: Lstat got %+v, want %+v as of os.Lstat", name, got, want)
		}
		if want, ok := permissions[name]; ok && got.Permissions() != want {
			t.Errorf("%s: permissions %o, want %o", name, got.Permissions(), want)
		}
		if got.IsLink() != (name == "link") {
			t.Errorf("%s: IsLink is %v", name, got.IsLink())
		}
	}
	if v, err := safefile.Lstat(at("none")); !os.IsNotExist(err) || v != (safefile.FileVersion{}) {
		t.Errorf("what is missing: got %+v, %v", v, err)
	}
	device, err := safefile.Lstat("/dev/null")
	if info, _ := os.Lstat("/dev/null"); err != nil || device != safefile.VersionOf(info) {
		t.Errorf("a device: got %+v, %v, want %+v", device, err, safefile.VersionOf(info))
	}
}

// TestFileVersionChanges has each change make another version.
func TestFileVersionChanges(t *testing.T) {
	for what, change := range map[string]func(name string) error{
		"content":  func(name string) error { return os.WriteFile(name, []byte("other"), 0) },
		"mode":     func(name string) error { return os.Chmod(name, 0o600) },
		"times":    func(name string) error { return os.Chtimes(name, time.Time{}, time.Unix(1, 0)) },
		"replaced": func(name string) error { return os.Rename(name+"2", name) },
		"link":     func(name string) error { return os.Link(name, name+"3") },
	} {
		name := filepath.Join(t.TempDir(), "file")
		for _, n := range []string{name, name + "2"} {
			if err := os.WriteFile(n, []byte("content"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		before, err := safefile.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(name); err != nil {
			t.Fatal(err)
		}
		after, err := safefile.Lstat(name)
		if err != nil || after == before {
			t.Errorf("%s: the version is the same, %v", what, err)
		}
		if got, want := after.SameFile(before), what != "replaced"; got != want {
			t.Errorf("%s: SameFile is %v, want %v", what, got, want)
		}
	}
}

// TestFileVersionSettled looks at a version at different times after the change.
func TestFileVersionSettled(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	v := safefile.FileVersion{ChangeTime: noon}
	for seen, want := range map[time.Duration]bool{
		-time.Hour: true, -time.Second: false, 0: false, 1999 * time.Millisecond: false, 2 * time.Second: true, time.Hour: true,
	} {
		if got := v.Settled(noon.Add(seen), 2*time.Second); got != want {
			t.Errorf("seen %v after the change: settled is %v, want %v", seen, got, want)
		}
	}
	for _, name := range []string{"/", "/no such file"} {
		if got := testing.AllocsPerRun(100, func() { _, _ = safefile.Lstat(name) }); got > 1 {
			t.Errorf("Lstat(%q) allocates %v times, want once for the name at most", name, got)
		}
	}
}
