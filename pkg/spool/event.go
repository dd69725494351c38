package spool

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is what happened to the spool.
type Kind uint8

const (
	Damaged     Kind = iota + 1 // Name is not what it should be: set aside, as Kept
	Evicted                     // Count alerts went because of a bound (Why): they are lost to Outputs
	Full                        // the disk takes nothing (Err): alerts are held in memory
	Room                        // the disk takes alerts again, and all that was held is written
	BallastUsed                 // the disk is full, and the ballast was given up to make room
	BallastBack                 // there is room again, and a new ballast
	Renewed                     // the chain has a new id (Why)
	Repaired                    // Count alerts were put right (Why); none was lost
	Dropped                     // Count dead or damaged files went because there are too many (Why)
	Refused                     // Count alerts are dead: the receivers of Outputs want none of them (Why is the last reason)
	Hangs                       // the disk does not answer (Why names the operation): alerts are held in memory
	Answers                     // a disk that hung answers again
)

var kinds = [...]string{"", "damaged", "evicted", "disk full", "disk has room", "ballast used", "ballast back", "chain renewed", "repaired", "dropped", "refused", "disk hangs", "disk answers"}

func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Event is something the spool's owner should know. What does not apply is zero.
type Event struct {
	Kind  Kind
	Time  time.Time
	Why   string
	Err   error
	Count int

	Name        string // of a file, in the spool's folder
	Kept        string // where it lies now; "" when it is gone
	First, Last uint64 // numbers of the alerts: none between is older or newer
	Bytes       int64
	Outputs     map[string]int // how many each output has lost, or refused
	Severities  map[int]int    // how many of each severity
	Shares      map[string]int // how many of each share
}

// String is one line for a log; names in it are quoted.
func (e Event) String() string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	if e.Name != "" {
		fmt.Fprintf(&b, " %.300q", e.Name)
	}
	if e.Why != "" {
		b.WriteString(": " + e.Why)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Count > 1 {
		fmt.Fprintf(&b, ", %d times", e.Count)
	}
	if e.First != 0 {
		fmt.Fprintf(&b, ", numbers %d to %d", e.First, e.Last)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Outputs)) {
		fmt.Fprintf(&b, ", for output %s %d", name, e.Outputs[name])
	}
	for _, sev := range slices.Sorted(maps.Keys(e.Severities)) {
		fmt.Fprintf(&b, ", of severity %d: %d", sev, e.Severities[sev])
	}
	for _, share := range slices.Sorted(maps.Keys(e.Shares)) {
		if share != "" {
			fmt.Fprintf(&b, ", of %q: %d", share, e.Shares[share])
		}
	}
	if e.Kept != "" {
		fmt.Fprintf(&b, ", kept as %q", e.Kept)
	}
	return b.String()
}

const (
	maxEvents = 1000        // waiting to be reported; further ones are added to the last of their kind
	quiet     = time.Minute // between reports of losses: reporting one as an alert can cause the next
)

// reporter calls Options.Report from a goroutine of its own, so that it may use the spool,
// and sums up losses, so that an alert about them is no loop.
type reporter struct {
	report func(Event)
	now    func() time.Time
	wake   chan struct{}
	done   chan struct{}

	mu     sync.Mutex
	queue  []Event
	losses map[string]*Event    // by kind and reason, not yet due
	last   map[string]time.Time // when one was reported last
}

func newReporter(report func(Event), now func() time.Time) *reporter {
	return &reporter{
		report: report, now: now, wake: make(chan struct{}, 1), done: make(chan struct{}),
		losses: map[string]*Event{}, last: map[string]time.Time{},
	}
}

// add may be called under any lock.
func (r *reporter) add(e Event) {
	e.Time = r.now()
	e.Count = max(e.Count, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Kind == Evicted || e.Kind == Dropped || e.Kind == Refused {
		key := e.Kind.String() + e.Name
		if e.Kind != Refused {
			key += e.Why
		}
		if was := r.losses[key]; was != nil {
			was.merge(e)
		} else {
			r.losses[key] = &e
		}
	} else if !r.overflow(e) {
		r.queue = append(r.queue, e)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reporter) overflow(e Event) bool {
	if len(r.queue) < maxEvents {
		return false
	}
	for i := len(r.queue) - 1; i >= 0; i-- {
		if r.queue[i].Kind == e.Kind {
			r.queue[i].merge(e)
			return true
		}
	}
	return false
}

func (e *Event) merge(o Event) {
	if o.Why != "" {
		e.Why = o.Why
	}
	e.Count += o.Count
	e.Bytes += o.Bytes
	if e.First == 0 || o.First != 0 && o.First < e.First {
		e.First = o.First
	}
	e.Last = max(e.Last, o.Last)
	e.Outputs = sum(e.Outputs, o.Outputs)
	e.Severities = sum(e.Severities, o.Severities)
	for share, n := range o.Shares {
		if _, known := e.Shares[share]; !known && len(e.Shares) >= maxShares {
			share = otherShares
		}
		e.Shares = sum(e.Shares, map[string]int{share: n})
	}
}

// maxShares bounds the shares that an event names; the rest are counted under otherShares.
const (
	maxShares   = 20
	otherShares = "others"
)

func sum[K comparable](into, from map[K]int) map[K]int {
	if into == nil {
		return maps.Clone(from)
	}
	for k, n := range from {
		into[k] += n
	}
	return into
}

// due takes what is to be reported now, and says when there will be more.
func (r *reporter) due(all bool) (events []Event, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events, r.queue = r.queue, nil
	for _, key := range slices.Sorted(maps.Keys(r.losses)) {
		wait := quiet - time.Since(r.last[key])
		if wait > 0 && !all {
			if next == 0 || wait < next {
				next = wait
			}
			continue
		}
		events = append(events, *r.losses[key])
		delete(r.losses, key)
		r.last[key] = time.Now()
	}
	return events, next
}

func (r *reporter) run() {
	for {
		events, next := r.due(false)
		for _, e := range events {
			r.report(e)
		}
		if len(events) > 0 {
			continue
		}
		var timer <-chan time.Time
		if next > 0 {
			timer = time.After(next)
		}
		select {
		case <-r.wake:
		case <-timer:
		case <-r.done:
			events, _ := r.due(true)
			for _, e := range events {
				r.report(e)
			}
			return
		}
	}
}

func (r *reporter) stop() { close(r.done) }
