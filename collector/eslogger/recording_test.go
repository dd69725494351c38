package eslogger

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

// TestDescribe says what people took for a recording.
func TestDescribe(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte("nothing of interest\n"))
	_ = w.Close()
	for _, tc := range []struct{ in, want string }{
		{"", "it is empty"},
		{" \r\n\n", "it is empty"},
		{"PK\x03\x04abc", "it looks like a zip archive"},
		{"BZh91AY", "it looks like a file packed by bzip2"},
		{"\xfd7zXZ\x00", "it looks like a file packed by xz"},
		{"bplist00\xd1", "it looks like a property list"},
		{"<?xml version=\"1.0\"?>\n<plist/>", "it looks like XML or HTML"},
		{"\x00\x01\x02\x03", "it looks like binary data"},
		{"caf\xe9 is not UTF-8", "it looks like binary data"},
		{"plain words\n", "it looks like text without events"},
		{packed.String(), "it looks like text without events"},
		{strings.Repeat("é", headBytes), "it looks like text without events"},
		{" " + strings.Repeat("é", headBytes), "it looks like text without events"},
		{"\xff\xfea\x00b\x00", "it looks like text without events"},
		{`{"name":"x","columns":{"a":[1,{}]},"action":"added"}`, `it looks like JSON of another program: the first object has the members "name", "columns", "action"`},
		{`[{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}]`, `it looks like JSON of another program: the first object has the members "a", "b", "c", "d", "e"`},
		{"Oct  1 mac: {\"a\":1}", `it looks like JSON of another program: the first object has the members "a"`},
		{"{\n \"a\": 1}", "it looks like text without events"},
		{"{\"\x1b[31m\":1}", "it looks like binary data"},
	} {
		r, err := NewRecording(strings.NewReader(tc.in))
		if err != nil {
			t.Errorf("%.40q: %v", tc.in, err)
			continue
		}
		if got := r.Describe(); got != tc.want {
			t.Errorf("%.40q: got %s, want %s", tc.in, got, tc.want)
		}
	}
}

// TestRecordingText reads text in every form, by pieces of any length.
func TestRecordingText(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"", ""}, {"a", "a"}, {"\ufeff", ""}, {"\ufeffa\ufeff", "a\ufeff"}, {"\xef\xbba", "\xef\xbba"},
		{"\xff\xfe", ""}, {"\xff\xfea\x00", "a"}, {"\xfe\xff\x00a\x20\xac", "a€"}, {"{\x00}\x00", "{}"}, {"\x00[\x00]", "[]"},
		{"\xff\xfe\x3d\xd8\x00\xde", "😀"}, {"\xff\xfe\x3d\xd8a\x00", "\ufffda"}, {"\xff\xfe\x00\xdea\x00", "\ufffda"}, {"\xff\xfe\x3d\xd8", "\ufffd"}, {"\xff\xfea\x00b", "a"},
	} {
		for name, reader := range map[string]io.Reader{"at once": strings.NewReader(tc.in), "by byte": iotest.OneByteReader(strings.NewReader(tc.in))} {
			r, err := NewRecording(reader)
			if err != nil {
				t.Errorf("%q %s: %v", tc.in, name, err)
				continue
			}
			got, err := io.ReadAll(iotest.OneByteReader(r))
			if err != nil || string(got) != tc.want {
				t.Errorf("%q %s: got %q, error %v; want %q", tc.in, name, got, err, tc.want)
			}
		}
	}
	for name, in := range map[string]string{"a gzip of another kind": "\x1f\x8b\x07abcdefghijklmno", "a gzip without a body": "\x1f\x8b"} {
		if _, err := NewRecording(strings.NewReader(in)); err == nil || !strings.HasPrefix(err.Error(), "gzip: ") {
			t.Errorf("%s: got error %v, want one that names gzip", name, err)
		}
	}
}

// TestUnpackedBound reads more than it may.
func TestUnpackedBound(t *testing.T) {
	in := &bounded{in: strings.NewReader("0123456789"), left: 4, what: "too much"}
	got, err := io.ReadAll(in)
	if string(got) != "0123" || err == nil || err.Error() != "too much" {
		t.Errorf("got %q, error %v; want 4 bytes and that it is too much", got, err)
	}
}

// TestWaiting ends the waiting for a pipe: one that nobody opens to write, one to which nobody writes,
// in the middle of a line, and standard input.
func TestWaiting(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := OpenRecording(ctx, fifo); !errors.Is(err, context.Canceled) {
		t.Errorf("without a writer: got error %v, want that it was canceled", err)
	}

	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	stdin := os.Stdin
	defer func() { os.Stdin = stdin }()
	os.Stdin = in
	if _, err := OpenRecording(ctx, "-"); !errors.Is(err, context.Canceled) {
		t.Errorf("without anything written: got error %v, want that it was canceled", err)
	}

	ctx, cancel = context.WithCancel(context.Background())
	in, out, err = os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	os.Stdin = in
	if _, err := out.WriteString("{\"a\":1}\n{\"b\""); err != nil {
		t.Fatal(err)
	}
	r, err := OpenRecording(ctx, "-")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	time.AfterFunc(10*time.Millisecond, cancel)
	got, err := io.ReadAll(r)
	if string(got) != "{\"a\":1}\n{\"b\"" || !errors.Is(err, context.Canceled) {
		t.Errorf("in the middle of a line: got %q, error %v; want what was written, and that it was canceled", got, err)
	}
}

// FuzzRecording reads anything: it ends, and what it says of it is one line.
func FuzzRecording(f *testing.F) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(`{"event":{"exec":{}}}`))
	_ = w.Close()
	for _, s := range []string{"", "{\"event\":{\"exec\":{}}}\n", "[{},{}]", "\v\v[", "[{\n},", "{\n}", "\ufeff{}", "\xff\xfe{\x00}\x00", "x {} {\"event\":{\"fork\":{}}}{}", packed.String()} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := NewRecording(bytes.NewReader(in))
		if err != nil {
			return
		}
		if what := r.Describe(); what == "" || strings.ContainsAny(what, "\n\x1b\x00") {
			t.Errorf("%q: is described as %q", in, what)
		}
		if !r.HasLines() {
			n := 0
			if err := r.Objects(func([]byte) error { n++; return nil }); err != nil && !strings.Contains(err.Error(), "the rest was not read") {
				t.Errorf("%q: got error %v", in, err)
			}
			return
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return
		}
		var d Decoder
		for line := range bytes.Lines(text) {
			got := AppendDecoded(nil, &d, bytes.TrimSuffix(line, []byte("\n")))
			if len(got) == 0 || got[0].Continues || len(got) > maxOnLine+1 {
				t.Errorf("%q: got %d objects of a line", line, len(got))
			}
		}
	})
}

// TestManyOnLine bounds the objects of a line.
func TestManyOnLine(t *testing.T) {
	got := AppendDecoded(nil, new(Decoder), bytes.Repeat([]byte("{}"), 3*maxOnLine))
	last := got[len(got)-1]
	if len(got) != maxOnLine+1 || last.Err == nil || !strings.Contains(last.Err.Error(), "more than 10000 objects") {
		t.Errorf("got %d objects, the last with error %v; want %d and that there are more", len(got), last.Err, maxOnLine+1)
	}
}
