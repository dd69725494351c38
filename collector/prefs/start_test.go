package prefs

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/event"
)

// TestPlaces finds a hook in every file that can hold one, and none in others.
func TestPlaces(t *testing.T) {
	d := newDisk(t)
	files := map[string]string{ // scope by file
		rootPlist: "root",
		"/private/var/root/Library/Preferences/loginwindow.plist":                            "root",
		"/private/var/root/Library/Preferences/.GlobalPreferences.plist":                     "global",
		"/private/var/root/Library/Preferences/ByHost/.GlobalPreferences.0123456789ab.plist": "byhost",
		"/private/var/root/Library/Preferences/ByHost/com.apple.loginwindow.x.plist":         "byhost",
		libPlist:                                 "system",
		"/Library/Preferences/loginwindow.plist": "system",
		"/Library/Preferences/.GlobalPreferences.plist":                        "global",
		"/Library/Preferences/ByHost/com.apple.loginwindow.0123456789ab.plist": "byhost",
		annPlist: "user",
		"/Users/ann/Library/Preferences/.GlobalPreferences.plist": "global",
		annHost:  "byhost",
		mcxPlist: "managed",
		"/Library/Managed Preferences/com.apple.loginwindow.plist":                 "managed",
		"/Library/Managed Preferences/.GlobalPreferences.plist":                    "managed",
		"/Library/Managed Preferences/ann/.GlobalPreferences.plist":                "managed",
		"/Users/.hidden/Library/Preferences/com.apple.loginwindow.plist":           "user",
		"/private/var/extra/Library/Preferences/com.apple.loginwindow.plist":       "user",
		"/Volumes/Homes/eve/Library/Preferences/com.apple.loginwindow.plist":       "user",
		"/Volumes/Homes/eve/Library/Preferences/ByHost/.GlobalPreferences.0.plist": "byhost",
		"/Volumes/Homes/Library/Library/Preferences/com.apple.loginwindow.plist":   "user",
	}
	for f := range files {
		d.put(f, xml("LoginHook", f))
	}
	for _, f := range []string{ // none of these
		"/Library/Preferences/com.apple.dock.plist",
		"/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.plist",
		"/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.x.plist.AbCdEf",
		"/Users/ann/Library/Preferences/ByHost/loginwindow.x.plist",
		"/Users/ann/Library/com.apple.loginwindow.plist",
		"/Users/com.apple.loginwindow.plist",
		"/Volumes/Homes/bob/Library/Preferences/com.apple.loginwindow.plist",
	} {
		d.put(f, xml("LoginHook", f))
	}
	d.link("ann", "/Users/link") // not a home of its own
	d.put(ttysFile, `console "/System/loginwindow -LoginHook /private/etc/ttys" vt100 on secure`)
	files[ttysFile] = "ttys"

	got, bad, err := Scan(d.root, []string{"/var/root", "/var/extra", "/System/Volumes/Data/Volumes/Homes/eve", "/Volumes/Homes/eve/", "/Volumes/Homes/Library"})
	d.must(err)
	for _, s := range got {
		if s.Key != LoginHook || s.Value != s.File || s.Scope != files[s.File] || len(s.Found.SHA256) != 64 {
			t.Errorf("found %+v, want scope %q", s, files[s.File])
		}
		delete(files, s.File)
	}
	for f := range files {
		t.Errorf("%s: not found", f)
	}
	if len(bad) > 0 {
		t.Errorf("unreadable: %+v", bad)
	}
}

// TestPlainVar looks at a disk that has a folder /var and no /private.
func TestPlainVar(t *testing.T) {
	d := &fakeDisk{t: t, root: t.TempDir(), tick: time.Unix(1700000000, 0)}
	d.put("/var/root/Library/Preferences/com.apple.loginwindow.plist", xml("LoginHook", "/x"))
	d.put("/etc/ttys", `console "loginwindow -LogoutHook /x" vt100 on secure`)
	got, bad, err := Scan(d.root, nil)
	if err != nil || len(bad) != 0 || len(got) != 2 || got[0].File != ttysFile || got[1].File != rootPlist || got[1].Scope != "root" {
		t.Errorf("Scan = %+v, %+v, %v; want one hook in %s and one in %s", got, bad, err, rootPlist, ttysFile)
	}
}

func TestScanUnreadable(t *testing.T) {
	d := newDisk(t)
	d.put(rootPlist, "nonsense")
	d.put(libPlist, xml("LogoutHook", "/x"))
	d.link("/nowhere", annPlist)
	got, bad, err := Scan(d.root, nil)
	d.must(err)
	if len(got) != 1 || got[0].Value != "/x" {
		t.Errorf("Scan found %+v, want one hook", got)
	}
	if len(bad) != 2 || bad[0].Path != annPlist || bad[0].Why != aLink || bad[1].Path != rootPlist || bad[1].Why != malformed {
		t.Errorf("Scan could not read %+v", bad)
	}
	for _, u := range bad {
		if strings.Contains(u.Detail, d.root) {
			t.Errorf("%s: detail %q names the path here", u.Path, u.Detail)
		}
	}
	if bad[1].Found.SHA256 == "" {
		t.Errorf("%s: no hash of what can't be read", bad[1].Path)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"relative home":    {Homes: []string{"home"}},
		"the root as home": {Homes: []string{"/System/Volumes/Data"}},
		"empty home":       {Homes: []string{""}},
		"folder of homes":  {Homes: []string{"/Users/."}},
		"negative sweep":   {Sweep: -1},
	} {
		if _, err := New(o, newTale(t)); err == nil {
			t.Errorf("New with a %s: no error", name)
		}
	}
	if _, err := New(Options{}, nil); err == nil {
		t.Error("New without a handler: no error")
	}
}

