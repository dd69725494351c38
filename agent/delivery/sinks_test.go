package delivery

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/syslog"
)

func TestSyslogSeverity(t *testing.T) {
	for number, want := range map[int]syslog.Severity{
		0: syslog.Low, 21: syslog.Low, 47: syslog.Medium, 73: syslog.High, 99: syslog.Critical, 100: syslog.Critical,
	} {
		if got := syslogSeverity(number); got != want {
			t.Errorf("%d: got %v, want %v", number, got, want)
		}
		if got := (&alert.Event{Severity: number}).SeverityName(); got != want.String() {
			t.Errorf("%d: an alert says %s, syslog %v", number, got, want)
		}
	}
}

// TestFileSink delivers to a path that can't be used at first.
func TestFileSink(t *testing.T) {
	dir := t.TempDir()
	s := &fileSink{name: "log", path: filepath.Join(dir, "log", "alerts.jsonl")}
	batch := []forward.Item{{Document: []byte("{}")}, {Document: []byte("{\"a\":1}")}}
	put := func(items []forward.Item) error {
		r := s.Send(context.Background(), items)
		for _, o := range r.Outcomes {
			if (o == forward.Delivered) != (r.Err == nil) {
				t.Errorf("got outcomes %v with %v", r.Outcomes, r.Err)
			}
		}
		if r.Err == nil {
			return nil
		}
		return r.Err
	}
	s.reopen()
	must(t, os.WriteFile(filepath.Join(dir, "log"), nil, 0o600))
	if err := put(batch); err == nil {
		t.Error("a file where the folder should be: got no error, want one")
	}
	must(t, os.Remove(filepath.Join(dir, "log")))
	must(t, put(batch))
	must(t, os.Remove(s.path))
	s.reopen()
	must(t, put(batch[1:]))
	must(t, s.Close())
	b, err := os.ReadFile(s.path)
	if got, want := string(b), "{\"a\":1}\n"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestUsable(t *testing.T) {
	file := config.Output{Key: "Outputs[0]", Name: "file", Type: "file", Path: "/x", Enabled: true}
	off := file
	off.Enabled = false
	tests := []struct {
		list  []config.Output
		root  string
		paths string
	}{
		{[]config.Output{file, off}, "", "/x"},
		{[]config.Output{off}, "", "/var/log/hooksnare/alerts.jsonl"},
		{nil, "/disk", "/disk/var/log/hooksnare/alerts.jsonl"},
	}
	for _, tt := range tests {
		var paths []string
		for _, o := range enabledOutputs(config.Config{Root: tt.root, Outputs: tt.list}) {
			paths = append(paths, o.Path)
		}
		if got := strings.Join(paths, " "); got != tt.paths {
			t.Errorf("%+v: got outputs to %q, want %q", tt.list, got, tt.paths)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSyslogSink has what needs no system log: a heartbeat gets no line, and what is not an alert is
// set aside with its own reason.
func TestSyslogSink(t *testing.T) {
	var sent []uint64
	s := &syslogSink{name: "syslog"}
	s.Each(func(i forward.Item) { sent = append(sent, i.Sequence) })
	r := s.Send(context.Background(), []forward.Item{
		{Sequence: 1, Document: []byte(`{"event":{"kind":"metric"}}`)}, {Sequence: 2, Document: []byte(`{"event":7}`)}, {Sequence: 3, Document: []byte(`{"event":{"kind":"state"}}`)},
	})
	want := []forward.Outcome{forward.Delivered, forward.Refused, forward.Delivered}
	if !slices.Equal(r.Outcomes, want) || !strings.HasPrefix(r.Reasons[1], "not an alert: ") || r.Reasons[0]+r.Reasons[2] != "" || !slices.Equal(sent, []uint64{1, 3}) {
		t.Errorf("got %v, %q, delivered one by one %v; want %v, a reason for the second, 1 and 3", r.Outcomes, r.Reasons, sent, want)
	}
}

// TestReopenOfClosed has a hang-up come as the outputs are exchanged: no file stays open.
func TestReopenOfClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	s := &fileSink{name: "local", path: path}
	if r := s.Send(t.Context(), []forward.Item{{Document: []byte("{}")}}); r.Err != nil {
		t.Fatal(r.Err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if _, err := os.Lstat(path); err == nil {
		t.Error("reopen of a closed output: got its file opened again, want nothing done")
	}
}
