package prefs

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/event"
)

// model is a slow and simple idea of what a collector should know of a disk.
type model struct {
	*fakeDisk
	rnd   *rand.Rand
	vals  map[string]string // by file and key
	bad   map[string]bool   // path: reason
	links int
}

var modelFiles = []string{
	rootPlist, libPlist, annPlist, annHost, mcxPlist, ttysFile,
	"/private/var/root/Library/Preferences/loginwindow.plist",
	"/Library/Managed Preferences/.GlobalPreferences.plist",
	"/Users/bob/Library/Preferences/.GlobalPreferences.plist",
	"/Users/bob/Library/Preferences/ByHost/.GlobalPreferences.x.plist",
}

// content returns what to write to a file, of which the model takes note.
func (m *model) content(f string) string {
	set := map[string]any{}
	for i, k := range keys {
		delete(m.vals, f+" "+k)
		if f == ttysFile && i > 1 || m.rnd.IntN(2) == 0 {
			continue
		}
		v := fmt.Sprintf("/hook/%d", m.rnd.IntN(3))
		if m.rnd.IntN(8) == 0 && f != ttysFile {
			v = ""
		}
		set[k] = v
		m.vals[f+" "+k] = v
	}
	if f == ttysFile {
		s := "# a comment\nconsole \"/System/loginwindow"
		for k, v := range set {
			s += fmt.Sprintf(" -%s %s", k, v)
		}
		return s + "\" vt100 on secure\n"
	}
	if m.rnd.IntN(2) == 0 {
		set["Other"] = m.rnd.IntN(100)
		return binary(m.t, set)
	}
	var pairs []string
	for k, v := range set {
		pairs = append(pairs, k, v.(string))
	}
	return xml(pairs...)
}

// lose says that a file is gone, or all below a folder.
func (m *model) lose(path string) {
	maps.DeleteFunc(m.vals, func(id, _ string) bool { return isBelow(id[:len(id)-len(filepath.Ext(id))], path) || isBelow(id, path) })
	for _, f := range modelFiles {
		if isBelow(f, path) {
			m.mend(f)
			for _, k := range keys {
				delete(m.vals, f+" "+k)
			}
		}
	}
}

func (m *model) mend(f string) {
	maps.DeleteFunc(m.bad, func(id string, _ bool) bool { return len(id) > len(f) && id[:len(f)+1] == f+":" })
}

func (m *model) trouble(f, why string) {
	m.mend(f)
	m.bad[f+": "+why] = true
}

// certain is how long it takes for all to be told: a sweep, settling, two refusals.
const certain = 7 * time.Second

// step changes something.
func (m *model) step(running bool) string {
	f := modelFiles[m.rnd.IntN(len(modelFiles))]
	m.mkdir(filepath.Dir(f))
	m.stamp(m.at("/Users"))
	n := m.rnd.IntN(14)
	if n >= 9 && n <= 11 {
		if !running {
			return "nothing"
		}
		time.Sleep(certain) // what the file held counts from now on
	}
	fresh := func() { m.must(os.RemoveAll(m.at(f))) }
	switch n {
	case 0, 1, 2: // rename over
		fresh()
		m.mend(f)
		m.swap(f, m.content(f))
	case 3, 4: // in place
		fresh()
		m.mend(f)
		m.put(f, m.content(f))
	case 5: // in two steps
		fresh()
		m.mend(f)
		c := m.content(f)
		m.put(f, c[:m.rnd.IntN(len(c))])
		time.Sleep(time.Duration(m.rnd.IntN(300)) * time.Millisecond)
		m.put(f, c)
	case 6:
		fresh()
		m.lose(f)
	case 7: // a hard link
		fresh()
		m.mend(f)
		m.put("/elsewhere", m.content(f))
		m.must(os.Link(m.at("/elsewhere"), m.at(f)))
		m.must(os.Remove(m.at("/elsewhere")))
	case 8: // a link to what is a file
		fresh()
		m.links++
		to := fmt.Sprintf("/links/%d", m.links)
		m.put(to, m.content(f))
		m.link(to, f)
		m.trouble(f, aLink)
	case 9:
		fresh()
		m.link("/nowhere", f)
		m.trouble(f, aLink)
	case 10:
		fresh()
		fifo(m.t, m.at(f))
		m.trouble(f, notFile)
	case 11:
		fresh()
		m.put(f, "no property list")
		if f == ttysFile {
			m.lose(f)
		} else {
			m.trouble(f, malformed)
		}
	case 12: // the folder, and all in it
		if f == ttysFile {
			return "nothing"
		}
		m.remove(filepath.Dir(f))
		m.lose(filepath.Dir(f))
	case 13: // the home
		if !isBelow(f, "/Users") {
			return "nothing"
		}
		home := filepath.Join("/Users", f[len("/Users/"):][:3])
		m.remove(home)
		m.stamp(m.at("/Users"))
		m.lose(home)
	}
	return fmt.Sprintf("step %d at %s", n, f)
}

// TestModel does thousands of things to a disk, while the handler refuses now and then and
// the collector is stopped and started, and compares what was told with the model.
func TestModel(t *testing.T) {
	const rounds = 400 // of two or three things each
	runs := uint64(3)
	if os.Getenv("TEST_SLOW") == "1" {
		runs = 10
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := &model{fakeDisk: newDisk(t), rnd: rand.New(rand.NewPCG(seed, 4)), vals: map[string]string{}, bad: map[string]bool{}}
			synctest.Test(t, func(t *testing.T) { m.run(t, rounds) })
		})
	}
}

func (m *model) run(t *testing.T, rounds int) {
	r := newTale(t)
	refuse := rand.New(rand.NewPCG(m.rnd.Uint64(), 1))
	refused := map[string]int{}
	r.refuse = func(c event.Change) bool {
		id := c.File + c.Key
		if refused[id]++; refused[id] > 2 || refuse.IntN(4) > 0 {
			refused[id] = 0
		}
		return refused[id] > 0
	}
	opts := Options{Root: m.root, Sweep: 2 * time.Second}
	c := start(t, opts, r, nil)
	var did []string
	for i := range rounds {
		if m.rnd.IntN(25) == 0 {
			c.stop()
			opts.Previous = r.state
			r.mu.Lock()
			for id := range r.on {
				r.on[id] = carried
			}
			r.mu.Unlock()
			for range m.rnd.IntN(3) {
				did = append(did, m.step(false))
			}
			did = append(did, "start")
			c = start(t, opts, r, nil)
		}
		for range 1 + m.rnd.IntN(3) {
			did = append(did, m.step(true))
			if m.rnd.IntN(2) == 0 {
				c.Wake()
			}
			time.Sleep(time.Duration(m.rnd.IntN(1500)) * time.Millisecond)
		}
		time.Sleep(certain)
		synctest.Wait()
		if !maps.Equal(r.known, m.vals) {
			t.Errorf("after %d rounds, the last things %q: told\n\t%v\nwant\n\t%v", i, did[max(0, len(did)-4):], r.known, m.vals)
		}
		if want := slices.Sorted(maps.Keys(m.bad)); !slices.Equal(r.unread(), want) {
			t.Errorf("after %d rounds, the last things %q: unreadable\n\t%q\nwant\n\t%q", i, did[max(0, len(did)-4):], r.unread(), want)
		}
		if s := c.Stats(); s.Unreadable != len(m.bad) {
			t.Errorf("after %d rounds: %+v, want %d unreadable", i, s, len(m.bad))
		}
		if t.Failed() {
			break
		}
	}
	c.stop()
}
