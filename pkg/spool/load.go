package spool

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"hooksnare/pkg/chain"
)

// loadFolder builds the index from names, and repairs what a crash left.
func (s *Spool) loadFolder() error {
	s.listDamaged()
	trouble := s.makeFolders()
	if err := s.loadQueues(); err != nil {
		return err
	}
	heads, err := s.listAlerts("head")
	if err != nil {
		return err
	}
	s.heads = heads
	leftovers, err := s.readLeftovers()
	if err != nil {
		return err
	}
	s.loadChain(len(leftovers) > 0)
	if st, err := s.d.Lstat("ballast"); err == nil {
		s.ballast = st.Mode().IsRegular() && st.Size() >= s.o.ballast
	}
	if err := s.emptyTrash(); trouble == nil {
		trouble = err
	}
	if trouble == nil && s.fresh {
		trouble = s.writeChain()
	}
	if err := s.adoptLeftovers(leftovers); trouble == nil {
		trouble = err
	}
	if trouble != nil {
		s.noteTrouble(trouble)
	} else {
		s.makeBallast()
	}
	s.trimHeads()
	s.enforceBounds()
	s.requestMaintenance()
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
	return s.listFolder("out", func(entry string, mode fs.FileMode) (odd string) {
		name := strings.TrimPrefix(entry, "%")
		q := &Queue{s: s, name: name, bit: 1 << len(s.queues)}
		switch {
		case known[strings.ToLower("out/"+entry)]:
		case !mode.IsDir() || !validName.MatchString(name) || q.folder("out") != "out/"+entry || len(s.queues) == 64:
			return "not the folder of an output"
		default:
			s.queues = append(s.queues, q)
		}
		return ""
	})
}

// listFolder shows visit the entries of a folder. Where it says why one is odd, that is set aside.
func (s *Spool) listFolder(folder string, visit func(entry string, mode fs.FileMode) (odd string)) error {
	odd := map[string]string{}
	err := s.d.List(folder, func(entry string, mode fs.FileMode) {
		if why := visit(entry, mode); why != "" {
			odd[entry] = why
		}
	})
	for entry, why := range odd {
		s.quarantine(folder+"/"+entry, why, 0)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it could not be made: the disk is full
	}
	return err
}

// What is odd about an entry.
const (
	oddName = "not the name of an alert"
	oddMode = "not a regular file"
)

// visitAlerts shows visit the alerts in a folder; anything else is set aside.
func (s *Spool) visitAlerts(folder string, visit func(record)) error {
	return s.listFolder(folder, func(entry string, mode fs.FileMode) (odd string) {
		r, ok := parseName(entry)
		switch {
		case !ok:
			return oddName
		case !mode.IsRegular():
			return oddMode
		}
		visit(r)
		return ""
	})
}

// listAlerts returns the alerts in a folder, in order.
func (s *Spool) listAlerts(folder string) (found []record, err error) {
	err = s.visitAlerts(folder, func(r record) { found = append(found, r) })
	slices.SortFunc(found, compareRecords)
	return found, err
}

// loadChain finds the end of the chain. Files know better than the chain file, which may
// be older; but when there must have been files and there are none, numbers could be
// used again, so the chain gets a new id.
func (s *Spool) loadChain(leftovers bool) {
	c, err := s.readChain()
	s.begun, s.tail, s.chained = c.begun, c.tail, c.tail.Sequence
	newest := s.heads
	if n := len(s.index.recs); n > 0 {
		newest = append(slices.Clone(newest), s.index.recs[n-1])
	}
	for i := range newest {
		if r := &newest[i]; r.seq > s.tail.Sequence {
			s.tail.Sequence, s.tail.Previous = r.seq, r.hash()
		}
	}
	lost := c.begun && len(s.heads) == 0 && !leftovers
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(newest) == 0 && !leftovers:
		s.tail.Chain, s.fresh = chain.NewID(), true
	case err != nil:
		s.renewChain("the chain file can't be used: " + err.Error())
		if !errors.Is(err, fs.ErrNotExist) {
			s.quarantine("chain", err.Error(), 0)
		}
	case lost:
		s.tail.Previous = ""
		s.renewChain("the newest alert is missing in head/, so numbers could be used again")
	}
}

