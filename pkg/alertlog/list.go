package alertlog

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/alert"
)

// Filter selects alerts. The zero value selects all.
type Filter struct {
	Since    time.Time // raised or updated since then
	Severity int       // the lowest event.severity
	Rules    []string  // of one of these, by rule.id or rule.uuid
}

// matches reports whether a document is a selected alert, whatever its age.
func (f *Filter) matches(h *alert.Head) bool {
	if h.Kind != "alert" || h.Severity < f.Severity {
		return false
	}
	return len(f.Rules) == 0 || slices.ContainsFunc(f.Rules, func(r string) bool {
		return r == h.RuleID || strings.EqualFold(r, h.RuleUUID)
	})
}

func (f *Filter) isRecent(h *alert.Head) bool { return f.Since.IsZero() || !h.Created.Before(f.Since) }

// entry is an alert in a list.
type entry struct {
	file     *file // that has its last document, by event.sequence
	at       int64 // offset of that document
	size     int   // of it, in bytes
	hash     uint64
	sequence int
	time     time.Time
	latest   int64 // position in the log of the document that was written last
}

// List calls show with the last document of each selected alert, in the order of the alerts'
// times. With a limit those are the alerts that were raised or updated last, and more reports
// that there are others. It holds about 200 bytes for each alert.
func (l *Log) List(ctx context.Context, f Filter, limit int, show func(line []byte) error) (more bool, err error) {
	all := map[string]*entry{}
	for _, files := range l.logs {
		if err := collect(ctx, files, &f, limit, all); err != nil {
			return false, err
		}
	}
	list := slices.Collect(maps.Values(all))
	if more = limit > 0 && len(list) > limit; more {
		slices.SortFunc(list, func(a, b *entry) int {
			if len(l.logs) > 1 { // positions in different logs do not compare
				return b.time.Compare(a.time)
			}
			return cmp.Compare(b.latest, a.latest)
		})
		list = list[:limit]
	}
	slices.SortFunc(list, func(a, b *entry) int { return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.latest, b.latest)) })
	for _, one := range list {
		document, err := one.readDocument()
		if err == nil && document != nil {
			err = show(document)
		}
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return more, err
		}
	}
	return more, nil
}

// collect adds the selected alerts of a log. It reads the newest file first, and with a limit
// no older ones than it needs.
func collect(ctx context.Context, files []*file, f *Filter, limit int, all map[string]*entry) error {
	found := map[string]bool{}
	for age, file := range files {
		if limit > 0 && len(found) > limit {
			return nil
		}
		err := file.eachDocument(ctx, "", func(l *line, h *alert.Head) error {
			if !f.matches(h) || !f.isRecent(h) {
				return nil
			}
			found[h.ID] = true
			position := l.at - int64(age)<<40 // no file is as long
			one := all[h.ID]
			if one == nil {
				one = &entry{latest: position}
				all[h.ID] = one
			}
			one.latest = max(one.latest, position)
			if one.file == nil || one.sequence < h.Sequence {
				one.file, one.at, one.size, one.hash = file, l.at, len(l.text), maphash.Bytes(hashSeed, l.text)
				one.sequence, one.time = h.Sequence, h.Time
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var (
	hashSeed   = maphash.MakeSeed()
	errChanged = errors.New("changed while it was listed")
)

// readDocument returns the document, nil where it is not there any more: the file was truncated.
func (e *entry) readDocument() ([]byte, error) {
	document := make([]byte, e.size)
	n, err := e.file.ReadAt(document, e.at)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if maphash.Bytes(hashSeed, document[:n]) != e.hash {
		e.file.damage.countLine(e.at, errChanged)
		return nil, nil
	}
	return document, nil
}
