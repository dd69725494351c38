package spool

import (
	"math/rand/v2"
	"sort"
)

// cutMode is what a power cut leaves of what was not synced.
type cutMode int

const (
	cutAll    cutMode = iota // nothing
	cutTail                  // of each folder the changes up to some point; some of a file's content
	cutSubset                // any changes
	killOnly                 // everything: the process was killed, power was not cut
)

// restart is the disk that the next process finds. This one does nothing any more.
func (d *fakeDisk) restart(mode cutMode, rng *rand.Rand) *fakeDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = true
	fresh := &fakeDisk{root: d.root, used: d.used}
	if mode == killOnly {
		return fresh
	}
	dirs := map[*node]bool{}
	d.root.choose(mode, rng, dirs)
	for n := range dirs {
		n.pending = nil
	}
	d.root.survive(mode, rng)
	fresh.used = 0
	count(d.root, map[*node]bool{}, &fresh.used)
	return fresh
}

// choose applies the changes that last.
func (n *node) choose(mode cutMode, rng *rand.Rand, seen map[*node]bool) {
	if !n.dir || seen[n] {
		return
	}
	seen[n] = true
	for _, entries := range []map[string]*node{n.now, n.disk} {
		for _, e := range sortedNames(entries) {
			entries[e].choose(mode, rng, seen)
		}
	}
	upTo := 0
	if mode == cutTail {
		upTo = rng.IntN(len(n.pending) + 1)
	}
	for i, c := range n.pending {
		if mode == cutTail && i < upTo || mode == cutSubset && rng.IntN(2) == 0 {
			c.apply()
		}
	}
}

// survive makes what lasts what there is.
func (n *node) survive(mode cutMode, rng *rand.Rand) {
	if !n.dir {
		if n.synced == nil {
			n.synced = []byte{}
			if mode != cutAll {
				n.synced = append(n.synced, n.data[:rng.IntN(len(n.data)+1)]...)
			}
		}
		n.data = append([]byte{}, n.synced...)
		return
	}
	n.now = map[string]*node{}
	for _, e := range sortedNames(n.disk) {
		n.disk[e].survive(mode, rng)
		n.now[e] = n.disk[e]
	}
}

func sortedNames(m map[string]*node) []string {
	var names []string
	for e := range m {
		names = append(names, e)
	}
	sort.Strings(names)
	return names
}

func count(n *node, seen map[*node]bool, used *int64) {
	if !seen[n] {
		seen[n] = true
		n.links = 0
		*used += int64(len(n.data))
	}
	n.links++
	for _, c := range n.now {
		count(c, seen, used)
	}
}
