package spool

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"hooksnare/pkg/chain"
)

// TestOlderVersion opens a spool that version 0.1 wrote: twelve
// alerts, of which siem has acknowledged one and refused one, and the eleventh was in tmp/ when the
// process was killed. Nothing is lost, and the chain goes on.
func TestOlderVersion(t *testing.T) {
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS("testdata/spool-0.1")))
	o := Options{Dir: dir, Outputs: []Output{{Name: "file"}, {Name: "siem", MinSeverity: 47}}, manual: true}
	s, log := open(t, o)
	put(t, s, entry("new", 99, 0))
	for name, want := range map[string][]uint64{
		"file": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13},
		"siem": {4, 5, 6, 7, 8, 10, 11, 12, 13},
	} {
		items := waiting(t, s.Queue(name), 100)
		var got []uint64
		for _, it := range items {
			got = append(got, it.Sequence)
			i := int(it.Sequence) - 1
			if id := fmt.Sprintf("%032x", 0xabc000+i); i < 12 && (it.ID != id || it.Update != 1+i%3) {
				t.Errorf("output %s, number %d: got id %s, update %d; want %s, %d", name, it.Sequence, it.ID, it.Update, id, 1+i%3)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("output %s: got the numbers %d, want %d", name, got, want)
		}
	}
	var v chain.Verifier
	for _, it := range drain(t, s.Queue("file")) {
		l, _ := chain.Find(it.Document)
		v.Add(l, it.Document)
	}
	if got := v.Verdict(); !got.OK() || len(got.Chains) != 1 || got.Chains[0].Chain != "751bd30e599b06c55d3f712a0b1e77b6" {
		t.Errorf("got the chains %+v, want the one that was begun", got.Chains)
	}
	if q := s.Queue("siem").Stats(); q.DeadKept != 1 {
		t.Errorf("%d dead, want 1", q.DeadKept)
	}
	closeSpool(t, s)
	if found := log.of(Damaged); len(found) > 0 {
		t.Errorf("reported %v, want nothing damaged", found)
	}
}
