package baseline

import (
	"runtime"
	"strconv"
	"testing"
	"time"
)

func BenchmarkTerms(b *testing.B) {
	values := []string{"0123-4567-host", "/opt/homebrew/Cellar/python@3.13/3.13.1/bin/python3.13"}
	b.Run("known", func(b *testing.B) {
		m := newTerms(b, TermsOptions{Fields: 2})
		b.ReportAllocs()
		for b.Loop() {
			m.Seen(values, start)
		}
	})
	b.Run("new, full", func(b *testing.B) {
		m := newTerms(b, TermsOptions{Fields: 2, MaxEntries: 1000})
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n++
			m.Seen([]string{values[0], strconv.Itoa(n)}, start)
		}
	})
}

func BenchmarkThreshold(b *testing.B) {
	th := newThreshold(b, ThresholdOptions{AtLeast: 20, Window: 9 * time.Minute, Distinct: []int{5}})
	group, values := []string{"0123-4567-host"}, [][]string{{"501"}}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		th.Add(group, values, after(time.Duration(n)*time.Second))
	}
}

// The memory benchmarks print what a full memory takes, and its snapshot.

func BenchmarkTermsMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		m := newTerms(b, TermsOptions{Window: time.Hour})
		for i := range defaultEntries {
			m.Seen([]string{strconv.Itoa(i)}, start)
		}
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
		b.ReportMetric(float64(len(m.Snapshot(start)))/(1<<20), "MiB-snapshot")
		runtime.KeepAlive(m)
	}
}

func BenchmarkThresholdMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		th := newThreshold(b, ThresholdOptions{AtLeast: 1000, Distinct: []int{10}})
		for i := range 20 * defaultGroups {
			n := strconv.Itoa(i % defaultGroups)
			th.Add([]string{n}, [][]string{{strconv.Itoa(i)}}, start)
		}
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
		b.ReportMetric(float64(len(th.Snapshot()))/(1<<20), "MiB-snapshot")
		runtime.KeepAlive(th)
	}
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
