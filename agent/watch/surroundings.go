package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
)

// Bounds of the triage in one alert.
const (
	lately       = 24 * time.Hour
	maxLately    = 10
	maxEntries   = 4096                   // of a folder that is looked through
	aroundWait   = 300 * time.Millisecond // for a folder to answer: a home may be on a server
	receiptsPath = "/private/var/db/receipts"
)

// SetExceptions says which exceptions are in force: alerts say that one names a program's SHA-256.
func (w *Watch) SetExceptions(list []config.Exception) {
	known := map[string]string{}
	for _, x := range list {
		for _, sum := range x.Require.SHA256 {
			known[strings.ToLower(sum)] = x.ID
		}
	}
	w.known.Store(&known)
}

// changedLately returns the files of a folder that changed within a day before a time, the latest
// first: nil where the folder does not answer in time, or the owner has no share left.
func (w *Watch) changedLately(owner, folder, suffix string, at time.Time) []alert.Lately {
	if !strings.HasPrefix(folder, "/") {
		return nil
	}
	var found []alert.Lately
	if w.programs.Call(owner, folder, aroundWait, func() { found = recentlyChanged(w.opts.Config.Root, folder, suffix, at) }) != nil {
		w.skipped.Add(1)
		return nil
	}
	return found
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
