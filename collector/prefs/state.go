package prefs

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// State is what is known of the hooks, to be kept for the next start. It is plain data in
// a stable order: equal states make equal JSON.
type State struct {
	Files []FileState `json:"files,omitempty"` // that hold a key, by path
	// Homes are those outside /Users that accounts name.
	Homes []string `json:"homes,omitempty"`
	// Never are the files and folders that were never scanned: what is found there is
	// still the first there ever was.
	Never      []string     `json:"never,omitempty"`
	Unreadable []Unreadable `json:"unreadable,omitempty"` // by path and reason
}

// FileState is what one file holds.
type FileState struct {
	File   string            `json:"file"`
	Values map[string]string `json:"values"` // by key

	// Who owned the file and its folder when they were last seen; nil if that is not known.
	Owner       *uint32 `json:"owner,omitempty"`
	FolderOwner *uint32 `json:"folder_owner,omitempty"`
}

// Unreadable is what could not be read as it should.
type Unreadable struct {
	Path  string    `json:"path"`
	Why   string    `json:"why"`
	Since time.Time `json:"since"`
	// Content tells the content from others: its SHA-256, "" if that was not read.
	Content string `json:"sha256,omitempty"`
}

// state is what to keep.
func (c *Collector) state() State {
	var s State
	for _, p := range c.locations {
		if p.parent != nil && p.parent.base == recordsFolder {
			s.Homes = append(s.Homes, p.base)
		}
		if !p.complete && p.since == event.SinceNever {
			s.Never = append(s.Never, p.base)
		}
		for _, f := range p.files {
			if m := f.known.byKey(); len(m) > 0 {
				s.Files = append(s.Files, FileState{f.path, m, f.by.file.pointer(), f.by.folder.pointer()})
			}
			if p.complete && f.neverSeen() {
				s.Never = append(s.Never, f.path)
			}
		}
	}
	for _, u := range c.problems {
		if u.Why != notWatched {
			s.Unreadable = append(s.Unreadable, Unreadable{u.Path, u.Why, u.Since, u.content})
		}
	}
	slices.Sort(s.Homes)
	slices.Sort(s.Never)
	slices.SortFunc(s.Files, func(a, b FileState) int { return strings.Compare(a.File, b.File) })
	slices.SortFunc(s.Unreadable, func(a, b Unreadable) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Why, b.Why))
	})
	return s
}

// restoreState takes over what the run before left.
func (c *Collector) restoreState(s *State) {
	if s == nil {
		return
	}
	for _, h := range s.Homes {
		if CheckHome(h) == nil && c.byBase[h] == nil && len(c.locations) <= maxHomes {
			c.addListed(c.byBase[recordsFolder], h)
		}
	}
	for _, fs := range s.Files {
		p := c.locationOf(fs.File)
		if p == nil {
			continue
		}
		scanned := p.scan.top.findFile(fs.File)
		if scanned == nil {
			continue // it is not scanned any more
		}
		f := p.file(fs.File)
		for i, k := range keys {
			if v, ok := fs.Values[k]; ok {
				f.known[i] = value{true, v}
			}
		}
		f.now, scanned.values = f.known, f.known
		f.by = owners{ownerAt(fs.Owner), ownerAt(fs.FolderOwner)}
	}
	for _, u := range s.Unreadable {
		c.restoreProblem(u)
	}
	for _, n := range s.Never {
		c.restoreNever(n)
	}
}

// restoreProblem takes over a problem of the run before. One that lies nowhere that is scanned
// is over when the first scan is.
func (c *Collector) restoreProblem(u Unreadable) {
	key := problemKey{u.Path, u.Why}
	p := cmp.Or(c.locationOf(u.Path), c.locations[0])
	if c.problems[key] != nil {
		return
	}
	c.problems[key] = &reportedProblem{content: u.Content, restored: true, locations: 1, Unreadable: event.Unreadable{
		Path: u.Path, Why: u.Why, Since: u.Since, Home: p.homeOf(u.Path), Owner: event.None, FolderOwner: event.None,
	}}
	p.reported[key] = u.Content
	p.restored, p.recheck = true, true
}

// restoreNever marks a location or a file as one that was never scanned.
func (c *Collector) restoreNever(name string) {
	p := c.locationOf(name)
	switch {
	case p == nil:
	case p.base == name:
		p.since = event.SinceNever
		for _, f := range p.files {
			f.since = event.SinceNever
		}
	case p.scan.top.findFile(name) != nil:
		p.file(name).since = event.SinceNever
	}
}
