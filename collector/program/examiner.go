package program

import (
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds on what an Examiner has under way: each examination keeps a thread, those that
// nobody waits for any more included.
const (
	reservedSlots = 64 // of root's, of the computer's and of managed hooks, each
	userSlots     = 4  // of one user's
	// maxAreaHung is how many may hang of the reserved hooks in one area of the disk: where users
	// can mount something there are a handful of these, and they use up no pool.
	maxAreaHung = 4
	// maxPools bounds the users whose share is not whole. No user can use that up: it takes as
	// many homes, and those are root's to make.
	maxPools = 4096
)

// What a user's examinations may take, few at a time as they are.
const (
	userBytes     = 64 << 20 // hashed at once: two of the largest files there are
	userBytesRate = 4 << 20  // that come back in a second: a hundredth of a core
	userTime      = 10.0     // seconds of waiting at once
	userTimeRate  = 0.1      // that come back in a second: a tenth of the time
)

// Examiner examines programs for the owners of hooks, each with its own share, so that no
// user's dead mounts or large files delay the examination of another's program, let alone
// of root's. It is for any number of goroutines.
type Examiner struct {
	root    string
	shares  *Shares
	examine func(root, value string, a allowance) View // in tests, a file system that does not answer

	mu    sync.Mutex // guards pools and what is in them; nothing is waited for while it is held
	pools map[string]*pool
}

// pool is what an owner's examinations share.
type pool struct {
	slots chan struct{}
	hung  map[string]int // examinations that nobody waits for any more, by value and by area
	total int            // of them
	bytes bucket
	time  bucket
}

// NewExaminer returns an Examiner of programs on the disk below root. It notes in shares what
// is used up; nil does not.
func NewExaminer(root string, shares *Shares) *Examiner {
	return &Examiner{root: root, shares: shares, examine: examine, pools: map[string]*pool{}}
}

// Examine examines what a hook's value points to, for the owner of the hook: root, system,
// managed, or the home of a user. It takes no longer than the limit. Program.Unread
// says what it could not find out: [NoAnswer], at once where too many of the owner's
// examinations hang or this one does, [ShareUsedUp], or why the file can't be read.
func (x *Examiner) Examine(owner, value string, limit time.Duration) View {
	begin := time.Now()
	p, why := x.admitOwner(owner, value, begin)
	if p == nil {
		return blankView(value, why)
	}
	v, pending, ok := callWithin(p.slots, true, limit, func() View {
		v := x.examine(x.root, value, allowance{begin.Add(limit), x.bytesLeft(p)})
		x.spend(&p.bytes, float64(v.read))
		return v
	})
	x.spend(&p.time, time.Since(begin).Seconds())
	if pending != nil {
		x.countHung(p, value, 1)
		go func() {
			<-pending
			x.countHung(p, value, -1)
		}()
	}
	if !ok {
		return blankView(value, NoAnswer)
	}
	if v.Program.Unread == ShareUsedUp {
		x.shares.noteUsedUp(owner, ShareBytes, begin)
	}
	return v
}

// admitOwner returns the pool of an owner, or why there is no examination.
func (x *Examiner) admitOwner(owner, value string, now time.Time) (*pool, string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p := x.pools[owner]
	if p == nil {
		if x.makeRoomLocked(now); len(x.pools) >= maxPools && !isReserved(owner) {
			x.shares.noteUsedUp(owner, ShareAnswers, now)
			return nil, NoAnswer
		}
		p = newPool(isReserved(owner))
		x.pools[owner] = p
	}
	switch {
	case p.total >= cap(p.slots):
		x.shares.noteUsedUp(owner, ShareAnswers, now)
		return nil, NoAnswer
	case p.hung[valueKey(value)] > 0 || p.hung[areaKey(value)] >= maxAreaHung:
		return nil, NoAnswer
	case p.time.left(now) <= 0:
		x.shares.noteUsedUp(owner, ShareTime, now)
		return nil, ShareUsedUp
	}
	return p, ""
}

func newPool(reserved bool) *pool {
	if reserved {
		return &pool{slots: make(chan struct{}, reservedSlots), hung: map[string]int{}}
	}
	return &pool{
		slots: make(chan struct{}, userSlots), hung: map[string]int{},
		bytes: bucket{most: userBytes, rate: userBytesRate}, time: bucket{most: userTime, rate: userTimeRate},
	}
}

// bytesLeft returns how many bytes of a file may be hashed.
func (x *Examiner) bytesLeft(p *pool) int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return int64(min(max(0, p.bytes.left(time.Now())), 1<<62))
}

func (x *Examiner) spend(b *bucket, n float64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b.spend(time.Now(), n)
}

// makeRoomLocked drops the pools that are as good as new, if there are many.
func (x *Examiner) makeRoomLocked(now time.Time) {
	if len(x.pools) < maxPools {
		return
	}
	maps.DeleteFunc(x.pools, func(_ string, p *pool) bool {
		return len(p.slots) == 0 && p.time.left(now) >= userTime && p.bytes.left(now) >= userBytes
	})
}

// countHung counts an examination that nobody waits for any more, or its end.
func (x *Examiner) countHung(p *pool, value string, n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p.total += n
	for _, key := range []string{valueKey(value), areaKey(value)} {
		if p.hung[key] += n; p.hung[key] == 0 {
			delete(p.hung, key)
		}
	}
}

func valueKey(value string) string { return "value " + value }

func areaKey(value string) string { return "area " + areaOf(value) }

// areaOf returns the part of the disk that a value leads to: its first folder, and where users
// have folders in that, the second.
func areaOf(value string) string {
	name := path.Clean("/" + firstWord(value))
	if rest, ok := cutFolder(name, dataVolume); ok {
		name = rest
	}
	rest := strings.Split(strings.ToLower(name[1:]), "/")
	if len(rest) > 1 && slices.Contains([]string{"users", "volumes", "private"}, rest[0]) {
		return rest[0] + "/" + rest[1]
	}
	return rest[0]
}
