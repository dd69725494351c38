package prefs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"hooksnare/pkg/plist"
	"hooksnare/pkg/safefile"
)

// recordsFolder holds the accounts of a Mac, a property list each, which says where the home is
// (NFSHomeDirectory). They are read as files, on the running Mac too: to ask the directory service
// may take for ever. Only root can change them.
const recordsFolder = "/private/var/db/dslocal/nodes/Default/users"

// record is what an account's file says.
type record struct {
	version safefile.FileVersion
	homes   []string
	problem problem
}

// readRecords reads the accounts that changed, and takes over the homes that all of them name.
func (s *scan) readRecords(f *folder, entries []fs.DirEntry) {
	known := f.records
	f.records = make(map[string]record, len(entries))
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), extension) {
			continue
		}
		r := known[e.Name()]
		at := path.Join(f.route.real, e.Name())
		if v, err := s.disk.lstat(s.disk.root + at); s.full || err != nil || v != r.version {
			was := r.problem
			r = s.readRecord(f.path+"/"+e.Name(), at)
			s.problemsChanged = s.problemsChanged || !was.sameAs(&r.problem)
		}
		f.records[e.Name()] = r
		s.folders = append(s.folders, r.homes...)
		s.partial = s.partial || r.problem.why != "" // it may name a home that is known
	}
	for name, r := range known {
		if _, there := f.records[name]; !there && r.problem.why != "" {
			s.problemsChanged = true
		}
	}
}

// readRecord reads an account. Its version stays unknown while the file may change within one step
// of its times.
func (s *scan) readRecord(file, at string) (r record) {
	content, v, err := s.disk.read(at, plist.MaxSize)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, safefile.ErrChanged) {
		s.partial = true // it is being replaced
		return r
	}
	if err == nil {
		r.homes, err = parseRecord(content)
	}
	if err != nil {
		r.problem = problemOf(err, file)
		r.problem.found = foundOf(v)
		return r
	}
	if v.Settled(s.began, s.granule) {
		r.version = v
	}
	return r
}

// parseRecord returns the homes that an account names and that are not scanned anyway.
func parseRecord(content []byte) (homes []string, err error) {
	v, err := plist.Decode(content)
	if err != nil {
		return nil, err
	}
	account, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: no dictionary at the top", plist.ErrMalformed)
	}
	list, ok := account["home"].([]any)
	if !ok {
		list = []any{account["home"]}
	}
	for _, h := range list {
		home, _ := h.(string)
		if CheckHome(home) != nil {
			continue // nobody can log in there, or it is the computer's own
		}
		if home = canonicalPath(home); home != rootHome && !isListedHome(home) {
			homes = append(homes, home)
		}
	}
	return homes, nil
}
