package baseline

import (
	"fmt"
	"slices"
	"time"
)

// The bounds of a threshold when the options name none.
const (
	defaultGroups = 16_384
	defaultBytes  = 4 << 20
)

// ThresholdOptions says what is too often.
type ThresholdOptions struct {
	AtLeast  int           // events of one group that fire
	Window   time.Duration // within less than this
	Distinct []int         // and for each of these so many different values

	MaxGroups int    // groups remembered, 0 for 16,384
	MaxBytes  int    // of their times and values, 0 for 4 MiB
	Identity  string // the rule and its fields: a snapshot of any other is refused
}

// Threshold counts events by group within a sliding window, as rules of type threshold
// need it. A group fires when its count and every number of different values are
// reached, and then not again until a window has passed; if it goes on, it fires again.
type Threshold struct {
	o        ThresholdOptions
	window   int64
	groups   *recent[counter]
	bytes    int
	digester digester
	stats    ThresholdStats
}

// ThresholdStats counts what became of groups.
type ThresholdStats struct {
	Groups  int    // remembered now
	Bytes   int    // of their times and values
	Dropped uint64 // forgotten within their window for want of room: their count starts anew
	Cut     uint64 // events of more groups, or with more different values, than are looked at
}

// NewThreshold returns a threshold that has counted nothing yet.
func NewThreshold(o ThresholdOptions) (*Threshold, error) {
	if o.MaxGroups == 0 {
		o.MaxGroups = defaultGroups
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultBytes
	}
	if err := checkWindow(o.Window); err != nil {
		return nil, err
	}
	switch {
	case o.AtLeast < 1:
		return nil, fmt.Errorf("threshold: %d is less than 1", o.AtLeast)
	case len(o.Distinct) > maxFields:
		return nil, fmt.Errorf("cardinality: more than %d fields", maxFields)
	case o.MaxGroups < 1 || o.MaxGroups > 1<<24:
		return nil, fmt.Errorf("groups: %d is not between 1 and %d", o.MaxGroups, 1<<24)
	case o.MaxBytes < 0 || o.MaxBytes > 1<<30:
		return nil, fmt.Errorf("bytes: %d is not between 0 and %d", o.MaxBytes, 1<<30)
	}
	room := o.MaxBytes - min(o.AtLeast, o.MaxBytes)*timeSize
	for _, n := range o.Distinct {
		if n < 1 {
			return nil, fmt.Errorf("cardinality: %d is less than 1", n)
		}
		room -= min(n, o.MaxBytes) * sightingSize
	}
	if room < 0 {
		return nil, fmt.Errorf("threshold: one group that reaches it does not fit in %d bytes", o.MaxBytes)
	}
	o.Distinct = slices.Clone(o.Distinct)
	return &Threshold{o: o, window: int64(o.Window), groups: newRecent[counter]()}, nil
}

// Stats returns the counts so far.
func (t *Threshold) Stats() ThresholdStats {
	s := t.stats
	s.Groups, s.Bytes = t.groups.len(), t.bytes
	return s
}

// Add counts an event of a group. values are those of each field of Distinct. It
// returns how many events the group has in the window, up to AtLeast, and whether that
// fires.
func (t *Threshold) Add(group []string, values [][]string, at time.Time) (count int, fired bool) {
	return t.add(t.digester.of(group...), values, nanos(at))
}

// AddAny counts an event whose fields may be lists: once in the group of every
// combination of one element from each. A field without a value makes no group. It
// returns the first group that fired, nil without one, and its count.
func (t *Threshold) AddAny(lists [][]string, values [][]string, at time.Time) (fired []string, count int) {
	var seen [maxCombinations]digest // an element may come twice, the event counts once
	n := 0
	more := combinations(lists, func(group []string) {
		key := t.digester.of(group...)
		if slices.Contains(seen[:n], key) {
			return
		}
		seen[n] = key
		n++
		if c, fires := t.add(key, values, nanos(at)); fires && fired == nil {
			fired, count = append([]string{}, group...), c
		}
	})
	if more {
		t.stats.Cut++
	}
	return fired, count
}

func (t *Threshold) add(key digest, values [][]string, at int64) (count int, fired bool) {
	c := t.counter(key, at)
	before := c.bytes()
	at = c.advance(at, t.window)
	c.times.push(at, t.o.AtLeast)
	t.note(c, values, at)
	if t.reached(c) && (c.fired == notFired || at-c.fired >= t.window) {
		c.fired, fired = at, true
	}
	count = c.times.n
	t.bytes += c.bytes() - before
	t.shrink(at)
	return count, fired
}

// counter returns the counter of a group, a new one if it has none.
func (t *Threshold) counter(key digest, at int64) *counter {
	if c := t.groups.use(key); c != nil {
		return c
	}
	t.expire(at)
	for t.groups.len() >= t.o.MaxGroups {
		t.lose(at)
	}
	c := t.groups.add(key)
	c.newest, c.fired = at, notFired
	if len(t.o.Distinct) > 0 {
		c.distinct = make([]distinct, len(t.o.Distinct))
	}
	return c
}

// expire gives up the room of groups that no longer count: a few each time, which is
// more than are added. The next event of a group may still be late by a window.
func (t *Threshold) expire(at int64) {
	for range 2 {
		if last := t.groups.last(); last == nil || within(last.newest, at, 2*t.window) {
			return
		}
		t.dropLast()
	}
}

// advance moves the window of a counter to a time and returns the time that counts:
// events come nearly in order, and one that is late counts as of the latest. If it is
// late by a whole window the clock was set back, and the count starts anew.
func (c *counter) advance(at, window int64) int64 {
	if at <= c.newest-window {
		c.times.expire(c.newest)
		for i := range c.distinct {
			c.distinct[i].expire(c.newest)
		}
		c.fired = notFired
		c.newest = at
		return at
	}
	c.newest = max(c.newest, at)
	c.times.expire(c.newest - window)
	for i := range c.distinct {
		c.distinct[i].expire(c.newest - window)
	}
	return c.newest
}

// note notes the values of the fields of which there must be different ones.
func (t *Threshold) note(c *counter, values [][]string, at int64) {
	for i := range min(len(c.distinct), len(values)) {
		list := values[i]
		if len(list) > maxCombinations {
			list = list[:maxCombinations]
			t.stats.Cut++
		}
		for _, v := range list {
			c.distinct[i].note(t.digester.of(v), at, t.o.Distinct[i])
		}
	}
}

// reached reports whether a counter has all that is asked for.
func (t *Threshold) reached(c *counter) bool {
	if c.times.n < t.o.AtLeast {
		return false
	}
	for i, d := range c.distinct {
		if len(d) < t.o.Distinct[i] {
			return false
		}
	}
	return true
}

// shrink makes room until the bound on memory holds. One group alone always fits.
func (t *Threshold) shrink(at int64) {
	for t.bytes > t.o.MaxBytes && t.groups.len() > 1 {
		t.lose(at)
	}
}

// lose drops the group that was not seen for longest, and counts it if it mattered.
func (t *Threshold) lose(at int64) {
	if within(t.groups.last().newest, at, t.window) {
		t.stats.Dropped++
	}
	t.dropLast()
}

func (t *Threshold) dropLast() {
	t.bytes -= t.groups.last().bytes()
	t.groups.dropLast()
}
