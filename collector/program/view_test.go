package program

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/event"
)

// TestExamine has values of every kind, and what each points to: resolved path, type, kind,
// risks.
func TestExamine(t *testing.T) {
	root := newRoot(t)
	tests := []struct{ value, path, arguments, resolved, is, risks string }{
		{"/hooks/login.sh", "/hooks/login.sh", "", "/hooks/login.sh", "file script", ""},
		{"/hooks/login.sh -x  y", "/hooks/login.sh", "-x  y", "/hooks/login.sh", "file script", ""},
		{"//hooks/./login.sh", "//hooks/./login.sh", "", "/hooks/login.sh", "file script", ""},
		{"/hooks/with space/x y.sh", "/hooks/with space/x y.sh", "", "/hooks/with space/x y.sh", "file script", ""},
		{"/hooks/with space/x y.sh z", "/hooks/with space/x y.sh", "z", "/hooks/with space/x y.sh", "file script", ""},
		{"/hooks/with space/gone.sh", "/hooks/with space/gone.sh", "", "", "", "missing"},
		{"/hooks/with space", "/hooks/with space", "", "/hooks/with space", "directory", "not_a_file"},
		{"/hooks/with space z", "/hooks/with space", "z", "/hooks/with space", "directory", "not_a_file"},
		{"/a b", "/a b", "", "/a b", "file script", "shadowed"},
		{"/a b c", "/a b", "c", "/a b", "file script", "shadowed"},
		{"/a c", "/a", "c", "/a", "file script", ""},
		{"/a\tc", "/a", "c", "/a", "file script", ""},
		{"/a\nc", "/a", "c", "/a", "file script", "no_absolute_path"},
		{"/a\x00c", "/a", "c", "/a", "file script", "no_absolute_path"},
		{"/line\nbreak", "/line\nbreak", "", "/line\nbreak", "file script", "no_absolute_path"},
		{"/hooks/.hidden/h.sh", "/hooks/.hidden/h.sh", "", "/hooks/.hidden/h.sh", "file script", "hidden"},
		{"/hooks/../hooks/login.sh", "/hooks/../hooks/login.sh", "", "/hooks/login.sh", "file script", ""},
		{"/hooks/plain.sh", "/hooks/plain.sh", "", "/hooks/plain.sh", "file script", "no_shebang"},
		{"/hooks/empty", "/hooks/empty", "", "/hooks/empty", "file empty", ""},
		{"/hooks/data", "/hooks/data", "", "/hooks/data", "file data", ""},
		{"/hooks/latin1.sh", "/hooks/latin1.sh", "", "/hooks/latin1.sh", "file script", ""},
		{"/hooks/nul-later", "/hooks/nul-later", "", "/hooks/nul-later", "file script", "no_shebang"},
		{"/hooks/lost.py", "/hooks/lost.py", "", "/hooks/lost.py", "file script", "interpreter_missing"},
		{"/hooks/relative.sh", "/hooks/relative.sh", "", "/hooks/relative.sh", "file script", "interpreter_missing"},
		{"/hooks/return.sh", "/hooks/return.sh", "", "/hooks/return.sh", "file script", "interpreter_missing"},
		{"/hooks/user.sh", "/hooks/user.sh", "", "/hooks/user.sh", "file script", "interpreter_writable"},
		{"/hooks/secret", "/hooks/secret", "", "/hooks/secret", "file script", "not_executable no_shebang"},
		{"/hooks/suid", "/hooks/suid", "", "/hooks/suid", "file data", "setuid"},
		{"/tmp/x.sh", "/tmp/x.sh", "", "/private/tmp/x.sh", "file script", "writable_by_others temporary_folder"},
		{"/tmp/gone", "/tmp/gone", "", "", "", "missing writable_by_others temporary_folder"},
		{"/var/tmp/x.sh", "/var/tmp/x.sh", "", "/private/var/tmp/x.sh", "file script", "temporary_folder"},
		{"/var/folders/ab/x.sh", "/var/folders/ab/x.sh", "", "/private/var/folders/ab/x.sh", "file script", "temporary_folder"},
		{"/VAR/TMP/x.sh", "/VAR/TMP/x.sh", "", "", "", "missing temporary_folder"},
		{"/hooks/../tmp/gone", "/hooks/../tmp/gone", "", "", "", "missing writable_by_others temporary_folder"},
		{"/Users/Shared/x.sh", "/Users/Shared/x.sh", "", "/Users/Shared/x.sh", "file script", "temporary_folder"},
		{"/Users/sam/x.sh", "/Users/sam/x.sh", "", "/Users/sam/x.sh", "file script", "home_folder"},
		{"/System/Volumes/Data/Users/sam/y.sh", "/System/Volumes/Data/Users/sam/y.sh", "", "/System/Volumes/Data/Users/sam/y.sh", "file script", "home_folder"},
		{"/Volumes/usb/x.sh", "/Volumes/usb/x.sh", "", "/Volumes/usb/x.sh", "file script", "temporary_folder"},
		{"/bin/sh -c 'curl evil'", "/bin/sh", "-c 'curl evil'", "/bin/sh", "file data", "runs_arguments"},
		{"/usr/bin/python3.12 /x", "/usr/bin/python3.12", "/x", "/usr/bin/python3.12", "file data", "runs_arguments"},
		{"/bin/sh", "/bin/sh", "", "/bin/sh", "file data", ""},
		{"/chain", "/chain", "", "/hooks/login.sh", "file script", ""},
		{"/var/../tmp/x.sh", "/var/../tmp/x.sh", "", "/private/tmp/x.sh", "file script", "writable_by_others temporary_folder"},
		{"/up", "/up", "", "", "", "missing"},
		{"/hooks/absup", "/hooks/absup", "", "", "", "missing"},
		{"/../outside", "/../outside", "", "", "", "missing"},
		{"/dangling", "/dangling", "", "", "", "missing"},
		{"/hooks/login.sh/x", "/hooks/login.sh/x", "", "", "", "missing"},
		{"/loop1", "/loop1", "", "", "link", "not_a_file unreadable"},
		{strings.Repeat("/here", 33) + "/a", strings.Repeat("/here", 33) + "/a", "", "", "link", "not_a_file unreadable"},
		{strings.Repeat("/hooks/..", 33) + "/a", strings.Repeat("/hooks/..", 33) + "/a", "", "", "", "unreadable"},
		{"/hooks/fifo", "/hooks/fifo", "", "/hooks/fifo", "fifo", "not_a_file"},
		{"/tofifo x", "/tofifo", "x", "/hooks/fifo", "fifo", "not_a_file"},
		{"/", "/", "", "/", "directory", "not_a_file"},
		{"/" + strings.Repeat("x", 300), "/" + strings.Repeat("x", 300), "", "", "", "missing"},
		{"", "", "", "", "", "no_absolute_path"},
		{"hooks/login.sh", "hooks/login.sh", "", "", "", "no_absolute_path"},
		{"~/x.sh -a", "~/x.sh", "-a", "", "", "no_absolute_path"},
		{`"/hooks/login.sh" -x`, `"/hooks/login.sh"`, "-x", "", "", "no_absolute_path"},
		{"'/a b'", "'/a", "b'", "", "", "no_absolute_path"},
		{" /a", "", "/a", "", "", "no_absolute_path"},
	}
	for _, tt := range tests {
		p := Examine(root, tt.value)
		got := []string{p.Value, p.Path, p.Arguments, p.Resolved, strings.TrimSpace(p.Type + " " + p.Kind), words(p.Risks)}
		want := []string{tt.value, tt.path, tt.arguments, tt.resolved, tt.is, tt.risks}
		if !slices.Equal(got, want) {
			t.Errorf("Examine(%.60q):\n got %.80q\nwant %.80q", tt.value, got, want)
		}
		consistent(t, p)
	}
	if p := Examine(root, "/host"); p.Exists {
		t.Errorf("a link to a file of the host, outside of the root folder: got %+v, want nothing", p)
	}
}

