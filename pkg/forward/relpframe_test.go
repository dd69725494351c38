package forward

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadRELP(t *testing.T) {
	for _, c := range []struct {
		in   string
		want relpFrame
		err  string
	}{
		{"1 rsp 6 200 OK\n", relpFrame{1, "rsp", []byte("200 OK")}, ""},
		{"0 serverclose 0\n", relpFrame{0, "serverclose", nil}, ""},
		{"999999999 rsp 1 \n\n", relpFrame{999_999_999, "rsp", []byte("\n")}, ""},
		{"", relpFrame{}, "EOF"},
		{"1000000000 rsp 0\n", relpFrame{}, "as a frame"},
		{"-1 rsp 0\n", relpFrame{}, "as a frame"},
		{" 1 rsp 0\n", relpFrame{}, "as a frame"},
		{"1\trsp 0\n", relpFrame{}, "as a frame"},
		{"1  rsp 0\n", relpFrame{}, "as a frame"},
		{"1 r$p 0\n", relpFrame{}, "as a frame"},
		{"1 " + strings.Repeat("r", 33) + " 0\n", relpFrame{}, "as a frame"},
		{"1 rsp x\n", relpFrame{}, "as a frame"},
		{"1 rsp 6\n200 OK\n", relpFrame{}, "as a frame"},
		{"1 rsp 0 \n", relpFrame{}, "as a frame"},
		{"1 rsp 999999999 ", relpFrame{}, "bytes of data"},
		{"1 rsp 5 200 OK\n", relpFrame{}, "no line break"},
		{"1 rsp 6 200 OK", relpFrame{}, "unexpected EOF"},
	} {
		got, err := readRELP(bufio.NewReader(strings.NewReader(c.in)))
		if c.err == "" && (err != nil || got.transaction != c.want.transaction || got.command != c.want.command || !bytes.Equal(got.data, c.want.data)) {
			t.Errorf("%q: got %+v, %v, want %+v", c.in, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q: got %+v, %v, want the error %q", c.in, got, err, c.err)
		}
	}
}

// TestReadRELPCut cuts a stream after every byte.
func TestReadRELPCut(t *testing.T) {
	const stream = "12 rsp 6 200 OK\n0 serverclose 0\n3 rsp 21 500 no\nrelp_version=0\n"
	ends := map[int]bool{0: true, 16: true, 32: true, len(stream): true}
	for n := range len(stream) + 1 {
		r := bufio.NewReader(strings.NewReader(stream[:n]))
		var err error
		for err == nil {
			_, err = readRELP(r)
		}
		if want := map[bool]error{true: io.EOF, false: io.ErrUnexpectedEOF}[ends[n]]; err != want {
			t.Errorf("cut at %d: got %v, want %v", n, err, want)
		}
	}
}

func FuzzRELPAnswer(f *testing.F) {
	for _, s := range []string{
		"1 rsp 6 200 OK\n", "0 serverclose 0\n", "1 rsp 54 200 OK\nrelp_version=0\nrelp_software=x\ncommands=syslog\n", "2 rsp 8 500 nope\n",
		"999999999 rsp 3 200\n", "1 rsp 999999999 x", "1 rsp 0\n", "HTTP/1.1 200 OK\r\n\r\n", "00001 rsp 0003 200\n",
	} {
		f.Add([]byte(s + s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		used := 0
		for {
			frame, err := readRELP(r)
			if err != nil {
				if err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errRELP) {
					t.Fatalf("%q: got the error %v", b, err)
				}
				return
			}
			start := used
			used = len(b) - r.Buffered()
			if len(b) <= 4096 { // all of it is in the buffer
				checkFrame(t, b[start:used], &frame)
			}
			a, err := frame.parseAnswer()
			if err == nil && a.code == relpOK && (frame.command != "rsp" || !bytes.HasPrefix(frame.data, []byte("200")) || len(frame.data) > 3 && frame.data[3] != ' ' && frame.data[3] != '\n') {
				t.Fatalf("%+v counts as an answer with 200", frame)
			}
			if err == nil {
				if open := a.checkOpen(); open == nil && !bytes.Contains(frame.data, []byte("\nrelp_version=")) {
					t.Fatalf("%q opens a session", frame.data)
				}
			}
		}
	})
}

// checkFrame checks that a frame is what its bytes say, but for zeros in front of numbers.
func checkFrame(t *testing.T, raw []byte, f *relpFrame) {
	t.Helper()
	again := append(appendRELPHeader(nil, f.transaction, f.command, len(f.data)), f.data...)
	again = append(again, '\n')
	if len(again) == len(raw) && !bytes.Equal(again, raw) || len(again) > len(raw) {
		t.Fatalf("got %+v of %q, which is %q", f, raw, again)
	}
}
