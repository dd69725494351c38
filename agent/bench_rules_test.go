package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/agent/offline"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/collector/process"
	"hooksnare/detect"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// manyRules returns n rules about processes: the published ones, again and again under
// other ids where they are not enough. Copies ask for the same, which is the worst that an
// index can meet.
func manyRules(b *testing.B, n int) []*rules.Rule {
	b.Helper()
	var all, out []*rules.Rule
	for _, r := range loadAllPublished(b).Rules {
		if r.Query != nil && r.NotRunnable == "" && slices.Equal(slices.Compact(r.Query.Categories()), []string{"process"}) && r.Language == "eql" && len(r.ID) == 36 {
			all = append(all, r)
		}
	}
	for i := range n {
		r := *all[i%len(all)]
		r.ID = fmt.Sprintf("%s-%d", r.ID, i)
		out = append(out, &r)
	}
	return out
}

// benchStream is the stream of the other benchmarks.
func benchStream(b *testing.B, lines int) []byte {
	b.Helper()
	var stream bytes.Buffer
	if _, err := synthetic.WriteBench(&stream, lines); err != nil {
		b.Fatal(err)
	}
	return stream.Bytes()
}

// BenchmarkReplayRules is the hot path with more and more rules. What a rule costs is the
// difference to the built-in ones alone.
func BenchmarkReplayRules(b *testing.B) {
	const lines = 6000
	stream := benchStream(b, lines)
	builtin, err := ruleset.Load(config.Default(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{0, 1, 10, 47, 500} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			set := ruleset.Set{Rules: append(manyRules(b, n), builtin.Rules...)}
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := offline.NewReplay(config.Default(), set, func(*alert.Alert, []byte) {})
				if err != nil {
					b.Fatal(err)
				}
				if err := r.Read(context.Background(), bytes.NewReader(stream)); err != nil {
					b.Fatal(err)
				}
				r.Finish()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
		})
	}
}

// BenchmarkExamine is judging alone: events as the table of processes hands them out, and
// no alert made of what is found. Per event, and per event and rule. There are as few
// events as a cache holds, since the agent judges an event that it has just decoded.
func BenchmarkExamine(b *testing.B) {
	table, decoder := process.New(process.Limits{}), new(eslogger.Decoder)
	var m eslogger.Message
	var events []*event.Event
	lines := eslogger.NewLines(bytes.NewReader(benchStream(b, 300)), 0)
	for {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = decoder.Decode(line, &m)
		}
		if err != nil {
			b.Fatal(err)
		}
		if ev := table.Apply(&m); ev != nil {
			kept := *ev
			events = append(events, &kept)
		}
	}
	for _, n := range []int{1, 10, 47, 500} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			engine, err := detect.New(manyRules(b, n), detect.Options{World: detect.World{Lookup: table.Lookup}})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				engine.Examine(events[i%len(events)])
				i++
			}
			per := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(per/float64(n), "ns/rule")
		})
	}
}
