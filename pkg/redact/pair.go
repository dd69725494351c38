package redact

import (
	"regexp"
	"strings"
)

// pairScanner looks in one argument for names with a value, as assignments, JSON, YAML,
// property lists, HTTP headers, queries and the calls of several languages have them.
// It reads the text as it is, whichever language it is in.
type pairScanner struct {
	*scan
	lexer
	arg  int
	live bool // $NAME is a variable
	done int  // values before this are known
}

var (
	// separator matches what stands between a name and its value: the end of a string
	// that is the name, then an operator in the groups colon, equals, comma or call, or
	// nothing before a string.
	separator = regexp.MustCompile(`^(\\*["']\]?)?(?:[ \t]{0,8}(?:(:)[^:/]|(=>|:=|==?)|(,)|(\())|(</key>\s*<\w+>|>)|[ \t]+(?:to +)?\(?(\\*["']))`)

	// queryName matches the parameters of an address that are secrets only there.
	queryName = regexp.MustCompile(`(?i)^(?:sig|.*signature|code)$`)

	// credentials matches the name of what takes a user and a password, up to the password.
	credentials = regexp.MustCompile(`(?i)(?:login|auth)\s*=?\s*\(\s*\\*["'][^"']*["']\s*,\s*`)

	// typed matches what types or sends the string or the word after it.
	typed = regexp.MustCompile(`\b(?:(?:exp_)?send(?:line)?(?:[ \t]+--?[a-z]*)*|keystroke|communicate|input[ \t]*=)[ \t({]+`)

	// prompt matches what a program prints before it reads a password.
	prompt = regexp.MustCompile(`(?i)assword|assphrase|asscode|retype|verify|\bpin\b`)

	// answer matches what is typed otherwise: an answer or a command.
	answer = regexp.MustCompile(`(?i)^(?:|y|n|yes|no|exit|quit|logout|id|ls|q|whoami|reboot|[^ ]* .*)(?:\\*[rn]|\s)*\\*$`)
)

// pairs marks the values of secret names in an argument. In live text $NAME is a
// variable.
func (s *scan) pairs(arg int, live bool) {
	text := s.args[arg]
	p := &pairScanner{scan: s, lexer: lexer{src: text}, arg: arg, live: live}
	for i := 0; i < len(text); {
		switch {
		case text[i] == '\\' && i+1 < len(text) && strings.IndexByte("nrt0", text[i+1]) >= 0:
			i += 2
		case !isNameByte(text[i]):
			i++
		default:
			end := i + 1
			for end < len(text) && isNameByte(text[end]) {
				end++
			}
			if i >= p.done && end-i <= maxName {
				p.name(i, end)
			}
			i = end
		}
	}
	p.calls()
}

// name looks at a name and what follows it.
func (p *pairScanner) name(from, to int) {
	name, before := strings.TrimPrefix(p.src[from:to], "-H"), p.src[max(0, from-1):from]
	f := value{kind: nameKind(name, false), header: isHeader(name)}
	if f.kind == noKind && (before == "?" || before == "&") && queryName.MatchString(name) {
		f.kind = weakKind
	}
	if f.kind == noKind && !f.header {
		return
	}
	m := separator.FindStringSubmatchIndex(p.src[to:min(len(p.src), to+maxSeparator)])
	if m == nil {
		return
	}
	f.at = to + m[1]
	closed, colon, equals, comma, tag := m[2] >= 0, m[4] >= 0, m[6] >= 0, m[8] >= 0, m[12] >= 0
	f.colon, f.call, f.tag, f.mustQuote = colon, m[10] >= 0, tag, !colon && !equals && !tag
	switch starts := before == "" || before == `"` || before == "'" || before == "=" && strings.HasPrefix(p.src, "-"); {
	case tag:
		if name == "key" || before != "<" && before != ">" {
			return
		}
	case comma != closed && (comma || !colon && !equals), f.mustQuote && !comma && nameKind(name, true) != secretKind:
		return
	case colon:
		f.at-- // the byte that is not a slash
		f.header = f.header || starts && f.kind == secretKind && strings.Contains(name, "-")
		f.line = strings.HasSuffix(strings.TrimRight(p.src[max(0, from-maxIndent):from], " \t"), "\n")
	case equals:
		if starts && !closed && f.at == to+1 {
			f.rest = p.restEnd(from, f.at)
		}
	case !comma && !f.call:
		f.at = to + m[14] // where the string begins
	}
	for limit := min(len(p.src), f.at+8); f.at < limit && (p.src[f.at] == ' ' || p.src[f.at] == '\t'); f.at++ {
	}
	p.value(f)
}

