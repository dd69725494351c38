package prefs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"hooksnare/pkg/safefile"
)

// Bounds on folders, and who can use them up.
const (
	// maxHomes is how many homes are scanned. Only root makes folders in /Users and accounts, and
	// only the configuration names others: no user can use it up.
	maxHomes = 4096
	// maxByHost is how many files of a ByHost folder are scanned, those known first. The
	// owner of the home can use it up, for that home alone.
	maxByHost = 64
	// maxManaged is how many users' managed preferences are scanned. Only root makes folders
	// there.
	maxManaged = 256
	// maxEntries is how many names are read of one folder: the owner's own, in a home.
	maxEntries = 16384
)

// contents says which names in a folder count.
type contents uint8

const (
	listsNothing contents = iota
	listsFiles            // files that can hold a hook
	listsHomes            // homes, and links that stand for them
	listsUsers            // folders of users' managed preferences, and links
	listsRecords          // accounts of this Mac, which name homes
)

// areLocations reports whether what is listed are locations.
func (c contents) areLocations() bool { return c > listsFiles }

// listNames lists a folder in which names count, and takes over what is in it. A list is never
// kept for the next scan: no time of the folder proves that it still holds. false means that the
// folder is not the one that was found.
func (s *scan) listNames(f *folder) bool {
	folded := s.disk.folds && len(f.files) > 0
	if f.lists == listsNothing && !folded {
		return true
	}
	v := f.route.version
	entries, more, err := s.disk.list(s.disk.root+f.route.real, v, maxEntries)
	if err != nil {
		s.partial, s.blind = true, true
		s.setProblem(&f.listProblem, problemOf(err, f.path))
		return !errors.Is(err, safefile.ErrChanged) && !errors.Is(err, fs.ErrNotExist)
	}
	left := 0
	switch f.lists {
	case listsRecords:
		s.readRecords(f, entries)
	case listsHomes, listsUsers:
		s.listFolders(f, entries)
	}
	if f.lists.areLocations() {
		left = s.boundFolders(f)
	}
	left += s.listFiles(f, entries)
	s.partial = s.partial || f.lists.areLocations() && (more || left > 0)
	bad := problem{path: f.path, why: tooMany, found: foundOf(v), by: owners{file: s.disk.ownerOf(v)}}
	switch {
	case more:
		bad.detail = fmt.Sprintf("more than %d names", maxEntries)
	case left > 0:
		bad.detail = fmt.Sprintf("%d are not scanned", left)
	default:
		bad = problem{}
	}
	s.setProblem(&f.listProblem, bad)
	return true
}

// listFiles takes over the files that can hold a hook. Those known go first, so that no
// flood of new names hides a change. It returns how many are left out.
func (s *scan) listFiles(f *folder, entries []fs.DirEntry) (left int) {
	spelled := map[string]string{} // how the name in macOS's spelling is spelled on the disk
	for _, e := range entries {
		name := f.hookName(e.Name())
		if _, taken := spelled[name]; name != "" && (!taken || name == e.Name()) {
			spelled[name] = e.Name()
		}
	}
	for _, known := range f.files {
		name := path.Base(known.path)
		s.locateFile(known, f.route.real, cmp.Or(spelled[name], name))
		delete(spelled, name)
	}
	if f.lists != listsFiles {
		return 0
	}
	for _, e := range entries {
		name := f.hookName(e.Name())
		switch {
		case name == "" || spelled[name] != e.Name():
		case len(f.files) == maxByHost:
			left++
		default:
			added := preferencesFile(f.path + "/" + name)
			s.locateFile(added, f.route.real, e.Name())
			f.files = append(f.files, added)
		}
	}
	return left
}

// hookName returns a name that can hold a hook in macOS's spelling, "" for any other.
func (f *folder) hookName(name string) string {
	if f.lists == listsFiles {
		return byHostName(name)
	}
	for _, file := range f.files {
		if base := path.Base(file.path); sameName(name, base) {
			return base
		}
	}
	return ""
}

// listFolders takes over the folders that are locations, and the links that stand for them.
func (s *scan) listFolders(f *folder, entries []fs.DirEntry) {
	for _, e := range entries {
		at := f.path + "/" + e.Name()
		if (e.IsDir() || e.Type() == fs.ModeSymlink) && (f.lists != listsHomes || isListedHome(at)) {
			s.folders = append(s.folders, at)
		}
	}
}

// boundFolders sorts what was listed, and returns how many are left out.
func (s *scan) boundFolders(f *folder) (left int) {
	most := maxHomes
	if f.lists == listsUsers {
		most = maxManaged
	}
	s.listed = true
	slices.Sort(s.folders)
	s.folders = slices.Compact(s.folders)
	left = max(0, len(s.folders)-most)
	s.folders = s.folders[:len(s.folders)-left]
	return left
}
