package redact

import "strings"

// inside looks at what a word holds, whichever tool it is given to.
func (s *scan) inside(w *word) {
	if len(w.text) < 4 || holdsHook(w.text) {
		return
	}
	s.assignment(w, 0)
	if hasPrefixFold(w.text, "pass:") {
		s.value(w, 0, len(w.text))
	}
	s.header(w)
	s.address(w)
	s.query(w)
	blank := strings.ContainsAny(w.text, " \t\n")
	if strings.IndexByte(w.text, '"') >= 0 || blank && strings.IndexByte(w.text, '\'') >= 0 {
		s.descend(w, 0, len(w.text), (*scan).literals)
	}
	if blank && (w.loud || s.depth == 0) {
		s.descend(w, 0, len(w.text), (*scan).prose)
		return
	}
	for _, sub := range w.subs {
		s.descend(w, sub.from, sub.to, (*scan).script)
	}
}

// assigns reports whether a word begins with NAME=.
func assigns(text string) bool {
	eq := strings.IndexByte(text, '=')
	return eq > 0 && identifier(text[:eq])
}

// assignment marks the value of a NAME=VALUE that begins at from. A value of several
// words that holds a script is read as one instead.
func (s *scan) assignment(w *word, from int) {
	eq := strings.IndexByte(w.text[from:], '=')
	if eq < 1 || !secretName(strings.TrimLeft(w.text[from:from+eq], "-")) {
		return
	}
	value := w.text[from+eq+1:]
	if strings.ContainsAny(value, " \t\n") && (strings.ContainsAny(value, ";|\n") || containsFold(value, "loginhook") || containsFold(value, "logouthook")) {
		return
	}
	s.value(w, from+eq+1, len(w.text))
}

// header marks the credentials of an HTTP header, which may be glued to -H.
func (s *scan) header(w *word) {
	colon := strings.IndexByte(w.text, ':')
	if colon < 1 || colon > 64 {
		return
	}
	name := w.text[:colon]
	if strings.HasPrefix(name, "-H") {
		name = name[2:]
	} else if eq := strings.IndexByte(name, '='); eq >= 0 && strings.HasPrefix(name, "-") {
		name = name[eq+1:]
	}
	if !secretHeader(name) {
		return
	}
	from := colon + 1
	for from < len(w.text) && w.text[from] == ' ' {
		from++
	}
	if hasSuffixFold(name, "authorization") {
		if space := strings.IndexByte(w.text[from:], ' '); space > 0 && letters(w.text[from:from+space]) {
			from += space + 1
		}
	}
	s.value(w, from, len(w.text))
}

func secretHeader(name string) bool {
	switch {
	case hasSuffixFold(name, "authorization"), strings.EqualFold(name, "cookie"), strings.EqualFold(name, "set-cookie"):
		return true
	case !strings.Contains(name, "-"):
		return false
	}
	return secretOption(name)
}

func hasSuffixFold(text, suffix string) bool {
	return len(text) >= len(suffix) && strings.EqualFold(text[len(text)-len(suffix):], suffix)
}

// address marks the passwords of scheme://user:password@host and //user:password@host.
func (s *scan) address(w *word) {
	text := w.text
	for at := 0; ; {
		n := strings.Index(text[at:], "//")
		if n < 0 {
			return
		}
		at += n + 2
		end := len(text)
		if n := strings.IndexAny(text[at:], "/?# \t\n\"'"); n >= 0 {
			end = at + n
		}
		host := strings.LastIndexByte(text[at:end], '@')
		if host < 0 {
			continue
		}
		if colon := strings.IndexByte(text[at:at+host], ':'); colon >= 0 {
			s.value(w, at+colon+1, at+host)
		}
		at = end
	}
}

// query marks the values of secret names in ?name=value&name=value.
func (s *scan) query(w *word) {
	text := w.text
	for at := 0; ; {
		n := strings.IndexAny(text[at:], "?&")
		if n < 0 {
			return
		}
		at += n + 1
		end := len(text)
		if n := strings.IndexAny(text[at:], "?&# \t\n\"'"); n >= 0 {
			end = at + n
		}
		if eq := strings.IndexByte(text[at:end], '='); eq > 0 && secretName(text[at:at+eq]) {
			s.value(w, at+eq+1, end)
		}
		at = end
	}
}
