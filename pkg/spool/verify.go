package spool

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
)

// Bounds of what a Verifier remembers and tells.
const (
	maxChains     = 1024
	maxVerified   = 8 << 20 // documents: 320 MB
	maxExamples   = 100     // of each finding; all are counted
	halfSum       = 16      // bytes of a SHA-256 that are kept: enough to tell documents apart
	firstVerified = 1 << 12 // documents, before the first sorting
)

// Verifier checks documents against their chain: numbers, hashes, repeats. They may come
// in any order and any number of times. It takes 40 bytes for each document.
type Verifier struct {
	chains    map[string]*[]link
	count     int
	added     int
	malformed int
	overflow  int
}

// link is what a document says of its place.
type link struct {
	seq       uint64
	sum, prev [halfSum]byte
}

func (l link) compare(o link) int {
	return cmp.Or(cmp.Compare(l.seq, o.seq), slices.Compare(l.sum[:], o.sum[:]), slices.Compare(l.prev[:], o.prev[:]))
}

// Range is a range of numbers, both ends included.
type Range struct{ First, Last uint64 }

// Findings are what a Verifier found out about one chain. A list holds the first hundred; the
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

// OK says whether nothing is missing, changed or twice with different content.
func (f Findings) OK() bool { return f.Missing == 0 && f.Conflicting == 0 && f.Breaks == 0 }

// Verdict is what a Verifier found out.
type Verdict struct {
	Chains    []Findings // in order of their first number
	Documents int        // given to Add
	Repeats   int        // the same document once more
	Malformed int        // whose chain, number or hash can't be one
	Overflow  int        // beyond what a Verifier remembers: not checked
}

// OK says whether every document was checked and every chain is.
func (v Verdict) OK() bool {
	return v.Malformed == 0 && v.Overflow == 0 && !slices.ContainsFunc(v.Chains, func(f Findings) bool { return !f.OK() })
}

// Add takes a document and what it says of its place. It reports whether that can be a
// place; what can't is counted.
func (v *Verifier) Add(chain string, sequence uint64, previous string, document []byte) bool {
	v.added++
	sum := sha256.Sum256(document)
	l := link{seq: sequence}
	copy(l.sum[:], sum[:])
	if !isHex(chain, 16) || sequence == 0 || previous != "" && !isHex(previous, len(sum)) {
		v.malformed++
		return false
	}
	hex.Decode(l.prev[:], []byte(previous[:min(len(previous), 2*halfSum)]))
	links := v.chains[chain]
	if links == nil {
		if len(v.chains) == maxChains {
			v.overflow++
			return false
		}
		if v.chains == nil {
			v.chains = map[string]*[]link{}
		}
		links = new([]link)
		v.chains[chain] = links
	}
	if len(*links) == cap(*links) && len(*links) >= firstVerified {
		v.dedupe(links) // before it grows
	}
	if v.count == maxVerified {
		v.overflow++
		return false
	}
	*links = append(*links, l)
	v.count++
	return true
}

// dedupe sorts, and drops repeats.
func (v *Verifier) dedupe(links *[]link) {
	before := len(*links)
	slices.SortFunc(*links, link.compare)
	*links = slices.CompactFunc(*links, func(a, b link) bool { return a == b })
	v.count -= before - len(*links)
}

// Verdict tells what was found so far; more may be added.
func (v *Verifier) Verdict() Verdict {
	out := Verdict{Documents: v.added, Malformed: v.malformed, Overflow: v.overflow}
	for _, chain := range slices.Sorted(maps.Keys(v.chains)) {
		v.dedupe(v.chains[chain])
		out.Chains = append(out.Chains, check(chain, *v.chains[chain]))
	}
	out.Repeats = v.added - v.malformed - v.overflow - v.count
	for i := range out.Chains {
		out.Chains[i].Follows = v.before(out.Chains[i])
	}
	slices.SortStableFunc(out.Chains, func(a, b Findings) int { return cmp.Compare(a.First, b.First) })
	return out
}

// check goes through the sorted links of one chain.
func check(chain string, links []link) Findings {
	f := Findings{Chain: chain, First: links[0].seq, Last: links[len(links)-1].seq, Documents: len(links)}
	var before, same []link // those of the number before, and of this one
	for i := 0; i < len(links); i += len(same) {
		n := 1
		for i+n < len(links) && links[i+n].seq == links[i].seq {
			n++
		}
		same = links[i : i+n]
		seq := same[0].seq
		if slices.ContainsFunc(same, func(l link) bool { return l.sum != same[0].sum || l.prev != same[0].prev }) {
			f.Conflicting++
			f.Conflicts = example(f.Conflicts, seq)
		}
		switch {
		case seq == 1 && slices.ContainsFunc(same, func(l link) bool { return l.prev != [halfSum]byte{} }):
			f.Breaks++ // there is none before the first
			f.Broken = example(f.Broken, seq)
		case len(before) > 0 && before[0].seq+1 == seq:
			if slices.ContainsFunc(same, func(l link) bool { return !follows(l, before) }) {
				f.Breaks++
				f.Broken = example(f.Broken, seq)
			}
		case len(before) > 0:
			f.Missing += seq - before[0].seq - 1
			f.Gaps = example(f.Gaps, Range{before[0].seq + 1, seq - 1})
		}
		before = same
	}
	return f
}

func follows(l link, before []link) bool {
	return slices.ContainsFunc(before, func(b link) bool { return b.sum == l.prev })
}

func example[T any](list []T, v T) []T {
	if len(list) < maxExamples {
		list = append(list, v)
	}
	return list
}

// before returns the chain that has the document which the first of f names as its
// predecessor.
func (v *Verifier) before(f Findings) string {
	first := (*v.chains[f.Chain])[0]
	if f.First < 2 || first.prev == [halfSum]byte{} {
		return ""
	}
	for _, chain := range slices.Sorted(maps.Keys(v.chains)) {
		links := *v.chains[chain]
		i, _ := slices.BinarySearchFunc(links, f.First-1, func(l link, seq uint64) int { return cmp.Compare(l.seq, seq) })
		for ; chain != f.Chain && i < len(links) && links[i].seq == f.First-1; i++ {
			if links[i].sum == first.prev {
				return chain
			}
		}
	}
	return ""
}
