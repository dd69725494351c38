package spool

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"hooksnare/pkg/chain"
)

// loadFolder builds the index from names, and repairs what a crash left.
func (s *Spool) loadFolder() error {
	trouble := s.makeFolders()
	s.boundDamaged()
	if err := s.loadQueues(); err != nil {
		return err
	}
	var err error
	if s.heads, err = s.listAlerts("head"); err != nil {
		return err
	}
	unsynced, err := s.adoptLeftovers()
	if err != nil {
		return err
	}
	s.loadChain(unsynced)
	s.linkUnfinished()
	if st, err := s.d.Lstat("ballast"); err == nil {
		s.ballast = st.Mode().IsRegular() && st.Size() >= s.o.ballast
	}
	trouble = errors.Join(trouble, unsynced)
	if trouble == nil && !s.idSaved {
		trouble = s.writeChain()
	}
	if trouble != nil {
		s.noteTrouble(trouble)
	} else {
		s.makeBallast()
	}
	s.trimHeads()
	s.enforceBounds()
	return nil
}

// loadQueues reads what waits, and what is dead. Links of outputs that are in no
// configuration count too: the output may come back.
func (s *Spool) loadQueues() error {
	if err := s.findQueues(); err != nil {
		return err
	}
	for _, q := range s.queues {
		if err := s.loadQueue(q); err != nil {
			return err
		}
		dead, err := s.listAlerts(q.folder("dead"))
		if err != nil {
			return err
		}
		q.dead = dead
		q.boundDead()
	}
	for _, r := range s.index.recs {
		s.index.countLive(r)
	}
	return nil
}

// loadQueue adds to the index what waits for an output. Of two alerts with one number it keeps the
// one that an earlier queue has.
func (s *Spool) loadQueue(q *Queue) error {
	x := &s.index
	known := len(x.recs) // these are sorted
	err := s.visitAlerts(q.folder("out"), func(r record) {
		i, found := slices.BinarySearchFunc(x.recs[:known], r, compareRecords)
		if found && x.recs[i].sameFile(r) {
			x.recs[i].mask |= q.bit
		} else {
			r.mask = q.bit
			x.recs = append(x.recs, r)
		}
		q.stats.Depth++
		q.stats.Bytes += int64(r.size)
	})
	slices.SortFunc(x.recs, compareRecords)
	kept := x.recs[:0]
	for _, r := range x.recs {
		n := len(kept)
		if n == 0 || kept[n-1].seq != r.seq {
			kept = append(kept, r)
			continue
		}
		if r.mask != q.bit {
			r, kept[n-1] = kept[n-1], r
		}
		q.stats.Depth--
		q.stats.Bytes -= int64(r.size)
		s.quarantine(q.path("out", &r), "another alert has its number", r.seq)
	}
	x.recs = kept
	return err
}

// findQueues adds a queue for each folder in out/ that no configured output has.
func (s *Spool) findQueues() error {
	known := map[string]bool{}
	for _, q := range s.queues {
		known[strings.ToLower(q.folder("out"))] = true
	}
	return s.listFolder("out", func(entry string, mode fs.FileMode) bool {
		if known[strings.ToLower("out/"+entry)] {
			return true
		}
		q := &Queue{s: s, name: strings.TrimPrefix(entry, "%"), bit: 1 << len(s.queues)}
		ours := mode.IsDir() && validName.MatchString(q.name) && q.folder("out") == "out/"+entry && len(s.queues) < 64
		if ours {
			s.queues = append(s.queues, q)
		}
		return ours
	})
}

// listFolder shows visit the entries of a folder. What visit says is not ours is set aside.
func (s *Spool) listFolder(folder string, visit func(entry string, mode fs.FileMode) (ours bool)) error {
	var odd []string
	err := s.d.List(folder, func(entry string, mode fs.FileMode) {
		if !visit(entry, mode) {
			odd = append(odd, folder+"/"+entry)
		}
	})
	for _, name := range odd {
		s.quarantine(name, "not what belongs there", 0)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it could not be made: the disk is full
	}
	return err
}

// visitAlerts shows visit the alerts in a folder; anything else is set aside.
func (s *Spool) visitAlerts(folder string, visit func(record)) error {
	return s.listFolder(folder, func(entry string, mode fs.FileMode) bool {
		r, ok := parseName(entry)
		if ok = ok && mode.IsRegular(); ok {
			visit(r)
		}
		return ok
	})
}

