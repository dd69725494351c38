package spool

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// of is an alert of a share.
func of(share, id string, sev, pad int) Entry {
	e := entry(id, sev, pad)
	e.Share = share
	return e
}

// TestDeadOutput has one output take nothing while alerts flood in: another that keeps up, and
// one that is slow and wants only some of them, lose nothing.
func TestDeadOutput(t *testing.T) {
	d := newFake()
	o := Options{disk: d, MaxAlerts: 10, manual: true, ballast: -1, Outputs: []Output{{Name: "dead"}, {Name: "well"}, {Name: "slow", MinSeverity: 73}}}
	s, log := open(t, o)
	var well []string
	for i := range 100 {
		sev := 47
		if i%12 == 0 {
			sev = 99
		}
		put(t, s, entry(fmt.Sprint(i), sev, 0))
		well = append(well, ids(t, drain(t, s.Queue("well")))...)
	}
	if len(well) != 100 {
		t.Errorf("the output that keeps up got %d alerts, want 100", len(well))
	}
	if got := s.Queue("slow").Stats(); got.Depth != 9 || got.Lost != 0 {
		t.Errorf("the slow output: %+v, want all 9 and none lost", got)
	}
	if got := s.Queue("dead").Stats(); got.Depth != 10 || got.Lost != 90 {
		t.Errorf("the dead output: %+v, want 10 and 90 lost", got)
	}
	closeSpool(t, s)
	for _, e := range log.of(Evicted) {
		if len(e.Outputs) != 1 || e.Outputs["dead"] == 0 {
			t.Errorf("reported %v, want the dead output alone", e)
		}
	}
	s, _ = open(t, o)
	if got := s.Queue("slow").Stats(); got.Depth != 9 {
		t.Errorf("after a restart the slow output has %d, want 9", got.Depth)
	}
}

// TestFloodOfUser has a user put far more than there is room for, of the highest severity: what
// waits of root, of the agent and of other users stays, whatever its severity and age.
func TestFloodOfUser(t *testing.T) {
	for _, where := range []string{"on disk", "in memory"} {
		for _, what := range []string{"alerts", "bytes"} {
			t.Run(what+" "+where, func(t *testing.T) {
				d := newFake()
				o := Options{disk: d, MaxAlerts: 20, maxHeld: 20, manual: true, ballast: -1}
				pad := 0
				if what == "bytes" {
					o.MaxAlerts, o.maxHeld, o.MaxBytes, o.maxHeldBytes, pad = 1000, 1000, 6000, 6000, 1500
				}
				if where == "in memory" {
					d.setFail(readOnly)
				}
				s, log := open(t, o)
				want := []string{"root", "system", "managed", "agent", "nobody", "503", "503 again"}
				for i, share := range []string{"root", "system", "managed", "agent", "", "503", "503"} {
					s.Put(of(share, want[i], 21, 0))
				}
				for i := range 200 {
					s.Put(of("502", fmt.Sprint("flood", i), 99, pad))
				}
				got := ids(t, waiting(t, s.Queue("a"), 1000))
				if len(got) < len(want)+2 || !slices.Equal(got[:len(want)], want) {
					t.Errorf("got %q, want %q first, and the newest of the flood", got, want)
				}
				if last := got[len(got)-1]; last != "flood199" {
					t.Errorf("got %s as the last, want flood199", last)
				}
				d.setFail(nil)
				closeSpool(t, s)
				for _, e := range log.of(Evicted) {
					if len(e.Shares) != 1 || e.Shares["502"] != e.Count {
						t.Errorf("reported %v, want that all were of 502", e)
					}
				}
			})
		}
	}
}

