package spool

import (
	"fmt"
	"io/fs"
	"net/url"
	"slices"
)

// Bounds of what is in damaged/. The oldest goes first.
const (
	maxDamaged      = 200
	maxDamagedBytes = 16 << 20
	countDamaged    = 20 // files set aside, after which they are counted again: a whole folder may be damaged
)

// quarantine sets aside what is in the way or not what its name says, and reports it. The numbers
// are of the alert that it would be, if any.
func (s *Spool) quarantine(name, why string, seq uint64) {
	e := &Event{Kind: Damaged, Name: name, Why: why, First: seq, Last: seq}
	e.Kept = s.setAside(name)
	s.events.addEvent(e)
}

// setAside moves a file to damaged/ and returns its name there, "" when it could not.
func (s *Spool) setAside(name string) string {
	s.asides++
	escaped := url.PathEscape(name)
	to := fmt.Sprintf("damaged/%013d-%06d-%s", toMillis(s.o.now()), s.asides, escaped[:min(len(escaped), 200)])
	if s.d.Rename(name, to) != nil {
		return ""
	}
	if s.asides%countDamaged == 0 {
		s.boundDamaged()
	}
	return to
}

// boundDamaged removes the oldest files of damaged/ while they are too many, or would be before they are
// counted again; names there begin with the time. What can't be listed is not bounded.
func (s *Spool) boundDamaged() {
	var names []string
	_ = s.d.List("damaged", func(entry string, _ fs.FileMode) { names = append(names, "damaged/"+entry) })
	slices.Sort(names)
	e := newLoss(Dropped, "there are too many damaged files")
	kept, bytes := 0, int64(0)
	for _, name := range slices.Backward(names) {
		st, err := s.d.Lstat(name)
		if err != nil {
			continue
		}
		kept++
		if bytes += st.Size(); kept <= maxDamaged-countDamaged && bytes <= maxDamagedBytes {
			continue
		}
		if s.d.Remove(name) == nil {
			e.Count++
		}
	}
	s.events.addEvent(e)
}
