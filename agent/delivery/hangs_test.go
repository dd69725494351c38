package delivery

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

// TestBufferStalled hands over far more than there is room for while the disk takes nothing: whoever
// does waits a moment once, and the flood of one user costs nobody else an alert.
func TestBufferStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer()
		of := func(share string, sev int) spool.Entry {
			return spool.Entry{Share: share, Severity: sev, Document: make([]byte, 1000)}
		}
		loss := func() string { return strings.Join(b.takeLosses(time.Now()), "; ") }
		begin := time.Now()
		b.addEntry(of("root", 21))
		b.addEntry(of("503", 21))
		for range 3 * maxBuffered {
			b.addEntry(of("502", 99))
		}
		if took := time.Since(begin); took > maxPause {
			t.Errorf("putting took %v, want %v at most", took, maxPause)
		}
		if len(b.entries) > maxBuffered || b.bytes > maxBufferedBytes || b.bytes != 1000*len(b.entries) {
			t.Errorf("%d wait, of %d bytes; want at most %d and %d", len(b.entries), b.bytes, maxBuffered, maxBufferedBytes)
		}
		if a, c := b.entries[0].Share, b.entries[1].Share; a != "root" || c != "503" {
			t.Errorf("got alerts of %q and %q first, want root's and 503's", a, c)
		}
		want := fmt.Sprintf(`the disk took alerts too slowly: %d were given up before they were kept, of "502": %[1]d`, 3*maxBuffered+2-len(b.entries))
		if got := loss(); got != want {
			t.Errorf("reported %q, want %q", got, want)
		}
		b.addEntry(of("502", 99))
		if got := loss(); got != "" {
			t.Errorf("reported %q again at once, want it in a minute", got)
		}
		time.Sleep(lossInterval)
		if got := loss(); !strings.Contains(got, ": 1 were given up") {
			t.Errorf("reported %q after a minute, want the one", got)
		}
	})
}

// TestBufferWaits has those wait who hand over more than there is room for, as long as the disk takes
// something: nothing is given up.
func TestBufferWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer()
		const n = 3 * maxBuffered
		taken := make(chan int)
		go func() {
			got := 0
			for got < n {
				time.Sleep(maxPause / 2)
				got += len(b.takeBatch())
			}
			taken <- got
		}()
		for range n {
			b.addEntry(spool.Entry{Share: "502", Document: make([]byte, 10)})
		}
		if got := <-taken; got != n || len(b.takeLosses(time.Now())) > 0 {
			t.Errorf("%d alerts were taken, want all %d, and none given up", got, n)
		}
	})
}

// TestSpoolFullOrHangs reports a disk that hangs once, and not as full as well.
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
