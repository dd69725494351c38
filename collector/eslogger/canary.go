package eslogger

import (
	"fmt"
	"time"
)

// canarySchedule decides when to run a canary and what its absence means. It has no clock, runs
// nothing, and is guarded by Source.calls.
//
// Canaries come in rounds. A round begins with each eslogger and then every interval. In
// a round a canary is run again after repeat, twice that, and so on until one is seen,
// for two reasons: the first of an eslogger may come before its subscription, of which there
// is no notice; and eslogger may hold its output back until some kilobytes are together. A round
// that ends unanswered, after timeout, is blindness.
type canarySchedule struct {
	interval, timeout, repeat time.Duration

	began    time.Time
	wake     time.Time // of the next step
	sent     int       // in this round
	ran      int       // of these, known to have been started
	answered bool
	execs    uint64 // exec events of any program in this round
	failure  string // why the last one of this round could not be run
}

// canaryStep is what to do now.
type canaryStep struct {
	launch bool
	wake   time.Time // of the next step

	missed  bool // a round ended unanswered
	since   time.Time
	replace bool // eslogger reported no exec at all, and has to be replaced
	detail  string
}

// beginRound is called with each eslogger and after each round.
func (c *canarySchedule) beginRound(now time.Time) {
	c.began, c.wake = now, now
	c.sent, c.ran, c.execs = 0, 0, 0
	c.answered, c.failure = false, ""
}

func (c *canarySchedule) countExec()    { c.execs++ }
func (c *canarySchedule) markAnswered() { c.answered = true }

func (c *canarySchedule) countStarted()         { c.ran++ }
func (c *canarySchedule) setFailure(why string) { c.failure = why }

// advance is called at the start and at each wake.
func (c *canarySchedule) advance(now time.Time) canaryStep {
	var l canaryStep
	switch {
	case now.Before(c.wake):
		l.wake = c.wake
		return l
	case c.answered:
		if next := c.began.Add(c.interval); now.Before(next) {
			c.wake = next
			l.wake = next
			return l
		}
		c.beginRound(now)
	case now.Sub(c.wake) > c.timeout:
		// The agent itself was held up, so what was not seen proves nothing.
		c.beginRound(now)
	case !now.Before(c.began.Add(c.timeout)):
		l = c.endUnanswered()
		c.beginRound(now)
	}
	l.launch = !l.replace
	c.wake = now.Add(min(c.repeat, c.timeout) << min(c.sent, 16))
	if end := c.began.Add(c.timeout); c.wake.After(end) {
		c.wake = end
	}
	c.sent++
	l.wake = c.wake
	return l
}

// endUnanswered says what a round without an answer means. While execs of other programs are
// reported, a new eslogger would see no more than this one does and lose what
// this one still holds.
func (c *canarySchedule) endUnanswered() canaryStep {
	l := canaryStep{missed: true, since: c.began}
	switch {
	case c.ran == 0 && c.failure == "":
		l.detail = fmt.Sprintf("no canary could be started in %v", c.timeout)
	case c.ran == 0:
		l.detail = "the canary can't be run: " + c.failure
	case c.execs > 0:
		l.detail = fmt.Sprintf("none of %d canaries in %v was seen, though %d other execs were", c.ran, c.timeout, c.execs)
	default:
		l.replace = true
		l.detail = fmt.Sprintf("none of %d canaries in %v was seen, nor any other exec: eslogger is replaced", c.ran, c.timeout)
	}
	return l
}
