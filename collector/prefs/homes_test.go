package prefs

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

func hookOf(home string) string { return home + "/Library/Preferences/com.apple.loginwindow.plist" }

func TestHomesComeAndGo(t *testing.T) {
	d := newDisk(t)
	bob, gone := hookOf("/Users/bob"), hookOf("/Volumes/Homes/eve")
	d.put(gone, xml("LoginHook", "/e"))
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second, Homes: []string{"/Volumes/Homes/eve"}}, r, nil)
		defer c.stop()
		step := func(when string, do func(), want ...string) {
			t.Helper()
			do()
			d.stamp(d.at("/Users"))
			pass()
			r.want(when, want...)
		}
		user := func(f, from, to string) string {
			return f + " user LoginHook " + from + ">" + to + " seen"
		}
		step("at first", func() {}, gone+` user LoginHook ->"/e" never`)
		step("a home appears", func() { d.put(bob, xml("LoginHook", "/b")) }, user(bob, "-", `"/b"`))
		step("it is renamed", func() { d.must(os.Rename(d.at("/Users/bob"), d.at("/Users/rob"))) },
			user(bob, `"/b"`, "-"), user(hookOf("/Users/rob"), "-", `"/b"`))
		step("and back", func() { d.must(os.Rename(d.at("/Users/rob"), d.at("/Users/bob"))) },
			user(hookOf("/Users/rob"), `"/b"`, "-"), user(bob, "-", `"/b"`))
		step("it is replaced by a link", func() {
			d.must(os.Rename(d.at("/Users/bob"), d.at("/moved")))
			d.link("/moved", "/Users/bob")
		}, "+/Users/bob: a link")
		step("and is back", func() {
			d.remove("/Users/bob")
			d.must(os.Rename(d.at("/moved"), d.at("/Users/bob")))
		}, "-/Users/bob: a link")
		step("the folder of homes is a file", func() {
			d.must(os.Rename(d.at("/Users"), d.at("/U")))
			d.put("/Users", "")
		}, "+/Users: not a folder")
		step("and is back", func() {
			d.remove("/Users")
			d.must(os.Rename(d.at("/U"), d.at("/Users")))
		}, "-/Users: not a folder")
		step("a home elsewhere is not there", func() { d.must(os.Rename(d.at("/Volumes/Homes"), d.at("/Volumes/Off"))) },
			"+/Volumes/Homes/eve: not there")
		step("and is back", func() { d.must(os.Rename(d.at("/Volumes/Off"), d.at("/Volumes/Homes"))) },
			"-/Volumes/Homes/eve: not there")
		step("a home vanishes with its trouble", func() {
			d.remove(bob)
			d.link("/nowhere", bob)
		}, "+"+bob+": a link")
		step("with its trouble", func() { d.remove("/Users/bob") }, "-"+bob+": a link", user(bob, `"/b"`, "-"))
		if got := c.Stats().Homes; got != 2 {
			t.Errorf("Stats().Homes = %d, want ann and eve", got)
		}
	})
}

// TestUsersCannotBeListed holds that a home that can't be looked for is not gone.
func TestUsersCannotBeListed(t *testing.T) {
	d := newDisk(t)
	d.put(annPlist, xml("LoginHook", "/a"))
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		var broken atomic.Bool
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			c.disk.list = func(name string, version safefile.FileVersion, limit int) ([]fs.DirEntry, bool, error) {
				if broken.Load() && strings.HasSuffix(name, "/Users") {
					return nil, false, os.ErrPermission
				}
				return listFolder(name, version, limit)
			}
		})
		defer c.stop()
		pass()
		r.want("at first", annPlist+` user LoginHook ->"/a" never`)
		broken.Store(true)
		d.must(os.Rename(d.at("/Users/ann"), d.at("/ann")))
		pass()
		r.want("can't be listed", "+/Users: permission")
		broken.Store(false)
		pass()
		r.want("can be listed", "-/Users: permission", annPlist+` user LoginHook "/a">- seen`)
	})
}

