package spool

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"hooksnare/pkg/chain"
)

// load builds the index from names, and repairs what a crash left.
func (s *Spool) load() error {
	s.listDamaged()
	trouble := s.folders()
	if err := s.loadQueues(); err != nil {
		return err
	}
	heads, err := s.scan("head")
	if err != nil {
		return err
	}
	s.heads = heads
	leftovers, err := s.leftovers()
	if err != nil {
		return err
	}
	s.loadChain(len(leftovers) > 0)
	if st, err := s.d.Lstat("ballast"); err == nil {
		s.ballast = st.Mode().IsRegular() && st.Size() >= s.o.ballast
	}
	if err := s.empty(); trouble == nil {
		trouble = err
	}
	if trouble == nil && s.fresh {
		trouble = s.writeChain()
	}
	if err := s.adoptThese(leftovers); trouble == nil {
		trouble = err
	}
	if trouble != nil {
		s.refused(trouble)
	} else {
		s.weigh()
	}
	s.trimHeads()
	s.bound()
	s.wake()
	return nil
}

// loadQueues reads what waits, and what is dead. Links of outputs that are in no
// configuration count too: the output may come back.
func (s *Spool) loadQueues() error {
	if err := s.findQueues(); err != nil {
		return err
	}
	var all []record
	for _, q := range s.queues {
		found, err := s.scan(q.folder("out"))
		if err != nil {
			return err
		}
		for i := range found {
			found[i].mask = q.bit
			q.stats.Depth++
			q.stats.Bytes += int64(found[i].size)
		}
		all = merge(all, found, func(r record) {
			q.stats.Depth--
			q.stats.Bytes -= int64(r.size)
			s.quarantine(q.folder("out")+"/"+r.name(), "another alert has its number", r)
		})
		dead, err := s.scan(q.folder("dead"))
		if err != nil {
			return err
		}
		q.dead = dead
		q.boundDead()
	}
	s.index.recs = all
	for _, r := range all {
		s.index.count(r)
	}
	return nil
}

// findQueues adds a queue for each folder in out/ that no configured output has.
func (s *Spool) findQueues() error {
	known := map[string]bool{}
	for _, q := range s.queues {
		known[strings.ToLower(q.folder("out"))] = true
	}
	var odd []string
	err := s.d.List("out", func(entry string, mode fs.FileMode) {
		name := strings.TrimPrefix(entry, "%")
		q := &Queue{s: s, name: name, bit: 1 << len(s.queues)}
		switch {
		case known[strings.ToLower("out/"+entry)]:
		case !mode.IsDir() || !validName.MatchString(name) || q.folder("out") != "out/"+entry || len(s.queues) == 64:
			odd = append(odd, entry)
		default:
			s.queues = append(s.queues, q)
		}
	})
	for _, entry := range odd {
		s.quarantine("out/"+entry, "not the folder of an output", record{})
	}
	return ignoreMissing(err)
}

// scan returns the alerts in a folder, in order; what is none is set aside.
func (s *Spool) scan(folder string) ([]record, error) {
	var found []record
	odd := map[string]string{}
	err := s.d.List(folder, func(entry string, mode fs.FileMode) {
		r, ok := parseName(entry)
		switch {
		case !ok:
			odd[entry] = "not the name of an alert"
		case !mode.IsRegular():
			odd[entry] = errNotFile.Error()
		default:
			found = append(found, r)
		}
	})
	for entry, why := range odd {
		s.quarantine(folder+"/"+entry, why, record{})
	}
	slices.SortFunc(found, order)
	return found, ignoreMissing(err)
}

func ignoreMissing(err error) error {
	if isNew(err) {
		return nil // it could not be made: the disk is full
	}
	return err
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
	case isNew(err) && len(newest) == 0 && !leftovers:
		s.tail.Chain, s.fresh = chain.NewID(), true
	case err != nil:
		s.renew("the chain file can't be used: " + err.Error())
		if !isNew(err) {
			s.quarantine("chain", err.Error(), record{})
		}
	case lost:
		s.tail.Previous = ""
		s.renew("the newest alert is gone from head/, so numbers could be used again")
	}
}

