package program

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// watched is the program of one value.
type watched struct {
	program event.Program
	looked  bool // program is what was found, and not only that nothing could be
	since   event.Since
	seen    []element // what the last look came by; nil before the first
	time    time.Time // when that look began
	settled bool
	untold  bool            // the first look was the watcher's own: nobody said what it found
	unread  string          // why the last look learned nothing
	silent  bool            // the file system did not answer
	slow    bool            // or took its time: the others come first
	pending <-chan struct{} // for sweep alone: closed when the look that nobody waits for has ended

	unsaid int           // changes that are not reported yet
	sure   event.Program // what it was before these
}

// owe notes that a change is to be reported. Until it is, the program counts as what it was:
// who stops meanwhile has to find it again.
func (e *watched) owe(c *event.ProgramChange) {
	if e.unsaid == 0 {
		e.sure = c.Old
	}
	e.unsaid++
}

// certain is the program as far as all is reported.
func (e *watched) certain() *event.Program {
	if e.unsaid > 0 {
		return &e.sure
	}
	return &e.program
}

// slowCheck is how long a check may take without the others going first the next time. It
// takes some microseconds for a program that did not change.
const slowCheck = 50 * time.Millisecond

// checked is what a check of one value came to: neither, if nothing is to be learned.
type checked struct {
	sight *Sight
	late  bool // a look is due, and has to wait
}

// check looks whether anything is not as it was, and at the program if so and if it may.
func (w *watcher) check(e *watched, value string, limit time.Duration, may bool) checked {
	w.mu.Lock()
	seen, known := e.seen, e.settled
	w.mu.Unlock()
	if e.pending != nil {
		select {
		case <-e.pending:
			e.pending = nil
		default:
			return checked{}
		}
	}
	begin := time.Now()
	root, look, bytes := w.root, w.see, w.bounds.file
	got, pending, ok := answer(w.slots, limit, func() checked {
		if known && unmoved(root, seen) {
			return checked{}
		}
		if !may {
			return checked{late: true}
		}
		s := look(root, value, allowance{begin.Add(limit), bytes})
		return checked{sight: &s}
	})
	e.pending = pending
	w.mu.Lock()
	e.silent, e.slow = !ok, !ok || time.Since(begin) >= slowCheck
	w.mu.Unlock()
	if !ok && pending == nil {
		w.shares.note(w.owner, ShareAnswers, begin)
	}
	return got
}

// unmoved reports whether all that a look came by is as it was.
func unmoved(root string, seen []element) bool {
	if filepath.Clean("/"+root) == "/" { // nothing lies outside, and lstat needs no watching
		return same(func(at string) (os.FileInfo, error) { return os.Lstat("/" + at) }, seen)
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return false
	}
	defer r.Close()
	return same(r.Lstat, seen)
}

// lesson is what a look taught.
type lesson struct {
	change  event.ProgramChange
	changed bool
	first   bool // nothing was known of the program
	moved   bool // where the program is to be found was not told yet
	copied  bool // its content is new
}

// learn takes in a look.
func (e *watched) learn(s *Sight, settle time.Duration) lesson {
	first := e.seen == nil
	e.seen, e.time, e.settled = s.seen, s.Time, !s.unsure && settled(s.seen, s.Time, settle)
	e.unread = ""
	if is := &s.Program; is.Unread != "" && !is.Exists {
		e.unread = is.Unread
		if !e.looked {
			e.program = *is
		}
		return lesson{}
	}
	known := e.looked
	c := event.ProgramChange{Value: s.Program.Value, Old: e.program, New: s.Program, Since: e.since}
	e.program, e.looked, e.since = s.Program, true, event.SinceSeen
	if known {
		c.What = difference(&c.Old, &c.New)
	}
	return lesson{
		change: c, changed: len(c.What) > 0, first: !known,
		moved:  first || !known || c.Old.Path != c.New.Path || c.Old.Resolved != c.New.Resolved,
		copied: first || !c.New.Hashed || c.Old.SHA256 != c.New.SHA256,
	}
}

// shown is the program as it was last found, with the reason why that may be out of date.
func (e *watched) shown() event.Program {
	p := e.program
	p.Risks = slices.Clone(p.Risks)
	switch {
	case e.silent:
		p.Unread = NoAnswer
	case e.unread != "":
		p.Unread = e.unread
	}
	if p.Unread != "" && !slices.Contains(p.Risks, Unreadable) {
		p.Risks = append(p.Risks, Unreadable)
		sortRisks(p.Risks)
	}
	return p
}
