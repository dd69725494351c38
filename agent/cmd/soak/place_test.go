package soak

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// place is somewhere the agent delivers to, and what is done to it meanwhile.
type place struct {
	name      string
	config    map[string]any // in Outputs
	faults    []fault
	documents func() [][]byte // that arrived, in order, repeats included
	size      func() int64    // grows with what arrives

	r    *rand.Rand
	bad  *fault // is on
	next time.Time
	long time.Duration // of the outage that is still to come

	marks   []mark // of what arrived, for places whose size counts documents
	last    int64
	since   time.Time // when last was seen to grow
	longest time.Duration
}

// mark says that documents up to a size arrived while a fault was on.
type mark struct {
	size  int64
	fault string
}

// none stands for no fault: mostly the agent was killed before it had the answer.
const none = "no fault"

// fault is a way to misbehave.
type fault struct {
	name    string
	on, off func()
}

// Times that a place is well, or is not, before that changes.
const (
	leastWell, mostWell = 300 * time.Millisecond, 3 * time.Second
	leastBad, mostBad   = 200 * time.Millisecond, 3 * time.Second
)

// begin starts the changes of a place that are to go on for about a time.
func (p *place) begin(r *rand.Rand, now time.Time, total time.Duration) {
	p.r, p.since = r, now
	p.next = now.Add(p.between(0, mostWell))
	p.long = total / 8
}

func (p *place) between(least, most time.Duration) time.Duration {
	return least + time.Duration(p.r.Int64N(int64(most-least)))
}

// step does what is due.
func (p *place) step(now time.Time) {
	p.look(now)
	if now.Before(p.next) {
		return
	}
	if p.bad != nil {
		p.heal()
		p.next = now.Add(p.between(leastWell, mostWell))
		return
	}
	p.bad = &p.faults[p.r.IntN(len(p.faults))]
	p.bad.on()
	p.next = now.Add(p.between(leastBad, mostBad))
	if p.r.IntN(6) == 0 { // once
		p.next = p.next.Add(p.long)
		p.long = 0
	}
}

// heal ends the fault that is on.
func (p *place) heal() {
	if p.bad != nil {
		p.bad.off()
	}
	p.bad = nil
}

// look notes whether anything arrived.
func (p *place) look(now time.Time) {
	if n := p.size(); n != p.last {
		p.last, p.since = n, now
		p.marks = append(p.marks, mark{n, p.wrong()})
	}
	p.longest = max(p.longest, now.Sub(p.since))
}

func (p *place) wrong() string {
	if p.bad == nil {
		return none
	}
	return p.bad.name
}

// during names the fault that was on when the document with an index arrived.
func (p *place) during(index int) string {
	i, _ := slices.BinarySearchFunc(p.marks, int64(index+1), func(m mark, size int64) int { return cmp.Compare(m.size, size) })
	if p.config["Type"] == "file" || i == len(p.marks) {
		return none
	}
	return p.marks[i].fault
}

// arrived parses what is at the place.
func (p *place) arrived(t testing.TB) []*document {
	t.Helper()
	var list []*document
	for _, b := range p.documents() {
		d, err := parse(b)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		list = append(list, d)
	}
	return list
}