// leftovers returns the complete alerts in tmp/, in order. Its other files were being
// written when the process ended: no Put had returned for them.
func (s *Spool) leftovers() ([]draft, error) {
	var ds []draft
	odd, partial := map[string]string{}, []string{}
	var entries []string
	err := s.d.List("tmp", func(entry string, mode fs.FileMode) {
		_, ok := parseTmp(entry)
		s.attempt = max(s.attempt, attemptOf(entry)) // new files get other names
		switch {
		case !mode.IsRegular():
			odd[entry] = errNotFile.Error()
		case ok:
			entries = append(entries, entry)
		case strings.HasPrefix(entry, "chain.") || strings.HasPrefix(entry, "ballast."):
			partial = append(partial, entry)
		default:
			odd[entry] = "not the name of an alert"
		}
	})
	if err := ignoreMissing(err); err != nil {
		return nil, err
	}
	for _, entry := range entries {
		r, _ := parseTmp(entry)
		doc, err := s.d.Read("tmp/"+entry, int(r.size))
		switch {
		case err == nil && len(doc) < int(r.size):
			partial = append(partial, entry)
		case err != nil:
			odd[entry] = err.Error()
		case len(doc) > int(r.size) || sha256.Sum256(doc) != r.sum:
			odd[entry] = errContent.Error()
		default:
			ds = append(ds, draft{rec: r, tmp: "tmp/" + entry})
		}
	}
	for entry, why := range odd {
		s.quarantine("tmp/"+entry, why, record{})
	}
	for _, entry := range partial {
		s.discard("tmp/" + entry)
	}
	slices.SortFunc(ds, func(a, b draft) int {
		return cmp.Or(order(a.rec, b.rec), cmp.Compare(a.tmp, b.tmp))
	})
	return ds, nil
}

// adoptAll tries again what adoptThese could not do.
func (s *Spool) adoptAll() error {
	ds, err := s.leftovers()
	if err != nil {
		return err
	}
	mine := map[string]bool{}
	for _, d := range s.unfinished {
		mine[d.tmp] = true
	}
	return s.adoptThese(slices.DeleteFunc(ds, func(d draft) bool { return mine[d.tmp] }))
}

// adoptThese puts alerts that were left in tmp/ where they belong. They are written anew:
// whether they were ever synced is not known.
func (s *Spool) adoptThese(ds []draft) error {
	var todo []draft
	for _, d := range ds {
		n := len(todo)
		known := s.index.find(d.rec.seq)
		if n > 0 && todo[n-1].rec.seq == d.rec.seq {
			// The same once more. Which of them is synced is not known: all stay until it
			// is written anew.
			todo[n-1].also = append(todo[n-1].also, d.tmp)
			continue
		}
		if known != nil && !known.same(d.rec) {
			s.discard(d.tmp)
			continue
		}
		d.rec.mask = s.wanting(&Entry{Severity: int(d.rec.sev), Everywhere: d.rec.sev == 0})
		todo = append(todo, d)
	}
	s.adopt = false
	for i := range todo {
		if err := s.adoptOne(todo[i]); err != nil {
			s.postpone(todo[i:])
			return err
		}
	}
	return nil
}

func (s *Spool) adoptOne(d draft) error {
	doc, err := s.content(d.tmp, d.rec)
	if err != nil {
		return fmt.Errorf("%s: %w", d.tmp, err)
	}
	old := d.tmp
	one := []draft{{rec: d.rec, doc: doc}}
	if n, err := s.store(one); n == 0 {
		return err
	}
	for _, tmp := range append(d.also, old) {
		s.discard(tmp)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := one[0].rec
	if known := s.index.find(r.seq); known != nil {
		r.mask &^= known.mask
		known.mask |= r.mask
		known.flags |= r.flags
		s.enqueue(r)
	} else {
		s.show(r)
	}
	if r.seq > s.tail.Sequence {
		s.advance(&one[0])
	}
	s.broadcast()
	return nil
}

// postpone leaves alerts in tmp/ until the disk takes them. Nobody has seen them; but their
// numbers are spent, under an id that nobody will see again either.
func (s *Spool) postpone(ds []draft) {
	s.adopt = true
	last := ds[len(ds)-1].rec
	if last.seq > s.tail.Sequence {
		s.mu.Lock()
		s.advance(&draft{rec: last})
		s.mu.Unlock()
		if !s.fresh {
			s.renew("the disk does not take what was left in tmp/")
		}
	}
}
