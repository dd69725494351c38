package delivery

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/agent/health"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

// unwritten is Outputs that nobody writes to the disk.
func unwritten() *Outputs {
	return &Outputs{wake: make(chan struct{}, 1), room: make(chan struct{}), hangs: health.NewHangingDisks(), report: func(health.Condition, string, bool, time.Time, time.Time) {}}
}

// TestPutStalled hands over far more than there is room for while the disk takes nothing: whoever
// does waits a moment once, and the flood of one user costs nobody else an alert.
func TestPutStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := unwritten()
		of := func(share string, sev int) spool.Entry {
			return spool.Entry{Share: share, Severity: sev, Document: make([]byte, 1000)}
		}
		begin := time.Now()
		all.enqueue(of("root", 21))
		all.enqueue(of("503", 21))
		for range 3 * maxWaiting {
			all.enqueue(of("502", 99))
		}
		if took := time.Since(begin); took > maxPause {
			t.Errorf("putting took %v, want %v at most", took, maxPause)
		}
		if len(all.pending) > maxWaiting || all.bytes > maxWaitingBytes || all.bytes != 1000*len(all.pending) {
			t.Errorf("%d wait, of %d bytes; want at most %d and %d", len(all.pending), all.bytes, maxWaiting, maxWaitingBytes)
		}
		if a, b := all.pending[0].Share, all.pending[1].Share; a != "root" || b != "503" {
			t.Errorf("got alerts of %q and %q first, want root's and 503's", a, b)
		}
		want := fmt.Sprintf(`the disk took alerts too slowly: %d were given up before they were kept, of "502": %[1]d`, 3*maxWaiting+2-len(all.pending))
		if got := all.takeShedReport(time.Now()); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
		all.enqueue(of("502", 99))
		if got := all.takeShedReport(time.Now()); got != "" {
			t.Errorf("told %q at once again, want it told in a minute", got)
		}
		time.Sleep(shedEvery)
		if got := all.takeShedReport(time.Now()); !strings.Contains(got, ": 1 were given up") {
			t.Errorf("told %q after a minute, want the one", got)
		}
	})
}

// TestPutWaits has those wait who hand over more than there is room for, as long as the disk takes
// something: nothing is given up.
func TestPutWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := unwritten()
		const n = 3 * maxWaiting
		taken := make(chan int)
		go func() {
			got := 0
			for got < n {
				time.Sleep(maxPause / 2)
				batch, _ := all.dequeue()
				got += len(batch)
			}
			taken <- got
		}()
		for range n {
			all.enqueue(spool.Entry{Share: "502", Document: make([]byte, 10)})
		}
		if got := <-taken; got != n || all.takeShedReport(time.Now()) != "" {
			t.Errorf("%d alerts were taken, want all %d, and none given up", got, n)
		}
	})
}

// TestSpoolFullOrHangs tells of a disk that hangs once, and not as full as well.
func TestSpoolFullOrHangs(t *testing.T) {
	all, h := opened(t, t.TempDir(), &fakePlace{})
	defer all.Abandon()
	hangs := all.hangs.ReportFrom("spool")
	hangs(true, "sync x")
	all.reportSpoolEvent(spool.Event{Kind: spool.Full, Err: fmt.Errorf("x: %w", hang.ErrHangs)})
	all.reportSpoolEvent(spool.Event{Kind: spool.Room})
	hangs(false, "")
	all.Check(time.Now())
	h.expect(t)
	hangs(true, "sync x")
	all.Check(time.Now())
	h.expect(t, "0s +disk_hangs: the disk does not answer: spool: sync x")
}
