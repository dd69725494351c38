package prefs

import (
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// State is what is known of the hooks, to be kept for the next start. It is plain data in
// a stable order: equal states make equal JSON.
type State struct {
	Files []FileState `json:"files,omitempty"` // that hold a key, by path
	// Never are the files and folders that were never looked at: what is found there is
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
	// SHA256 is of the content, "" if that was not read.
	SHA256 string `json:"sha256,omitempty"`
}

// state is what to keep.
func (c *Collector) state() State {
	var s State
	for _, p := range c.places {
		if !p.looked && p.since == event.SinceNever {
			s.Never = append(s.Never, p.base)
		}
		for _, f := range p.files {
			if m := f.known.byKey(); len(m) > 0 {
				s.Files = append(s.Files, FileState{f.shown, m, f.by.file.pointer(), f.by.folder.pointer()})
			}
			if p.looked && f.never() {
				s.Never = append(s.Never, f.shown)
			}
		}
	}
	for _, u := range c.problems {
		if u.Why != notWatched {
			s.Unreadable = append(s.Unreadable, Unreadable{u.Path, u.Why, u.Since, u.Found.SHA256})
		}
	}
	for _, p := range c.places {
		for _, u := range p.carried {
			s.Unreadable = append(s.Unreadable, Unreadable{u.Path, u.Why, u.Since, u.Found.SHA256})
		}
		for _, o := range p.share.owed {
			if u := o.past; u != nil {
				s.Unreadable = append(s.Unreadable, Unreadable{u.Path, u.Why, u.Since, u.Found.SHA256})
			}
		}
	}
	slices.Sort(s.Never)
	slices.SortFunc(s.Files, func(a, b FileState) int { return strings.Compare(a.File, b.File) })
	slices.SortFunc(s.Unreadable, func(a, b Unreadable) int {
		if n := strings.Compare(a.Path, b.Path); n != 0 {
			return n
		}
		return strings.Compare(a.Why, b.Why)
	})
	return s
}

// resume takes over what the run before left.
func (c *Collector) resume(s *State) {
	if s == nil {
		return
	}
	for _, fs := range s.Files {
		p := c.placeOf(fs.File)
		if p == nil || !p.track(fs.File) {
			continue // no file that is looked at any more
		}
		f := p.file(fs.File)
		for i, k := range keys {
			if v, ok := fs.Values[k]; ok {
				f.known[i] = value{true, v}
			}
		}
		f.now = f.known
		f.by = hands{holderAt(fs.Owner), holderAt(fs.FolderOwner)}
	}
	for _, u := range s.Unreadable {
		old := &event.Unreadable{Path: u.Path, Why: u.Why, Since: u.Since, Owner: event.None, FolderOwner: event.None, Found: event.Found{SHA256: u.SHA256}}
		if p := c.placeOf(u.Path); p != nil {
			old.Home = p.homeOf(u.Path)
			p.carried = append(p.carried, old)
		} else {
			c.carried = append(c.carried, old)
		}
	}
	for _, n := range s.Never {
		c.never(n)
	}
}

// never marks a place or a file as one that was never looked at.
func (c *Collector) never(name string) {
	p := c.placeOf(name)
	switch {
	case p == nil:
	case p.base == name:
		p.since = event.SinceNever
		for _, f := range p.files {
			f.since = event.SinceNever
		}
	case p.track(name):
		p.file(name).since = event.SinceNever
	}
}
