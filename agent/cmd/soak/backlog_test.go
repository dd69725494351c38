package soak

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
	"hooksnare/pkg/spool"
)

// What a backlog may cost.
const (
	mostMemory  = 60              // MiB resident, at the most
	mostStart   = 2 * time.Second // until the agent tells its status
	leastDrain  = 5000            // alerts a second and output, once the pauses at the begin are over
	wellStarted = 2000            // alerts that are delivered by then
	settle      = 3 * time.Second // that the agent runs with all outputs down
)

// backlog is a spool that waits to be copied.
type backlog struct {
	*victim
	outputs []*httpOutput
	full    string // folder with the spool as it was filled
	bytes   int    // of a document
}

// httpOutput is an output whose receiver listens when it is told to.
type httpOutput struct {
	place
	*receivers.Fake
	address string
}

// BenchmarkBacklog starts the agent on a disk where alerts wait for outputs that are all
// down, and brings up one of them after the other, then all at once. Run it with
// -benchtime 1x.
func BenchmarkBacklog(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("reads memory from /proc")
	}
	v := newVictim(b, build(b, "hooksnare", nil), build(b, "standin", nil))
	log := &backlog{victim: v, full: filepath.Join(b.TempDir(), "full")}
	places := []*place{}
	for _, kind := range []string{"https", "elasticsearch", "splunk_hec", "otlp"} {
		o := newHTTPOutput(b, kind)
		log.outputs = append(log.outputs, o)
		places = append(places, &o.place)
	}
	n := number(b, alertsVariable, 100_000)
	v.configure(map[string]any{"SpoolMaxAlerts": 4 * n, "SpoolMaxBytes": 16384 * n, "HeartbeatInterval": 300.0}, places)
	v.play(1, 0, 0)
	log.fill(b, n)
	cases := [][]*httpOutput{{log.outputs[0]}, {log.outputs[1]}, {log.outputs[2]}, {log.outputs[3]}, log.outputs}
	for _, up := range cases {
		name := "all"
		if len(up) == 1 {
			name = up[0].name
		}
		b.Run(name, func(b *testing.B) {
			for range b.N {
				log.drain(b, up, n)
			}
			b.ReportMetric(0, "ns/op") // it is about other things
		})
	}
}

// newHTTPOutput finds an address that nobody listens on.
func newHTTPOutput(t testing.TB, kind string) *httpOutput {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := &httpOutput{address: l.Addr().String()}
	o.name, o.config = kind, map[string]any{"Name": kind, "Type": kind, "URL": "http://" + l.Addr().String()}
	return o
}

// up has the receiver listen until the returned function is called.
func (o *httpOutput) up(t testing.TB) (down func()) {
	t.Helper()
	o.Fake = receivers.NewFake(o.name)
	o.Discard = true
	l, err := net.Listen("tcp", o.address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: o.Fake}
	ended := make(chan struct{})
	go func() {
		_ = server.Serve(l)
		close(ended)
	}()
	return func() {
		_ = server.Close()
		<-ended
	}
}

