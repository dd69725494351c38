package health

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestDiskHangs has a disk hang: that is reported once, and its end once it has lasted.
func TestDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &reports{from: time.Now()}
		d := NewHangingDisks()
		look := func() { d.Check(h.take, time.Minute, time.Now()) }
		spooled, state := d.ReportFrom("spool"), d.ReportFrom("state folder")
		look()
		h.expect(t)
		time.Sleep(time.Second)
		spooled(true, "sync x")
		select {
		case <-d.Changed:
		default:
			t.Error("noted that the disk hangs: got no news, want it told at once")
		}
		look()
		look()
		state(true, "write of y")
		spooled(false, "")
		time.Sleep(2 * time.Minute)
		look() // y hangs still
		state(false, "")
		time.Sleep(30 * time.Second)
		look()
		spooled(true, "sync z") // again, before it has held
		spooled(false, "")
		time.Sleep(30 * time.Second)
		look()
		h.expect(t, "1s +disk_hangs: the disk does not answer: spool: sync x")
		time.Sleep(time.Minute)
		look()
		h.expect(t, "1s +disk_hangs: the disk does not answer: spool: sync x", "2m31s -disk_hangs: the disk answers again")
	})
}

// reports are the conditions that were reported, a line each.
type reports struct {
	from  time.Time
	lines []string
}

func (r *reports) take(c Condition, detail string, on bool, since, until time.Time) {
	sign, at := "+", since
	if !on {
		sign, at = "-", until
	}
	r.lines = append(r.lines, fmt.Sprintf("%v %s%s: %s", at.Sub(r.from), sign, c, detail))
}

func (r *reports) expect(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(r.lines, want) {
		t.Errorf("got %q, expected %q", r.lines, want)
	}
}
