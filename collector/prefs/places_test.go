package prefs

import (
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/safefile"
)

// TestHomeLinks holds what becomes of a home in /Users that is a link: what it leads to is scanned,
// or it is named, unless it is scanned under its own name.
func TestHomeLinks(t *testing.T) {
	dana := hookOf("/Users/dana")
	link := "/Users/dana: " + aLink
	for _, tt := range []struct {
		name, to   string
		lay        func(d *fakeDisk)
		hooks, bad []string
	}{
		{name: "to another volume", to: "../Volumes/Big/Users/dana", hooks: []string{dana}, bad: []string{link},
			lay: func(d *fakeDisk) { d.put(hookOf("/Volumes/Big/Users/dana"), xml("LoginHook", "/x")) }},
		{name: "to a link to another volume", to: "/private/homes", hooks: []string{dana}, bad: []string{link},
			lay: func(d *fakeDisk) {
				d.put(hookOf("/Volumes/Big/dana"), xml("LoginHook", "/x"))
				d.link("/Volumes/Big/dana", "/private/homes")
			}},
		{name: "to a folder without preferences", to: "/Volumes/Big", bad: nil, lay: func(d *fakeDisk) { d.mkdir("/Volumes/Big") }},
		{name: "to nothing", to: "/Volumes/Big/dana", bad: []string{link}},
		{name: "to itself", to: "dana", bad: []string{link}},
		{name: "to the root folder", to: "/", hooks: []string{libPlist}, bad: []string{link},
			lay: func(d *fakeDisk) { d.put(libPlist, xml("LoginHook", "/x")) }},
		{name: "to the folder of homes", to: ".", bad: []string{link}},
		{name: "to another user's home", to: "ann", hooks: []string{annPlist},
			lay: func(d *fakeDisk) { d.put(annPlist, xml("LoginHook", "/x")) }},
		{name: "to another user's home, by a way around", to: "/Users/ann/Library/..", hooks: []string{annPlist},
			lay: func(d *fakeDisk) { d.put(annPlist, xml("LoginHook", "/x")) }},
		{name: "to root's home", to: "/var/root", hooks: []string{rootPlist},
			lay: func(d *fakeDisk) { d.put(rootPlist, xml("LoginHook", "/x")) }},
		{name: "into another user's home", to: "ann/fake", hooks: []string{dana}, bad: []string{link},
			lay: func(d *fakeDisk) { d.put(hookOf("/Users/ann/fake"), xml("LoginHook", "/x")) }},
		{name: "to a FIFO", to: "/private/fifo", bad: []string{link}, lay: func(d *fakeDisk) { fifo(d.t, d.at("/private/fifo")) }},
		{name: "to a file", to: "/private/file", bad: []string{link}, lay: func(d *fakeDisk) { d.put("/private/file", "x") }},
		{name: "to a device", to: "/dev/zero", bad: []string{link}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDisk(t)
			if tt.lay != nil {
				tt.lay(d)
			}
			d.link(tt.to, "/Users/dana")
			hooks, bad := scanned(t, d)
			if tt.name == "to a folder without preferences" {
				tt.bad = bad // nothing is there to be missed
			}
			if !slices.Equal(hooks, tt.hooks) || !slices.Equal(bad, tt.bad) {
				t.Errorf("a home that is a link to %s: got hooks in %q and trouble with %q, want %q and %q", tt.to, hooks, bad, tt.hooks, tt.bad)
			}
		})
	}
}

// TestStalledHomeLink has a home that is a link, and one that an account names, lead to what never
// answers: only they are waited for, and they are named.
func TestStalledHomeLink(t *testing.T) {
	d := newDisk(t)
	d.mkdir("/Volumes/Dead/dana")
	d.link("/Volumes/Dead/dana", "/Users/dana")
	d.put(recordsFolder+"/eve.plist", binary(t, map[string]any{"home": []any{"/Volumes/Dead/eve"}}))
	synctest.Test(t, func(t *testing.T) {
		r := newTimed(t)
		s := stalled{"/Dead", make(chan struct{})}
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, s.into)
		for range 3 {
			r.within(d, "while two homes stall", rootPlist, annPlist)
		}
		if got, want := r.unread(), []string{"/Users/dana: no answer", "/Volumes/Dead/eve: no answer"}; !slices.Equal(got, want) {
			t.Errorf("got %q reported, want %q", got, want)
		}
		close(s.release)
		c.stop()
	})
}

