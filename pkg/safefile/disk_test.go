package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stranger is the user id of an ordinary user who is not the one that runs the test.
const stranger = 502

// give makes the path the stranger's, as only root can.
func give(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	must(t, os.Lchown(path, stranger, stranger))
}

// places are ways to a file log/alerts.jsonl in a folder, and what of them is not safe.
var places = []struct {
	name string
	lay  func(t *testing.T, dir string)
	want string // in the error; "" for safe
}{
	{"own", func(t *testing.T, dir string) {}, ""},
	{"others write the folder", func(t *testing.T, dir string) { must(t, os.Chmod(dir+"/log", 0o777)) },
		"DIR/log: others can write this folder (mode 0777): run chmod go-w DIR/log"},
	{"group writes the folder", func(t *testing.T, dir string) { must(t, os.Chmod(dir+"/log", 0o775)) },
		"DIR/log: others can write this folder (mode 0775)"},
	{"others write above", func(t *testing.T, dir string) { must(t, os.Chmod(dir, 0o757)) }, "DIR: others can write this folder"},
	{"sticky", func(t *testing.T, dir string) { must(t, os.Chmod(dir, 0o777|fs.ModeSticky)) }, ""},
	{"foreign in sticky", func(t *testing.T, dir string) {
		must(t, os.Chmod(dir, 0o777|fs.ModeSticky))
		give(t, dir+"/log")
	}, "DIR/log: owned by user 502: run chown -h root DIR/log"},
	{"foreign folder", func(t *testing.T, dir string) { give(t, dir+"/log") }, "DIR/log: owned by user 502"},
	{"foreign above", func(t *testing.T, dir string) { give(t, dir) }, "DIR: owned by user 502"},
	{"own link", func(t *testing.T, dir string) {
		must(t, os.Rename(dir+"/log", dir+"/real"), os.Symlink("real", dir+"/log"))
	}, ""},
	{"absolute link", func(t *testing.T, dir string) {
		must(t, os.Rename(dir+"/log", dir+"/real"), os.Symlink(dir+"/real", dir+"/log"))
	}, ""},
	{"foreign link", func(t *testing.T, dir string) {
		must(t, os.Rename(dir+"/log", dir+"/real"), os.Symlink("real", dir+"/log"))
		give(t, dir+"/log")
	}, "DIR/log: is a link that belongs to user 502"},
	{"link into a folder of others", func(t *testing.T, dir string) {
		must(t, os.Mkdir(dir+"/open", 0o700), os.Rename(dir+"/log", dir+"/open/log"), os.Symlink("x/../open/log", dir+"/log"), os.Mkdir(dir+"/x", 0o700))
		must(t, os.Chmod(dir+"/open", 0o777))
	}, "DIR/open: others can write this folder"},
	{"links in a circle", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/log"), os.Symlink("log2", dir+"/log"), os.Symlink("log", dir+"/log2"))
	}, "too many levels"},
	{"folder is a file", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/log"), os.WriteFile(dir+"/log", nil, 0o600))
	}, "not a directory"},
	{"folder is a FIFO", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/log"), syscall.Mkfifo(dir+"/log", 0o600))
	}, "not a directory"},
	{"missing", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/log")) }, "no such file"},
}

func TestCheckFolder(t *testing.T) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			dir := laid(t, p.lay)
			differs(t, dir, Disk{}.CheckFolder(dir+"/log"), p.want)
		})
	}
}

func TestMakeFolder(t *testing.T) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			dir := laid(t, p.lay)
			want := p.want
			if p.name == "missing" {
				want = ""
			}
			differs(t, dir, Disk{}.MakeFolder(dir+"/log/new/er", 0o777), want)
			info, err := os.Stat(dir + "/log/new/er")
			if made := err == nil; made != (want == "") {
				t.Errorf("got a folder made: %v, want %v", made, want == "")
			} else if made && info.Mode().Perm()&0o022 != 0 {
				t.Errorf("got mode %v, want none for others to write", info.Mode())
			}
		})
	}
}

// laid returns a folder with a folder log in it, changed by lay.
func laid(t *testing.T, lay func(*testing.T, string)) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err, os.Mkdir(dir+"/log", 0o755))
	lay(t, dir)
	return dir
}

