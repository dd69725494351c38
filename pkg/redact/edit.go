package redact

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// maxDepth bounds how deep scripts within words within scripts are read. Every
	// level of quoting doubles the backslashes, so people stop long before.
	maxDepth = 8

	// readings bounds the work: all texts read at all depths are together at most
	// this many times as long as the arguments.
	readings = 2 * maxDepth
)

// span is a range of bytes of a text.
type span struct{ from, to int }

// word is one word of a command: what it means, and where it was written.
type word struct {
	text   string  // without its quotes and escapes
	at     int     // where text begins in the text it was read from, when there are no pieces
	pieces []piece // else where its parts do
	subs   []span  // command substitutions within text
	arg    int     // at depth 0: which argument it is
	live   bool    // holds something that the shell expands
	loud   bool    // had quotes or escapes
}

// piece is a part of a word's text: bytes that stand side by side in the text it was
// read from, or one byte that is written as several there.
type piece struct {
	at       int32 // where it begins in the word's text
	from, to int32 // where it was written
	one      bool  // it is one byte
}

// layer tells how a text that is being read lies in the text above: from at on, or
// from the offset at of the pieces on.
type layer struct {
	at     int
	pieces []piece
}

// longest bounds the texts that are read, so that pieces can be small. No system
// passes as much to a program.
const longest = 1 << 30

// edit is a range of an argument that goes. Only the first range of a secret gets
// the mark: the quotes between the ranges stay, so that the rest reads as before.
type edit struct {
	arg, from, to int
	first         bool
}

// descend reads a part of a word as a text of its own, unless that is too deep or
// has been read too often.
func (s *scan) descend(w *word, from, to int, read func(*scan, string)) {
	if s.depth == maxDepth || s.budget < to-from || to-from > longest {
		return
	}
	s.budget -= to - from
	l := layer{at: w.at + from}
	if w.pieces != nil {
		l = layer{from, w.pieces}
	}
	if s.depth == 0 {
		s.arg = w.arg
	}
	s.depth++
	s.layers[s.depth] = l
	read(s, w.text[from:to])
	s.depth--
}

// hit marks a part of a word as a secret. What is marked already is none, nor is a
// variable, whose value is elsewhere; but what a command substitution prints there
// is.
func (s *scan) hit(w *word, from, to int) {
	text := w.text[from:to]
	if text == "" || marked(text) {
		return
	}
	if w.live && expansion(text) {
		for _, sub := range w.subs {
			if sub.from >= from && sub.to <= to {
				s.descend(w, sub.from, sub.to, (*scan).printed)
			}
		}
		return
	}
	s.first = true
	if s.depth == 0 {
		s.arg = w.arg
	}
	l := layer{at: w.at}
	if w.pieces != nil {
		l = layer{0, w.pieces}
	}
	s.lift(s.depth, l, from, to)
}

// lift carries a range through the layers up to the argument.
func (s *scan) lift(depth int, l layer, from, to int) {
	from, to = from+l.at, to+l.at
	if l.pieces == nil {
		s.rise(depth, from, to)
		return
	}
	i, found := slices.BinarySearchFunc(l.pieces, from, func(p piece, at int) int { return cmp.Compare(int(p.at), at) })
	if !found {
		i--
	}
	for from < to {
		start, end, next := l.pieces[i].written(from, to)
		for i, from = i+1, next; from < to && int(l.pieces[i].from) == end; i, from = i+1, next {
			_, end, next = l.pieces[i].written(from, to)
		}
		s.rise(depth, start, end)
	}
}

// written returns where the bytes [from, to) of the word's text were written, as far as
// they lie in the piece, and where the bytes begin that do not.
func (p *piece) written(from, to int) (start, end, next int) {
	if p.one {
		return int(p.from), int(p.to), from + 1
	}
	start = int(p.from) + from - int(p.at)
	end = min(int(p.to), start+to-from)
	return start, end, from + end - start
}

func (s *scan) rise(depth, from, to int) {
	if depth == 0 {
		s.edits = append(s.edits, edit{s.arg, from, to, s.first})
		s.first = false
		return
	}
	s.lift(depth-1, s.layers[depth], from, to)
}

// marked reports whether nothing but marks is left of a text.
func marked(text string) bool {
	for strings.HasPrefix(text, Mark) {
		text = text[len(Mark):]
	}
	return text == ""
}

// apply returns a copy of args with the edits made, and the number of secrets.
func apply(args []string, edits []edit) ([]string, int) {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.arg, b.arg), cmp.Compare(a.from, b.from))
	})
	edits = merge(edits)
	out, n := slices.Clone(args), 0
	for i := 0; i < len(edits); {
		arg, done := edits[i].arg, 0
		var b strings.Builder
		for ; i < len(edits) && edits[i].arg == arg; i++ {
			b.WriteString(args[arg][done:edits[i].from])
			if edits[i].first {
				b.WriteString(Mark)
				n++
			}
			done = edits[i].to
		}
		b.WriteString(args[arg][done:])
		out[arg] = b.String()
	}
	return out, n
}

// merge makes one edit of those that overlap: several rules may know one secret.
func merge(edits []edit) []edit {
	out := edits[:1]
	for _, e := range edits[1:] {
		last := &out[len(out)-1]
		if e.arg != last.arg || e.from >= last.to {
			out = append(out, e)
			continue
		}
		last.to = max(last.to, e.to)
		last.first = last.first || e.first
	}
	return out
}
