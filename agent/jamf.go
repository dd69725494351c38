package agent

import (
	"path/filepath"
	"slices"
	"sync"
	"time"

	"hooksnare/collector/program"
)

// What is on a Mac that Jamf Pro manages: its program, and its folder, which comes with it.
var (
	jamfPrograms = []string{"/usr/local/jamf/bin/jamf", "/usr/local/bin/jamf", "/Library/Preferences/com.jamfsoftware.jamf.plist"}
	jamfFolders  = []string{"/Library/Application Support/JAMF"}
)

// managedByJamf reports whether the disk below a root shows that Jamf manages its Mac: by
// something that nobody but root can have put there.
func managedByJamf(root string) bool { return shows(root, slices.Concat(jamfPrograms, jamfFolders)) }

func shows(root string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		p := program.Examine(filepath.Join("/", root), name)
		return p.Exists && p.Path == name && p.WritableBy == ""
	})
}

// jamfSigns are since when a Mac shows that Jamf manages it. What shows only while the agent
// runs counts after a time: who puts a program in Jamf's place can put its signs there, too.
type jamfSigns struct {
	root string

	mu    sync.Mutex // guards what follows; the disk is not touched with it held
	since time.Time  // zero: it does not show it
	asked time.Time
}

const (
	jamfAge   = 10 * time.Minute
	jamfEvery = time.Minute // between two looks at a Mac that does not show it
)

// newJamfSigns goes on with what was known, zero for nothing. A Mac that is looked at for the
// first time is taken as it is.
func newJamfSigns(root string, known time.Time, first bool) *jamfSigns {
	s := &jamfSigns{root: root, since: known}
	now := time.Now()
	switch {
	case !known.IsZero():
	case first && managedByJamf(root):
		s.since = now.Add(-24 * time.Hour)
	default:
		s.look(now)
	}
	return s
}

// look takes note of signs that have come, every now and then.
func (s *jamfSigns) look(now time.Time) {
	s.mu.Lock()
	due := s.since.IsZero() && now.Sub(s.asked) >= jamfEvery
	if due {
		s.asked = now
	}
	s.mu.Unlock()
	if !due || !shows(s.root, jamfPrograms) {
		return
	}
	s.mu.Lock()
	s.since = now
	s.mu.Unlock()
}

// before reports whether the Mac showed it long enough before a time.
func (s *jamfSigns) before(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.since.IsZero() && at.Sub(s.since) >= jamfAge
}

// known returns since when it shows, to be kept for the next start.
func (s *jamfSigns) known() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since
}
