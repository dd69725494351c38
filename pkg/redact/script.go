package redact

import "strings"

// command is one simple command of a script: ranges of the scan's words and feeds.
type command struct {
	words, feeds span
	input        int // the stage whose output it reads, or none
}

// feed is text that a command reads: a here-string, a here-document or what a
// process substitution prints.
type feed struct {
	kind feedKind
	word word
	end  string // of a here-document
	tabs bool   // are dropped before end
}

type feedKind uint8

const (
	hereString feedKind = iota
	hereDocument
	inputFile
	otherFile
)

// stage is what stands on the left of a pipe: one command, or a group of them.
type stage struct {
	commands span
	up       int // the stage that it reads itself, or none
	seen     bool
}

const none = -1

// level is the state of the parser in one group of commands.
type level struct {
	element int // first command of the element being read
	input   int // what that element reads
	outer   int // what the group reads
}

// parser divides a script into commands and knows who reads whose output.
type parser struct {
	lexer
	words, feeds int // where the current command's begin
	base         int // of levels
	documents    int // feeds from here on wait for their text
	full         int // words, commands and levels that make a batch
}

// batchWords bounds how much of a script is held at once. Only what flows over the border
// of two batches is not seen.
const batchWords = 1 << 13

// parse reads commands of a text from a position on, and returns where it stopped.
func (s *scan) parse(text string, from int) int {
	p := &parser{lexer: lexer{s: s, text: text, pos: from}, words: len(s.words), feeds: len(s.feeds), base: len(s.levels)}
	p.documents = p.feeds
	s.levels = append(s.levels, level{element: len(s.commands), input: none, outer: none})
	p.full = p.size() + batchWords
	for p.pos < len(text) && p.size() < p.full {
		p.step()
	}
	p.flush()
	s.levels = s.levels[:p.base]
	return p.pos
}

func (p *parser) size() int {
	return len(p.s.words) + len(p.s.commands) + len(p.s.levels) + len(p.s.feeds)
}

func (p *parser) top() *level { return &p.s.levels[len(p.s.levels)-1] }

// step reads one token.
func (p *parser) step() {
	switch c := p.text[p.pos]; c {
	case ' ', '\t', '\r':
		p.pos++
	case '\n':
		p.pos++
		p.separate(false)
		p.readDocuments()
	case ';', '&', '|':
		p.operator(c)
	case '(':
		p.pos++
		p.open()
	case ')':
		p.pos++
		p.close()
	case '#':
		p.comment()
	case '<', '>':
		if !p.substitutes() {
			p.redirect()
			return
		}
		p.addWord()
	default:
		p.addWord()
	}
}

// operator reads ; & && &> | || |& and their like.
func (p *parser) operator(c byte) {
	rest := p.text[p.pos:]
	switch {
	case strings.HasPrefix(rest, "&>"):
		p.pos++
		p.redirect()
	case strings.HasPrefix(rest, "||"), strings.HasPrefix(rest, "&&"), strings.HasPrefix(rest, ";;"):
		p.pos += 2
		p.separate(false)
	case strings.HasPrefix(rest, "|&"):
		p.pos += 2
		p.separate(true)
	default:
		p.pos++
		p.separate(c == '|')
	}
}

// addWord reads a word, which may be the keyword that opens or closes a group.
func (p *parser) addWord() {
	starts := len(p.s.words) == p.words
	w := p.word()
	if starts && !w.loud {
		switch w.text {
		case "{", "while", "until", "if", "for", "case":
			p.open()
			return
		case "}", "done", "fi", "esac":
			p.close()
			return
		case "then", "else", "elif", "do", "!":
			return
		}
	}
	p.s.words = append(p.s.words, w)
}

// comment reads the rest of the line as one word: an apostrophe in it is no quote.
func (p *parser) comment() {
	end := quoteEnd(p.text, p.pos, '\n')
	p.s.words = append(p.s.words, word{text: p.text[p.pos+1 : end], at: p.pos + 1, loud: true})
	p.pos = end
}

// redirect reads < > << <<- <<< and their like, with what follows.
func (p *parser) redirect() {
	s := p.s
	if n := len(s.words); n > p.words && p.text[p.pos] != '&' && s.words[n-1].descriptor(p.text, p.pos) {
		s.words = s.words[:n-1]
	}
	f := feed{kind: otherFile}
	rest := p.text[p.pos:]
	switch {
	case strings.HasPrefix(rest, "<<<"):
		f.kind = hereString
		p.pos += 3
	case strings.HasPrefix(rest, "<<"):
		f.kind, f.tabs = hereDocument, strings.HasPrefix(rest, "<<-")
		p.pos += 2
		if f.tabs {
			p.pos++
		}
	default:
		if rest[0] == '<' {
			f.kind = inputFile
		}
		p.pos++
		for p.pos < len(p.text) && strings.IndexByte(">&|", p.text[p.pos]) >= 0 && !p.substitutes() {
			p.pos++
		}
	}
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t') {
		p.pos++
	}
	if p.pos == len(p.text) || ends(p.text[p.pos]) && !p.substitutes() {
		return
	}
	f.word = p.word()
	if f.kind == hereDocument {
		f.end, f.word = f.word.text, word{at: none}
	}
	s.feeds = append(s.feeds, f)
}

// descriptor reports whether the word is the number in 2>file, which ends at end.
func (w *word) descriptor(text string, end int) bool {
	return !w.loud && w.pieces == nil && w.text != "" && w.at+len(w.text) == end && strings.Trim(w.text, "0123456789") == ""
}

// readDocuments takes the here-documents that were announced on the line before.
func (p *parser) readDocuments() {
	feeds := p.s.feeds
	for ; p.documents < len(feeds); p.documents++ {
		f := &feeds[p.documents]
		if f.kind != hereDocument {
			continue
		}
		from, end := p.pos, p.pos
		for p.pos < len(p.text) {
			end = p.pos
			eol := quoteEnd(p.text, p.pos, '\n')
			line := p.text[p.pos:eol]
			p.pos = min(eol+1, len(p.text))
			if f.tabs {
				line = strings.TrimLeft(line, "\t")
			}
			if line == f.end {
				break
			}
			end = p.pos
		}
		f.word = word{text: p.text[from:end], at: from, loud: true}
	}
}

// flush completes the command being read.
func (p *parser) flush() {
	s := p.s
	if len(s.words) == p.words && len(s.feeds) == p.feeds {
		return
	}
	s.commands = append(s.commands, command{
		words: span{p.words, len(s.words)}, feeds: span{p.feeds, len(s.feeds)}, input: p.top().input,
	})
	p.words, p.feeds = len(s.words), len(s.feeds)
}

// separate ends an element; after a pipe the next one reads its output.
func (p *parser) separate(pipe bool) {
	p.flush()
	s, l := p.s, p.top()
	if pipe {
		s.stages = append(s.stages, stage{commands: span{l.element, len(s.commands)}, up: l.input})
		l.input = len(s.stages) - 1
	} else {
		l.input = l.outer
	}
	l.element = len(s.commands)
}

func (p *parser) open() {
	p.flush()
	l := p.top()
	p.s.levels = append(p.s.levels, level{element: len(p.s.commands), input: l.input, outer: l.input})
}

// close ends a group. One that was never opened is a sign of text that is no
// script, or of a case pattern: nothing ends.
func (p *parser) close() {
	p.flush()
	if len(p.s.levels) > p.base+1 {
		p.s.levels = p.s.levels[:len(p.s.levels)-1]
	}
}
