package program

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/pkg/safefile"
)

// Shares of a store, in parts of what it is opened with for the reserved owners.
const (
	userCopies = 16 // a user's: one in so many, of bytes and of files
	// maxUserFolders bounds the users of whom copies are kept. A user more takes the room of
	// the one whose copies were used the longest ago. Users are root's to make.
	maxUserFolders = 32
	// userFolder is how the name of a user's folder begins.
	userFolder = "user-"
	// maxOwnerName bounds such a name, in bytes; a longer one is a hash.
	maxOwnerName = 128
)

// Store keeps copies of scripts as evidence, in a folder that nothing else uses: one file of
// mode 0600 for each content, named by its SHA-256. Copies for root, the computer and managed hooks
// lie in the folder itself, those for a user in one below it that is named after the home:
//
//	scripts/9f86d081...             root's
//	scripts/user-%2FUsers%2Fann/... of the home /Users/ann
//
// Each has a share: no copy makes room for another owner's. A copy that Keep returned is on
// disk, until newer ones of its owner take its room; modification times say when a copy and
// a user's folder were last used. A Store is for any number of goroutines, in one process.
type Store struct {
	dir      string
	maxBytes int64
	maxFiles int
	shares   *Shares

	disk sync.Mutex // guards what is on disk; taken before mu. Methods that need it end in Locked

	mu   sync.Mutex                 // guards kept; the disk is not waited for while it is held
	kept map[string]map[string]bool // names of the copies that are on disk, by folder
}

// NewStore opens the folder, and makes it if need be. For the reserved owners together it
// holds at most that many bytes and files from now on, for a user a sixteenth of either. It
// notes in shares which users' copies took the room of others of theirs; nil does not.
func NewStore(dir string, maxBytes int64, maxFiles int, shares *Shares) (*Store, error) {
	if maxBytes < 1 || maxFiles < 1 {
		return nil, fmt.Errorf("store of scripts %s: bounds of %d bytes and %d files hold nothing", dir, maxBytes, maxFiles)
	}
	s := &Store{dir: dir, maxBytes: maxBytes, maxFiles: maxFiles, shares: shares, kept: map[string]map[string]bool{}}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("store of scripts: %w", err)
	}
	return s, nil
}

