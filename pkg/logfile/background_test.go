package logfile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slowWriter writes once it is let go.
type slowWriter struct {
	text  bytes.Buffer
	letGo chan struct{}
}

func (w *slowWriter) Write(b []byte) (int, error) {
	<-w.letGo
	return w.text.Write(b)
}

func lostLine(n int) []byte { return fmt.Appendf(nil, "%d lost\n", n) }

// TestBackground writes far more than there is room for while the writer hangs: nobody waits,
// what fits comes in order, and what does not is counted.
func TestBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{letGo: make(chan struct{})}
		b := NewBackground(w, lostLine)
		if !b.Flush(time.Second) {
			t.Error("Flush before the first line: got false, want true")
		}
		line := []byte("line 0\n")
		b.Write(line)
		synctest.Wait()    // the first is under way
		copy(line, "LINE") // its caller uses the buffer again
		begin := time.Now()
		for n := 1; n <= maxLines+7; n++ {
			fmt.Fprintf(b, "line %d\n", n)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("writing took %v, want no time", took)
		}
		if b.Flush(time.Second) {
			t.Error("Flush while the writer hangs: got true, want false")
		}
		close(w.letGo)
		if !b.Flush(time.Second) {
			t.Error("Flush: got false, want true")
		}
		var want strings.Builder
		for n := range maxLines + 1 {
			fmt.Fprintf(&want, "line %d\n", n)
		}
		want.WriteString("7 lost\n")
		if got := w.text.String(); got != want.String() {
			t.Errorf("got\n%.200s...\nwant\n%.200s...", got, want.String())
		}
		fmt.Fprint(b, "again\n")
		b.Flush(time.Second)
		if got := w.text.String(); !strings.HasSuffix(got, "lost\nagain\n") {
			t.Errorf("got %q at the end, want one more line", got[max(0, len(got)-40):])
		}
	})
}

// TestBackgroundBytes bounds the memory that lines take.
func TestBackgroundBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{letGo: make(chan struct{})}
		b := NewBackground(w, lostLine)
		long := strings.Repeat("x", maxLinesBytes/4)
		for range 9 {
			b.Write([]byte(long))
		}
		if b.bytes > maxLinesBytes {
			t.Errorf("%d bytes wait, want at most %d", b.bytes, maxLinesBytes)
		}
		close(w.letGo)
		b.Flush(time.Second)
		if got := w.text.Len(); got < maxLinesBytes || got > 2*maxLinesBytes {
			t.Errorf("%d bytes were written, want about %d", got, maxLinesBytes)
		}
	})
}
