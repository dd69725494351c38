package prefs

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// mover does things to the folders that lead to hooks. It never leaves the disk: a link that leads out
// of it stops whoever goes through the folder that it opened.
type mover struct {
	*fakeDisk
	in  *os.Root
	rnd *rand.Rand
}

// movedPaths are the folders and files that a mover moves, removes, replaces and links to each other.
var movedPaths = []string{
	"/Users", "/Users/ann", "/Users/bob", "/Users/ann/Library", "/Users/bob/Library", "/Users/ann/Library/Preferences",
	"/Users/ann/Library/Preferences/ByHost", annPlist, annHost, hookOf("/Users/bob"), "/Volumes/Big", "/Volumes/Big/eve",
	hookOf("/Volumes/Big/eve"), "/Volumes/Big/eve/Library/Preferences/ByHost/.GlobalPreferences.x.plist",
	"/away/0", "/away/1", "/away/2", "/Library", libPlist, "/private/var/root/Library/Preferences", rootPlist,
}

func (m *mover) pick() string { return movedPaths[m.rnd.IntN(len(movedPaths))] }

func (m *mover) value() string { return xml("LoginHook", fmt.Sprintf("/%d", m.rnd.IntN(10))) }

// files are the paths of files.
func (m *mover) file() string {
	for {
		if f := m.pick(); strings.HasSuffix(f, extension) {
			return f
		}
	}
}

// step does one thing, and says what. What can't be done is left.
func (m *mover) step() string {
	a, b, f := m.pick()[1:], m.pick()[1:], m.file()[1:]
	switch m.rnd.IntN(9) {
	case 0, 1, 2:
		m.in.MkdirAll(path.Dir(b), 0o755)
		m.in.Rename(a, b)
		return "rename " + a + " to " + b
	case 3:
		m.in.Rename(b, fmt.Sprintf("%s.%d", b, m.rnd.IntN(100)))
		m.in.Rename(a, b)
		return "replace " + b + " by " + a
	case 4:
		m.in.RemoveAll(b)
		m.in.Symlink(strings.Repeat("../", strings.Count(b, "/"))+a, b)
		return "link " + b + " to " + a
	case 5:
		m.in.RemoveAll(b)
		return "remove " + b
	case 6:
		m.in.MkdirAll(path.Dir(f), 0o755)
		m.rewrite(f, m.value())
		return "write " + f
	case 7: // twice, the second time into a page that is dirty
		if file, err := m.in.OpenFile(f, os.O_RDWR, 0); err == nil {
			if st, err := file.Stat(); err == nil && st.Mode().IsRegular() && st.Size() == int64(len(m.value())) {
				mapped := m.mapOpen(file)
				mapped.write(m.value())
				time.Sleep(granuleTime + time.Second)
				mapped.write(m.value())
			}
			file.Close()
		}
		return "write to " + f + " through a mapping"
	}
	file := recordsFolder[1:] + "/eve.plist"
	if m.rnd.IntN(3) == 0 {
		m.in.Remove(file)
		return "delete the account of eve"
	}
	m.in.MkdirAll(path.Dir(file), 0o755)
	m.rewrite(file, binary(m.t, map[string]any{"home": []any{"/Volumes/Big/eve"}}))
	return "an account of eve"
}

// rewrite writes a file in place, and gives it times that no other has.
func (m *mover) rewrite(name, content string) {
	m.tick = m.tick.Add(time.Millisecond)
	if m.in.WriteFile(name, []byte(content), 0o644) == nil {
		m.in.Chtimes(name, m.tick, m.tick)
	}
}

// TestMoves does random things to the places of hooks. Afterwards what is known is what a fresh scan
// finds, or what differs is reported as not read.
func TestMoves(t *testing.T) {
	seeds := uint64(12)
	if os.Getenv("TEST_SLOW") == "1" {
		seeds = 150
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := &mover{fakeDisk: newDisk(t), rnd: rand.New(rand.NewPCG(seed, 7))}
			var err error
			m.in, err = os.OpenRoot(m.root)
			m.must(err)
			defer m.in.Close()
			synctest.Test(t, func(t *testing.T) { m.play(t, 20) })
		})
	}
}

func (m *mover) play(t *testing.T, rounds int) {
	r := newTale(t)
	opts := Options{Root: m.root, Sweep: 2 * time.Second}
	c := start(t, opts, r, nil)
	defer func() { c.stop() }()
	var did []string
	for range rounds {
		if m.rnd.IntN(6) == 0 {
			c.stop()
			for u := range r.on {
				r.on[u] = carried
			}
			opts.Previous = r.state
			did = append(did, m.step(), "start again")
			c = start(t, opts, r, nil)
		}
		for range 1 + m.rnd.IntN(4) {
			did = append(did, m.step())
			time.Sleep(time.Duration(m.rnd.IntN(1500)) * time.Millisecond)
		}
		c.ReadAll()
		time.Sleep(fullReadGap + certain)
		synctest.Wait()
		if m.compare(t, r, did); t.Failed() {
			return
		}
	}
}

// compare holds what is known against a fresh scan.
func (m *mover) compare(t *testing.T, r *tale, did []string) {
	t.Helper()
	fresh, bad := map[string]string{}, []string{}
	settings, unreadable, err := Scan(m.root, nil)
	m.must(err)
	for _, s := range settings {
		fresh[s.File+" "+s.Key] = s.Value
	}
	for _, u := range unreadable {
		bad = append(bad, u.Path+": "+u.Why)
	}
	told := r.unread()
	named := func(file string) bool {
		return slices.ContainsFunc(told, func(u string) bool { return isBelow(file, u[:strings.Index(u, ": ")]) })
	}
	r.mu.Lock()
	known := maps.Clone(r.known)
	r.mu.Unlock()
	all := maps.Clone(fresh)
	maps.Copy(all, known)
	for id := range all {
		if got, want := known[id], fresh[id]; got != want && !named(strings.Fields(id)[0]) {
			t.Errorf("%s: got %q known, want %q as a fresh scan finds, or the place named in %q; done before: %q", id, got, want, told, did[max(0, len(did)-8):])
		}
	}
	// What was read nowhere lately stays reported: below what can't be read, and in a home that is not mounted.
	stays := func(u string) bool {
		at := u[:strings.Index(u, ": ")]
		_, gone := m.in.Stat("Volumes/Big/eve")
		return isBelow(at, "/Volumes/Big/eve") && gone != nil ||
			slices.ContainsFunc(bad, func(b string) bool { return isBelow(at, b[:strings.Index(b, ": ")]) })
	}
	for _, u := range slices.Concat(told, bad) {
		if slices.Contains(bad, u) != slices.Contains(told, u) && (slices.Contains(bad, u) || !stays(u)) {
			t.Errorf("%s: got %q reported, want %q as a fresh scan finds; done before: %q", u, told, bad, did[max(0, len(did)-8):])
		}
	}
}
