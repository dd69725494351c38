package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
)

// Bounds of the triage in one alert.
const (
	lately       = 24 * time.Hour
	maxLately    = 10
	maxEntries   = 4096                   // of a folder that is looked through
	aroundWait   = 300 * time.Millisecond // for a folder to answer: a home may be on a server
	aroundAsked  = 4                      // folders without an answer yet, of those that one share asks for
	receiptsPath = "/private/var/db/receipts"
)

// surroundings looks at the disk around a hook.
type surroundings struct {
	root  string
	known map[string]string // SHA-256 of programs, and the exception that names it

	skipped atomic.Uint64 // folders that did not answer, or were not asked

	mu    sync.Mutex // guards asked
	asked map[detect.Share]int
}

func newSurroundings(root string, list []config.Exception) *surroundings {
	s := &surroundings{root: root, known: map[string]string{}, asked: map[detect.Share]int{}}
	for _, x := range list {
		for _, sum := range x.Require.SHA256 {
			s.known[strings.ToLower(sum)] = x.ID
		}
	}
	return s
}

// ask has the disk around a preferences file looked at, and returns what takes the answer
// over. Both folders together have as long as the limit; what does not come by then is missing.
func (s *surroundings) ask(share detect.Share, file string, at time.Time) (end func(x *document.Examination)) {
	packages := s.askFolder(share, receiptsPath, ".plist", at)
	var preferences <-chan []alert.Lately
	if strings.HasPrefix(file, "/") {
		preferences = s.askFolder(share, filepath.Dir(file), "", at)
	}
	limit := time.Now().Add(aroundWait)
	return func(x *document.Examination) {
		x.Known = s.known
		x.Packages, x.Preferences = s.receive(packages, limit), s.receive(preferences, limit)
	}
}

// receive returns what a folder was found to hold; nil for one that does not answer.
func (s *surroundings) receive(asked <-chan []alert.Lately, limit time.Time) []alert.Lately {
	if asked == nil {
		return nil
	}
	found, came := receiveWithin(asked, time.Until(limit))
	if !came {
		s.skipped.Add(1)
	}
	return found
}

// askFolder asks for the files of a folder that changed within a day before a time, the latest
// first; it returns nil where too many do not answer.
func (s *surroundings) askFolder(share detect.Share, folder, suffix string, at time.Time) <-chan []alert.Lately {
	if !s.countAsked(share, 1) {
		s.skipped.Add(1)
		return nil // others of this share do not answer, either
	}
	answer := make(chan []alert.Lately, 1)
	go func() {
		found := recentlyChanged(s.root, folder, suffix, at)
		s.countAsked(share, -1)
		answer <- found
	}()
	return answer
}

// countAsked counts folders that are asked, and reports whether another may be.
func (s *surroundings) countAsked(share detect.Share, by int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by > 0 && s.asked[share] >= aroundAsked {
		return false
	}
	if s.asked[share] += by; s.asked[share] == 0 {
		delete(s.asked, share)
	}
	return true
}

// openFolder opens a folder of a Mac below a root, without leaving that and without waiting.
// A disk that was made up may have /var where a Mac has a link to /private/var.
func openFolder(root, path string) (*os.File, error) {
	disk, err := os.OpenRoot(filepath.Join("/", root))
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	const flags = os.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NONBLOCK
	f, err := disk.OpenFile(strings.TrimPrefix(path, "/"), flags, 0)
	if short, ok := strings.CutPrefix(path, "/private/"); ok && err != nil {
		f, err = disk.OpenFile(short, flags, 0)
	}
	return f, err
}

func recentlyChanged(root, folder, suffix string, at time.Time) []alert.Lately {
	d, err := openFolder(root, folder)
	if err != nil {
		return nil
	}
	defer d.Close()
	entries, err := d.ReadDir(maxEntries)
	if err != nil {
		return nil
	}
	var files []fs.FileInfo
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !strings.HasSuffix(entry.Name(), suffix) {
			continue
		}
		info, err := entry.Info()
		if err == nil && at.Sub(info.ModTime()) < lately && !info.ModTime().After(at.Add(time.Minute)) {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	var out []alert.Lately
	for _, f := range files[:min(len(files), maxLately)] {
		out = append(out, alert.Lately{Name: clip.Text(strings.TrimSuffix(f.Name(), suffix), clip.WordBytes), Time: alert.At(f.ModTime())})
	}
	return out
}
