// Package phase lets periodic work of many owners share its wake-ups: whoever waits for the
// next multiple of a period wakes together with everyone else whose period divides it.
package phase

import "time"

// Next returns how long it is until the clock shows the next multiple of a period: more
// than zero, and never more than the period, also when the clock is set. The period must
// not be zero.
func Next(period time.Duration) time.Duration {
	now := time.Now()
	return now.Truncate(period).Add(period).Sub(now)
}
