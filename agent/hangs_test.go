package agent

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/agent/health"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

// TestDiskHangs tells of a disk that hangs, once, and of its end after it has held.
func TestDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hearing{from: time.Now()}
		d := newDiskHangs()
		look := func() { d.check(h.condition, time.Minute, time.Now()) }
		spooled, state := d.noting("spool"), d.noting("state folder")
		look()
		h.expect(t)
		time.Sleep(time.Second)
		spooled(true, "sync x")
		select {
		case <-d.news:
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

// unwritten is Outputs that nobody writes to the disk.
func unwritten() *Outputs {
	return &Outputs{wake: make(chan struct{}, 1), room: make(chan struct{}), hangs: newDiskHangs(), health: func(health.Condition, string, bool, time.Time, time.Time) {}}
}

// TestPutStalled hands over far more than there is room for while the disk takes nothing: whoever
// does waits a moment once, and the flood of one user costs nobody else an alert.
func TestPutStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := unwritten()
		of := func(share string, sev int) pending {
			return pending{entry: spool.Entry{Share: share, Severity: sev, Document: make([]byte, 1000)}}
		}
		begin := time.Now()
		all.put(of("root", 21))
		all.put(of("503", 21))
		for range 3 * maxWaiting {
			all.put(of("502", 99))
		}
		if took := time.Since(begin); took > maxPause {
			t.Errorf("putting took %v, want %v at most", took, maxPause)
		}
		if len(all.pending) > maxWaiting || all.bytes > maxWaitingBytes || all.bytes != 1000*len(all.pending) {
			t.Errorf("%d wait, of %d bytes; want at most %d and %d", len(all.pending), all.bytes, maxWaiting, maxWaitingBytes)
		}
		if a, b := all.pending[0].entry.Share, all.pending[1].entry.Share; a != "root" || b != "503" {
			t.Errorf("got alerts of %q and %q first, want root's and 503's", a, b)
		}
		want := fmt.Sprintf(`the disk took alerts too slowly: %d were given up before they were kept, of "502": %[1]d`, 3*maxWaiting+2-len(all.pending))
		if got := all.takeShed(time.Now()); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
		all.put(of("502", 99))
		if got := all.takeShed(time.Now()); got != "" {
			t.Errorf("told %q at once again, want it told in a minute", got)
		}
		time.Sleep(shedEvery)
		if got := all.takeShed(time.Now()); !strings.Contains(got, ": 1 were given up") {
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
				batch, _, _ := all.take()
				got += len(batch)
			}
			taken <- got
		}()
		for range n {
			all.put(pending{entry: spool.Entry{Share: "502", Document: make([]byte, 10)}})
		}
		if got := <-taken; got != n || all.takeShed(time.Now()) != "" {
			t.Errorf("%d alerts were taken, want all %d, and none given up", got, n)
		}
	})
}

// TestKeeperWrite has a write to the state folder hang: its caller goes on after the limit, and
// later ones at once.
func TestKeeperWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiskHangs()
		k := keeper{dir: t.TempDir()}
		k.guard.Limit, k.guard.Changed = writeLimit, d.noting("state folder")
		if err := k.write("status.json", []byte("{}")); err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		begin := time.Now()
		_ = k.guard.Do("write of x", func() error { <-release; return nil }, nil)
		if took := time.Since(begin); took != writeLimit {
			t.Errorf("a write that hangs took %v, want %v", took, writeLimit)
		}
		begin = time.Now()
		if err := k.write("status.json", []byte("{}")); !errors.Is(err, hang.ErrHangs) || time.Since(begin) != 0 {
			t.Errorf("the next write: got %v after %v, want %v at once", err, time.Since(begin), hang.ErrHangs)
		}
		h := &hearing{from: time.Now()}
		d.check(h.condition, 0, time.Now())
		if len(h.told) != 1 || !strings.Contains(h.told[0], "state folder: write of x") {
			t.Errorf("told %q, want what hangs", h.told)
		}
		close(release)
		synctest.Wait()
		if err := k.write(filepath.Join(memoryFolder, "x"), []byte("{}")); err != nil {
			t.Errorf("after it has ended: got %v, want nil", err)
		}
	})
}

// TestSpoolFullOrHangs tells of a disk that hangs once, and not as full as well.
func TestSpoolFullOrHangs(t *testing.T) {
	all, h := opened(t, t.TempDir(), &fakePlace{})
	defer all.Abandon()
	noting := all.hangs.noting("spool")
	noting(true, "sync x")
	all.tell(spool.Event{Kind: spool.Full, Err: fmt.Errorf("x: %w", hang.ErrHangs)})
	all.tell(spool.Event{Kind: spool.Room})
	noting(false, "")
	all.Check(time.Now())
	h.expect(t)
	noting(true, "sync x")
	all.Check(time.Now())
	h.expect(t, "0s +disk_hangs: the disk does not answer: spool: sync x")
}
