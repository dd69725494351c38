package spool

import (
	"cmp"
	"slices"
)

// Who goes when a bound is passed. The more an ordinary user has waiting, the earlier its alerts
// go: nobody can push out another's, and nobody at all root's. In this order:
//
//  1. of the user who has most, if that is more than an even part of the bound: a flood;
//  2. what is no alert (severity 0), the oldest first;
//  3. of the user who has most;
//  4. the rest.
//
// Of one share, and of the rest, the least severe goes first, of these the oldest.

// reserved are the shares of nobody who could flood them: they go after all users'.
var reserved = []string{"", "root", "system", "managed", "agent"}

// Claim is what counts of something that waits when a bound is passed.
type Claim struct {
	Share    string
	Severity int // 0 or more
	Size     int // bytes
}

// Evict returns the indexes of those that go from a list with the oldest first, so that at most so
// many are left, of so many bytes together.
func Evict(list []Claim, maxCount int, maxBytes int64) (indexes []int) {
	count, bytes := len(list), int64(0)
	for _, c := range list {
		bytes += int64(c.Size)
	}
	if count <= maxCount && bytes <= maxBytes {
		return nil
	}
	r := rankClaims(list)
	for count > 0 && (count > maxCount || bytes > maxBytes) {
		bound, amount := maxBytes, func(sh *share) int64 { return sh.bytes }
		if count > maxCount {
			bound, amount = int64(maxCount), func(sh *share) int64 { return int64(sh.count) }
		}
		i := r.nextIndex(bound, amount)
		count--
		bytes -= int64(list[i].Size)
		r.removeIndex(i)
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	return indexes
}

// ranking is a list in the order in which its claims go. Indexes are of the list.
type ranking struct {
	list    []Claim
	removed []bool
	all     []int // the least severe first, of these the oldest
	users   map[string]*share
}

// share is what one user has.
type share struct {
	name  string
	count int
	bytes int64
	all   []int // as ranking.all
}

func rankClaims(list []Claim) *ranking {
	r := &ranking{list: list, removed: make([]bool, len(list)), users: map[string]*share{}}
	for i := range list {
		r.all = append(r.all, i)
	}
	slices.SortStableFunc(r.all, func(a, b int) int { return cmp.Compare(list[a].Severity, list[b].Severity) })
	for _, i := range r.all {
		c := list[i]
		if slices.Contains(reserved, c.Share) {
			continue
		}
		sh := r.users[c.Share]
		if sh == nil {
			sh = &share{name: c.Share}
			r.users[c.Share] = sh
		}
		sh.count++
		sh.bytes += int64(c.Size)
		sh.all = append(sh.all, i)
	}
	return r
}

// nextIndex returns the index of the one that goes first because of a bound on what amount counts.
func (r *ranking) nextIndex(bound int64, amount func(*share) int64) int {
	var most *share
	for _, sh := range r.users {
		if most == nil || cmp.Or(cmp.Compare(amount(sh), amount(most)), cmp.Compare(most.name, sh.name)) > 0 {
			most = sh
		}
	}
	first := r.firstLeft(&r.all)
	if most == nil || r.list[first].Severity == 0 && amount(most)*int64(len(r.users)+1) <= bound {
		return first
	}
	return r.firstLeft(&most.all)
}

// firstLeft returns the first index of a list that was not removed. There is one.
func (r *ranking) firstLeft(indexes *[]int) int {
	for r.removed[(*indexes)[0]] {
		*indexes = (*indexes)[1:]
	}
	return (*indexes)[0]
}

func (r *ranking) removeIndex(i int) {
	r.removed[i] = true
	if sh := r.users[r.list[i].Share]; sh != nil {
		sh.bytes -= int64(r.list[i].Size)
		if sh.count--; sh.count == 0 {
			delete(r.users, sh.name)
		}
	}
}
