package prefs

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"hooksnare/pkg/plist"
)

// Bounds on folders, and who can use them up.
const (
	// maxHomes is how many homes are looked at. Only root makes folders in /Users, and only the
	// configuration names others: no user can use it up.
	maxHomes = 4096
	// maxByHost is how many files of a ByHost folder are looked at, those known first. The
	// owner of the home can use it up, for that home alone.
	maxByHost = 64
	// maxManaged is how many users' managed preferences are looked at. Only root makes folders
	// there.
	maxManaged = 256
	// maxEntries is how many names are read of one folder: the owner's own, in a home.
	maxEntries = 16384
)

// listing says what the names in a folder are to us.
type listing uint8

const (
	unlisted    listing = iota
	listsFiles          // files that can hold a hook
	listsUsers          // folders of users' managed preferences
	listsFolder         // homes
)

// folder is a folder that is looked at. It belongs to the look at its place.
type folder struct {
	shown string
	skip  int // elements of it that may be links without its being told
	lists listing
	fixed []*node
	inner *folder // ByHost

	real string // below the root, without links; "" when it was not reached
	host string // the same here
	near string // where it should lie in the folder around it, here; "" when that is not known
	st   stamp
	link bool // it was reached through a link

	entries struct { // what the last listing found
		st      stamp
		since   time.Time
		settled bool
		nodes   []*node   // of listsFiles
		users   []*folder // of listsUsers
		homes   []string  // of listsFolder
	}
	way, list problem // last told of the way to it and of the names in it
}

// preferencesFolder is a folder of preferences files.
func preferencesFolder(shown string) *folder {
	f := &folder{shown: shown}
	for _, n := range names {
		f.fixed = append(f.fixed, preferencesNode(shown+"/"+n))
	}
	return f
}

func preferencesNode(shown string) *node {
	return &node{shown: shown, max: plist.MaxSize, parse: parsePreferences}
}

// arrival is how far a look at a folder came.
type arrival uint8

const (
	arrived arrival = iota
	lacking         // it is not there
	away            // nor is the home it lies in
	barred          // there is no telling what is in it
)

// folder looks at a folder and all in it. home is the folder whose absence does not say
// that the preferences in it were removed, "" for none.
func (l *look) folder(f *folder, home string) arrival {
	how := l.reach(f, home)
	if how != arrived {
		f.real, f.entries.settled, f.entries.st = "", false, stamp{}
	}
	switch how {
	case barred:
		l.blind = true
	case lacking:
		l.gone(f)
	case arrived:
		l.dir = l.disk.holderOf(f.st)
		for _, n := range f.fixed {
			l.node(n)
		}
		if f.lists != unlisted {
			l.entries(f)
		}
		if f.inner != nil {
			l.folder(f.inner, "")
		}
	}
	return how
}

// reach finds the folder and tells what is wrong with the way to it.
func (l *look) reach(f *folder, home string) arrival {
	if !l.system && !f.link && (f.real != "" || f.near != "") {
		at := f.near
		if f.real != "" {
			at = f.host
		}
		st, err := l.disk.lstat(at)
		if err == nil && f.real != "" && st.sameFile(f.st) && st.is(syscall.S_IFDIR) {
			f.st = st // the same folder under the same name: how it is reached does not matter
			return arrived
		}
		if f.near != "" && errors.Is(err, fs.ErrNotExist) {
			l.bad(&f.way, problem{})
			return lacking
		}
	}
	w, err := l.walk(f, home)
	how, bad := arrived, problem{}
	switch {
	case l.home && w.link == home && home != "":
		how = away // a link below /Users is no home
	case w.link != "":
		bad = problem{path: w.link, why: aLink, detail: "leads to " + w.to, by: hands{file: w.by}}
		if err == nil && w.st.is(syscall.S_IFDIR) {
			break
		}
		how = barred
		if err != nil {
			bad.detail += ": " + reason(err, "").detail
		} else {
			bad.detail += ": " + w.st.kind()
		}
	case errors.Is(err, fs.ErrNotExist):
		if how = lacking; len(w.at) <= len(home) {
			how = away
		}
	case err != nil:
		how, bad = barred, reason(err, w.at)
	case !w.st.is(syscall.S_IFDIR):
		how, bad = barred, problem{path: f.shown, why: notFolder, detail: w.st.kind(), found: w.st.found(), by: hands{file: l.disk.holderOf(w.st)}}
	}
	l.bad(&f.way, bad)
	if how == arrived {
		l.arrive(f, w)
	}
	return how
}

// walk goes the way to a folder, on a disk without /private the one it has there.
func (l *look) walk(f *folder, home string) (walked, error) {
	w, err := l.disk.walk(f.shown, f.skip)
	other := plain(f.shown)
	if other == "" || !errors.Is(err, fs.ErrNotExist) || len(w.at) > len(home) {
		return w, err
	}
	w, err = l.disk.walk(other, max(1, f.skip-1))
	prefix := f.shown[:len(f.shown)-len(other)]
	w.at = prefix + w.at
	if w.link != "" {
		w.link = prefix + w.link
	}
	return w, err
}

// arrive takes over where the folder is.
func (l *look) arrive(f *folder, w walked) {
	if f.real != w.real {
		f.real, f.host = w.real, l.disk.root+w.real
		for _, n := range f.fixed {
			f.place(n)
		}
		for _, n := range f.entries.nodes {
			f.place(n)
		}
	}
	f.link, f.st = w.link != "", w.st
	if f.inner != nil {
		f.inner.near = f.host + byHost
		if f.link {
			f.inner.near = ""
		}
	}
	if l.system && !w.others && w.st.uid == l.disk.owner {
		l.watch = append(l.watch, target{f.shown, f.host, w.st})
	}
}

// place says where a file of the folder is.
func (f *folder) place(n *node) {
	base := n.shown[strings.LastIndexByte(n.shown, '/'):]
	n.name, n.host = f.real+base, f.host+base
	n.forget()
}

// gone tells that nothing is in a folder any more.
func (l *look) gone(f *folder) {
	none := outcome{by: hands{folder: l.disk.holderOf(f.st)}} // as it was last seen
	for _, n := range f.fixed {
		n.forget()
		l.tell(n, none)
	}
	for _, n := range f.entries.nodes {
		l.tell(n, none)
	}
	for _, u := range f.entries.users {
		l.bad(&u.way, problem{})
		l.gone(u)
	}
	f.entries.nodes, f.entries.users = nil, nil
	l.bad(&f.list, problem{})
	if f.inner != nil {
		l.bad(&f.inner.way, problem{})
		f.inner.real = ""
		l.gone(f.inner)
	}
}
