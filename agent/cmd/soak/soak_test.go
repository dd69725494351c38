package soak

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// Variables that say how long the soak is. Without the first it is left out.
const (
	alertsVariable  = "SOAK_ALERTS"
	killsVariable   = "SOAK_KILLS"
	seedVariable    = "SOAK_SEED"
	controlVariable = "SOAK_CONTROL" // set: the agent is broken, and that must show
)

// A life of the agent lasts so long; some end during the start.
const (
	shortLife  = 400 * time.Millisecond
	usualLife  = 2 * time.Second
	meanLife   = time.Second
	shortShare = 0.3
	setFor     = 500 * time.Millisecond // of a life, hooks are set
)

// patience bounds how long what is left takes, once everything works.
const patience = 3 * time.Minute

// look is how often places are looked at.
const look = 20 * time.Millisecond

func number(t testing.TB, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q: want a number", variable, text)
	}
	return n
}

// soak is one run.
type soak struct {
	*victim
	alerts, kills int
	r             *rand.Rand
	places        []*place
	log           *place
	begun         time.Time
}

// TestSoak has the agent raise alerts while it is killed and its receivers misbehave, and
// then looks what is where.
func TestSoak(t *testing.T) {
	if os.Getenv(alertsVariable) == "" {
		t.Skip("takes minutes: make soak runs it")
	}
	seed := number(t, seedVariable, int(time.Now().UnixNano()&0xffffff))
	control := os.Getenv(controlVariable) != ""
	var fault map[string]string
	if control {
		fault = acknowledgeFirst(t)
	}
	s := &soak{
		victim: newVictim(t, build(t, "hooksnare", fault), build(t, "standin", nil)),
		alerts: number(t, alertsVariable, 0), kills: number(t, killsVariable, 110),
		r: rand.New(rand.NewPCG(1, uint64(seed))),
	}
	fmt.Printf("soak: %d alerts, %d kills, %s=%d\n", s.alerts, s.kills, seedVariable, seed)
	s.outputs()
	s.begun = time.Now()
	for _, p := range s.places {
		p.begin(s.r, s.begun, time.Duration(s.kills)*meanLife)
	}
	for n := range s.kills {
		s.life(n)
	}
	s.rest()
	lost := s.reckon()
	switch {
	case control && lost == 0:
		t.Error("the control acknowledges before it delivers, and nothing was found missing: this test can't fail")
	case control:
		fmt.Printf("soak: the control lost alerts, and that was found\n")
	case lost > 0:
		t.Errorf("%d documents are missing", lost)
	}
	if t.Failed() {
		t.Logf("the agent said:\n%s", s.said())
	}
}

// outputs starts the places, and tells the agent of them.
func (s *soak) outputs() {
	s.t.Helper()
	proxy := receivers.StartToxiproxy(s.t)
	s.log = newLog(s.t, s.root)
	s.places = []*place{s.log}
	for _, kind := range []string{"https", "elasticsearch", "splunk_hec", "otlp"} {
		s.places = append(s.places, newMoody(s.t, proxy, kind, kind))
	}
	s.places = append(s.places, newCollector(s.t, proxy, s.root), newRsyslog(s.t, proxy, s.root))
	s.configure(nil, s.places)
}

// life is a start, some hooks, and a death.
func (s *soak) life(n int) {
	s.t.Helper()
	// All hooks are to be set with a tenth of the lives left.
	wanted := min(s.alerts, s.alerts*(n+1)*10/(s.kills*9)+1)
	count := min(max(2*(wanted-s.ledger.next()+1), 2), s.alerts-s.ledger.next()+1)
	s.play(s.ledger.next(), count, setFor/time.Duration(max(count, 1)))
	s.start()
	lasts := time.Duration(s.r.Int64N(int64(shortLife)))
	if s.r.Float64() >= shortShare {
		lasts = shortLife + time.Duration(s.r.Int64N(int64(usualLife-shortLife)))
	}
	for end := time.Now().Add(lasts); ; {
		now := time.Now()
		for _, p := range s.places {
			p.step(now)
		}
		left := time.Until(end)
		if left <= 0 {
			break
		}
		time.Sleep(min(left, look))
	}
	s.kill()
	s.account(s.log)
}

// rest heals everything, has the agent set the hooks that are left, and waits until all is
// delivered.
func (s *soak) rest() {
	s.t.Helper()
	for _, p := range s.places {
		p.look(time.Now())
		p.heal()
	}
	healed := time.Now()
	durable := len(s.ledger.values)
	for tries := 0; ; tries++ {
		s.play(s.ledger.next(), s.alerts-len(s.ledger.values), 2*time.Millisecond)
		s.start()
		for limit := time.Now().Add(patience); ; time.Sleep(5 * look) {
			s.account(s.log)
			if len(s.ledger.values) == s.alerts && len(s.waiting()) == 0 {
				break
			}
			if time.Now().After(limit) {
				s.t.Errorf("after %v: %d of %d alerts are durable; waiting for %v", patience, len(s.ledger.values), s.alerts, s.waiting())
				break
			}
		}
		s.end()
		s.account(s.log)
		if left := s.waiting(); len(left) == 0 || tries == 3 {
			break // else the last heartbeat was too late
		}
	}
	fmt.Printf("soak: %d kills in %v, %d alerts durable by then; what was left took %v\n",
		s.kills, healed.Sub(s.begun).Round(time.Second), durable, time.Since(healed).Round(100*time.Millisecond))
	if left := s.waiting(); len(left) > 0 {
		s.t.Errorf("not acknowledged in the end: %v", left)
	}
	if odd := s.setAside(); len(odd) > 0 {
		s.t.Errorf("set aside by the spool: %d files: %q", len(odd), odd[:min(len(odd), 5)])
	}
	if got := slices.Sorted(maps.Keys(s.ledger.values)); len(got) != s.alerts {
		s.t.Errorf("%d alerts were raised, want %d", len(got), s.alerts)
	}
}
