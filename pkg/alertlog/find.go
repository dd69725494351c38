package alertlog

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"hooksnare/pkg/alert"
)

// Bounds of what Find returns.
const (
	maxID        = 256      // bytes; the agent's have 32
	maxMatches   = 16       // alerts whose ids begin alike
	maxDocuments = 1000     // of one alert
	maxBytes     = 32 << 20 // of all documents
)

// Match is an alert that Find found.
type Match struct {
	ID        string
	Documents []Document // by sequence; never empty
	Omitted   int        // documents over the bounds
}

// Document is an alert or an update of it.
type Document struct {
	Sequence int
	Line     []byte
}

// Find returns the alert with that id, or else all whose ids begin with it, at most 16. It
// examines only the lines that contain the text of the id.
func (l *Log) Find(ctx context.Context, id string) ([]*Match, error) {
	if id == "" || len(id) > maxID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }) {
		return nil, nil // the agent gives no such id
	}
	var found finder
	for _, files := range l.logs {
		for _, f := range slices.Backward(files) {
			err := f.eachDocument(ctx, `"`+id, func(l *line, h *alert.Head) error {
				if h.Kind == "alert" && strings.HasPrefix(h.ID, id) {
					found.addDocument(id, h, l.text)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	if i := slices.IndexFunc(found.matches, func(m *Match) bool { return m.ID == id }); i >= 0 {
		return found.matches[i : i+1], nil
	}
	return found.matches[:min(len(found.matches), maxMatches)], nil
}

// finder collects matches.
type finder struct {
	matches []*Match
	size    int // bytes of all documents
}

// addDocument adds a document to those of its alert, once: two logs may have it. The alert whose whole
// id was asked for always has room.
func (f *finder) addDocument(want string, h *alert.Head, text []byte) {
	i := slices.IndexFunc(f.matches, func(m *Match) bool { return m.ID == h.ID })
	if i < 0 {
		if len(f.matches) >= maxMatches && h.ID != want {
			return
		}
		i, f.matches = len(f.matches), append(f.matches, &Match{ID: h.ID})
	}
	m := f.matches[i]
	at, known := slices.BinarySearchFunc(m.Documents, h.Sequence, func(d Document, sequence int) int { return cmp.Compare(d.Sequence, sequence) })
	if known && bytes.Equal(m.Documents[at].Line, text) {
		return
	}
	m.Documents = slices.Insert(m.Documents, at, Document{h.Sequence, bytes.Clone(text)})
	f.size += len(text)
	for len(m.Documents) > 2 && (len(m.Documents) > maxDocuments || f.size > maxBytes) {
		f.size -= len(m.Documents[1].Line)
		m.Documents = slices.Delete(m.Documents, 1, 2) // the first has the evidence, the last ones the verdict
		m.Omitted++
	}
}
