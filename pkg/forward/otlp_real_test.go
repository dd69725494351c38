package forward

import (
	"encoding/json"
	"fmt"
	"testing"

	"hooksnare/pkg/forward/receivers"
)

// TestOTLPCollector sends to an OpenTelemetry Collector, and ends it between two batches.
func TestOTLPCollector(t *testing.T) {
	t.Parallel()
	r := receivers.StartCollector(t, receivers.Options{})
	c := config("otlp", r.URL, r.PKI)
	c.CertificateFile, c.KeyFile = r.PKI.Client.CertificateFile, r.PKI.Client.KeyFile
	items := sentItems(t, 400)
	failed := drain(t, newSender(t, c), items, 50, func(try int) {
		switch try {
		case 3:
			r.Kill(t)
		case 4:
			r.Start(t)
		}
	})
	if failed != 1 {
		t.Errorf("%d batches failed, want the one without a receiver", failed)
	}
	got := r.Records(t)
	if len(got) != len(items) {
		t.Fatalf("got %d records, want %d", len(got), len(items))
	}
	for i := range items {
		g, item := &got[i], &items[i]
		if g.Body.String != string(item.Document) {
			t.Errorf("record %d: got %.300q, want %.300q", i, g.Body.String, item.Document)
		}
		level := levelOf(item.Severity)
		if g.SeverityNumber != level.otlp || g.SeverityText != level.word || g.Time != fmt.Sprint(item.Time.UnixNano()) {
			t.Errorf("record %d: got severity %d %q, time %s", i, g.SeverityNumber, g.SeverityText, g.Time)
		}
		if id, sequence := g.Attributes["event.id"], g.Attributes["event.sequence"]; id != valid(t, item.ID) || sequence != fmt.Sprint(item.Update) {
			t.Errorf("record %d: got event.id %q, event.sequence %s, want %q, %d", i, id, sequence, item.ID, item.Update)
		}
		if g.Resource["service.name"] != "hooksnare" || g.Resource["host.name"] != c.Host {
			t.Errorf("record %d: got the resource %v", i, g.Resource)
		}
	}
}

// valid returns text as JSON can carry it.
func valid(t testing.TB, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOTLPCollectorWantsCertificate(t *testing.T) {
	t.Parallel()
	r := receivers.StartCollector(t, receivers.Options{})
	want(t, send(t, newSender(t, config("otlp", r.URL, r.PKI)), makeItems(3)), 3, Retry, KindCertificate)
	if got := r.Records(t); len(got) != 0 {
		t.Errorf("%d records arrived", len(got))
	}
}