// listAlerts returns the alerts in a folder, in order.
func (s *Spool) listAlerts(folder string) (found []record, err error) {
	err = s.visitAlerts(folder, func(r record) { found = append(found, r) })
	slices.SortFunc(found, compareRecords)
	return found, err
}

// adoptLeftovers shows the alerts that an earlier process left in tmp/ to the outputs that want them;
// other files there were being written when that ended: no Put had returned for them. Neither had one
// for what has the number of another alert. They are written once more first, as they may not be
// synced. While that fails they are not shown, but tried again: what a power cut takes away after it was
// delivered would have its number used again.
func (s *Spool) adoptLeftovers() (unsynced, err error) {
	var found []string
	err = s.listFolder("tmp", func(entry string, mode fs.FileMode) bool {
		s.litter = true
		_, ok := parseTmp(entry)
		if ok = ok && mode.IsRegular(); ok {
			found = append(found, entry)
		}
		return ok || strings.HasPrefix(entry, "chain") || strings.HasPrefix(entry, "ballast") || entry == "again"
	})
	slices.Sort(found)
	for _, entry := range found {
		r, _ := parseTmp(entry)
		name := "tmp/" + entry
		doc, wrong := s.readAlert(name, &r)
		delete(s.unfinished, r.seq)
		if wrong != nil && !isDamage(wrong) { // the disk does not answer: this says nothing of the file
			unsynced = errors.Join(unsynced, wrong)
			s.unfinished[r.seq] = r
			continue
		}
		known := s.index.findLive(r.seq)
		if errors.Is(wrong, errTruncated) || known != nil && !known.sameFile(r) {
			s.discard(name)
			continue
		}
		if wrong != nil {
			s.quarantine(name, wrong.Error(), 0)
			continue
		}
		failed := s.writeFile("tmp/again", doc)
		if failed == nil {
			failed = s.d.Rename("tmp/again", r.tmp())
		}
		unsynced = errors.Join(unsynced, failed)
		if name != r.tmp() && failed != nil {
			continue // until the next start
		}
		if name != r.tmp() {
			s.discard(name)
		}
		s.unfinished[r.seq] = r
	}
	if s.litter {
		unsynced = errors.Join(unsynced, s.cleanTmp())
	}
	if s.unsynced = unsynced != nil; !s.unsynced {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range s.sortedUnfinished() {
			r.mask, r.flags = s.outputsFor(r.sev, r.sev == 0), inTmp // outputs that had it may get it again
			s.showLocked(r)
		}
	}
	return unsynced, err
}

// loadChain finds the end of the chain. Files know better than the chain file, which may
// be older. Where numbers could be used again the chain gets a new id.
func (s *Spool) loadChain(unsynced error) {
	var c chainFile
	b, err := s.d.Read("chain", maxChainFile)
	if err == nil {
		c, err = parseChain(b)
	}
	s.begun, s.tail, s.chained = c.begun, c.tail, c.tail.Sequence
	s.idSaved, s.idTried = err == nil, err == nil
	leftovers := s.sortedUnfinished()
	newest := slices.Concat(s.heads, s.index.recs[max(len(s.index.recs)-1, 0):], leftovers)
	for i := range newest {
		if r := &newest[i]; r.seq > s.tail.Sequence {
			s.tail.Sequence, s.tail.Previous = r.seq, r.hash()
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(newest) == 0:
		s.tail.Chain = chain.NewID()
	case err != nil:
		s.renewChain("the chain file can't be used: " + err.Error())
		if !errors.Is(err, fs.ErrNotExist) {
			s.quarantine("chain", err.Error(), 0)
		}
	case c.begun && len(s.heads)+len(leftovers) == 0:
		s.tail.Previous = ""
		s.renewChain("the newest alert is missing in head/, so numbers could be used again")
	case unsynced != nil:
		s.renewChain("what was left in tmp/ can't be made durable, so its numbers could be used again: " + unsynced.Error())
	case s.isForeign(s.unfinished[s.tail.Sequence]):
		s.renewChain("the newest alert is of a chain whose id was not on disk yet")
	}
}

// isForeign reports whether an alert in tmp/ is of another chain.
func (s *Spool) isForeign(r record) bool {
	if r.seq == 0 {
		return false
	}
	doc, err := s.readAlert(r.tmp(), &r)
	l, _ := chain.Find(doc)
	return err == nil && l.Chain != s.tail.Chain
}
