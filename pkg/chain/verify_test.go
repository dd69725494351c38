package chain

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// chained is a document with its place.
type chained struct {
	Link
	doc []byte
}

func chainOf(id string, from uint64, previous string, n int) (all []chained) {
	for i := range uint64(n) {
		l := Link{Chain: id, Sequence: from + i, Previous: previous}
		doc := fmt.Appendf(nil, "%+v", l)
		all = append(all, chained{l, doc})
		previous = hashOf(doc)
	}
	return all
}

func verdict(all []chained) Verdict {
	var v Verifier
	for _, c := range all {
		v.Add(c.Link, c.doc)
	}
	return v.Verdict()
}

func TestVerifier(t *testing.T) {
	one, two := strings.Repeat("11", 16), strings.Repeat("22", 16)
	good := func() []chained { return chainOf(one, 1, "", 20) }
	fine := Findings{Chain: one, First: 1, Last: 20, Documents: 20}
	changed := func(i int) []chained {
		all := good()
		all[i].doc = append(slices.Clone(all[i].doc), ' ')
		return all
	}
	with := func(f func(*Findings)) []Findings {
		all := fine
		f(&all)
		return []Findings{all}
	}
	last := good()[19]
	tests := []struct {
		name string
		give []chained
		want Verdict
	}{
		{"nothing", nil, Verdict{}},
		{"a whole chain", good(), Verdict{Chains: []Findings{fine}, Documents: 20}},
		{"each twice", append(good(), good()...), Verdict{Chains: []Findings{fine}, Documents: 40, Repeats: 20}},
		{"the end alone", good()[10:], Verdict{Documents: 10, Chains: with(func(f *Findings) { f.First, f.Documents = 11, 10 })}},
		{"a gap", append(good()[:5:5], good()[8:]...), Verdict{Documents: 17, Chains: with(func(f *Findings) {
			f.Documents, f.Missing, f.Gaps = 17, 3, []Range{{6, 8}}
		})}},
		{"one changed", changed(4), Verdict{Documents: 20, Chains: with(func(f *Findings) { f.Breaks, f.Broken = 1, []uint64{6} })}},
		{"the last changed, which only its repeat shows", append(good(), changed(19)[19]), Verdict{Documents: 21, Chains: with(func(f *Findings) {
			f.Documents, f.Conflicting, f.Conflicts = 21, 1, []uint64{20}
		})}},
		{"a first with one before it", chainOf(one, 1, hashOf(nil), 2), Verdict{Documents: 2, Chains: []Findings{
			{Chain: one, First: 1, Last: 2, Documents: 2, Breaks: 1, Broken: []uint64{1}},
		}}},
		{"a chain that goes on under another id", append(good(), chainOf(two, 21, hashOf(last.doc), 3)...), Verdict{Documents: 23, Chains: []Findings{
			fine, {Chain: two, First: 21, Last: 23, Documents: 3, Follows: one},
		}}},
		{"no place", []chained{{Link{"x", 1, ""}, nil}, {Link{one, 0, ""}, nil}, {Link{one, 1, "zz"}, nil}, {Link{strings.ToUpper("ab" + one[2:]), 1, ""}, nil}}, Verdict{Documents: 4, Malformed: 4}},
	}
	for _, tt := range tests {
		for seed := range uint64(4) {
			give := slices.Clone(tt.give)
			if seed > 0 { // in any order
				rand.New(rand.NewPCG(seed, 3)).Shuffle(len(give), func(i, k int) { give[i], give[k] = give[k], give[i] })
			}
			if got := verdict(give); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
			}
		}
	}
}

func TestVerifierOK(t *testing.T) {
	one := strings.Repeat("11", 16)
	good := chainOf(one, 1, "", 30)
	if v := verdict(good); !v.OK() {
		t.Errorf("a whole chain: %+v, want it well", v)
	}
	for i := range good {
		if v := verdict(slices.Delete(slices.Clone(good), i, i+1)); v.OK() != (i == 0 || i == len(good)-1) {
			t.Errorf("without number %d: OK = %v; only the first and the last are not missed", i+1, v.OK())
		}
		bad := slices.Clone(good)
		bad[i].doc = []byte("{}")
		if v := verdict(bad); v.OK() != (i == len(good)-1) {
			t.Errorf("number %d changed: OK = %v; only of the last nothing tells", i+1, v.OK())
		}
	}
}

// TestVerifierBounds checks that neither chains nor findings grow without end.
func TestVerifierBounds(t *testing.T) {
	var v Verifier
	for i := range defaultChains + 10 {
		v.Add(Link{Chain: fmt.Sprintf("%032x", i), Sequence: 1}, nil)
	}
	if got := v.Verdict(); len(got.Chains) != defaultChains || got.Overflow != 10 || got.OK() {
		t.Errorf("got %d chains, %d over, OK %v; want %d, 10, false", len(got.Chains), got.Overflow, got.OK(), defaultChains)
	}
	v = Verifier{}
	id := strings.Repeat("11", 16)
	for i := range uint64(1000) {
		v.Add(Link{id, 2*i + 1, ""}, nil)
		v.Add(Link{id, 2*i + 1, ""}, []byte{1})
	}
	f := v.Verdict().Chains[0]
	if len(f.Gaps) != maxExamples || f.Missing != 999 || len(f.Conflicts) != maxExamples || f.Conflicting != 1000 {
		t.Errorf("got %d gaps, %d missing, %d conflicts of %d; want %d, 999, %d of 1000", len(f.Gaps), f.Missing, len(f.Conflicts), f.Conflicting, maxExamples, maxExamples)
	}
}