// order is how risks are listed.
var order = []string{
	NoAbsolutePath, Missing, NotAFile, Unreadable, NotExecutable, WritableByOthers, TemporaryFolder, HomeFolder, Hidden, Link,
	Shadowed, NoShebang, InterpreterMissing, InterpreterWritable, RunsArguments, SetUID, Unsigned, Quarantined,
}

// consistent checks what must hold of any examination.
func consistent(t testing.TB, p event.Program) {
	t.Helper()
	has := func(risk string) bool { return slices.Contains(p.Risks, risk) }
	for what, wrong := range map[string]bool{
		"hash without a file":       p.Hashed && p.Type != "file",
		"hash and Hashed":           p.Hashed != (len(p.SHA256) == 64),
		"type of nothing":           p.Exists != (p.Type != ""),
		"unread, not said":          (p.Unread != "") != has(Unreadable),
		"writable, not said":        (p.WritableBy != "") != has(WritableByOthers),
		"shadow, not said":          (p.Shadow != "") != has(Shadowed),
		"missing and there":         p.Exists && has(Missing),
		"excerpt of no text":        p.Excerpt != "" && p.Kind != Script,
		"excerpt too long":          len(p.Excerpt) > maxExcerpt,
		"resolved is no clean path": p.Resolved != "" && p.Resolved != filepath.Clean("/"+p.Resolved),
		"not a beginning":           !strings.HasPrefix(p.Value, p.Path),
		"risks not in order":        !slices.IsSortedFunc(p.Risks, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) }),
		"risk unknown":              slices.ContainsFunc(p.Risks, func(r string) bool { return !slices.Contains(order, r) }),
	} {
		if wrong {
			t.Errorf("Examine(%.60q): %s: %.600q", p.Value, what, fmt.Sprintf("%+v", p))
		}
	}
}

