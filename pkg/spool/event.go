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
	Damaged Kind = iota + 1 // Name is not what it should be: set aside, as Kept
	Evicted                 // Count alerts went because of a bound (Why): they are lost to Outputs
	Full                    // the disk takes nothing (Err): alerts are held in memory
	Room                    // the disk takes alerts again, and all that was held is written
	Renewed                 // the chain has a new id (Why)
	Dropped                 // Count dead or damaged files went because there are too many (Why)
	Refused                 // Count alerts are dead: the receivers of Outputs want none of them (Why is the last reason)
)

var kinds = [...]string{"", "damaged", "evicted", "disk full", "disk has room", "chain renewed", "dropped", "refused"}

func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// isLoss reports whether events of a kind are summed up.
func (k Kind) isLoss() bool { return k == Evicted || k == Dropped || k == Refused }

// Event is something the spool's owner should know. What does not apply is zero.
type Event struct {
	Kind  Kind
	Time  time.Time
	Why   string
	Err   error
	Count int

	Name        string         // of a file, in the spool's folder
	Kept        string         // where it lies now; "" when it could not be kept
	First, Last uint64         // numbers of the alerts: none between is older or newer
	Outputs     map[string]int // how many each output has lost, or refused
	Severities  map[int]int    // how many of each severity
	Shares      map[string]int // how many of each share

	counted map[uint64]bool // numbers: an alert may go from several queues
}

// newLoss returns an event to which alerts are added.
func newLoss(k Kind, why string, args ...any) *Event {
	return &Event{
		Kind: k, Why: fmt.Sprintf(why, args...),
		Outputs: map[string]int{}, Severities: map[int]int{}, Shares: map[string]int{}, counted: map[uint64]bool{},
	}
}

// Bound of the shares that an event names; the others are counted together.
const (
	maxShares   = 20
	otherShares = "others"
)

// addRecord counts an alert that an output has lost. One that several have lost counts once.
func (e *Event) addRecord(r *record, output string) {
	e.Outputs[output]++
	if e.counted[r.seq] {
		return
	}
	e.counted[r.seq] = true
	e.addClaim(r.claim())
	e.addRange(r.seq, r.seq)
}

// addClaim counts an alert.
func (e *Event) addClaim(c Claim) {
	e.Count++
	e.Severities[c.Severity]++
	e.addShare(c.Share, 1)
}

func (e *Event) addShare(name string, n int) {
	if _, known := e.Shares[name]; !known && len(e.Shares) >= maxShares {
		name = otherShares
	}
	e.Shares[name] += n
}

func (e *Event) addRange(first, last uint64) {
	if e.First == 0 || first != 0 && first < e.First {
		e.First = first
	}
	e.Last = max(e.Last, last)
}

// mergeEvent adds a later event of the same kind.
func (e *Event) mergeEvent(later *Event) {
	e.Why, e.Count = later.Why, e.Count+later.Count
	e.addRange(later.First, later.Last)
	for name, n := range later.Outputs {
		e.Outputs[name] += n
	}
	for sev, n := range later.Severities {
		e.Severities[sev] += n
	}
	for name, n := range later.Shares {
		e.addShare(name, n)
	}
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
	maxEvents = 1000        // kept for Events; later ones replace the last
	lossEvery = time.Minute // between two events of losses: an alert about one can cause the next
)

// journal keeps events until the spool's owner takes them, and sums up losses, so that an alert
// about them is not a loop.
type journal struct {
	now    func() time.Time
	mu     sync.Mutex // guards what follows; locked last of all
	list   []Event
	losses map[string]*Event    // by kind, name and reason
	taken  map[string]time.Time // when one of these was taken last
}

func newJournal(now func() time.Time) *journal {
	return &journal{now: now, losses: map[string]*Event{}, taken: map[string]time.Time{}}
}

// addEvent may be called under any lock. A loss of nothing is left out.
func (j *journal) addEvent(e *Event) {
	if e.Kind.isLoss() && e.Count == 0 {
		return
	}
	e.Time, e.counted = j.now(), nil
	j.mu.Lock()
	defer j.mu.Unlock()
	if !e.Kind.isLoss() {
		j.list = append(j.list[:min(len(j.list), maxEvents-1)], *e)
		return
	}
	key := fmt.Sprint(e.Kind, e.Name)
	if e.Kind != Refused {
		key += e.Why
	}
	if was := j.losses[key]; was != nil {
		was.mergeEvent(e)
	} else {
		j.losses[key] = e
	}
}

// takeDue returns the events that are due, or all of them.
func (j *journal) takeDue(all bool) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	events := j.list
	j.list = nil
	for _, key := range slices.Sorted(maps.Keys(j.losses)) {
		if last, again := j.taken[key]; all || !again || time.Since(last) >= lossEvery {
			events = append(events, *j.losses[key])
			delete(j.losses, key)
			j.taken[key] = time.Now()
		}
	}
	return events
}

// Events returns what happened since it was called last. Losses of one kind and reason come once
// a minute at most, added up; once the spool is closed all come.
func (s *Spool) Events() []Event { return s.events.takeDue(s.isClosed()) }
