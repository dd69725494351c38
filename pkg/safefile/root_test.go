package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// disk lays a small system volume under a folder of its own, and a file beside it that no
// name may reach.
func disk(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	put(t, filepath.Join(top, "outside"), "outside", 0o600)
	root := filepath.Join(top, "root")
	put(t, filepath.Join(root, "private/var/root/p.plist"), "hook", 0o600)
	for _, l := range [][2]string{
		{"private/var", "var"},                  // relative, as on a Mac
		{"/private/var/root", "abs"},            // absolute: of the disk, not of the host
		{"../../../outside", "up"},              // out of the root
		{"/../../outside", "absup"},             // the same, absolute
		{"../outside", "private/up"},            // one up is still inside
		{filepath.Join(top, "outside"), "host"}, // absolute on the host
		{"loop2", "loop1"}, {"loop1", "loop2"},
		{"fifo", "tofifo"},
		{"/abs/p.plist", "chain"},
		{".", "here"},
	} {
		must(t, os.Symlink(l[0], filepath.Join(root, l[1])))
	}
	must(t, syscall.Mkfifo(filepath.Join(root, "fifo"), 0o600))
	return root
}

func TestReadIn(t *testing.T) {
	root := disk(t)
	tests := []struct {
		name, want string
		err        error
	}{
		{"/private/var/root/p.plist", "hook", nil},
		{"private/var/root/p.plist", "hook", nil},
		{"//private/./var//root/p.plist", "hook", nil},
		{"/var/root/p.plist", "hook", nil},
		{"/abs/p.plist", "hook", nil},
		{"/chain", "hook", nil},
		{"/var/../var/root/p.plist", "hook", nil}, // var is private/var, so .. is private
		{"/var/../private/var/root/p.plist", "", fs.ErrNotExist},
		{"/var/../../var/root/p.plist", "hook", nil},
		{"/../../../private/var/root/p.plist", "hook", nil},
		{"/here/here/here/chain", "hook", nil},
		{"/up", "", fs.ErrNotExist},
		{"/absup", "", fs.ErrNotExist},
		{"/private/up", "", fs.ErrNotExist},
		{"/host", "", fs.ErrNotExist},
		{"/../outside", "", fs.ErrNotExist},
		{"/loop1", "", syscall.ELOOP},
		{strings.Repeat("/here", maxLinks+1) + "/chain", "", syscall.ELOOP},
		{strings.Repeat("/private/..", maxElements) + "/chain", "", syscall.ENAMETOOLONG},
		{"/fifo", "", ErrNotRegular},
		{"/tofifo", "", ErrNotRegular},
		{"/private", "", ErrNotRegular},
		{"/", "", ErrNotRegular},
		{"", "", ErrNotRegular},
		{"/fifo/x", "", syscall.ENOTDIR},
	}
	for _, tt := range tests {
		b, _, err := ReadIn(root, tt.name, limit)
		if !errors.Is(err, tt.err) || string(b) != tt.want {
			t.Errorf("ReadIn(%.40q) = %q, %v; want %q, %v", tt.name, b, err, tt.want, tt.err)
		}
		if err != nil && strings.Contains(err.Error(), root) {
			t.Errorf("ReadIn(%.40q): error %q names the host's path", tt.name, err)
		}
	}
	if _, _, err := ReadIn(filepath.Join(root, "absent"), "/x", limit); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadIn of an absent root = %v, want %v", err, fs.ErrNotExist)
	}
}

func TestWritableByOthers(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, root string)
		path  string
		want  string // "" for not writable
		err   error
	}{
		{"nobody", func(*testing.T, string) {}, "/var/root/p.plist", "", nil},
		{"nobody, through links", func(*testing.T, string) {}, "/chain", "", nil},
		{"file by group", chmod("private/var/root/p.plist", 0o620), "/chain", "/private/var/root/p.plist", nil},
		{"file by others", chmod("private/var/root/p.plist", 0o602), "/chain", "/private/var/root/p.plist", nil},
		{"folder", chmod("private/var", 0o777), "/var/root/p.plist", "/private/var", nil},
		{"sticky folder", chmod("private/var", 0o777|fs.ModeSticky), "/var/root/p.plist", "/private/var", nil},
		{"first of two", func(t *testing.T, root string) {
			chmod("private", 0o775)(t, root)
			chmod("private/var/root/p.plist", 0o606)(t, root)
		}, "/abs/p.plist", "/private", nil},
		{"root folder", chmod(".", 0o757), "/var/root/p.plist", "/", nil},
		{"folder of a link, not of its target", func(t *testing.T, root string) {
			must(t, os.Mkdir(filepath.Join(root, "open"), 0o755))
			must(t, os.Symlink("/private/var/root/p.plist", filepath.Join(root, "open/l")))
			chmod("open", 0o777)(t, root)
		}, "/open/l", "/open", nil},
		{"folder that .. leaves again", chmod("private", 0o777), "/private/../chain", "/private", nil},
		{"absent", func(*testing.T, string) {}, "/var/root/absent", "", fs.ErrNotExist},
		{"absent in an open folder", chmod("private/var/root", 0o777), "/var/root/absent", "/private/var/root", nil},
		{"loop", func(*testing.T, string) {}, "/loop1", "", syscall.ELOOP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := disk(t)
			for _, d := range []string{".", "private", "private/var", "private/var/root"} {
				chmod(d, 0o755)(t, root)
			}
			tt.spoil(t, root)
			got, writable, err := WritableByOthers(root, tt.path)
			if got != tt.want || writable != (tt.want != "") || !errors.Is(err, tt.err) {
				t.Errorf("WritableByOthers(%s) = %q, %v, %v; want %q, %v", tt.path, got, writable, err, tt.want, tt.err)
			}
		})
	}
}

func TestWritableByOthersOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	for _, name := range []string{"chain", "private/var", "private/var/root/p.plist"} {
		root := disk(t)
		must(t, os.Chmod(root, 0o755))
		must(t, os.Lchown(filepath.Join(root, name), 4321, -1))
		got, writable, err := WritableByOthers(root, "/chain")
		if got != "/"+name || !writable || err != nil {
			t.Errorf("WritableByOthers(/chain) with user 4321 owning %s = %q, %v, %v; want /%s", name, got, writable, err, name)
		}
	}
}

func chmod(name string, mode fs.FileMode) func(*testing.T, string) {
	return func(t *testing.T, root string) {
		t.Helper()
		must(t, os.Chmod(filepath.Join(root, name), mode))
	}
}