func (s *Store) open() error {
	s.disk.Lock()
	defer s.disk.Unlock()
	if err := makePrivate(s.dir); err != nil {
		return err
	}
	if err := s.removeUsersLocked(maxUserFolders); err != nil {
		return err
	}
	users, err := filesByUse(s.dir, isUserFolder)
	if err != nil {
		return err
	}
	for _, folder := range append([]file{{name: "."}}, users...) {
		if err := makePrivate(filepath.Join(s.dir, folder.name)); err != nil {
			return err
		}
		if _, err := s.makeRoomLocked(folder.name, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// Keep returns the path of a copy of a script, for the owner of the hook that runs it. Sum
// is the content's SHA-256 in lower-case hex, or "" for Keep to work it out; another
// content's is refused. The owner's oldest copies by last use give way, and a copy that no
// longer has the content of its name is replaced.
func (s *Store) Keep(owner string, content []byte, sum string) (path string, err error) {
	name := hexSum(content)
	if sum != "" && sum != name {
		return "", fmt.Errorf("copy of a script: its hash is %s, not %s", name, sum)
	}
	folder := folderOf(owner)
	full := false
	if most, _ := s.bounds(folder); int64(len(content)) > most {
		full, err = true, fmt.Errorf("%w: %d bytes, more than the %d that are kept", safefile.ErrTooLarge, len(content), most)
	} else {
		s.disk.Lock()
		full, err = s.writeLocked(folder, name, content)
		s.disk.Unlock()
	}
	if full && folder != "." {
		s.shares.noteUsedUp(owner, ShareCopies, time.Now())
	}
	if err != nil {
		return "", fmt.Errorf("copy of script %s: %w", name, err)
	}
	return filepath.Join(s.dir, folder, name), nil
}

// Path returns where the copy of a content is that was kept for an owner, "" where none is.
// It never waits for the disk.
func (s *Store) Path(owner, sum string) string {
	folder := folderOf(owner)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.kept[folder][sum] {
		return ""
	}
	return filepath.Join(s.dir, folder, sum)
}

// bounds returns how many bytes and files a folder may hold.
func (s *Store) bounds(folder string) (maxBytes int64, maxFiles int) {
	if folder == "." {
		return s.maxBytes, s.maxFiles
	}
	return max(1, s.maxBytes/userCopies), max(1, s.maxFiles/userCopies)
}

// writeLocked makes a copy the last used, and writes it if it is not there as it should be. full
// reports that another of the owner's had to give way.
func (s *Store) writeLocked(folder, name string, content []byte) (full bool, err error) {
	dir := filepath.Join(s.dir, folder)
	at := filepath.Join(dir, name)
	if !isIntact(at, content) {
		if full, err = s.replaceLocked(folder, name, content); err != nil {
			return full, err
		}
	}
	s.mu.Lock()
	if s.kept[folder] == nil {
		s.kept[folder] = map[string]bool{}
	}
	s.kept[folder][name] = true
	s.mu.Unlock()
	now := time.Now()
	return full, errors.Join(os.Chtimes(at, now, now), os.Chtimes(dir, now, now))
}

// replaceLocked writes a copy, whatever is in its place.
func (s *Store) replaceLocked(folder, name string, content []byte) (full bool, err error) {
	dir := filepath.Join(s.dir, folder)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) && folder != "." {
		if err := s.removeUsersLocked(maxUserFolders - 1); err != nil {
			return false, err
		}
	}
	if err := makePrivate(dir); err != nil {
		return false, err
	}
	if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
		return false, err
	}
	if full, err = s.makeRoomLocked(folder, int64(len(content)), 1); err != nil {
		return full, err
	}
	return full, safefile.WriteAtomic(filepath.Join(dir, name), content, 0o600)
}

// makeRoomLocked removes the oldest copies of a folder until there is room for so much more.
// Those that are left, and no others, are kept then.
func (s *Store) makeRoomLocked(folder string, size int64, files int) (removed bool, err error) {
	maxBytes, maxFiles := s.bounds(folder)
	copies, err := filesByUse(filepath.Join(s.dir, folder), isCopy)
	if err != nil {
		return false, err
	}
	files += len(copies)
	for _, c := range copies {
		size += c.size
	}
	left := map[string]bool{}
	for _, c := range copies {
		if size <= maxBytes && files <= maxFiles {
			left[c.name] = true
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.dir, folder, c.name)); err != nil {
			return removed, err
		}
		size, files, removed = size-c.size, files-1, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[folder] = left
	return removed, nil
}

// removeUsersLocked leaves the folders of so many users, and removes those of the users whose
// copies were used the longest ago.
func (s *Store) removeUsersLocked(left int) error {
	users, err := filesByUse(s.dir, isUserFolder)
	if err != nil {
		return err
	}
	users = users[:max(0, len(users)-left)]
	s.mu.Lock()
	for _, u := range users {
		delete(s.kept, u.name)
	}
	s.mu.Unlock()
	for _, u := range users {
		if err := os.RemoveAll(filepath.Join(s.dir, u.name)); err != nil {
			return err
		}
	}
	return nil
}

// folderOf returns the name of an owner's folder. No two users have the same.
func folderOf(owner string) string {
	if isReserved(owner) {
		return "."
	}
	if name := userFolder + url.PathEscape(owner); len(name) <= maxOwnerName {
		return name
	}
	return userFolder + sumOf(owner)
}

// isSum reports whether a file's name is a SHA-256.
func isSum(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// isIntact reports whether a copy is there, holds what it should and is for nobody else.
func isIntact(path string, content []byte) bool {
	got, v, err := safefile.Disk{}.ReadSecret(path, int64(len(content)))
	return err == nil && v.Mode.Perm() == 0o600 && bytes.Equal(got, content)
}

// makePrivate makes a folder that a power cut does not undo, and that is for nobody else.
func makePrivate(dir string) error {
	if v, err := safefile.Lstat(dir); err == nil && v.Mode == fs.ModeDir|0o700 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is not a folder", dir))
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return safefile.SyncFolder(filepath.Dir(dir))
}

// file is one in a folder of the store.
type file struct {
	name string
	size int64
	used time.Time
}

func isUserFolder(name string, mode fs.FileMode) bool {
	return mode.IsDir() && strings.HasPrefix(name, userFolder)
}

func isCopy(name string, mode fs.FileMode) bool { return mode.IsRegular() && isSum(name) }

// filesByUse lists what is wanted of a folder, the one that was used the longest ago first.
// What is in a store and not wanted is left alone, but for what a write that was cut off left
// behind.
func filesByUse(dir string, wanted func(name string, mode fs.FileMode) bool) ([]file, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []file
	for _, e := range entries {
		name := e.Name()
		info, err := e.Info()
		if err != nil {
			continue
		}
		if wanted(name, info.Mode()) {
			out = append(out, file{name, info.Size(), info.ModTime()})
		} else if len(name) > 65 && name[0] == '.' && isSum(name[1:65]) && strings.HasSuffix(name, ".tmp") && info.Mode().IsRegular() {
			_ = os.Remove(filepath.Join(dir, name)) // tried again the next time
		}
	}
	slices.SortStableFunc(out, func(a, b file) int { return a.used.Compare(b.used) })
	return out, nil
}
