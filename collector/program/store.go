package program

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
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

// Store keeps copies of scripts as evidence, in a folder of its own: one file of mode 0600
// for each content, named by its SHA-256. Copies for root, the computer and managed hooks
// lie in the folder itself, those for a user in one below it that is named after the home:
//
//	scripts/9f86d081...             root's
//	scripts/user-%2FUsers%2Fann/... of the home /Users/ann
//
// Each has a share: no copy makes room for another owner's. A copy that Keep returned is on
// disk, until newer ones of its owner take its room. A Store is for any number of
// goroutines, in one process.
type Store struct {
	dir    string
	copies *copies // for the reserved owners
	shares *Shares

	mu    sync.Mutex // guards users; the disk is not waited for while it is held
	users []*copies  // by last use, the oldest first
}

// NewStore opens the folder, and makes it if need be. For the reserved owners together it
// holds at most that many bytes and files from now on, for a user a sixteenth of either. It
// notes in shares which users' copies took the room of others of theirs; nil does not.
func NewStore(dir string, maxBytes int64, maxFiles int, shares *Shares) (*Store, error) {
	if maxBytes < 1 || maxFiles < 1 {
		return nil, fmt.Errorf("store of scripts %s: bounds of %d bytes and %d files hold nothing", dir, maxBytes, maxFiles)
	}
	s := &Store{dir: dir, shares: shares, copies: &copies{owner: Root, dir: dir, maxBytes: maxBytes, maxFiles: maxFiles}}
	if err := s.copies.open(); err != nil {
		return nil, fmt.Errorf("store of scripts: %w", err)
	}
	if err := s.copies.makeRoom(0, 0); err != nil {
		return nil, fmt.Errorf("store of scripts: %w", err)
	}
	return s, s.openUsers()
}

// openUsers takes stock of the users' folders.
func (s *Store) openUsers() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("store of scripts: %w", err)
	}
	used := map[*copies]time.Time{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || !strings.HasPrefix(e.Name(), userFolder) {
			continue
		}
		c := s.newCopies(e.Name())
		used[c] = info.ModTime()
		s.users = append(s.users, c)
	}
	slices.SortStableFunc(s.users, func(a, b *copies) int { return used[a].Compare(used[b]) })
	for len(s.users) > maxUserFolders {
		if err := os.RemoveAll(s.users[0].dir); err != nil {
			return fmt.Errorf("store of scripts: %w", err)
		}
		s.users = slices.Delete(s.users, 0, 1)
	}
	for _, c := range s.users {
		if err := c.open(); err != nil {
			return fmt.Errorf("store of scripts: %w", err)
		}
		if err := c.makeRoom(0, 0); err != nil {
			return fmt.Errorf("store of scripts: %w", err)
		}
	}
	return nil
}

// newCopies returns the copies in a user's folder, which is not opened yet.
func (s *Store) newCopies(folder string) *copies {
	return &copies{
		owner: ownerOfFolder(folder), dir: filepath.Join(s.dir, folder),
		maxBytes: max(1, s.copies.maxBytes/userCopies), maxFiles: max(1, s.copies.maxFiles/userCopies),
	}
}

// folderOf returns the name of a user's folder. No two owners have the same.
func folderOf(owner string) string {
	if name := userFolder + url.PathEscape(owner); len(name) <= maxOwnerName {
		return name
	}
	return userFolder + sumOf(owner)
}

// ownerOfFolder returns whose a folder is, as well as its name tells.
func ownerOfFolder(folder string) string {
	name := strings.TrimPrefix(folder, userFolder)
	if owner, err := url.PathUnescape(name); err == nil {
		return owner
	}
	return name
}

// Keep returns the path of a copy of a script, for the owner of the hook that runs it. Sum
// is the content's SHA-256 in lower-case hex, or "" for Keep to work it out; another
// content's is refused. The owner's oldest copies by last use give way, and a copy that no
// longer holds what its name says is replaced.
func (s *Store) Keep(owner string, content []byte, sum string) (path string, err error) {
	c, oldest := s.forOwner(owner)
	if oldest != nil {
		if err := oldest.remove(); err != nil {
			return "", fmt.Errorf("copies for %s: %w", oldest.owner, err)
		}
	}
	path, full, err := c.keep(content, sum)
	if full && c != s.copies {
		s.shares.note(owner, ShareCopies, time.Now())
	}
	return path, err
}

// forOwner returns the copies of an owner, and whose have to be removed for them.
func (s *Store) forOwner(owner string) (c, oldest *copies) {
	if reserved(owner) {
		return s.copies, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	folder := folderOf(owner)
	i := slices.IndexFunc(s.users, func(c *copies) bool { return filepath.Base(c.dir) == folder })
	if i >= 0 {
		c = s.users[i]
		s.users = append(slices.Delete(s.users, i, i+1), c)
		return c, nil
	}
	if len(s.users) >= maxUserFolders {
		oldest = s.users[0]
		s.users = slices.Delete(s.users, 0, 1)
	}
	c = s.newCopies(folder)
	c.owner, c.closed = owner, true
	s.users = append(s.users, c)
	return c, oldest
}

// Path returns where the copy of a content is that was kept for an owner, "" where none is.
// It never waits for the disk.
func (s *Store) Path(owner, sum string) string {
	if reserved(owner) {
		return s.copies.path(sum)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	folder := folderOf(owner)
	for _, c := range s.users {
		if filepath.Base(c.dir) == folder {
			return c.path(sum)
		}
	}
	return ""
}
