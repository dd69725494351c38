package spool

import "fmt"

// Bounds of the dead letters of each output.
const (
	maxDead      = 1000
	maxDeadBytes = 8 << 20
)

// Dead sets items aside that the receiver refused for good, for the reason why. Those that the
// error names could not be kept and are lost. Only the items' numbers count.
func (q *Queue) Dead(why string, items []Item) error {
	s := q.s
	s.disk.Lock()
	defer s.disk.Unlock()
	letters, err := q.takeItems(items, &q.stats.Dead)
	if err != nil || len(letters) == 0 {
		return err
	}
	e := newLoss(Refused, "%s", why)
	e.Name = q.folder("dead")
	var failed error
	for _, l := range letters {
		e.addRecord(&l.rec, q.name)
		switch err := q.moveToDead(l); {
		case isHang(err) && len(q.late) < maxDead:
			q.late = append(q.late, l)
		case err != nil:
			failed = fmt.Errorf("output %s: dead alert %d could not be kept: %w", q.name, l.rec.seq, err)
		}
	}
	q.boundDead()
	s.events.addEvent(e)
	return failed
}

// moveToDead moves a link to dead/, or makes the file there.
func (q *Queue) moveToDead(l document) (err error) {
	s, to := q.s, q.path("dead", &l.rec)
	if l.doc != nil {
		err = s.writeFile(to, l.doc)
	} else if err = s.linkOrMove(s.d.Rename, q.path("out", &l.rec), to); isMissing(err) {
		err = s.linkOrMove(s.d.Link, l.rec.tmp(), to)
	}
	if err == nil {
		q.dead = append(q.dead, l.rec)
	}
	return err
}

// retryDead sets aside what the disk, which hung, did not take when it was refused.
func (q *Queue) retryDead() {
	for len(q.late) > 0 && !isHang(q.moveToDead(q.late[0])) {
		q.late = q.late[1:]
		q.boundDead()
	}
}

// boundDead removes what is too old, and what is over the bounds as what waits: floods of one user
// first.
func (q *Queue) boundDead() {
	s := q.s
	claims := make([]Claim, len(q.dead))
	for i := range q.dead {
		claims[i] = q.dead[i].claim()
	}
	remove := make([]bool, len(q.dead))
	for _, i := range Evict(claims, maxDead, maxDeadBytes) {
		remove[i] = true
	}
	oldest := s.oldestKept()
	e := newLoss(Dropped, "output %s has too many dead alerts", q.name)
	kept := q.dead[:0]
	for i, r := range q.dead {
		if remove[i] || r.ms < oldest {
			if s.d.Remove(q.path("dead", &r)) == nil {
				e.addRecord(&r, q.name)
				continue
			}
		}
		kept = append(kept, r)
	}
	q.dead = kept
	s.events.addEvent(e)
	s.mu.Lock()
	q.stats.DeadKept = len(q.dead)
	s.mu.Unlock()
}
