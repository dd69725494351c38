package delivery

import (
	"fmt"
	"testing"
	"time"

	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

// TestSpoolFullOrHangs reports a disk that hangs once, and not as full as well.
func TestSpoolFullOrHangs(t *testing.T) {
	all, h := opened(t, t.TempDir(), &fakePlace{})
	defer all.Abandon()
	hangs := all.opts.Disks.ReportFrom("spool")
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
