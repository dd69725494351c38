package plist

import (
	"bytes"
	"slices"
	"strings"
)

// guess looks for the wanted keys, and what stands with them, in what may be texts.
func (f *finder) guess(texts ...[]byte) {
	if f.guessed == nil {
		f.guessed = map[string][]any{}
	}
	look := func(view []byte) {
		for _, key := range f.wanted {
			for _, v := range guessValues(view, key) {
				f.guessed[key] = appendNew(f.guessed[key], v)
			}
		}
	}
	for _, text := range texts {
		viewText(text, look)
		if bytes.IndexByte(text, 0) >= 0 { // without zeros UTF-16 and UTF-32 are plain
			viewText(bytes.ReplaceAll(text, []byte{0}, nil), look)
		}
	}
}

// viewText shows a text in all the ways in which a key may be written in it.
func viewText(text []byte, look func([]byte)) {
	viewEscaped(text, look)
	if bytes.IndexByte(text, '+') >= 0 {
		viewEscaped(decodeUTF7(text), look)
	}
}

func viewEscaped(text []byte, look func([]byte)) {
	look(text)
	if bytes.Contains(text, []byte("&#")) || bytes.Contains(text, []byte("<![")) {
		look(resolveXML(text))
	}
	if bytes.IndexByte(text, '\\') >= 0 {
		p := textParser{document: document{b: text}}
		look(p.resolveEscapes())
	}
}

// Window of a [Searcher], and how much of it the next window holds again, in bytes.
const (
	searchWindow  = 256 << 10
	searchOverlap = 4 * maxGuess
)

// Searcher looks for keys in a document that is too large to be read, of which it is written the
// bytes. It finds the keys wherever they stand, and values of up to some kilobytes.
type Searcher struct {
	finder finder
	window []byte
}

// NewSearcher returns a Searcher for some keys.
func NewSearcher(keys ...string) *Searcher { return &Searcher{finder: finder{wanted: keys}} }

// Write always succeeds.
func (s *Searcher) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), searchWindow-len(s.window))
		s.window = append(s.window, rest[:n]...)
		if rest = rest[n:]; len(s.window) == searchWindow {
			s.finder.guess(s.window)
			s.window = append(s.window[:0], s.window[searchWindow-searchOverlap:]...)
		}
	}
	return len(b), nil
}

// Found returns what was found, and ends the search.
func (s *Searcher) Found() Found {
	s.finder.guess(s.window)
	return Found{s.finder.guessed, len(s.finder.guessed) > 0}
}

// resolveXML resolves references and takes away what marks CDATA.
func resolveXML(b []byte) []byte {
	b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("<![CDATA["), nil), []byte("]]>"), nil)
	r := &xmlReader{document: document{b: b}, version: xmlVersion{narrow: true}}
	out := make([]byte, 0, len(b))
	for {
		n := bytes.IndexByte(b[r.pos:], '&')
		if n < 0 {
			return append(out, b[r.pos:]...)
		}
		out = append(out, b[r.pos:r.pos+n]...)
		r.pos += n
		char, ok := r.readReference()
		if !ok {
			char = "&"
			r.pos++
		}
		out = append(out, char...)
	}
}

// resolveEscapes resolves the escapes of old-style strings, wherever they stand.
func (p *textParser) resolveEscapes() []byte {
	var out []byte
	for p.pos < len(p.b) {
		b := p.b[p.pos]
		p.pos++
		if b == '\\' && p.pos < len(p.b) {
			out = p.appendEscape(out)
		} else {
			out = append(out, b)
		}
	}
	return out
}

// Bounds of a guess. What they leave out is not found, which an error says already.
const (
	maxGap   = 4 << 10  // bytes between a key and its value
	maxGuess = 16 << 10 // bytes of a value
	maxTries = 8        // places of a key that are looked at, in a window
)

// guessValues returns what stands behind the last places of a key, from the last on.
func guessValues(b []byte, key string) (list []any) {
	for range maxTries {
		if !bytes.Contains(b, []byte(key)) { // which is several times as fast as what follows
			break
		}
		at := bytes.LastIndex(b, []byte(key))
		if at == 0 || !isNamePart(b[at-1]) {
			if v, found := valueBehind(b[at+len(key):]); found {
				list = append(list, v)
			}
		}
		b = b[:at]
	}
	return list
}

// isNamePart reports whether a byte before a key makes it the end of another.
func isNamePart(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// valueBehind returns the value that stands behind a key, in XML or in old-style text.
func valueBehind(b []byte) (any, bool) {
	if inner := skipSpace(b[:min(len(b), maxGap)]); bytes.HasPrefix(inner, []byte("</key")) {
		return elementBehind(b)
	}
	b = bytes.TrimPrefix(bytes.TrimPrefix(b, []byte(`"`)), []byte(`'`))
	p := textParser{document: document{b: b[:min(len(b), maxGap)], wanted: []string{}}}
	if p.skipBlank() != '=' {
		return nil, false
	}
	p.pos++
	if p.skipBlank() == 0 {
		return nil, false
	}
	p.b = b[:min(len(b), p.pos+maxGuess)]
	s, err := p.parseString()
	return s, err == nil
}

// elementBehind returns the first value that an element holds.
func elementBehind(b []byte) (any, bool) {
	for at := 0; at < maxGap; {
		near := b[at:min(len(b), maxGap)]
		open := bytes.IndexByte(near, '<')
		end := bytes.IndexByte(near[max(open, 0):], '>')
		if open < 0 || end < 0 {
			return nil, false
		}
		tag := near[open+1 : open+end]
		at += open + end + 1
		name, _, _ := strings.Cut(strings.TrimSuffix(string(tag), "/"), " ")
		switch text, _, _ := bytes.Cut(b[at:min(len(b), at+maxGuess)], []byte("<")); {
		case !slices.Contains(elements, name): // an end, a comment or an instruction
		case name == "true" || name == "false":
			return name == "true", true
		case bytes.HasSuffix(tag, []byte("/")):
			return "", true
		default:
			return strings.ToValidUTF8(string(text), "\ufffd"), name != "dict" && name != "array" && name != "plist"
		}
	}
	return nil, false
}
