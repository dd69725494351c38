package forward

import (
	"context"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

func TestRELPRsyslog(t *testing.T) {
	t.Parallel()
	r := receivers.StartRsyslogRELP(t, receivers.Options{})
	items := sentItems(t, 400)
	if failed := drain(t, newSender(t, streamConfig("relp", r.Address, r.PKI)), items, 300, nil); failed > 0 {
		t.Errorf("%d of the batches failed", failed)
	}
	arrived(t, r.Messages(t), items, false)
}

// TestRELPRestart ends the receiver between two batches: the session is replaced and
// nobody waits. Killed, it takes what it acknowledged with it only if it had not
// written that down.
func TestRELPRestart(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*receivers.Receiver, testing.TB){"stopped": (*receivers.Receiver).Stop, "killed": (*receivers.Receiver).Kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := receivers.StartRsyslogRELP(t, receivers.Options{})
			s := newSender(t, streamConfig("relp", r.Address, r.PKI))
			items := sentItems(t, 240)
			failed := drain(t, s, items, 40, func(try int) {
				switch try {
				case 2:
					end(r, t)
					r.Start(t)
				case 4:
					end(r, t)
				case 5:
					r.Start(t)
				}
			})
			if failed != 1 {
				t.Errorf("%d batches failed, want the one without a receiver", failed)
			}
			arrived(t, r.Messages(t), items, false)
		})
	}
}

// TestRELPKilled kills the receiver in the middle of batches.
func TestRELPKilled(t *testing.T) {
	t.Parallel()
	r := receivers.StartRsyslogRELP(t, receivers.Options{})
	s := newSender(t, streamConfig("relp", r.Address, r.PKI))
	items := sentItems(t, 600)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // a machine under load is slow
	defer cancel()
	done := sendBehind(ctx, s, items)
	kills := []int{50, 200, 350}
	for _, n := range kills {
		r.Await(t, n)
		r.Kill(t)
		r.Start(t)
	}
	failed := <-done
	again := arrived(t, r.Messages(t), items, true)
	t.Logf("%d batches failed, %d of %d messages came twice", failed, again, len(items))
	// What was written down and not yet answered comes again: of each session that was killed no
	// more than may be without an answer.
	if most := len(kills) * relpWindow; again > most {
		t.Errorf("%d of %d messages came twice, want at most the %d that were not answered", again, len(items), most)
	}
}

// TestRELPSpoiled sends through a proxy that cuts, resets and swallows.
func TestRELPSpoiled(t *testing.T) { spoiled(t, "relp", receivers.StartRsyslogRELP) }

func spoiled(t *testing.T, kind string, start func(testing.TB, receivers.Options) *receivers.Receiver) {
	t.Parallel()
	r := start(t, receivers.Options{})
	proxy := receivers.StartToxiproxy(t)
	for _, toxic := range []struct {
		kind, stream string
		attributes   map[string]int
	}{
		{"limit_data", "upstream", map[string]int{"bytes": 150_000}},
		{"limit_data", "downstream", map[string]int{"bytes": 1_200}},
		{"reset_peer", "upstream", map[string]int{"timeout": 20}},
		{"timeout", "upstream", map[string]int{"timeout": 0}},
		{"timeout", "downstream", map[string]int{"timeout": 0}},
	} {
		t.Run(toxic.kind+"/"+toxic.stream, func(t *testing.T) {
			before := len(r.Messages(t))
			link := proxy.Link(t, strings.Replace(r.Address, receivers.Host, "127.0.0.1", 1))
			c := streamConfig(kind, link.Address, r.PKI)
			c.Timeout = 500 * time.Millisecond
			items := sentItems(t, 120)
			failed := drain(t, newSender(t, c), items, 60, func(try int) {
				switch try {
				case 1:
					link.Toxic(t, toxic.kind, toxic.stream, toxic.attributes)
				case 3:
					link.Heal(t, toxic.kind, toxic.stream)
					link.Enable(t, false) // with the connections that are stuck in it
					link.Enable(t, true)
				}
			})
			if failed == 0 {
				t.Error("no batch failed: the proxy spoiled nothing")
			}
			r.Stop(t) // syslog-ng has read messages before it writes them down
			again := arrived(t, r.Messages(t)[before:], items, true)
			r.Start(t)
			t.Logf("%d batches failed, %d of %d messages came twice", failed, again, len(items))
		})
	}
}