// differs compares an error with what it should say, DIR standing for the folder.
func differs(t *testing.T, dir string, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = strings.ReplaceAll(err.Error(), dir, "DIR")
	}
	if want == "" && err != nil || !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	unsafe := strings.Contains(want, "owned by") || strings.Contains(want, "belongs to") || strings.Contains(want, "others can") || strings.Contains(want, "hard link")
	if errors.Is(err, ErrInsecure) != unsafe {
		t.Errorf("got %v, insecure: %v, want %v", err, !unsafe, unsafe)
	}
}

// TestOpenAppend holds that nothing is created, opened or changed in an unsafe place, and
// that what is no file of the agent's is left alone.
func TestOpenAppend(t *testing.T) {
	all := places
	all = append(all[:len(all):len(all)], []struct {
		name string
		lay  func(t *testing.T, dir string)
		want string
	}{
		{"there", func(t *testing.T, dir string) { must(t, os.WriteFile(dir+"/log/alerts.jsonl", []byte("a\n"), 0o600)) }, ""},
		{"hard link", func(t *testing.T, dir string) {
			must(t, os.WriteFile(dir+"/passwd", []byte("a\n"), 0o644), os.Link(dir+"/passwd", dir+"/log/alerts.jsonl"))
		}, "DIR/log/alerts.jsonl: is a hard link, one of 2 names"},
		{"link", func(t *testing.T, dir string) {
			must(t, os.WriteFile(dir+"/passwd", []byte("a\n"), 0o644), os.Symlink(dir+"/passwd", dir+"/log/alerts.jsonl"))
		}, "not a regular file but a symbolic link"},
		{"dangling link", func(t *testing.T, dir string) { must(t, os.Symlink(dir+"/new", dir+"/log/alerts.jsonl")) }, "symbolic link"},
		{"FIFO", func(t *testing.T, dir string) { must(t, syscall.Mkfifo(dir+"/log/alerts.jsonl", 0o600)) }, "not a regular file but a FIFO"},
		{"folder", func(t *testing.T, dir string) { must(t, os.Mkdir(dir+"/log/alerts.jsonl", 0o700)) }, "not a regular file but a folder"},
		{"foreign file", func(t *testing.T, dir string) {
			must(t, os.WriteFile(dir+"/log/alerts.jsonl", []byte("a\n"), 0o600))
			give(t, dir+"/log/alerts.jsonl")
		}, "DIR/log/alerts.jsonl: owned by user 502"},
	}...)
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			dir := laid(t, p.lay)
			before := snapshot(t, dir)
			f, err := Disk{}.OpenAppend(dir+"/log/alerts.jsonl", 0o600)
			differs(t, dir, err, p.want)
			if err == nil {
				_, err = f.WriteString("b\n")
				must(t, err, f.Close())
				return
			}
			if f != nil || snapshot(t, dir) != before {
				t.Errorf("got %v and\n%s\nwant nothing changed:\n%s", f, snapshot(t, dir), before)
			}
		})
	}
	for _, name := range []string{"/", "/..", "/tmp/.."} {
		if f, err := (Disk{}).OpenAppend(name, 0o600); err == nil {
			t.Errorf("OpenAppend(%q): got %v, want an error", name, f)
		}
	}
}

// snapshot tells names, modes and sizes of all that is below a folder.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			b.WriteString(strings.Join([]string{path, info.Mode().String(), info.ModTime().String(), "\n"}, " "))
		}
		return err
	}))
	return b.String()
}