// TestFloodAfterRestart has the share survive a restart.
func TestFloodAfterRestart(t *testing.T) {
	d := newFake()
	o := Options{disk: d, MaxAlerts: 20, manual: true, ballast: -1}
	s, _ := open(t, o)
	put(t, s, of("root", "root", 21, 0), of("503", "other", 21, 0))
	for i := range 18 {
		put(t, s, of("502", fmt.Sprint("flood", i), 99, 0))
	}
	closeSpool(t, s)
	o.MaxAlerts = 5
	s, _ = open(t, o)
	put(t, s, of("root", "next", 21, 0))
	if got, want := ids(t, waiting(t, s.Queue("a"), 100)), []string{"root", "other", "flood16", "flood17", "next"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestHeartbeatsGoFirst has heartbeats wait for long: no user's alert goes for one.
func TestHeartbeatsGoFirst(t *testing.T) {
	s, _ := open(t, Options{disk: newFake(), MaxAlerts: 10, manual: true, ballast: -1})
	put(t, s, of("502", "alert", 21, 0))
	for i := range 50 {
		put(t, s, of("agent", fmt.Sprint(i), 0, 0))
	}
	if got := ids(t, waiting(t, s.Queue("a"), 1)); got[0] != "alert" {
		t.Errorf("got %q first, want the alert", got)
	}
}

// TestFolderBound has many outputs take nothing, each of which wants others: all together keep
// within twice the bound of one.
func TestFolderBound(t *testing.T) {
	o := Options{disk: newFake(), MaxAlerts: 10, MaxBytes: 3000, manual: true, ballast: -1}
	for i := range 30 {
		o.Outputs = append(o.Outputs, Output{Name: fmt.Sprint(i), MinSeverity: i})
	}
	rng := rand.New(rand.NewPCG(4, 4))
	s, _ := open(t, o)
	for i := range 300 {
		put(t, s, of(fmt.Sprint(500+i%3), fmt.Sprint(i), 30-i/10, rng.IntN(200)))
		st := s.Stats()
		if st.Waiting > allOutputs*o.MaxAlerts || st.Bytes > allOutputs*o.MaxBytes {
			t.Fatalf("after %d: %d alerts, %d bytes; want at most %d and %d", i+1, st.Waiting, st.Bytes, allOutputs*o.MaxAlerts, allOutputs*o.MaxBytes)
		}
	}
}

// TestFolderBoundShrinks opens a full spool with a bound that is far less: every output keeps some.
func TestFolderBoundShrinks(t *testing.T) {
	o := Options{disk: newFake(), MaxAlerts: 1000, manual: true, ballast: -1}
	for i := range 10 {
		o.Outputs = append(o.Outputs, Output{Name: fmt.Sprint(i), MinSeverity: 100 * i})
	}
	s, _ := open(t, o)
	for i := range 1000 {
		put(t, s, entry(fmt.Sprint(i), i, 0))
	}
	closeSpool(t, s)
	o.MaxAlerts = 50
	s, _ = open(t, o)
	if n := s.Stats().Waiting; n > allOutputs*o.MaxAlerts {
		t.Errorf("%d wait, want at most %d", n, allOutputs*o.MaxAlerts)
	}
	for _, q := range s.Stats().Queues {
		if q.Depth < o.MaxAlerts/2 {
			t.Errorf("output %s keeps %d, want no less than %d", q.Output, q.Depth, o.MaxAlerts/2)
		}
	}
}

// TestEvict compares the ranking with one that ranks all again for each that goes.
func TestEvict(t *testing.T) {
	for seed := range uint64(number(500, 20_000)) {
		rng := rand.New(rand.NewPCG(seed, 7))
		list := make([]Claim, rng.IntN(60))
		for i := range list {
			list[i] = Claim{[]string{"", "root", "agent", "501", "502", "503", "504"}[rng.IntN(7)], []int{0, 21, 47, 99}[rng.IntN(4)], 1 + rng.IntN(50)}
		}
		count, bytes := rng.IntN(60), int64(rng.IntN(1500))
		got, want := Evict(list, count, bytes), evictSlowly(list, count, bytes)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: Evict(%+v, %d, %d) = %d, want %d", seed, list, count, bytes, got, want)
		}
	}
}

func evictSlowly(list []Claim, count int, bytes int64) (places []int) {
	var left []int
	for i := range list {
		left = append(left, i)
	}
	amounts := func(ofBytes bool) (users map[string]int64, total int64) {
		users = map[string]int64{}
		for _, i := range left {
			n := int64(1)
			if ofBytes {
				n = int64(list[i].Size)
			}
			if total += n; list[i].Share >= "5" && list[i].Share < "6" {
				users[list[i].Share] += n
			}
		}
		return users, total
	}
	for {
		bound := int64(count)
		users, n := amounts(false)
		if n <= bound {
			bound = bytes
			if users, n = amounts(true); n <= bound {
				slices.Sort(places)
				return places
			}
		}
		most := ""
		for _, user := range []string{"501", "502", "503", "504"} {
			if users[user] > users[most] {
				most = user
			}
		}
		place := func(k int) (rank [3]int) {
			c := list[left[k]]
			switch {
			case most != "" && c.Share == most && users[most]*int64(len(users)+1) > bound:
				return [3]int{1, c.Severity, k}
			case c.Severity == 0:
				return [3]int{2, k}
			case most != "" && c.Share == most:
				return [3]int{3, c.Severity, k}
			}
			return [3]int{4, c.Severity, k}
		}
		first := 0
		for k := range left {
			if a, b := place(k), place(first); slices.Compare(a[:], b[:]) < 0 {
				first = k
			}
		}
		places = append(places, left[first])
		left = slices.Delete(left, first, first+1)
	}
}

// BenchmarkEvict ranks a queue that is full.
func BenchmarkEvict(b *testing.B) {
	list := make([]Claim, defaultMaxAlerts+1)
	for i := range list {
		list[i] = Claim{fmt.Sprint(500 + i%7), []int{21, 47, 99}[i%3], 6000}
	}
	b.ReportAllocs()
	for b.Loop() {
		Evict(list, len(list)-len(list)/evictedAtOnce, 1<<40)
	}
}

// TestDeadFlood has a receiver refuse far more of one user's alerts than are kept: those of others
// stay.
func TestDeadFlood(t *testing.T) {
	d := newFake()
	s, log := open(t, Options{disk: d, manual: true, ballast: -1})
	q := s.Queue("a")
	refuse := func(share string, sev, n int) {
		var entries []Entry
		for i := range n {
			entries = append(entries, of(share, fmt.Sprint(share, i), sev, 0))
		}
		put(t, s, entries...)
		must(t, q.Dead("no", waiting(t, q, n)))
	}
	refuse("root", 21, 1)
	refuse("503", 21, 1)
	refuse("502", 99, maxDead+100)
	kept := map[string]int{}
	for _, r := range q.dead {
		kept[r.share]++
	}
	if len(q.dead) != maxDead || kept["root"] != 1 || kept["503"] != 1 {
		t.Errorf("kept %v, want root's and 503's among %d", kept, maxDead)
	}
	closeSpool(t, s)
	for _, e := range log.of(Dropped) {
		if e.Shares["502"] != e.Count {
			t.Errorf("reported %v, want that all were of 502", e)
		}
	}
}
