package exceptions

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
)

// whereOf returns the condition that holds for the hook of an alert, whoever sets or
// runs it by whatever means: the same value of the same key of the same file, and no other.
// Where an alert does not show all of that as it is, there is none.
func whereOf(h *alert.Hook) (string, error) {
	if h.Value == nil {
		return "", fmt.Errorf("the alert shows no value of a hook (%s): only a hook with a value can be allowed", orWord(h.Operation, "no operation"))
	}
	terms := []struct {
		name, text string
		bound      int // to which alerts cut it
		there      bool
	}{
		{"hooksnare.hook.key", h.Key, clip.WordBytes, h.Key != ""},
		{"hooksnare.hook.value", *h.Value, clip.ValueBytes, true},
		{"hooksnare.hook.plist", h.Plist, clip.PathBytes, h.Plist != ""},
		{"hooksnare.hook.domain", h.Domain, clip.NameBytes, h.Domain != ""},
	}
	if h.Plist != "" { // it says what the domain stands for, which a change of the file does not show
		terms = terms[:3]
	}
	words := make([]string, len(terms))
	for i, t := range terms {
		if why := inexact(t.text, t.bound); why != "" {
			return "", fmt.Errorf("%s: %s, so that other hooks can look the same", t.name, why)
		}
		if words[i] = t.name + " == null"; t.there {
			words[i] = t.name + " == " + eqlQuote(t.text)
		}
	}
	return strings.Join(words, " and "), nil
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

// inexact returns why a text of an alert may stand for another, "" if it is what was seen.
func inexact(s string, bound int) string {
	if !utf8.ValidString(s) || strings.ContainsRune(s, unicode.ReplacementChar) {
		return "has bytes that are not known"
	}
	if rest, ok := strings.CutSuffix(s, clip.Mark); ok {
		const most = 2 * len(`\u0000`) // that a rune which did not fit can take
		if _, used := clip.Fit(rest, math.MaxInt); used+most > bound {
			return "was cut in the alert"
		}
	}
	return ""
}

// eqlQuote returns a string of EQL that stands for s, of printable ASCII alone: what looks
// like something else must not pass for it.
func eqlQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r > '~':
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
