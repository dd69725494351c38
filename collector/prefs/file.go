package prefs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math"
	"path"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/plist"
	"hooksnare/pkg/safefile"
)

// maxReadTries is how often a file that changes under the reader is read again at once.
const maxReadTries = 3

// finding is what a scan found of a file. It is never changed once it is reported.
type finding struct {
	file      string
	kept      bool // not all values can be known: where none is set the old ones stand
	vals      values
	uncertain bool        // the values may be others
	found     event.Found // of what holds the values; zero if the file is missing
	by        owners      // of the same moment as the values; of a missing file the folder's alone
	problem   problem
}

// sameAs reports whether there is nothing new to report.
func (f *finding) sameAs(o *finding) bool {
	return f.kept == o.kept && f.vals == o.vals && f.by == o.by && f.problem.sameAs(&o.problem)
}

// valuesOver returns what the file holds if it held old values before.
func (f *finding) valuesOver(old values) values {
	if f.kept {
		return f.vals.over(old)
	}
	return f.vals
}

func (f *finding) isMissing() bool { return !f.kept && f.found == event.Found{} }

// file is a file that is scanned. It belongs to the scan of its location.
type file struct {
	path   string // as a Mac knows it
	host   string // here
	name   string // below the root, here
	limit  int64  // bytes
	search int64  // bytes of one that is looked through where it can't be read; 0 for none
	parse  func([]byte) (vals values, uncertain bool, err error)

	there           safefile.FileVersion // at the last scan; zero: it was missing
	version, target safefile.FileVersion // when it was last read; target is what a link leads to
	since           time.Time            // when that version was first seen
	settled         bool                 // it was read a step of the file's times after since
	hash            [sha256.Size]byte
	hashed          bool   // current came from what has this hash
	link            string // and from a link

	values      values    // last known
	current     *finding  // of the last scan
	reported    *finding  // the last that was reported
	unsureSince time.Time // since when current may be of a moment; zero: it is not
}

func preferencesFile(path string) *file {
	return &file{path: path, limit: plist.MaxSize, search: maxSearch, parse: parsePreferences}
}

// forgetVersion has the file read again in the next scan.
func (f *file) forgetVersion() {
	f.version, f.target, f.settled, f.hashed = safefile.FileVersion{}, safefile.FileVersion{}, false, false
}

// lost reports whether the file is missing for certain.
func (f *file) lost() bool {
	return f.current != nil && f.current.isMissing() && f.unsureSince.IsZero()
}

// scanFile reads the file if it may have changed.
func (s *scan) scanFile(f *file) {
	for range maxReadTries {
		if s.tryFile(f) {
			return
		}
	}
	s.unreadableFile(f, problem{path: f.path, why: changing, detail: "changes while it is read"}, safefile.FileVersion{})
}

// tryFile is scanFile; false means that the file changed meanwhile.
func (s *scan) tryFile(f *file) bool {
	version, err := s.disk.lstat(f.host)
	f.there = version
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.missingFile(f)
		return true
	case err != nil:
		s.unreadableFile(f, problemOf(err, f.path), safefile.FileVersion{})
		return true
	}
	target, link := version, problem{}
	folder := s.folderOwner
	if version.IsLink() {
		to, _ := s.disk.readlink(f.host)
		link = problem{path: f.path, why: aLink, detail: "leads to " + to, found: foundOf(version), by: owners{s.disk.ownerOf(version), folder}}
		r, err := s.disk.walk(f.name, math.MaxInt)
		if err != nil {
			link.detail += ": " + problemOf(err, "").detail
			s.unreadableFile(f, link, version)
			return true
		}
		target, folder = r.version, s.targetFolderOwner(r.real)
	}
	if f.settled && f.version == version && f.target == target {
		s.confirmFinding(f)
		return true
	}
	return s.readFile(f, version, target, link, folder)
}

// targetFolderOwner returns the owner of the folder that a link leads to, unless only root
// can write there: then whoever can change the link counts.
func (s *scan) targetFolderOwner(real string) owner {
	v, err := s.disk.lstat(s.disk.root + path.Dir(real))
	if o := s.disk.ownerOf(v); err == nil && o.id() != 0 {
		return o
	}
	return s.folderOwner
}

