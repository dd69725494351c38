package agent

import (
	"os"
	"time"
)

// SetHold sets for how long an output must work before its trouble is over.
func (o *Options) SetHold(d time.Duration) { o.hold = d }

// Amount is how much of something a test does: a little always, and much with TEST_SLOW=1.
func Amount[T any](little, much T) T {
	if os.Getenv("TEST_SLOW") == "1" {
		return much
	}
	return little
}
