package prefs

import (
	"maps"
	"time"

	"hooksnare/pkg/event"
)

// knownFile is what is known of a preferences file. It belongs to the goroutine of Run.
type knownFile struct {
	path    string
	since   event.Since // what its next difference is to
	known   values      // what the handler accepted
	now     values      // what the file holds; where it differs from known, changes has more
	by      owners      // when it was last seen
	changes [len(keys)]change
}

// change is a value that the handler has not accepted.
type change struct {
	since     event.Since
	at        time.Time // when it was seen, by Options.Now
	notBefore time.Time // when it may be offered
	from      *finding  // what becomes of the file later does not matter
}

// neverSeen reports whether what is found in the file next is the first there ever was.
func (f *knownFile) neverSeen() bool {
	for i := range f.now {
		if f.now[i] != f.known[i] && f.changes[i].since == event.SinceNever {
			return true
		}
	}
	return f.since == event.SinceNever
}

// file returns what is known of a file of p.
func (p *location) file(path string) *knownFile {
	f := p.files[path]
	if f == nil {
		f = &knownFile{path: path, since: event.SinceSeen}
		if !p.complete {
			f.since = p.since
		}
		p.files[path] = f
	}
	return f
}

// mergeScan takes over what a scan of p found.
func (c *Collector) mergeScan(p *location, now time.Time) {
	s := p.scan
	for _, f := range s.findings {
		c.applyFinding(p, p.file(f.file), f)
	}
	if s.problemsChanged {
		maps.DeleteFunc(p.problems, func(key problemKey, _ problem) bool { return key.fromScan() })
		for _, bad := range s.allProblems() {
			p.problems[bad.key()] = bad
		}
		c.recheckProblems(p)
	}
	if p.settling = !s.again.IsZero(); p.settling {
		c.scheduleAt(p, s.again)
	}
	if s.short {
		c.scheduleAt(p, now.Add(c.settle))
		c.useUp(p, "more changes than is read in one go", now)
	}
	if !p.complete && !s.absent && !s.blind && !s.short {
		p.complete = true
		c.dirty = c.dirty || p.since == event.SinceNever
	}
	c.setAbsent(p, s.absent)
	if p.restored && !p.settling && !s.absent {
		p.restored = false
		c.recheckProblems(p)
	}
}

// applyFinding takes over what was found of a file.
func (c *Collector) applyFinding(p *location, f *knownFile, found *finding) {
	if by := found.by.or(f.by); by != f.by {
		f.by = by
		c.dirty = c.dirty || f.known != values{}
	}
	if found.kept && found.vals == (values{}) {
		return
	}
	from := *found
	from.by = f.by
	was := f.now
	f.now = found.valuesOver(was)
	for i := range keys {
		switch {
		case f.now[i] == f.known[i]:
			f.changes[i] = change{}
		case was[i] == f.known[i]:
			f.changes[i] = change{since: f.since, at: c.opts.Now(), from: &from}
		case f.now[i] != was[i]: // another value: the difference is still to what is known
			f.changes[i] = change{since: f.changes[i].since, at: c.opts.Now(), from: &from}
		}
	}
	c.dirty = c.dirty || f.since == event.SinceNever
	f.since = event.SinceSeen
	c.queueReports(p)
	p.forgetEmpty(f)
}

// forgetEmpty forgets a file that holds nothing: names come and go in ByHost as their owner likes.
func (p *location) forgetEmpty(f *knownFile) {
	if p.complete && f.known == (values{}) && f.now == (values{}) && f.since == event.SinceSeen {
		delete(p.files, f.path)
	}
}
