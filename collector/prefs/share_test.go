package prefs

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// latency is how long after a change of a file the handler is to be told. The sweep is every
// two seconds, and there may be a look and one report to wait for.
const latency = 2700 * time.Millisecond

// timed notes when the changes of files are told.
type timed struct {
	*tale
	at map[string]time.Time // by file: of the last
	n  map[string]int       // by home: changes and troubles
}

func newTimed(t *testing.T) *timed {
	return &timed{newTale(t), map[string]time.Time{}, map[string]int{}}
}

func (r *timed) HandleChange(c event.Change) error {
	r.mu.Lock()
	r.at[c.File] = time.Now()
	r.n[c.Home]++
	r.mu.Unlock()
	return r.tale.HandleChange(c)
}

func (r *timed) HandleUnreadable(u event.Unreadable) {
	r.mu.Lock()
	r.n[u.Home]++
	r.mu.Unlock()
	r.tale.HandleUnreadable(u)
}

// within changes files and checks that each is told in time.
func (r *timed) within(d *fakeDisk, what string, files ...string) {
	r.t.Helper()
	begin := time.Now()
	for _, f := range files {
		d.swap(f, xml("LoginHook", fmt.Sprint(begin.UnixNano())))
	}
	time.Sleep(latency)
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range files {
		if r.at[f].Before(begin) {
			r.t.Errorf("%s: %s is not told after %v", what, f, latency)
		}
	}
}

// TestDeadHomes has eighty homes dead from the start: root's files are looked at as ever, and
// so is a home that lives, which comes last among them.
func TestDeadHomes(t *testing.T) {
	d := newDisk(t)
	for i := range 80 {
		d.mkdir(fmt.Sprintf("/Users/dead%02d/Library/Preferences", i))
	}
	zoe := hookOf("/Users/zoe")
	d.put(zoe, xml("LoginHook", "/z"))
	synctest.Test(t, func(t *testing.T) {
		r := newTimed(t)
		s := stalled{"/dead", make(chan struct{})}
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, s.into)
		r.within(d, "at the start", rootPlist, libPlist, zoe)
		for range 3 {
			r.within(d, "with eighty dead homes", rootPlist, libPlist, zoe)
		}
		for i := range 20 { // more die
			d.mkdir(fmt.Sprintf("/Users/dead-too%02d/Library/Preferences", i))
		}
		d.stamp(d.at("/Users"))
		r.within(d, "while more die", rootPlist, libPlist, zoe)
		r.within(d, "with a hundred", rootPlist, libPlist, zoe)
		close(s.release)
		c.stop()
	})
}

// TestAllThreadsDead has more homes dead than there are threads for looks: those that
// answered before are looked at still, also when some of them die, too.
func TestAllThreadsDead(t *testing.T) {
	d := newDisk(t)
	const dead, dying = (maxThreads + reservedThreads) + 100, 20
	for i := range dead {
		d.mkdir(fmt.Sprintf("/Users/dead%04d/Library/Preferences", i))
	}
	for i := range dying {
		d.mkdir(fmt.Sprintf("/Users/bdying%02d/Library/Preferences", i))
	}
	abe := hookOf("/Users/abe")
	d.put(abe, xml("LoginHook", "/a"))
	synctest.Test(t, func(t *testing.T) {
		r := newTimed(t)
		release := make(chan struct{})
		var on, most atomic.Int32
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			c.disk.lstat = func(name string) (safefile.FileVersion, error) {
				if strings.Contains(name, "/dead") || on.Load() > 0 && strings.Contains(name, "/bdying") {
					most.Add(1)
					<-release
				}
				return safefile.Lstat(name)
			}
		})
		time.Sleep(time.Minute)
		if got := most.Load(); got > maxThreads {
			t.Errorf("%d threads hang, want %d at most while there are homes that answer", got, maxThreads)
		}
		on.Store(1)
		time.Sleep(time.Minute)
		r.within(d, "with all dead but one", rootPlist, abe)
		r.within(d, "with all dead but one", rootPlist, abe)
		close(release)
		c.stop()
	})
}

// TestRestlessHome has the owner of a home rewrite sixty files without a stop, be they large,
// while processes run all the time. The home has a tenth of the time, and so many reports;
// root's changes and another user's are told as ever.
func TestRestlessHome(t *testing.T) {
	d := newDisk(t)
	var files []string
	for i := range 60 {
		files = append(files, fmt.Sprintf("/Users/mallory/Library/Preferences/ByHost/com.apple.loginwindow.%02d.plist", i))
	}
	synctest.Test(t, func(t *testing.T) {
		r := newTimed(t)
		var spent atomic.Int64
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			read := c.disk.read
			c.disk.read = func(name string, max int64) ([]byte, safefile.FileVersion, error) {
				if strings.Contains(name, "/mallory/") {
					time.Sleep(time.Millisecond) // to hash and to parse
					spent.Add(int64(time.Millisecond))
				}
				return read(name, max)
			}
		})
		pass()
		begin := time.Now()
		stop, done := make(chan struct{}), make(chan struct{})
		mallory := *d // with time stamps of its own
		go func() {
			defer close(done)
			for round := 0; ; round++ {
				select {
				case <-stop:
					return
				case <-time.After(300 * time.Millisecond):
				}
				for _, f := range files {
					mallory.swap(f, xml("LoginHook", fmt.Sprint("/m", round), "LogoutHook", fmt.Sprint("/n", round)))
				}
				c.Wake()
			}
		}()
		for range 10 {
			r.within(d, "beside a restless home", rootPlist, libPlist, annPlist)
		}
		close(stop)
		<-done
		took := time.Since(begin)
		if got := time.Duration(spent.Load()); got > took/9 {
			t.Errorf("%v of %v for one home, want a tenth", got, took)
		}
		r.mu.Lock()
		if most := int(reportsAtOnce + reportRate*took.Seconds() + 2); r.n["/Users/mallory"] > most || r.n["/Users/mallory"] < int(reportsAtOnce) {
			t.Errorf("%d reports of one home in %v, want %d at most", r.n["/Users/mallory"], took, most)
		}
		if got := r.on["/Users/mallory: share used up"]; got == "" || c.Stats().UsedUp != 1 {
			t.Errorf("not told that the share is used up; told %v", r.on)
		}
		r.mu.Unlock()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		r.mu.Lock()
		if got := c.Stats().UsedUp; len(r.on) != 0 || got != 0 {
			t.Errorf("Stats().UsedUp = %d, want none", got)
			t.Errorf("after a while of calm: %v, want nothing", r.on)
		}
		for _, f := range files {
			if a, b := r.known[f+" LoginHook"], r.known[f+" LogoutHook"]; a == "" || a[2:] != b[2:] || a != r.known[files[0]+" LoginHook"] {
				t.Errorf("%s: known in the end %q and %q, want what it holds", f, a, b)
			}
		}
		r.mu.Unlock()
		c.stop()
	})
}

