package program

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"sync"
	"time"

	"hooksnare/pkg/safefile"
)

// Bounds on the look-ups of names. Names come from the configuration and from exceptions:
// they are root's to choose.
const (
	maxNames   = 1024
	maxLookups = 8 // under way, those that do not answer included: each keeps a thread

	// nameLife is how long an answer is not asked for again. Meanwhile, and until there is
	// another, the old one counts.
	nameLife = 10 * time.Minute
	// nameRetry is how long after a look-up without an answer there is another.
	nameRetry = time.Minute
)

// Directory knows which users names stand for. The directory service may never answer:
// names are looked up in the background, once, and who asks about an owner does not wait. It is
// for any number of goroutines.
type Directory struct {
	root   string
	lookup func(name string) (*user.User, error) // in tests, a directory that does not answer

	mu      sync.Mutex // guards what follows; no look-up is waited for while it is held
	names   map[string]*named
	running int           // look-ups
	ended   chan struct{} // closed when none is running any more
}

// named is what is known of one name. The lock of the Directory guards it.
type named struct {
	asking bool      // a look-up is under way
	next   time.Time // when to look it up again
	known  bool
	uid    string // "" if there is no such user
}

// NewDirectory returns what is to be known of the users of the disk below root. Where root
// stands for another disk, whoever owns it plays root there, and other names are not known:
// its users are not this machine's.
func NewDirectory(root string) *Directory {
	return &Directory{root: root, lookup: user.Lookup, names: map[string]*named{}}
}

// Owns reports whether the user with that id is the one an owner's name or number stands
// for. It does not wait: if known is false, a look-up is under way, or gave no answer. A
// number and root are always known.
func (d *Directory) Owns(owner string, id uint32) (owns, known bool) {
	if n, err := strconv.ParseUint(owner, 10, 32); err == nil {
		return uint32(n) == id, true
	}
	elsewhere := !isMachine(d.root)
	switch {
	case owner == "root":
		return id == 0 || elsewhere && ownerOf(d.root) == id, true
	case elsewhere:
		return false, true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[owner]
	if n == nil {
		if len(d.names) >= maxNames {
			return false, false
		}
		n = &named{}
		d.names[owner] = n
	}
	if !n.asking && !time.Now().Before(n.next) && d.running < maxLookups {
		if d.running++; d.running == 1 {
			d.ended = make(chan struct{})
		}
		n.asking = true
		go d.resolve(owner, n)
	}
	return n.known && n.uid == strconv.FormatUint(uint64(id), 10), n.known
}

// HasNone reports whether the answer about an owner's name was that nobody has it. Without an answer,
// and on a disk whose users are not known, that is not said.
func (d *Directory) HasNone(owner string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[owner]
	return n != nil && n.known && n.uid == ""
}

// Ask has names looked up that will be asked about.
func (d *Directory) Ask(owners ...string) {
	for _, owner := range owners {
		d.Owns(owner, 0)
	}
}

// Wait waits until the names that are being looked up are known, no longer than the limit.
// It is for commands that ask once.
func (d *Directory) Wait(limit time.Duration) {
	d.mu.Lock()
	running, ended := d.running, d.ended
	d.mu.Unlock()
	if running == 0 {
		return
	}
	select {
	case <-ended:
	case <-time.After(limit):
	}
}

// resolve looks a name up, however long that takes.
func (d *Directory) resolve(name string, n *named) {
	u, err := d.lookup(name)
	var unknown user.UnknownUserError
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running--; d.running == 0 {
		close(d.ended)
	}
	n.asking = false
	switch {
	case err == nil:
		n.known, n.uid, n.next = true, u.Uid, time.Now().Add(nameLife)
	case errors.As(err, &unknown):
		n.known, n.uid, n.next = true, "", time.Now().Add(nameLife)
	default:
		n.next = time.Now().Add(nameRetry)
	}
}

func ownerOf(name string) uint32 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return safefile.VersionOf(info).UID
}
