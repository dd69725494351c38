package soak

import (
	"bytes"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"hooksnare/pkg/chain"
)

// maxRepeats is how many of the documents that the outputs received may be repeats. An output
// by itself may have more: it is by chance whose batches are cut off.
const maxRepeats = 0.05

// enough is how many alerts that needs: of fewer, one batch that was taken and not
// acknowledged is more already.
const enough = 1000

// told bounds how many faults of one kind are told of one by one.
const told = 5

// tally is what was found at a place.
type tally struct {
	received, distinct, missing, repeats int
	burst                                int            // the most repeats in a row
	causes                               map[string]int // of repeats: what was wrong when the one before arrived
}

// reckon holds what is at each place against what was ever durable, prints a table, and
// returns how many documents are missing.
func (s *soak) reckon() (lost int) {
	s.t.Helper()
	at := map[*place][]*document{}
	for _, p := range s.places {
		at[p] = p.arrived(s.t)
		for _, d := range at[p] {
			s.add(d) // what arrived anywhere was durable, and belongs everywhere
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "output\treceived\tdelivered\tmissing\trepeats\t%\tin a row\tlongest outage s\t")
	var all tally
	for _, p := range s.places {
		c := s.examine(p, at[p])
		c.row(w, p.name, fmt.Sprintf("%.1f", p.longest.Seconds()))
		all.received, all.distinct = all.received+c.received, all.distinct+c.distinct
		all.missing, all.repeats = all.missing+c.missing, all.repeats+c.repeats
		all.burst = max(all.burst, c.burst)
	}
	all.row(w, "all", "")
	if all.share() > maxRepeats && s.alerts >= enough {
		s.t.Errorf("%d of %d documents were repeats, want at most %.0f in a hundred", all.repeats, all.received, maxRepeats*100)
	}
	_ = w.Flush()
	if s.alerts < enough {
		fmt.Printf("soak: repeats are not held to %.0f in a hundred: that takes %d alerts\n", maxRepeats*100, enough)
	}
	heads := s.ledger.heads()
	fmt.Printf("soak: %d documents in %d chain, %d of them alerts about %d hooks; %d lives, %v\n", len(s.ledger.at), len(heads),
		len(s.ledger.at)-s.heartbeats(), len(s.ledger.values), s.lives, time.Since(s.begun).Round(time.Second))
	if len(heads) != 1 {
		s.t.Errorf("got %d chains, want one: %v", len(heads), heads)
	}
	return all.missing
}

func (c *tally) row(w *tabwriter.Writer, name, outage string) {
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.2f\t%d\t%s\t\n", name, c.received, c.distinct, c.missing, c.repeats, c.share()*100, c.burst, outage)
}

func (c *tally) share() float64 { return float64(c.repeats) / float64(max(c.received, 1)) }

func (s *soak) heartbeats() (n int) {
	for _, d := range s.ledger.at {
		if d.action == "heartbeat" || d.action == "heartbeat-final" {
			n++
		}
	}
	return n
}

// examine looks at what one place has.
func (s *soak) examine(p *place, list []*document) tally {
	s.t.Helper()
	c := tally{received: len(list), causes: map[string]int{}}
	var verifier chain.Verifier
	byKey, byStamp := map[string]*document{}, map[stamp]bool{}
	row, latest := 0, map[string]int{}
	for i, d := range list {
		verifier.Add(chain.Link{Chain: d.chain, Sequence: d.number, Previous: d.previous}, d.body)
		byStamp[d.stamp] = true
		known, before := byKey[d.key], latest[d.key]
		latest[d.key] = i
		if known == nil {
			byKey[d.key] = d
			row = 0
			continue
		}
		c.repeats++
		c.causes[p.during(before)]++
		row++
		c.burst = max(c.burst, row)
		if !bytes.Equal(known.body, d.body) {
			s.t.Errorf("%s: event.id and event.sequence %s: twice, with different content: %.300s and %.300s", p.name, d.key, known.body, d.body)
		}
	}
	c.distinct = len(byKey)
	for _, d := range s.ledger.at {
		if byStamp[d.stamp] {
			continue
		}
		if c.missing++; c.missing <= told {
			fmt.Printf("soak: %s: number %d is missing: %.200s\n", p.name, d.number, d.body)
		}
	}
	if v := verifier.Verdict(); c.missing == 0 {
		s.whole(p, v)
	}
	if c.repeats > 0 {
		fmt.Printf("soak: %s: repeats by what was wrong when the one before arrived: %v\n", p.name, c.causes)
	}
	return c
}

// whole checks that a place can tell by itself that it has everything: each chain begins
// with 1, has no gap, names the right hashes, and ends where it ends.
func (s *soak) whole(p *place, v chain.Verdict) {
	s.t.Helper()
	if !v.OK() {
		s.t.Errorf("%s: the chain does not verify: %+v", p.name, v)
	}
	heads := s.ledger.heads()
	for _, f := range v.Chains {
		if f.First != 1 || f.Last != heads[f.Chain] {
			s.t.Errorf("%s: chain %s has numbers %d to %d, want 1 to %d", p.name, f.Chain, f.First, f.Last, heads[f.Chain])
		}
	}
}