// TestPrevious stops the collector, changes things and starts it again.
func TestPrevious(t *testing.T) {
	d := newDisk(t)
	d.put(rootPlist, xml("LoginHook", "/a", "LogoutHook", "/same"))
	d.put(annHost, xml("LoginHook", "/b"))
	d.put(mcxPlist, xml("LoginHook", "/c"))
	d.put("/Users/bob/Library/Preferences/com.apple.loginwindow.plist", xml("LoginHook", "/d"))
	d.put(libPlist, "nonsense")
	opts := Options{Root: d.root, Sweep: 2 * time.Second}
	r := newTale(t)
	var later time.Duration // every bubble has the same time at its start
	restart := func(when string, want ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			for u := range r.on { // is told again
				r.on[u] = carried
			}
			opts.Previous = r.state
			later += time.Hour
			opts.Now = func() time.Time { return time.Now().Add(later) }
			c := start(t, opts, r, nil)
			pass()
			got := r.take()
			c.stop()
			for _, w := range want {
				if !contains(got, w) {
					t.Errorf("%s: not told %s", when, w)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s: told\n\t%s", when, strings.Join(got, "\n\t"))
			}
		})
	}
	restart("at first", rootPlist+` root LoginHook ->"/a" never`, rootPlist+` root LogoutHook ->"/same" never`,
		annHost+` byhost LoginHook ->"/b" never`, mcxPlist+` managed LoginHook ->"/c" never`,
		`/Users/bob/Library/Preferences/com.apple.loginwindow.plist user LoginHook ->"/d" never`, "+"+libPlist+": malformed")
	if r.state == nil || len(r.state.Files) != 4 || !reflect.DeepEqual(r.state.Never, []string{libPlist}) {
		t.Fatalf("state %+v, want four files and %s never read", r.state, libPlist)
	}
	restart("unchanged", "+"+libPlist+": malformed")

	d.swap(rootPlist, xml("LoginHook", "/A", "LogoutHook", "/same"))
	d.remove(annHost)
	d.remove("/Library/Managed Preferences/ann")
	d.remove("/Users/bob")
	d.put("/Users/new/Library/Preferences/com.apple.loginwindow.plist", xml("LoginHook", "/n"))
	d.swap(libPlist, xml("LogoutHook", "/l"))
	restart("changed", rootPlist+` root LoginHook "/a">"/A" stop`, annHost+` byhost LoginHook "/b">- stop`,
		mcxPlist+` managed LoginHook "/c">- stop`,
		`/Users/bob/Library/Preferences/com.apple.loginwindow.plist user LoginHook "/d">- stop`,
		`/Users/new/Library/Preferences/com.apple.loginwindow.plist user LoginHook ->"/n" stop`,
		"-"+libPlist+": malformed", libPlist+` system LogoutHook ->"/l" never`)
	restart("unchanged again")

	d.remove(rootPlist)
	d.link("/nowhere", rootPlist)
	restart("unreadable", "+"+rootPlist+": a link")
	b, err := json.Marshal(r.state)
	d.must(err)
	if !strings.Contains(string(b), `"/A"`) {
		t.Errorf("state %s: what can't be read is not in it any more", b)
	}
}

func contains(lines []string, line string) bool {
	for _, l := range lines {
		if l == line {
			return true
		}
	}
	return false
}

