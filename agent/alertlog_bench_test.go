package agent

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"testing"
)

// million is how many alerts the benchmarks' log has.
const million = 1_000_000

// idDigits is how long the ids are there.
const idDigits = 16

// madeLog is a log of any number of alerts that takes no room: it is made as it is read.
type madeLog struct {
	fs.FileInfo
	line []byte // with its line break
	id   int    // where in it the id's digits are
}

func newMadeLog(b testing.TB) *madeLog {
	sample, err := os.ReadFile("../pkg/alert/testdata/sample.json")
	if err != nil {
		b.Fatal(err)
	}
	return &madeLog{line: sample, id: bytes.Index(sample, []byte("0123456789abcdef"))}
}

// ReadAt gives the n-th alert the id n, in hexadecimal.
func (m *madeLog) ReadAt(p []byte, off int64) (int, error) {
	size := int64(len(m.line))
	for done := 0; done < len(p); {
		n, from := (off+int64(done))/size, (off+int64(done))%size
		part := p[done : done+copy(p[done:], m.line[from:])]
		for i := range idDigits {
			if at := int64(m.id+i) - from; at >= 0 && at < int64(len(part)) {
				part[at] = "0123456789abcdef"[n>>(4*(idDigits-1-i))&15]
			}
		}
		done += len(part)
	}
	return len(p), nil
}

func (m *madeLog) Close() error               { return nil }
func (m *madeLog) Stat() (fs.FileInfo, error) { return m, nil }

func (m *madeLog) log() *AlertLog {
	size := int64(len(m.line)) * million
	return &AlertLog{chains: []logChain{{{name: "made", f: m, size: size}}}}
}

// BenchmarkAlertLog lists and looks for alerts in a log of a million. What it allocates is
// all that is ever held.
func BenchmarkAlertLog(b *testing.B) {
	made := newMadeLog(b)
	list := func(limit int, f AlertFilter, want int) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				n := 0
				if _, err := made.log().List(b.Context(), f, limit, func([]byte) error { n++; return nil }); err != nil || n != want {
					b.Fatalf("got %d alerts, error %v; want %d", n, err, want)
				}
			}
		}
	}
	b.Run("made", func(b *testing.B) { // what making the log costs the others
		buf := make([]byte, logBlock)
		for range b.N {
			for off := int64(0); off < int64(len(made.line))*million; off += logBlock {
				made.ReadAt(buf, off)
			}
		}
	})
	b.Run("list/newest-50", list(50, AlertFilter{}, 50))
	b.Run("list/none-of-severity", list(50, AlertFilter{Severity: 99}, 0))
	b.Run("list/all", list(0, AlertFilter{}, million))
	b.Run("show", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			found, err := made.log().Find(b.Context(), fmt.Sprintf("%016x", million/2))
			if err != nil || len(found) != 1 || len(found[0].Lines) != 1 {
				b.Fatalf("got %d alerts, error %v; want 1", len(found), err)
			}
		}
	})
}
