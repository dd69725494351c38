package eslogger

import "time"

// backoff is how long to wait before the next start: doubling from min, up to max, and
// up to half as much again at random, so that what fails in step does not stay in step.
type backoff struct {
	min, max time.Duration
	step     time.Duration // of the next wait, before the random part; zero at first
}

// next returns the next wait, never below min nor above max. random is in [0,1).
func (b *backoff) next(random float64) time.Duration {
	// The longest step leaves room for the random part below max.
	longest := max(b.min, b.max/3*2)
	if b.step == 0 {
		b.step = b.min
	}
	wait := b.step + time.Duration(random*float64(b.step/2))
	if b.step >= longest/2 {
		b.step = longest
	} else {
		b.step *= 2
	}
	return min(max(wait, b.min), b.max)
}

// reset makes the next wait the shortest again.
func (b *backoff) reset() { b.step = 0 }
