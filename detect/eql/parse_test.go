package eql

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{``, `1:1: the query is empty`},
		{" // nothing\n", `2:1: the query is empty`},
		{`process`, `1:8: unexpected the end of the query, expected "where" after the event category`},
		{`process where`, `1:14: the condition is missing`},
		{`where true`, `1:1: unexpected "where", expected an event category`},
		{`"" where true`, `1:1: the event category is empty`},
		{`5 where true`, `1:1: unexpected the number 5, expected an event category`},
		{`any where a = 1`, `1:13: unexpected "=": write == (verbatim) or : (any case, wildcards)`},
		{`any where a[0] == 1`, `1:12: unexpected "[": a condition on a list looks at every element`},
		{`any where a == 1 b`, `1:18: unexpected "b", expected and, or, or the end of the query`},
		{`any where (a == 1`, `1:18: unexpected the end of the query, expected ")" to close the parenthesis`},
		{`any where a ==`, `1:15: unexpected the end of the query, expected a field or a value`},
		{`any where a == and`, `1:16: unexpected "and", expected a field or a value`},
		{`any where by == 1`, `1:11: unexpected "by", expected a field or a value`},
		{`any where a. == 1`, `1:14: unexpected "==", expected the name of a field`},
		{`any where a~ == 1`, `1:11: unexpected "~" after a`},
		{`any where a < 1 < 2`, `1:17: comparisons do not chain: join two with and`},
		{`any where a == 1 == true`, `1:18: comparisons do not chain: join two with and`},
		{`any where a in 5`, `1:16: unexpected the number 5, expected "(" after in`},
		{`any where a in ()`, `1:17: unexpected ")", expected a field or a value`},
		{`any where a in (1,)`, `1:19: unexpected ")", expected a field or a value`},
		{`any where a in (1 2)`, `1:19: unexpected the number 2, expected ")" to close the list`},
		{`any where a in (b)`, `1:17: a list takes constants only`},
		{`any where a in~ (1)`, `1:18: in~ takes strings, not a number`},
		{`any where 1 in ("x")`, `1:17: can't compare a number with a string`},
		{`any where a not like "x"`, `1:13: not can't be here, except in not in: write not before the condition`},
		{`any where a : 5`, `1:15: : takes a string, not a number`},
		{`any where a : b`, `1:15: : takes a string, not a field`},
		{`any where a : ("x", 5)`, `1:21: : takes a string, not a number`},
		{`any where a : ("x", b)`, `1:21: a list takes constants only`},
		{`any where 5 : "x"`, `1:11: : looks at strings, not at a number: write "5"`},
		{`any where a + 1 : "x"`, `1:15: : looks at strings, not at a number: write "1"`},
		{`any where 5`, `1:11: not a condition: a number`},
		{`any where "x"`, `1:11: not a condition: a string`},
		{`any where a + 1`, `1:11: not a condition: a number`},
		{`any where not 5`, `1:15: not a condition: a number`},
		{`any where true and "x"`, `1:20: not a condition: a string`},
		{`any where a == (1 and true)`, `1:17: not a condition: a number`},
		{`any where "a" == 5`, `1:15: can't compare a string with a number`},
		{`any where a < true`, `1:13: true or false has no order: <`},
		{`any where (a : "x") > 1`, `1:21: true or false has no order: >`},
		{`any where (a : "x") == 1`, `1:21: can't compare true or false with a number`},
		{`any where a + "x" == 1`, `1:15: can't compute + with a string`},
		{`any where a / 0 == 1`, `1:13: division by zero`},
		{`any where 5 % 0.0 == a`, `1:13: division by zero`},
		{`any where 9223372036854775807 + 1 == a`, `1:31: the result of + is too large`},
		{`any where a + a + a + a + a + a + a + a + a == 1`, `1:11: more than 8 fields in one computation`},
		{`any where a == 1e999`, `1:16: number 1e999 is too large`},
		{`any where a == 1e`, `1:16: number 1e has no digits in its exponent`},
		{`any where a == 12ab`, `1:18: unexpected character 'a' in a number`},
		{`any where a == "x`, `1:16: string is not closed`},
		{"any where a == \"x\ny\"", `1:16: string is not closed on its line`},
		{`any where a == "\`, `1:17: string is not closed`},
		{`any where a == "C:\x"`, `1:19: unknown escape \x in a string: write \\ for a backslash, or use """ quotes`},
		{`any where a == "\u{110000}"`, `1:17: \u{110000} is not a character`},
		{`any where a == "\u{d800}"`, `1:17: \u{d800} is not a character`},
		{`any where a == "\u{}"`, `1:17: \u takes one to eight hexadecimal digits in braces, as in \u{e9}`},
		{`any where a == "\u00e9"`, `1:17: \u takes one to eight hexadecimal digits in braces, as in \u{e9}`},
		{`any where a == """x"`, `1:16: raw string is not closed on its line`},
		{"any where a == \"\"\"x\n\"\"\"", `1:16: raw string is not closed on its line`},
		{"any where `a == 1", "1:11: name in backticks is not closed on its line"},
		{"any where `` == 1", "1:11: empty name in backticks"},
		{"any where /* true", `1:11: comment is not closed`},
		{"any where é == 1", `1:11: unexpected character 'é'`},
		{`any where a == "é" and ; b`, `1:24: unexpected character ';'`},
		{"any where a == \"\xff\"", `1:17: the query is not valid UTF-8`},
		{`any where a regex "x~y"`, `1:19: regex, character 2: complement (~) is not supported: write \~ for the character`},
		{"any where a regex~ (\"x\",\n \"y&z\")", `2:2: regex, character 2: intersection (&) is not supported: write \& for the character`},
		{`any where ` + strings.Repeat("(", 300) + "true", `1:267: nested deeper than 256 levels`},
		{`any where ` + strings.Repeat("not ", 300) + "true", `1:1031: nested deeper than 256 levels`},
		{`any where ` + strings.Repeat("- ", 300) + "a == 1", `1:521: nested deeper than 256 levels`},
		{`any where 1 == a` + strings.Repeat("+1", 300), `1:529: more than 256 operators in a row`},
		{`any where a in (` + strings.Repeat("1,", 10_000) + "1)", `1:20017: list of more than 10000 elements`},
		{`any where a : "*` + strings.Repeat("x", 1025) + `*"`, `1:15: pattern has more than 1024 characters between two stars`},
		{`any where true` + strings.Repeat(" ", 256<<10), `1:1: the query is longer than 256 KiB`},
	} {
		q, err := Parse(c.query, nil)
		if err == nil {
			_, err = Compile(q, category("event.category"), anyField)
		}
		var e *Error
		if err == nil || err.Error() != c.want || !errors.As(err, &e) {
			t.Errorf("%.60q:\n got %v\nwant %s", c.query, err, c.want)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for text, want := range map[string]string{
		``:                   `1:1: the condition is missing`,
		`process where true`: `1:9: unexpected "where", expected and, or, or the end of the condition`,
		`a == 1 | head`:      `1:8: a condition has no pipes`,
	} {
		if _, err := ParseCondition(text, nil); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestCutQuery cuts a query after every byte: what is left parses or is refused at a
// place inside it.
func TestCutQuery(t *testing.T) {
	const query = "process where /* c */ a.`b c` : (\"x*\", \"\"\"y\"\"\") // d\n and not ?e in~ (\"\\u{e9}\") or -1.5e3 < f % 2"
	for i := range len(query) + 1 {
		_, err := Parse(query[:i], nil)
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Line < 1 || e.Line > 2 || e.Col < 1 || e.Col > i+1) {
			t.Errorf("%q: got %v", query[:i], err)
		}
	}
	if _, err := Parse(query, nil); err != nil {
		t.Error(err)
	}
}

func TestStrings(t *testing.T) {
	for literal, want := range map[string]string{
		`""`:                      "",
		`"a\n\r\t\b\f\\\"\'z"`:    "a\n\r\t\b\f\\\"'z",
		`"\u{e9}\u{0001F600}"`:    "é😀",
		`'it"s'`:                  `it"s`,
		`"it's // no /* comment"`: "it's // no /* comment",
		`"""C:\new\"x"y"""`:       `C:\new\"x"y`,
		`""""""`:                  "",
		`"""a""""`:                `a"`,
		`""""a"""""`:              `"a""`,
	} {
		m := conditionMatcher(t, "f == "+literal)
		if !m.Match(record{"f": String(want)}) {
			t.Errorf("%s: does not equal %q", literal, want)
		}
	}
}

// TestStructure checks how operators bind, by writing the parse out in full.
func TestStructure(t *testing.T) {
	for query, want := range map[string]string{
		`a or b and not c or d`:            `(a or (b and (not c)) or d)`,
		`not a == 1 and b`:                 `((not (a == 1)) and b)`,
		`a != 1`:                           `(not (a == 1))`,
		`5 < a`:                            `(a > 5)`,
		`a + 2 * b - c % 4 == -d`:          `(((a + (2 * b)) - (c % 4)) == (0 - d))`,
		`a - b - c == 0`:                   `(((a - b) - c) == 0)`,
		`a + 2 * 3 == 1 + 1`:               `((a + 6) == 2)`,
		`a : "x" == true`:                  `((a : ["x"]) == true)`,
		`a not in (1, -2)`:                 `(not (a in [1 -2]))`,
		`(a or b) or (c or d)`:             `(a or b or c or d)`,
		`a and true and (b or false)`:      `(a and b)`,
		`a and null`:                       `(a and null)`,
		`a and not (1 == 1)`:               `false`,
		`null != a`:                        `(not (missing a))`,
		`not not a == 1`:                   `(a == 1)`,
		`a regex~ ("x") or b like "y"`:     `((a regex~ ["x"]) or (b like ["y"]))`,
		`(a > 1) == (b > 1)`:               `((a > 1) == (b > 1))`,
		`"x" : ("y", "X") and a in~ ("z")`: `(a in~ ["z"])`,
		`ENDSWITH~(a, concat("x", 1))`:     `endsWith~(a, "x1")`,
		`add(a, 2) * length(b) == 1`:       `(((a + 2) * length(b)) == 1)`,
		`not a:length():add(1) in (2)`:     `(not ((length(a) + 1) in [2]))`,
	} {
		q, err := ParseCondition(query, nil)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := written(q.events[0].Where); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
}

func written(e expr) string {
	switch e := e.(type) {
	case *literal:
		return e.Value.String()
	case *fieldRef:
		return e.Name
	case *negation:
		return "(not " + written(e.X) + ")"
	case *operation:
		return fmt.Sprintf("(%s %s %s)", written(e.Left), e.Op, written(e.Right))
	case *test:
		var values []string
		for _, l := range e.List {
			values = append(values, l.Value.String())
		}
		switch {
		case e.Op == "missing":
			return "(missing " + written(e.X) + ")"
		case isComparison(e.Op):
			return fmt.Sprintf("(%s %s %s)", written(e.X), e.Op, values[0])
		case e.strict:
			return e.Op + "(" + written(e.X) + ", " + strings.Join(values, ", ") + ")"
		}
		return fmt.Sprintf("(%s %s %s)", written(e.X), e.Op, values)
	case *funcCall:
		var args []string
		for _, x := range e.Args {
			args = append(args, written(x))
		}
		return e.Name + "(" + strings.Join(args, ", ") + ")"
	case *junction:
		var terms []string
		for _, t := range e.Terms {
			terms = append(terms, written(t))
		}
		return "(" + strings.Join(terms, map[bool]string{false: " and ", true: " or "}[e.Or]) + ")"
	}
	return fmt.Sprintf("?%T", e)
}
