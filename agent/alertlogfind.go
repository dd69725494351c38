package agent

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
)

// Bounds of what is held of one look for an id.
const (
	maxFound     = 16       // alerts that an id's beginning may mean
	maxFoundDocs = 1000     // documents of one alert
	maxFoundSize = 32 << 20 // bytes of them
)

// AlertMatch is an alert that was looked for.
type AlertMatch struct {
	ID      string
	Lines   [][]byte // its documents, by event.sequence; of several matches the last one each
	LeftOut int      // documents over the bounds
}

// foundAlert is where an alert's documents are.
type foundAlert struct {
	id      string
	places  []docPlace
	leftOut int
}

// Find returns the alert with an id, or else all whose ids begin with it, at most 16. It
// looks at no more of the log than at the lines that hold the text of the id.
func (l *AlertLog) Find(ctx context.Context, id string) ([]AlertMatch, error) {
	if id == "" || len(id) > 256 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }) {
		return nil, nil // no alert of ours
	}
	var files []*alertFile
	var all []*foundAlert
	for _, chain := range l.chains {
		for _, f := range slices.Backward(chain) {
			index := uint16(len(files))
			files = append(files, f)
			if err := f.find(ctx, id, func(h *docHead, l *logLine) { all = noteFound(all, id, index, h, l) }); err != nil {
				return nil, err
			}
		}
	}
	if i := slices.IndexFunc(all, func(m *foundAlert) bool { return m.id == id }); i >= 0 {
		all = all[i : i+1]
	}
	var out []AlertMatch
	for _, m := range all[:min(len(all), maxFound)] {
		lines, err := m.lines(files, len(all) == 1)
		if err != nil {
			return nil, err
		}
		out = append(out, AlertMatch{ID: m.id, Lines: lines, LeftOut: m.leftOut})
	}
	return out, nil
}

// find shows the alerts of a file whose ids begin with id.
func (f *alertFile) find(ctx context.Context, id string, show func(*docHead, *logLine)) error {
	r := forwards{r: f.f, needle: []byte(`"` + id)}
	one := func(l logLine) error {
		h, err := l.check()
		switch {
		case err != nil:
			f.damaged(l.at, err)
		case string(h.kind) == "alert" && bytes.HasPrefix(h.id, []byte(id)):
			show(&h, &l)
		}
		return nil
	}
	at, rest, err := r.read(ctx, 0, f.size, one)
	if err == nil && bytes.Contains(rest, r.needle) {
		err = one(logLine{text: rest, at: at})
	}
	return err
}

// noteFound adds a document to those of its alert.
func noteFound(all []*foundAlert, want string, index uint16, h *docHead, l *logLine) []*foundAlert {
	i := slices.IndexFunc(all, func(m *foundAlert) bool { return m.id == string(h.id) })
	if i < 0 {
		if len(all) > maxFound && string(h.id) != want { // one more than is named, and always the one that was meant
			return all
		}
		i, all = len(all), append(all, &foundAlert{id: string(h.id)})
	}
	m := all[i]
	m.places = append(m.places, docPlace{at: l.at, n: uint32(len(l.text)), file: index, seq: uint16(min(max(h.sequence, 0), 1<<16-1))})
	if len(m.places) > maxFoundDocs {
		m.places = slices.Delete(m.places, 1, 2) // the first holds the evidence, the last ones how it stands
		m.leftOut++
	}
	return all
}

// lines reads the documents of an alert, or the last of them alone.
func (m *foundAlert) lines(files []*alertFile, all bool) ([][]byte, error) {
	slices.SortStableFunc(m.places, func(a, b docPlace) int { return cmp.Compare(a.seq, b.seq) })
	places := m.places
	if !all {
		places = places[len(places)-1:]
	}
	size := int64(0)
	for _, p := range places {
		size += int64(p.n)
	}
	var out [][]byte
	for i := range places {
		p := &places[i]
		if i > 0 && i < len(places)-1 && size > maxFoundSize {
			size -= int64(p.n)
			m.leftOut++
			continue
		}
		line, err := files[p.file].line(p, nil)
		if err != nil {
			return nil, err
		}
		if _, err := checkDoc(line); err != nil {
			files[p.file].damaged(p.at, err) // it was not when it was found
			continue
		}
		if !slices.ContainsFunc(out, func(o []byte) bool { return bytes.Equal(o, line) }) { // two logs may hold it
			out = append(out, line)
		}
	}
	return out, nil
}
