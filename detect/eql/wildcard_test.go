package eql

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWildcard(t *testing.T) {
	long := strings.Repeat("ab", 100)
	for _, c := range []struct {
		pattern, text string
		exact, fold   bool
	}{
		{"", "", true, true},
		{"", "a", false, false},
		{"*", "", true, true},
		{"**", "x", true, true},
		{"?", "", false, false},
		{"?", "é", true, true},
		{"??", "é", false, false},
		{"a*", "abc", true, true},
		{"a*", "Abc", false, true},
		{"*c", "abC", false, true},
		{"a*a", "a", false, false},
		{"a*a", "aa", true, true},
		{"*ab*ab*", "xabyabz", true, true},
		{"*ab*ab*", "xaby", false, false},
		{"*aab*", "aaab", true, true},
		{"*a?c*", "xxabbabcx", true, true},
		{"*é*", "xÉx", false, true},
		{"k*s", "\u212A\u017F", false, true}, // Kelvin sign, long s
		{"*k*", "a\u212Ab", false, true},
		{"\u212A", "K", false, true},
		{"*\u212A*", "xkx", false, true},
		{"*σ*", "ΟΔΟΣ", false, true},
		{"*ς", "ΟΔΟΣ", false, true},
		{"*" + long + "*", "x" + long + "y", true, true},
		{"*" + long + "?*", "x" + strings.ToUpper(long), false, false},
		{"*" + long + "?*", "xA" + strings.ToUpper(long) + "b", false, true},
		{"*" + long + "c*", strings.Repeat("ab", 150) + "c", true, true},
		{"*\\*", "a\\b", true, true},
		{"[a-z]?", "[a-z]1", true, true},
		{"*\ufffd?", "\xff\xfe\xfd", true, true},
	} {
		for fold, want := range map[bool]bool{false: c.exact, true: c.fold} {
			g, err := newWildcard(c.pattern, fold)
			if err != nil {
				t.Errorf("%q: %v", c.pattern, err)
				continue
			}
			if got := g.match(c.text); got != want {
				t.Errorf("%q on %q, any case %v: got %v, want %v", c.pattern, c.text, fold, got, want)
			}
		}
	}
}

// slowMatch is a plain reference: it tries every length for every star.
func slowMatch(pattern, text []rune, fold bool) bool {
	reach := make([]bool, len(text)+1) // reach[i]: the pattern so far matches text[:i]
	reach[0] = true
	for _, p := range pattern {
		next := make([]bool, len(text)+1)
		for i := range reach {
			switch {
			case p == '*':
				next[i] = reach[i] || i > 0 && next[i-1]
			case i > 0:
				c := text[i-1]
				same := c == p || p == '?' || fold && strings.EqualFold(string(c), string(p))
				next[i] = reach[i-1] && same
			}
		}
		reach = next
	}
	return reach[len(text)]
}

func FuzzWildcard(f *testing.F) {
	f.Add("*a?b*", "xxaxbx", true)
	f.Add("a*b*c", "AbbC", true)
	f.Add("*K*ſ", "k\u212As", true)
	f.Add("/Users/*/Library/?*", "/users/x/library/é", false)
	f.Add("*"+strings.Repeat("ab?", 40)+"*", strings.Repeat("abc", 60), true)
	f.Add("*\ufffd", "\xffa\xe2\x82", false)
	f.Fuzz(func(t *testing.T, pattern, text string, fold bool) {
		if len(pattern)*len(text) > 1<<20 || !utf8.ValidString(pattern) {
			return
		}
		g, err := newWildcard(pattern, fold)
		if err != nil {
			return
		}
		want := slowMatch([]rune(pattern), []rune(text), fold)
		if got := g.match(text); got != want {
			t.Errorf("%q on %q, any case %v: got %v, want %v", pattern, text, fold, got, want)
		}
	})
}

func BenchmarkWildcard(b *testing.B) {
	text := strings.Repeat("a", 64<<10)
	for name, pattern := range map[string]string{
		"stars": strings.Repeat("*a", 30) + "*b*",
		"near":  "*" + strings.Repeat("a", 60) + "b*",
		"long":  "*" + strings.Repeat("a?", 400) + "b*",
		"usual": "*/Library/LaunchAgents/*",
	} {
		b.Run(name, func(b *testing.B) {
			g, err := newWildcard(pattern, true)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if g.match(text) {
					b.Fatal("matched")
				}
			}
		})
	}
}
