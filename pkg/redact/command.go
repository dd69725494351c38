package redact

import "strings"

// command looks at the words of one simple command. Trusted says that it is a
// command for certain: in other text -p of an unknown tool means nothing.
func (s *scan) command(words []word, trusted bool) {
	words = words[:hookValue(words)]
	for len(words) > 0 {
		t, at, end := lead(words)
		s.segment(words[:end], at, t, trusted)
		words = words[end:]
	}
}

// lead returns the tool that the words begin with, which word names it, and where
// the command ends that is its own: sudo and its like run another one, and so do
// programs that no table knows.
func lead(words []word) (t *tool, at, end int) {
	for at < len(words)-1 && assigns(words[at].text) {
		at++
	}
	t = toolOf(words[at].text)
	if t.wraps {
		end = max(t.inner(words, at), at+1)
	} else {
		end = at + 1
		for end < len(words) && !takesPassword(words[end].text) {
			end++
		}
	}
	return t, at, end
}

// takesPassword reports whether a word names a tool whose -p is a password.
func takesPassword(text string) bool {
	if text == "" || text[0] == '-' {
		return false
	}
	t := toolOf(text)
	return t.short != "" && !t.plainP
}

// segment looks at the words of one tool, which words[at] names.
func (s *scan) segment(words []word, at int, t *tool, trusted bool) {
	s.look(t.look, words[at:])
	code := false // the next operand is a script
	for i := 0; i < len(words); i++ {
		w := &words[i]
		if code && i > at && (!strings.HasPrefix(w.text, "-") || strings.ContainsAny(w.text, " \t\n;|")) {
			code = false
			s.code(w, t)
			continue
		}
		if i > at && len(w.text) > 1 && w.text[0] == '-' {
			if taken := s.option(words[i:], t, trusted); taken > 0 {
				i += taken - 1
				continue
			}
			if t.takesCode(w.text) {
				code = true
			} else if t.shell && (w.text == "-o" || w.text == "-O") {
				i++
			}
			s.inside(w)
			continue
		}
		s.inside(w)
	}
}

// code looks at the script that a tool is given in an option. One that is no shell may
// run another language.
func (s *scan) code(w *word, t *tool) {
	s.descend(w, 0, len(w.text), (*scan).script)
	if !t.shell {
		s.descend(w, 0, len(w.text), (*scan).literals)
	}
}

// takesCode reports whether a script follows an option: -c of a shell, also among
// other letters, and of programs that are not known.
func (t *tool) takesCode(text string) bool {
	if t.noCode || text[1] == '-' || len(text) > 8 {
		return false
	}
	if t.shell {
		return strings.IndexByte(text, 'c') > 0
	}
	return text[len(text)-1] == 'c' && letters(text)
}

// option looks at an option and the word after it. It returns how many words it has
// dealt with: none when the word still has to be looked into.
func (s *scan) option(words []word, t *tool, trusted bool) int {
	w := &words[0]
	if t.sticks(w.text) {
		s.value(w, 2, len(w.text))
		return 1
	}
	name, value, glued := strings.Cut(w.text, "=")
	if glued {
		at := len(name) + 1
		switch {
		case secretName(strings.TrimLeft(name, "-")), len(name) == 2 && t.takes(name[1]),
			name == "-p" && t.guesses(trusted) && !harmless(value):
			s.value(w, at, len(w.text))
		case t.login != "" && loginOption(name):
			s.login(w, at)
		case assigns(value):
			s.assignment(w, at)
			return 0
		default:
			return 0
		}
		return 1
	}
	if !t.verbs && secretOption(name) {
		return s.next(words)
	}
	if t.login != "" && loginOption(name) && len(words) > 1 {
		s.login(&words[1], 0)
		return 2
	}
	return s.short(words, t, trusted)
}

// next marks the word after an option.
func (s *scan) next(words []word) int {
	if len(words) < 2 || optionLike(words[1].text) {
		return 1
	}
	s.value(&words[1], 0, len(words[1].text))
	return 2
}

// short looks at an option of one letter: its value is the rest of the word or the
// next word.
func (s *scan) short(words []word, t *tool, trusted bool) int {
	w := &words[0]
	letter, rest := w.text[1], w.text[2:]
	switch {
	case letter == '-':
		return 0
	case rest == "" && t.takes(letter):
		return s.next(words)
	case t.login != "":
		return s.shortLogin(words, t)
	case letter != 'p' || !t.guesses(trusted):
		return 0
	case rest == "":
		if len(words) < 2 || harmless(words[1].text) {
			return 1
		}
		s.value(&words[1], 0, len(words[1].text))
		return 2
	case !letters(rest) && !harmless(rest):
		s.value(w, 2, len(w.text))
		return 1
	}
	return 0
}

// takes reports whether the word after an option of one letter is a password.
func (t *tool) takes(letter byte) bool {
	return strings.IndexByte(t.short, letter) >= 0 || strings.IndexByte(t.exact, letter) >= 0
}

// guesses reports whether -p is held for a password because nothing else is known.
func (t *tool) guesses(trusted bool) bool { return trusted && !t.plainP }

// sticks reports whether a password follows in the same word.
func (t *tool) sticks(text string) bool {
	return len(text) > 2 && (strings.IndexByte(t.short, text[1]) >= 0 || strings.IndexByte(t.glued, text[1]) >= 0)
}

// shortLogin looks for user:password after one of the tool's letters, which may come
// last after letters that take no value.
func (s *scan) shortLogin(words []word, t *tool) int {
	w := &words[0]
	for i := 1; i < len(w.text); i++ {
		switch {
		case strings.IndexByte(t.login, w.text[i]) >= 0 && i+1 < len(w.text):
			s.login(w, i+1)
			return 1
		case strings.IndexByte(t.login, w.text[i]) >= 0:
			if len(words) > 1 {
				s.login(&words[1], 0)
			}
			return min(2, len(words))
		case strings.IndexByte(t.flags, w.text[i]) < 0:
			return 0
		}
	}
	return 0
}

// login marks the password of user:password.
func (s *scan) login(w *word, from int) {
	if colon := strings.IndexByte(w.text[from:], ':'); colon >= 0 {
		s.value(w, from+colon+1, len(w.text))
	}
}

func loginOption(name string) bool {
	switch name {
	case "--user", "--proxy-user", "--cert", "--proxy-cert":
		return true
	}
	return false
}
