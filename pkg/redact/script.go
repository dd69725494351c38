package redact

import "strings"

const (
	// maxDepth bounds how deep scripts within words within scripts are read. Every level
	// of quoting doubles the backslashes, so people stop long before.
	maxDepth = 8

	// maxWords bounds the words of one command; more of them are another command.
	maxWords = 1 << 13
)

// parser splits shell text into commands. Substitutions and groups only separate
// commands. Text that is no script, such as a message or another language, reads as
// some words too.
type parser struct {
	*scan
	lexer
	arg     int
	trusted bool     // it is a script for certain
	start   int      // where the words of the current command begin
	group   int      // groups and loops that are open
	next    wordKind // what the next word is
	lineEnd int      // of the line with the last here-document
}

// readText reads a part of an argument as shell text.
func (s *scan) readText(arg, from, to int, trusted bool) {
	if s.depth == maxDepth {
		return
	}
	s.depth++
	p := &parser{scan: s, arg: arg, trusted: trusted, lexer: lexer{src: s.args[arg][:to], pos: from}, start: len(s.words)}
	for p.pos < to {
		p.step()
	}
	p.endCommand()
	s.depth--
}

// readWord reads the texts that a word holds.
func (s *scan) readWord(w word, trusted bool) {
	text := s.text(w)
	if !strings.ContainsAny(text, " \t\n;|<(`") {
		return
	}
	if holdsHook(text) {
		s.kept = append(s.kept, w.span)
		return
	}
	if w.kind == argument || w.quote != 0 {
		s.readText(w.arg, w.from, w.to, trusted)
		return
	}
	for l := (lexer{src: s.args[w.arg][:w.to], pos: w.from}); l.pos < w.to; {
		if from, to, quote := l.element(); quote != 0 {
			s.readText(w.arg, from, to, trusted)
		}
	}
}

// step reads one token.
func (p *parser) step() {
	switch c := p.src[p.pos]; c {
	case ' ', '\t', '\r':
		p.pos++
	case '\n', ';', '&', '|':
		p.pos++
		p.separate(c)
	case '(', ')', '`':
		p.pos++
		p.endCommand()
		p.openGroup(c == '(', c == ')')
	case '<', '>':
		p.redirect()
	default:
		p.addWord()
	}
}

// separate ends a command, and the statement unless the next command reads its output.
func (p *parser) separate(c byte) {
	p.endCommand()
	n := len(p.events)
	if c == '|' && !strings.HasPrefix(p.src[p.pos:], "|") {
		p.events = append(p.events, event{kind: pipe})
	} else if p.group == 0 && p.depth == 1 && n > 0 && p.events[n-1].kind != pipe && p.events[n-1].kind != end {
		p.events = append(p.events, event{kind: end})
	}
}

func (p *parser) openGroup(opens, closes bool) {
	if opens {
		p.group++
	} else if closes && p.group > 0 {
		p.group--
	}
}

// endCommand completes the command being read.
func (p *parser) endCommand() {
	if len(p.words) > p.start {
		p.command(p.words[p.start:], p.trusted)
	}
	p.words, p.next = p.words[:p.start], plain
}

// addWord reads a word, which may be a keyword that opens or closes a group.
func (p *parser) addWord() {
	w := p.word(p.arg)
	w.kind, p.next = p.next, plain
	if w.kind == plain && w.quote == 0 && len(p.words) == p.start {
		switch p.text(w) {
		case "{", "while", "until", "if", "for", "case":
			p.openGroup(true, false)
			return
		case "}", "done", "fi", "esac":
			p.openGroup(false, true)
			return
		case "then", "else", "elif", "do", "!":
			return
		}
	}
	p.words = append(p.words, w)
	if len(p.words)-p.start == maxWords {
		p.endCommand()
	}
}

// redirect reads < > << <<< and their like. What follows is the next word, or for a
// here-document the first line after this one: the rest is for the command that runs
// with the password.
func (p *parser) redirect() {
	rest := p.src[p.pos:]
	size := len(rest) - len(strings.TrimLeft(rest, rest[:1]))
	p.pos += size
	switch {
	case rest[0] == '>':
		p.next = outputFile
		p.pos += len(p.src[p.pos:]) - len(strings.TrimLeft(p.src[p.pos:], "&|"))
	case size > 2:
		p.next = hereText
	case size == 2:
		if p.pos > p.lineEnd {
			p.lineEnd = len(p.src)
			if n := strings.IndexByte(p.src[p.pos:], '\n'); n >= 0 {
				p.lineEnd = p.pos + n
			}
			from := min(p.lineEnd+1, len(p.src))
			line, _, _ := strings.Cut(p.src[from:], "\n")
			p.words = append(p.words, word{span{p.arg, from, from + len(strings.TrimRight(line, "\r"))}, hereLine, 0})
		}
	case strings.HasPrefix(rest, "<("):
		p.endCommand()
		p.events = append(p.events, event{kind: input})
	default:
		p.next = inputFile
	}
}
