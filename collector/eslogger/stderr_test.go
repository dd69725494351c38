package eslogger

import (
	"fmt"
	"strings"
	"testing"
)

func TestMurmur(t *testing.T) {
	const denied = "ES_NEW_CLIENT_RESULT_ERR_NOT_PERMITTED"
	tests := []struct {
		name, in string
		want     Condition // of the complaint; "" is none
		text     string
	}{
		{"nothing", "", "", ""},
		{"a complaint", "eslogger: " + denied + ": see the manual\n", NoFullDiskAccess, "eslogger: " + denied + ": see the manual"},
		{"without an end", denied, NoFullDiskAccess, denied},
		{"far into a line", strings.Repeat("x", 5000) + denied, NoFullDiskAccess, strings.Repeat("x", 160) + "..."},
		{"the first of two", "ES_NEW_CLIENT_RESULT_ERR_TOO_MANY_CLIENTS " + denied + "\n", TooManyClients, "ES_NEW_CLIENT_RESULT_ERR_TOO_MANY_CLIENTS " + denied},
		{"prose without the token", "not permitted: no Full Disk Access\n", "", "not permitted: no Full Disk Access"},
		{"an error without a state", "ES_NEW_CLIENT_RESULT_ERR_INTERNAL\n", "", "ES_NEW_CLIENT_RESULT_ERR_INTERNAL"},
		{"the last five lines and one under way", "1\n2\n\n3\n4\r\n5\n6\n7", "", `2 | 3 | 4\r | 5 | 6 | 7`},
		{"bounded", strings.Repeat(strings.Repeat("\x00", 99)+"\n", 9), "", "..." + (strings.Repeat(`\x00`, 99) + " | " + strings.Repeat(`\x00`, 99))[2*4*99+3-400:]},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 7, 64, 4096, len(tt.in) + 1} {
			m := hearAll(tt.in, size)
			var got Condition
			if m.complaint != nil {
				got = m.complaint.name
			}
			if text := m.lastLines(); got != tt.want || text != tt.text {
				t.Errorf("%s, %d bytes at a time: got %q and %q, want %q and %q", tt.name, size, got, text, tt.want, tt.text)
			}
		}
	}
}

func hearAll(in string, size int) *stderrLog {
	var m stderrLog
	for b := []byte(in); len(b) > 0; {
		n := min(size, len(b))
		m.write(b[:n])
		b = b[n:]
	}
	return &m
}

// TestMurmurForgets says that a flood costs no memory.
func TestMurmurForgets(t *testing.T) {
	var m stderrLog
	chunk := []byte(strings.Repeat("no end of line ", 4096/15))
	for range 10_000 {
		m.write(chunk)
	}
	line := []byte("line after line\n")
	for range 10_000 {
		m.write(line)
	}
	if kept := cap(m.line) + cap(m.tail) + len(m.last)*maxStderrLine; kept > 16<<10 || m.lines != 10_000 {
		t.Errorf("after 40 MB: got %d bytes kept and %d lines, want at most 16 KiB and 10000", kept, m.lines)
	}
}

func FuzzMurmur(f *testing.F) {
	f.Add([]byte("ES_NEW_CLIENT_RESULT_ERR_NOT_PERMITTED\n"), uint8(3))
	f.Add([]byte("\xff\x00\u202e\nFailed to parse event types"), uint8(64))
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		in = in[:min(len(in), 4<<10)] // more only makes a byte at a time slow
		m := hearAll(string(in), int(size)+1)
		whole := hearAll(string(in), len(in)+1)
		if (m.complaint == nil) != (whole.complaint == nil) {
			t.Errorf("%q: found %v in pieces of %d, %v at once", in, m.complaint, size, whole.complaint)
		}
		text := m.lastLines()
		if len(text) > maxStderrText+3 {
			t.Errorf("%q: got %d bytes of text", in, len(text))
		}
		for _, c := range text {
			if c < ' ' || c > '~' {
				t.Errorf("%q: got %q, which is not printable ASCII", in, text)
			}
		}
		if fmt.Sprint(m.lines) != fmt.Sprint(strings.Count(string(in), "\n")) {
			t.Errorf("%q: got %d lines", in, m.lines)
		}
	})
}
