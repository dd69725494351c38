package agent

import (
	"os"
	"time"
)

// SetHold sets for how long an output must work before its trouble is over.
func (o *Options) SetHold(d time.Duration) { o.hold = d }

// SetDiskLimit sets how long any operation of the agent's disk may take: what a busy machine does
// in a test is no disk that hangs.
func (o *Options) SetDiskLimit(d time.Duration) { o.diskLimit = d }

// SetGrantEvery sets how often an agent without Full Disk Access looks whether it was granted.
func (o *Options) SetGrantEvery(d time.Duration) { o.grantEvery = d }

// SetPatience sets how many times as long as usual the parts of an agent may take to end.
func (o *Options) SetPatience(times int) { o.patience = times }

// Amount is how much of something a test does: a little always, and much with TEST_SLOW=1.
func Amount[T any](little, much T) T {
	if os.Getenv("TEST_SLOW") == "1" {
		return much
	}
	return little
}

// AskRestart has Run end as a key does that restarts sensors.
func (a *Agent) AskRestart() { a.askRestart() }
