package prefs

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pass lets as much time go by as it takes to see everything and be sure of it.
func pass() {
	time.Sleep(5 * time.Second)
	synctest.Wait()
}

// TestWays changes a file in every way there is.
func TestWays(t *testing.T) {
	old := xml("LoginHook", "/old")
	change := func(file, scope, key, from, to string) string {
		return file + " " + scope + " " + key + " " + from + ">" + to + " seen"
	}
	root := func(from, to string) string { return change(rootPlist, "root", "LoginHook", from, to) }
	set := root(`"/old"`, `"/new"`)
	tests := []struct {
		name string
		do   func(d *fakeDisk)
		want []string
	}{
		{"nothing", func(*fakeDisk) {}, nil},
		{"renamed over", func(d *fakeDisk) { d.swap(rootPlist, xml("LoginHook", "/new")) }, []string{set}},
		{"in place", func(d *fakeDisk) { d.put(rootPlist, xml("LoginHook", "/new")) }, []string{set}},
		{"binary", func(d *fakeDisk) {
			d.swap(rootPlist, binary(d.t, map[string]any{"LoginHook": "/new", "Other": true}))
		}, []string{set}},
		{"the same again", func(d *fakeDisk) { d.swap(rootPlist, old) }, nil},
		{"the same in binary, with others", func(d *fakeDisk) {
			d.swap(rootPlist, binary(d.t, map[string]any{"LoginHook": "/old", "GuestEnabled": false}))
		}, nil},
		{"touched", func(d *fakeDisk) { d.stamp(d.at(rootPlist)) }, nil},
		{"in two steps", func(d *fakeDisk) {
			d.put(rootPlist, xml("LoginHook", "/new")[:90])
			time.Sleep(200 * time.Millisecond)
			d.put(rootPlist, xml("LoginHook", "/new"))
		}, []string{set}},
		{"in two steps, slowly", func(d *fakeDisk) {
			d.put(rootPlist, "")
			pass()
			d.put(rootPlist, xml("LoginHook", "/new"))
		}, []string{"+" + rootPlist + ": malformed", "-" + rootPlist + ": malformed", set}},
		{"deleted", func(d *fakeDisk) { d.remove(rootPlist) }, []string{root(`"/old"`, "-")}},
		{"deleted and made anew", func(d *fakeDisk) {
			time.Sleep(800 * time.Millisecond)
			d.remove(rootPlist)
			time.Sleep(400 * time.Millisecond) // there is a sweep within
			d.put(rootPlist, xml("LoginHook", "/new"))
		}, []string{set}},
		{"key removed", func(d *fakeDisk) { d.swap(rootPlist, xml("Other", "/new")) }, []string{root(`"/old"`, "-")}},
		{"emptied dictionary", func(d *fakeDisk) { d.swap(rootPlist, xml()) }, []string{root(`"/old"`, "-")}},
		{"empty value", func(d *fakeDisk) { d.swap(rootPlist, xml("LoginHook", "")) }, []string{root(`"/old"`, `""`)}},
		{"boolean", func(d *fakeDisk) { d.swap(rootPlist, xml("LoginHook", "<true/>")) }, []string{root(`"/old"`, `"true"`)}},
		{"integer", func(d *fakeDisk) { d.swap(rootPlist, xml("LoginHook", "<integer>1</integer>")) }, []string{root(`"/old"`, `"1"`)}},
		{"list", func(d *fakeDisk) {
			d.swap(rootPlist, xml("LoginHook", "<array><string>/a</string><real>1.5</real></array>"))
		}, []string{root(`"/old"`, `"[\"/a\", 1.5]"`)}},
		{"old-style text", func(d *fakeDisk) { d.swap(rootPlist, `{ LoginHook = "/new"; }`) }, []string{set}},
		{"text without braces", func(d *fakeDisk) { d.swap(rootPlist, `LoginHook = "/new";`) }, []string{set}},
		{"key in another case", func(d *fakeDisk) { d.swap(rootPlist, xml("loginhook", "/new", "LoginHook", "/old")) }, nil},
		{"key deeper down", func(d *fakeDisk) {
			d.swap(rootPlist, xml("LoginHook", "/old", "x", "<dict><key>LogoutHook</key><string>/x</string></dict>"))
		}, nil},
		{"all keys", func(d *fakeDisk) {
			d.swap(rootPlist, xml("MCXScriptTrust", "Anonymous", "EnableMCXLoginScripts", "<true/>", "LogoutHook", "/out", "LoginHook", "/new"))
		}, []string{set, change(rootPlist, "root", "LogoutHook", "-", `"/out"`),
			change(rootPlist, "root", "EnableMCXLoginScripts", "-", `"true"`), change(rootPlist, "root", "MCXScriptTrust", "-", `"Anonymous"`)}},
		{"hard link", func(d *fakeDisk) {
			d.put("/Users/ann/x", xml("LoginHook", "/new"))
			d.remove(rootPlist)
			d.must(os.Link(d.at("/Users/ann/x"), d.at(rootPlist)))
		}, []string{set}},
		{"hard link, written through the other name", func(d *fakeDisk) {
			d.must(os.Link(d.at(rootPlist), d.at("/Users/ann/x")))
			d.put("/Users/ann/x", xml("LoginHook", "/new"))
		}, []string{set}},
		{"link", func(d *fakeDisk) {
			d.put("/Users/ann/x", xml("LoginHook", "/new"))
			d.remove(rootPlist)
			d.link("/Users/ann/x", rootPlist)
		}, []string{"+" + rootPlist + ": a link", set}},
		{"link whose target changes", func(d *fakeDisk) {
			d.put("/Users/ann/x", old)
			d.remove(rootPlist)
			d.link("/Users/ann/x", rootPlist)
			pass()
			d.put("/Users/ann/x", xml("LoginHook", "/new"))
		}, []string{"+" + rootPlist + ": a link", set}},
		{"link out of the root", func(d *fakeDisk) {
			d.must(os.WriteFile(d.root+"/../outside", []byte(xml("LoginHook", "/new")), 0o644))
			d.remove(rootPlist)
			d.link("/../../../../../../../outside", rootPlist)
		}, []string{"+" + rootPlist + ": a link"}},
		{"link to itself, and back", func(d *fakeDisk) {
			d.remove(rootPlist)
			d.link("com.apple.loginwindow.plist", rootPlist)
			pass()
			d.remove(rootPlist)
			d.put(rootPlist, old)
		}, []string{"+" + rootPlist + ": a link", "-" + rootPlist + ": a link"}},
		{"link to a FIFO", func(d *fakeDisk) {
			fifo(d.t, d.at("/Users/ann/x"))
			d.remove(rootPlist)
			d.link("/Users/ann/x", rootPlist)
		}, []string{"+" + rootPlist + ": a link"}},
		{"FIFO, and removed", func(d *fakeDisk) {
			d.remove(rootPlist)
			fifo(d.t, d.at(rootPlist))
			pass()
			d.remove(rootPlist)
		}, []string{"+" + rootPlist + ": not a file", "-" + rootPlist + ": not a file", root(`"/old"`, "-")}},
		{"folder", func(d *fakeDisk) { d.remove(rootPlist); d.mkdir(rootPlist) }, []string{"+" + rootPlist + ": not a file"}},
		{"too large", func(d *fakeDisk) {
			d.must(os.Truncate(d.at(rootPlist), 3<<20))
		}, []string{"+" + rootPlist + ": too large"}},
		{"67 bytes that kill a reader", func(d *fakeDisk) { d.swap(rootPlist, killer()) }, []string{"+" + rootPlist + ": malformed"}},
		{"nested a million deep", func(d *fakeDisk) {
			d.swap(rootPlist, "<plist><dict><key>a</key>"+strings.Repeat("<array>", 200000))
		}, []string{"+" + rootPlist + ": hostile"}},
		{"list at the top", func(d *fakeDisk) { d.swap(rootPlist, "<plist><array/></plist>") }, []string{"+" + rootPlist + ": malformed"}},
		{"cut after the key", func(d *fakeDisk) { d.swap(rootPlist, old[:len(old)-20]) }, []string{"+" + rootPlist + ": malformed"}},
		{"folder swapped", func(d *fakeDisk) {
			d.put("/private/var/root/Library/New/com.apple.loginwindow.plist", xml("LoginHook", "/new"))
			d.must(os.Rename(d.at("/private/var/root/Library/Preferences"), d.at("/private/var/root/Library/Old")))
			d.must(os.Rename(d.at("/private/var/root/Library/New"), d.at("/private/var/root/Library/Preferences")))
		}, []string{set}},
		{"folder made a link", func(d *fakeDisk) {
			d.put("/Users/ann/p/com.apple.loginwindow.plist", xml("LoginHook", "/new"))
			d.remove("/private/var/root/Library/Preferences")
			d.link("/Users/ann/p", "/private/var/root/Library/Preferences")
		}, []string{"+/private/var/root/Library/Preferences: a link", set}},
		{"folder above made a link that leads nowhere", func(d *fakeDisk) {
			d.remove("/private/var/root/Library")
			d.link("/nowhere", "/private/var/root/Library")
		}, []string{"+/private/var/root/Library: a link"}},
		{"folder made a file", func(d *fakeDisk) {
			d.remove("/private/var/root/Library/Preferences")
			d.put("/private/var/root/Library/Preferences", "x")
		}, []string{"+/private/var/root/Library/Preferences: not a folder"}},
		{"folder removed", func(d *fakeDisk) { d.remove("/private/var/root/Library/Preferences") }, []string{root(`"/old"`, "-")}},
		{"home of root removed", func(d *fakeDisk) { d.remove("/private/var/root") }, []string{root(`"/old"`, "-")}},
		{"set and deleted within a sweep", func(d *fakeDisk) {
			d.swap(rootPlist, xml("LoginHook", "/new"))
			d.swap(rootPlist, old)
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDisk(t)
			d.put(rootPlist, old)
			synctest.Test(t, func(t *testing.T) {
				r := newTale(t)
				c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, r, nil)
				pass()
				r.want("at first", rootPlist+` root LoginHook ->"/old" never`)
				tt.do(d)
				pass()
				r.want(tt.name, tt.want...)
				pass()
				r.want("later")
				c.stop()
			})
		})
	}
}

// killer is a binary property list with references of no bytes and 2^33 of them.
func killer() string {
	b := []byte("bplist00")
	b = append(b, 0xAF, 0x13, 0, 0, 0, 2, 0, 0, 0, 0) // an array of 2^33
	b = append(b, make([]byte, 16)...)
	b = append(b, 8)                                  // offset table
	b = append(b, 0, 0, 0, 0, 0, 0, 1, 0)             // widths: offsets 1, references 0
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 1)             // one object
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)             // the first is the top
	return string(append(b, 0, 0, 0, 0, 0, 0, 0, 34)) // where the table is
}
