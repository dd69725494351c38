package main

import (
	"bufio"
	"errors"
	"io"
	"time"

	"hooksnare/pkg/chain"
)

// Bounds of what is remembered.
const (
	maxHosts    = 500_000
	maxChains   = 16       // of one Mac
	chainWindow = 8        // documents of one chain that are compared with a repeat; see chain.Verifier
	maxLine     = 64 << 20 // bytes: the collector's file exporter writes a whole request, twice escaped
)

// ledger is what is known of all Macs.
type ledger struct {
	hosts     map[string]*host
	newest    time.Time
	documents uint64
	repeats   int    // known after judge
	unchained uint64 // documents without a place in a chain
	malformed uint64 // lines and records that are no documents
	overflow  uint64 // documents beyond what is remembered
}

// host is one Mac.
type host struct {
	id, name    string
	newest      time.Time  // of a document of any kind
	heartbeat   *heartbeat // the newest
	heartbeatAt time.Time
	chains      chain.Verifier
}

func newLedger() *ledger { return &ledger{hosts: map[string]*host{}} }

// readLines adds the documents of all lines. Lines that are too long are skipped and counted.
func (l *ledger) readLines(r io.Reader, longest int) error {
	in := bufio.NewReaderSize(r, 256<<10)
	var line []byte
	skip := false
	for {
		part, err := in.ReadSlice('\n')
		if skip = skip || len(line)+len(part) > longest; !skip {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if skip {
			l.malformed++
		} else {
			parseLine(line, l.addDocument)
		}
		if err != nil {
			return nil
		}
		skip, line = false, line[:0]
	}
}

// addDocument takes a document, or what was wrong with one.
func (l *ledger) addDocument(d *document, err error) {
	if err != nil {
		l.malformed++
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
	if b := d.Hooksnare.Heartbeat; d.Event.Dataset == heartbeatDataset && b != nil && !at.Before(h.heartbeatAt) {
		b.truncate()
		h.heartbeat, h.heartbeatAt = b, at
	}
	switch link := d.Hooksnare.Delivery; {
	case link == nil:
		l.unchained++
	case link.Check() != nil:
		l.malformed++
	case !h.chains.Add(*link, d.raw):
		l.overflow++
	}
}

// host returns the Mac of a document, nil when there are too many.
func (l *ledger) host(d *document) *host {
	id, name := d.host()
	h := l.hosts[id]
	if h == nil && len(l.hosts) < maxHosts {
		h = &host{id: id, name: name, chains: chain.Verifier{MaxChains: maxChains, Window: chainWindow}}
		l.hosts[id] = h
	}
	return h
}
