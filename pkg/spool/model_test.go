package spool

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/chain"
)

// model is a spool as one would write it on paper: slow, and without a disk.
type model struct {
	maxAlerts int
	maxBytes  int64
	alerts    []modelAlert
	seq       uint64
	lost      map[string]uint64
}

type modelAlert struct {
	seq  uint64
	id   string
	sev  int
	size int
	ms   int64
	of   string // whose
	for_ map[string]bool
}

func (m *model) put(id string, sev, size int, at time.Time, of string) {
	m.seq++
	a := modelAlert{m.seq, id, sev, size, at.UnixMilli(), of, map[string]bool{}}
	for _, out := range crashOutputs {
		if sev >= out.MinSeverity {
			a.for_[out.Name] = true
		}
	}
	m.alerts = append(m.alerts, a)
}

func (m *model) sweep() (bytes int64) {
	m.alerts = slices.DeleteFunc(m.alerts, func(a modelAlert) bool { return len(a.for_) == 0 })
	for _, a := range m.alerts {
		bytes += int64(a.size)
	}
	return bytes
}

// bound evicts from each output what is over its bounds, and from the longest what is over
// those of all.
func (m *model) bound() {
	for _, out := range crashOutputs {
		for m.depth(out.Name) > m.maxAlerts {
			m.evict(out.Name, false)
		}
		for m.bytes(out.Name) > m.maxBytes {
			m.evict(out.Name, true)
		}
	}
	for m.sweep(); len(m.alerts) > 2*m.maxAlerts; m.sweep() {
		a, b := crashOutputs[0].Name, crashOutputs[1].Name
		m.evict(map[bool]string{true: b, false: a}[m.depth(b) > m.depth(a)], false)
	}
	for m.sweep() > 2*m.maxBytes {
		a, b := crashOutputs[0].Name, crashOutputs[1].Name
		m.evict(map[bool]string{true: b, false: a}[m.bytes(b) > m.bytes(a)], true)
	}
}

func (m *model) depth(out string) int { return len(m.next(out, len(m.alerts))) }

func (m *model) bytes(out string) (n int64) {
	for _, a := range m.next(out, len(m.alerts)) {
		n += int64(a.size)
	}
	return n
}

// evict drops what goes first: the flood of a user, what is no alert, what a user has, the rest.
func (m *model) evict(out string, bytes bool) {
	list := m.next(out, len(m.alerts))
	users, bound := map[string]int64{}, int64(m.maxAlerts)
	if bytes {
		bound = m.maxBytes
	}
	for _, a := range list {
		if strings.HasPrefix(a.of, "5") && bytes {
			users[a.of] += int64(a.size)
		} else if strings.HasPrefix(a.of, "5") {
			users[a.of]++
		}
	}
	rank := func(a modelAlert) int {
		n := users[a.of]
		for user, other := range users {
			if other > n || other == n && user < a.of {
				n = 0 // not the one who has most
			}
		}
		switch {
		case n*int64(len(users)+1) > bound:
			return 1
		case a.sev == 0:
			return 2
		case n > 0:
			return 3
		}
		return 4
	}
	m.drop(slices.MinFunc(list, func(a, b modelAlert) int {
		if rank(a) == 2 && rank(b) == 2 {
			return cmp.Compare(a.seq, b.seq)
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.sev, b.sev), cmp.Compare(a.seq, b.seq))
	}), out)
}

func (m *model) drop(a modelAlert, outs ...string) {
	for _, out := range outs {
		if a.for_[out] {
			m.lost[out]++
			delete(a.for_, out)
		}
	}
	m.sweep()
}

func (m *model) expire(before time.Time) {
	for _, a := range slices.Clone(m.alerts) {
		if a.ms < before.UnixMilli() {
			m.drop(a, crashOutputs[0].Name, crashOutputs[1].Name)
		}
	}
}

func (m *model) next(out string, n int) (found []modelAlert) {
	for _, a := range m.alerts {
		if a.for_[out] && len(found) < n {
			found = append(found, a)
		}
	}
	return found
}

// TestModel does random things with a spool and with the model, also while the disk is full,
// and compares.
func TestModel(t *testing.T) {
	for seed := range uint64(number(8, 200)) {
		synctest.Test(t, func(t *testing.T) { playModel(t, seed) })
	}
}

