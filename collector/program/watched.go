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
	settled bool
	unread  string          // why the last look learned nothing
	silent  bool            // the file system did not answer
	pending <-chan struct{} // closed when the look that nobody waits for has ended
}

// begin returns a value as it was known before the agent was stopped, if it was.
func (w *Watcher) begin(value string) *watched {
	if k, ok := w.previous[sumOf(value)]; len(w.previous) > 0 && ok {
		return &watched{program: k.program(value), looked: true, since: event.SinceStop}
	}
	return &watched{program: event.Program{Value: value}}
}

// checked is what a check of one value came to: neither, if nothing is to be learned.
type checked struct {
	sight *sight
	late  bool // a look is due, and has to wait
}

// check looks whether anything is not as it was, and at the program if so and if it may.
func (w *Watcher) check(e *watched, value string, limit time.Duration, may bool) checked {
	if e.pending != nil {
		select {
		case <-e.pending:
			e.pending = nil
		default:
			return checked{}
		}
	}
	root, look, seen, known := w.root, w.see, e.seen, e.settled
	got, pending, ok := answer(limit, func() checked {
		if known && unmoved(root, seen) {
			return checked{}
		}
		if !may {
			return checked{late: true}
		}
		s := look(root, value)
		return checked{sight: &s}
	})
	e.silent, e.pending = !ok, pending
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

// learn takes in a look, and says what changed.
func (w *Watcher) learn(e *watched, s *sight) (event.ProgramChange, bool) {
	first := e.seen == nil
	e.seen, e.settled = s.seen, !s.again && settled(s.seen, s.time, w.settle)
	e.unread = ""
	if is := &s.program; is.Unread != "" && !is.Exists {
		e.unread = is.Unread
		if !e.looked {
			e.program = *is
		}
		return event.ProgramChange{}, false
	}
	c := event.ProgramChange{Value: s.program.Value, Old: e.program, New: s.program, Since: e.since}
	known := e.looked
	e.program, e.looked, e.since = s.program, true, event.SinceSeen
	if w.keep != nil && s.content != nil && (first || !c.New.Hashed || c.Old.SHA256 != c.New.SHA256) {
		w.keep(s.program, s.content)
	}
	if known {
		c.What = difference(&c.Old, &c.New)
	}
	return c, len(c.What) > 0
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
