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

func isUser(share string) bool { return !slices.Contains(reserved, share) }

// Claim is what counts of something that waits when a bound is passed.
type Claim struct {
	Share    string
	Severity int
	Size     int
}

// FirstToGo returns the place of the one that goes first because of a bound that is passed, of
// a list with the oldest first; -1 for an empty one. The bound is of their number, or of
// their bytes.
func FirstToGo(list []Claim, bound int64, ofBytes bool) int {
	shares := map[string]int64{}
	for _, c := range list {
		if isUser(c.Share) {
			shares[c.Share] += c.amount(ofBytes)
		}
	}
	most, flood := largest(shares, bound)
	if flood {
		return leastOf(list, func(c Claim) bool { return c.Share == most })
	}
	if i := slices.IndexFunc(list, func(c Claim) bool { return c.Severity <= 0 }); i >= 0 {
		return i
	}
	if most != "" {
		return leastOf(list, func(c Claim) bool { return c.Share == most })
	}
	return leastOf(list, func(Claim) bool { return true })
}

func (c Claim) amount(ofBytes bool) int64 {
	if ofBytes {
		return int64(c.Size)
	}
	return 1
}

// largest returns the user who has most, "" without one, and whether that is a flood.
func largest(users map[string]int64, bound int64) (share string, flood bool) {
	for name, n := range users {
		if share == "" || cmp.Or(cmp.Compare(n, users[share]), cmp.Compare(share, name)) > 0 {
			share = name
		}
	}
	return share, share != "" && users[share]*int64(len(users)+1) > bound
}

// leastOf returns the place of the first of the least severe.
func leastOf(list []Claim, of func(Claim) bool) int {
	least := -1
	for i, c := range list {
		if of(c) && (least < 0 || c.Severity < list[least].Severity) {
			least = i
		}
	}
	return least
}

// backlog is what waits in one queue, by share.
type backlog map[string]*share

// share is what waits of one share.
type share struct {
	alerts int
	bytes  int64
	levels map[uint16]*severest // by severity
}

// severest helps to find the oldest of a severity: it is not below from.
type severest struct {
	live int
	from uint64
}

// enter takes account of a record that waits.
func (b backlog) enter(r *record) {
	sh := b[r.share]
	if sh == nil {
		sh = &share{levels: map[uint16]*severest{}}
		b[r.share] = sh
	}
	sh.alerts++
	sh.bytes += int64(r.size)
	l := sh.levels[r.sev]
	if l == nil {
		l = &severest{from: r.seq}
		sh.levels[r.sev] = l
	}
	l.live++
	l.from = min(l.from, r.seq)
}

// leave takes account of a record that waits no more.
func (b backlog) leave(r *record) {
	sh := b[r.share]
	sh.alerts--
	sh.bytes -= int64(r.size)
	if l := sh.levels[r.sev]; l.live > 1 {
		l.live--
	} else {
		delete(sh.levels, r.sev)
	}
	if sh.alerts == 0 {
		delete(b, r.share)
	}
}

// victim returns the alert of a queue that goes first, as FirstToGo; nil when none waits.
func (s *Spool) victim(q *Queue, bound int64, ofBytes bool) *record {
	users := map[string]int64{}
	for name, sh := range q.backlog {
		if isUser(name) {
			users[name] = int64(sh.alerts)
			if ofBytes {
				users[name] = sh.bytes
			}
		}
	}
	most, flood := largest(users, bound)
	if flood {
		return s.least(q, most)
	}
	if r := s.oldestOf(q, 0, q.shares()...); r != nil {
		return r
	}
	if most != "" {
		return s.least(q, most)
	}
	return s.least(q, q.shares()...)
}

func (q *Queue) shares() (names []string) {
	for name := range q.backlog {
		names = append(names, name)
	}
	return names
}

// least returns the oldest of the least severe alerts of shares, nil when there is none.
func (s *Spool) least(q *Queue, shares ...string) *record {
	found, least := false, uint16(0)
	for _, name := range shares {
		for sev := range q.backlog[name].levels {
			if !found || sev < least {
				found, least = true, sev
			}
		}
	}
	if !found {
		return nil
	}
	return s.oldestOf(q, least, shares...)
}

// oldestOf returns the oldest alert of a severity and of shares, nil when there is none.
func (s *Spool) oldestOf(q *Queue, sev uint16, shares ...string) *record {
	var oldest *record
	for _, name := range shares {
		l := q.backlog[name].levels[sev]
		if l == nil || oldest != nil && l.from > oldest.seq {
			continue
		}
		for i := s.index.at(l.from); i < len(s.index.recs); i++ {
			r := &s.index.recs[i]
			if r.mask&q.bit == 0 || r.sev != sev || r.share != name {
				continue
			}
			l.from = r.seq
			if oldest == nil || r.seq < oldest.seq {
				oldest = r
			}
			break
		}
	}
	return oldest
}
