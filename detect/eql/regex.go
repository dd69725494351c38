package eql

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
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
	t := &lucene{at: at, src: strings.ToValidUTF8(expr, "\ufffd")}
	if expr != "" {
		t.union()
	}
	if t.more() {
		t.fail("unexpected %q", t.next())
	}
	flags := "s" // the dot takes line breaks too
	if fold {
		flags = "is"
	}
	text := fmt.Sprintf(`\A(?%s:%s)\z`, flags, t.out)
	parsed, err := syntax.Parse(text, syntax.Perl)
	var refused *syntax.Error
	switch {
	case errors.As(err, &refused) && refused.Code != syntax.ErrInvalidRepeatSize && refused.Code != syntax.ErrLarge:
		fail(at, "regex: %v", err)
	case err != nil || states(parsed) > maxRegexStates:
		fail(at, "regex: expression larger than %d states", maxRegexStates)
	}
	return regexp.MustCompile(text)
}

// states returns how many states an expression takes when its repetitions are written out.
func states(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += states(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}

// lucene reads an expression of Lucene's syntax with all its optional operators on and
// writes it as RE2.
type lucene struct {
	at    int // where the expression stands in the query
	src   string
	pos   int
	depth int
	out   []byte
}

// fail ends the translation at the next character.
func (t *lucene) fail(format string, args ...any) {
	fail(t.at, "regex, character %d: %s", utf8.RuneCountInString(t.src[:t.pos])+1, fmt.Sprintf(format, args...))
}

func (t *lucene) more() bool { return t.pos < len(t.src) }

// peek reports whether the next character is one of these.
func (t *lucene) peek(chars string) bool {
	return t.more() && strings.IndexByte(chars, t.src[t.pos]) >= 0
}

func (t *lucene) accept(chars string) bool {
	if !t.peek(chars) {
		return false
	}
	t.pos++
	return true
}

// next returns the next character; pos stays.
func (t *lucene) next() rune {
	r, _ := utf8.DecodeRuneInString(t.src[t.pos:])
	return r
}

func (t *lucene) write(s string) { t.out = append(t.out, s...) }

// union reads alternatives.
func (t *lucene) union() {
	for {
		if !t.more() || t.peek("|)") {
			t.fail("empty alternative: write () for an empty string")
		}
		for t.more() && !t.peek("|)") {
			t.repeated()
		}
		if !t.accept("|") {
			return
		}
		t.write("|")
	}
}

var countForm = regexp.MustCompile(`^\{([0-9]+)(,([0-9]*))?(\}?)`)

// repeated reads one part and what says how often it comes. A second ? is not a mark of
// laziness here but one more repetition, hence the groups.
func (t *lucene) repeated() {
	start := len(t.out)
	t.simple()
	for n := 0; t.peek("?*+{"); n++ {
		if n == maxRegexNesting {
			t.fail("more than %d repetitions of one part", maxRegexNesting)
		}
		count := t.src[t.pos : t.pos+1]
		if count == "{" {
			count = t.count()
		}
		t.pos += len(count)
		t.out = slices.Insert(t.out, start, []byte("(?:")...)
		t.write(")" + count)
	}
}

// count returns {n}, {n,} or {n,m}, which is next.
func (t *lucene) count() string {
	m := countForm.FindStringSubmatch(t.src[t.pos:])
	if m == nil {
		t.fail("a repetition is {n}, {n,} or {n,m} with numbers up to %d", maxRepeat)
	}
	least, err := strconv.Atoi(m[1])
	if err != nil || least > maxRepeat {
		t.fail("a repetition is {n}, {n,} or {n,m} with numbers up to %d", maxRepeat)
	}
	if most, err := strconv.Atoi(m[3]); m[3] != "" && (err != nil || most > maxRepeat || most < least) {
		t.fail("a repetition goes from a number to one not smaller, up to %d", maxRepeat)
	}
	if m[4] == "" {
		t.fail("repetition is not closed")
	}
	return m[0]
}

// predefined are the classes that a backslash and a letter stand for.
var predefined = map[byte]string{
	'd': `0-9`, 'D': `\x00-/:-\x{10FFFF}`,
	'w': `0-9A-Z_a-z`, 'W': "\\x00-/:-@\\[-\\^\\x60\\{-\\x{10FFFF}",
	's': `\t\n\r `, 'S': `\x00-\x08\x0B\x0C\x0E-\x1F!-\x{10FFFF}`,
}

// acceptClass reads a predefined class if one is next.
func (t *lucene) acceptClass() (set string, ok bool) {
	if !t.peek(`\`) || t.pos+1 == len(t.src) {
		return "", false
	}
	if set, ok = predefined[t.src[t.pos+1]]; ok {
		t.pos += 2
	}
	return set, ok
}

// simple reads one part: a character or what stands for some.
func (t *lucene) simple() {
	set, isClass := t.acceptClass()
	switch r := t.src[t.pos:]; {
	case isClass:
		t.write("[" + set + "]")
	case t.peek("~&<"):
		name := map[byte]string{'~': "complement (~) is", '&': "intersection (&) is", '<': "numeric ranges (<>) are"}[r[0]]
		t.fail("%s not supported: write \\%s for the character", name, r[:1])
	case t.peek("?*+{"):
		t.fail("nothing to repeat before %q: write \\%s for the character", r[0], r[:1])
	case t.accept("."):
		t.write(".")
	case t.accept("@"): // any string
		t.write("(?:.*)")
	case t.accept("#"): // no string at all
		t.write(`[^\x00-\x{10FFFF}]`)
	case t.accept("\""): // in which nothing is special
		quoted, _, closed := strings.Cut(r[1:], `"`)
		if !closed {
			t.fail("quote is not closed: write \\\" for the character")
		}
		t.write("(?:" + regexp.QuoteMeta(quoted) + ")")
		t.pos += len(quoted) + 1
	case t.accept("("):
		t.group()
	case t.accept("["):
		t.class()
	default:
		t.write(regexp.QuoteMeta(string(t.char())))
	}
}

// group reads the rest of an expression in parentheses.
func (t *lucene) group() {
	t.write("(?:")
	if !t.accept(")") {
		if t.depth == maxRegexNesting {
			t.fail("nested deeper than %d levels", maxRegexNesting)
		}
		t.depth++
		t.union()
		t.depth--
		if !t.accept(")") {
			t.fail("parenthesis is not closed")
		}
	}
	t.write(")")
}

// char reads a character, perhaps behind a backslash.
func (t *lucene) char() rune {
	if t.accept(`\`) && t.more() && unicode.IsLetter(t.next()) {
		t.fail("unknown escape \\%c", t.next())
	}
	if !t.more() {
		t.fail("unexpected end")
	}
	r, n := utf8.DecodeRuneInString(t.src[t.pos:])
	t.pos += n
	return r
}

// class reads the rest of a character class. Its first character is never its end.
func (t *lucene) class() {
	t.write("[")
	if t.accept("^") {
		t.write("^")
	}
	for first := true; first || !t.accept("]"); first = false {
		if !t.more() {
			t.fail("character class is not closed")
		}
		if set, ok := t.acceptClass(); ok {
			t.write(set)
			continue
		}
		from := t.char()
		to := from
		if t.accept("-") {
			if t.peek("]") {
				t.fail("range is not closed: write \\- for the character")
			}
			if to = t.char(); to < from {
				t.fail("range %c-%c is empty", from, to)
			}
		}
		t.out = fmt.Appendf(t.out, `\x{%X}-\x{%X}`, from, to)
	}
	t.write("]")
}
