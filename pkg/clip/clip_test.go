package clip

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"hooksnare/pkg/alert"
)

func TestClip(t *testing.T) {
	tests := []struct {
		text string
		n    int
		want string
	}{
		{"", 4, ""},
		{"abcd", 4, "abcd"},
		{"abcde", 4, "abcd…"},
		{"ab", 0, "…"},
		{"äöü", 4, "äö…"},
		{"äöü", 5, "äö…"},
		{"äöü", 6, "äöü"},
		{"a\x00b", 6, "a…"}, // a control character takes six
		{"a\x00b", 8, "a\x00b"},
		{"\"\\\"", 5, "\"\\…"},
		{"\xff\xff", 6, "\xff…"},
		{"\u202e\u202e", 7, "\u202e…"},
	}
	for _, tt := range tests {
		if got := Text(tt.text, tt.n); got != tt.want {
			t.Errorf("Text(%q, %d): got %q, want %q", tt.text, tt.n, got, tt.want)
		}
	}
}

func TestBounded(t *testing.T) {
	many := slices.Repeat([]string{""}, maxArgs+1)
	tests := []struct {
		args []string
		room int
		want []string
		cut  bool
	}{
		{nil, 100, nil, false},
		{[]string{"a", "b"}, 100, []string{"a", "b"}, false},
		{[]string{"a", "b"}, 8, []string{"a", "b"}, false},
		{[]string{"a", "bc"}, 8, []string{"a", "b…"}, true},
		{[]string{"a", "b", "c"}, 8, []string{"a", "b"}, true},
		{[]string{"\x00\x00"}, 9, []string{"\x00…"}, true},
		{many, 1 << 20, many[:maxArgs], true},
		{many[:maxArgs], 1 << 20, many[:maxArgs], false},
	}
	for _, tt := range tests {
		got, cut := Args(tt.args, tt.room)
		if !slices.Equal(got, tt.want) || cut != tt.cut {
			t.Errorf("bounded(%d arguments %.40q, %d): got %.40q, cut %v; want %.40q, %v", len(tt.args), tt.args, tt.room, got, cut, tt.want, tt.cut)
		}
	}
}

// FuzzClip holds the promise of a bound against the JSON that is really written.
func FuzzClip(f *testing.F) {
	for _, s := range []string{"", "abc", "\x00\x1f\x7f\u0080", "\u2028\u202e\ufeff", "\U000e0001\U0001f600", "\xff\xfe", "\"\\/\n\r\t\b\f", "<&>"} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(n, 0)
		got := Text(s, n)
		line, err := (&alert.Alert{Message: got}).Line()
		if err != nil {
			t.Fatal(err)
		}
		empty, _ := (&alert.Alert{}).Line()
		if used := len(line) - len(empty); used > n+len(Mark) {
			t.Errorf("Text(%q, %d): takes %d bytes as JSON", s, n, used)
		}
		if got != s && (!strings.HasPrefix(s, strings.TrimSuffix(got, Mark)) || !strings.HasSuffix(got, Mark)) {
			t.Errorf("Text(%q, %d): got %q, want a beginning of it and the mark", s, n, got)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("Text(%q, %d): got %q, which is cut within a character", s, n, got)
		}
	})
}
