package agent

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/agent/health"
	"hooksnare/pkg/hang"
)

// TestKeeperWrite has a write to the state folder hang: its caller goes on after the limit, and
// later ones at once.
func TestKeeperWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := health.NewHangingDisks()
		k := keeper{dir: t.TempDir()}
		k.guard.Limit, k.guard.Changed = writeLimit, d.ReportFrom("state folder")
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
		var details []string
		d.Check(func(_ health.Condition, detail string, _ bool, _, _ time.Time) { details = append(details, detail) }, 0, time.Now())
		if len(details) != 1 || !strings.Contains(details[0], "state folder: write of x") {
			t.Errorf("reported %q, expected what hangs", details)
		}
		close(release)
		synctest.Wait()
		if err := k.write(filepath.Join(memoryFolder, "x"), []byte("{}")); err != nil {
			t.Errorf("after it has ended: got %v, want nil", err)
		}
	})
}