// TestOpenAppendRace has somebody replace the log, and the folder above it, as fast as can
// be: whatever is opened is a file with one name in the folder that was checked.
func TestOpenAppendRace(t *testing.T) {
	dir := laid(t, func(t *testing.T, dir string) {
		must(t, os.Mkdir(dir+"/elsewhere", 0o777), os.Chmod(dir+"/elsewhere", 0o777), os.WriteFile(dir+"/passwd", []byte("secret\n"), 0o644))
	})
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		log := dir + "/log/alerts.jsonl"
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			switch i % 6 { // none of it is checked: the other side is at work, too
			case 0:
				_ = os.Symlink(dir+"/passwd", log)
			case 2:
				_ = os.Link(dir+"/passwd", log)
			case 4:
				_ = os.Rename(dir+"/log", dir+"/aside")
				_ = os.Symlink("elsewhere", dir+"/log")
				_ = os.Remove(dir + "/log")
				_ = os.Rename(dir+"/aside", dir+"/log")
			default:
				_ = os.Remove(log)
			}
		}
	}()
	opened := 0
	for deadline := time.Now().Add(20 * time.Second); opened < 200 && time.Now().Before(deadline); {
		f, err := Disk{}.OpenAppend(dir+"/log/alerts.jsonl", 0o600)
		if err != nil {
			continue
		}
		opened++
		if info, err := f.Stat(); err != nil || info.Size() > 2*int64(opened) {
			t.Errorf("got a file of %v bytes, %v, want one of the log's own", info.Size(), err)
		}
		_, err = f.WriteString("b\n")
		must(t, err, f.Close())
	}
	close(stop)
	<-done
	if opened == 0 {
		t.Error("got no file opened in 20 s, want some")
	}
	if b, err := os.ReadFile(dir + "/passwd"); err != nil || string(b) != "secret\n" {
		t.Errorf("got %q, %v in the file that was linked, want it unchanged", b, err)
	}
	if list, err := os.ReadDir(dir + "/elsewhere"); err != nil || len(list) > 0 {
		t.Errorf("got %v, %v in the folder that others can write, want nothing", list, err)
	}
}

// TestTrustedPlace holds that a file is not believed where others can put another.
func TestTrustedPlace(t *testing.T) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			dir := laid(t, func(*testing.T, string) {})
			must(t, os.WriteFile(dir+"/log/token", []byte("x"), 0o600))
			if p.name == "missing" || p.name == "links in a circle" || strings.HasPrefix(p.name, "folder is") { // an empty folder is to go
				must(t, os.Remove(dir+"/log/token"))
			}
			p.lay(t, dir)
			_, _, err := Disk{}.ReadSecret(dir+"/log/token", 10)
			differs(t, dir, err, p.want)
		})
	}
	t.Run("hard link", func(t *testing.T) {
		dir := laid(t, func(*testing.T, string) {})
		must(t, os.WriteFile(dir+"/log/token", []byte("x"), 0o600), os.Link(dir+"/log/token", dir+"/log/other"))
		_, _, err := Disk{}.ReadTrusted(dir+"/log/token", 10)
		differs(t, dir, err, "hard link")
		differs(t, dir, Disk{}.CheckFile(dir+"/log/token"), "hard link")
	})
}

// TestDiskRoot holds that no path below a root leads out of it, and that whoever owns the
// root plays root there.
func TestDiskRoot(t *testing.T) {
	outside := laid(t, func(t *testing.T, dir string) { must(t, os.WriteFile(dir+"/log/token", []byte("outside"), 0o600)) })
	tests := []struct {
		name string
		lay  func(t *testing.T, root string)
		want string
	}{
		{"plain", func(t *testing.T, root string) {
			must(t, os.MkdirAll(root+outside+"/log", 0o755), os.WriteFile(root+outside+"/log/token", []byte("inside"), 0o600))
		}, "inside"},
		{"absolute link", func(t *testing.T, root string) {
			must(t, os.MkdirAll(root+filepath.Dir(outside), 0o755), os.Symlink("/real", root+outside),
				os.MkdirAll(root+"/real/log", 0o755), os.WriteFile(root+"/real/log/token", []byte("inside"), 0o600))
		}, "inside"},
		{"link to the same path outside", func(t *testing.T, root string) {
			must(t, os.MkdirAll(root+filepath.Dir(outside), 0o755), os.Symlink(outside, root+outside))
		}, ""},
		{"link upwards", func(t *testing.T, root string) {
			up := strings.Repeat("../", 40) + outside[1:]
			must(t, os.MkdirAll(root+outside, 0o755), os.Symlink(up+"/log", root+outside+"/log"))
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			tt.lay(t, root)
			d := Disk{Root: root}
			b, _, err := d.ReadSecret(root+outside+"/log/token", 100)
			if string(b) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", b, err, tt.want)
			}
			f, err := d.OpenAppend(root+outside+"/log/new", 0o600)
			if err == nil {
				f.Close()
			}
			if (err == nil) != (tt.want != "") {
				t.Errorf("OpenAppend: got %v, want it opened: %v", err, tt.want != "")
			}
			if _, err := os.Lstat(outside + "/log/new"); err == nil {
				t.Errorf("OpenAppend made a file outside of the root")
			}
		})
	}
	t.Run("owner", func(t *testing.T) {
		root := laid(t, func(t *testing.T, dir string) { must(t, os.WriteFile(dir+"/log/token", []byte("x"), 0o600)) })
		for _, name := range []string{root, root + "/log", root + "/log/token"} {
			give(t, name)
		}
		if _, _, err := (Disk{Root: root}).ReadSecret(root+"/log/token", 10); err != nil {
			t.Errorf("got %v, want the owner of the root believed", err)
		}
		if _, _, err := (Disk{}).ReadSecret(root+"/log/token", 10); !errors.Is(err, ErrInsecure) {
			t.Errorf("without a root: got %v, want ErrInsecure", err)
		}
		if _, _, err := (Disk{Root: outside}).ReadSecret(root+"/log/token", 10); !errors.Is(err, ErrInsecure) {
			t.Errorf("with another root: got %v, want ErrInsecure", err)
		}
	})
}

