package spool

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"hooksnare/pkg/chain"
)

// world is what is known outside the spool, and survives its crashes.
type world struct {
	promised map[string]int               // severity of alerts whose Put returned nil
	got      [2]map[string]bool           // what each output was given, by id, and acknowledged or refused
	seen     map[string][sha256.Size]byte // content by chain and number
	links    chain.Verifier
	held     bool // some were in memory alone
	next     int
	clash    string
}

var crashOutputs = []Output{{Name: "a"}, {Name: "b", MinSeverity: 50}}

func newWorld() *world {
	return &world{promised: map[string]int{}, got: [2]map[string]bool{{}, {}}, seen: map[string][32]byte{}}
}

// see notes items that an output was given.
func (w *world) see(t *testing.T, output int, items []Item) {
	for _, it := range items {
		d := parse(t, it.Document)
		w.got[output][d.ID] = true
		key, sum := fmt.Sprintf("%s %d", d.Chain, d.Sequence), sha256.Sum256(it.Document)
		if was, found := w.seen[key]; found && was != sum {
			w.clash = fmt.Sprintf("number %s was given out for different content", key)
		} else if !found {
			w.links.Add(d.Link, it.Document)
		}
		if d.Sequence != it.Sequence {
			w.clash = fmt.Sprintf("item %d holds document %d", it.Sequence, d.Sequence)
		}
		w.seen[key] = sum
	}
}

// missing names the promised alerts that an output never got.
func (w *world) missing() (all []string) {
	for id, sev := range w.promised {
		for i, out := range crashOutputs {
			if sev >= out.MinSeverity && !w.got[i][id] {
				all = append(all, out.Name+" "+id)
			}
		}
	}
	return all
}

// deliver has an output take up to n items.
func (w *world) deliver(t *testing.T, s *Spool, output, n int, dead bool) {
	q := s.queues[output]
	picked, _, err := q.pickWaiting(n, 1<<20)
	if err != nil || len(picked) == 0 {
		return
	}
	items, err := q.readPicked(picked)
	if err != nil {
		return
	}
	w.see(t, output, items)
	if dead {
		q.Dead("no", items)
	} else {
		q.Ack(items)
	}
}

func (w *world) put(s *Spool, rng *rand.Rand) {
	var entries []Entry
	var names []string
	var sevs []int
	for range 1 + rng.IntN(3) {
		w.next++
		sev := []int{21, 47, 73, 99}[rng.IntN(4)]
		id := fmt.Sprint("id", w.next)
		entries, names, sevs = append(entries, entry(id, sev, rng.IntN(40))), append(names, id), append(sevs, sev)
	}
	err := s.Put(entries...)
	if errors.Is(err, ErrHeld) {
		w.held = true
	}
	for i := range names {
		if err == nil {
			w.promised[names[i]] = sevs[i]
		}
	}
}

// play does the random things of a seed with a spool, until power goes or it is through.
func (w *world) play(t *testing.T, d *fakeDisk, seed uint64, faults bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	options := Options{disk: d, Outputs: crashOutputs, ballast: 64, manual: true}
	s, err := Open(options)
	if err != nil {
		return
	}
	defer func() { s.Close() }()
	for range 22 {
		if d.cut {
			return
		}
		if faults && rng.IntN(5) == 0 {
			d.setFail(troubles[rng.IntN(len(troubles))])
		}
		switch n := rng.IntN(19); {
		case n < 9:
			w.put(s, rng)
		case n < 12:
			w.deliver(t, s, 0, 1+rng.IntN(4), false)
		case n < 15:
			w.deliver(t, s, 1, 1+rng.IntN(4), false)
		case n == 15:
			w.deliver(t, s, rng.IntN(2), 1, true)
		case n == 16:
			s.maintain()
		case n < 19:
			s.Close()
			next, err := Open(options)
			if err != nil {
				return
			}
			s = next
		}
	}
}

// troubles are what a disk does for a while.
var troubles = []func(op, name string) error{
	nil, nil, failing("syncdir", syscall.EIO), failing("sync", syscall.EIO), failing("link", syscall.ENOSPC),
	failing("write", syscall.ENOSPC), failing("rename", syscall.EROFS), failing("create", syscall.EROFS),
	failing("remove", syscall.EROFS), readOnly,
}

