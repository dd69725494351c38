package prefs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"hooksnare/pkg/safefile"
)

// live runs a collector with fsnotify, and waits for what it tells.
type live struct {
	*tale
	t *testing.T
	c *Collector
}

func goLive(t *testing.T, opts Options) *live {
	r := newTale(t)
	r.told = make(chan struct{}, 1)
	c, err := New(opts, r)
	if err != nil {
		t.Fatal(err)
	}
	c.settle = 50 * time.Millisecond // on a real clock
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return &live{r, t, c}
}

// until waits for something to be so; only if it never is does that take long.
func (l *live) until(what string, so func() bool) {
	l.t.Helper()
	for began := time.Now(); !so(); {
		if time.Since(began) > 20*time.Second {
			l.t.Fatalf("not so after 20 s: %s; told %q, %+v", what, l.take(), l.c.Stats())
		}
		select {
		case <-l.told:
		case <-time.After(time.Millisecond):
		}
	}
}

func (l *live) holds(file, key, want string) func() bool {
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.known[file+" "+key] == want
	}
}

func (l *live) watched(n int) func() bool {
	return func() bool { return l.c.Stats().Watched == n }
}

// TestWatch has no sweep: what is told is told because fsnotify woke the collector.
func TestWatch(t *testing.T) {
	d := newDisk(t)
	l := goLive(t, Options{Root: d.root})
	l.until("all folders of root's are watched", l.watched(5))
	for i := range 20 {
		v := fmt.Sprint("/", i)
		d.swap(rootPlist, xml("LoginHook", v))
		l.until("renamed over", l.holds(rootPlist, LoginHook, v))
		d.put(libPlist, xml("LogoutHook", v))
		l.until("in place", l.holds(libPlist, LogoutHook, v))
		d.swap("/private/var/root/Library/Preferences/ByHost/.GlobalPreferences.x.plist", xml("LoginHook", v))
		l.until("by host", l.holds("/private/var/root/Library/Preferences/ByHost/.GlobalPreferences.x.plist", LoginHook, v))
		d.remove(rootPlist)
		l.until("removed", l.holds(rootPlist, LoginHook, ""))
	}
}

// TestWatchSwappedFolder changes which folder is the one to watch, and what may be in it.
func TestWatchSwappedFolder(t *testing.T) {
	d := newDisk(t)
	l := goLive(t, Options{Root: d.root, Sweep: 20 * time.Millisecond})
	l.until("watched", l.watched(5))
	dir, old := d.at("/Library/Preferences"), d.at("/Library/Old")
	d.must(os.Rename(dir, old))
	l.until("not watched", l.watched(4))
	d.must(os.Mkdir(dir, 0o755))
	l.until("watched again", l.watched(5))
	d.must(os.Chmod(dir, 0o777))
	l.until("others can write it", l.watched(4))
	d.must(os.Chmod(dir, 0o755))
	l.until("they can't", l.watched(5))
	said := "/Library/Preferences: not watched"
	d.must(os.Symlink("/dev/null", dir+"/link"))
	l.until("there is a link in it", func() bool { return strings.Join(l.unread(), ",") == said })
	d.must(os.Remove(dir + "/link"))
	l.until("there is none", func() bool { return len(l.unread()) == 0 && l.watched(5)() })
	for i := range maxWatched + 1 {
		d.must(os.WriteFile(fmt.Sprintf("%s/%d.plist", dir, i), nil, 0o644))
	}
	l.until("there are many files in it", func() bool { return strings.Join(l.unread(), ",") == said })
	if os.Geteuid() == 0 {
		d.must(os.Chown(d.at("/private/var/root/Library"), 501, 20))
		l.until("a folder on the way is a user's", l.watched(2))
	}
	if got := l.take(); strings.Join(got, ",") != "+"+said+",-"+said+",+"+said {
		t.Errorf("told %q", got)
	}
}

