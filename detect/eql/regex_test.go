package eql

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestRegex(t *testing.T) {
	for _, c := range []struct{ expr, matches, fails string }{ // values separated by spaces
		{`abc`, `abc`, `ab abcd xabc ABC`},
		{`a.c`, `abc a/c aéc`, `ac`},
		{`ab?c+d*`, `ac abc accdd`, `abbc ad`},
		{`a+?`, `a aa`, `b`}, // (a+)?, not a lazy a+
		{`(ab){2}`, `abab`, `ab ababab`},
		{`a{2,}`, `aa aaa`, `a`},
		{`a{1,2}`, `a aa`, `aaa`},
		{`a{0}b`, `b`, `ab`},
		{`a|b|cd`, `a b cd`, `ab d acd`},
		{`x(a|())`, `x xa`, `xb`},
		{`[a-cx]`, `a b c x`, `d -`},
		{`[^a-c]`, `d A`, `a b`},
		{`[-a]`, `- a`, `b`},
		{`[]a]`, `] a`, `b`},
		{`[.*^$]`, `. * ^ $`, `a`},
		{`[\]\-\d]`, `] - 5`, `\ d`},
		{`\d\w\s?`, `5_ 5a`, `a5 55é`},
		{`\D\W\S`, `a/b -é5`, `5/b aab`},
		{`^a$`, `^a$`, `a`}, // no anchors
		{`"a.b*"c`, `a.b*c`, `axbc`},
		{`a@b`, `ab axxb`, `a`},
		{`a#|b`, `b`, `a ab`},
		{`\~\&\<\"\#\@`, `~&<"#@`, `x`},
		{`a\.b\/c\\`, `a.b/c\`, `axb/c\`},
		{`a>b}c]`, `a>b}c]`, `a`},
		{`https?:\/\/[0-9]{1,3}\.[0-9]{1,3}(:[0-9]{1,5})?\/.*`, `http://1.22/ https://1.2:80/x`, `http://x/`},
		{`(a*)*b`, `b aab`, strings.Repeat("a", 5000)},
	} {
		re, err := tryRegex(c.expr, false)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		for want, values := range map[bool]string{true: c.matches, false: c.fails} {
			for _, v := range strings.Fields(values) {
				if got := re.MatchString(v); got != want {
					t.Errorf("%s on %.40s: got %v, want %v", c.expr, v, got, want)
				}
			}
		}
	}
	if re, err := tryRegex(`[a-c]xÉ.`, true); err != nil || !re.MatchString("BXé\n") {
		t.Errorf("any case: got no match of %q (%v)", "BXé\n", err)
	}
	if re, err := tryRegex(``, false); err != nil || !re.MatchString("") || re.MatchString("x") {
		t.Errorf("the empty expression: got %v, %v; want it to match the empty string alone", re, err)
	}
}

// tryRegex is compileRegex with its fault as an error.
func tryRegex(expr string, fold bool) (re *regexp.Regexp, err error) {
	defer func() {
		if f, ok := recover().(*fault); ok {
			err = errors.New(f.msg)
		}
	}()
	return compileRegex(0, expr, fold), nil
}

func TestRegexRefused(t *testing.T) {
	for expr, want := range map[string]string{
		`~a`:                           `complement`,
		`a&b`:                          `intersection`,
		`<1-5>`:                        `numeric ranges`,
		`*a`:                           `nothing to repeat`,
		`a|`:                           `empty alternative`,
		`|a`:                           `empty alternative`,
		`(|a)`:                         `empty alternative`,
		`(a`:                           `parenthesis is not closed`,
		`a)`:                           `unexpected ')'`,
		`[a`:                           `class is not closed`,
		`[]`:                           `class is not closed`,
		`[a-]`:                         `range is not closed`,
		`[c-a]`:                        `range c-a is empty`,
		`"a`:                           `quote is not closed`,
		`a\`:                           `unexpected end`,
		`\n`:                           `unknown escape`,
		`\bx`:                          `unknown escape`,
		`a{`:                           `a repetition is`,
		`a{,2}`:                        `a repetition is`,
		`a{2`:                          `repetition is not closed`,
		`a{3,2}`:                       `a repetition goes`,
		`a{1001}`:                      `a repetition is`,
		`(a{100}){100}`:                `expression larger`,
		strings.Repeat("a", 4001):      `expression larger`,
		strings.Repeat("(", 200):       `nested deeper`,
		`a` + strings.Repeat("?", 200): `repetitions of one part`,
	} {
		if _, err := tryRegex(expr, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %s", expr, err, want)
		}
	}
}

// FuzzRegex checks that what the translation accepts is an expression that RE2 takes,
// and that it is refused here otherwise, with the place.
func FuzzRegex(f *testing.F) {
	for _, expr := range []string{`a.c`, `(ab|c){2,3}?`, `[^a-z\d\]]+`, `"x*"@#`, `\w\/`, `a&~b`, `<1-2>`, `[]a]`, `^a$`,
		`(a{10}){100}`, `((((a*)*)*)*)*b`, `é[à-ü]`} {
		f.Add(expr, "abc", true)
	}
	f.Fuzz(func(t *testing.T, expr, text string, fold bool) {
		re, err := tryRegex(expr, fold)
		if err == nil {
			re.MatchString(text)
			return
		}
		if !strings.HasPrefix(err.Error(), "regex, character ") && !strings.Contains(err.Error(), "expression larger") {
			t.Errorf("%q: translated to what RE2 refuses: %v", expr, err)
		}
	})
}
