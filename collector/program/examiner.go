package program

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/pkg/event"
)

var (
	errNoAnswer    = errors.New(NoAnswer)
	errShareUsedUp = errors.New(ShareUsedUp)
)

// Examiner makes all calls to a disk that users have a say in: for alerts, for the watch over
// programs, and around a hook. Each owner of hooks has its own share, so that no user's dead
// mounts or large files delay a call for another, let alone for root. It is for any number of
// goroutines.
type Examiner struct {
	root    string
	shares  *Shares
	examine func(root, value string, a allowance) View // in tests, a file system that does not answer

	mu    sync.Mutex // guards pools and what is in them; nothing is waited for while it is held
	pools map[string]*pool
}

// pool is what the calls for one owner share. The lock of the Examiner guards it.
type pool struct {
	maxHung int
	bytes   bucket
	time    bucket
	running int          // calls, those that hang included: each keeps a thread
	hanging int          // calls that nobody waits for any more
	hung    map[spot]int // of them, by place and by area
}

// spot is a place that calls are made to, or the area of the disk that it lies in.
type spot struct{ place, area string }

// commands are the calls of those who ask once.
var commands = NewExaminer("", nil)

// NewExaminer returns an Examiner of the disk below root. It notes in shares what is used up;
// nil does not.
func NewExaminer(root string, shares *Shares) *Examiner {
	return &Examiner{root: root, shares: shares, examine: examine, pools: map[string]*pool{}}
}

// Examine examines what a hook's value points to, for the owner of the hook: root, system,
// managed, or the home of a user. It takes no longer than the limit. Program.Unread
// says what it could not find out: [NoAnswer], [ShareUsedUp], or why the file can't be read.
func (x *Examiner) Examine(owner, value string, limit time.Duration) View {
	return x.examineBelow(x.root, owner, value, limit)
}

func (x *Examiner) examineBelow(root, owner, value string, limit time.Duration) View {
	begin, left := time.Now(), x.spendBytes(owner, 0)
	var v View
	err := x.Call(owner, value, limit, func() { v = x.examine(root, value, allowance{begin.Add(limit), left, maxHash, partsOf(owner)}) })
	if err != nil {
		return blankView(value, err.Error())
	}
	x.spendBytes(owner, v.read)
	if v.Program.Unread == ShareUsedUp {
		x.shares.noteUsedUp(owner, ShareBytes, begin)
	}
	return v
}

// Call runs f, which asks the disk about a place, for an owner of hooks, and waits for it no
// longer than the limit. With an error, f was not begun or has not returned: what it finds out
// must not be used. It is not begun where too many calls for that owner hang, or one to that
// place does, or where the owner's share of time is used up.
func (x *Examiner) Call(owner, place string, limit time.Duration, f func()) error {
	begin := time.Now()
	p, err := x.admitCall(owner, place, begin)
	if err != nil {
		return err
	}
	done, abandoned := make(chan struct{}), false
	go func() {
		f()
		x.mu.Lock()
		defer x.mu.Unlock()
		p.running--
		if abandoned {
			p.countHung(place, -1)
		}
		close(done)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	p.time.spend(now, now.Sub(begin).Seconds())
	select {
	case <-done:
		return nil
	default:
		abandoned = true
		p.countHung(place, 1)
		return errNoAnswer
	}
}

// admitCall returns the pool that a call was added to, or why there is no call.
func (x *Examiner) admitCall(owner, place string, now time.Time) (*pool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p := x.poolLocked(owner, now)
	switch {
	case p == nil, p.hanging >= p.maxHung, p.running >= 2*p.maxHung:
		x.shares.noteUsedUp(owner, ShareAnswers, now)
		return nil, errNoAnswer
	case p.hanging > 0 && (p.hung[spot{place: place}] > 0 || p.hung[spot{area: areaOf(place)}] >= maxAreaHung):
		return nil, errNoAnswer
	case p.time.left(now) <= 0:
		x.shares.noteUsedUp(owner, ShareTime, now)
		return nil, errShareUsedUp
	}
	p.running++
	return p, nil
}

// poolLocked returns the pool of an owner, nil if there are too many.
func (x *Examiner) poolLocked(owner string, now time.Time) *pool {
	key, limits := limitsOf(owner)
	if p := x.pools[key]; p != nil {
		return p
	}
	if len(x.pools) >= maxOwners {
		maps.DeleteFunc(x.pools, func(_ string, p *pool) bool { // those that are as good as new
			return p.running == 0 && p.time.left(now) >= p.time.most && p.bytes.left(now) >= p.bytes.most
		})
		if len(x.pools) >= maxOwners && key != Root {
			return nil
		}
	}
	p := &pool{maxHung: limits.hung, bytes: limits.bytes, time: limits.time, hung: map[spot]int{}}
	x.pools[key] = p
	return p
}

// countHung counts a call that nobody waits for any more, or its end.
func (p *pool) countHung(place string, n int) {
	p.hanging += n
	for _, key := range [...]spot{{place: place}, {area: areaOf(place)}} {
		if p.hung[key] += n; p.hung[key] == 0 {
			delete(p.hung, key)
		}
	}
}

// spendBytes notes that so many bytes were hashed for an owner, and returns how many more may be.
func (x *Examiner) spendBytes(owner string, n int64) (left int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	p := x.poolLocked(owner, now)
	if p == nil {
		return 0
	}
	p.bytes.spend(now, float64(n))
	return int64(min(max(0, p.bytes.left(now)), 1<<62))
}

// hasTime reports whether an owner's programs may be swept. Half of the share of time is for
// alerts.
func (x *Examiner) hasTime(owner string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	p := x.poolLocked(owner, now)
	if p != nil && p.time.left(now) >= p.time.most/2 {
		return true
	}
	x.shares.noteUsedUp(owner, ShareTime, now)
	return false
}

// areaOf returns the part of the disk that a place lies in: its first folder, and where users
// have folders in that, the second.
func areaOf(place string) string {
	name := path.Clean("/" + event.ProgramPath(place))
	if rest, ok := cutFolder(name, dataVolume); ok {
		name = rest
	}
	rest := strings.Split(strings.ToLower(name[1:]), "/")
	if len(rest) > 1 && slices.Contains([]string{"users", "volumes", "private"}, rest[0]) {
		return rest[0] + "/" + rest[1]
	}
	return rest[0]
}
