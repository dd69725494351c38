package chain

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// sum is the first half of a SHA-256: enough to tell documents apart.
type sum [16]byte

// run is documents of consecutive numbers. Of all but the first and the last nothing is kept.
type run struct {
	first, last uint64
	previous    sum  // that the first one names; zero for none
	sum         sum  // of the last one
	joined      bool // it was compared with the run that ends just before it
}

func runOf(l Link, document []byte) run {
	r := run{first: l.Sequence, last: l.Sequence}
	whole := sha256.Sum256(document)
	copy(r.sum[:], whole[:])
	hex.Decode(r.previous[:], []byte(l.Previous[:min(len(l.Previous), 2*len(r.previous))]))
	return r
}

// compare sorts runs by number, the longest first of those that begin with the same.
func (r run) compare(o run) int {
	return cmp.Or(cmp.Compare(r.first, o.first), cmp.Compare(o.last, r.last),
		bytes.Compare(r.sum[:], o.sum[:]), bytes.Compare(r.previous[:], o.previous[:]))
}

// same reports whether a document may be one of a run that has its number: it is, as far as is
// known of that.
func (r *run) same(document run) bool {
	return (document.last != r.last || document.sum == r.sum) && (document.first != r.first || document.previous == r.previous)
}

// history is what is known of one chain.
type history struct {
	runs    []run
	added   int // documents
	repeats int

	forgotten   uint64 // numbers missing in gaps that are not in runs any more
	conflicts   []uint64
	conflicting int
	broken      []uint64
	breaks      int
}

// fold sorts the runs, compares each with what comes before it, and joins those that follow
// each other, but the last ones: so many are kept as they are.
func (h *history) fold(keep int) {
	slices.SortFunc(h.runs, run.compare)
	out := h.runs[:0]
	var before run
	var others []sum // of different documents with the number that out ends with
	for i, r := range h.runs {
		last := len(out) - 1
		same := i > 0 && r.compare(before) == 0
		before = r
		switch {
		case same:
			h.repeats++
			continue
		case last >= 0 && r.last <= out[last].last:
			if h.addRepeat(&out[last], r) {
				others = append(others, r.sum)
			}
			continue
		case last >= 0 && r.first == out[last].last+1:
			if !r.joined && r.previous != out[last].sum && !slices.Contains(others, r.previous) {
				h.breaks++
				h.broken = appendExample(h.broken, r.first)
			}
			r.joined = true
		}
		others = others[:0]
		if r.joined && i < len(h.runs)-keep {
			out[last].last, out[last].sum = r.last, r.sum
		} else {
			out = append(out, r)
		}
	}
	clear(h.runs[len(out):])
	h.runs = out
}

// addRepeat takes a document whose number is in a run. It reports whether it has the last number
// of that, and another content.
func (h *history) addRepeat(known *run, r run) (other bool) {
	if known.same(r) {
		h.repeats++
		return false
	}
	if !slices.Contains(h.conflicts, r.first) {
		h.conflicting++
		h.conflicts = appendExample(h.conflicts, r.first)
	}
	return r.last == known.last
}

func appendExample(list []uint64, sequence uint64) []uint64 {
	if len(list) < maxExamples {
		list = append(list, sequence)
	}
	return list
}

// forgetGaps forgets where the oldest gaps are when there are too many, but not how large.
func (h *history) forgetGaps(most int) {
	n := len(h.runs) - most
	if n <= 0 {
		return
	}
	for i := range n {
		h.forgotten += h.runs[i+1].first - h.runs[i].last - 1
	}
	h.runs[n].first, h.runs[n].previous, h.runs[n].joined = h.runs[0].first, h.runs[0].previous, false
	h.runs = slices.Delete(h.runs, 0, n)
}

// findings are of runs that are folded.
func (h *history) findings() Findings {
	first, last := h.runs[0], h.runs[len(h.runs)-1]
	f := Findings{
		First: first.first, Last: last.last, Documents: h.added - h.repeats, Missing: h.forgotten,
		Conflicts: slices.Clone(h.conflicts), Conflicting: h.conflicting,
		Broken: slices.Clone(h.broken), Breaks: h.breaks,
	}
	if first.first == 1 && first.previous != (sum{}) { // there is none before the first
		f.Breaks++
		f.Broken = append([]uint64{1}, f.Broken[:min(len(f.Broken), maxExamples-1)]...)
	}
	for i := 1; i < len(h.runs); i++ {
		if from, to := h.runs[i-1].last+1, h.runs[i].first-1; from <= to {
			f.Missing += to - from + 1
			f.Gaps = append(f.Gaps, Range{from, to})
		}
	}
	f.Gaps = f.Gaps[max(0, len(f.Gaps)-maxExamples):]
	slices.Sort(f.Conflicts)
	slices.Sort(f.Broken)
	return f
}

// has reports whether a run ends with a document of that number and hash.
func (h *history) has(sequence uint64, s sum) bool {
	i, _ := slices.BinarySearchFunc(h.runs, sequence, func(r run, n uint64) int { return cmp.Compare(r.last, n) })
	return i < len(h.runs) && h.runs[i].last == sequence && h.runs[i].sum == s
}
