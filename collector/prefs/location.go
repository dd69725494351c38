package prefs

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// location is what is scanned in one go: a home, root's preferences, the folder of homes. It
// belongs to the goroutine of Run.
type location struct {
	base   string    // the path that names it
	parent *location // the location of the folder that it is listed in, nil without
	home   bool      // scanning it may take long
	extra  bool      // a home outside /Users: that it is not there says nothing, it may not be mounted

	// A location has at most one scan under way. A home that comes back has another.
	scan      *scan
	again     bool      // to be scanned when the scan under way ends
	full      bool      // to be read whatever its times say
	notBefore time.Time // when it may be scanned
	scanned   bool      // there was a scan, or no answer
	complete  bool      // there was a scan of all of it
	answers   bool      // the last scan ended in time
	late      int       // scans in a row that did not
	settling  bool      // what the last scan found is not certain
	removed   bool      // it is not in its parent any more
	watchable []watchTarget

	files map[string]*knownFile
	since event.Since // what the first scan is compared to

	// What is wrong now, and what was reported to the handler, with the content.
	problems map[problemKey]problem
	reported map[problemKey]string
	restored bool // reports of the run before stand until a scan is certain
	recheck  bool // problems and reported may differ
	queued   bool // in the queue of reports
	share    share
}

// homeOf returns the home that a path lies in, "" for none of a user's.
func (p *location) homeOf(name string) string {
	if !p.home || !isBelow(name, p.base) {
		return ""
	}
	return p.base
}

// holdsValues reports whether any value is known in p.
func (p *location) holdsValues() bool {
	for _, f := range p.files {
		if f.known != (values{}) {
			return true
		}
	}
	return false
}

// addSystemLocations adds the locations that are always there, and the homes of the configuration.
func (c *Collector) addSystemLocations() {
	for _, base := range []string{rootHome, library, managedFolder, etcFolder, usersFolder, recordsFolder} {
		c.addLocation(&location{base: base})
	}
	for _, h := range c.opts.Homes {
		c.addLocation(&location{base: h, home: true, extra: true})
	}
}

func (c *Collector) addLocation(p *location) *location {
	p.files, p.problems, p.reported = map[string]*knownFile{}, map[problemKey]problem{}, map[problemKey]string{}
	p.since = event.SinceStop
	if c.opts.Previous == nil {
		p.since = event.SinceNever
	}
	p.scan = c.newScan(p)
	c.locations = append(c.locations, p)
	c.byBase[p.base] = p
	if p.home {
		c.counts.Homes++
	}
	return p
}

// newScan returns a scan of a location that knows nothing yet.
func (c *Collector) newScan(p *location) *scan {
	s := &scan{
		location: p, disk: &c.disk, top: p.folderLayout(),
		system: p.base == rootHome || isBelow(p.base, library),
	}
	s.work = func() {
		s.run()
		select {
		case c.done <- s:
		case <-c.quit:
		}
	}
	return s
}

// folderLayout returns the folders of a location.
func (p *location) folderLayout() *folder {
	switch p.base {
	case etcFolder:
		return &folder{path: etcFolder, files: []*file{{path: ttysFile, limit: maxTTYs, parse: parseTTYs}}}
	case usersFolder:
		return &folder{path: usersFolder, lists: listsHomes}
	case recordsFolder:
		return &folder{path: recordsFolder, lists: listsRecords}
	case library:
		return newFolders(library, "Preferences", byHost)
	case managedFolder:
		f := newFolders(managedFolder, byHost)
		f.lists = listsUsers
		return f
	}
	if path.Dir(p.base) == managedFolder {
		return newFolders(p.base, byHost)
	}
	f := newFolders(p.base, "Library", "Preferences", byHost)
	switch {
	case p.extra:
		f.skip = strings.Count(p.base, "/") // whoever named it says where it lies
	case p.home:
		f.skip = 1 // a link for /Users is reported once, of /Users
	}
	return f
}

// locationOf returns the location that a path of an earlier run lies in, nil if it is not
// scanned any more. One that was listed is added: if it is not there any more its hooks were removed.
func (c *Collector) locationOf(name string) *location {
	var in *location
	for _, p := range c.locations {
		// The managed folder lies in /Library, and a home may lie in another's.
		if isBelow(name, p.base) && (in == nil || len(p.base) > len(in.base)) {
			in = p
		}
	}
	if in == nil || len(c.locations) > maxHomes {
		return in
	}
	entry, _, _ := strings.Cut(strings.TrimPrefix(name[len(in.base):], "/"), "/")
	if entry != "" && (in.base == usersFolder || in.base == managedFolder && !slices.Contains(names[:], entry)) {
		return c.addListed(in, in.base+"/"+entry)
	}
	return in
}

func (c *Collector) addListed(parent *location, base string) *location {
	return c.addLocation(&location{
		base: base, parent: parent, home: parent.base != managedFolder, extra: parent.base == recordsFolder,
	})
}

// setListed takes over which locations there are in one. first says that nothing is known of
// what was there before.
func (c *Collector) setListed(parent *location, bases []string, first bool, now time.Time) {
	for _, base := range bases {
		p := c.byBase[base]
		if p == nil && len(c.locations) < 2*(maxHomes+maxManaged) {
			p = c.addListed(parent, base)
			p.complete, p.removed = !first, true
		}
		if p != nil && p.removed {
			p.removed = false
			c.requestScan(p, now)
		}
	}
	if parent.scan.partial {
		return // what is not listed may be there
	}
	for base, p := range c.byBase {
		if _, there := slices.BinarySearch(bases, base); !there && p.parent == parent && !p.removed {
			c.removeLocation(p)
		}
	}
}

// removeLocation takes note that a location is not there any more, and so nothing in it.
func (c *Collector) removeLocation(p *location) {
	p.removed, p.settling, p.restored = true, false, false
	for _, f := range p.files {
		c.applyFinding(p, f, &finding{})
	}
	for key := range p.problems {
		c.clearProblem(p, key)
	}
	p.share.usedUp = time.Time{}
	p.scan = c.newScan(p) // one under way is of the home that was
	c.recheckProblems(p)
	c.dropRemoved(p)
}

// dropRemoved drops a location that is not there any more once all of that is reported.
func (c *Collector) dropRemoved(p *location) {
	changed := func(f *knownFile) bool { return f.now != f.known }
	if !p.removed || len(p.reported) > 0 || slices.ContainsFunc(slices.Collect(maps.Values(p.files)), changed) {
		return
	}
	delete(c.byBase, p.base)
	if p.home {
		c.counts.Homes--
	}
	delete(c.due, p)
	c.locations = slices.DeleteFunc(c.locations, func(o *location) bool { return o == p })
}

// setAbsent takes note of whether a home outside /Users was there at the scan: it may
// only not be mounted. Of those in /Users the list of homes tells.
func (c *Collector) setAbsent(p *location, absent bool) {
	switch {
	case !absent:
		c.clearProblem(p, problemKey{p.base, notThere})
	case p.extra && p.holdsValues():
		c.setProblem(p, problem{path: p.base, why: notThere, detail: "its hooks are unknown"})
	}
}
