package alert

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func text(t testing.TB, a *Alert) string {
	t.Helper()
	var b strings.Builder
	if err := a.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWrite(t *testing.T) {
	golden(t, "sample.txt", []byte(text(t, sample())))
	golden(t, "full.txt", []byte(text(t, full("a text"))))
	golden(t, "least.txt", []byte(text(t, &Alert{})))
}

// TestWriteRows has the rows that tell different things from the golden ones.
func TestWriteRows(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(a *Alert)
		want   string // "" for no such row
	}{
		{"id", func(a *Alert) { a.Event.Sequence = 3 }, "0123456789abcdef update 3"},
		{"rule", func(a *Alert) { a.Threat = nil }, "hook-set (no technique)"},
		{"rule", func(a *Alert) { a.Threat.Technique.Subtechnique = nil }, "hook-set (T1037)"},
		{"rule", func(a *Alert) { a.Threat.Technique = &Technique{} }, "hook-set (no technique)"},
		{"file", func(a *Alert) { a.Hooksnare.Hook.Plist, a.Hooksnare.Hook.Scope = "", "" }, "com.apple.loginwindow"},
		{"file", func(a *Alert) { a.Hooksnare.Hook.Plist, a.Hooksnare.Hook.Domain = "", "" }, "(root)"},
		{"file", func(a *Alert) { *a.Hooksnare.Hook = Hook{} }, ""},
		{"file", func(a *Alert) { a.Hooksnare.Hook = nil }, ""},
		{"verdict", func(a *Alert) { a.Hooksnare.Hook = nil }, ""},
		{"undo", func(a *Alert) { a.Hooksnare = nil }, ""},
		{"lineage", func(a *Alert) { a.Hooksnare = nil }, ""},
		{"process", func(a *Alert) { a.Hooksnare, a.Process.User = nil, nil }, "/usr/bin/defaults, pid 70"},
		{"process", func(a *Alert) { a.Process = &Process{PID: 7} }, "pid 7, login user ann (501)"},
		{"process", func(a *Alert) { a.Process = nil }, ""},
		{"process", func(a *Alert) { a.Process.User.Name, a.Hooksnare.Evidence = "", nil }, "/usr/bin/defaults, pid 70, user 0"},
		{"signature", func(a *Alert) { a.Process.CodeSignature = nil }, ""},
		{"signature", func(a *Alert) { a.Process.CodeSignature.Exists = false }, "none"},
		{"signature", func(a *Alert) { a.Process.CodeSignature.SigningID = "" }, "trusted"},
		{"signature", func(a *Alert) { a.Process.CodeSignature.Trusted, a.Process.CodeSignature.TeamID = false, "T" }, "com.apple.defaults, team T, not trusted"},
		{"latency", func(a *Alert) { a.Hooksnare.LatencyMS = nil }, ""},
		{"lineage", func(a *Alert) { a.Hooksnare.Evidence.Lineage[0].Executable = "" }, "zsh(60) > (69)"},
	} {
		a := sample()
		tc.change(a)
		got := ""
		for row := range strings.Lines(text(t, a)) {
			if after, ok := strings.CutPrefix(row, "  "+tc.name+" "); ok {
				got = strings.TrimSpace(after)
			}
		}
		if got != tc.want {
			t.Errorf("row %s: got %q, want %q, in\n%s", tc.name, got, tc.want, text(t, a))
		}
	}
}

func TestWriteRecent(t *testing.T) {
	a := sample()
	for _, c := range "abcdefg" {
		a.Hooksnare.Evidence.Recent = append(a.Hooksnare.Evidence.Recent, Command{CommandLine: string(c)})
	}
	got := text(t, a)
	if want := "  before     c\n  ·          d\n  ·          e\n  ·          f\n  ·          g\n"; !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant in it\n%s", got, want)
	}
}

func TestSeverityName(t *testing.T) {
	for severity, want := range map[int]string{-1: "low", 0: "low", 21: "low", 46: "low", 47: "medium", 72: "medium", 73: "high", 98: "high", 99: "critical", 1000: "critical"} {
		if got := (&Event{Severity: severity}).SeverityName(); got != want {
			t.Errorf("%d: got %s, want %s", severity, got, want)
		}
	}
}

// fullDisk is a writer that takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func TestWriteError(t *testing.T) {
	if err := sample().Write(fullDisk{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got error %v", err)
	}
}

// mostLines bounds the text of an alert: its rows are of a fixed number.
const mostLines = 48

// FuzzWrite puts any texts into every member that is a text, or takes members out: the
// text has a bounded number of lines, and nothing in them acts on a terminal.
func FuzzWrite(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[(i+5)%len(hostile)], hostile[(i+11)%len(hostile)], uint64(1)<<i)
	}
	f.Fuzz(func(t *testing.T, a, b, c string, without uint64) {
		all := full(a, b, c)
		clear := &clearer{bits: without}
		clear.some(reflect.ValueOf(all).Elem())
		got := text(t, all)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("the text has characters that act: %q", got)
		}
		if n := strings.Count(got, "\n"); n > mostLines || !strings.HasSuffix(got, "\n\n") || strings.Count(got, "\n\n") != 1 {
			t.Errorf("got %d lines, want at most %d and one empty one, the last: %q", n, mostLines, got)
		}
	})
}

// clearer takes members out that need not be there, as its bits say.
type clearer struct{ bits uint64 }

func (c *clearer) some(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if c.bits = c.bits>>1 | c.bits<<63; c.bits&1 != 0 {
			v.SetZero()
			return
		}
		if !v.IsNil() {
			c.some(v.Elem())
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Time]() {
			return
		}
		for i := range v.NumField() {
			c.some(v.Field(i))
		}
	}
}
