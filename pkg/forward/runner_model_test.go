package forward

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestRunnerModel has receivers that misbehave by a script, and looks what became of
// each alert.
func TestRunnerModel(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) { runModel(t, seed) })
	}
}

func runModel(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 7))
	n := 1 + random.IntN(1000)
	items := make([]Item, n)
	poison := map[uint64]bool{}
	for i := range items {
		items[i] = Item{Sequence: uint64(i + 1), Document: make([]byte, 2+random.IntN(300))}
		poison[uint64(i+1)] = random.IntN(100) == 0
	}
	apart := random.IntN(2) == 0 // the receiver tells of each item
	limit := 1000 + random.IntN(100_000)
	trouble := random.IntN(4)
	got := map[uint64]bool{}
	var order []uint64
	s := &scripted{took: time.Millisecond}
	s.answer = func(items []Item) Result {
		if trouble > 0 && random.IntN(4) < trouble {
			kind := []Kind{KindNetwork, KindBusy, KindThrottled, KindAnswer, KindDenied, KindName}[random.IntN(6)]
			r := uniformResult(len(items), Retry, problem(kind))
			r.RetryAfter = time.Duration(random.IntN(3)) * 20 * time.Second
			return r
		}
		return receive(items, poison, apart, limit, func(item *Item) {
			if !got[item.Sequence] {
				order = append(order, item.Sequence)
			}
			got[item.Sequence] = true
		})
	}
	first := n / 2
	q := newMemory(items[:first]...)
	began := time.Now()
	w := start(t, q, s, Options{random: random.Float64})
	q.add(items[first:]...)
	for q.left() > 0 && time.Since(began) < 1000*time.Hour {
		pass(time.Minute)
	}
	took := time.Since(began)
	w.stop()
	acknowledged := map[uint64]bool{}
	for _, sequence := range q.acked {
		acknowledged[sequence] = true
	}
	for _, item := range items {
		_, dead := q.dead[item.Sequence]
		acked := acknowledged[item.Sequence]
		if dead != poison[item.Sequence] || acked == dead || got[item.Sequence] != acked {
			t.Fatalf("seed %d, item %d: dead %v, acknowledged %v, received %v; refused by the script %v", seed, item.Sequence, dead, acked, got[item.Sequence], poison[item.Sequence])
		}
	}
	if !slices.IsSorted(order) || !slices.IsSorted(q.acked) {
		t.Fatalf("seed %d: the order is not kept", seed)
	}
	if got := len(q.acked) + len(q.dead); got != n || !s.closed {
		t.Fatalf("seed %d: %d of %d items are settled, closed %v", seed, got, n, s.closed)
	}
	// Each request either settles something, halves something, or is followed by a wait
	// of a second at least.
	at, _ := s.asked()
	if most := 12*n + int(took/time.Second) + 100; len(at) > most {
		t.Fatalf("seed %d: %d requests for %d items in %v", seed, len(at), n, took)
	}
}

// receive is a receiver that takes what is good.
func receive(items []Item, poison map[uint64]bool, apart bool, limit int, take func(*Item)) Result {
	size, bad := 0, 0
	for i := range items {
		size += len(items[i].Document)
		if poison[items[i].Sequence] {
			bad++
		}
	}
	switch {
	case size > limit && len(items) > 1:
		return uniformResult(len(items), Retry, problem(KindTooLarge))
	case bad > 0 && len(items) == 1:
		return uniformResult(1, Refused, problem(KindRefused))
	case bad > 0 && !apart:
		return uniformResult(len(items), Retry, problem(KindRefused))
	}
	r := uniformResult(len(items), Delivered, nil)
	for i := range items {
		if poison[items[i].Sequence] {
			r.Outcomes[i], r.Err = Refused, problem(KindRefused)
			continue
		}
		take(&items[i])
	}
	return r
}