// TestCheckProgram holds that a program is run only where nobody else can change it, through
// whatever links.
func TestCheckProgram(t *testing.T) {
	tests := []struct {
		name string
		lay  func(t *testing.T, dir string)
		want string
	}{
		{"own", func(*testing.T, string) {}, ""},
		{"second name", func(t *testing.T, dir string) { must(t, os.Link(dir+"/log/p", dir+"/log/q")) }, ""},
		{"link", func(t *testing.T, dir string) {
			must(t, os.Rename(dir+"/log/p", dir+"/log/q"), os.Symlink("../log/q", dir+"/log/p"))
		}, ""},
		{"absolute link", func(t *testing.T, dir string) {
			must(t, os.Rename(dir+"/log/p", dir+"/log/q"), os.Symlink(dir+"/log/q", dir+"/log/p"))
		}, ""},
		{"link into a folder of others", func(t *testing.T, dir string) {
			must(t, os.Mkdir(dir+"/open", 0o700), os.Chmod(dir+"/open", 0o777), os.Rename(dir+"/log/p", dir+"/open/p"), os.Symlink(dir+"/open/p", dir+"/log/p"))
		}, "DIR/open: others can write this folder"},
		{"foreign link", func(t *testing.T, dir string) {
			must(t, os.Rename(dir+"/log/p", dir+"/log/q"), os.Symlink("q", dir+"/log/p"))
			give(t, dir+"/log/p")
		}, "belongs to user 502"},
		{"links in a circle", func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/log/p"), os.Symlink("q", dir+"/log/p"), os.Symlink("p", dir+"/log/q"))
		}, "too many levels"},
		{"others write it", func(t *testing.T, dir string) { must(t, os.Chmod(dir+"/log/p", 0o757)) }, "DIR/log/p: others can write it (mode 0757): run chmod go-w DIR/log/p"},
		{"others write the folder", func(t *testing.T, dir string) { must(t, os.Chmod(dir+"/log", 0o777)) }, "DIR/log: others can write this folder"},
		{"foreign", func(t *testing.T, dir string) { give(t, dir+"/log/p") }, "DIR/log/p: owned by user 502"},
		{"not to be run", func(t *testing.T, dir string) { must(t, os.Chmod(dir+"/log/p", 0o644)) }, "nobody may run it"},
		{"folder", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/log/p"), os.Mkdir(dir+"/log/p", 0o755)) }, "not a regular file but a folder"},
		{"missing", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/log/p")) }, "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := laid(t, func(t *testing.T, dir string) {
				must(t, os.WriteFile(dir+"/log/p", []byte("#!/bin/sh\n"), 0o600), os.Chmod(dir+"/log/p", 0o755))
			})
			tt.lay(t, dir)
			differs(t, dir, CheckProgram(dir+"/log/p"), tt.want)
		})
	}
}
