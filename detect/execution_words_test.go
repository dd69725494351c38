package detect

import (
	"slices"
	"strings"
	"testing"
)

func TestWordsOf(t *testing.T) {
	tests := []struct {
		text         string
		want, quoted []string
	}{
		{``, nil, nil},
		{" \t\n ", nil, nil},
		{`a b`, []string{"a", "b"}, nil},
		{`'a b' "c d"`, []string{"a b", "c d"}, []string{"a b", "c d"}},
		{`a'b'"c"d`, []string{"abcd"}, nil},
		{`''`, []string{""}, []string{""}},
		{`a\ b \'c`, []string{"a b", "'c"}, nil},
		{`"a\"b\$c\n"`, []string{`a"b$c\n`}, []string{`a"b$c\n`}},
		{`'a\'b`, []string{`a\b`}, []string{`a\`}},
		{"a\\\nb", []string{"ab"}, nil},
		{`a;b&&(c)|d>e`, []string{"a", ";", "b", "&", "&", "(", "c", ")", "|", "d", ">", "e"}, nil},
		{`$'a' $"b" $c`, []string{"a", "b", "$c"}, []string{"a", "b"}},
		{`'a`, []string{"a"}, []string{"a"}},
		{`a\`, []string{`a\`}, nil},
		{`["/x","a"]`, []string{"[/x,a]"}, []string{"/x", "a"}},
		{`--to="/x" A='/y'`, []string{"--to=/x", "A=/y"}, nil},
	}
	for _, tt := range tests {
		if got := wordsOf(tt.text); !slices.Equal(got.list, tt.want) || !slices.Equal(got.quoted, tt.quoted) {
			t.Errorf("%q: got %q, in quotes %q, want %q, in quotes %q", tt.text, got.list, got.quoted, tt.want, tt.quoted)
		}
	}
}

func TestFoldPath(t *testing.T) {
	for _, same := range [][]string{
		{"/users/shared/x", "/Users/Shared/X", "/USERS/ſhared/x"},
		{"/é", "/É"}, {"/k", "/K", "/K"}, {"/list", "/liﬆ", "/LIST"}, {"/strasse", "/STRAßE"}, {"/σ", "/ς", "/Σ"},
	} {
		for _, p := range same {
			if got, want := foldPath(p), foldPath(same[0]); got != want {
				t.Errorf("%q: got %q, want %q as of %q", p, got, want, same[0])
			}
		}
	}
	if foldPath("/é") == foldPath("/e") || foldPath("/a") == foldPath("/b") {
		t.Error("other letters are the same, want them apart")
	}
}

// FuzzWords divides anything into words, and joins them again.
func FuzzWords(f *testing.F) {
	for _, text := range []string{``, `a b`, `'a b' c`, `"a\"b" c`, `a\ b`, `a;b|c`, `'`, `"\`, `$'a'`, "a\\\nb"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, total := wordsOf(text).list, 0
		for _, w := range words {
			total += len(w)
		}
		if total > len(text) || len(words) > len(text) {
			t.Errorf("%q: got %q, which is more than the text", text, words)
		}
		if a, b := foldPath(text), foldPath(strings.ToUpper(text)); len(text) > 0 && isASCII(text) && a != b {
			t.Errorf("%q: folds to %q, and to %q in upper case", text, a, b)
		}
	})
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 0x7f }) < 0 }
