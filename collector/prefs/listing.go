package prefs

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"hooksnare/pkg/safefile"
)

// Bounds on folders, and who can use them up.
const (
	// maxHomes is how many homes are scanned. Only root makes folders in /Users, and only the
	// configuration names others: no user can use it up.
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
	listsHomes            // folders
	listsUsers            // folders, and links, which the scan of them reports
)

// listing is what a folder holds by its list of names.
type listing struct {
	lists   contents
	version safefile.FileVersion // of the folder when it was last listed
	since   time.Time            // when that version was first seen
	settled bool                 // it was listed a step of the file's times after since
	files   []*file              // of listsFiles
}

// scanListed lists a folder if it may have changed, and scans what is in it.
func (s *scan) scanListed(f *folder) {
	l := &f.listing
	if !l.settled || l.version != f.version {
		s.listNames(f)
	}
	// Where a scan can't afford all files, the next begins with those it left out.
	for i, first := 0, s.firstFile; i < len(l.files); i++ {
		at, short := (first+i)%len(l.files), s.short
		if s.scanFile(l.files[at]); s.short && !short {
			s.firstFile = at
		}
	}
	if f.dropLost() {
		l.version = safefile.FileVersion{} // there is room for others: list again
	}
}

// dropLost drops listed files that are missing for certain, and reports whether there was any.
func (f *folder) dropLost() bool {
	n := len(f.listing.files)
	f.listing.files = slices.DeleteFunc(f.listing.files, (*file).lost)
	return len(f.listing.files) < n
}

// listNames lists a folder and takes over what is in it.
func (s *scan) listNames(f *folder) {
	l := &f.listing
	if l.version != f.version {
		l.version, l.since, l.settled = f.version, s.began, false
	}
	settled := s.began.Sub(l.since) >= s.granule
	entries, more, err := s.disk.list(f.host, f.version, maxEntries)
	if err != nil {
		l.version, s.blind = safefile.FileVersion{}, true
		s.setProblem(&f.listProblem, problemOf(err, f.path))
		return
	}
	l.settled = settled
	left := 0
	if f.listing.lists == listsFiles {
		left = s.listFiles(f, entries)
	} else {
		left = s.listFolders(f, entries)
	}
	s.partial = more || left > 0
	bad := problem{path: f.path, why: tooMany, found: foundOf(f.version), by: owners{file: s.disk.ownerOf(f.version)}}
	switch {
	case more:
		bad.detail = fmt.Sprintf("more than %d names", maxEntries)
	case left > 0:
		bad.detail = fmt.Sprintf("%d are not scanned", left)
	default:
		bad = problem{}
	}
	s.setProblem(&f.listProblem, bad)
}

// listFiles takes over the files that can hold a hook. Those known go first, so that no
// flood of new names hides a change. It returns how many are left out.
func (s *scan) listFiles(f *folder, entries []fs.DirEntry) (left int) {
	spelled := map[string]string{} // how the name in macOS's spelling is spelled on the disk
	for _, e := range entries {
		name := byHostName(e.Name())
		if _, taken := spelled[name]; name != "" && (!taken || name == e.Name()) {
			spelled[name] = e.Name()
		}
	}
	for _, known := range f.listing.files {
		name := path.Base(known.path)
		if on, ok := spelled[name]; ok {
			f.locateFile(known, on)
			delete(spelled, name)
		}
	}
	for _, e := range entries {
		name := byHostName(e.Name())
		switch {
		case name == "" || spelled[name] != e.Name():
		case len(f.listing.files) == maxByHost:
			left++
		default:
			added := preferencesFile(f.path + "/" + name)
			f.locateFile(added, e.Name())
			f.listing.files = append(f.listing.files, added)
		}
	}
	return left
}

// listFolders takes over the folders that are locations. It returns how many are left out.
func (s *scan) listFolders(f *folder, entries []fs.DirEntry) (left int) {
	most, links := maxHomes, false
	if f.listing.lists == listsUsers {
		most, links = maxManaged, true
	}
	s.listed = true
	for _, e := range entries {
		if e.IsDir() || links && e.Type() == fs.ModeSymlink {
			s.folders = append(s.folders, f.path+"/"+e.Name())
		}
	}
	slices.Sort(s.folders)
	left = max(0, len(s.folders)-most)
	s.folders = s.folders[:len(s.folders)-left]
	return left
}

// findFile returns the file of a path of an earlier run, which is scanned from now on; nil if no
// such file is.
func (f *folder) findFile(name string) *file {
	for ; f != nil; f = f.inner {
		for _, file := range slices.Concat(f.files, f.listing.files) {
			if file.path == name {
				return file
			}
		}
		dir, base := path.Split(name)
		if dir == f.path+"/" && f.listing.lists == listsFiles && byHostName(base) == base && len(f.listing.files) < maxByHost {
			file := preferencesFile(name)
			f.listing.files = append(f.listing.files, file)
			return file
		}
	}
	return nil
}
