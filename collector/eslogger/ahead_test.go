package eslogger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestDecodeAhead says that lines come in order, whatever pieces they are read in, and
// that none is lost around lines that are over the bound.
func TestDecodeAhead(t *testing.T) {
	var in strings.Builder
	var want []string
	for n := range 3000 {
		line := fmt.Sprintf(`{"seq_num":%d,"x":"%s"}`, n, strings.Repeat("x", n%90))
		switch {
		case n%7 == 0:
			line = ""
			want = append(want, "blank")
		case n%11 == 0:
			line = "no JSON"
			want = append(want, "error")
		case len(line) > 100:
		default:
			want = append(want, fmt.Sprint(n))
		}
		in.WriteString(line + "\n")
	}
	in.WriteString("cut")
	for name, reader := range map[string]func(io.Reader) io.Reader{
		"at once": func(r io.Reader) io.Reader { return r }, "by byte": iotest.OneByteReader, "by half": iotest.HalfReader,
	} {
		lines := NewLines(reader(strings.NewReader(in.String())), 100)
		var got []string
		err := DecodeAhead(context.Background(), lines, func(l *Decoded) {
			switch {
			case l.Blank:
				got = append(got, "blank")
			case l.Err != nil:
				got = append(got, "error")
			default:
				got = append(got, fmt.Sprint(l.Message.Seq))
			}
		})
		if !errors.Is(err, io.EOF) || strings.Join(got, " ") != strings.Join(want, " ") || lines.Cut() != 3 {
			t.Errorf("%s: got %d lines, %v, %d bytes cut; want %d lines and 3 bytes", name, len(got), err, lines.Cut(), len(want))
		}
	}
}
