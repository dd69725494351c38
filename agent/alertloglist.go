package agent

import (
	"cmp"
	"context"
	"hash/maphash"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// AlertFilter says which alerts are wanted. The zero value wants all.
type AlertFilter struct {
	Since    time.Time // raised or updated since
	Severity int       // the least event.severity
	Rules    []string  // of one of these, by rule.id or rule.uuid
}

// wants reports whether a document is an alert that is wanted, whatever its age.
func (w *AlertFilter) wants(h *docHead) bool {
	if string(h.kind) != "alert" || h.severity < w.Severity {
		return false
	}
	return len(w.Rules) == 0 || slices.ContainsFunc(w.Rules, func(r string) bool {
		return r == string(h.rule) || strings.EqualFold(r, string(h.uuid))
	})
}

func (w *AlertFilter) recent(h *docHead) bool {
	return w.Since.IsZero() || !h.at().Before(w.Since)
}

// manyOld is how many documents in a row must be older than what is wanted before those
// in front of them are taken to be older, too. A clock that was set back, or outputs that
// overtook one another, put fewer out of order.
const manyOld = 1000

// docPlace is where a document is. A list of a whole log holds one for each alert.
type docPlace struct {
	at   int64
	when int64 // of its alert, in nanoseconds
	n    uint32
	file uint16
	seq  uint16 // event.sequence, at most what fits
}

// alertList collects the last document of each alert.
type alertList struct {
	want   AlertFilter
	limit  int // alerts of one log; 0 for all
	files  []*alertFile
	places []docPlace
	known  map[uint64]int32 // by a hash of event.id, the index in places
	met    map[uint64]bool  // with a limit: the alerts of the log that is read
	seed   maphash.Seed
}

// List shows the last document of each alert that is wanted, in the order of the alerts'
// times. With a limit it shows only so many: those that were raised or updated last; more
// tells that there are others. A line holds until show returns.
func (l *AlertLog) List(ctx context.Context, want AlertFilter, limit int, show func(line []byte) error) (more bool, err error) {
	c := alertList{want: want, known: map[uint64]int32{}, seed: maphash.MakeSeed()}
	if limit > 0 {
		c.limit = limit + 1 // one more than is shown, to know whether there are more
	}
	for _, chain := range l.chains {
		if err := c.chain(ctx, chain); err != nil {
			return false, err
		}
	}
	if more = limit > 0 && len(c.places) > limit; more {
		c.cut(limit)
	}
	slices.Reverse(c.places) // among equal times, the one met first is the latest
	slices.SortStableFunc(c.places, func(a, b docPlace) int { return cmp.Compare(a.when, b.when) })
	var buf []byte
	for i := range c.places {
		if err := ctx.Err(); err != nil {
			return more, err
		}
		p := &c.places[i]
		f := c.files[p.file]
		if buf, err = f.line(p, buf); err != nil {
			return more, err
		}
		if _, err := readHead(buf); err != nil {
			f.damaged(p.at, err) // it was not when it was found
			continue
		}
		if err := show(buf); err != nil {
			return more, err
		}
	}
	return more, nil
}

// line reads a document again.
func (f *alertFile) line(p *docPlace, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], int(p.n))[:p.n]
	n, err := f.f.ReadAt(buf, p.at)
	if err == io.EOF {
		err = nil // it was cut meanwhile
	}
	return buf[:n], err
}

// cut leaves the alerts that were met first in their logs, as those are the latest.
func (c *alertList) cut(limit int) {
	if len(c.places) > limit+1 { // of several logs
		slices.SortStableFunc(c.places, func(a, b docPlace) int { return cmp.Compare(b.when, a.when) })
	}
	c.places = c.places[:limit]
}

// chain collects from one log, backwards.
func (c *alertList) chain(ctx context.Context, chain logChain) error {
	old := 0
	c.met = map[uint64]bool{}
	for _, f := range chain {
		index := uint16(len(c.files))
		c.files = append(c.files, f)
		r := newBackward(f.f, f.size)
		for old < manyOld && (c.limit == 0 || len(c.met) < c.limit) {
			l, err := r.next(ctx)
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			h, err := l.glance()
			if err != nil {
				f.damaged(l.at, err)
				continue
			}
			switch {
			case !c.want.recent(&h):
				old++
				continue
			case !c.want.wants(&h):
				old = 0
				continue
			}
			old = 0
			c.add(index, &l, &h)
		}
	}
	return nil
}

// add takes a document in, if it is whole and the last of its alert.
func (c *alertList) add(index uint16, l *logLine, h *docHead) {
	key := maphash.Bytes(c.seed, h.id)
	p := docPlace{at: l.at, n: uint32(len(l.text)), file: index, seq: uint16(min(max(h.sequence, 0), math.MaxUint16))}
	i, known := c.known[key]
	if !known || c.places[i].seq < p.seq {
		if _, err := checkDoc(l.text); err != nil {
			c.files[index].damaged(l.at, err)
			return
		}
		if t := h.when(); !t.IsZero() {
			p.when = t.UnixNano()
		}
		if known {
			c.places[i] = p
		} else {
			c.known[key] = int32(len(c.places))
			c.places = append(c.places, p)
		}
	}
	if c.limit > 0 {
		c.met[key] = true
	}
}
