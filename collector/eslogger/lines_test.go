package eslogger

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 100)
	tests := []struct {
		name, in string
		want     []string
		skipped  uint64
		cut      int
	}{
		{"empty", "", nil, 0, 0},
		{"plain", "a\nbb\n\nc\n", []string{"a", "bb", "", "c"}, 0, 0},
		{"cut", "a\nbb", []string{"a"}, 0, 2},
		{"as long as may be", long + "\na\n", []string{long, "a"}, 0, 0},
		{"one too long", long + "x\na\n", []string{"a"}, 1, 0},
		{"much too long", strings.Repeat(long, 50) + "\na\n" + strings.Repeat(long, 7) + "\nb\n", []string{"a", "b"}, 2, 0},
		{"too long and cut", "a\n" + strings.Repeat(long, 3), []string{"a"}, 1, 300},
		{"only newlines", "\n\n\n", []string{"", "", ""}, 0, 0},
	}
	readers := map[string]func(io.Reader) io.Reader{
		"at once":     func(r io.Reader) io.Reader { return r },
		"by byte":     iotest.OneByteReader,
		"by half":     iotest.HalfReader,
		"end with it": iotest.DataErrReader,
	}
	for _, test := range tests {
		for how, reader := range readers {
			t.Run(test.name+" "+how, func(t *testing.T) {
				l := NewLines(reader(strings.NewReader(test.in)), 100)
				var got []string
				for {
					line, err := l.Next()
					if err != nil {
						if !errors.Is(err, io.EOF) {
							t.Fatal(err)
						}
						break
					}
					got = append(got, string(line))
				}
				if !slices.Equal(got, test.want) || l.Skipped() != test.skipped || l.Cut() != test.cut {
					t.Errorf("%q: got %q, %d skipped, %d cut; want %q, %d, %d", test.in, got, l.Skipped(), l.Cut(), test.want, test.skipped, test.cut)
				}
			})
		}
	}
}

// TestLinesMemory sends lines of all sizes and looks at what stays allocated.
func TestLinesMemory(t *testing.T) {
	var in []io.Reader
	for _, n := range []int{10, 1 << 20, 5, 20 << 20, 7, MaxLine, 3, MaxLine + 1, 9} {
		in = append(in, io.LimitReader(zeros{}, int64(n)), strings.NewReader("\n"))
	}
	l := NewLines(io.MultiReader(append(in, strings.NewReader("last\n"))...), 0)
	var got []int
	for {
		line, err := l.Next()
		if err != nil {
			break
		}
		got = append(got, len(line))
		if len(l.buf) > MaxLine+1 {
			t.Fatalf("buffer of %d bytes", len(l.buf))
		}
	}
	want := []int{10, 1 << 20, 5, 7, MaxLine, 3, 9, 4}
	if fmt.Sprint(got) != fmt.Sprint(want) || l.Skipped() != 2 {
		t.Errorf("got lines of %v bytes and %d skipped, want %v and 2", got, l.Skipped(), want)
	}
	if len(l.buf) != linesBuffer {
		t.Errorf("kept a buffer of %d bytes, want %d", len(l.buf), linesBuffer)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}
