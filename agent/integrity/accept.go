// Package integrity watches what the agent itself is made of: its program, its launchd job, its
// configuration, rules and exceptions. A change that no verb of Hooksnare made is reported, and so is an
// end of the agent that none asked for.
//
// Whoever is root can forge what is kept here, as root can do everything: it makes tampering visible
// that did not take that trouble.
package integrity

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"hooksnare/pkg/safefile"
)

// acceptedFile holds what verbs did, in the state folder.
const (
	acceptedFile = "own-changes.json"
	maxAccepted  = 64      // of which so many are kept
	maxFile      = 1 << 20 // bytes of such a file
	maxProgram   = 256 << 20
	lockTime     = 5 * time.Second // that another verb may take, which reads the agent's files meanwhile
)

// Stop is what a verb that ends the agent accepts.
const Stop = "stop"

// accepted is a change that a verb made.
type accepted struct {
	What   string    `json:"what"`             // a path of the Mac, or Stop
	Digest string    `json:"sha256,omitempty"` // of the file then; "" if it is not there
	Verb   string    `json:"verb"`
	At     time.Time `json:"at"`
}

// Accept notes what a verb made of files, which are paths of the Mac whose disk lies below root, or
// that it is about to end the agent, and which rule files lie in folders now. A state folder that is
// missing has no agent that would report it.
func Accept(root, stateDir, verb string, now time.Time, folders map[string][]string, what ...string) error {
	unlock, err := lock(stateDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer unlock()
	list := readAccepted(stateDir)
	for _, name := range what {
		a := accepted{What: name, Verb: verb, At: now.UTC()}
		if name != Stop {
			a.Digest, _ = digestOf(root, name, maxProgram)
		}
		list = append(list, a)
	}
	for name, files := range folders {
		list = append(list, accepted{What: name, Digest: folderDigest(root, files), Verb: verb, At: now.UTC()})
	}
	b, err := json.Marshal(list[max(0, len(list)-maxAccepted):])
	if err != nil {
		return err
	}
	return safefile.WriteAtomic(filepath.Join(stateDir, acceptedFile), b, 0o600)
}

// lock waits until no other verb notes what it did: one of the two notes would be lost, and the agent
// would report that verb. The kernel takes the lock back from who dies.
func lock(stateDir string) (unlock func(), err error) {
	dir, err := os.Open(stateDir)
	if err != nil {
		return nil, err
	}
	for limit := time.Now().Add(lockTime); ; time.Sleep(5 * time.Millisecond) {
		err = unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { dir.Close() }, nil
		}
		if retry := errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR); !retry || time.Now().After(limit) {
			dir.Close()
			return nil, fmt.Errorf("lock %s: %w", stateDir, err)
		}
	}
}

// readAccepted returns what verbs did; nothing where that can't be read: then all is reported.
func readAccepted(stateDir string) (list []accepted) {
	b, _, err := safefile.Disk{}.ReadTrusted(filepath.Join(stateDir, acceptedFile), maxFile)
	if err != nil || json.Unmarshal(b, &list) != nil {
		return nil
	}
	return list
}

// digestOf returns the SHA-256 of a file of at most so many bytes, "" if it is missing. For anything
// that can't be read as a file it returns a text that says why.
func digestOf(root, name string, limit int64) (string, safefile.FileVersion) {
	if v, err := safefile.Lstat(filepath.Join("/", root, name)); err == nil && v.IsLink() {
		return "unreadable: a link", v // what it leads to could change unseen
	}
	h := sha256.New()
	v, err := safefile.CopyIn(cmp.Or(root, "/"), name, limit, h)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", safefile.FileVersion{}
	case err != nil:
		v, _ = safefile.Lstat(filepath.Join("/", root, name))
		return "unreadable: " + err.Error(), v
	}
	return hex.EncodeToString(h.Sum(nil)), v
}
