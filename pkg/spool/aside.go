package spool

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Bounds of what is set aside. The oldest goes first.
const (
	maxDamaged      = 200
	maxDamagedBytes = 16 << 20
	maxDead         = 1000 // of each output
	maxDeadBytes    = 8 << 20
)

// kept is a file in damaged/; names there begin with the time.
type kept struct {
	name string
	size int64
}

// quarantine moves something odd out of the way and reports it.
func (s *Spool) quarantine(name, why string, r record) {
	e := &Event{Kind: Damaged, Name: name, Why: why, First: r.seq, Last: r.seq}
	e.Kept = s.move(name, r)
	s.events.add(e)
}

// move takes a file to damaged/ and returns its name there, "" when it could not.
func (s *Spool) move(name string, r record) string {
	st, err := s.d.Lstat(name)
	if err != nil {
		return ""
	}
	s.attempt++
	to := fmt.Sprintf("damaged/%013d-%06d-%s", millis(s.o.now()), s.attempt, harmless(name))
	if s.d.Rename(name, to) != nil {
		return ""
	}
	s.damaged = append(s.damaged, kept{to, st.Size()})
	s.damagedLen += st.Size()
	s.boundDamaged()
	return to
}

// harmless makes one element of a name.
func harmless(name string) string {
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
	e := newLoss(Dropped, "there are too many damaged files")
	for len(s.damaged) > maxDamaged || s.damagedLen > maxDamagedBytes {
		k := s.damaged[0]
		if err := s.d.Remove(k.name); err != nil && !isGone(err) {
			break
		}
		s.damaged = s.damaged[1:]
		s.damagedLen -= k.size
		e.Count++
		e.Bytes += k.size
	}
	s.events.add(e)
}

// listDamaged finds what earlier processes set aside.
func (s *Spool) listDamaged() {
	s.d.List("damaged", func(entry string, _ fs.FileMode) {
		s.damaged = append(s.damaged, kept{name: "damaged/" + entry})
	})
	slices.SortFunc(s.damaged, func(a, b kept) int { return cmp.Compare(a.name, b.name) })
	for i := range s.damaged {
		if st, err := s.d.Lstat(s.damaged[i].name); err == nil {
			s.damaged[i].size = st.Size()
			s.damagedLen += st.Size()
		}
	}
	s.boundDamaged()
}

// Dead sets items aside that the receiver refused for good, for the reason why. Those of
// which the error tells could not be kept and are gone. Only the items' numbers count.
func (q *Queue) Dead(why string, items ...Item) error {
	s := q.s
	s.disk.Lock()
	defer s.disk.Unlock()
	dead, err := q.take(items, &q.stats.Dead)
	if err != nil || len(dead) == 0 {
		return err
	}
	e := newLoss(Refused, "%s", why)
	e.Name, e.Outputs[q.name] = q.folder("dead"), len(dead)
	var all error
	for _, t := range dead {
		e.addRecord(&t.rec)
		to := q.folder("dead") + "/" + t.rec.name()
		err := s.bury(t, to)
		if isHang(err) && len(s.unburied) < maxDead {
			s.unburied = append(s.unburied, grave{q, t, to})
			continue
		}
		if err != nil {
			all = fmt.Errorf("output %s: dead alert %d could not be kept: %w", q.name, t.rec.seq, err)
			continue
		}
		q.dead = append(q.dead, t.rec)
	}
	q.boundDead()
	s.events.add(e)
	return all
}

// grave is a dead alert that is to be set aside once the disk answers.
type grave struct {
	q  *Queue
	t  taken
	to string
}

// buryRest sets aside what the disk did not take when it was refused.
func (s *Spool) buryRest() {
	for i, g := range s.unburied {
		err := s.bury(g.t, g.to)
		if isHang(err) {
			s.unburied = s.unburied[i:]
			return
		}
		if err == nil {
			g.q.dead = append(g.q.dead, g.t.rec)
			g.q.boundDead()
		}
	}
	s.unburied = nil
}

// bury moves a link to dead/, or makes the file there.
func (s *Spool) bury(t taken, to string) error {
	if t.doc != nil {
		return s.makingRoom(func() error { return s.writeFile(to, t.doc) })
	}
	err := s.d.Rename(t.link, to)
	if d, found := s.unfinished[t.rec.seq]; found && isGone(err) {
		return s.link(d.tmp, to)
	}
	if isGone(err) {
		s.folders()
		return s.d.Rename(t.link, to)
	}
	return err
}

// boundDead removes what is too old, and what is over the bounds as what waits: floods of one user
// first.
func (q *Queue) boundDead() {
	s := q.s
	oldest := s.oldest()
	tooMany := map[int]bool{}
	claims := make([]Claim, len(q.dead))
	for i := range q.dead {
		claims[i] = q.dead[i].claim()
	}
	for _, i := range Evict(claims, maxDead, maxDeadBytes) {
		tooMany[i] = true
	}
	e := newLoss(Dropped, "output %s has too many dead alerts", q.name)
	kept := q.dead[:0]
	for i, r := range q.dead {
		if tooMany[i] || r.ms < oldest {
			if err := s.d.Remove(q.folder("dead") + "/" + r.name()); err == nil || isGone(err) {
				e.addRecord(&r)
				continue
			}
		}
		kept = append(kept, r)
	}
	q.dead = kept
	s.events.add(e)
	s.mu.Lock()
	q.stats.DeadKept = len(q.dead)
	s.mu.Unlock()
}
