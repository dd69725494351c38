package prefs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// give gives a file, a link or a folder with all in it to a user.
func (d *fakeDisk) give(name string, uid int) {
	d.t.Helper()
	d.must(filepath.WalkDir(d.at(name), func(at string, _ os.DirEntry, err error) error {
		d.must(err)
		return os.Lchown(at, uid, -1)
	}))
}

// whose shows whose a file of a change is.
func whose(c event.Change) string { return holderText(c.Home, c.Owner, c.FolderOwner) }

func holderText(home string, owner, folder uint32) string {
	show := func(id uint32) string {
		if id == event.None {
			return "none"
		}
		return fmt.Sprint(id)
	}
	return fmt.Sprintf("%q %s in %s", home, show(owner), show(folder))
}

func needRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
}

// TestHolder tells whose a file is, when its value changes and when it is gone.
func TestHolder(t *testing.T) {
	needRoot(t)
	const ann = "/Users/ann"
	tests := []struct {
		name  string
		plays int // who owns the root folder, and all in it
		do    func(d *fakeDisk)
		file  string
		want  []string
	}{
		{"root's", 0, func(d *fakeDisk) { d.put(rootPlist, xml("LoginHook", "/x")) }, rootPlist, []string{`"" 0 in 0`}},
		{"root's, gone", 0, func(d *fakeDisk) {
			d.put(rootPlist, xml("LoginHook", "/x"))
			pass()
			d.remove(rootPlist)
		}, rootPlist, []string{`"" 0 in 0`, `"" 0 in 0`}},
		{"the computer's, given to a user", 0, func(d *fakeDisk) {
			d.put(libPlist, xml("LoginHook", "/x"))
			d.give(libPlist, 502)
		}, libPlist, []string{`"" 502 in 0`}},
		{"a user's", 0, func(d *fakeDisk) {
			d.swap(annPlist, xml("LoginHook", "/x"))
			d.give(annPlist, 502)
		}, annPlist, []string{`"/Users/ann" 502 in 502`}},
		{"root's in a user's folder", 0, func(d *fakeDisk) { d.swap(annHost, xml("LoginHook", "/x")) }, annHost, []string{`"/Users/ann" 0 in 502`}},
		{"a user's, given to root and gone", 0, func(d *fakeDisk) {
			d.swap(annPlist, xml("LoginHook", "/x"))
			d.give(annPlist, 502)
			pass()
			d.give(annPlist, 0)
			pass()
			d.remove(annPlist)
		}, annPlist, []string{`"/Users/ann" 502 in 502`, `"/Users/ann" 0 in 502`}},
		{"gone with its folder", 0, func(d *fakeDisk) {
			d.swap(annPlist, xml("LoginHook", "/x"))
			d.give(annPlist, 503)
			pass()
			d.remove("/Users/ann/Library/Preferences")
		}, annPlist, []string{`"/Users/ann" 503 in 502`, `"/Users/ann" 503 in 502`}},
		{"gone with its home", 0, func(d *fakeDisk) {
			d.swap(annPlist, xml("LoginHook", "/x"))
			d.give(annPlist, 503)
			pass()
			d.remove(ann)
			d.stamp(d.at("/Users"))
		}, annPlist, []string{`"/Users/ann" 503 in 502`, `"/Users/ann" 503 in 502`}},
		{"root's, a link to a user's", 0, func(d *fakeDisk) {
			d.put(ann+"/x", xml("LoginHook", "/x"))
			d.give(ann+"/x", 502)
			d.link(ann+"/x", rootPlist)
		}, rootPlist, []string{`"" 502 in 502`}},
		{"root's, a link to root's in a user's folder", 0, func(d *fakeDisk) {
			d.put(ann+"/x", xml("LoginHook", "/x"))
			d.link(ann+"/x", rootPlist)
		}, rootPlist, []string{`"" 0 in 502`}},
		{"a user's, a link to root's", 0, func(d *fakeDisk) {
			d.put("/private/etc/x", xml("LoginHook", "/x"))
			d.link("/etc/x", annPlist)
		}, annPlist, []string{`"/Users/ann" 0 in 502`}},
		{"who owns the root folder plays root", 1000, func(d *fakeDisk) {
			d.put(rootPlist, xml("LoginHook", "/x"))
			d.give(rootPlist, 1000)
		}, rootPlist, []string{`"" 0 in 0`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDisk(t)
			d.give("/", tt.plays)
			d.give(ann, 502)
			synctest.Test(t, func(t *testing.T) {
				r := newTale(t)
				c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, nil)
				pass()
				tt.do(d)
				pass()
				c.stop()
				var got []string
				for _, ch := range r.all {
					if ch.File != tt.file {
						t.Errorf("told a change of %s, want none but of %s", ch.File, tt.file)
					}
					got = append(got, whose(ch))
				}
				if fmt.Sprint(got) != fmt.Sprint(tt.want) {
					t.Errorf("whose: got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestHolderOfTheMoment gives a file away after its value was read and before the handler
// takes it, or before it is held for sure: the new owner did not write it.
func TestHolderOfTheMoment(t *testing.T) {
	needRoot(t)
	d := newDisk(t)
	d.put(rootPlist, xml("LoginHook", "/a"))
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		var refuse atomic.Bool
		r.refuse = func(event.Change) bool { return refuse.Load() }
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, nil)
		defer c.stop()
		pass()
		refuse.Store(true)
		d.swap(rootPlist, xml("LoginHook", "/root's"))
		pass()
		d.give(rootPlist, 502)
		pass()
		d.put(rootPlist, xml("LoginHook", "/root's", "LogoutHook", "/user's"))
		pass()
		refuse.Store(false)
		pass()
		want := []string{`/a "" 0 in 0`, `/root's "" 0 in 0`, `/user's "" 502 in 0`}
		var got []string
		for _, ch := range r.all {
			got = append(got, *ch.New+" "+whose(ch))
			if ch.Found.UID != ch.Owner {
				t.Errorf("%s: found as user %d's, told as %d's", *ch.New, ch.Found.UID, ch.Owner)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestHolderWhileRead gives a file away between the look at it and the reading.
func TestHolderWhileRead(t *testing.T) {
	needRoot(t)
	d := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, func(c *Collector) {
			c.disk.lstat = func(name string) (safefile.FileVersion, error) {
				st, err := safefile.Lstat(name)
				if name == d.at(rootPlist) && st.UID == 0 && err == nil {
					d.give(rootPlist, 502)
				}
				return st, err
			}
		})
		defer c.stop()
		pass()
		d.put(rootPlist, xml("LoginHook", "/x"))
		pass()
		if len(r.all) != 1 || whose(r.all[0]) != `"" 502 in 0` {
			t.Errorf("got %+v, want one change with the owner at the reading", r.all)
		}
	})
}

// TestHolderAfterRestart removes files while nobody looks.
func TestHolderAfterRestart(t *testing.T) {
	needRoot(t)
	d := newDisk(t)
	d.put(rootPlist, xml("LoginHook", "/a"))
	d.put(annPlist, xml("LoginHook", "/b"))
	d.give(annPlist, 502)
	var state State
	run := func(want ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			r := newTale(t)
			for _, f := range state.Files {
				r.known[f.File+" "+LoginHook] = f.Values[LoginHook]
			}
			c := start(t, Options{Root: d.root, Sweep: 2 * time.Second, Previous: &state}, r, nil)
			pass()
			c.stop()
			var got []string
			for _, ch := range r.all {
				got = append(got, whose(ch))
			}
			slices.Sort(got) // which is told first is of no matter
			slices.Sort(want)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if r.state != nil {
				state = *r.state
			}
		})
	}
	run(`"" 0 in 0`, `"/Users/ann" 502 in 0`)
	d.give(annPlist, 503)
	run() // but the owner is taken note of
	d.remove(annPlist)
	d.remove(rootPlist)
	before := state
	run(`"" 0 in 0`, `"/Users/ann" 503 in 0`)
	state = before
	for i := range state.Files { // as older versions wrote it
		state.Files[i].Owner, state.Files[i].FolderOwner = nil, nil
	}
	run(`"" none in 0`, `"/Users/ann" none in 0`)
}

// TestHolderUnreadable tells whose it is what can't be read.
func TestHolderUnreadable(t *testing.T) {
	needRoot(t)
	d := newDisk(t)
	d.give("/Users/ann", 502)
	d.put(rootPlist, "nonsense")
	d.swap(annPlist, "nonsense")
	d.give(annPlist, 502)
	d.must(os.Remove(d.at("/Users/ann/Library/Preferences/ByHost")))
	d.link("/nowhere", "/Users/ann/Library/Preferences/ByHost")
	d.link("/nowhere", libPlist)
	d.give(libPlist, 502)
	_, bad, err := Scan(d.root, nil)
	d.must(err)
	want := []string{
		libPlist + `: a link "" 502 in 0`,
		"/Users/ann/Library/Preferences/ByHost" + `: a link "/Users/ann" 0 in none`,
		annPlist + `: malformed "/Users/ann" 502 in 502`,
		rootPlist + `: malformed "" 0 in 0`,
	}
	var got []string
	for _, u := range bad {
		got = append(got, u.Path+": "+u.Why+" "+holderText(u.Home, u.Owner, u.FolderOwner))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