// TestFlappingHome has the owner of a home turn files into folders and back.
func TestFlappingHome(t *testing.T) {
	d := newDisk(t)
	var files []string
	for i := range 60 {
		files = append(files, fmt.Sprintf("/Users/mallory/Library/Preferences/ByHost/com.apple.loginwindow.%02d.plist", i))
	}
	synctest.Test(t, func(t *testing.T) {
		r := newTimed(t)
		c := start(t, Options{Root: d.root, Sweep: time.Second}, r, nil)
		pass()
		begin := time.Now()
		for round := range 60 {
			for _, f := range files {
				d.remove(f)
				if round%2 == 0 {
					d.mkdir(f)
				} else {
					d.put(f, xml())
				}
			}
			time.Sleep(time.Second)
		}
		r.within(d, "beside a home that flaps", rootPlist)
		r.mu.Lock()
		if most := int(reportsAtOnce + reportRate*time.Since(begin).Seconds() + 2); r.n["/Users/mallory"] > most {
			t.Errorf("%d reports of one home in %v, want %d at most", r.n["/Users/mallory"], time.Since(begin), most)
		}
		r.mu.Unlock()
		d.remove(files[0])
		d.mkdir(files[0])
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(r.unread()); got != "["+files[0]+": not a file]" {
			t.Errorf("in the end %s can't be read, want one file", got)
		}
		for i := range 60 { // and the home goes while more is owed
			for _, f := range files {
				d.remove(f)
				if i%2 == 0 {
					d.mkdir(f)
				}
			}
			time.Sleep(time.Second)
		}
		d.must(os.RemoveAll(d.at("/Users/mallory")))
		d.stamp(d.at("/Users"))
		pass()
		if got := r.unread(); len(got) != 0 {
			t.Errorf("of a home that is gone %q can't be read", got)
		}
		c.stop()
	})
}

// TestManyDieAtOnce has eighty homes die while it takes the handler some time to take note of
// each: root's change is told before most of them.
func TestManyDieAtOnce(t *testing.T) {
	d := newDisk(t)
	for i := range 80 {
		d.put(hookOf(fmt.Sprintf("/Users/dead%02d", i)), "nonsense")
	}
	synctest.Test(t, func(t *testing.T) {
		r := slowHandler{newTimed(t)}
		release := make(chan struct{})
		var on atomic.Bool
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			c.disk.lstat = func(name string) (safefile.FileVersion, error) {
				if on.Load() && strings.Contains(name, "/dead") {
					<-release
				}
				return safefile.Lstat(name)
			}
		})
		r.within(d, "beside homes of which nothing can be read", rootPlist)
		time.Sleep(time.Minute)
		on.Store(true)
		for range 4 {
			r.within(d, "while eighty homes die", rootPlist)
		}
		time.Sleep(2 * time.Minute)
		if got := len(r.unread()); got != 160 {
			t.Errorf("%d troubles are told, want two of each home", got)
		}
		close(release)
		c.stop()
	})
}

// slowHandler takes half a second for each trouble.
type slowHandler struct{ *timed }

func (h slowHandler) HandleUnreadable(u event.Unreadable) {
	time.Sleep(500 * time.Millisecond)
	h.timed.HandleUnreadable(u)
}

// TestHomeThatComesBack has a home vanish and come back while the looks at it hang: so many
// are begun, and no more.
func TestHomeThatComesBack(t *testing.T) {
	d := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		release := make(chan struct{})
		var hung atomic.Int32
		c := start(t, Options{Root: d.root, Sweep: time.Second}, r, func(c *Collector) {
			c.disk.lstat = func(name string) (safefile.FileVersion, error) {
				if strings.Contains(name, "/bob/") {
					hung.Add(1)
					<-release
				}
				return safefile.Lstat(name)
			}
		})
		for range 3 * maxHung {
			d.mkdir("/Users/bob/Library")
			d.stamp(d.at("/Users"))
			pass()
			d.remove("/Users/bob")
			d.stamp(d.at("/Users"))
			pass()
		}
		if got := hung.Load(); got != maxHung {
			t.Errorf("%d looks hang, want %d", got, maxHung)
		}
		close(release)
		d.put(hookOf("/Users/bob"), xml("LoginHook", "/b"))
		d.stamp(d.at("/Users"))
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if got := r.known[hookOf("/Users/bob")+" LoginHook"]; got != "/b" || len(r.on) != 0 {
			t.Errorf("when it answers: known is %q, trouble %v", got, r.on)
		}
		c.stop()
	})
}
