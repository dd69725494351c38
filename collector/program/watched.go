package program

import (
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// watched is the program of one value. The lock of the Watchers guards it.
type watched struct {
	program     event.Program
	known       bool // program is what was found, and not only that nothing could be
	since       event.Since
	seen        []element // what the last examination used; nil before the first
	time        time.Time // when that began
	settled     bool
	unannounced bool            // the first examination was the watch's own: no alert describes it
	unread      string          // why the last examination learned nothing
	slow        bool            // it took its time: the others come first
	hung        <-chan struct{} // closed when the examination that nobody waits for has ended; nil without one

	unreported int           // changes
	reported   event.Program // what it was before these
}

// lesson is what an examination showed apart from a change.
type lesson struct {
	moved   bool // where the program is to be found was not known yet
	content bool // its content is new
}

// isOlder reports whether something newer is known than a view.
func (e *watched) isOlder(v *View) bool { return e.seen != nil && v.Time.Before(e.time) }

// hasAnswered reports whether no examination hangs.
func (e *watched) hasAnswered() bool {
	if e.hung == nil {
		return true
	}
	select {
	case <-e.hung:
		e.hung = nil
		return true
	default:
		return false
	}
}

// addUnreported counts a change of the program that is to be reported.
func (e *watched) addUnreported() {
	if e.unreported == 0 {
		e.reported = e.program
	}
	e.unreported++
}

// lastReported is the program as far as all is reported.
func (e *watched) lastReported() *event.Program {
	if e.unreported > 0 {
		return &e.reported
	}
	return &e.program
}

// shownProgram is the program as it was last found, with the reason why that may be out of date.
func (e *watched) shownProgram() event.Program {
	p := e.program
	if e.unread != "" {
		p.Unread = e.unread
	}
	p.Risks = slices.Clone(p.Risks)
	if p.Unread != "" {
		p.Risks = addUnreadable(p.Risks)
	}
	return p
}