// TestManyByHost floods a folder with names; what was known stays in sight.
func TestManyByHost(t *testing.T) {
	d := newDisk(t)
	d.put(annHost, xml("LoginHook", "/a"))
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, nil)
		defer c.stop()
		pass()
		r.take()
		dir := "/Users/ann/Library/Preferences/ByHost"
		for i := range 3 * maxByHost {
			d.put(fmt.Sprintf("%s/.GlobalPreferences.%03d.plist", dir, i), xml("LoginHook", "/flood"))
		}
		d.swap(annHost, xml("LoginHook", "/A"))
		pass()
		changed := annHost + ` byhost LoginHook "/a">"/A" seen`
		if got := r.take(); len(got) != 1+maxByHost || !contains(got, "+"+dir+": too many") || !contains(got, changed) {
			t.Errorf("told %d lines, want %d, one of them %s", len(got), 1+maxByHost, changed)
		}
		for i := range 3 * maxByHost {
			d.remove(fmt.Sprintf("%s/.GlobalPreferences.%03d.plist", dir, i))
		}
		pass()
		if got := r.take(); len(got) != maxByHost || !contains(got, "-"+dir+": too many") {
			t.Errorf("after the flood: told %d lines, want %d", len(got), maxByHost)
		}
		d.swap(annHost, xml())
		pass()
		r.want("after the flood", annHost+` byhost LoginHook "/A">- seen`)
	})
}

// TestLargeFiles gives a home more to read than one look may: all of it is read in the end.
func TestLargeFiles(t *testing.T) {
	d := newDisk(t)
	padding := "<!--" + strings.Repeat("x", 1900<<10) + "-->"
	const files = 12
	for i := range files {
		d.put(fmt.Sprintf("/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.%d.plist", i), xml("LoginHook", "/x")+padding)
	}
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, nil)
		defer c.stop()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := r.take(); len(got) != 1+files || !contains(got, "+/Users/ann: share used up") {
			t.Errorf("told %q, want %d changes, and that the share is used up", got, files)
		}
		s := c.Stats()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := c.Stats(); got.Reads != s.Reads {
			t.Errorf("%d reads of files that did not change", got.Reads-s.Reads)
		}
	})
}

// stalled holds up every look into some homes.
type stalled struct {
	part    string
	release chan struct{}
}

func (s *stalled) into(c *Collector) {
	c.disk.lstat = func(name string) (safefile.FileVersion, error) {
		if strings.Contains(name, s.part) {
			<-s.release
		}
		return safefile.Lstat(name)
	}
}

func TestStalledHome(t *testing.T) {
	d := newDisk(t)
	bob := hookOf("/Users/bob")
	d.put(bob, xml("LoginHook", "/b"))
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		s := stalled{"/bob/", make(chan struct{})}
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, s.into)
		defer c.stop()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		r.want("stalled at first", "+/Users/bob: no answer")
		if r.saves != 1 || len(r.state.Never) != 1 || r.state.Never[0] != "/Users/bob" {
			t.Errorf("%d states, the last %+v; want one, in which bob was never looked at", r.saves, r.state)
		}
		for i := range 3 {
			d.swap(annPlist, xml("LoginHook", fmt.Sprint(i)))
			time.Sleep(2100 * time.Millisecond)
			synctest.Wait()
			if got := r.take(); len(got) != 1 {
				t.Errorf("while bob stalls: told %q of ann, want one change", got)
			}
		}
		if got := c.Stats().Stuck; got != 1 {
			t.Errorf("Stats().Stuck = %d, want 1", got)
		}
		d.swap(rootPlist, xml("LoginHook", "/r"))
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		r.want("while bob stalls", rootPlist+` root LoginHook ->"/r" seen`)
		close(s.release) // it answers, late
		time.Sleep(3 * time.Second)
		synctest.Wait()
		r.want("late", bob+` user LoginHook ->"/b" never`)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		r.want("and in time", "-/Users/bob: no answer")
		if got := c.Stats().Stuck; got != 0 {
			t.Errorf("Stats().Stuck = %d, want none", got)
		}
	})
}

// TestManyStalled stalls more homes than are waited for: root's own are still looked at.
func TestManyStalled(t *testing.T) {
	d := newDisk(t)
	const homes = (maxThreads + reservedThreads) + 100
	for i := range homes {
		d.mkdir(fmt.Sprintf("/Users/slow%03d/Library/Preferences", i))
	}
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		s := stalled{"/slow", make(chan struct{})}
		var inside, most atomic.Int32
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			s.into(c)
			stall := c.disk.lstat
			c.disk.lstat = func(name string) (safefile.FileVersion, error) {
				most.Store(max(most.Load(), inside.Add(1)))
				defer inside.Add(-1)
				return stall(name)
			}
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		silent := func() int {
			return len(slices.DeleteFunc(r.unread(), func(s string) bool { return !strings.HasSuffix(s, ": no answer") }))
		}
		if got := silent(); got < homes {
			t.Errorf("%d homes give no answer, want %d", got, homes)
		}
		r.take()
		d.swap(rootPlist, xml("LoginHook", "/r"))
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		r.want("while all stall", rootPlist+` root LoginHook ->"/r" seen`)
		if got := most.Load(); got > maxThreads+reservedThreads+8 {
			t.Errorf("%d looks under way, more than %d", got, maxThreads+reservedThreads+8)
		}
		close(s.release)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := silent(); got != 0 {
			t.Errorf("no answer yet from %d homes", got)
		}
		c.stop()
	})
}

