package agent

import (
	"bytes"
	"context"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/agent/offline"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// BenchmarkReplay measures the hot path, line to judgement, over a synthetic stream.
func BenchmarkReplay(b *testing.B) {
	var stream bytes.Buffer
	const lines = 6000
	if _, err := synthetic.WriteBench(&stream, lines); err != nil {
		b.Fatal(err)
	}
	set, err := ruleset.Load(config.Default(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(stream.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r, err := offline.NewReplay(config.Default(), set, func(*alert.Alert, []byte) {})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Read(context.Background(), bytes.NewReader(stream.Bytes())); err != nil {
			b.Fatal(err)
		}
		r.Finish()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
}
