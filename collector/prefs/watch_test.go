package prefs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/safefile"
)

// live runs a collector that watches folders, and waits for what it tells.
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

// TestWatch has no sweep: what is told is told because a watched folder woke the collector.
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
	if os.Geteuid() == 0 {
		d.must(os.Chown(d.at("/private/var/root/Library"), 501, 20))
		l.until("a folder on the way is a user's", l.watched(3))
	}
	if got := l.take(); len(got) > 0 {
		t.Errorf("told %q, want nothing", got)
	}
}

// descriptors returns how many descriptors of its own the process has open; a loader of foreign
// programs keeps its own from 1000 on.
func descriptors(t *testing.T) (count int) {
	all, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skipf("the system does not list descriptors: %v", err)
	}
	for _, e := range all {
		if n, err := strconv.Atoi(e.Name()); err == nil && n < 1000 {
			count++
		}
	}
	return count
}

// TestWatchFullFolder has many other files, links and FIFOs in a folder: all of them cost nothing,
// and no change of the one file is missed or leaves a descriptor behind.
func TestWatchFullFolder(t *testing.T) {
	d := newDisk(t)
	dir := filepath.Dir(d.at(rootPlist))
	for i := range 400 {
		d.must(os.WriteFile(fmt.Sprintf("%s/com.example.%d.plist", dir, i), nil, 0o644))
		d.must(os.Symlink("/nowhere", fmt.Sprintf("%s/link%d", dir, i)))
	}
	fifo(t, dir+"/fifo")
	before := descriptors(t)
	l := goLive(t, Options{Root: d.root})
	l.until("all folders of root's are watched", l.watched(5))
	d.swap(rootPlist, xml("LoginHook", "/first"))
	l.until("the first", l.holds(rootPlist, LoginHook, "/first"))
	// Five folders, one file, and what reports them; a scan may have another open just now.
	first := descriptors(t)
	if most := before + 5 + 1 + 8; first > most {
		t.Errorf("%d descriptors with 800 files beside the one, %d before, want %d at most", first, before, most)
	}
	for i := range 1000 {
		v := fmt.Sprint("/", i)
		if d.swap(rootPlist, xml("LoginHook", v)); i%20 == 19 {
			l.until("renamed over", l.holds(rootPlist, LoginHook, v))
			d.put(rootPlist, xml("LoginHook", v+"/in/place"))
			l.until("in place", l.holds(rootPlist, LoginHook, v+"/in/place"))
		}
	}
	if got := descriptors(t); got > first+2 {
		t.Errorf("%d descriptors after 1,000 changes, %d before", got, first)
	}
	if got := l.unread(); len(got) > 0 {
		t.Errorf("told %q to be unreadable, want nothing", got)
	}
}

// TestWatchWays changes a file in every way, again and again in a folder that is made again or
// replaced, without a sweep: more often than scans that are due from before could find.
func TestWatchWays(t *testing.T) {
	d := newDisk(t)
	l := goLive(t, Options{Root: d.root})
	l.until("all folders of root's are watched", l.watched(5))
	dir := filepath.Dir(d.at(rootPlist))
	folders := []struct {
		name   string
		change func()
	}{
		{"as it was", func() {}},
		{"removed and made again", func() {
			d.must(os.RemoveAll(dir))
			l.until("not watched", l.watched(3)) // nor ByHost in it
			d.must(os.MkdirAll(dir+"/ByHost", 0o755))
		}},
		{"moved away and another in its place", func() {
			d.must(os.Rename(dir, dir+".old"))
			d.must(os.MkdirAll(dir+".new/ByHost", 0o755))
			d.must(os.Rename(dir+".new", dir))
			d.must(os.RemoveAll(dir + ".old"))
		}},
	}
	for _, f := range folders {
		f.change()
		l.c.Wake() // what the sweep would do: what lies above is not watched
		for i := range 10 {
			v := fmt.Sprintf("/%d", i)
			d.put(rootPlist, xml("LoginHook", v+"/created"))
			l.until(f.name+": created", l.holds(rootPlist, LoginHook, v+"/created"))
			d.put(rootPlist, xml("LoginHook", v+"/in/place/and/longer"))
			l.until(f.name+": written in place", l.holds(rootPlist, LoginHook, v+"/in/place/and/longer"))
			d.put(rootPlist, xml("LoginHook", v))
			l.until(f.name+": made shorter", l.holds(rootPlist, LoginHook, v))
			d.swap(rootPlist, xml("LoginHook", v+"/renamed"))
			l.until(f.name+": renamed over", l.holds(rootPlist, LoginHook, v+"/renamed"))
			d.must(os.Rename(d.at(rootPlist), dir+"/kept"))
			l.until(f.name+": moved away", l.holds(rootPlist, LoginHook, ""))
			d.must(os.Rename(dir+"/kept", d.at(rootPlist)))
			l.until(f.name+": moved back", l.holds(rootPlist, LoginHook, v+"/renamed"))
			d.remove(rootPlist)
			l.until(f.name+": removed", l.holds(rootPlist, LoginHook, ""))
		}
		l.until(f.name+": watched", l.watched(5))
	}
}

// BenchmarkWatchedChange is a change in a folder of 400 other files, from the rename to
// HandleChange, without a sweep. As a darwin program its calls are counted by .ci/darwin.
func BenchmarkWatchedChange(b *testing.B) {
	d := newDisk(b)
	for i := range 400 {
		d.put(fmt.Sprintf("%s/com.example.%d.plist", filepath.Dir(rootPlist), i), "")
	}
	h := &instant{at: make(chan time.Time, 16)}
	c, err := New(Options{Root: d.root}, h)
	d.must(err)
	c.disk.folds = false // as on a Mac: folders are not listed for other spellings
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { c.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	for c.Stats().Watched < 5 {
		time.Sleep(time.Millisecond)
	}
	for n := 0; b.Loop(); n++ {
		d.swap(rootPlist, xml("LoginHook", fmt.Sprint(n)))
		<-h.at
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

// TestUnwatched has a collector that can't watch folders report that, once for each folder.
func TestUnwatched(t *testing.T) {
	d := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			c.openWatcher = func(func()) (notifier, error) { return nil, errors.New("too many open files") }
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
	w := newWatcher(func(wake func()) (notifier, error) {
		if works.Load() {
			return openNotifier(wake)
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
