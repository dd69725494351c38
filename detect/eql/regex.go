package eql

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Bounds of a regular expression: RE2 writes repetitions out, so that a short text
// can make a large program.
const (
	maxRegexStates  = 4000
	maxRegexNesting = 100
	maxRepeat       = 1000 // what RE2 takes
)

// compileRegex compiles an expression of Lucene's syntax to RE2, to match whole values.
// What RE2 can't say is refused.
func compileRegex(at int, expr string, fold bool) *regexp.Regexp {
	t := &lucene{at: at, src: []rune(expr)}
	re := t.union()
	if t.more() {
		t.fail("unexpected %q", t.src[t.pos])
	}
	flags := "s" // the dot takes line breaks too
	if fold {
		flags = "is"
	}
	compiled, err := regexp.Compile(`\A(?` + flags + `:` + re.text + `)\z`)
	if err != nil {
		fail(at, "regex: %v", err)
	}
	return compiled
}

// lucene reads an expression of Lucene's syntax with all its optional operators on and
// writes it as RE2.
type lucene struct {
	at    int // where the expression stands in the query
	src   []rune
	pos   int
	depth int
}

// re2 is a translated part and the number of states that it takes.
type re2 struct {
	text   string
	states int
}

// fail ends the translation at the next character.
func (t *lucene) fail(format string, args ...any) {
	fail(t.at, "regex, character %d: %s", t.pos+1, fmt.Sprintf(format, args...))
}

func (t *lucene) more() bool { return t.pos < len(t.src) }

func (t *lucene) peek(chars string) bool {
	return t.more() && strings.ContainsRune(chars, t.src[t.pos])
}

func (t *lucene) accept(r rune) bool {
	if t.more() && t.src[t.pos] == r {
		t.pos++
		return true
	}
	return false
}

// union reads alternatives.
func (t *lucene) union() re2 {
	if !t.more() && t.pos == 0 {
		return re2{}
	}
	all := t.concat()
	if !t.peek("|") {
		return all
	}
	var text strings.Builder
	text.WriteString("(?:" + all.text)
	for t.accept('|') {
		next := t.concat()
		text.WriteString("|" + next.text)
		if all.states += next.states + 1; all.states > maxRegexStates {
			t.fail("expression larger than %d states", maxRegexStates)
		}
	}
	return re2{text.String() + ")", all.states}
}

// concat reads a sequence up to the end of the alternative.
func (t *lucene) concat() re2 {
	var text strings.Builder
	states := 0
	if !t.more() || t.peek("|)") {
		t.fail("empty alternative: write () for an empty string")
	}
	for t.more() && !t.peek("|)") {
		next := t.repeated()
		text.WriteString(next.text)
		if states += next.states; states > maxRegexStates {
			t.fail("expression larger than %d states", maxRegexStates)
		}
	}
	return re2{text.String(), states}
}

// repeated reads one part and what says how often it comes. A second ? is no mark of
// laziness here but one more repetition, hence the groups.
func (t *lucene) repeated() re2 {
	part := t.simple()
	for n := 0; t.peek("?*+{"); n++ {
		if n == maxRegexNesting {
			t.fail("more than %d repetitions of one part", maxRegexNesting)
		}
		op := t.src[t.pos]
		t.pos++
		times := 1
		count := string(op)
		if op == '{' {
			count, times = t.count()
		}
		part = re2{"(?:" + part.text + ")" + count, part.states*max(times, 1) + 1}
		if part.states > maxRegexStates {
			t.fail("expression larger than %d states", maxRegexStates)
		}
	}
	return part
}

// count reads the rest of {n}, {n,} or {n,m}.
func (t *lucene) count() (count string, times int) {
	least, ok := t.integer()
	if !ok {
		t.fail("a repetition is {n}, {n,} or {n,m} with numbers up to %d", maxRepeat)
	}
	count, times = fmt.Sprintf("{%d", least), least
	if t.accept(',') {
		count += ","
		if t.peek("0123456789") {
			if times, ok = t.integer(); !ok || times < least {
				t.fail("a repetition goes from a number to one not smaller, up to %d", maxRepeat)
			}
			count += fmt.Sprint(times)
		}
	}
	if !t.accept('}') {
		t.fail("repetition is not closed")
	}
	return count + "}", times
}

