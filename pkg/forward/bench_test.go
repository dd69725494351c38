package forward

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// alerts returns n documents of about 6 KB that pack about as well as alerts do.
func alerts(n int) []Item {
	const kinds = 64
	documents := make([][]byte, kinds)
	for i := range documents {
		var b bytes.Buffer
		fmt.Fprintf(&b, `{"@timestamp":"2026-01-02T03:04:05.678Z","event":{"id":"%s","kind":"alert"},"evidence":[`, noise(32))
		for j := 0; b.Len() < 6000; j++ {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"process":{"pid":%d,"entity_id":"%s","executable":"/usr/bin/defaults","args":["defaults","write","com.apple.loginwindow","LoginHook","/Users/Shared/%s.sh"]}}`, 1000+j, noise(40), noise(8))
		}
		b.WriteString("]}")
		documents[i] = b.Bytes()
	}
	out := make([]Item, n)
	at := time.Now()
	for i := range out {
		out[i] = Item{Sequence: uint64(i + 1), ID: fmt.Sprintf("%064x", i), Update: 1, Severity: 47, Time: at, Document: documents[i%kinds]}
	}
	return out
}

// BenchmarkEncode makes the body of 1,000 alerts.
func BenchmarkEncode(b *testing.B) {
	items := alerts(1000)
	for _, kind := range httpTypes {
		b.Run(kind, func(b *testing.B) {
			s := newSender(b, Config{Type: kind, URL: "https://collector.example"}).(*httpSender)
			b.ReportAllocs()
			var size int
			for b.Loop() {
				_, err := s.encodeBody(items)
				if err != nil {
					b.Fatal(err)
				}
				size = s.body.Len()
			}
			b.ReportMetric(float64(size)/1000, "sent-B/alert")
		})
	}
}

// BenchmarkDrain takes 100,000 alerts from a queue in memory to a receiver on this
// machine, with TLS; both share its processors.
func BenchmarkDrain(b *testing.B) {
	const n = 100_000
	items := alerts(n)
	p := receivers.NewPKI(b)
	for _, kind := range httpTypes {
		b.Run(kind, func(b *testing.B) {
			var took time.Duration
			for b.Loop() {
				r := receivers.NewFake(kind)
				r.Discard = true
				q := newMemory(append([]Item(nil), items...)...)
				runner, err := NewRunner(Options{Name: kind, Queue: q, Sender: newSender(b, config(kind, serve(b, p, p.Server, r), p))})
				if err != nil {
					b.Fatal(err)
				}
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan error, 1)
				began := time.Now()
				go func() { done <- runner.Run(ctx) }()
				for q.left() > 0 {
					time.Sleep(time.Millisecond)
				}
				took += time.Since(began)
				cancel()
				if err := <-done; err != nil {
					b.Fatal(err)
				}
				if _, taken, repeats := r.Counts(); taken != n || repeats != 0 || len(r.Violations()) > 0 {
					b.Fatalf("got %d documents, %d repeats, %v", taken, repeats, r.Violations())
				}
			}
			b.ReportMetric(float64(n*b.N)/took.Seconds(), "alerts/s")
		})
	}
}
