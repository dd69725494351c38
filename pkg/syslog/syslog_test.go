package syslog

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// record is a sink that keeps what it is sent and fails on demand.
type record struct {
	got    []string
	fail   error
	closed int
}

func (r *record) send(_ Severity, text string) error {
	if r.fail != nil {
		return r.fail
	}
	r.got = append(r.got, text)
	return nil
}

func (r *record) Close() error { r.closed++; return nil }

func TestWriterPutsTheSeverityInTheText(t *testing.T) {
	r := &record{}
	w, err := open("hooksnare", func(string) (sink, error) { return r, nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, sev := range []Severity{Low, Medium, High, Critical} {
		if err := w.Write(sev, "hook set\nby sh"); err != nil {
			t.Errorf("Write(%v): %v", sev, err)
		}
	}
	want := []string{`low: hook set\nby sh`, `medium: hook set\nby sh`, `high: hook set\nby sh`, `critical: hook set\nby sh`}
	if !slices.Equal(r.got, want) {
		t.Errorf("got %q\nwant %q", r.got, want)
	}
	for _, sev := range []Severity{0, Critical + 1} {
		if err := w.Write(sev, "x"); err == nil {
			t.Errorf("Write(%v): no error", sev)
		}
	}
}

func TestWriterConnectsAnewAfterAnError(t *testing.T) {
	gone := errors.New("gone")
	first, second := &record{fail: gone}, &record{}
	answers := []struct {
		sink sink
		err  error
	}{{first, nil}, {nil, gone}, {second, nil}}
	dials := 0
	w, err := open("hooksnare", func(tag string) (sink, error) {
		a := answers[dials]
		dials++
		return a.sink, a.err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(High, "one"); !errors.Is(err, gone) || first.closed != 1 {
		t.Errorf("write to a broken sink: error %v, closed %d times, want %v and once", err, first.closed, gone)
	}
	if err := w.Write(High, "two"); !errors.Is(err, gone) {
		t.Errorf("write while the log is away: error %v, want %v", err, gone)
	}
	if err := w.Write(High, "three"); err != nil {
		t.Errorf("write after the log is back: %v", err)
	}
	if want := []string{"high: three"}; !slices.Equal(second.got, want) {
		t.Errorf("got %q, want %q", second.got, want)
	}
	if err := w.Close(); err != nil || second.closed != 1 {
		t.Errorf("Close: error %v, closed %d times", err, second.closed)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := w.Write(High, "four"); !errors.Is(err, errClosed) {
		t.Errorf("write after Close: error %v, want %v", err, errClosed)
	}
}

func TestOpenRefuses(t *testing.T) {
	never := func(string) (sink, error) { t.Error("dialled"); return nil, nil }
	for _, tag := range []string{"", "-t", "a b", "a:b", "a\n", "%s", strings.Repeat("a", 33)} {
		if _, err := open(tag, never); err == nil || !strings.Contains(err.Error(), "tag") {
			t.Errorf("Open(%q): error %v, want one about the tag", tag, err)
		}
	}
	away := errors.New("away")
	if _, err := open("hooksnare", func(string) (sink, error) { return nil, away }); !errors.Is(err, away) {
		t.Errorf("Open without a daemon: error %v, want %v", err, away)
	}
}

func TestParseSeverity(t *testing.T) {
	for s := Low; s <= Critical; s++ {
		if got, err := ParseSeverity(s.String()); err != nil || got != s {
			t.Errorf("ParseSeverity(%q) = %v, %v", s, got, err)
		}
	}
	for _, word := range []string{"", "HIGH", "notice", "severity(0)"} {
		if got, err := ParseSeverity(word); err == nil {
			t.Errorf("ParseSeverity(%q) = %v, want an error", word, got)
		}
	}
}

// standIn writes a program that plays logger(1).
func standIn(t *testing.T, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a Unix shell")
	}
	path := filepath.Join(t.TempDir(), "logger")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoggerGetsTheTextAsOneArgument(t *testing.T) {
	path := standIn(t, `for a; do printf '%s\n' "$a"; done >"$0.args"`)
	l := loggerSink{path: path, tag: "hooksnare"}
	if err := l.send(High, `-f /etc/passwd; $(id) 100%`); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path + ".args")
	if err != nil {
		t.Fatal(err)
	}
	want := "-t\nhooksnare\n-p\ndaemon.err\n--\n-f /etc/passwd; $(id) 100%\n"
	if string(got) != want {
		t.Errorf("logger got arguments\n%q, want\n%q", got, want)
	}
}

func TestLoggerFails(t *testing.T) {
	tests := []struct{ name, path, want string }{
		{"missing", filepath.Join(t.TempDir(), "none"), "none"},
		{"says why", standIn(t, "echo no log today >&2; exit 3"), "exit status 3: no log today"},
		{"says nothing", standIn(t, "exit 4"), "exit status 4"},
	}
	for _, tt := range tests {
		err := loggerSink{path: tt.path, tag: "hooksnare"}.send(Low, "x")
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}
