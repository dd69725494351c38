package spool

import (
	"strings"
	"testing"

	"hooksnare/pkg/chain"
)

func TestChainFile(t *testing.T) {
	for _, c := range []chainFile{
		{tail: chain.Link{Chain: chain.NewID()}},
		{tail: chain.Link{Chain: chain.NewID(), Sequence: 1<<64 - 1, Previous: strings.Repeat("0a", 32)}, begun: true},
	} {
		good := c.format()
		if got, err := parseChain(good); err != nil || got != c {
			t.Fatalf("parseChain(%q) = %+v, %v; want %+v", good, got, err, c)
		}
		for i := range good {
			for bit := range 8 {
				bad := append([]byte{}, good...)
				bad[i] ^= 1 << bit
				if got, err := parseChain(bad); err == nil {
					t.Errorf("parseChain(%q) = %+v, want an error: bit %d of byte %d was changed", bad, got, bit, i)
				}
			}
			if got, err := parseChain(good[:i]); err == nil {
				t.Errorf("parseChain(%q) = %+v, want an error", good[:i], got)
			}
		}
	}
}

func FuzzChain(f *testing.F) {
	f.Add(chainFile{tail: chain.Link{Chain: chain.NewID(), Sequence: 7}}.format())
	f.Add([]byte("hooksnare chain"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := parseChain(b); err == nil && string(c.format()) != string(b) {
			t.Errorf("parseChain(%q) is taken, but its form is %q", b, c.format())
		}
	})
}
