package quote

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"", ""},
		{"plain text, \"quoted\" and \\ all", "plain text, \"quoted\" and \\ all"},
		{"é 漢 😀", "é 漢 😀"},
		{"a\nb", `a\nb`},
		{"a\nb \"c\" \\ \\\" d", `a\nb "c" \\ \\" d`},
		{"\x1b[31m\a\x7f", `\x1b[31m\a\x7f`},
		{"\u009b\u202e\u2028\u00a0\u200b\ufeff", `\u009b\u202e\u2028\u00a0\u200b\ufeff`},
		{"\U000e0041", `\U000e0041`},
		{"\xff", `\xff`},
		{"\ufffd", "\ufffd"},
		{"a\tb", `a\tb`},
		{`\n` + "\ufffd", `\n` + "\ufffd"}, // nothing to escape
	} {
		if got := Printable(tc.in); got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.in, got, tc.want)
		}
	}
}

func TestBounded(t *testing.T) {
	for _, tc := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 0, `""`},
		{"abc", 3, `"abc"`},
		{"abcd", 3, `"abc"…`},
		{"abc", 0, `""…`},
		{"aé", 2, `"a"…`}, // é takes two bytes
		{"aéb", 3, `"aé"…`},
		{"😀😀", 7, `"😀"…`},
		{"\"\n\x1b\u202e", 100, `"\"\n\x1b\u202e"`},
		{strings.Repeat("\x80", 9), 6, `"\x80\x80"…`},
	} {
		if got := Bounded(tc.in, tc.limit); got != tc.want {
			t.Errorf("%q in %d bytes: got %s, want %s", tc.in, tc.limit, got, tc.want)
		}
	}
}

// FuzzQuote has any text: what is shown is one printable line, and a text that fits is read
// back as it was.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a\nb", "\x1b[2J", "\u202e", "\xff\xfe", "😀é", `"\`} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(max(limit, 0), 1000)
		bounded := Bounded(s, limit)
		for _, got := range []string{Printable(s), bounded} {
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q: got %q, which is not printable", s, got)
			}
		}
		literal, isCut := strings.CutSuffix(bounded, "…")
		back, err := strconv.Unquote(literal)
		if err != nil || !strings.HasPrefix(s, back) || len(back) > limit || !isCut && back != s {
			t.Errorf("%q in %d bytes: got %s, error %v", s, limit, bounded, err)
		}
	})
}
