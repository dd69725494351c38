package program

import (
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// Bounds on a Watcher.
const (
	maxWatched = 1024
	maxSweep   = 64 << 20               // bytes of programs that one sweep reads; more waits for the next
	haste      = 100 * time.Millisecond // for each program once a sweep has lost its patience
)

// Options of a Watcher; the zero value is one that knows nothing yet.
type Options struct {
	Previous State // of the Watcher before the agent was stopped
	// Keep is shown each script at the first look and after each change of its content, with
	// its beginning as LookContent returns it. Sweep calls it and waits. Nil: nobody is shown.
	Keep func(p event.Program, script []byte)
}

// Watcher tells when the program of a hook is no longer what it was. It is for one
// goroutine.
type Watcher struct {
	root     string
	keep     func(event.Program, []byte)
	watched  map[string]*watched // by value
	previous map[string]Known    // by the hash of the value; nil after the first sweep
	next     string              // the value whose look waits for the next sweep
	ignored  int
	settle   time.Duration                  // shorter in tests, which know their file system
	see      func(root, value string) sight // in tests, a file system that does not answer
}

// NewWatcher returns a Watcher of programs on the disk below root.
func NewWatcher(root string, o Options) *Watcher {
	w := &Watcher{root: root, keep: o.Keep, watched: map[string]*watched{}, previous: map[string]Known{}, settle: settle, see: see}
	for _, k := range o.Previous.Programs[:min(len(o.Previous.Programs), maxWatched)] {
		w.previous[k.Value] = k
	}
	return w
}

// Sweep looks at the programs of the hooks that are set now and returns what changed
// about them since the last sweep, or since the agent was stopped, in the order of values.
// A value that it does not know is looked at and remembered, one that is gone is
// forgotten. It watches the first 1,024 values; Ignored counts the others.
//
// Where nothing changed, all it does is one lstat for each element of each path. A file
// system that does not answer costs two seconds in all, and a tenth of one for every
// further program on it, once: they are not looked at again before it answers.
func (w *Watcher) Sweep(values []string, now time.Time) []event.ProgramChange {
	values = w.take(values)
	changes := map[string]event.ProgramChange{}
	budget, lost, next := int64(maxSweep), time.Now().Add(patience), ""
	for _, value := range w.turn(values) {
		e := w.watched[value]
		got := w.check(e, value, max(haste, time.Until(lost)), budget > 0)
		if got.late && next == "" {
			next = value
		}
		if got.sight == nil {
			continue
		}
		budget -= got.sight.read
		if c, changed := w.learn(e, got.sight); changed {
			c.Time = now
			changes[value] = c
		}
	}
	w.next = next
	return inOrder(values, changes)
}

func inOrder(values []string, changes map[string]event.ProgramChange) []event.ProgramChange {
	var out []event.ProgramChange
	for _, value := range values {
		if c, ok := changes[value]; ok {
			out = append(out, c)
		}
	}
	return out
}

// take makes the values, each once, those that are watched.
func (w *Watcher) take(values []string) []string {
	set, all := make(map[string]bool, len(values)), make([]string, 0, min(len(values), maxWatched))
	w.ignored = 0
	for _, value := range values {
		if set[value] {
			continue
		}
		set[value] = true
		if len(all) == maxWatched {
			w.ignored++
			continue
		}
		all = append(all, value)
		if w.watched[value] == nil {
			w.watched[value] = w.begin(value)
		}
	}
	if len(w.watched) > len(all) {
		for value := range w.watched {
			if !set[value] || w.ignored > 0 && !slices.Contains(all, value) {
				delete(w.watched, value)
			}
		}
	}
	w.previous = nil
	return all
}

// turn returns the values in the order in which they are looked at: from the one that had
// to wait.
func (w *Watcher) turn(values []string) []string {
	i := slices.Index(values, w.next)
	if w.next == "" || i < 0 {
		return values
	}
	return append(slices.Clone(values[i:]), values[:i]...)
}

// Program returns the last look at the program of a value that is watched. Where the last
// sweep learned nothing it is the one before, and Unread says why.
func (w *Watcher) Program(value string) (event.Program, bool) {
	e := w.watched[value]
	if e == nil {
		return event.Program{}, false
	}
	return e.shown(), true
}

// Unread returns the programs about which the last sweep could not learn all there is.
func (w *Watcher) Unread() []event.Program {
	var out []event.Program
	for _, e := range w.watched {
		if p := e.shown(); p.Unread != "" {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b event.Program) int { return strings.Compare(a.Value, b.Value) })
	return out
}

// Ignored returns how many values of the last sweep were too many.
func (w *Watcher) Ignored() int { return w.ignored }

// State returns what a Watcher must know at the next start.
func (w *Watcher) State() State {
	var s State
	for _, e := range w.watched {
		if e.looked {
			s.Programs = append(s.Programs, remember(&e.program))
		}
	}
	slices.SortFunc(s.Programs, func(a, b Known) int { return strings.Compare(a.Value, b.Value) })
	return s
}