// TestStalledForGood holds that a collector ends though a home never answers, and that
// what becomes of a home that vanished while it stalled is of no matter.
func TestStalledForGood(t *testing.T) {
	d := newDisk(t)
	bob := hookOf("/Users/bob")
	d.put(bob, xml("LoginHook", "/b"))
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		s := stalled{"/none/", make(chan struct{})}
		defer close(s.release)
		var on atomic.Bool
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			c.disk.lstat = func(name string) (safefile.FileVersion, error) {
				if on.Load() && strings.Contains(name, "/bob") {
					<-s.release
				}
				return safefile.Lstat(name)
			}
		})
		pass()
		r.want("at first", bob+` user LoginHook ->"/b" never`)
		on.Store(true)
		pass()
		r.want("stalled", "+/Users/bob: no answer")
		d.remove("/Users/bob")
		d.stamp(d.at("/Users"))
		pass()
		r.want("gone", "-/Users/bob: no answer", bob+` user LoginHook "/b">- seen`)
		on.Store(false)
		d.put(bob, xml("LoginHook", "/again"))
		d.stamp(d.at("/Users"))
		pass()
		r.want("back", bob+` user LoginHook ->"/again" seen`)
		c.stop()
	})
}

// TestNothingHoldsUpRoot floods the handler with one user's changes: root's go first.
func TestNothingHoldsUpRoot(t *testing.T) {
	d := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		r.refuse = func(event.Change) bool {
			time.Sleep(100 * time.Millisecond) // a disk at work
			return false
		}
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, nil)
		defer c.stop()
		pass()
		for i := range maxByHost {
			d.put(fmt.Sprintf("/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.%d.plist", i),
				xml("LoginHook", "/x", "LogoutHook", "/x"))
		}
		time.Sleep(2100 * time.Millisecond)
		d.swap(rootPlist, xml("LoginHook", "/r"))
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		if got := r.take(); len(got) > maxByHost || !contains(got, rootPlist+` root LoginHook ->"/r" seen`) {
			t.Errorf("root's change is not among the first %d told", len(got))
		}
	})
}

// TestSlowHome holds that a home that is slow to look at gets a tenth of the time.
func TestSlowHome(t *testing.T) {
	d := newDisk(t)
	d.mkdir("/Users/slow/Library/Preferences")
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		var spent atomic.Int64
		c := start(t, Options{Root: d.root, Sweep: time.Second}, r, func(c *Collector) {
			c.disk.lstat = func(name string) (safefile.FileVersion, error) {
				if strings.Contains(name, "/slow") {
					time.Sleep(50 * time.Millisecond)
					spent.Add(int64(50 * time.Millisecond))
				}
				return safefile.Lstat(name)
			}
		})
		defer c.stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := time.Duration(spent.Load()); got > time.Hour/9 || got < time.Hour/20 {
			t.Errorf("%v of an hour in the slow home, want a tenth", got)
		}
		r.want("slow, and still in time", "+/Users/slow: share used up")
	})
}

// TestBackOff holds that a home that always answers late is scanned ever more seldom, and
// reported once.
func TestBackOff(t *testing.T) {
	d := newDisk(t)
	d.mkdir("/Users/late/Library/Preferences")
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		var scans []time.Time
		c := start(t, Options{Root: d.root, Sweep: time.Second}, r, func(c *Collector) {
			c.disk.lstat = func(name string) (safefile.FileVersion, error) {
				if strings.HasSuffix(name, "/late/Library/Preferences") {
					scans = append(scans, time.Now()) // one at a time
					time.Sleep(answerTime + time.Second)
				}
				return safefile.Lstat(name)
			}
		})
		time.Sleep(time.Hour)
		c.stop()
		r.want("late for an hour", "+/Users/late: no answer")
		wait := backoffMin
		for i := 1; i < len(scans); i++ {
			if got := scans[i].Sub(scans[i-1]); got < wait || got > wait+2*(answerTime+time.Second) {
				t.Errorf("scan %d came after %v, want about %v", i, got, wait)
			}
			wait = min(2*wait, backoffMax)
		}
		if len(scans) < 12 {
			t.Errorf("%d scans in an hour, want some every five minutes", len(scans))
		}
	})
}
