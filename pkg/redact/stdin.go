package redact

import (
	"regexp"
	"strings"
)

// event is something in a script that matters for what flows into a program that reads
// a password. Events are in the order of the text, whatever groups, substitutions and
// inner scripts they are in.
type event struct {
	span
	kind  eventKind
	quote byte
}

type eventKind uint8

const (
	printed eventKind = iota // a word that a command prints, in span
	pipe                     // the command before writes to the one after
	reader                   // a program that reads a password from its standard input
	input                    // what follows is the input of the command before
	end                      // a statement ends
)

// followEvents marks the words that are printed into a program that reads a password.
func (s *scan) followEvents() {
	var variables []span
	reads, fed := false, false
	for i := range s.events {
		switch e := s.events[i]; e.kind {
		case reader:
			reads, fed = true, false
		case input:
			fed = reads
		case pipe, end:
			reads, fed = false, false
		case printed:
			if fed {
				variables = s.markPrinted(e, variables)
			}
		}
	}
	reads, fed = false, false
	for i := len(s.events) - 1; i >= 0; i-- {
		switch e := s.events[i]; e.kind {
		case reader:
			reads, fed = true, false
		case pipe:
			fed = reads || fed
		case end:
			reads, fed = false, false
		case printed:
			if fed {
				variables = s.markPrinted(e, variables)
			}
		}
	}
	for _, v := range variables {
		s.markAssigned(v.arg, s.args[v.arg][v.from:v.to])
	}
}

// maxVariables bounds the variables that are followed in one argument.
const maxVariables = 8

// markPrinted marks a whole word, or appends where the name of the variable stands that
// it is.
func (s *scan) markPrinted(e event, variables []span) []span {
	text := s.args[e.arg][e.from:e.to]
	if e.quote == '\'' || !isExpansion(strings.Trim(text, `"\`)) {
		s.mark(e.arg, e.from, e.to, false)
	} else if name := strings.Trim(text, "\"\\${}"); isIdentifier(name) && len(variables) < maxVariables {
		from := e.from + strings.Index(text, name)
		variables = append(variables, span{e.arg, from, from + len(name)})
	}
	return variables
}

// markAssigned marks what a script assigns to a variable, or lets it run through in a
// loop.
func (s *scan) markAssigned(arg int, name string) {
	text := s.args[arg]
	for at := 0; ; {
		n := strings.Index(text[at:], name)
		if n < 0 {
			return
		}
		from := at + n
		at = from + len(name)
		if from > 0 && isNameByte(text[from-1]) {
			continue
		}
		l := lexer{src: text, pos: at + 1}
		if list, ok := strings.CutPrefix(text[at:], " in "); ok {
			l.pos = len(text) - len(list)
		} else if !strings.HasPrefix(text[at:], "=") || l.pos == len(text) || endsWord(text[l.pos]) {
			continue
		}
		for single := text[at] == '='; l.pos < len(text) && !endsWord(text[l.pos]); l.pos++ {
			w := l.word(arg)
			s.mark(arg, w.from, w.to, w.quote != '\'')
			if single || l.pos == len(text) || text[l.pos] != ' ' {
				break
			}
		}
		at = max(at, l.pos)
	}
}

// readsStdin reports whether an option says that a password comes on standard input, by
// its name or by its value.
func readsStdin(name, value string) bool {
	password := strings.Contains(name, "pass") || strings.Contains(name, "token")
	switch value {
	case "-", "stdin", "STDIN", "fd:0", "/dev/stdin":
		return password
	case "0":
		return password && strings.HasSuffix(name, "-fd")
	}
	return strings.HasSuffix(name, "-stdin") || strings.Contains(name, "stdin") && password || name == "--with-token" || name == "-inputplist"
}

// echoOption matches the words after echo and printf that are not printed.
var echoOption = regexp.MustCompile(`^(?:-[neErR]+|--|(?:\s|%[sbqd]|\\+[nr0])+)$`)
