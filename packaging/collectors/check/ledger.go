package main

import "time"

// Bounds of what is remembered.
const (
	maxHosts  = 500_000
	maxChains = 16 // of one Mac
)

// ledger is what is known of all Macs.
type ledger struct {
	hosts     map[string]*host
	owner     map[string]string // Mac that a chain was first seen of
	newest    time.Time
	documents uint64
	unplaced  uint64 // documents without a place in a chain
	wrong     uint64 // lines and records that are no documents
	overflow  uint64 // documents beyond what is remembered
}

// host is one Mac.
type host struct {
	id, name string
	newest   time.Time // of a document of any kind
	beat     *beat     // the newest
	beatAt   time.Time
	chains   map[string]*chain
	shared   map[string]string // chains that were another Mac's before
}

func newLedger() *ledger {
	return &ledger{hosts: map[string]*host{}, owner: map[string]string{}}
}

// add takes a document, or what was wrong with one.
func (l *ledger) add(d *document, err error) {
	if err != nil {
		l.wrong++
		return
	}
	l.documents++
	h := l.host(d)
	if h == nil {
		l.overflow++
		return
	}
	at := d.Event.Created
	if at.After(h.newest) {
		h.newest = at
	}
	if at.After(l.newest) {
		l.newest = at
	}
	if b := d.Hooksnare.Heartbeat; d.Event.Dataset == heartbeatDataset && b != nil && !at.Before(h.beatAt) {
		h.beat, h.beatAt = b, at
	}
	l.place(h, d)
}

func (l *ledger) host(d *document) *host {
	id, name := d.host()
	h := l.hosts[id]
	if h == nil {
		if len(l.hosts) == maxHosts {
			return nil
		}
		h = &host{id: id, name: name, chains: map[string]*chain{}}
		l.hosts[id] = h
	}
	return h
}

// place puts a document into its chain.
func (l *ledger) place(h *host, d *document) {
	p := d.Hooksnare.Delivery
	if p == nil {
		l.unplaced++
		return
	}
	var previous sum
	var err error
	if p.Previous != "" {
		previous, err = parsePrevious(p.Previous)
	}
	if err != nil || p.Chain == "" || len(p.Chain) > 64 || p.Sequence == 0 || p.Sequence > 1<<62 {
		l.wrong++
		return
	}
	c := h.chains[p.Chain]
	if c == nil {
		if len(h.chains) == maxChains {
			l.overflow++
			return
		}
		c = &chain{}
		h.chains[p.Chain] = c
		if first, known := l.owner[p.Chain]; known && first != h.id {
			if h.shared == nil {
				h.shared = map[string]string{}
			}
			h.shared[p.Chain] = first
		} else {
			l.owner[p.Chain] = h.id
		}
	}
	c.add(p.Sequence, previous, p.Previous != "", d.sum)
}