func readOnly(op, _ string) error {
	if op == "list" || op == "read" || op == "lstat" {
		return nil
	}
	return syscall.EROFS
}

// failing makes an operation fail.
func failing(op string, err error) func(string, string) error {
	return func(o, _ string) error {
		if o == op {
			return err
		}
		return nil
	}
}

// recover opens what a crash left, and lets both outputs take everything.
func (w *world) recover(t *testing.T, d *fakeDisk) string {
	s, err := Open(Options{disk: d, Outputs: crashOutputs, ballast: 64, manual: true})
	if err != nil {
		t.Fatalf("Open after a crash: %v", err)
	}
	log := &eventLog{s: s}
	rng := rand.New(rand.NewPCG(9, 9))
	w.put(s, rng)
	for i := range crashOutputs {
		for s.queues[i].Stats().Depth > 0 {
			w.deliver(t, s, i, 100, false)
		}
	}
	w.put(s, rng)
	w.deliver(t, s, 0, 100, false)
	w.deliver(t, s, 1, 100, false)
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return log.String()
}

// TestCrash cuts power, or kills the process, at every operation of the disk.
func TestCrash(t *testing.T) {
	modes := map[string]cutMode{"all": cutAll, "tail": cutTail, "subset": cutSubset, "kill": killOnly}
	for name, mode := range modes {
		for seed := range uint64(number(2, 20)) {
			faults := seed%2 == 1
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				total := newFake()
				newWorld().play(t, total, seed, faults)
				for at := 1; at <= total.ops; at++ {
					crashAt(t, mode, seed, at, faults)
				}
			})
		}
	}
}

func crashAt(t *testing.T, mode cutMode, seed uint64, at int, faults bool) {
	t.Helper()
	w, d := newWorld(), newFake()
	d.cutAt = at
	w.play(t, d, seed, faults)
	rng := rand.New(rand.NewPCG(seed, uint64(at)))
	d = d.restart(mode, rng)
	if at%2 == 0 { // the next process does not get far
		d.cutAt = 1 + rng.IntN(60)
		if faults && rng.IntN(2) == 0 {
			d.setFail(troubles[rng.IntN(len(troubles))])
		}
		w.play(t, d, seed+uint64(at), faults)
		if second := cutMode(rng.IntN(4)); mode != cutSubset && second == cutSubset {
			d = d.restart(mode, rng)
		} else {
			d = d.restart(second, rng)
		}
	}
	log := w.recover(t, d)
	if m := w.missing(); len(m) > 0 || w.clash != "" {
		t.Fatalf("seed %d, power cut at operation %d: lost %v, %s; events:\n%s", seed, at, m, w.clash, log)
	}
	v := w.links.Verdict()
	if !faults && mode != cutSubset && (!v.OK() || len(v.Chains) != 1) {
		t.Fatalf("seed %d, power cut at operation %d: chain %+v, want one without a gap; events:\n%s", seed, at, v, log)
	}
	for _, f := range v.Chains {
		if f.Conflicting > 0 || f.Breaks > 0 {
			t.Fatalf("seed %d, power cut at operation %d: chain %+v; events:\n%s", seed, at, f, log)
		}
	}
}

// TestCrashControl shows that TestCrash can fail: without syncs alerts are lost.
func TestCrashControl(t *testing.T) {
	lost, clashes := 0, 0
	for at := 40; at < 240; at += 3 {
		w, d := newWorld(), newFake()
		d.cutAt, d.noSync = at, true
		w.play(t, d, 0, false)
		w.recover(t, d.restart(cutTail, rand.New(rand.NewPCG(0, uint64(at)))))
		lost += len(w.missing())
		if w.clash != "" {
			clashes++
		}
	}
	if lost == 0 {
		t.Errorf("without syncs nothing was lost: the simulated crash proves nothing")
	}
	t.Logf("without syncs: %d alerts lost, %d times a number used twice", lost, clashes)
}
