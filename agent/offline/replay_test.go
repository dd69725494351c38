package offline

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"hooksnare/agent/config"
	"hooksnare/agent/judge"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// demo is a recording with two alerts in it, and a hook that an exception knows.
func demo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, synthetic.WriteDemo(&b))
	return b.Bytes()
}

func pretty(t *testing.T, lines []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for line := range bytes.Lines(lines) {
		must(t, json.Indent(&b, line, "", "  "))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func newReplay(t *testing.T) (*Replay, *int) {
	alerts := new(int)
	return replayTo(t, func(*alert.Alert) { *alerts++ }), alerts
}

func replayTo(t *testing.T, emit func(*alert.Alert)) *Replay {
	t.Helper()
	set, err := ruleset.Load(config.Default(), nil)
	must(t, err)
	r, err := NewReplay(config.Default(), set, func(a *alert.Alert, _ []byte) { emit(a) })
	must(t, err)
	return r
}

// packed packs by gzip.
func packed(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(text)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// utf16Of encodes a text, with a byte order mark or without.
func utf16Of(text []byte, order binary.AppendByteOrder, mark bool) []byte {
	var out []byte
	if mark {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, unit := range utf16.Encode([]rune(string(text))) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// array makes an array of lines.
func array(lines []byte, begin, between, end string) []byte {
	return []byte(begin + strings.Join(strings.Split(strings.TrimSpace(string(lines)), "\n"), between) + end)
}

// prefixed puts something in front of each line.
func prefixed(lines []byte, prefix string) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(lines) {
		b.WriteString(prefix)
		b.Write(line)
	}
	return b.Bytes()
}

func TestReplay(t *testing.T) {
	whole := demo(t)
	lines := uint64(bytes.Count(whole, []byte("\n")))
	objects := pretty(t, whole)
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	all := ReplayStats{Lines: lines}
	tests := []struct {
		name   string
		files  [][]byte
		alerts int
		want   ReplayStats // but its counts, bytes and first line that is not an event
		first  string
	}{
		{"lines", [][]byte{whole}, 2, all, ""},
		{"in two files", [][]byte{whole[:last], whole[last:]}, 2, all, ""},
		{"pretty-printed", [][]byte{objects}, 2, all, ""},
		{"pretty-printed behind empty lines", [][]byte{append([]byte("\r\n \n"), objects...)}, 2, all, ""},
		{"no line break at the end", [][]byte{whole[:len(whole)-1]}, 2, all, ""},
		{"cut within the last line", [][]byte{whole[:len(whole)-100]}, 2, ReplayStats{Lines: lines - 1, Cut: len(whole) - 100 - last}, ""},
		{"carriage returns and empty lines", [][]byte{bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n\n"))}, 2, ReplayStats{Lines: 2 * lines}, ""},
		{"garbage at the end", [][]byte{whole, []byte("garbage\n\x00\n{}\n")}, 2, ReplayStats{Lines: lines + 3, NotEvents: 3}, "line "},
		{"a long line", [][]byte{append(bytes.Repeat([]byte("x"), eslogger.MaxLine+1), '\n'), whole}, 2, ReplayStats{Lines: lines, TooLong: 1}, ""},
		{"pretty-printed, cut", [][]byte{objects[:len(objects)-100]}, 2, ReplayStats{Lines: lines - 1, NotEvents: 1}, "the rest was not read"},
		{"a byte order mark", [][]byte{append([]byte("\ufeff"), whole...)}, 2, all, ""},
		{"byte order marks between the lines", [][]byte{prefixed(whole, "\ufeff")}, 2, all, ""},
		{"UTF-16, little end first", [][]byte{utf16Of(whole, binary.LittleEndian, true)}, 2, all, ""},
		{"UTF-16, big end first", [][]byte{utf16Of(whole, binary.BigEndian, true)}, 2, all, ""},
		{"UTF-16, without a mark", [][]byte{utf16Of(whole, binary.LittleEndian, false), utf16Of(whole[last:], binary.BigEndian, false)}, 2, ReplayStats{Lines: lines + 1}, ""},
		{"gzip", [][]byte{packed(t, whole)}, 2, all, ""},
		{"gzip of several parts", [][]byte{append(packed(t, whole[:last]), packed(t, whole[last:])...)}, 2, all, ""},
		{"gzip of UTF-16", [][]byte{packed(t, packed(t, utf16Of(whole, binary.LittleEndian, true)))}, 2, all, ""},
		{"gzip of objects", [][]byte{packed(t, objects)}, 2, all, ""},
		{"an array", [][]byte{array(whole, "[", ",", "]")}, 2, all, ""},
		{"an array with an object a line", [][]byte{array(whole, "[\n", ",\n", "\n]\n")}, 2, all, ""},
		{"an array with commas first", [][]byte{array(whole, " [ ", "\n, ", "]")}, 2, all, ""},
		{"an array without its end", [][]byte{array(whole, "[", ",", ",")}, 2, ReplayStats{Lines: lines, NotEvents: 1}, "the rest was not read"},
		{"an array without its begin", [][]byte{array(whole, "", ",\n", "\n]\n")}, 2, ReplayStats{Lines: lines + 1}, ""},
		{"an empty array", [][]byte{[]byte("[]\n")}, 0, ReplayStats{}, ""},
		{"all on one line", [][]byte{append(array(whole, "", "", ""), '\n')}, 2, ReplayStats{Lines: 1}, ""},
		{"all on one line without an end", [][]byte{array(whole, "", " ", "")}, 2, ReplayStats{Lines: 1}, ""},
		{"behind what syslog writes", [][]byte{prefixed(whole, "<13>1 2026-03-02T09:00:00Z mac eslogger 1 - [x@1 a=\"{b}\"] ")}, 2, all, ""},
		{"behind a time in brackets", [][]byte{prefixed(whole, "[2026-03-02 09:00:00] {mac} ")}, 2, all, ""},
		{"behind columns", [][]byte{prefixed(whole, "2026-03-02,mac,")}, 2, all, ""},
		{"before more text", [][]byte{array(whole, "", " and more\n", "\n")}, 2, ReplayStats{Lines: lines, NotEvents: lines - 1}, "line 1: "},
		{"one event among others' lines", [][]byte{[]byte("garbage\n{\"name\":\"x\"}\n"), whole, []byte("{\"process\":{\"a\":1}}\n")}, 2, ReplayStats{Lines: lines + 3, NotEvents: 3}, "line 1: "},
		{"nothing", [][]byte{nil, []byte("\n"), []byte(" \r\n")}, 0, ReplayStats{Lines: 2}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, alerts := newReplay(t)
			for _, file := range tt.files {
				must(t, r.Read(context.Background(), iotest.HalfReader(bytes.NewReader(file))))
			}
			got := r.Finish()
			first := ""
			if got.FirstNotEvent != nil {
				first = got.FirstNotEvent.Error()
			}
			if (first == "") != (tt.first == "") || !strings.Contains(first, tt.first) {
				t.Errorf("first line that is not an event: got %q, want %q", first, tt.first)
			}
			got.Counts, got.Bytes, got.Events, got.FirstNotEvent = judge.Counts{}, 0, 0, nil
			got.Dropped, got.Odd = tt.want.Dropped, tt.want.Odd
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if *alerts != tt.alerts {
				t.Errorf("got %d alerts, want %d", *alerts, tt.alerts)
			}
		})
	}
}

// TestReplayLive gives a line as soon as it has been read, whatever comes after it.
func TestReplayLive(t *testing.T) {
	var recording bytes.Buffer
	mac := synthetic.New(&recording, synthetic.Options{})
	mac.Run(mac.Shell(), synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/a"}})
	reader, writer := io.Pipe()
	alerts, seen := 0, make(chan struct{})
	r := replayTo(t, func(*alert.Alert) { alerts++; close(seen) })
	done := make(chan error, 1)
	go func() { done <- r.Read(context.Background(), reader) }()
	for line := range bytes.Lines(recording.Bytes()) {
		if _, err := writer.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	<-seen // the writer has not ended: what was written must do
	writer.Close()
	must(t, <-done)
}

func TestReplayErrors(t *testing.T) {
	r, _ := newReplay(t)
	broken := errors.New("broken disk")
	if err := r.Read(context.Background(), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails at once: got %v, want %v", err, broken)
	}
	in := io.MultiReader(bytes.NewReader(demo(t)), iotest.ErrReader(broken))
	if err := r.Read(context.Background(), in); !errors.Is(err, broken) {
		t.Errorf("a reader that fails later: got %v, want %v", err, broken)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, in := range [][]byte{demo(t), pretty(t, demo(t))} {
		if err := r.Read(ended, bytes.NewReader(in)); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that is done: got %v, want %v", err, context.Canceled)
		}
	}
	if err := r.File(context.Background(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: got %v, want that it is one", err)
	}
}

// TestReplayObjectBound reads an object without end: memory is bounded, and it ends.
func TestReplayObjectBound(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("{\n\"a\": \""), &spaces{left: 8 * eslogger.MaxLine})
	r, _ := newReplay(t)
	must(t, r.Read(context.Background(), endless))
	got := r.Finish()
	if got.NotEvents != 1 || !strings.Contains(got.FirstNotEvent.Error(), "an object of more than") {
		t.Errorf("got %d that are not events, first %v; want one that is too long", got.NotEvents, got.FirstNotEvent)
	}
}

// spaces is a reader of so many spaces.
type spaces struct{ left int }

func (s *spaces) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), s.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	s.left -= n
	return n, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