const (
	maxSeparator = 64 // bytes that may separate a name and its value
	maxIndent    = 32 // bytes before a name that begins a line
)

// isHeader reports whether the HTTP header of a name holds a secret, whatever the name
// says.
func isHeader(name string) bool {
	return len(name) >= len("cookie") && (strings.EqualFold(name[len(name)-len("cookie"):], "cookie") ||
		len(name) >= len("authorization") && strings.EqualFold(name[len(name)-len("authorization"):], "authorization"))
}

// value is where a value begins and how it is written.
type value struct {
	at        int
	kind      kind
	header    bool // an HTTP header: up to the end of the line
	rest      int  // the end of the string that it is the rest of: NAME=value
	colon     bool // after a colon, as words of a message may be too
	line      bool // the name begins a line
	call      bool // the arguments of a call
	mustQuote bool // only a string is a value
	tag       bool // up to the next tag
}

// value marks a value.
func (p *pairScanner) value(f value) {
	prefix := f.at
	for prefix < len(p.src) && prefix < f.at+2 && strings.IndexByte("(@$bufr", p.src[prefix]) >= 0 {
		prefix++
	}
	for prefix > f.at && quoteSize(p.src, prefix) == 0 {
		prefix--
	}
	if size := quoteSize(p.src, prefix); size > 0 {
		// A quotation mark after a prompt like "Password:" ends a string.
		if !f.colon || prefix+size < len(p.src) && strings.IndexByte(" \t;,)]}\n", p.src[prefix+size]) < 0 {
			p.stringValue(prefix, size, f)
		}
		return
	}
	if f.mustQuote {
		return
	}
	at, end := f.at, p.valueEnd(f.at)
	switch {
	case f.tag:
		end = p.find(at, "<")
	case f.header:
		end = p.stringEnd(at, p.find(at, "\n"))
		at += schemeSize(p.src[at:end])
	case f.rest > 0:
		end = f.rest
	case f.colon && !isPlausible(p.src[at:end]) && !(f.kind == secretKind && f.line && (end == len(p.src) || p.src[end] == '\n')):
		return
	}
	p.done = max(p.done, end)
	text := p.src[at:end]
	call := end < len(p.src) && p.src[end] == '(' && isLetters(strings.Trim(text, "._"))
	if (f.kind != weakKind || f.header || isPlausible(text)) && !call && !strings.HasPrefix(text, "//") {
		p.mark(p.arg, at, end, p.live)
	}
}

// stringValue marks a value in quotes, and the strings after it in a call.
func (p *pairScanner) stringValue(at, size int, f value) {
	for size > 0 {
		from, mark := at+size, p.src[at:at+size]
		to, ok := p.closing(mark, from)
		if !ok {
			to = p.find(from, "\n")
		}
		p.done = to
		if f.header {
			from += schemeSize(p.src[from:to])
		}
		if f.kind != weakKind || f.header || isPlausible(p.src[from:to]) {
			p.mark(p.arg, from, to, p.live && mark[size-1] != '\'')
		}
		rest := p.src[min(to+size, len(p.src)):]
		next := strings.TrimLeft(rest[:min(8, len(rest))], ", ")
		at = len(p.src) - len(rest) + min(8, len(rest)) - len(next)
		if size = 0; f.call && strings.HasPrefix(rest, ",") {
			size = quoteSize(p.src, at)
		}
	}
}

// find returns where one of some bytes stands next, or the end.
func (p *pairScanner) find(from int, bytes string) int {
	if n := strings.IndexAny(p.src[from:], bytes); n >= 0 {
		return from + n
	}
	return len(p.src)
}

