package spool

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Bounds of what is in damaged/. The oldest goes first.
const (
	maxDamaged      = 200
	maxDamagedBytes = 16 << 20
)

// damagedFile is a file in damaged/; names there begin with the time.
type damagedFile struct {
	name string
	size int64
}

// quarantine sets aside what is in the way or not what its name says, and reports it. The numbers
// are of the alert that it would be, if any.
func (s *Spool) quarantine(name, why string, seq uint64) {
	e := &Event{Kind: Damaged, Name: name, Why: why, First: seq, Last: seq}
	e.Kept = s.setAside(name)
	s.events.addEvent(e)
}

// setAside moves a file to damaged/ and returns its name there, "" when it could not.
func (s *Spool) setAside(name string) string {
	st, err := s.d.Lstat(name)
	if err != nil {
		return ""
	}
	s.attempt++
	to := fmt.Sprintf("damaged/%013d-%06d-%s", toMillis(s.o.now()), s.attempt, escapeName(name))
	if s.d.Rename(name, to) != nil {
		return ""
	}
	s.damaged = append(s.damaged, damagedFile{to, st.Size()})
	s.boundDamaged()
	return to
}

// escapeName makes one element of a name.
func escapeName(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c == '/' {
			c = '='
		}
		if c < '!' || c > '~' {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	s := b.String()
	return s[:min(len(s), 200)] // of the 255 that a name may have
}

func (s *Spool) boundDamaged() {
	bytes := int64(0)
	for _, f := range s.damaged {
		bytes += f.size
	}
	e := newLoss(Dropped, "there are too many damaged files")
	for len(s.damaged) > maxDamaged || bytes > maxDamagedBytes {
		f := s.damaged[0]
		if err := s.d.Remove(f.name); err != nil && !isMissing(err) {
			break
		}
		s.damaged = s.damaged[1:]
		bytes -= f.size
		e.Count++
	}
	s.events.addEvent(e)
}

// listDamaged finds what earlier processes set aside.
func (s *Spool) listDamaged() {
	_ = s.d.List("damaged", func(entry string, _ fs.FileMode) { // what can't be listed is not bounded
		s.damaged = append(s.damaged, damagedFile{name: "damaged/" + entry})
	})
	slices.SortFunc(s.damaged, func(a, b damagedFile) int { return cmp.Compare(a.name, b.name) })
	for i := range s.damaged {
		if st, err := s.d.Lstat(s.damaged[i].name); err == nil {
			s.damaged[i].size = st.Size()
		}
	}
	s.boundDamaged()
}
