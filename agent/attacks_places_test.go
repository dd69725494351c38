package agent_test

import (
	"os"
	"path"
	"syscall"
	"testing"
	"time"
)

// Where the hooks of these cases lie.
const (
	preferencesPath = "/Library/Preferences"
	loginPlist      = preferencesPath + "/com.apple.loginwindow.plist"
	annByHost       = "/Users/ann" + preferencesPath + "/ByHost/com.apple.loginwindow.0A1B2C3D-0000-1111-2222-333344445555.plist"
	danaPlist       = "/Users/dana" + loginPlist
	bigHome         = "/Volumes/Big/Users/dana"
	accounts        = "/private/var/db/dslocal/nodes/Default/users/"
)

// TestAttacksPlaces plays what can be done to the homes and folders that lead to a hook, as
// TestAttacksState does.
func TestAttacksPlaces(t *testing.T) {
	playCases(t, append(homePlaces(), movedPlaces()...))
}

func (w *world) symlink(to, name string) { w.t.Helper(); w.must(os.Symlink(to, w.at(name))) }

func (w *world) rename(from, to string) {
	w.t.Helper()
	w.must(os.MkdirAll(path.Dir(w.at(to)), 0o755))
	w.must(os.Rename(w.at(from), w.at(to)))
}

// account makes an account of a Mac.
func (w *world) account(name, home string) {
	w.t.Helper()
	w.put(accounts+name+".plist", `<plist version="1.0"><dict><key>name</key><array><string>`+name+`</string></array>
<key>home</key><array><string>`+home+`</string></array></dict></plist>`)
}

func found(file string) string {
	return "hook-present #1 observed by state: set LoginHook=/evil in " + file
}

func notRead(file, why string) string {
	return "preferences-unreadable #1 observed by state: " + file + " is " + why
}

// homePlaces are homes that are not folders in /Users, and folders that are not homes.
func homePlaces() []stateCase {
	evil := plistOf("LoginHook", "/evil")
	elsewhere := func(w *world) { w.put(bigHome+loginPlist, evil) }
	return []stateCase{
		{name: "a home is a link at the start", before: func(w *world) {
			elsewhere(w)
			w.symlink(".."+bigHome, "/Users/dana")
		}, want: []string{found(danaPlist), notRead("/Users/dana", "a link")}},
		{name: "a home becomes a link", before: func(w *world) { w.put(danaPlist, plistOf("Other", "x")) }, does: func(w *world) {
			w.rename("/Users/dana", bigHome)
			w.symlink(bigHome, "/Users/dana")
			w.await("/Users/dana is a link")
			w.swap(bigHome+loginPlist, evil)
		}, want: []string{unseen("set LoginHook=/evil in " + danaPlist), notRead("/Users/dana", "a link")}},
		{name: "a home is a link to another home", before: func(w *world) { w.symlink("ann", "/Users/dana") },
			does: func(w *world) { w.swap(annPlist, evil) }, want: []string{unseen("set LoginHook=/evil in ann")}},
		{name: "a home is a link to the root folder", before: func(w *world) { w.symlink("/", "/Users/dana") },
			does: func(w *world) { w.swap(systemPlist, evil) },
			want: []string{notRead("/Users/dana", "a link"), unseen("set LoginHook=/evil in system")}},
		{name: "a home is a link to a FIFO", does: func(w *world) {
			w.must(syscall.Mkfifo(w.at("/private/fifo"), 0o644))
			w.symlink("/private/fifo", "/Users/dana")
		}, want: []string{notRead("/Users/dana", "a link")}},
		{name: "a home is a link to nothing", does: func(w *world) { w.symlink(bigHome, "/Users/dana") },
			want: []string{notRead("/Users/dana", "a link")}},
		{name: "an account has its home elsewhere", before: elsewhere, does: func(w *world) { w.account("dana", bigHome) },
			want: []string{unseen("set LoginHook=/evil in " + bigHome + loginPlist)}},
		{name: "an account had its home elsewhere at the start, and the agent starts again", before: func(w *world) {
			elsewhere(w)
			w.account("dana", bigHome)
		}, does: func(w *world) {
			w.again(func() {})
			w.looked()
			w.swap(bigHome+loginPlist, plistOf("LoginHook", "/worse"))
		}, want: []string{found(bigHome + loginPlist), unseen("set LoginHook=/worse was /evil in " + bigHome + loginPlist)}},
		{name: "an account can't be read", does: func(w *world) { w.put(accounts+"dana.plist", "<plist><dict><key>home") },
			want: []string{notRead(accounts+"dana.plist", "malformed")}},
		{name: "the configuration names a home elsewhere", before: func(w *world) {
			elsewhere(w)
			w.o.Config.ExtraHomes = []string{bigHome}
		}, want: []string{found(bigHome + loginPlist)}},
		{name: "names that only macOS takes for the same, at the start", before: func(w *world) {
			w.put("/LIBRARY/preferences/COM.APPLE.LOGINWINDOW.PLIST", evil)
			w.put("/Users/dana/library/Preferences/com.apple.loginwindow.pli\ufb06", evil)
		}, want: []string{found("system"), found(danaPlist)}},
		{name: "names that only macOS takes for the same, later", does: func(w *world) {
			w.put("/Users/ann/Library/Preferences/com.apple.loginwindow.pli\u017ft", evil)
		}, want: []string{unseen("set LoginHook=/evil in ann")}},
		{name: "quiet: preferences in /Users/Shared", does: func(w *world) { w.put("/Users/Shared"+loginPlist, evil) }},
		{name: "root's home on another volume", before: func(w *world) {
			w.put("/Volumes/X"+rootPlist, evil)
			w.o.Config.ExtraHomes = []string{"/Volumes/X/private/var/root"}
		}, want: []string{found("/Volumes/X" + rootPlist)}},
	}
}

