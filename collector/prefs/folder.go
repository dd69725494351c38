package prefs

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"hooksnare/pkg/safefile"
)

// folder is a folder on the way to preferences, or one that holds them. It belongs to the scan
// of its location.
type folder struct {
	path  string  // as a Mac knows it
	skip  int     // elements of the first folder's path that may be links without being reported
	above *folder // the one it lies in, nil for the first
	inner *folder // the next on the way, nil for the last
	lists contents
	files []*file // that can hold a hook; of listsFiles those that were listed

	route route // where it was last found

	pathProblem, listProblem problem // of the path to it and of the names in it
	records                  map[string]record
}

// newFolders returns the folders of a path: the first, and one for each name below it. The last
// but ByHost holds preferences.
func newFolders(base string, below ...string) *folder {
	f := &folder{path: base}
	first := f
	for _, name := range below {
		f.inner = &folder{path: f.path + "/" + name, above: f}
		if f = f.inner; name == byHost {
			f.lists = listsFiles
		}
	}
	holder := f
	if f.lists == listsFiles {
		holder = f.above
	}
	for _, n := range names {
		holder.files = append(holder.files, preferencesFile(holder.path+"/"+n))
	}
	return first
}

// appendProblems appends what is wrong with a folder and all in it.
func (f *folder) appendProblems(all []problem) []problem {
	for ; f != nil; f = f.inner {
		all = append(all, f.pathProblem, f.listProblem)
		for _, file := range f.files {
			if file.reported != nil {
				all = append(all, file.reported.problem)
			}
		}
		for _, r := range f.records {
			all = append(all, r.problem)
		}
	}
	return slices.DeleteFunc(all, func(p problem) bool { return p.why == "" })
}

// unsettleFiles has every file read in the next scan, whatever its times say.
func (f *folder) unsettleFiles() {
	for ; f != nil; f = f.inner {
		for _, file := range f.files {
			file.settled = false
		}
	}
}

// arrival is how far a scan of a folder came.
type arrival uint8

const (
	reached   arrival = iota
	noFolder          // it is not there
	elsewhere         // it is a home that is scanned under its own name
	blocked           // what is in it can't be known
)

// scanFolder scans a folder and all in it.
func (s *scan) scanFolder(f *folder) {
	how, bad := s.reachFolder(f)
	for tries := 1; how == reached && !s.listNames(f) && tries < maxReadTries; tries++ {
		how, bad = s.reachFolder(f) // it was moved in between
	}
	switch how {
	case blocked:
		s.blind = true
	case noFolder, elsewhere:
		if s.absent = f.above == nil && s.location.home && how == noFolder; !s.absent {
			s.missingFolder(f)
		}
	case reached:
		s.folderOwner = s.disk.ownerOf(f.route.version)
		s.scanFiles(f)
		s.addWatchable(f)
		if f.inner != nil {
			s.scanFolder(f.inner)
		}
	}
	s.setProblem(&f.pathProblem, bad)
}

// reachFolder finds the folder, and says what is wrong with the path to it.
func (s *scan) reachFolder(f *folder) (arrival, problem) {
	r, err := s.findFolder(f)
	at := f.path
	if f.above == nil {
		at = cmp.Or(r.link, r.passed)
	}
	bad := problem{path: at}
	if r.link != "" {
		bad.why, bad.detail, bad.by = aLink, "leads to "+r.target, owners{file: r.linkOwner}
	}
	switch {
	case err != nil && r.link != "":
		bad.detail += ": " + problemOf(err, "").detail
		return blocked, bad
	case errors.Is(err, fs.ErrNotExist):
		return noFolder, problem{}
	case err != nil:
		return blocked, problemOf(err, at)
	case !r.version.Mode.IsDir() && r.link != "":
		bad.detail += ": " + kindOf(r.version)
		return blocked, bad
	case !r.version.Mode.IsDir():
		return blocked, problem{path: f.path, why: notFolder, detail: kindOf(r.version), found: foundOf(r.version), by: owners{file: s.disk.ownerOf(r.version)}}
	}
	if how, why := s.checkHomeLink(f, r.real); how != reached {
		return how, why
	}
	if f.route.real != r.real {
		for _, file := range f.files {
			s.locateFile(file, r.real, path.Base(file.path))
		}
	}
	f.route = r
	return reached, bad
}

