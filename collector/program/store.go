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

	disk sync.Mutex // guards what is on disk. Methods that need it end in Locked
	kept sync.Map   // paths of the copies that are on disk: who asks for one does not wait for that
}

// NewStore opens the folder, and makes it if need be. For the reserved owners together it
// holds at most that many bytes and files from now on, for a user a sixteenth of either. It
// notes in shares which users' copies took the room of others of theirs; nil does not.
func NewStore(dir string, maxBytes int64, maxFiles int, shares *Shares) (*Store, error) {
	if maxBytes < 1 || maxFiles < 1 {
		return nil, fmt.Errorf("store of scripts %s: bounds of %d bytes and %d files hold nothing", dir, maxBytes, maxFiles)
	}
	s := &Store{dir: filepath.Clean(dir), maxBytes: maxBytes, maxFiles: maxFiles, shares: shares}
	s.disk.Lock()
	defer s.disk.Unlock()
	if err := s.openLocked(); err != nil {
		return nil, fmt.Errorf("store of scripts: %w", err)
	}
	return s, nil
}

func (s *Store) openLocked() error {
	if err := makePrivate(s.dir); err != nil {
		return err
	}
	users, err := s.removeUsersLocked(maxUserFolders)
	if err != nil {
		return err
	}
	for _, folder := range append(users, file{path: s.dir}) {
		if err := makePrivate(folder.path); err != nil {
			return err
		}
		if _, err := s.makeRoomLocked(folder.path, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// Keep returns the path of a copy of a script, for the owner of the hook that runs it. The
// owner's oldest copies by last use give way, and a copy that no longer has the content of its
// name is replaced.
func (s *Store) Keep(owner string, content []byte) (path string, err error) {
	path = s.pathOf(owner, hexSum(content))
	most, _ := s.bounds(filepath.Dir(path))
	full := int64(len(content)) > most
	if full {
		err = fmt.Errorf("%w: %d bytes, more than the %d that are kept", safefile.ErrTooLarge, len(content), most)
	} else {
		full, err = s.writeCopy(path, content)
	}
	if full && !isReserved(owner) {
		s.shares.noteUsedUp(owner, ShareCopies, time.Now())
	}
	if err != nil {
		return "", fmt.Errorf("copy of script %s: %w", filepath.Base(path), err)
	}
	return path, nil
}

// Path returns where the copy of a content is that was kept for an owner, "" where none is.
// It never waits for the disk.
func (s *Store) Path(owner, sum string) string {
	path := s.pathOf(owner, sum)
	if _, kept := s.kept.Load(path); !kept {
		return ""
	}
	return path
}

// pathOf returns where a copy for an owner belongs. No two users have the same folder.
func (s *Store) pathOf(owner, sum string) string {
	if isReserved(owner) {
		return filepath.Join(s.dir, sum)
	}
	folder := userFolder + url.PathEscape(owner)
	if len(folder) > maxOwnerName {
		folder = userFolder + sumOf(owner)
	}
	return filepath.Join(s.dir, folder, sum)
}

// bounds returns how many bytes and files a folder may hold.
func (s *Store) bounds(dir string) (maxBytes int64, maxFiles int) {
	if dir == s.dir {
		return s.maxBytes, s.maxFiles
	}
	return max(1, s.maxBytes/userCopies), max(1, s.maxFiles/userCopies)
}

// writeCopy makes a copy the last used, and writes it if it is not there as it should be, whatever
// is in its place. full reports that another of the owner's had to give way.
func (s *Store) writeCopy(path string, content []byte) (full bool, err error) {
	s.disk.Lock()
	defer s.disk.Unlock()
	dir := filepath.Dir(path)
	if !isIntact(path, content) {
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) && dir != s.dir {
			if _, err := s.removeUsersLocked(maxUserFolders - 1); err != nil {
				return false, err
			}
		}
		if err := makePrivate(dir); err != nil {
			return false, err
		}
		if err := os.RemoveAll(path); err != nil {
			return false, err
		}
		if full, err = s.makeRoomLocked(dir, int64(len(content)), 1); err != nil {
			return full, err
		}
		if err := safefile.WriteAtomic(path, content, 0o600); err != nil {
			return full, err
		}
	}
	s.kept.Store(path, true)
	now := time.Now()
	return full, errors.Join(os.Chtimes(path, now, now), os.Chtimes(dir, now, now))
}

// makeRoomLocked removes the oldest copies of a folder until there is room for so much more.
// Those that are left, and no others, are kept then.
func (s *Store) makeRoomLocked(dir string, size int64, files int) (removed bool, err error) {
	copies, err := filesByUse(dir, func(name string, mode fs.FileMode) bool { return mode.IsRegular() && isSum(name) })
	if err != nil {
		return false, err
	}
	s.forget(dir)
	files += len(copies)
	for _, c := range copies {
		size += c.size
	}
	maxBytes, maxFiles := s.bounds(dir)
	for _, c := range copies {
		if size <= maxBytes && files <= maxFiles {
			s.kept.Store(c.path, true)
			continue
		}
		if err := os.RemoveAll(c.path); err != nil {
			return removed, err
		}
		size, files, removed = size-c.size, files-1, true
	}
	return removed, nil
}

// removeUsersLocked leaves and returns the folders of so many users, and removes those of the users
// whose copies were used the longest ago.
func (s *Store) removeUsersLocked(most int) ([]file, error) {
	users, err := filesByUse(s.dir, func(name string, mode fs.FileMode) bool { return mode.IsDir() && strings.HasPrefix(name, userFolder) })
	for ; err == nil && len(users) > most; users = users[1:] {
		s.forget(users[0].path)
		err = os.RemoveAll(users[0].path)
	}
	return users, err
}

// forget drops what is known of the copies in a folder.
func (s *Store) forget(dir string) {
	s.kept.Range(func(path, _ any) bool {
		if filepath.Dir(path.(string)) == dir {
			s.kept.Delete(path)
		}
		return true
	})
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
	path string
	size int64
	used time.Time
}

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
		name, path := e.Name(), filepath.Join(dir, e.Name())
		info, err := e.Info()
		if err != nil {
			continue
		}
		if wanted(name, info.Mode()) {
			out = append(out, file{path, info.Size(), info.ModTime()})
		} else if len(name) > 65 && name[0] == '.' && isSum(name[1:65]) && strings.HasSuffix(name, ".tmp") && info.Mode().IsRegular() {
			_ = os.Remove(path) // tried again the next time
		}
	}
	slices.SortStableFunc(out, func(a, b file) int { return a.used.Compare(b.used) })
	return out, nil
}