// scanned returns the files that hold a hook, and what can't be read.
func scanned(t *testing.T, d *fakeDisk, homes ...string) (hooks, bad []string) {
	t.Helper()
	settings, unreadable, err := Scan(d.root, homes)
	d.must(err)
	for _, s := range settings {
		hooks = append(hooks, s.File)
	}
	for _, u := range unreadable {
		bad = append(bad, u.Path+": "+u.Why)
	}
	return hooks, bad
}

// TestAccounts holds that the homes that the accounts of a Mac name are scanned, while they are named.
func TestAccounts(t *testing.T) {
	d := newDisk(t)
	eve, bob := "/Volumes/Homes/eve", "/opt/bob"
	account := func(name string, homes ...any) {
		d.put(recordsFolder+"/"+name+".plist", binary(t, map[string]any{"name": []any{name}, "home": homes}))
	}
	account("root", "/var/root", "/private/var/root")
	account("nobody", "/var/empty")
	account("ann", "/Users/ann")
	account("odd", "/", "relative", "", 7, "/Users", "/Users/Shared", "/LIBRARY")
	account("eve", "/System/Volumes/Data"+eve)
	d.put(hookOf(eve), xml("LoginHook", "/e"))
	d.put(hookOf(bob), xml("LoginHook", "/b"))
	opts := Options{Root: d.root, Sweep: 2 * time.Second}
	var saved *State
	user := func(f, change string) string { return f + " user LoginHook " + change }
	run := func(body func(r *tale, c *running)) {
		synctest.Test(t, func(t *testing.T) {
			r := newTale(t)
			opts.Previous = saved
			if saved != nil {
				r.known[hookOf(eve)+" LoginHook"] = "/e"
			}
			c := start(t, opts, r, nil)
			defer c.stop()
			pass()
			body(r, c)
			saved = r.state
		})
	}
	run(func(r *tale, c *running) {
		r.want("at first", user(hookOf(eve), `->"/e" never`))
		if got := c.Stats().Homes; got != 3 {
			t.Errorf("got %d homes, want ann, eve and /var/empty", got)
		}
	})
	run(func(r *tale, _ *running) { // what is known there lasts
		r.want("again")
		account("bob", bob)
		pass()
		r.want("a new account", user(hookOf(bob), `->"/b" seen`))
		d.remove(recordsFolder + "/bob.plist")
		pass()
		r.want("the account is deleted", user(hookOf(bob), `"/b">- seen`))
		d.put(recordsFolder+"/eve.plist", "nonsense")
		pass()
		r.want("an account can't be read", "+"+recordsFolder+"/eve.plist: malformed")
		d.swap(hookOf(eve), xml("LoginHook", "/f"))
		pass()
		r.want("while it can't be read", user(hookOf(eve), `"/e">"/f" seen`))
		account("eve", eve)
		pass()
		r.want("it can be read", "-"+recordsFolder+"/eve.plist: malformed")
		d.must(os.Rename(d.at("/Volumes/Homes"), d.at("/Volumes/Off")))
		pass()
		r.want("its volume is not mounted", "+"+eve+": not there")
		d.must(os.Rename(d.at("/Volumes/Off"), d.at("/Volumes/Homes")))
		pass()
		r.want("it is mounted", "-"+eve+": not there")
	})
}