// readLeftovers returns the complete alerts in tmp/, in order. Its other files were being
// written when the process ended: no Put had returned for them.
func (s *Spool) readLeftovers() ([]draft, error) {
	var ds []draft
	var partial []string
	err := s.listFolder("tmp", func(entry string, mode fs.FileMode) (odd string) {
		s.attempt = max(s.attempt, attemptOf(entry)) // new files get other names
		r, ok := parseTmp(entry)
		switch {
		case !mode.IsRegular():
			return oddMode
		case ok:
			ds = append(ds, draft{rec: r, tmp: "tmp/" + entry})
		case strings.HasPrefix(entry, "chain.") || strings.HasPrefix(entry, "ballast."):
			partial = append(partial, "tmp/"+entry)
		default:
			return oddName
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	ds = slices.DeleteFunc(ds, func(d draft) bool {
		doc, err := s.d.Read(d.tmp, int(d.rec.size))
		if err == nil && len(doc) < int(d.rec.size) {
			partial = append(partial, d.tmp)
			return true
		}
		if err == nil && (len(doc) > int(d.rec.size) || sha256.Sum256(doc) != d.rec.sum) {
			err = errMismatch
		}
		if err != nil {
			s.quarantine(d.tmp, err.Error(), 0)
		}
		return err != nil
	})
	for _, tmp := range partial {
		s.discardTmp(tmp)
	}
	return s.withoutTwins(ds), nil
}

// withoutTwins sorts leftovers, and keeps one of those with the same number: the others are the same
// alert, written once more because of a failed sync. What has the number of a waiting alert and is
// another one was never promised.
func (s *Spool) withoutTwins(ds []draft) (kept []draft) {
	slices.SortFunc(ds, func(a, b draft) int {
		return cmp.Or(compareRecords(a.rec, b.rec), cmp.Compare(a.tmp, b.tmp))
	})
	for _, d := range ds {
		known := s.index.findLive(d.rec.seq)
		if n := len(kept); n > 0 && kept[n-1].rec.seq == d.rec.seq {
			kept[n-1].twins = append(kept[n-1].twins, d.tmp)
		} else if known != nil && !known.sameFile(d.rec) {
			s.discardTmp(d.tmp)
		} else {
			kept = append(kept, d)
		}
	}
	return kept
}

// adoptLeftovers shows the alerts that an earlier process left in tmp/, and links them to the outputs that
// want them. They are synced first, as that process may have ended before it had done so. What can't
// be synced is shown nevertheless: a Put may have promised it. But later alerts get another chain
// then, so that its number is not used again after a power cut.
func (s *Spool) adoptLeftovers(ds []draft) error {
	if len(ds) == 0 {
		return nil
	}
	tail, foreign := s.tail, false
	var failed error
	for _, d := range ds {
		failed = errors.Join(failed, s.d.Sync(d.tmp))
		s.showLeftover(d)
		if d.rec.seq > tail.Sequence {
			doc, err := s.readAlert(d.tmp, &d.rec)
			l, _ := chain.Find(doc)
			foreign = err == nil && l.Chain != tail.Chain
		}
	}
	if failed = errors.Join(failed, s.d.SyncDir("tmp", true)); failed != nil && !s.fresh {
		s.renewChain("what was left in tmp/ can't be made durable: " + failed.Error())
	} else if foreign {
		s.renewChain("the newest alert is of a chain whose id was not on disk yet")
	}
	s.linkUnfinished()
	return failed
}

// showLeftover adds an alert that is in tmp/ to the index. Outputs that had it may get it again.
func (s *Spool) showLeftover(d draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.rec.mask, d.rec.flags = s.outputsFor(int(d.rec.sev), d.rec.sev == 0), inTmp
	s.unfinished[d.rec.seq] = d
	if known := s.index.findLive(d.rec.seq); known != nil {
		d.rec.mask &^= known.mask
		known.mask |= d.rec.mask
		known.flags |= inTmp
		s.enqueueLocked(d.rec)
	} else {
		s.showLocked(d.rec)
	}
	if d.rec.seq > s.tail.Sequence {
		s.advanceLocked(&d)
	}
}