// TestHalfWritten writes a file in place, in many small steps, while it is looked at all
// the time: it is never told to be without its hook, nor to hold half of one.
func TestHalfWritten(t *testing.T) {
	d := newDisk(t)
	l := goLive(t, Options{Root: d.root, Sweep: time.Millisecond})
	hooks := map[string]bool{}
	host, file := d.at(annPlist), annPlist
	for i := range 300 {
		v := fmt.Sprintf("/hook/%d/%s", i%7, strings.Repeat("x", i%50))
		hooks[v] = true
		content := xml("Other", "1", "LoginHook", v)
		if i%3 == 0 {
			content = binary(t, map[string]any{"Other": "1", "LoginHook": v})
		}
		f, err := os.OpenFile(host, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
		d.must(err)
		for j := 0; j < len(content); j += 16 {
			_, err := f.WriteString(content[j:min(len(content), j+16)])
			d.must(err)
		}
		d.must(f.Close())
		if i%10 == 0 {
			l.until("the hook is told", l.holds(file, LoginHook, v))
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.all {
		if c.New == nil || !hooks[*c.New] {
			t.Errorf("told a change to %s", shown(c.New))
		}
	}
}

// TestSameStamp changes a file within one step of its times and to the same size: it is
// seen all the same.
func TestSameStamp(t *testing.T) {
	d := newDisk(t)
	l := goLive(t, Options{Root: d.root, Sweep: time.Millisecond})
	stamp := time.Unix(1700000000, 0)
	for i := range 100 {
		v := fmt.Sprintf("/%03d", i)
		d.must(os.WriteFile(d.at(annPlist), []byte(xml("LoginHook", v)), 0o644))
		d.must(os.Chtimes(d.at(annPlist), stamp, stamp))
		l.until("the hook is told", l.holds(annPlist, LoginHook, v))
	}
}

// TestLinkRace swaps a file for a link to another user's while it is looked at.
func TestLinkRace(t *testing.T) {
	d := newDisk(t)
	d.put("/secret.plist", xml("LoginHook", "/secret"))
	l := goLive(t, Options{Root: d.root, Sweep: time.Millisecond})
	tmp := d.at("/Users/ann/tmp")
	for i := range 300 {
		if i%2 == 0 {
			d.must(os.WriteFile(tmp, []byte(xml("LoginHook", "/mine")), 0o644))
		} else {
			d.must(os.Symlink("/secret.plist", tmp))
		}
		d.must(os.Rename(tmp, d.at(annPlist)))
	}
	// On a slow machine so many of these are seen that ann's share is used up, which is told, too.
	usedUp := "/Users/ann: " + ShareUsedUp
	l.until("the link is told", func() bool {
		unread := slices.DeleteFunc(l.unread(), func(u string) bool { return u == usedUp })
		return slices.Equal(unread, []string{annPlist + ": a link"}) && l.holds(annPlist, LoginHook, "/secret")()
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.all {
		if c.New == nil {
			t.Errorf("told a removal: %+v", c)
		}
	}
}

// TestUnwatched has a collector without fsnotify report that, once for each folder.
func TestUnwatched(t *testing.T) {
	d := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			c.openWatcher = func() (*fsnotify.Watcher, error) { return nil, errors.New("too many open files") }
		})
		defer c.stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		var want []string
		for _, folder := range []string{"/Library/Managed Preferences", "/Library/Managed Preferences/ann", "/Library/Preferences",
			"/private/var/root/Library/Preferences", "/private/var/root/Library/Preferences/ByHost"} {
			want = append(want, "+"+folder+": not watched")
		}
		slices.Sort(want)
		if got := slices.Sorted(slices.Values(r.take())); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}

// TestWatchedLater has a watcher start to work after it could not be opened.
func TestWatchedLater(t *testing.T) {
	d := newDisk(t)
	var works atomic.Bool
	w := newWatcher(func() (*fsnotify.Watcher, error) {
		if works.Load() {
			return fsnotify.NewWatcher()
		}
		return nil, errors.New("too many open files")
	})
	defer w.stop()
	dir := "/Library/Preferences"
	v, err := safefile.Lstat(d.at(dir))
	d.must(err)
	for i, want := range []string{"0 map[" + dir + ":too many open files]", "1 map[]"} {
		works.Store(i > 0)
		w.set([]watchTarget{{dir, d.at(dir), v}})
		<-w.updated
		count, unwatched := w.status()
		if got := fmt.Sprint(count, unwatched); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
}

// TestPermission needs a user who is not root.
func TestPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read everything")
	}
	d := newDisk(t)
	d.put(annPlist, xml())
	d.must(os.Chmod(d.at(filepath.Dir(annPlist)), 0))
	defer os.Chmod(d.at(filepath.Dir(annPlist)), 0o755)
	_, bad, err := Scan(d.root, nil)
	if err != nil || len(bad) == 0 || bad[0].Why != permission {
		t.Errorf("Scan could not read %+v, %v; want permission", bad, err)
	}
}
