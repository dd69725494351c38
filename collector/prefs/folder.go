package prefs

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"hooksnare/pkg/safefile"
)

// folder is a folder that is scanned. It belongs to the scan of its location.
type folder struct {
	path    string // as a Mac knows it
	skip    int    // elements of it that may be links without being reported
	files   []*file
	inner   *folder // ByHost
	listing listing // of ByHost and of the folders that hold locations

	real    string // below the root, without links; "" when it was not reached
	host    string // the same here
	near    string // where it lies in the folder around it, if it is there, here; "" when that is unknown
	version safefile.FileVersion
	linked  bool   // it was reached through a link
	steps   []step // to it that must be the same for it to be the same folder
	foreign bool   // as in route

	pathProblem, listProblem problem // of the path to it and of the names in it
}

// preferencesFolder is a folder of preferences files.
func preferencesFolder(path string) *folder {
	f := &folder{path: path}
	for _, n := range names {
		f.files = append(f.files, preferencesFile(path+"/"+n))
	}
	return f
}

// appendProblems appends what is wrong with a folder and all in it.
func (f *folder) appendProblems(all []problem) []problem {
	for _, p := range []problem{f.pathProblem, f.listProblem} {
		if p.why != "" {
			all = append(all, p)
		}
	}
	for _, files := range [][]*file{f.files, f.listing.files} {
		for _, file := range files {
			if r := file.reported; r != nil && r.problem.why != "" {
				all = append(all, r.problem)
			}
		}
	}
	if f.inner != nil {
		all = f.inner.appendProblems(all)
	}
	return all
}

// forgetPath has the folder found and listed again in the next scan.
func (f *folder) forgetPath() {
	f.real, f.steps, f.listing.version = "", nil, safefile.FileVersion{}
}

// arrival is how far a scan of a folder came.
type arrival uint8

const (
	reached  arrival = iota
	noFolder         // it is not there
	noHome           // nor is the home it lies in
	blocked          // what is in it can't be known
)

// scanFolder scans a folder and all in it. home is the folder whose absence does not mean
// that the preferences in it were removed, "" for none.
func (s *scan) scanFolder(f *folder, home string) arrival {
	how := s.reachFolder(f, home)
	if how != reached {
		f.forgetPath()
	}
	switch how {
	case blocked:
		s.blind = true
	case noFolder:
		s.missingFolder(f)
	case reached:
		s.folderOwner = s.disk.ownerOf(f.version)
		for _, file := range f.files {
			s.scanFile(file)
		}
		if f.listing.lists != listsNothing {
			s.scanListed(f)
		}
		if f.inner != nil {
			s.scanFolder(f.inner, "")
		}
	}
	return how
}

// reachFolder finds the folder and takes note of what is wrong with the path to it.
func (s *scan) reachFolder(f *folder, home string) arrival {
	if s.disk.stepsUnchanged(f.steps) {
		f.version = f.steps[len(f.steps)-1].version
		s.addWatchable(f)
		return reached
	}
	if f.near != "" {
		if _, err := s.disk.lstat(f.near); errors.Is(err, fs.ErrNotExist) {
			s.setProblem(&f.pathProblem, problem{})
			return noFolder
		}
	}
	r, err := s.walk(f, home)
	how, bad := s.judgeRoute(f, home, r, err)
	s.setProblem(&f.pathProblem, bad)
	if how == reached {
		s.enterFolder(f, r)
	}
	return how
}

// judgeRoute tells from where the path to a folder leads how far the scan came, and what is wrong.
func (s *scan) judgeRoute(f *folder, home string, r route, err error) (arrival, problem) {
	switch {
	case s.home && r.link == home && home != "":
		return noHome, problem{} // a link below /Users does not count as a home
	case r.link != "":
		bad := problem{path: r.link, why: aLink, detail: "leads to " + r.target, by: owners{file: r.linkOwner}}
		switch {
		case err != nil:
			bad.detail += ": " + problemOf(err, "").detail
		case !r.version.Mode.IsDir():
			bad.detail += ": " + kindOf(r.version)
		default:
			return reached, bad
		}
		return blocked, bad
	case errors.Is(err, fs.ErrNotExist) && len(r.passed) <= len(home):
		return noHome, problem{}
	case errors.Is(err, fs.ErrNotExist):
		return noFolder, problem{}
	case err != nil:
		return blocked, problemOf(err, r.passed)
	case !r.version.Mode.IsDir():
		return blocked, problem{path: f.path, why: notFolder, detail: kindOf(r.version), found: foundOf(r.version), by: owners{file: s.disk.ownerOf(r.version)}}
	}
	return reached, problem{}
}

// walk follows the path to a folder, on a disk without /private the one that it has there.
func (s *scan) walk(f *folder, home string) (route, error) {
	r, err := s.disk.walk(f.path, f.skip)
	other := withoutPrivate(f.path)
	if other == "" || !errors.Is(err, fs.ErrNotExist) || len(r.passed) > len(home) {
		return r, err
	}
	r, err = s.disk.walk(other, max(1, f.skip-1))
	prefix := f.path[:len(f.path)-len(other)]
	r.passed = prefix + r.passed
	if r.link != "" {
		r.link = prefix + r.link
	}
	return r, err
}

// enterFolder takes over where the folder is.
func (s *scan) enterFolder(f *folder, r route) {
	if f.real != r.real {
		f.real, f.host = r.real, s.disk.root+r.real
		for _, file := range slices.Concat(f.files, f.listing.files) {
			f.locateFile(file, file.path[strings.LastIndexByte(file.path, '/')+1:])
		}
	}
	f.linked, f.version, f.foreign = r.link != "", r.version, r.foreign
	last := len(r.steps) - 1
	switch f.steps = nil; {
	case r.steps[last].host != f.host:
	case s.system:
		f.steps = r.steps
	case !f.linked:
		f.steps = r.steps[last:] // how a user's folder is reached does not matter
	}
	if f.inner != nil {
		f.inner.near = f.host + byHost
		if f.linked {
			f.inner.near = ""
		}
	}
	s.addWatchable(f)
}

// addWatchable has a folder of root's watched if nobody else can change which it is.
func (s *scan) addWatchable(f *folder) {
	if s.system && !f.foreign && f.version.UID == s.disk.owner {
		s.watchable = append(s.watchable, watchTarget{f.path, f.host, f.version})
	}
}

// locateFile says under which name a file lies in the folder.
func (f *folder) locateFile(file *file, name string) {
	if host := f.host + "/" + name; file.host != host {
		file.host, file.name = host, f.real+"/"+name
		file.forgetVersion()
	}
}

// missingFolder takes note that nothing is in a folder any more.
func (s *scan) missingFolder(f *folder) {
	s.setProblem(&f.pathProblem, problem{})
	s.setProblem(&f.listProblem, problem{})
	f.forgetPath()
	s.folderOwner = s.disk.ownerOf(f.version) // as it was last seen
	for _, file := range slices.Concat(f.files, f.listing.files) {
		s.missingFile(file)
	}
	f.dropLost()
	if f.inner != nil {
		s.missingFolder(f.inner)
	}
}
