package detect

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"hooksnare/detect/rules"
)

// budgetWindow is the time for which every bound on alerts counts.
const budgetWindow = 5 * time.Minute

// How many documents a share gives in one window, whatever its rules allow: alerts, updates,
// begins and ends alike. What one user can do by commands and by files together stays below
// 200, as every document costs its room in the local log and in the spool.
const (
	maxUserDocuments      = 120
	maxHomeDocuments      = 60
	maxConditionDocuments = 10
	// maxReservedUpdates bounds updates only: alerts of reserved shares have max_signals alone.
	maxReservedUpdates = 1000
)

// Bounds of what is remembered of one share in one window.
const (
	maxFirsts    = 16384 // alerts that are given whatever else there was
	maxItems     = 8     // of each kind that a summary shows
	maxItemBytes = 512   // of one text of an item
)

// Budget bounds how many documents there are, for each share by itself. What is held back
// is counted, and reported in one summary. The zero value is ready; it is for one goroutine.
type Budget struct {
	shares map[Share]*spending
	ended  []*Held
}

// spending is what a share has used of one window.
type spending struct {
	until     time.Time
	documents int
	alerts    map[string]int    // by rule
	firsts    map[Sameness]bool // of alerts that are given whatever else there was
	held      *Held             // nil: nothing was held back
}

// Held is what was held back of one share in one window.
type Held struct {
	Share       Share
	Rule        *rules.Rule // the most severe of those held back
	Count       int
	First, Last time.Time
	Rules       map[string]int // alerts, by rule
	Newest      []Item         // the latest first
	Severest    []Item         // the most severe first, of equals the latest
}

// Allow counts a finding's alert and reports whether it may be given. One that may not is
// in the summary.
func (b *Budget) Allow(f *Finding, at time.Time) bool {
	share := f.Share()
	s := b.spendingOf(share, at)
	if isFirst := s.noteFirst(f); !isFirst && s.isSpent(share, f.Rule) {
		s.holdBack(share, f, at)
		return false
	}
	s.alerts[f.Rule.ID]++
	s.documents++
	return true
}

// Spent reports whether no further alert of a rule could be given to a share, so that it
// need not be looked at closely. Hold counts it then.
func (b *Budget) Spent(f *Finding, at time.Time) bool {
	share := f.Share()
	return !f.NeverHeld() && b.spendingOf(share, at).isSpent(share, f.Rule)
}

// Hold counts a finding among those that were held back.
func (b *Budget) Hold(f *Finding, at time.Time) {
	share := f.Share()
	b.spendingOf(share, at).holdBack(share, f, at)
}

// Update counts an update and reports whether it may be given now.
func (b *Budget) Update(share Share, at time.Time) bool {
	s := b.spendingOf(share, at)
	most := maxDocuments(share)
	if share.Reserved() {
		most = maxReservedUpdates + len(s.firsts)
	}
	if s.documents >= most {
		return false
	}
	s.documents++
	return true
}

// spendingOf returns what a share has used of its window.
func (b *Budget) spendingOf(share Share, at time.Time) *spending {
	s := b.shares[share]
	if s != nil && at.Before(s.until) {
		return s
	}
	if b.shares == nil {
		b.shares = map[Share]*spending{}
	}
	if s != nil && s.held != nil {
		b.ended = append(b.ended, s.held)
	}
	s = &spending{until: at.Add(budgetWindow), alerts: map[string]int{}}
	b.shares[share] = s
	return s
}

// maxDocuments returns how many documents a share gives in a window.
func maxDocuments(share Share) int {
	switch {
	case share.Reserved():
		return math.MaxInt
	case share.Condition():
		return maxConditionDocuments
	case strings.HasPrefix(string(share), homeShare):
		return maxHomeDocuments
	}
	return maxUserDocuments
}

func (s *spending) isSpent(share Share, r *rules.Rule) bool {
	return s.alerts[r.ID] >= r.MaxSignals || s.documents >= maxDocuments(share)
}

// noteFirst reports whether an alert is the first of its file, key and value in preferences
// that no ordinary user can write, and notes it.
func (s *spending) noteFirst(f *Finding) bool {
	if !f.NeverHeld() {
		return false
	}
	i, h := f.Item(), newSameness()
	h.addTexts(i.Rule, i.File, i.Key, i.Value)
	if f.Record.State != nil && f.Record.State.Change == nil {
		same := f.Same() // a program or a file that can't be read: what is the matter with it
		h.addTexts(string(same[:]))
	}
	first := h.sum()
	if s.firsts[first] || len(s.firsts) == maxFirsts {
		return false
	}
	if s.firsts == nil {
		s.firsts = map[Sameness]bool{}
	}
	s.firsts[first] = true
	return true
}

func (s *spending) holdBack(share Share, f *Finding, at time.Time) {
	h := s.held
	if h == nil {
		h = &Held{Share: share, Rule: f.Rule, First: at, Rules: map[string]int{}}
		s.held = h
	}
	h.Count++
	h.Last = at
	if h.Rules[f.Rule.ID]++; f.Rule.Severity.Number() > h.Rule.Severity.Number() {
		h.Rule = f.Rule
	}
	i := f.Item()
	for _, text := range []*string{&i.File, &i.Key, &i.Value} {
		*text = strings.Clone(wholeRunes(*text, maxItemBytes))
	}
	h.Newest = slices.Insert(h.Newest, 0, i)[:min(len(h.Newest)+1, maxItems)]
	n, _ := slices.BinarySearchFunc(h.Severest, i.Severity, func(o Item, severity int) int { return -cmp.Compare(o.Severity, severity) })
	h.Severest = slices.Insert(h.Severest, n, i)
	h.Severest = h.Severest[:min(len(h.Severest), maxItems)]
}

// Due returns the summaries of every window that has ended, in order of their beginning;
// with all set, of every window.
func (b *Budget) Due(now time.Time, all bool) []*Held {
	out := b.ended
	b.ended = nil
	for share, s := range b.shares {
		if !all && now.Before(s.until) {
			continue
		}
		delete(b.shares, share)
		if s.held != nil {
			out = append(out, s.held)
		}
	}
	slices.SortFunc(out, func(a, b *Held) int {
		return cmp.Or(a.First.Compare(b.First), strings.Compare(string(a.Share), string(b.Share)))
	})
	return out
}

// Holding returns the shares of which something was held back in a window that has not
// ended, with how much.
func (b *Budget) Holding() map[Share]int {
	out := map[Share]int{}
	for share, s := range b.shares {
		if s.held != nil {
			out[share] = s.held.Count
		}
	}
	return out
}
