package forward

import (
	"context"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// syslogReceivers are the real ones.
var syslogReceivers = map[string]func(testing.TB, receivers.Options) *receivers.Receiver{
	"rsyslog": receivers.StartRsyslogTLS,
	"rsyslog_gtls": func(t testing.TB, o receivers.Options) *receivers.Receiver {
		o.Driver = "gtls"
		return receivers.StartRsyslogTLS(t, o)
	},
	"syslog_ng": receivers.StartSyslogNGTLS,
}

func TestSyslogTLSReceivers(t *testing.T) {
	t.Parallel()
	for name, start := range syslogReceivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, receivers.Options{})
			items := sentItems(t, 400)
			s := newSender(t, streamConfig("syslog_tls", r.Address, r.PKI))
			if failed := drain(t, s, items, 150, nil); failed > 0 {
				t.Errorf("%d of the batches failed", failed)
			}
			arrived(t, r.Await(t, len(items)), items, false)
			if polite := name != "rsyslog_gtls"; s.(*syslogSender).endsTLS != polite {
				t.Errorf("says goodbye: got %v, want %v", !polite, polite)
			}
		})
	}
}

func TestSyslogTLSRestart(t *testing.T) {
	t.Parallel()
	for name, start := range syslogReceivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, receivers.Options{})
			end := r.Stop
			if name == "rsyslog_gtls" {
				end = r.Kill // it takes seconds to stop
			}
			items := sentItems(t, 240)
			failed := drain(t, newSender(t, streamConfig("syslog_tls", r.Address, r.PKI)), items, 40, func(try int) {
				switch try {
				case 2:
					end(t)
					r.Start(t)
				case 4:
					end(t)
				case 5:
					r.Start(t)
				}
			})
			if failed != 1 {
				t.Errorf("%d batches failed, want the one without a receiver", failed)
			}
			arrived(t, r.Await(t, len(items)), items, false)
		})
	}
}

// TestSyslogTLSKilled kills a receiver that writes down what it reads before it says
// goodbye.
func TestSyslogTLSKilled(t *testing.T) {
	t.Parallel()
	r := receivers.StartRsyslogTLS(t, receivers.Options{})
	items := sentItems(t, 600)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	done := sendBehind(ctx, newSender(t, streamConfig("syslog_tls", r.Address, r.PKI)), items)
	for _, n := range []int{50, 200, 350} {
		r.Await(t, n)
		r.Kill(t)
		r.Start(t)
	}
	failed := <-done
	again := arrived(t, r.Messages(t), items, true)
	t.Logf("%d batches failed, %d of %d messages came twice", failed, again, len(items))
}

func TestSyslogTLSSpoiled(t *testing.T)   { spoiled(t, "syslog_tls", receivers.StartRsyslogTLS) }
func TestSyslogTLSSpoiledNG(t *testing.T) { spoiled(t, "syslog_tls", receivers.StartSyslogNGTLS) }
