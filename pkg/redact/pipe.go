package redact

import "strings"

// script reads a text that a shell is given to run.
func (s *scan) script(text string) { s.run(text, true, false) }

// prose reads a text that may hold commands among other things.
func (s *scan) prose(text string) { s.run(text, false, false) }

// printed reads commands whose output is a secret.
func (s *scan) printed(text string) { s.run(text, true, true) }

func (s *scan) run(text string, trusted, printed bool) {
	for at := 0; at < len(text); {
		at = s.batch(text, at, trusted, printed)
	}
}

// batch looks at the commands of a text from a position on, then at what flows from
// one to the other. It returns where it stopped, and leaves in s.asks whether a
// command reads a password that comes from outside.
func (s *scan) batch(text string, from int, trusted, printed bool) int {
	words, feeds, commands := len(s.words), len(s.feeds), len(s.commands)
	stages, pieces, subs := len(s.stages), len(s.pieces), len(s.subs)
	end := s.parse(text, from)
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
	s.stages, s.pieces, s.subs = s.stages[:stages], s.pieces[:pieces], s.subs[:subs]
	return end
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
	words := s.words[c.words.from:c.words.to]
	for len(words) > 0 && !prints(words[0].text) {
		words = words[1:]
	}
	if len(words) < 2 {
		return
	}
	format := strings.HasSuffix(words[0].text, "printf")
	words = words[1:]
	for len(words) > 0 && (flags(words[0].text) || words[0].text == "--") {
		words = words[1:]
	}
	if format && len(words) > 1 && onlyVerbs(words[0].text) {
		words = words[1:]
	}
	for i := range words {
		s.secret(&words[i], known)
	}
}

// prints reports whether a word names a program that prints its operands.
func prints(text string) bool {
	switch text[strings.LastIndexByte(text, '/')+1:] {
	case "echo", "printf", "print", "yes":
		return true
	}
	return false
}

// secret marks a whole word, or takes note of the variable that it is.
func (s *scan) secret(w *word, known *names) {
	if w.live && expansion(w.text) {
		known.add(strings.Trim(w.text, "${}"))
	}
	s.hit(w, 0, len(w.text))
}

// assigned marks what the script itself assigns to the known variables, or lets them
// run through in a loop.
func (s *scan) assigned(from int, known *names) {
	for _, c := range s.commands[from:] {
		if words := s.words[c.words.from:c.words.to]; len(words) > 2 && words[1].text == "in" && known.has(words[0].text) {
			s.all(words, 2)
		}
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
