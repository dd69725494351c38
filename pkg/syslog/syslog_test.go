package syslog

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// record is a connection that keeps what it is sent and fails on demand.
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
	w, err := openWith("hooksnare", func(string) (connection, error) { return r, nil })
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
	for _, sev := range []Severity{0, Critical - 1, Low + 1} {
		if err := w.Write(sev, "x"); err == nil {
			t.Errorf("Write(%v): no error", sev)
		}
	}
	r.fail = errors.New("away")
	if err := w.Write(Low, "x"); !errors.Is(err, r.fail) {
		t.Errorf("Write: error %v, want %v", err, r.fail)
	}
	if err := w.Close(); err != nil || r.closed != 1 {
		t.Errorf("Close: error %v, closed %d times", err, r.closed)
	}
}

func TestOpenRefuses(t *testing.T) {
	never := func(string) (connection, error) { t.Error("dialled"); return nil, nil }
	for _, tag := range []string{"", "-t", "a b", "a:b", "a\n", "%s", strings.Repeat("a", 33)} {
		if _, err := openWith(tag, never); err == nil || !strings.Contains(err.Error(), "tag") {
			t.Errorf("Open(%q): error %v, want one about the tag", tag, err)
		}
	}
	away := errors.New("away")
	if _, err := openWith("hooksnare", func(string) (connection, error) { return nil, away }); !errors.Is(err, away) {
		t.Errorf("Open without a daemon: error %v, want %v", err, away)
	}
}