// fill makes a spool in which n alerts wait: in memory, so that it does not wait for a drive.
func (v *backlog) fill(t testing.TB, n int) {
	t.Helper()
	line := v.line(t)
	v.bytes = len(line)
	memory, err := os.MkdirTemp("/dev/shm", "soak-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(memory)
	o := spool.Options{Dir: filepath.Join(memory, "spool"), MaxAlerts: 2 * n, MaxBytes: 1 << 40}
	for _, out := range v.outputs {
		o.Outputs = append(o.Outputs, spool.Output{Name: out.name, MinSeverity: 21})
	}
	s, err := spool.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	const together = 250
	for first := 0; first < n; first += together {
		var entries []spool.Entry
		for i := first; i < min(first+together, n); i++ {
			own := bytes.Replace(line, []byte(`"id":"`), fmt.Appendf(nil, `"id":"%08d`, i), 1)
			entries = append(entries, spool.Entry{Severity: 47, Time: time.Now(), Document: own})
		}
		if err := s.Put(entries...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", o.Dir, v.full).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
}

// line returns the alert that the agent gives about a hook, with the id as its first member
// of that name.
func (v *backlog) line(t testing.TB) []byte {
	t.Helper()
	v.play(1, 1, time.Millisecond)
	out, err := exec.Command(v.program, "replay", "--format", "ndjson", filepath.Join(v.root, "usr/bin/recording.ndjson")).Output()
	if err != nil {
		t.Fatalf("replay: %v", err)
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	if !bytes.Contains(line, []byte(`"event":{`)) || !bytes.Contains(line, []byte(`"id":"`)) {
		t.Fatalf("replay: got %.500s", line)
	}
	v.play(1, 0, 0)
	return line
}

// drain starts the agent with everything down, brings up some outputs, and measures.
func (v *backlog) drain(b *testing.B, up []*httpOutput, n int) {
	if err := os.RemoveAll(v.spool("")); err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(v.spool("")), 0o755); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("cp", "-al", v.full, v.spool("")).CombinedOutput(); err != nil {
		b.Fatalf("cp: %v: %s", err, out)
	}
	begin := time.Now()
	v.start()
	defer v.kill()
	for v.told().PID != v.cmd.Process.Pid {
		time.Sleep(time.Millisecond)
		if time.Since(begin) > time.Minute {
			b.Fatalf("no status within a minute:\n%s", v.said())
		}
	}
	started := time.Since(begin)
	time.Sleep(settle)
	queued, _ := v.peak()
	rates := v.deliver(b, up, n)
	peak, after := v.peak()
	fmt.Printf("%d alerts of %d bytes for %d outputs: started in %v, peak %.1f MiB with all down, %.1f MiB in the end (then %.1f)\n\t%s\n",
		n, v.bytes, len(v.outputs), started.Round(time.Millisecond), queued, peak, after, strings.Join(rates.texts, "\n\t"))
	b.ReportMetric(float64(started.Milliseconds()), "start-ms")
	b.ReportMetric(peak, "peak-MiB")
	b.ReportMetric(rates.least, "alerts/s")
	// Several outputs at once share the processors with each other and with their receivers.
	slow := len(up) == 1 && rates.least < leastDrain
	if started > mostStart || peak > mostMemory || slow {
		b.Errorf("want a start within %v, at most %d MiB, at least %d alerts a second", mostStart, mostMemory, leastDrain)
	}
}

// rates are what was measured at outputs.
type rates struct {
	least float64
	texts []string
}

// deliver brings outputs up and waits until they have everything.
func (v *backlog) deliver(b *testing.B, up []*httpOutput, n int) rates {
	b.Helper()
	came := time.Now()
	for _, o := range up {
		defer o.up(b)()
	}
	type times struct{ first, well, all time.Time }
	seen := make([]times, len(up))
	var out rates
	for {
		now := time.Now()
		for i, o := range up {
			_, taken, _ := o.Counts()
			for _, mark := range []struct {
				at *time.Time
				n  int
			}{{&seen[i].first, 1}, {&seen[i].well, min(wellStarted, n)}, {&seen[i].all, n}} {
				if mark.at.IsZero() && taken >= mark.n {
					*mark.at = now
				}
			}
		}
		if !slices.ContainsFunc(seen, func(t times) bool { return t.all.IsZero() }) {
			break
		}
		if now.Sub(came) > patience {
			b.Fatalf("not delivered within %v:\n%s", patience, v.said())
		}
		time.Sleep(2 * time.Millisecond)
	}
	for i, t := range seen {
		rate := float64(n-wellStarted) / t.all.Sub(t.well).Seconds()
		if out.least == 0 || rate < out.least {
			out.least = rate
		}
		out.texts = append(out.texts, fmt.Sprintf("%s: first alert after %v, %d after %v, all after %v: %.0f a second", up[i].name,
			t.first.Sub(came).Round(time.Millisecond), wellStarted, t.well.Sub(came).Round(time.Millisecond), t.all.Sub(came).Round(time.Millisecond), rate))
	}
	return out
}
