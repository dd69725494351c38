package alertlog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"hooksnare/pkg/logfile"
)

// BenchmarkLog reads logs as large as the agent lets them become: the file and those put aside.
func BenchmarkLog(b *testing.B) {
	sample, err := os.ReadFile("../alert/testdata/sample.json")
	if err != nil {
		b.Fatal(err)
	}
	path, alerts := filepath.Join(b.TempDir(), "alerts.jsonl"), 0
	for n := logfile.DefaultKeep; n >= 0; n-- {
		var text []byte
		for ; len(text) < 16<<20; alerts++ {
			text = append(text, bytes.Replace(sample, []byte("0123456789abcdef"), fmt.Appendf(nil, "%016x", alerts), 1)...)
		}
		name := path
		if n > 0 {
			name = fmt.Sprintf("%s.%d", path, n)
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	run := func(name string, f func(l *Log) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l, _, err := Open([]string{path})
				if err != nil {
					b.Fatal(err)
				}
				if err := f(l); err != nil {
					b.Fatal(err)
				}
				l.Close()
			}
		})
	}
	list := func(limit int, f Filter, want int) func(*Log) error {
		return func(l *Log) error {
			n := 0
			_, err := l.List(b.Context(), f, limit, func([]byte) error { n++; return nil })
			if err == nil && n != want {
				err = fmt.Errorf("got %d alerts, want %d", n, want)
			}
			return err
		}
	}
	run("list/newest-20", list(20, Filter{}, 20))
	run("list/none-of-severity", list(20, Filter{Severity: 99}, 0))
	run("list/all", list(0, Filter{}, alerts))
	run("find", func(l *Log) error {
		found, err := l.Find(b.Context(), fmt.Sprintf("%016x", alerts/2))
		if err == nil && len(found) != 1 {
			err = fmt.Errorf("got %d alerts, want 1", len(found))
		}
		return err
	})
	run("verify", func(l *Log) error { _, err := l.Verify(b.Context()); return err })
}