func playModel(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	d := newFake()
	m := &model{maxAlerts: 5 + rng.IntN(20), maxBytes: 1000 + int64(rng.IntN(4000)), lost: map[string]uint64{}}
	o := Options{
		disk: d, Outputs: crashOutputs, MaxAlerts: m.maxAlerts, MaxBytes: m.maxBytes, MaxAge: 10 * time.Hour,
		manual: true, ballast: -1,
	}
	s, _ := open(t, o)
	for step := range 400 {
		n := rng.IntN(4) + 1
		out := crashOutputs[rng.IntN(2)].Name
		what := rng.IntN(14)
		switch {
		case what < 5:
			m.putBoth(t, s, rng, n, time.Now())
		case what < 9:
			m.deliverBoth(t, s, out, n, what-5)
		case what == 9:
			d.setFail(failing("write", errors.New("full")))
		case what == 10:
			d.setFail(nil)
			s.maintain()
			m.expireLike(s, time.Now())
		case what == 11:
			time.Sleep(time.Duration(rng.IntN(180)) * time.Minute)
		case what == 12:
			s.maintain()
			m.expireLike(s, time.Now())
		default:
			d.setFail(nil)
			closeSpool(t, s)
			s, _ = open(t, o)
			clear(m.lost)
		}
		m.compare(t, s, fmt.Sprintf("seed %d, step %d, action %d", seed, step, what))
	}
	d.setFail(nil)
	closeSpool(t, s)
}

// deliverBoth compares what waits, and refuses it, acknowledges it or leaves it.
func (m *model) deliverBoth(t *testing.T, s *Spool, out string, n, how int) {
	t.Helper()
	q := s.Queue(out)
	items := waiting(t, q, n)
	want := m.next(out, n)
	if len(items) != len(want) {
		t.Fatalf("Next gave %d items, want %d", len(items), len(want))
	}
	for i, it := range items {
		if id := parse(t, it.Document).ID; it.Sequence != want[i].seq || id != want[i].id || it.Severity != want[i].sev {
			t.Fatalf("Next gave %d %s, want %+v", it.Sequence, id, want[i])
		}
		if how < 3 {
			delete(want[i].for_, out)
		}
	}
	if how == 0 {
		q.Dead("no", items)
	} else if how < 3 {
		q.Ack(items)
	}
}

func (m *model) putBoth(t *testing.T, s *Spool, rng *rand.Rand, n int, now time.Time) {
	var entries []Entry
	var sizes []int
	from := m.seq
	for i := range n {
		e := entry(fmt.Sprint("id", from+uint64(i)+1), []int{0, 21, 47, 73, 99}[rng.IntN(5)], rng.IntN(100))
		e.Share = []string{"", "root", "501", "502", "503", "503", "503", "agent"}[rng.IntN(8)]
		e.Time = now.Add(-time.Duration(rng.IntN(300)) * time.Minute) // clocks step
		link := chain.Link{Chain: chain.NewID(), Sequence: from + uint64(i) + 1, Previous: hashOf(nil)}
		if link.Sequence == 1 {
			link.Previous = ""
		}
		doc, err := chain.Append(e.Document, link)
		must(t, err)
		entries, sizes = append(entries, e), append(sizes, len(doc))
	}
	if err := s.Put(entries...); err != nil && !errors.Is(err, ErrHeld) {
		t.Fatalf("Put: %v", err)
	}
	for i, e := range entries {
		m.put(fmt.Sprint("id", m.seq+1), e.Severity, sizes[i], e.Time, e.Share)
	}
	m.bound()
}

// expireLike drops what maintenance drops.
func (m *model) expireLike(s *Spool, now time.Time) {
	if now.Sub(s.opened) >= ageGrace {
		m.expire(now.Add(-10 * time.Hour))
	}
}

func (m *model) compare(t *testing.T, s *Spool, at string) {
	t.Helper()
	bytes := m.sweep()
	st := s.Stats()
	if st.Waiting != len(m.alerts) || st.Bytes != bytes || st.Head.Sequence != m.seq {
		t.Fatalf("%s: %d alerts, %d bytes, newest %d; want %d, %d, %d", at, st.Waiting, st.Bytes, st.Head.Sequence, len(m.alerts), bytes, m.seq)
	}
	for _, q := range st.Queues {
		want := m.next(q.Output, len(m.alerts))
		var oldest int64
		if len(want) > 0 {
			oldest = want[0].ms
		}
		if q.Lost != m.lost[q.Output] {
			t.Fatalf("%s: output %s lost %d, want %d", at, q.Output, q.Lost, m.lost[q.Output])
		}
		if q.Depth != len(want) || len(want) > 0 && q.Oldest.UnixMilli() != oldest || q.Oldest.IsZero() != (len(want) == 0) {
			t.Fatalf("%s: output %s has %d, the oldest of %v; want %d, %d", at, q.Output, q.Depth, q.Oldest, len(want), oldest)
		}
	}
}