// TestWindow gives a verifier of a small window documents in any order, with gaps and repeats. It
// finds what is missing nevertheless, and keeps little.
func TestWindow(t *testing.T) {
	const window = 16
	id := strings.Repeat("11", 16)
	all := chainOf(id, 1, "", 120)
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		give := slices.Clone(all)
		for range r.IntN(4) {
			i := 1 + r.IntN(len(give)-2)
			give = slices.Delete(give, i, i+1)
		}
		left := len(give)
		for range r.IntN(20) {
			give = append(give, give[r.IntN(left)])
		}
		r.Shuffle(len(give), func(i, j int) { give[i], give[j] = give[j], give[i] })
		v := Verifier{Window: window}
		for _, c := range give {
			v.Add(c.Link, c.doc)
		}
		got := v.Verdict()
		if f := got.Chains[0]; f.Missing != uint64(len(all)-left) || f.Breaks != 0 || f.Conflicting != 0 || got.Repeats != len(give)-left {
			t.Fatalf("round %d: got %+v and %d repeats, want %d missing and %d repeats", round, f, got.Repeats, len(all)-left, len(give)-left)
		}
	}
	v := Verifier{Window: window}
	for i := range uint64(10_000) {
		v.Add(Link{id, 2*i + 1, ""}, nil)
	}
	if f := v.Verdict().Chains[0]; f.Missing != 9_999 || f.Documents != 10_000 || v.runs > gapsPerWindow*window || cap(v.chains[id].runs) > 4*gapsPerWindow*window {
		t.Errorf("got %d missing of %d, %d runs; want 9999 of 10000, %d", f.Missing, f.Documents, v.runs, gapsPerWindow*window)
	}
	v = Verifier{Window: window}
	for _, c := range chainOf(id, 1, "", 10_000) {
		v.Add(c.Link, c.doc)
	}
	if verdict := v.Verdict(); !verdict.OK() || cap(v.chains[id].runs) > 4*window {
		t.Errorf("a long chain: got %+v and room for %d runs, want it whole and %d", verdict, cap(v.chains[id].runs), 4*window)
	}
}

// TestWindowFindsChanges changes one document after the other: the next one shows it, in order
// and backwards, whatever was folded before.
func TestWindowFindsChanges(t *testing.T) {
	all := chainOf(strings.Repeat("11", 16), 1, "", 60)
	for n := range len(all) - 1 {
		for _, backwards := range []bool{false, true} {
			give := slices.Clone(all)
			give[n].doc = []byte("changed")
			if backwards {
				slices.Reverse(give)
			}
			v := Verifier{Window: 4}
			for _, c := range give {
				v.Add(c.Link, c.doc)
			}
			if f := v.Verdict().Chains[0]; f.Breaks != 1 || f.Broken[0] != uint64(n+2) {
				t.Errorf("number %d changed, backwards %v: got %d broken, %d; want 1, [%d]", n+1, backwards, f.Breaks, f.Broken, n+2)
			}
		}
	}
}

// FuzzVerifier compares the Verifier with a map, on documents of hostile places.
func FuzzVerifier(f *testing.F) {
	f.Add([]byte{1, 1, 0, 1, 2, 1, 1, 3, 2})
	f.Add([]byte{1, 1, 0, 1, 1, 0, 2, 9, 9, 1, 5, 200})
	f.Fuzz(func(t *testing.T, b []byte) {
		var v Verifier
		type place struct {
			chain string
			seq   uint64
		}
		contents := map[place]map[string]bool{}
		for ; len(b) >= 3; b = b[3:] {
			chain := strings.Repeat(fmt.Sprintf("%02x", b[0]%4), 16)
			previous := ""
			if b[2] > 0 {
				previous = hashOf(b[2:3])
			}
			doc := fmt.Appendf(nil, "%d", b[2])
			if !v.Add(Link{chain, uint64(b[1]), previous}, doc) {
				continue
			}
			p := place{chain, uint64(b[1])}
			if contents[p] == nil {
				contents[p] = map[string]bool{}
			}
			contents[p][string(doc)] = true
		}
		conflicts := 0
		for _, c := range contents {
			if len(c) > 1 {
				conflicts++
			}
		}
		for _, f := range v.Verdict().Chains {
			conflicts -= f.Conflicting
			numbers := f.Last - f.First + 1 - f.Missing
			for p := range contents {
				if p.chain == f.Chain {
					numbers--
				}
			}
			if numbers != 0 {
				t.Errorf("%+v: %d numbers too many", f, int64(numbers))
			}
		}
		if conflicts != 0 {
			t.Errorf("%d conflicts too few", conflicts)
		}
	})
}

// BenchmarkVerifier checks a million documents.
func BenchmarkVerifier(b *testing.B) {
	l := Link{Chain: NewID()}
	doc := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		var v Verifier
		l.Sequence, l.Previous = 0, ""
		for i := range uint64(1_000_000) {
			doc = strconv.AppendUint(doc[:80], i, 10)
			l.Sequence++
			v.Add(l, doc)
			l.Previous = hashOf(doc)
		}
		if got := v.Verdict(); !got.OK() {
			b.Fatalf("%+v", got)
		}
	}
}