// findFolder finds the folder in the one above it, or by its path: on a disk without /private
// the one that it has there.
func (s *scan) findFolder(f *folder) (route, error) {
	if f.above != nil {
		return s.disk.enter(&f.above.route, path.Base(f.path))
	}
	r, err := s.disk.walk(f.path, f.skip)
	other := withoutPrivate(f.path)
	if other == "" || !errors.Is(err, fs.ErrNotExist) {
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

// checkHomeLink says what becomes of a home that a link leads away from its path. One that is
// scanned anyway is not scanned twice, and one that can't be a home is reported and not scanned:
// a link to / would make everybody's preferences those of one user.
func (s *scan) checkHomeLink(f *folder, real string) (arrival, problem) {
	real = canonicalPath(real)
	if f.above != nil || !s.location.home || sameName(real, f.path) {
		return reached, problem{}
	}
	if isListedHome(real) || real == rootHome {
		return elsewhere, problem{}
	}
	if CheckHome(real) != nil {
		return blocked, problem{path: f.path, why: aLink, detail: "leads to " + real + ", which can't be a home"}
	}
	return reached, problem{}
}

// locateFile says under which name a file lies in a folder.
func (s *scan) locateFile(file *file, real, name string) {
	if at := path.Join(real, name); file.name != at {
		file.host, file.name = s.disk.root+at, at
		file.forgetVersion()
	}
}

// scanFiles scans the files of a folder. Where a scan can't afford all, the next begins with
// those it left out.
func (s *scan) scanFiles(f *folder) {
	first := 0
	for i, file := range f.files {
		short := s.short
		if s.scanFile(file); s.short && !short {
			first = i
		}
	}
	f.files = slices.Concat(f.files[first:], f.files[:first])
	f.dropLost()
}

// addWatchable has a folder of root's watched that nobody else can replace, and the files in it.
func (s *scan) addWatchable(f *folder) {
	r := &f.route
	if !s.system || len(f.files) == 0 && f.lists == listsNothing || r.foreign || r.version.UID != s.disk.owner {
		return
	}
	s.watchable = append(s.watchable, watchTarget{f.path, s.disk.root + r.real, r.version})
	for _, file := range f.files {
		if watchesFiles && file.there != (safefile.FileVersion{}) && file.there.Mode.IsRegular() {
			s.watchable = append(s.watchable, watchTarget{file.path, file.host, file.there})
		}
	}
}

// missingFolder takes note that nothing is in a folder any more.
func (s *scan) missingFolder(f *folder) {
	for ; f != nil; f = f.inner {
		s.setProblem(&f.pathProblem, problem{})
		s.setProblem(&f.listProblem, problem{})
		s.listed = s.listed || f.lists.areLocations()
		s.folderOwner = s.disk.ownerOf(f.route.version) // as it was last seen
		for _, file := range f.files {
			s.missingFile(file)
		}
		f.dropLost()
	}
}

// dropLost drops listed files that are missing for certain.
func (f *folder) dropLost() {
	if f.lists == listsFiles {
		f.files = slices.DeleteFunc(f.files, (*file).lost)
	}
}

// findFile returns the file of a path of an earlier run, which is scanned from now on; nil if no
// such file is.
func (f *folder) findFile(name string) *file {
	for ; f != nil; f = f.inner {
		for _, file := range f.files {
			if file.path == name {
				return file
			}
		}
		dir, base := path.Split(name)
		if f.lists == listsFiles && strings.TrimSuffix(dir, "/") == f.path && byHostName(base) == base && len(f.files) < maxByHost {
			file := preferencesFile(name)
			f.files = append(f.files, file)
			return file
		}
	}
	return nil
}