// TestFoldedNames examines a disk whose own system ignores case.
func TestFoldedNames(t *testing.T) {
	for _, tt := range []struct{ at, file string }{
		{"/Library/Preferences/COM.APPLE.LOGINWINDOW.PLIST", libPlist},
		{"/Library/Preferences/com.apple.loginwindow.pli\ufb06", libPlist},
		{"/Library/Preferences/com.apple.loginwindow.pli\ufb05", libPlist},
		{"/Library/Preferences/com.apple.loginwindow.pli\u017ft", libPlist},
		{"/Library/Preferences/LoginWindow.plist", "/Library/Preferences/loginwindow.plist"},
		{"/Library/Preferences/.globalpreference\u017f.plist", "/Library/Preferences/.GlobalPreferences.plist"},
		{"/LIBRARY/preferences/com.apple.loginwindow.plist", libPlist},
		{"/users/ann/library/PREFERENCES/com.apple.LOGINWINDOW.plist", annPlist},
		{"/Users/ann/Library/Preferences/BYHO\ufb06/com.apple.loginwindow.01234567-89AB-CDEF-0123-456789ABCDEF.PLI\u017fT", annHost},
		{"/LIBRARY/Managed Preference\u017f/ann/com.apple.loginwindow.plist", mcxPlist},
		{"/Private/VAR/Root/Library/Preferences/com.apple.loginwindow.plist", rootPlist},
		{"/PRIVATE/ETC/TTYS", ttysFile},
	} {
		t.Run(tt.at, func(t *testing.T) {
			d := &fakeDisk{t: t, root: t.TempDir(), tick: time.Unix(1700000000, 0)}
			content := xml("LoginHook", "/x")
			if tt.file == ttysFile {
				content = `console "loginwindow -LoginHook /x" vt100 on secure`
			}
			d.put(tt.at, content)
			if hooks, bad := scanned(t, d); !slices.Equal(hooks, []string{tt.file}) || len(bad) > 0 {
				t.Errorf("got hooks in %q, trouble with %q, want one in %s", hooks, bad, tt.file)
			}
			if tt.file == libPlist && path.Dir(tt.at) == path.Dir(libPlist) { // both are there: no Mac's disk
				d.put(tt.file, xml("LoginHook", "/y"))
				if hooks, _ := scanned(t, d); !slices.Equal(hooks, []string{tt.file}) {
					t.Errorf("beside macOS's own spelling: got hooks in %q", hooks)
				}
			}
		})
	}
}

// TestNoHome holds that what is in /Users/Shared is nobody's preferences.
func TestNoHome(t *testing.T) {
	d := newDisk(t)
	d.put(hookOf("/Users/Shared"), xml("LoginHook", "/x"))
	d.put(hookOf("/Users/Shared/dan"), xml("LoginHook", "/x"))
	if hooks, bad := scanned(t, d); len(hooks)+len(bad) > 0 {
		t.Errorf("got hooks in %q, trouble with %q, want none", hooks, bad)
	}
	if hooks, bad := scanned(t, d, "/Users/Shared/dan"); len(hooks) != 1 || len(bad) > 0 {
		t.Errorf("a home in it: got hooks in %q, trouble with %q, want one hook", hooks, bad)
	}
}

// TestOtherVolume says whose the preferences of other volumes are.
func TestOtherVolume(t *testing.T) {
	for file, want := range map[string]string{
		rootPlist: "root", libPlist: "system", annPlist: "user",
		"/Volumes/X" + rootPlist: "root", "/Volumes/X" + libPlist: "system", "/Volumes/X" + annPlist: "user",
		"/Volumes/X/var/root/Library/Preferences/com.apple.loginwindow.plist": "root",
		hookOf("/Volumes/X/root"): "user",
	} {
		if got := ScopeOf(file); got != want {
			t.Errorf("ScopeOf(%s): got %s, want %s", file, got, want)
		}
	}
	d := newDisk(t)
	file := "/Volumes/X" + rootPlist
	d.put(file, xml("LoginHook", "/x"))
	got, _, err := Scan(d.root, []string{"/Volumes/X/private/var/root"})
	d.must(err)
	if len(got) != 1 || got[0].File != file || got[0].Scope != "root" {
		t.Errorf("root's home on another volume: got %+v, want one hook of root's in %s", got, file)
	}
}