// movedPlaces are folders that are moved, replaced or closed, and a write that changes no time.
func movedPlaces() []stateCase {
	evil, worse := plistOf("LoginHook", "/evil"), plistOf("LoginHook", "/worse")
	folder, file := path.Dir(path.Dir(annByHost)), annByHost
	removed := func(what string) string { return unseen("remove LoginHook was " + what + " in " + file) }
	set := func(what string) string { return unseen("set LoginHook=" + what + " in " + file) }
	admin := func(w *world) { w.put(file, evil) }
	var mapped []byte
	// awayAndBack moves a folder, brings it back, and writes to the file in place.
	awayAndBack := func(moved string) func(w *world) {
		return func(w *world) {
			w.rename(moved, "/private/away")
			w.await("remove LoginHook was /evil")
			w.rename("/private/away", moved)
			w.await(set("/evil"))
			w.put(file, worse)
		}
	}
	// replaced puts another folder in the place of one.
	replaced := func(moved string) func(w *world) {
		return func(w *world) {
			w.put("/private/new"+file[len(moved):], worse)
			w.rename(moved, "/private/old")
			w.rename("/private/new", moved)
		}
	}
	moves := []string{found(file), removed("/evil"), set("/evil"), unseen("set LoginHook=/worse was /evil in " + file)}
	swapped := []string{found(file), unseen("set LoginHook=/worse was /evil in " + file)}
	return []stateCase{
		{name: "ByHost renamed away and back", before: admin, does: awayAndBack(folder + "/ByHost"), want: moves},
		{name: "Preferences renamed away and back", before: admin, does: awayAndBack(folder), want: moves},
		{name: "Library renamed away and back", before: admin, does: awayAndBack("/Users/ann/Library"), want: moves},
		{name: "a home renamed away and back", before: admin, does: awayAndBack("/Users/ann"), want: moves},
		{name: "ByHost replaced", before: admin, does: replaced(folder + "/ByHost"), want: swapped},
		{name: "Preferences replaced", before: admin, does: replaced(folder), want: swapped},
		{name: "Library replaced", before: admin, does: replaced("/Users/ann/Library"), want: swapped},
		{name: "a home removed and made again", before: admin, does: func(w *world) {
			w.remove("/Users/ann")
			w.await("remove LoginHook was /evil")
			w.put(file, worse)
		}, want: []string{found(file), removed("/evil"), set("/worse")}},
		{name: "written through a mapping, then a login", before: func(w *world) {
			admin(w)
			mapped = w.mapFile(file)
			copy(mapped, evil) // the page is dirty from now on
		}, does: func(w *world) {
			time.Sleep(4 * time.Second) // until the times of the file count
			w.looked()
			copy(mapped, plistOf("LoginHook", "/wors"))
			r := commandOf("sh", "/usr/local/libexec/x", "ann")
			r.By = "loginwindow"
			w.run(r)
		}, want: []string{found(file), unseen("set LoginHook=/wors was /evil in " + file)}},
		{name: "a home made read-only", before: admin, does: func(w *world) {
			w.put(file, worse)
			w.must(os.Chmod(w.at(file), 0o400))
			w.must(os.Chmod(w.at(folder), 0o500))
			w.t.(*testing.T).Cleanup(func() { os.Chmod(w.at(folder), 0o700) })
		}, want: swapped},
		{name: "a home made unreadable", before: admin, does: func(w *world) {
			w.put(file, worse)
			w.must(os.Chmod(w.at("/Users/ann"), 0))
			w.t.(*testing.T).Cleanup(func() { os.Chmod(w.at("/Users/ann"), 0o700) })
		}, want: unreadableHome(swapped)},
	}
}

// unreadableHome is what comes of a home that nobody may enter: root does all the same.
func unreadableHome(asRoot []string) []string {
	if os.Geteuid() == 0 {
		return asRoot
	}
	return []string{asRoot[0], notRead("/Users/ann/Library", "permission")}
}

// mapFile maps a file into memory, for writes that go through no call.
func (w *world) mapFile(name string) []byte {
	w.t.Helper()
	f, err := os.OpenFile(w.at(name), os.O_RDWR, 0)
	w.must(err)
	defer f.Close()
	st, err := f.Stat()
	w.must(err)
	m, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	w.must(err)
	w.t.(*testing.T).Cleanup(func() { syscall.Munmap(m) })
	return m
}
