package program

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds on what an Examiner has under way: each examination keeps a thread, those that
// nobody waits for any more included.
const (
	reservedLooks = 64 // of root's, of the computer's and of managed hooks, each
	userLooks     = 4  // of one user's
	// areaLooks is how many may hang of the reserved hooks in one area of the disk: where users
	// can mount something there are a handful of these, and they use up no pool.
	areaLooks = 4
	// maxPools bounds the users whose share is not whole. No user can use that up: it takes as
	// many homes, and those are root's to make.
	maxPools = 4096
)

// What a user's examinations may take beside being few at a time.
const (
	userBytes     = 64 << 20 // hashed at once: two of the largest files there are
	userBytesRate = 4 << 20  // that come back in a second: a hundredth of a core
	userTime      = 10.0     // seconds of waiting at once
	userTimeRate  = 0.1      // that come back in a second: a tenth of the time
)

// Examiner examines programs for the owners of hooks, each with a share of its own, so that
// no user's dead mounts or large files hold up the look at another's program, let alone at
// root's. It is for any number of goroutines.
type Examiner struct {
	root   string
	shares *Shares
	see    func(root, value string, a allowance) Sight // in tests, a file system that does not answer

	mu    sync.Mutex // guards pools and what is in them; nothing is waited for while it is held
	pools map[string]*pool
}

// pool is what an owner's examinations share.
type pool struct {
	slots chan struct{}
	hung  map[string]int // examinations that nobody waits for any more, by value
	areas map[string]int // these, by area
	late  int            // all of these
	under int            // calls of Examine and examinations under way
	user  bool
	bytes bucket
	time  bucket
}

// NewExaminer returns an Examiner of programs on the disk below root. It notes in shares what
// is used up; nil does not.
func NewExaminer(root string, shares *Shares) *Examiner {
	return &Examiner{root: root, shares: shares, see: see, pools: map[string]*pool{}}
}

// Examine looks at what a hook's value points to, for the owner of the hook: root, system,
// managed, or the home of a user. It takes no longer than the limit. What it could not find
// out is said in Program.Unread: [NoAnswer], at once where too many of the owner's
// examinations hang or this one does, [ShareUsedUp], or why the file can't be read.
func (x *Examiner) Examine(owner, value string, limit time.Duration) Sight {
	begin := time.Now()
	until := begin.Add(limit)
	p, why := x.enter(owner, value, begin)
	if p == nil {
		return blank(value, why)
	}
	defer x.leave(p, begin)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
	default:
		select {
		case p.slots <- struct{}{}:
		case <-timer.C:
			return blank(value, NoAnswer)
		}
	}
	e := &examination{x: x, value: value, pool: p, got: make(chan Sight, 1)}
	e.a = allowance{until, x.allowed(p, begin)}
	x.mu.Lock()
	p.under++
	x.mu.Unlock()
	go e.run()
	select {
	case s := <-e.got:
		if s.Program.Unread == ShareUsedUp {
			x.shares.note(owner, ShareBytes, begin)
		}
		return s
	case <-timer.C:
		e.giveUp()
		return blank(value, NoAnswer)
	}
}

// enter returns the pool of an owner, or why there is no examination.
func (x *Examiner) enter(owner, value string, now time.Time) (*pool, string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p := x.pools[owner]
	if p == nil {
		if x.makeRoom(now); len(x.pools) >= maxPools && !reserved(owner) {
			x.shares.note(owner, ShareAnswers, now)
			return nil, NoAnswer
		}
		p = newPool(!reserved(owner))
		x.pools[owner] = p
	}
	switch {
	case p.late >= cap(p.slots):
		x.shares.note(owner, ShareAnswers, now)
		return nil, NoAnswer
	case p.hung[value] > 0 || p.areas[area(value)] >= areaLooks:
		return nil, NoAnswer
	case p.user && p.time.left(now) <= 0:
		x.shares.note(owner, ShareTime, now)
		return nil, ShareUsedUp
	}
	p.under++
	return p, ""
}

func newPool(user bool) *pool {
	p := &pool{slots: make(chan struct{}, reservedLooks), hung: map[string]int{}, areas: map[string]int{}, user: user}
	if user {
		p.slots = make(chan struct{}, userLooks)
		p.bytes = bucket{most: userBytes, rate: userBytesRate}
		p.time = bucket{most: userTime, rate: userTimeRate}
	}
	return p
}

// allowed returns how many bytes of a file may be hashed.
func (x *Examiner) allowed(p *pool, now time.Time) int64 {
	if !p.user {
		return maxHash
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return int64(max(0, p.bytes.left(now)))
}

// leave ends a call, and counts what it took.
func (x *Examiner) leave(p *pool, begin time.Time) {
	now := time.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	if p.user {
		p.time.spend(now, now.Sub(begin).Seconds())
	}
	p.under--
}

// makeRoom drops the pools that are as good as new, if there are many.
func (x *Examiner) makeRoom(now time.Time) {
	if len(x.pools) < maxPools {
		return
	}
	maps.DeleteFunc(x.pools, func(_ string, p *pool) bool {
		return p.user && p.under == 0 && p.time.left(now) >= userTime && p.bytes.left(now) >= userBytes
	})
}

// examination is one that is under way.
type examination struct {
	x     *Examiner
	value string
	pool  *pool
	a     allowance
	got   chan Sight

	late, done bool // guarded by the Examiner's lock
}

func (e *examination) run() {
	s := e.x.see(e.x.root, e.value, e.a)
	now, p := time.Now(), e.pool
	e.x.mu.Lock()
	e.done = true
	if p.user {
		p.bytes.spend(now, float64(s.read))
	}
	if e.late {
		p.late--
		lower(p.hung, e.value)
		lower(p.areas, area(e.value))
	}
	p.under--
	e.x.mu.Unlock()
	e.got <- s
	<-p.slots
}

// giveUp notes that nobody waits for it any more.
func (e *examination) giveUp() {
	e.x.mu.Lock()
	defer e.x.mu.Unlock()
	if e.done {
		return
	}
	e.late = true
	e.pool.late++
	e.pool.hung[e.value]++
	e.pool.areas[area(e.value)]++
}

// lower takes one from a count.
func lower(counts map[string]int, key string) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}

// area returns the part of the disk that a value leads to: its first folder, and where users
// have folders in that, the second.
func area(value string) string {
	rest := elements(firstWord(value))
	if len(rest) > 3 && strings.EqualFold("/"+strings.Join(rest[:3], "/"), dataVolume) {
		rest = rest[3:]
	}
	switch {
	case len(rest) == 0:
		return ""
	case len(rest) > 1 && slices.ContainsFunc([]string{"Users", "Volumes", "private"}, func(s string) bool { return strings.EqualFold(s, rest[0]) }):
		return strings.ToLower(rest[0] + "/" + rest[1])
	}
	return strings.ToLower(rest[0])
}
