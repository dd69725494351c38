package main

import (
	"slices"
	"sort"
)

// Bounds of what is remembered of one chain.
const (
	maxSpans  = 128 // stretches without a gap
	maxRecent = 8   // documents whose content can still be compared with a repeat
	maxBroken = 10  // places that are named; all are counted
)

// span is a stretch of numbers without a gap. Of its documents only what its neighbours
// have to match is kept, so that memory grows with the gaps and not with the documents.
type span struct {
	first, last uint64
	previous    sum // that the first one names
	named       bool
	sum         sum // of the last one
}

// chain is one chain of one Mac.
type chain struct {
	spans   []span // in order, gaps between them
	recent  []recent
	broken  []uint64 // numbers whose document names another hash than that of the one before
	breaks  int
	clashes []uint64 // numbers that different documents have
	clashed int
	settled uint64 // missing in gaps that are not remembered any more
	repeats uint64
}

type recent struct {
	sequence uint64
	sum      sum
}

// add takes a document's place. It may come in any order and more than once.
func (c *chain) add(sequence uint64, previous sum, named bool, own sum) {
	i := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].last >= sequence })
	if i < len(c.spans) && c.spans[i].first <= sequence {
		c.repeat(&c.spans[i], sequence, own)
		return
	}
	c.remember(sequence, own)
	joins, meets := false, false // the one before, the one behind
	if i > 0 && c.spans[i-1].last+1 == sequence {
		joins = true
		if named && previous != c.spans[i-1].sum {
			c.broke(sequence)
		}
	}
	if i < len(c.spans) && c.spans[i].first == sequence+1 {
		meets = true
		if c.spans[i].named && c.spans[i].previous != own {
			c.broke(sequence + 1)
		}
	}
	switch {
	case joins && meets:
		c.spans[i-1].last, c.spans[i-1].sum = c.spans[i].last, c.spans[i].sum
		c.spans = slices.Delete(c.spans, i, i+1)
	case joins:
		c.spans[i-1].last, c.spans[i-1].sum = sequence, own
	case meets:
		c.spans[i].first, c.spans[i].previous, c.spans[i].named = sequence, previous, named
	default:
		c.spans = slices.Insert(c.spans, i, span{sequence, sequence, previous, named, own})
		c.shorten()
	}
}

// shorten forgets where the oldest gap is, when there are too many, but not how large.
func (c *chain) shorten() {
	if len(c.spans) <= maxSpans {
		return
	}
	c.settled += c.spans[1].first - c.spans[0].last - 1
	c.spans[1].first, c.spans[1].previous, c.spans[1].named = c.spans[0].first, c.spans[0].previous, c.spans[0].named
	c.spans = slices.Delete(c.spans, 0, 1)
}

func (c *chain) remember(sequence uint64, own sum) {
	if len(c.recent) == maxRecent {
		c.recent = slices.Delete(c.recent, 0, 1)
	}
	c.recent = append(c.recent, recent{sequence, own})
}

// repeat takes a number that was seen: the same document again, or another one.
func (c *chain) repeat(s *span, sequence uint64, own sum) {
	known := sequence == s.last && s.sum != own
	for _, r := range c.recent {
		known = known || r.sequence == sequence && r.sum != own
	}
	if !known {
		c.repeats++
		return
	}
	c.clashed++
	if len(c.clashes) < maxBroken && !slices.Contains(c.clashes, sequence) {
		c.clashes = append(c.clashes, sequence)
	}
}

func (c *chain) broke(sequence uint64) {
	c.breaks++
	if len(c.broken) < maxBroken {
		c.broken = append(c.broken, sequence)
	}
}

// missing counts the numbers between the first and the last that no document has.
func (c *chain) missing() uint64 {
	n := c.settled
	for i := 1; i < len(c.spans); i++ {
		n += c.spans[i].first - c.spans[i-1].last - 1
	}
	return n
}
