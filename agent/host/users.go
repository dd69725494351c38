package host

import (
	"errors"
	"os/user"
	"strconv"
	"sync"
	"time"

	"hooksnare/pkg/event"
)

// Users knows the names of users and groups by id, and never waits for one: an answer that
// is not there yet is there for a later call. The directory that is asked may be on a
// network, and events and locks wait for nobody's directory. It is safe for concurrent use.
// The zero pointer knows none.
type Users struct {
	users  *directory[*user.User]
	groups *directory[*user.Group]
}

// Ids that are asked for at the start, one after the other: the superuser, those that a Mac
// gives to the first people who get an account, and the groups that these are in.
const (
	firstPerson, lastPerson = 501, 510

	staffGroup, adminGroup = 20, 80
)

// NewUsers returns a look-up of this machine's users.
func NewUsers() *Users { return UsersFrom(user.LookupId, user.LookupGroupId) }

// UsersFrom returns a look-up that asks the given functions.
func UsersFrom(userByID func(string) (*user.User, error), groupByID func(string) (*user.Group, error)) *Users {
	u := &Users{users: newDirectory(userByID), groups: newDirectory(groupByID)}
	people := []uint32{0}
	for id := uint32(firstPerson); id <= lastPerson; id++ {
		people = append(people, id)
	}
	go u.users.prefetch(people)
	go u.groups.prefetch([]uint32{staffGroup, adminGroup})
	return u
}

// Name returns the short name of a user, "" if not known yet, or at all. The superuser's is
// the same on every Mac, also on one that is known from a recording alone.
func (u *Users) Name(id uint32) string {
	if id == 0 {
		return "root"
	}
	if found := u.user(id); found != nil {
		return found.Username
	}
	return ""
}

// Home returns the home folder of a user, "" if not known yet, or at all.
func (u *Users) Home(id uint32) string {
	if found := u.user(id); found != nil {
		return found.HomeDir
	}
	return ""
}

func (u *Users) user(id uint32) *user.User {
	if u == nil {
		return nil
	}
	return u.users.get(id, time.Now())
}

// Group returns the name of a group, "" if not known yet, or at all.
func (u *Users) Group(id uint32) string {
	if id == 0 {
		return "wheel"
	}
	if u == nil {
		return ""
	}
	if found := u.groups.get(id, time.Now()); found != nil {
		return found.Name
	}
	return ""
}

// Bounds of each share of a directory. A question that has no answer after askPatience
// no longer counts as one of maxAsked, so that ids nobody answers for keep none from being
// asked about others; it still counts as one of maxOpen, because its goroutine can't be
// ended. A network's directory that leaves as many open answers no other either, and the
// ids of this Mac have a share of their own.
const (
	maxRemembered = 4096 // answers; a Mac has a few hundred users
	maxAsked      = 8    // recent questions without an answer
	maxOpen       = 32   // questions that have no answer yet
	askPatience   = 10 * time.Second
	keepKnown     = time.Hour   // an answer
	keepAbsent    = time.Minute // that there is none, and an answer when the directory fails

	// firstOfNetwork is the first id that is not one of an account made on a Mac, as a rule.
	firstOfNetwork = 1000
)

// directory remembers what a directory of users or groups answered. T is a pointer, nil
// where there is no answer.
type directory[T comparable] struct {
	look func(id string) (T, error)

	mu      sync.Mutex // guards what follows; held for no look-up
	local   share[T]   // ids below firstOfNetwork
	network share[T]
}

// share is a part of the ids, with separate bounds.
type share[T comparable] struct {
	answers map[uint32]answer[T]
	open    map[uint32]time.Time // questions without an answer, and when they were asked
}

type answer[T any] struct {
	value T
	until time.Time
}

func newDirectory[T comparable](look func(string) (T, error)) *directory[T] {
	return &directory[T]{look: look, local: newShare[T](), network: newShare[T]()}
}

func newShare[T comparable]() share[T] {
	return share[T]{answers: map[uint32]answer[T]{}, open: map[uint32]time.Time{}}
}

func (d *directory[T]) shareOf(id uint32) *share[T] {
	if id < firstOfNetwork {
		return &d.local
	}
	return &d.network
}

// get returns the answer about an id, at once. Where there is none, or it is old, it is
// asked for; until there is a new one an old one holds.
func (d *directory[T]) get(id uint32, now time.Time) (none T) {
	if id == event.None {
		return none
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.shareOf(id)
	known, found := s.answers[id]
	if (!found || !now.Before(known.until)) && s.beginLocked(id, now) {
		go d.ask(id)
	}
	return known.value
}

// prefetch asks for ids one after the other: a directory that does not answer is left with
// one question.
func (d *directory[T]) prefetch(ids []uint32) {
	for _, id := range ids {
		d.mu.Lock()
		begun := d.shareOf(id).beginLocked(id, time.Now())
		d.mu.Unlock()
		if begun {
			d.ask(id)
		}
	}
}

// ask asks the directory, which takes as long as it takes, and remembers the answer.
func (d *directory[T]) ask(id uint32) {
	value, err := d.look(strconv.FormatUint(uint64(id), 10))
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.shareOf(id)
	delete(s.open, id)
	keep := keepKnown
	if err != nil {
		var none T
		if value, keep = none, keepAbsent; !isUnknown(err) {
			value = s.answers[id].value // the directory fails; nobody says that the user is gone
		}
	}
	s.rememberLocked(id, answer[T]{value, now.Add(keep)})
}

// isUnknown reports whether a directory answered that there is no such user or group.
func isUnknown(err error) bool {
	var unknownUser user.UnknownUserIdError
	var unknownGroup user.UnknownGroupIdError
	return errors.As(err, &unknownUser) || errors.As(err, &unknownGroup)
}

// beginLocked notes a question, and reports whether it may be asked.
func (s *share[T]) beginLocked(id uint32, now time.Time) bool {
	if _, asked := s.open[id]; asked || len(s.open) >= maxOpen {
		return false
	}
	recent := 0
	for _, since := range s.open {
		if now.Sub(since) < askPatience {
			recent++
		}
	}
	if recent >= maxAsked {
		return false
	}
	s.open[id] = now
	return true
}

// rememberLocked keeps an answer. Where there is no room, ids without a name go first: of
// those there are as many as anybody likes.
func (s *share[T]) rememberLocked(id uint32, a answer[T]) {
	var none T
	if len(s.answers) >= maxRemembered {
		for id, old := range s.answers {
			if old.value == none {
				delete(s.answers, id)
			}
		}
	}
	if len(s.answers) >= maxRemembered {
		clear(s.answers)
	}
	s.answers[id] = a
}
