package prefs

import (
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// maxBytes is how much one look reads. Each place has it for itself: what a home has more waits
// for its next look, and how often that comes is bounded by the home's share of time.
const maxBytes = 8 << 20

// place is what is looked at in one go: a home, root's preferences, the folder of homes. It
// belongs to the goroutine of Run.
type place struct {
	base  string // the path that names it
	home  bool   // looking at it may take long
	extra bool   // it is there by configuration: that it is not there says nothing
	look  *look

	files   map[string]*file
	since   event.Since // what the first look at it is compared to
	looked  bool        // there was one, of all of it
	tried   bool        // there was one, or there was no answer
	gone    bool        // the home is not there any more
	absent  bool        // it was not there at the last look
	bad     []problem   // of its folders
	carried []*event.Unreadable
	waiting []*file // not settled
	pending int     // values to report
	watch   []target
	share   share

	queued, again  bool
	asked          time.Time // when it was queued
	silent         bool      // told to give no answer
	strikes        int       // looks in a row that took too long
	answers        bool      // the last look ended in time
	notBefore, due time.Time // when it may, and when it must be looked at; due is not set by sweeps
	timed, logged  bool      // it is in the collector's lists
}

// homeOf returns the home that a path lies in, "" for none of a user's.
func (p *place) homeOf(name string) string {
	if p == nil || !p.home || !below(name, p.base) {
		return ""
	}
	return p.base
}

// look is the looking at a place. While it is under way, all but the first fields belong
// to the goroutine that looks. A home that comes back has another.
type look struct {
	place *place
	run   func()    // what the goroutine does
	began time.Time // set at the start, and not while it is under way
	busy  bool
	slow  bool
	stuck bool

	folders []*folder
	disk    *disk
	home    bool // one below /Users
	system  bool // root's own: its folders are watched
	granule time.Duration
	turn    int // the file of ByHost to begin with

	dir    holder // of the folder whose files are looked at
	target string // where the link that is looked at leads, below the root

	at       time.Time
	left     int64 // bytes it may still read
	relist   bool  // list folders anew
	news     []news
	watch    []target
	absent   bool // the home is not there
	short    bool // it could not afford all
	blind    bool // a folder could not be reached or listed
	homes    []string
	listed   bool // homes is what there is
	partial  bool // or some of it
	reads    uint64
	bytes    uint64
	duration time.Duration
}

// news is what a look found that the one before did not: the state of a file, or what is
// wrong with a folder, or no longer is.
type news struct {
	file string
	outcome

	folder  bool
	was, is problem
}

// start prepares a look that begins now.
func (l *look) start(now time.Time, relist bool) {
	clear(l.news) // it holds values
	l.news, l.watch, l.homes = l.news[:0], l.watch[:0], nil
	l.began, l.at, l.left, l.relist = now, now, maxBytes, relist
	l.absent, l.short, l.blind, l.listed, l.partial = false, false, false, false, false
	l.reads, l.bytes = 0, 0
	l.busy, l.slow, l.stuck = true, false, false
}

// all looks at everything in the place.
func (l *look) all(base string, home bool) {
	for _, f := range l.folders {
		if l.folder(f, base) == away {
			if l.absent = home; !home {
				l.gone(f)
			}
		}
	}
	l.duration = time.Since(l.at)
}

// bad tells what is wrong with a folder, if that is new.
func (l *look) bad(told *problem, now problem) {
	if !told.same(now) {
		l.news = append(l.news, news{folder: true, was: *told, is: now})
		*told = now
	}
}

// afford says whether the look may read so many bytes more.
func (l *look) afford(size int64) bool {
	if size > l.left {
		l.short = true
		return false
	}
	l.left -= size
	return true
}

// lay makes the places that are always there.
func (c *Collector) lay() {
	for _, base := range []string{rootHome, library, managedFolder, etcFolder} {
		c.add(&place{base: base})
	}
	c.users = c.add(&place{base: usersFolder})
	for _, h := range c.opts.Homes {
		c.addHome(h, true)
	}
}

// addHome adds a home.
func (c *Collector) addHome(home string, extra bool) *place {
	p := c.add(&place{base: home, home: true, extra: extra})
	c.homes[home] = p
	return p
}

func (c *Collector) add(p *place) *place {
	p.files = map[string]*file{}
	p.since = event.SinceStop
	if c.opts.Previous == nil {
		p.since = event.SinceNever
	}
	p.look = c.newLook(p)
	c.places = append(c.places, p)
	return p
}

// newLook makes the looking at a place, which knows nothing yet.
func (c *Collector) newLook(p *place) *look {
	base, home := p.base, p.home
	l := &look{
		place: p, folders: p.layout(), disk: &c.disk, granule: c.opts.Timing.Granule,
		home: home && !p.extra, system: !home && base != usersFolder && base != etcFolder,
	}
	l.run = func() {
		l.all(base, home)
		c.done <- l
	}
	return l
}

// layout returns the folders of a place.
func (p *place) layout() []*folder {
	var f *folder
	switch p.base {
	case managedFolder:
		f = preferencesFolder(managedFolder)
		f.lists = listsUsers
	case etcFolder:
		f = &folder{shown: etcFolder, fixed: []*node{{shown: ttysFile, max: maxTTYs, parse: parseTTYs}}}
	case usersFolder:
		f = &folder{shown: usersFolder, lists: listsFolder}
	case library:
		f = preferencesFolder(preferences)
	default:
		f = preferencesFolder(p.base + preferences)
	}
	if p.home || p.base == rootHome || p.base == library {
		f.inner = &folder{shown: f.shown + byHost, lists: listsFiles}
	}
	for in := f; in != nil && p.home; in = in.inner {
		in.skip = 1 // a link for /Users is told once, of /Users
		if p.extra {
			in.skip = strings.Count(p.base, "/") // where it lies is the administrator's word
		}
	}
	return []*folder{f}
}

// placeOf returns the place that a path of an earlier run lies in, nil if it is looked at
// no more. A home is added: if it is there no more its hooks were removed.
func (c *Collector) placeOf(name string) *place {
	var in *place
	for _, p := range c.places {
		// The managed folder lies in /Library, and a home may lie in another's.
		if below(name, p.base) && (in == nil || len(p.base) > len(in.base)) {
			in = p
		}
	}
	user, ok := strings.CutPrefix(name, usersFolder+"/")
	if in != c.users || !ok || user == "" || len(c.homes) > maxHomes {
		return in
	}
	user, _, _ = strings.Cut(user, "/")
	return c.addHome(usersFolder+"/"+user, false)
}

func below(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// track has a file of an earlier run looked for, so that its absence is seen. false says
// that it is none that can hold a hook.
func (p *place) track(name string) bool {
	for _, f := range p.look.folders {
		for ; f != nil; f = f.inner {
			if f.track(name) {
				return true
			}
		}
	}
	return false
}

func (f *folder) track(name string) bool {
	rest, ok := strings.CutPrefix(name, f.shown+"/")
	if !ok {
		return false
	}
	for _, n := range f.fixed {
		if n.shown == name {
			return true
		}
	}
	user, file, deeper := strings.Cut(rest, "/")
	switch {
	case f.lists == listsFiles && !deeper && byHostName(rest) == rest:
		for _, n := range f.entries.nodes {
			if n.shown == name {
				return true
			}
		}
		if len(f.entries.nodes) < maxByHost {
			f.entries.nodes = append(f.entries.nodes, preferencesNode(name))
			return true
		}
	case f.lists == listsUsers && deeper && file != "":
		for _, u := range f.entries.users {
			if u.shown == f.shown+"/"+user {
				return u.track(name)
			}
		}
		u := preferencesFolder(f.shown + "/" + user)
		if len(f.entries.users) < maxManaged && u.track(name) {
			f.entries.users = append(f.entries.users, u)
			return true
		}
	}
	return false
}