// TestExamineFacts reads every fact of one script.
func TestExamineFacts(t *testing.T) {
	root := newRoot(t)
	name := filepath.Join(root, "hooks/login.sh")
	long := "#! /bin/sh -eu \n" + strings.Repeat("# line\n", 1000)
	put(t, name, long, 0o750)
	stamp := time.Unix(1700000000, 5)
	must(t, os.Chtimes(name, stamp, stamp))
	before := time.Now().Add(-time.Minute)
	p, text := examineBoth(root, "/hooks/login.sh a")
	equal(t, "content", string(text), long)
	equal(t, "excerpt", p.Excerpt, long[:maxExcerpt])
	equal(t, "hash", p.SHA256, sumOf(long))
	equal(t, "shebang", p.Shebang, "/bin/sh -eu")
	if p.Mode != 0o750 || p.Size != int64(len(long)) || !p.ModTime.Equal(stamp) || p.ChangeTime.Before(before) || p.Inode == 0 || p.UID != uint32(os.Geteuid()) {
		t.Errorf("facts of the file: got %+v", p.Found)
	}
	must(t, os.Chmod(filepath.Join(root, "hooks"), 0o775))
	equal(t, "writable by", Examine(root, "/hooks/login.sh").WritableBy, "/hooks")
	equal(t, "shadow", Examine(root, "/a b c").Shadow, "/a")
}

// TestExamineSecret has a hook that names a file of secrets, so that an alert shows them.
func TestExamineSecret(t *testing.T) {
	p, text := examineBoth(newRoot(t), "/hooks/secret")
	if p.Excerpt != "" || text != nil || !p.Hashed {
		t.Errorf("a file that nobody may execute: got excerpt %q, content %q, hashed %v; want a hash alone", p.Excerpt, text, p.Hashed)
	}
}

func TestExamineOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	for _, tt := range []struct{ give, value, by, risks string }{
		{"hooks/login.sh", "/hooks/login.sh", "/hooks/login.sh", "writable_by_others"},
		{"hooks", "/hooks/login.sh", "/hooks", "writable_by_others"},
		{"chain", "/chain", "/chain", "writable_by_others link"},
		{"bin/sh", "/hooks/login.sh", "", "interpreter_writable"},
	} {
		root := newRoot(t)
		must(t, os.Lchown(filepath.Join(root, tt.give), 501, 20))
		p := Examine(root, tt.value)
		equal(t, tt.give+" of user 501: writable by", p.WritableBy, tt.by)
		equal(t, tt.give+" of user 501: risks", words(p.Risks), tt.risks)
	}
	root := newRoot(t) // a disk whose files all belong to one user
	for _, name := range []string{".", "hooks", "hooks/login.sh", "bin", "bin/sh"} {
		must(t, os.Chown(filepath.Join(root, name), 501, 20))
	}
	equal(t, "disk of user 501: risks", words(Examine(root, "/hooks/login.sh").Risks), "")
	for _, tt := range []struct {
		root, owner string
		uid         uint32
		want        bool
	}{
		{root, "root", 501, true}, {root, "root", 0, true}, {root, "root", 502, false}, {root, "502", 502, true},
		{root, "501", 502, false}, {root, "daemon", 1, false}, {"/", "root", 0, true}, {"/", "root", 501, false},
		{"", "root", 501, false}, {"/", "nobody-of-that-name", 0, false},
	} {
		d := NewDirectory(tt.root)
		d.Ask(tt.owner)
		d.Wait(time.Minute)
		if got, known := d.Owns(tt.owner, tt.uid); got != tt.want || !known {
			t.Errorf("%q: Owns(%s, %d) = %v, %v, want %v", tt.root, tt.owner, tt.uid, got, known, tt.want)
		}
	}
}