// TestAwayAndBack renames each folder on the way to a file away and back, after which changes are
// seen as before: of a known file in place, and of a new one.
func TestAwayAndBack(t *testing.T) {
	const ms = time.Millisecond
	added := strings.Replace(annHost, "0123", "abcd", 1)
	for dir := path.Dir(annHost); dir != "/"; dir = path.Dir(dir) {
		for _, before := range []time.Duration{100 * ms, 10 * time.Second} {
			for _, away := range []time.Duration{10 * ms, 300 * ms, 700 * ms, 2300 * ms, 2600 * ms, 10 * time.Second} {
				d := newDisk(t)
				d.put(annHost, xml("LoginHook", "/a"))
				synctest.Test(t, func(t *testing.T) {
					r := newTale(t)
					c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, nil)
					defer c.stop()
					holds := func(when, file, want string) {
						t.Helper()
						pass()
						if got := r.known[file+" LoginHook"]; got != want {
							t.Errorf("%s away for %v: %s: got %q in %s, want %q", dir, away, when, got, file, want)
						}
					}
					time.Sleep(before)
					d.must(os.Rename(d.at(dir), d.at("/away")))
					if time.Sleep(away); away > 5*time.Second {
						holds("away", annHost, "")
					}
					d.must(os.Rename(d.at("/away"), d.at(dir)))
					holds("back", annHost, "/a")
					d.must(os.WriteFile(d.at(annHost), []byte(xml("LoginHook", "/b")), 0o644))
					holds("written in place", annHost, "/b")
					d.put(added, xml("LoginHook", "/c"))
					holds("a new file", added, "/c")
				})
			}
		}
	}
}

// mapping is a file that is written through memory.
type mapping struct{ memory []byte }

func (d *fakeDisk) mapFile(name string) *mapping {
	d.t.Helper()
	f, err := os.OpenFile(d.at(name), os.O_RDWR, 0)
	d.must(err)
	defer f.Close()
	return d.mapOpen(f)
}

func (d *fakeDisk) mapOpen(f *os.File) *mapping {
	d.t.Helper()
	st, err := f.Stat()
	d.must(err)
	m, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	d.must(err)
	d.t.Cleanup(func() { syscall.Munmap(m) })
	return &mapping{m}
}

func (m *mapping) write(content string) { copy(m.memory, content) }

// TestFullRead writes through a mapping, which changes no time of a file: at a login or a logout, and
// else within minutes, it is seen.
func TestFullRead(t *testing.T) {
	d := newDisk(t)
	maps := map[string]*mapping{}
	for _, f := range []string{rootPlist, annPlist, annHost} {
		d.put(f, xml("LoginHook", "/0"))
		maps[f] = d.mapFile(f)
		maps[f].write(xml("LoginHook", "/a")) // the page is dirty from now on
	}
	shows := false // a write shows in the times after all, as the system has cleaned the page
	write := func(v string) {
		for f, m := range maps {
			before, err := safefile.Lstat(d.at(f))
			d.must(err)
			m.write(xml("LoginHook", v))
			after, err := safefile.Lstat(d.at(f))
			d.must(err)
			shows = shows || before != after
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, nil)
		defer c.stop()
		seen := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			if got := len(r.take()); got != want && !(shows && want == 0) {
				t.Errorf("%s: %d changes seen, want %d", when, got, want)
			}
		}
		time.Sleep(fullReadGap)
		seen("at first", len(maps))
		write("/b")
		pass()
		seen("before a full read", 0)
		c.ReadAll()
		time.Sleep(time.Second)
		seen("at a login", len(maps))
		write("/c")
		for range 100 { // however often it is asked for, a full read comes every ten seconds
			c.ReadAll()
			time.Sleep(10 * time.Millisecond)
		}
		seen("right after a full read", 0)
		time.Sleep(fullReadGap)
		seen("a while after a full read", len(maps))
		write("/d")
		time.Sleep(fullReadTime + fullReadTime/8 + 2*time.Second)
		seen("after some minutes", len(maps))
	})
}