// readFile reads a file that had the target's version; false means that it has another by now.
func (s *scan) readFile(f *file, version, target safefile.FileVersion, link problem, folder owner) bool {
	search := target.Size > f.limit
	switch {
	case !target.Mode.IsRegular():
		s.unreadableFile(f, link.or(problem{path: f.path, why: notFile, detail: kindOf(target), found: foundOf(target)}), version)
		return true
	case target.Size > max(f.limit, f.search):
		s.unreadableFile(f, link.or(problem{path: f.path, why: tooLarge, detail: "larger than is looked through", found: foundOf(target)}), version)
		return true
	case search && !s.affordSearch(), !search && !s.affordRead(target.Size):
		return true // in a later scan
	}
	if f.version != version || f.target != target {
		f.version, f.target, f.since, f.settled = version, target, s.began, false
	}
	// Only what was read a step of the clock after the version was first seen is sure to be the last.
	settled := s.began.Sub(f.since) >= s.granule
	content, opened, err := s.readContent(f, search)
	switch {
	case errors.Is(err, safefile.ErrChanged), errors.Is(err, fs.ErrNotExist),
		err == nil && (opened.Inode != target.Inode || opened.UID != target.UID): // another file, or another's
		f.version = safefile.FileVersion{}
		return false
	case err != nil:
		s.unreadableFile(f, link.or(problemOf(err, f.path)), version)
		return true
	}
	f.settled = settled
	s.reads++
	s.parseFile(f, &content, opened, link, folder)
	return true
}

// parseFile takes over the content that was read.
func (s *scan) parseFile(f *file, c *content, opened safefile.FileVersion, link problem, folder owner) {
	by := owners{s.disk.ownerOf(opened), folder}
	if f.hashed && f.hash == c.hash && f.link == link.why && f.current.by == by {
		s.confirmFinding(f)
		return
	}
	f.hash, f.hashed, f.link = c.hash, true, link.why
	c.parse(f)
	found := foundOf(opened)
	found.SHA256 = hex.EncodeToString(c.hash[:])
	if c.err != nil {
		bad := problemOf(c.err, f.path)
		bad.found, bad.by, bad.content, bad.head = found, by, found.SHA256, &c.head
		kept := !errors.Is(c.err, plist.ErrTrailing) // which keeps nothing from being read
		s.observeFinding(f, finding{kept: kept, vals: c.vals, uncertain: c.uncertain, found: found, problem: link.or(bad), by: by})
		return
	}
	s.observeFinding(f, finding{vals: c.vals, uncertain: c.uncertain, found: found, problem: link, by: by})
}

// missingFile takes note that there is no such file.
func (s *scan) missingFile(f *file) {
	f.forgetVersion()
	s.observeFinding(f, finding{by: owners{folder: s.folderOwner}})
}

// unreadableFile takes note that the values can't be known; version is the link's or the file's.
func (s *scan) unreadableFile(f *file, bad problem, version safefile.FileVersion) {
	f.forgetVersion()
	if bad.found == (event.Found{}) && version != (safefile.FileVersion{}) {
		bad.found = foundOf(version)
	}
	bad.by = bad.by.or(owners{s.disk.ownerOf(version), s.folderOwner})
	s.observeFinding(f, finding{kept: true, problem: bad, by: bad.by})
}

// observeFinding takes over what was found of a file.
func (s *scan) observeFinding(f *file, found finding) {
	if f.current == nil || !f.current.sameAs(&found) {
		kept := found
		kept.file = f.path
		f.current = &kept
	}
	s.confirmFinding(f)
}

// confirmFinding reports what was found of a file, if that is new and certain. What may be of a moment
// at which the file is written is certain when it lasted for settleTime.
func (s *scan) confirmFinding(f *file) {
	switch {
	case f.reported != nil && f.current.sameAs(f.reported):
		f.current, f.unsureSince = f.reported, time.Time{}
		return
	case !f.isMomentary():
	case f.unsureSince.IsZero():
		f.unsureSince = s.began
		if f.reported == nil { // what it holds later is still the first that was found there
			s.findings = append(s.findings, &finding{file: f.path, kept: true})
		}
		fallthrough
	default:
		if due := f.unsureSince.Add(s.settle); s.began.Before(due) {
			s.again = earliestTime(s.again, due)
			return
		}
	}
	s.problemsChanged = s.problemsChanged || f.reported == nil || !f.current.problem.sameAs(&f.reported.problem)
	f.values = f.current.valuesOver(f.values)
	f.reported, f.unsureSince = f.current, time.Time{}
	s.findings = append(s.findings, f.current)
}

// isMomentary reports whether what was found may be of a file that is just being written: some
// writers truncate it, or remove it before they make a new one.
func (f *file) isMomentary() bool {
	if why := f.current.problem.why; f.current.kept {
		return why == malformed || why == hostile || why == changing
	}
	return f.current.isMissing() && f.values != values{}
}
