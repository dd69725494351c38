package exceptions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hooksnare/agent/config"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
)

// bare is an exception that is to be added, and nothing else.
func bare(id string) *Proposal {
	return &Proposal{Exception: config.Exception{ID: id, Where: `hooksnare.hook.value == "/` + id + `"`, Reason: "because"}}
}

func allowOn(root string) *Allow { return NewAllow(config.Config{Root: root}, Who{UID: 501}) }

func ownIDs(t *testing.T, root string) []string {
	t.Helper()
	list, err := config.OwnExceptions(root, nil)
	must(t, err)
	out := []string{}
	for _, x := range list {
		out = append(out, x.ID)
	}
	return out
}

func newDisk(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	must(t, os.Chmod(root, 0o755))
	return root
}

// TestProposalIsKept adds exceptions of hostile values and reads them as the agent does.
func TestProposalIsKept(t *testing.T) {
	root, ctx := newDisk(t), context.Background()
	end := time.Date(2031, 2, 3, 4, 5, 6, 7, time.UTC)
	n := 0
	for i, value := range hostile {
		a := alertOf(t, hook.LoginHook, value, rootPlist)
		p, err := Propose(root, []*alert.Alert{a}, Wish{ID: fmt.Sprintf("x%d", i), Reason: "<&> \"'ü", Expires: end, Unpinned: true})
		if err != nil {
			continue // TestWhere says of which
		}
		must(t, allowOn(root).Add(ctx, p))
		n++
		list, err := config.OwnExceptions(root, nil)
		must(t, err)
		if len(list) != n {
			t.Fatalf("%.80q: got %d exceptions, want %d", value, len(list), n)
		}
		x := list[n-1]
		if !covers(t, x.Where, hook.LoginHook, value, rootPlist) || x.Reason != "<&> \"'ü" || !x.Expires.Equal(end.Truncate(time.Second)) || !x.Own {
			t.Errorf("%.80q: got %+v", value, x)
		}
	}
	if n < len(hostile)-4 {
		t.Errorf("%d of %d values could be allowed", n, len(hostile))
	}
}

// TestAuditFirst looks at what is there when the file is about to be written, and leaves it
// so, as a crash does; then when it can't be written.
func TestAuditFirst(t *testing.T) {
	root, ctx := newDisk(t), context.Background()
	a := allowOn(root)
	a.now = func() time.Time { return time.Unix(1e9, 0) }
	crash := errors.New("crash")
	a.write = func(string, []byte, fs.FileMode) error {
		b, err := os.ReadFile(AuditPath(root))
		must(t, err)
		want := `{"time":"2001-09-09T01:46:40Z","verb":"add","id":"x","by":{"uid":501},"reason":"because","exception":{"id":"x","where":"hooksnare.hook.value == \"/x\"","reason":"because"}}` + "\n"
		if string(b) != want {
			t.Errorf("audit log before the file is written: got %s, want %s", b, want)
		}
		panic(crash)
	}
	func() {
		defer func() {
			if r := recover(); r != crash {
				t.Errorf("got %v, want the crash", r)
			}
		}()
		_ = a.Add(ctx, bare("x")) // does not return
	}()
	if got := ownIDs(t, root); len(got) != 0 {
		t.Errorf("after a crash: got exceptions %q, want none", got)
	}
	// What the crash left behind is in nobody's way.
	must(t, allowOn(root).Add(ctx, bare("x")))
	a.write = func(string, []byte, fs.FileMode) error { return unix.ENOSPC }
	if err := a.Add(ctx, bare("y")); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a full disk: got %v", err)
	}
	audit, err := readAudit(root)
	if _, failed := audit["y"]; err != nil || failed || audit["x"].By.UID != 501 {
		t.Errorf("audit: got %+v, %v; want x alone", audit, err)
	}
	info, err := os.Stat(AuditPath(root))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("audit log: got %v, %v; want mode 0600", info.Mode(), err)
	}
	if b, _ := os.ReadFile(AuditPath(root)); bytes.Count(b, []byte("\n")) != 4 || !bytes.Contains(b, []byte(`"verb":"add","id":"y","by":{"uid":501},"error":"no space left on device"}`)) {
		t.Errorf("audit log: got %s; want four lines, the last of a failure", b)
	}
	if got := ownIDs(t, root); len(got) != 1 || got[0] != "x" {
		t.Errorf("got exceptions %q, want x", got)
	}
}

// TestNoAuditNoChange has an audit log that can't be written.
func TestNoAuditNoChange(t *testing.T) {
	root := newDisk(t)
	must(t, os.MkdirAll(AuditPath(root), 0o755))
	err := allowOn(root).Add(context.Background(), bare("x"))
	if err == nil || !strings.Contains(err.Error(), "nothing was changed: audit: ") {
		t.Errorf("got %v, want that nothing was changed", err)
	}
	if got := ownIDs(t, root); len(got) != 0 {
		t.Errorf("got exceptions %q, want none", got)
	}
}

// TestAllowAtOnce adds and removes from many sides at the same time: no change is lost.
func TestAllowAtOnce(t *testing.T) {
	root, ctx := newDisk(t), context.Background()
	const n = 16
	must(t, allowOn(root).Add(ctx, bare("old")))
	var wg sync.WaitGroup
	errs := make([]error, n+2)
	for i := range n {
		wg.Go(func() {
			a := allowOn(root)
			a.wait = time.Minute
			errs[i] = a.Add(ctx, bare(fmt.Sprintf("x%d", i)))
		})
	}
	for i := range 2 { // one of them finds it removed
		wg.Go(func() {
			a := allowOn(root)
			a.wait = time.Minute
			errs[n+i] = a.Remove(ctx, "old", nil)
		})
	}
	wg.Wait()
	for i, err := range errs[:n] {
		if err != nil {
			t.Errorf("x%d: %v", i, err)
		}
	}
	if a, b := errs[n], errs[n+1]; (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), ErrNoException) {
		t.Errorf("removed twice: got %v and %v, want one that is not there", a, b)
	}
	if got := ownIDs(t, root); len(got) != n {
		t.Errorf("got %q, want %d", got, n)
	}
	if b, _ := os.ReadFile(AuditPath(root)); bytes.Count(b, []byte("\n")) != n+2 {
		t.Errorf("audit log: got %s; want a line for each change", b)
	}
}

