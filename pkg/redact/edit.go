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
	readings = 4 * maxDepth
)

// span is a range of bytes of a text.
type span struct{ from, to int }

// word is one word of a command: what it means, and where it was written.
type word struct {
	text  string // without its quotes and escapes
	at    int    // where text begins in the text it was read from, when spans is nil
	spans []span // else the bytes that stand for each byte of text
	subs  []span // command substitutions within text
	arg   int    // at depth 0: which argument it is
	live  bool   // holds something that the shell expands
	loud  bool   // had quotes or escapes
}

// layer tells how a text that is being read lies in the text above.
type layer struct {
	at    int
	spans []span
}

// edit is a range of an argument that goes. Only the first range of a secret gets
// the mark: the quotes between the ranges stay, so that the rest reads as before.
type edit struct {
	arg, from, to int
	first         bool
}

// descend reads a part of a word as a text of its own, unless that is too deep or
// has been read too often.
func (s *scan) descend(w *word, from, to int, read func(*scan, string)) {
	if s.depth == maxDepth || s.budget < to-from {
		return
	}
	s.budget -= to - from
	l := layer{at: w.at + from}
	if w.spans != nil {
		l = layer{spans: w.spans[from:to]}
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
	s.lift(s.depth, layer{w.at, w.spans}, from, to)
}

// lift carries a range through the layers up to the argument.
func (s *scan) lift(depth int, l layer, from, to int) {
	if l.spans == nil {
		s.rise(depth, l.at+from, l.at+to)
		return
	}
	for from < to {
		end := from + 1
		for end < to && l.spans[end].from == l.spans[end-1].to {
			end++
		}
		s.rise(depth, l.spans[from].from, l.spans[end-1].to)
		from = end
	}
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
