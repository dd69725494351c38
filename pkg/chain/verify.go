package chain

import (
	"cmp"
	"maps"
	"slices"
)

// Range is a range of numbers, both ends included.
type Range struct{ First, Last uint64 }

// Findings are what a Verifier found out about one chain. A list holds a hundred at most; the
// count beside it is of all.
type Findings struct {
	Chain       string
	First, Last uint64
	Follows     string // the chain whose last document is the one before First; "" when none is known
	Documents   int    // different ones
	Missing     uint64 // numbers between First and Last that no document has
	Gaps        []Range
	Conflicts   []uint64 // numbers that different documents have
	Conflicting int
	Broken      []uint64 // numbers whose document names another hash than that of the one before
	Breaks      int
}

// OK reports whether nothing is missing, changed or there with different content.
func (f Findings) OK() bool { return f.Missing == 0 && f.Conflicting == 0 && f.Breaks == 0 }

// Verdict is what a Verifier found out.
type Verdict struct {
	Chains    []Findings // in order of their first number
	Documents int        // given to Add
	Repeats   int        // the same document once more
	Malformed int        // whose chain, number or hash can't be one
	Overflow  int        // of chains beyond MaxChains: not checked
}

// OK reports whether every document was checked and every chain is whole.
func (v Verdict) OK() bool {
	return v.Malformed == 0 && v.Overflow == 0 && !slices.ContainsFunc(v.Chains, func(f Findings) bool { return !f.OK() })
}

// Bounds of what a Verifier remembers.
const (
	defaultChains = 1024
	defaultWindow = 1 << 20 // documents
	maxRuns       = 4 << 20 // of all chains: 235 MB
	gapsPerWindow = 8       // gaps that are remembered of a chain, for each document of the window
	maxExamples   = 100     // of each finding
)

// Verifier checks documents against their chains. They may come in any order and any number of
// times. The zero value is ready; it is for one goroutine.
//
// A document that follows from the one before it takes no memory for long: of consecutive
// documents only what their neighbours have to match is kept, so that memory grows with the
// gaps. What no longer fits is still counted: of gaps beyond the bound only the size is known.
type Verifier struct {
	MaxChains int // 0 for 1024

	// Window is how many documents of a chain are kept one by one. One that has the number of
	// another is compared with it while that is kept; later it counts as its repeat. The newest
	// numbers stay for half a window, or less where there are many chains. 0 for a million.
	Window int

	chains    map[string]*history
	runs      int // of all chains
	foldAt    int // how many runs there are when they are folded
	added     int
	malformed int
	overflow  int
}

// Add takes a document and its place. It reports whether that can be a place and was taken;
// what was not is counted.
func (v *Verifier) Add(l Link, document []byte) bool {
	v.added++
	if l.Check() != nil {
		v.malformed++
		return false
	}
	h := v.chains[l.Chain]
	if h == nil && len(v.chains) >= cmp.Or(v.MaxChains, defaultChains) {
		v.overflow++
		return false
	}
	if h == nil {
		if v.chains == nil {
			v.chains = map[string]*history{}
		}
		h = &history{}
		v.chains[l.Chain] = h
	}
	if v.runs >= max(v.foldAt, v.window()) {
		v.fold()
	}
	h.runs = append(h.runs, runOf(l, document))
	h.added++
	v.runs++
	return true
}

func (v *Verifier) window() int { return cmp.Or(v.Window, defaultWindow) }

// fold makes room in all chains. What it leaves doubles before the next time, so that sorting it
// costs little for each document.
func (v *Verifier) fold() {
	v.runs = 0
	most := min(gapsPerWindow*v.window(), maxRuns/2/max(len(v.chains), 1))
	for _, h := range v.chains {
		h.fold(min(v.window(), most) / 2)
		h.forgetGaps(most)
		v.runs += len(h.runs)
	}
	v.foldAt = 2*v.runs + v.window()/2
}

// Verdict returns what was found so far; more may be added.
func (v *Verifier) Verdict() Verdict {
	out := Verdict{Documents: v.added, Malformed: v.malformed, Overflow: v.overflow}
	v.fold()
	for _, id := range slices.Sorted(maps.Keys(v.chains)) {
		h := v.chains[id]
		f := h.findings()
		f.Chain, f.Follows = id, v.precursor(id)
		out.Chains = append(out.Chains, f)
		out.Repeats += h.repeats
	}
	slices.SortStableFunc(out.Chains, func(a, b Findings) int { return cmp.Compare(a.First, b.First) })
	return out
}

// precursor returns the chain that has the document which the first of another chain names as
// the one before it.
func (v *Verifier) precursor(id string) string {
	first := v.chains[id].runs[0]
	if first.first < 2 || first.previous == (sum{}) {
		return ""
	}
	for _, other := range slices.Sorted(maps.Keys(v.chains)) {
		if other != id && v.chains[other].has(first.first-1, first.previous) {
			return other
		}
	}
	return ""
}