// TestAllowLocked has someone who does not let go.
func TestAllowLocked(t *testing.T) {
	root, ctx := newDisk(t), context.Background()
	a := allowOn(root)
	must(t, a.places())
	unlock, err := a.lock(ctx)
	must(t, err)
	a.wait = time.Millisecond
	if err := a.Add(ctx, bare("x")); err == nil || !strings.Contains(err.Error(), "another hooksnare allow has held it for 1ms") {
		t.Errorf("locked: got %v", err)
	}
	ended, end := context.WithCancel(ctx)
	end()
	a.wait = time.Hour
	if err := a.Add(ended, bare("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
	unlock()
	must(t, a.Add(ctx, bare("x")))
}

// TestAllowPlaces has folders that are not what they must be. Nothing is written elsewhere.
func TestAllowPlaces(t *testing.T) {
	tests := []struct {
		name string
		lay  func(t *testing.T, root, outside string)
		want string
	}{
		{"a file for a folder", func(t *testing.T, root, _ string) { must(t, os.WriteFile(filepath.Join(root, "Library"), nil, 0o644)) }, "not a directory"},
		{"a link out of the disk", func(t *testing.T, root, outside string) { must(t, os.Symlink(outside, filepath.Join(root, "Library"))) }, "escapes"},
		{"a relative one", func(t *testing.T, root, outside string) {
			must(t, os.MkdirAll(filepath.Join(root, "Library"), 0o755))
			must(t, os.Symlink("../../"+filepath.Base(outside), filepath.Join(root, "Library/Application Support")))
		}, "escapes"},
		{"a link for the log", func(t *testing.T, root, outside string) { must(t, os.Symlink(outside, filepath.Join(root, "var"))) }, "escapes"},
		{"a link for the lock", func(t *testing.T, root, outside string) {
			folder := filepath.Dir(config.ExceptionsPath(root))
			must(t, os.MkdirAll(folder, 0o755))
			must(t, os.Symlink(filepath.Join(outside, "x"), filepath.Join(folder, ".exceptions.lock")))
		}, "too many levels of symbolic links"},
		{"a folder of others", func(t *testing.T, root, _ string) {
			must(t, os.MkdirAll(filepath.Join(root, "Library"), 0o755))
			must(t, os.Chmod(filepath.Join(root, "Library"), 0o777))
		}, `others can write "/Library"`},
		{"a file that can't be read", func(t *testing.T, root, _ string) {
			must(t, os.MkdirAll(config.ExceptionsPath(root), 0o755))
		}, "not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := newDisk(t)
			root, outside := filepath.Join(top, "root"), filepath.Join(top, "outside")
			must(t, os.Mkdir(root, 0o755))
			must(t, os.Mkdir(outside, 0o755))
			tt.lay(t, root, outside)
			if err := allowOn(root).Add(context.Background(), bare("x")); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if list, err := os.ReadDir(outside); err != nil || len(list) > 0 {
				t.Errorf("outside: got %v, %v; want nothing", list, err)
			}
		})
	}
}

// TestAllowReadOnly has a folder that may not be written.
func TestAllowReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	root := newDisk(t)
	must(t, os.Mkdir(filepath.Join(root, "Library"), 0o555))
	err := allowOn(root).Add(context.Background(), bare("x"))
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "only root may change exceptions: run it with sudo") {
		t.Errorf("got %v, want that it takes root", err)
	}
}

// TestOwnFileIsKept changes a file with entries that are wrong or unknown: they stay.
func TestOwnFileIsKept(t *testing.T) {
	root, ctx := newDisk(t), context.Background()
	must(t, os.MkdirAll(filepath.Dir(config.ExceptionsPath(root)), 0o755))
	must(t, os.WriteFile(config.ExceptionsPath(root), []byte(`<plist version="1.0"><dict><key>Other</key><integer>-1</integer>
<key>Exceptions</key><array><string>odd</string><dict><key>ID</key><string>half</string><key>N</key><real>1.5</real></dict></array></dict></plist>`), 0o644))
	must(t, allowOn(root).Add(ctx, bare("x")))
	must(t, allowOn(root).Add(ctx, bare("y")))
	must(t, allowOn(root).Remove(ctx, "x", nil))
	b, err := os.ReadFile(config.ExceptionsPath(root))
	must(t, err)
	for _, want := range []string{"<key>Other</key>", "<integer>-1</integer>", "<string>odd</string>", "<string>half</string>", "<real>1.5</real>", "<string>y</string>"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("got no %s in %s", want, b)
		}
	}
	if info, err := os.Stat(config.ExceptionsPath(root)); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("got %v, %v; want mode 0644", info.Mode(), err)
	}
	if err := allowOn(root).Add(ctx, bare("half")); !errors.Is(err, ErrKnownException) {
		t.Errorf("an ID of a wrong entry: got %v", err)
	}
	if err := allowOn(root).Add(ctx, &Proposal{Exception: config.Exception{ID: "z", Where: "true)", Reason: "r"}}); err == nil || !strings.HasPrefix(err.Error(), "exception z: Where: 1:5: ") {
		t.Errorf("a wrong condition: got %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