func (t *lucene) integer() (n int, ok bool) {
	for t.peek("0123456789") {
		if n = n*10 + int(t.src[t.pos]-'0'); n > maxRepeat {
			return 0, false
		}
		t.pos++
		ok = true
	}
	return n, ok
}

// simple reads one part: a character or what stands for some.
func (t *lucene) simple() re2 {
	r := t.src[t.pos]
	switch r {
	case '~':
		t.fail("complement (~) is not supported: write \\~ for the character")
	case '&':
		t.fail("intersection (&) is not supported: write \\& for the character")
	case '<':
		t.fail("numeric ranges (<>) are not supported: write \\< for the character")
	case '?', '*', '+', '{':
		t.fail("nothing to repeat before %q: write \\%c for the character", r, r)
	case '\\':
		return t.escape()
	}
	t.pos++
	switch r {
	case '.':
		return re2{".", 1}
	case '@': // any string
		return re2{"(?:.*)", 2}
	case '#': // no string at all
		return re2{`[^\x00-\x{10FFFF}]`, 1}
	case '"':
		return t.quoted()
	case '(':
		return t.group()
	case '[':
		return t.class()
	}
	return literalRune(r)
}

func literalRune(r rune) re2 { return re2{regexp.QuoteMeta(string(r)), 1} }

// quoted reads the rest of a quoted string, in which nothing is special.
func (t *lucene) quoted() re2 {
	n := slices.Index(t.src[t.pos:], '"')
	if n < 0 {
		t.fail("quote is not closed: write \\\" for the character")
	}
	s := string(t.src[t.pos : t.pos+n])
	t.pos += n + 1
	return re2{"(?:" + regexp.QuoteMeta(s) + ")", n}
}

// group reads the rest of an expression in parentheses.
func (t *lucene) group() re2 {
	if t.accept(')') {
		return re2{"(?:)", 0}
	}
	if t.depth == maxRegexNesting {
		t.fail("nested deeper than %d levels", maxRegexNesting)
	}
	t.depth++
	inner := t.union()
	t.depth--
	if !t.accept(')') {
		t.fail("parenthesis is not closed")
	}
	return re2{"(?:" + inner.text + ")", inner.states}
}

// predefined are the classes that a backslash and a letter stand for.
var predefined = map[rune]string{
	'd': `0-9`, 'D': `\x00-/:-\x{10FFFF}`,
	'w': `0-9A-Z_a-z`, 'W': "\\x00-/:-@\\[-\\^\\x60\\{-\\x{10FFFF}",
	's': `\t\n\r `, 'S': `\x00-\x08\x0B\x0C\x0E-\x1F!-\x{10FFFF}`,
}

// escape reads a backslash and what follows.
func (t *lucene) escape() re2 {
	if t.pos+1 < len(t.src) {
		if set, ok := predefined[t.src[t.pos+1]]; ok {
			t.pos += 2
			return re2{"[" + set + "]", 1}
		}
	}
	return literalRune(t.char())
}

// char reads a character, perhaps behind a backslash.
func (t *lucene) char() rune {
	if t.accept('\\') && t.more() && unicode.IsLetter(t.src[t.pos]) {
		t.fail("unknown escape \\%c", t.src[t.pos])
	}
	if !t.more() {
		t.fail("unexpected end")
	}
	t.pos++
	return t.src[t.pos-1]
}

// class reads the rest of a character class. Its first character is never its end.
func (t *lucene) class() re2 {
	var set strings.Builder
	set.WriteByte('[')
	if t.accept('^') {
		set.WriteByte('^')
	}
	for first := true; first || !t.accept(']'); first = false {
		if !t.more() {
			t.fail("character class is not closed")
		}
		if t.peek(`\`) && t.pos+1 < len(t.src) {
			if name, ok := predefined[t.src[t.pos+1]]; ok {
				t.pos += 2
				set.WriteString(name)
				continue
			}
		}
		from := t.char()
		to := from
		if t.accept('-') {
			if t.peek("]") {
				t.fail("range is not closed: write \\- for the character")
			}
			to = t.char()
			if to < from {
				t.fail("range %c-%c is empty", from, to)
			}
		}
		fmt.Fprintf(&set, `\x{%X}-\x{%X}`, from, to)
	}
	return re2{set.String() + "]", 1}
}