// schemeSize returns the size of the word before credentials, as in "Bearer x".
func schemeSize(value string) int {
	if n := strings.IndexByte(value, ' '); n > 0 && n+1 < len(value) && isLetters(value[:n]) {
		return n + 1
	}
	return 0
}

// valueEnd returns where a value ends that no quotes enclose.
func (p *pairScanner) valueEnd(at int) int {
	for p.pos = at; p.pos < len(p.src); p.element() {
		for strings.HasPrefix(p.src[p.pos:], Mark) {
			p.pos += len(Mark)
		}
		if p.pos == len(p.src) {
			break
		}
		c := p.src[p.pos]
		ends := p.pos+1 == len(p.src) || !isNameByte(p.src[p.pos+1])
		if endsWord(c) || (c == '{' || c == '[') && p.pos == at || (c == '}' || c == ']' || c == ',') && ends {
			break
		}
		if size := quoteSize(p.src, p.pos); size > 0 && (p.pos == at || p.pos+size == len(p.src) || endsWord(p.src[p.pos+size])) {
			break
		}
	}
	return p.pos
}

// stringEnd returns where the string ends in which a place is, at most limit.
func (p *pairScanner) stringEnd(at, limit int) int {
	for i := at; i < limit; i++ {
		if size := quoteSize(p.src, i); size > 0 {
			return i
		}
	}
	return limit
}

// restEnd returns where the string ends that a name begins and a value is the rest of:
// what is in quotes or the argument itself. It returns 0 if a script is in it, whose
// words end the value sooner.
func (p *pairScanner) restEnd(name, at int) int {
	end := len(p.src)
	if mark := strings.TrimRight(p.src[:name], `"'`); len(mark) < name {
		from := len(strings.TrimRight(p.src[:name-1], `\`))
		closing, ok := p.closing(p.src[max(from, name-1-maxEscapes):name], at)
		if !ok {
			return 0
		}
		end = closing
	} else if p.live {
		return 0
	}
	if value := p.src[at:end]; strings.ContainsAny(value, " \t") && (strings.ContainsAny(value, ";|\n") || containsHook(value)) {
		return 0
	}
	return end
}

// calls marks what expect, AppleScript and others type, and the password after a user's
// name.
func (p *pairScanner) calls() {
	expects := strings.Contains(p.src, "spawn") || strings.Contains(p.src, "expect")
	reads := strings.Contains(p.src, "sudo") || strings.Contains(p.src, "passwd") || strings.Contains(p.src, "kinit") || strings.Contains(p.src, "su'")
	sent := 0
	if expects || reads || strings.Contains(p.src, "keystroke") {
		for _, m := range typed.FindAllStringIndex(p.src, -1) {
			from, to := p.string(m[1])
			value := p.src[from:to]
			switch call := p.src[m[0]:m[1]]; {
			case call[0] == 'k' && to-from < 2, call[0] != 's' && call[0] != 'e' && call[0] != 'k' && !reads:
				continue
			case (call[0] == 's' || call[0] == 'e') && (!expects || !prompt.MatchString(p.src[min(sent, m[0]):m[0]]) && answer.MatchString(value)):
				continue
			}
			p.mark(p.arg, from, to, false)
			sent = to
		}
	}
	if strings.Contains(p.src, "(") {
		for _, m := range credentials.FindAllStringIndex(p.src, -1) {
			from, to := p.string(m[1])
			p.mark(p.arg, from, to, false)
		}
	}
}

// string returns where what is written at a place stands: a string, or a bare word.
func (p *pairScanner) string(at int) (from, to int) {
	for n := 0; n < 2 && at < len(p.src) && quoteSize(p.src, at) == 0 && at+1 < len(p.src) && quoteSize(p.src, at+1) > 0; n++ {
		at++
	}
	if size := quoteSize(p.src, at); size > 0 {
		to, ok := p.closing(p.src[at:at+size], at+size)
		if !ok {
			to = len(p.src)
		}
		return at + size, to
	}
	return at, p.find(at, " \t\n;}\"'()")
}