// TestExamineLarge has files at the bounds; those beyond take no room on the disk.
func TestExamineLarge(t *testing.T) {
	root := newRoot(t)
	tests := []struct {
		size    int64
		hashed  bool
		content int
	}{
		{maxContent, true, maxContent},
		{maxContent + 1, true, maxContent},
		{maxHash, true, maxContent},
		{maxHash + 1, false, maxContent},
		{1 << 30, false, maxContent},
	}
	for _, tt := range tests {
		name := filepath.Join(root, "hooks/large")
		put(t, name, hookScript, 0o755)
		must(t, os.Truncate(name, tt.size))
		p, text := examineBoth(root, "/hooks/large")
		if p.Hashed != tt.hashed || p.Size != tt.size || len(text) != tt.content || p.Unread != "" || p.Kind != Script {
			t.Errorf("file of %d bytes: got hashed %v, size %d, %d bytes of content, unread %q, %s; want %v, %d",
				tt.size, p.Hashed, p.Size, len(text), p.Unread, p.Kind, tt.hashed, tt.content)
		}
		consistent(t, p)
	}
}

// TestExamineLong has values that are long in every way.
func TestExamineLong(t *testing.T) {
	root := newRoot(t)
	for _, value := range []string{
		"/" + strings.Repeat("x", 1<<20), "/" + strings.Repeat("x ", 1<<19), "/a " + strings.Repeat("y", 1<<20), strings.Repeat("/a ", 1<<18),
		strings.Repeat("/hooks/.. ", 1<<16), strings.Repeat(" ", 1<<20), strings.Repeat("\x00", 1<<20), strings.Repeat("/", 1<<20),
	} {
		p := Examine(root, value)
		consistent(t, p)
		if len(p.Path) > event.MaxPath || p.Value != value {
			t.Errorf("Examine(%.20q...): path of %d bytes", value, len(p.Path))
		}
	}
	equal(t, "a word and a megabyte of arguments", Examine(root, "/a "+strings.Repeat("y", 1<<20)).Path, "/a")
}

func TestExamineSpecial(t *testing.T) {
	root := newRoot(t)
	l, err := net.Listen("unix", filepath.Join(root, "s"))
	if err != nil {
		t.Skip("no socket with a path of that length: ", err)
	}
	defer l.Close()
	equal(t, "socket", Examine(root, "/s").Type, "socket")
	equal(t, "device", Examine("/", "/dev/null").Type, "device")
	p := Examine(filepath.Join(root, "absent"), "/x y")
	equal(t, "no root folder", p.Unread+", "+words(p.Risks)+", "+p.Path, "no such file or directory, unreadable, /x")
}

func FuzzExamine(f *testing.F) {
	root := newRoot(f)
	for _, seed := range []string{
		"", "/a b c", "/hooks/login.sh -x", "~/x", `"/a b"`, "/a\x00b", "/a\nb", "/../../outside", "/loop1/x", "/tofifo", "/up", "/host", "//a/", "/.",
		"/here/here/a", "/hooks/with space/x y.sh z", "\xff/\xfe", "/hooks/\xff", strings.Repeat("/..", 100), strings.Repeat("/a ", 100),
	} {
		f.Add(seed)
	}
	outside := sumOf(hookScript + "outside")
	put(f, filepath.Join(filepath.Dir(root), "outside"), hookScript+"outside", 0o755)
	f.Fuzz(func(t *testing.T, value string) {
		p, text := examineBoth(root, value)
		consistent(t, p)
		if p.SHA256 == outside {
			t.Errorf("Examine(%q) left the root folder: %+v", value, p)
		}
		if len(text) > maxContent || text != nil && p.Kind != Script {
			t.Errorf("Examine(%q): %d bytes of content of a %s", value, len(text), p.Kind)
		}
	})
}
