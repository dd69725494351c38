package phase_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/phase"
)

// TestNext starts loops of several periods at odd times: they wake together.
func TestNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, period := range []time.Duration{time.Millisecond, 2 * time.Second, 30 * time.Second, 5 * time.Minute} {
			for _, late := range []time.Duration{0, time.Nanosecond, 700 * time.Microsecond, 1234567 * time.Microsecond} {
				time.Sleep(late)
				wait := phase.Next(period)
				if wait <= 0 || wait > period {
					t.Errorf("every %v: got %v, want more than 0 and at most the period", period, wait)
				}
				time.Sleep(wait)
				if now := time.Now(); !now.Equal(now.Truncate(period)) {
					t.Errorf("every %v: woke at %v, which is no multiple", period, now)
				}
			}
		}
	})
}
