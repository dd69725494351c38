package program

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// The owners of hooks that no user can act for. They have one share together, the largest, and
// no user's use takes from it. Any other owner is the home of a user.
const (
	Root    = "root"    // root's preferences; "" means the same
	System  = "system"  // the computer's
	Managed = "managed" // what an administrator prescribes
)

// limits are the share of one owner of what examining programs costs.
type limits struct {
	hung    int    // calls to the disk at a time that nothing answers: each keeps a thread
	bytes   bucket // hashed for alerts
	time    bucket // seconds that the disk is waited for
	values  int    // programs that are watched
	parts   int    // files beside it of each, which every sweep looks at
	sweep   int64  // bytes of programs that one sweep reads; more waits for the next
	reports bucket // changes that sweeps report
}

// A home can set 134 hooks: two keys in each of the files that are read.
var (
	reservedLimits = limits{hung: 64, values: 1024, parts: 64, sweep: 64 << 20}
	userLimits     = limits{
		hung:    4,
		bytes:   bucket{most: 64 << 20, rate: 4 << 20}, // two of the largest files; a hundredth of a core
		time:    bucket{most: 10, rate: 0.1},
		values:  128,
		parts:   16,
		sweep:   8 << 20,
		reports: bucket{most: 64, rate: 1},
	}
)

const (
	// maxOwners bounds the owners that shares are kept of. No user can use that up: it takes as
	// many homes, and those are root's to make.
	maxOwners = 4096
	// maxAreaHung is how many calls may hang in one area of the disk: where users can mount
	// something there are a handful of these, and they use up no reserved share.
	maxAreaHung = 4
)

// isReserved reports whether an owner is none of the users.
func isReserved(owner string) bool {
	return owner == "" || owner == Root || owner == System || owner == Managed
}

// limitsOf returns whose share an owner has a part in, and how large it is.
func limitsOf(owner string) (key string, l limits) {
	if isReserved(owner) {
		return Root, reservedLimits
	}
	return owner, userLimits
}

func partsOf(owner string) int {
	_, l := limitsOf(owner)
	return l.parts
}

// What of a share is used up.
const (
	ShareValues  = "values"  // more hooks than are watched
	ShareBytes   = "bytes"   // more to read than is read in one go
	ShareTime    = "time"    // its programs take long to examine, or change without a stop
	ShareAnswers = "answers" // too many of its programs lie where nothing answers
	ShareReports = "reports" // more changes than are reported at once
	ShareCopies  = "copies"  // more scripts than copies are kept of
)

// Share is the beginning or the end of a time in which a share is used up.
type Share struct {
	Owner string // as the caller calls it: root, system, managed, or a home
	What  string
	On    bool // false: it is over
	Since time.Time
	Until time.Time // zero while it is on
}

const (
	// calm is how long a share must not be used up before that is over: what comes and goes
	// in a shorter time is one.
	calm = time.Minute
	// maxUsedUp bounds what is known to be used up. Some kinds for each home, and homes are
	// root's to make: no user comes near it.
	maxUsedUp = 4096
)

// Shares knows which shares are used up. It is for any number of goroutines; nil knows none.
type Shares struct {
	mu   sync.Mutex // guards used; nothing is waited for while it is held
	used map[shareKey]*usedUp
}

type shareKey struct{ owner, what string }

type usedUp struct {
	since, last time.Time
	reported    bool
}

// NewShares returns a Shares of which nothing is used up.
func NewShares() *Shares { return &Shares{used: map[shareKey]*usedUp{}} }

// noteUsedUp notes that a share is used up now.
func (s *Shares) noteUsedUp(owner, what string, now time.Time) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := shareKey{owner, what}
	u := s.used[key]
	if u == nil {
		if len(s.used) >= maxUsedUp {
			return
		}
		u = &usedUp{since: now}
		s.used[key] = u
	}
	u.last = now
}

// listTransitions returns what is used up, and what no longer is, since the last call: ends after
// beginnings, by owner.
func (s *Shares) listTransitions(now time.Time) []Share {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var begun, ended []Share
	for key, u := range s.used {
		if !u.reported {
			u.reported = true
			begun = append(begun, Share{Owner: key.owner, What: key.what, On: true, Since: u.since})
		}
		if now.Sub(u.last) >= calm {
			delete(s.used, key)
			ended = append(ended, Share{Owner: key.owner, What: key.what, Since: u.since, Until: u.last})
		}
	}
	for _, list := range [][]Share{begun, ended} {
		slices.SortFunc(list, func(a, b Share) int {
			return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.What, b.What))
		})
	}
	return append(begun, ended...)
}

// bucket is a share of something that is used up by use and comes back with time.
type bucket struct {
	most float64 // when nothing was used for long
	rate float64 // that comes back in a second; 0: it is never used up

	used float64
	at   time.Time // of used
}

// left returns how much may be used now; it is negative after too much was.
func (b *bucket) left(now time.Time) float64 {
	if b.rate == 0 {
		return math.Inf(1)
	}
	b.used = max(0, b.used-b.rate*max(0, now.Sub(b.at).Seconds()))
	b.at = now
	return b.most - b.used
}

// spend uses some of it.
func (b *bucket) spend(now time.Time, n float64) {
	b.left(now)
	b.used += n
}