// TestPreviousGarbage starts from states that make no sense.
func TestPreviousGarbage(t *testing.T) {
	d := newDisk(t)
	d.put(rootPlist, xml("LoginHook", "/a"))
	for _, s := range []string{
		`{}`, `{"never":["","/","x","/Users","/Users/","/Users//","` + rootPlist + `x"]}`,
		`{"files":[{"file":"","values":{"LoginHook":"x"}},{"file":"/Users/x","values":{"LoginHook":"x"}},
		 {"file":"/Library/Preferences/../x.plist","values":{"LoginHook":"x"}},{"file":"/Library/Managed Preferences/","values":{"a":"b"}}]}`,
		`{"unreadable":[{"path":"","why":""},{"path":"/Users/x","why":"a link"},{"path":"/x","why":"error"}]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			var state State
			d.must(json.Unmarshal([]byte(s), &state))
			r := newTale(t)
			for _, u := range state.Unreadable {
				r.on[u.Path+": "+u.Why] = ""
			}
			c := start(t, Options{Root: d.root, Previous: &state}, r, nil)
			pass()
			c.stop()
			if want := `->"/a" stop`; len(r.all) != 1 || !strings.HasSuffix(r.lines[len(r.lines)-1], want) && !contains(r.lines, rootPlist+` root LoginHook `+want) {
				t.Errorf("started from %s: told %q", s, r.lines)
			}
			if len(r.on) > 0 {
				t.Errorf("started from %s: %v is not over", s, r.on)
			}
		})
	}
}

// TestRefused has the handler refuse changes, of which it gets exactly these again.
func TestRefused(t *testing.T) {
	d := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		var no atomic.Bool
		no.Store(true)
		r.refuse = func(c event.Change) bool { return no.Load() && c.Key == LogoutHook }
		c := start(t, Options{Root: d.root, Sweep: time.Second}, r, nil)
		defer c.stop()
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		if r.saves != 1 {
			t.Errorf("%d states after the first look, want one", r.saves)
		}
		began := time.Now()
		d.swap(rootPlist, xml("LoginHook", "/in", "LogoutHook", "/out"))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		in, out := rootPlist+` root LoginHook ->"/in" seen`, rootPlist+` root LogoutHook ->"/out" seen`
		r.want("refused", in, "refused LogoutHook", "refused LogoutHook", "refused LogoutHook")
		if s := r.state; len(s.Files) != 1 || len(s.Files[0].Values) != 1 {
			t.Errorf("state %+v, want the accepted value alone", s)
		}
		no.Store(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		r.want("accepted", out)
		if got := r.all[len(r.all)-1]; got.Time.Sub(began) > time.Second {
			t.Errorf("the change offered again is of %v after it was made", got.Time.Sub(began))
		}
		no.Store(true)
		d.swap(rootPlist, xml("LoginHook", "/in", "LogoutHook", "/other"))
		time.Sleep(1500 * time.Millisecond)
		d.swap(rootPlist, xml("LoginHook", "/in", "LogoutHook", "/out"))
		time.Sleep(1500 * time.Millisecond)
		no.Store(false)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		for _, l := range r.take() {
			if l != "refused LogoutHook" {
				t.Errorf("changed back before it was accepted: told %s", l)
			}
		}
	})
}

// stubborn refuses the first states.
type stubborn struct {
	*tale
	left int
}

func (s *stubborn) HandleState(st State) error {
	if s.left--; s.left >= 0 {
		return errors.New("disk full")
	}
	return s.tale.HandleState(st)
}

func TestStateRefused(t *testing.T) {
	d := newDisk(t)
	d.put(rootPlist, xml("LoginHook", "/x"))
	synctest.Test(t, func(t *testing.T) {
		r := &stubborn{newTale(t), 3}
		c := start(t, Options{Root: d.root}, r, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if r.state == nil || r.saves != 1 || len(r.state.Files) != 1 {
			t.Errorf("after three refusals: %d states, the last %+v; want one with a file", r.saves, r.state)
		}
		if got := c.Stats().Refused; got != 3 {
			t.Errorf("Stats().Refused = %d, want 3", got)
		}
		c.stop()
	})
}

// TestUnreadableAgain changes what can't be read: each content is told, also one that came
// while nobody looked.
func TestUnreadableAgain(t *testing.T) {
	d := newDisk(t)
	d.put(rootPlist, "nonsense")
	large := func(b string) string { return strings.Repeat(b, 3<<20) }
	var state *State
	on := map[string]string{}
	run := func(do func(step func(what string, do func(), want ...string))) {
		synctest.Test(t, func(t *testing.T) {
			r := newTale(t)
			for u := range on {
				r.on[u] = carried
			}
			c := start(t, Options{Root: d.root, Sweep: 2 * time.Second, Previous: state}, r, nil)
			do(func(what string, do func(), want ...string) {
				t.Helper()
				do()
				pass()
				r.want(what, want...)
			})
			c.stop()
			if on = r.on; r.state != nil {
				state = r.state
			}
		})
	}
	begins, ends := "+"+rootPlist+": ", "-"+rootPlist+": "
	run(func(step func(string, func(), ...string)) {
		step("at first", func() {}, begins+malformed)
		step("touched", func() { d.stamp(d.at(rootPlist)) })
		step("the same in its place", func() { d.swap(rootPlist, "nonsense") })
		step("another", func() { d.swap(rootPlist, "rubbish") }, ends+malformed, begins+malformed)
		step("too large", func() { d.swap(rootPlist, large("x")) }, ends+malformed, begins+tooLarge)
		step("also too large", func() { d.put(rootPlist, large("y")) }, ends+tooLarge, begins+tooLarge)
		step("nonsense", func() { d.swap(rootPlist, "nonsense") }, ends+tooLarge, begins+malformed)
	})
	run(func(step func(string, func(), ...string)) {
		step("the same after a restart", func() {}, begins+malformed)
	})
	d.swap(rootPlist, "rubbish")
	run(func(step func(string, func(), ...string)) {
		step("another after a restart", func() {}, ends+malformed, begins+malformed)
	})
	for i := range state.Unreadable { // as older versions wrote it
		state.Unreadable[i].Content = ""
	}
	run(func(step func(string, func(), ...string)) { step("not known which", func() {}, begins+malformed) })
}
