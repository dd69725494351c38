package redact

import "strings"

// script reads a text that a shell is given to run.
func (s *scan) script(text string) { s.run(text, true, false) }

// prose reads a text that may hold commands among other things.
func (s *scan) prose(text string) { s.run(text, false, false) }

// printed reads commands whose output is a secret.
func (s *scan) printed(text string) { s.run(text, true, true) }

// run looks at the commands of a text, then at what flows from one to the other. It
// leaves in s.asks whether a command reads a password that comes from outside.
func (s *scan) run(text string, trusted, printed bool) {
	words, feeds, commands := len(s.words), len(s.feeds), len(s.commands)
	stages, spans, subs := len(s.stages), len(s.spans), len(s.subs)
	s.parse(text)
	outer, asks := s.asks, false
	var known names
	for i := commands; i < len(s.commands); i++ {
		c := s.commands[i]
		s.asks = false
		s.command(s.words[c.words.from:c.words.to], trusted)
		s.fed(c)
		if s.asks || asksPassword(s.words[c.words.from:c.words.to]) {
			asks = s.answered(c, &known) || asks
		}
		if printed {
			s.prints(c, &known)
		}
	}
	if known.n > 0 {
		s.assigned(commands, &known)
	}
	s.asks = outer || asks
	s.words, s.feeds, s.commands = s.words[:words], s.feeds[:feeds], s.commands[:commands]
	s.stages, s.spans, s.subs = s.stages[:stages], s.spans[:spans], s.subs[:subs]
}

// fed looks into what a command reads or writes.
func (s *scan) fed(c command) {
	for i := c.feeds.from; i < c.feeds.to; i++ {
		s.inside(&s.feeds[i].word)
	}
}

// answered marks the password that a command reads from its standard input. It
// reports whether it comes from outside of the script.
func (s *scan) answered(c command, known *names) bool {
	outside := !s.given(c, known)
	for i := c.input; i != none && !s.stages[i].seen; i = s.stages[i].up {
		s.stages[i].seen = true
		outside = false
		for k := s.stages[i].commands.from; k < s.stages[i].commands.to; k++ {
			s.given(s.commands[k], known)
			s.prints(s.commands[k], known)
		}
	}
	return outside && c.input == none
}

// given marks what a command is given to read in the script itself.
func (s *scan) given(c command, known *names) bool {
	found := false
	for i := c.feeds.from; i < c.feeds.to; i++ {
		f := &s.feeds[i]
		switch {
		case f.kind == hereString, f.kind == inputFile && strings.HasPrefix(f.word.text, "<("):
			s.secret(&f.word, known)
		case f.kind == hereDocument:
			// The rest is for the command that runs with the password.
			line := quoteEnd(f.word.text, 0, '\n')
			s.value(&f.word, 0, len(strings.TrimRight(f.word.text[:line], "\r")))
		default:
			continue
		}
		found = true
	}
	return found
}

// prints marks what echo and its like print.
func (s *scan) prints(c command, known *names) {
	words := unwrap(s.words[c.words.from:c.words.to])
	if len(words) < 2 {
		return
	}
	var name nameBuffer
	rest := words[1:]
	switch string(name.base(words[0].text)) {
	case "echo", "print", "yes":
		for len(rest) > 0 && flags(rest[0].text) {
			rest = rest[1:]
		}
	case "printf":
		for len(rest) > 0 && rest[0].text == "--" {
			rest = rest[1:]
		}
		if len(rest) > 1 && onlyVerbs(rest[0].text) {
			rest = rest[1:]
		}
	default:
		return
	}
	for i := range rest {
		s.secret(&rest[i], known)
	}
}

// secret marks a whole word, or takes note of the variable that it is.
func (s *scan) secret(w *word, known *names) {
	if w.live && expansion(w.text) {
		known.add(strings.Trim(w.text, "${}"))
	}
	s.hit(w, 0, len(w.text))
}

// assigned marks what the script itself assigns to the known variables.
func (s *scan) assigned(from int, known *names) {
	for _, c := range s.commands[from:] {
		for i := c.words.from; i < c.words.to; i++ {
			w := &s.words[i]
			if eq := strings.IndexByte(w.text, '='); eq > 0 && known.has(w.text[:eq]) {
				s.value(w, eq+1, len(w.text))
			}
		}
	}
}

// names is a small set of variables.
type names struct {
	list [8]string
	n    int
}

func (n *names) add(name string) {
	if n.n < len(n.list) && !n.has(name) {
		n.list[n.n] = name
		n.n++
	}
}

func (n *names) has(name string) bool {
	for _, known := range n.list[:n.n] {
		if known == name {
			return true
		}
	}
	return false
}

// flags reports whether a word is an option of echo.
func flags(text string) bool {
	return len(text) > 1 && text[0] == '-' && strings.Trim(text[1:], "neErR") == ""
}

// onlyVerbs reports whether a format of printf prints nothing of its own.
func onlyVerbs(format string) bool {
	return strings.TrimSpace(verbs.Replace(format)) == ""
}

var verbs = strings.NewReplacer("%s", "", "%b", "", "%q", "", "%d", "", `\n`, "", `\r`, "")
