package health_test

import (
	"regexp"
	"strings"
	"testing"

	"hooksnare/agent/health"
	"hooksnare/collector/eslogger"
)

// TestTable asks every condition for its words.
func TestTable(t *testing.T) {
	word := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for i, row := range health.Rows() {
		if !word.MatchString(row.Word) || seen[row.Word] {
			t.Errorf("row %d: the word %q is not a name of its own", i+1, row.Word)
		}
		seen[row.Word] = true
		if got, ok := health.Find(row.Word); !ok || got.String() != row.Word || got.Row() != row {
			t.Errorf("Find(%q) = %v, %t", row.Word, got, ok)
		}
		if got, ok := health.Find(row.Word + ".some.thing"); !ok || got.Row() != row {
			t.Errorf("Find(%q) = %v, %t", row.Word+".some.thing", got, ok)
		}
		checkWords(t, row.Word, "meaning", row.Meaning)
		checkWords(t, row.Word, "cure", row.Cure)
	}
}

// checkWords looks for what no person should have to read.
func checkWords(t *testing.T, word, what, text string) {
	t.Helper()
	switch {
	case len(text) < 30 || len(text) > 300:
		t.Errorf("%s: the %s has %d bytes; expected a sentence of 30 to 300: %q", word, what, len(text), text)
	case !strings.HasSuffix(text, "."):
		t.Errorf("%s: the %s does not end with a full stop: %q", word, what, text)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		t.Errorf("%s: the %s is not one line of ASCII: %q", word, what, text)
	}
	for _, not := range []string{"tell of", "goes by", "anew", "mend ", "of its own", "is no ", "is a must", "keeps back"} {
		if strings.Contains(strings.ToLower(text), not) {
			t.Errorf("%s: the %s says %q: %q", word, what, not, text)
		}
	}
}

func TestSensorConditions(t *testing.T) {
	for _, c := range []eslogger.Condition{
		eslogger.Exited, eslogger.NoFullDiskAccess, eslogger.NotRoot, eslogger.NotEntitled, eslogger.TooManyClients,
		eslogger.UnknownEvent, eslogger.NotStarted, eslogger.Blind, eslogger.Gap, eslogger.SchemaUnknown,
	} {
		if _, ok := health.Find(string(c)); !ok {
			t.Errorf("%s: eslogger's reader raises it, and the table does not have it", c)
		}
	}
}

func TestFindUnknown(t *testing.T) {
	for _, text := range []string{"", "unknown", ".blind", "Blind", "blind_"} {
		if got, ok := health.Find(text); ok {
			t.Errorf("Find(%q) = %v; expected none", text, got)
		}
	}
	if got := health.Name(0).Row().Word + health.Name(255).Row().Word; got != "unknownunknown" {
		t.Errorf("names that are none are %q", got)
	}
}

func TestConditionString(t *testing.T) {
	long := strings.Repeat("/long", 100)
	for _, x := range []struct{ subject, want string }{
		{"", "output_failed"},
		{"siem-1.a_b", "output_failed.siem-1.a_b"},
		{"/Users/ann b", "output_failed./Users/ann%20b"},
		{"100%", "output_failed.100%25"},
		{"a\nb\x1b[\"\\é\xff", "output_failed.a%0Ab%1B%5B%22%5C%C3%A9%FF"},
	} {
		if got := health.OutputFailed.Of(x.subject).String(); got != x.want {
			t.Errorf("subject %q: got %s, want %s", x.subject, got, x.want)
		}
	}
	seen := map[string]string{}
	for _, subject := range []string{long, long + "x", long + "\x00", strings.Repeat("\x00", 41), strings.Repeat("\x00", 40), strings.Repeat("\x00", 39)} {
		got := health.OutputFailed.Of(subject).String()
		if len(got) > len("output_failed.")+120 || seen[got] != "" {
			t.Errorf("%d bytes %q: got %d bytes, %q, which is also that of %q", len(subject), subject, len(got), got, seen[got])
		}
		seen[got] = subject
	}
}

func FuzzConditionString(f *testing.F) {
	f.Add("", "a")
	f.Add("a%41", "aA")
	f.Add(strings.Repeat("x", 120), strings.Repeat("x", 121))
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := health.ShareUsedUp.Of(a), health.ShareUsedUp.Of(b)
		if (x.String() == y.String()) != (a == b) {
			t.Errorf("subjects %q and %q: %s and %s", a, b, x, y)
		}
		if n := len(x.String()); n > 160 || strings.ContainsFunc(x.String(), func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("subject %q: %d bytes, %q", a, n, x)
		}
	})
}
