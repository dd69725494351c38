package redact

import (
	"cmp"
	"slices"
	"strings"
)

// mark notes a part of an argument that stands where a secret is expected, unless it
// can't be a secret or only says where the secret is. Quotation marks around it stay.
// Live text is one in which $NAME is a variable.
func (s *scan) mark(arg, from, to int, live bool) {
	text := s.args[arg]
	from, to, quoted := unquote(text, from, to)
	if hasPrefixFold(text[from:to], "pass:") {
		from += len("pass:")
	}
	value := text[from:to]
	if noSecret.MatchString(value) || isMarked(value) || live && quoted != '\'' && isExpansion(value) {
		return
	}
	s.edits = append(s.edits, span{arg, from, to})
}

// settle returns the edits sorted, joined where they overlap, and without what belongs to a hook.
func (s *scan) settle() (out []span) {
	if len(s.edits) == 0 {
		return nil
	}
	order := func(a, b span) int { return cmp.Or(cmp.Compare(a.arg, b.arg), cmp.Compare(a.from, b.from)) }
	slices.SortFunc(s.edits, order)
	slices.SortFunc(s.kept, order)
	kept := s.kept
	for _, e := range join(s.edits) {
		for len(kept) > 0 && (kept[0].arg < e.arg || kept[0].arg == e.arg && kept[0].to <= e.from) {
			kept = kept[1:]
		}
		for _, k := range kept {
			if k.arg != e.arg || k.from >= e.to {
				break
			}
			out = s.appendEdit(out, span{e.arg, e.from, k.from})
			e.from = max(e.from, k.to)
		}
		out = s.appendEdit(out, e)
	}
	return out
}

// join makes one span of those that overlap or touch: several rules may know one
// secret.
func join(spans []span) []span {
	out := spans[:1]
	for _, e := range spans[1:] {
		if last := &out[len(out)-1]; e.arg == last.arg && e.from <= last.to {
			last.to = max(last.to, e.to)
		} else {
			out = append(out, e)
		}
	}
	return out
}

// appendEdit appends an edit that spares the names of hooks and of their preferences.
func (s *scan) appendEdit(out []span, e span) []span {
	if e.arg >= s.keptFrom || e.from >= e.to {
		return out
	}
	text := strings.TrimRight(s.args[e.arg][e.from:e.to], " \t")
	if containsHook(text) {
		// What flows into a hook's command is the first word, if any is.
		text = text[:max(0, strings.IndexAny(text, " \t\n;"))]
		if containsHook(text) {
			return out
		}
	}
	if text == "" || isMarked(text) {
		return out
	}
	return append(out, span{e.arg, e.from, e.from + len(text)})
}

// replace returns a copy of args with the edits replaced by marks.
func replace(args []string, edits []span) []string {
	out := slices.Clone(args)
	for len(edits) > 0 {
		arg, done := edits[0].arg, 0
		var b strings.Builder
		for ; len(edits) > 0 && edits[0].arg == arg; edits = edits[1:] {
			b.WriteString(args[arg][done:edits[0].from])
			b.WriteString(Mark)
			done = edits[0].to
		}
		b.WriteString(args[arg][done:])
		out[arg] = b.String()
	}
	return out
}
