package spool

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

const benchPad = 5900 // bytes, so that a document has about 6 KB

// BenchmarkPut is what an alert costs until it is durable, for three outputs: one at a time,
// and sixteen in one Put.
func BenchmarkPut(b *testing.B) {
	outputs := []Output{{Name: "file"}, {Name: "syslog"}, {Name: "remote"}}
	for _, n := range []int{1, 16} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, _ := open(b, Options{Dir: b.TempDir(), Outputs: outputs, MaxAlerts: 2000})
			entries := make([]Entry, n)
			for i := range entries {
				entries[i] = entry("id", 47, benchPad)
			}
			for b.Loop() {
				put(b, s, entries...)
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "alerts/s")
		})
	}
}

// queued makes a spool in which n alerts wait for three outputs.
func queued(b *testing.B, n, size int) Options {
	dir := b.TempDir()
	o := Options{Dir: dir, Outputs: []Output{{Name: "file"}, {Name: "syslog"}, {Name: "remote"}}, MaxAlerts: 2 * n, MaxBytes: 1 << 40}
	s, err := Open(o)
	must(b, err)
	closeSpool(b, s)
	for i := range n {
		doc := make([]byte, size)
		copy(doc, strconv.Itoa(i))
		r := record{seq: uint64(i + 1), ms: when.UnixMilli(), sev: uint16(21 + 26*(i%3)), size: uint32(size), sum: sha256.Sum256(doc)}
		first := filepath.Join(dir, "out/file", r.fileName())
		must(b, os.WriteFile(first, doc, 0o600))
		must(b, os.Link(first, filepath.Join(dir, "out/syslog", r.fileName())))
		must(b, os.Link(first, filepath.Join(dir, "out/remote", r.fileName())))
	}
	return o
}

// resident is the process's memory, now or at its peak, in MiB; 0 where that is not known.
func resident(b *testing.B, which string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), which+":")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	must(b, err)
	return float64(kb) / 1024
}

// BenchmarkOpen opens a spool in which 100,000 alerts wait. Making it takes a while.
func BenchmarkOpen(b *testing.B) {
	o := queued(b, 100_000, 10) // only names are read
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak from here on
	for b.Loop() {
		s, err := Open(o)
		must(b, err)
		if n := s.Stats().Waiting; n != 100_000 {
			b.Fatalf("%d wait, want 100000", n)
		}
		closeSpool(b, s)
	}
	b.ReportMetric(resident(b, "VmHWM"), "MiB-peak")
	s, err := Open(o)
	must(b, err)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB-heap")
	closeSpool(b, s)
}

// BenchmarkDrain takes 100,000 alerts out of one queue in batches of 500, while they stay
// in the two others.
func BenchmarkDrain(b *testing.B) {
	o := queued(b, 100_000, 6000)
	s, err := Open(o)
	must(b, err)
	q := s.Queue("remote")
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	n := 0
	for b.Loop() {
		if q.Stats().Depth == 0 {
			b.StopTimer()
			relinkAll(b, o.Dir)
			closeSpool(b, s)
			s, err = Open(o)
			must(b, err)
			q = s.Queue("remote")
			b.StartTimer()
		}
		items, err := q.Next(b.Context(), 500, 4<<20)
		must(b, err)
		must(b, q.Ack(items))
		n += len(items)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "alerts/s")
	b.ReportMetric(resident(b, "VmHWM"), "MiB-peak")
	closeSpool(b, s)
}

// relinkAll lets everything wait for the remote output again.
func relinkAll(b *testing.B, dir string) {
	for _, name := range names(b, filepath.Join(dir, "out/file")) {
		must(b, os.Link(filepath.Join(dir, "out/file", name), filepath.Join(dir, "out/remote", name)))
	}
}
