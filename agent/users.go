package agent

import (
	"os/user"
	"strconv"
	"time"

	"hooksnare/pkg/event"
)

// Users looks up users and groups by id, and remembers the answers. It is for one
// goroutine. The zero pointer knows none.
type Users struct {
	users  memory[*user.User]
	groups memory[*user.Group]
}

// NewUsers returns a look-up of this machine's users.
func NewUsers() *Users {
	return &Users{users: newMemory(user.LookupId), groups: newMemory(user.LookupGroupId)}
}

// Name returns the short name of a user, "" if not known. The superuser's is the same on
// every Mac, also on one that is known from a recording alone.
func (u *Users) Name(id uint32) string {
	if id == 0 {
		return "root"
	}
	if found := u.user(id); found != nil {
		return found.Username
	}
	return ""
}

// Home returns the home folder of a user, "" if not known.
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

// Group returns the name of a group, "" if not known.
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

const (
	maxRemembered = 4096 // answers; a Mac has a few hundred users
	maxAsked      = 8    // questions without an answer yet
	// askWait bounds the wait for an answer. A user may be one of a directory on the
	// network, and while that is waited for, events wait too.
	askWait    = 300 * time.Millisecond
	keepKnown  = time.Hour   // an answer
	keepAbsent = time.Minute // that there is none
)

// memory remembers answers about ids. T is a pointer, nil where there is no answer.
type memory[T comparable] struct {
	look    func(id string) (T, error)
	answers map[uint32]answer[T]
	asked   map[uint32]chan T
	wait    time.Duration
}

type answer[T any] struct {
	value T
	until time.Time
}

func newMemory[T comparable](look func(string) (T, error)) memory[T] {
	return memory[T]{look: look, answers: map[uint32]answer[T]{}, asked: map[uint32]chan T{}, wait: askWait}
}

// get returns the answer about an id. One that does not come soon is there for a later
// call; until then an earlier one holds.
func (m *memory[T]) get(id uint32, now time.Time) (none T) {
	if id == event.None {
		return none
	}
	known, found := m.answers[id]
	if found && now.Before(known.until) {
		return known.value
	}
	pending, wait := m.asked[id], time.Duration(0)
	if pending == nil {
		if len(m.asked) >= maxAsked {
			return known.value
		}
		pending, wait = m.ask(id), m.wait
	}
	value, came := within(pending, wait)
	if !came {
		return known.value
	}
	delete(m.asked, id)
	m.remember(id, value, now)
	return value
}

// within takes a value that is there, or comes so soon.
func within[T any](c <-chan T, wait time.Duration) (value T, came bool) {
	select {
	case value = <-c:
		return value, true
	default:
	}
	if wait <= 0 {
		return value, false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case value = <-c:
		return value, true
	case <-timer.C:
		return value, false
	}
}

// ask asks in a goroutine of its own, which ends with the answer of the system.
func (m *memory[T]) ask(id uint32) chan T {
	pending := make(chan T, 1)
	m.asked[id] = pending
	go func() {
		value, err := m.look(strconv.FormatUint(uint64(id), 10))
		if err != nil {
			var none T
			value = none
		}
		pending <- value
	}()
	return pending
}

func (m *memory[T]) remember(id uint32, value T, now time.Time) {
	if len(m.answers) >= maxRemembered {
		clear(m.answers)
	}
	var none T
	keep := keepKnown
	if value == none {
		keep = keepAbsent
	}
	m.answers[id] = answer[T]{value, now.Add(keep)}
}
