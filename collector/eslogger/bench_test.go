package eslogger_test

import (
	"bytes"
	"testing"

	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
)

// BenchmarkDecode measures cutting and decoding a synthetic stream.
func BenchmarkDecode(b *testing.B) {
	var stream bytes.Buffer
	const lines = 6000
	if _, err := synthetic.WriteBench(&stream, lines); err != nil {
		b.Fatal(err)
	}
	d, m := new(eslogger.Decoder), new(eslogger.Message)
	b.SetBytes(int64(stream.Len()))
	b.ReportAllocs()
	for b.Loop() {
		l := eslogger.NewLines(bytes.NewReader(stream.Bytes()), 0)
		for n := 0; ; n++ {
			line, err := l.Next()
			if err != nil {
				if n != lines {
					b.Fatalf("%d lines, %v", n, err)
				}
				break
			}
			if err := d.Decode(line, m); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
}
