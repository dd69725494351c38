package eslogger

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pipe returns the reading end of a pipe as a drain, and its writing end.
func pipe(t *testing.T) (*drain, *os.File) {
	t.Helper()
	d, w, err := openDrain()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.close(); w.Close() })
	return d, w
}

// TestDrainHeld is a pipe that another process holds open: it must end after its writer.
func TestDrainHeld(t *testing.T) {
	for _, size := range []int{0, 1, 4096, 60 << 10} {
		d, w := pipe(t)
		in := bytes.Repeat([]byte("x"), size)
		if _, err := w.Write(in); err != nil {
			t.Fatal(err)
		}
		d.finish()
		got, err := io.ReadAll(d)
		if err != nil || !bytes.Equal(got, in) {
			t.Errorf("%d bytes in a pipe that is held: got %d bytes, %v", size, len(got), err)
		}
	}
}

// TestDrainWakes is a reader that waits when the writer ends.
func TestDrainWakes(t *testing.T) {
	d, w := pipe(t)
	if _, err := w.Write([]byte("first")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	if n, err := d.Read(b); string(b[:n]) != "first" || err != nil {
		t.Fatalf("got %q, %v", b[:n], err)
	}
	rest := make(chan []byte)
	go func() {
		got, _ := io.ReadAll(d)
		rest <- got
	}()
	if _, err := w.Write([]byte("second")); err != nil {
		t.Fatal(err)
	}
	d.finish()
	select {
	case got := <-rest:
		if string(got) != "second" {
			t.Errorf("after the end: got %q, want %q", got, "second")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the reader was not woken")
	}
}

// TestDrainEndless is an heir that goes on writing: the reader must end all the same.
func TestDrainEndless(t *testing.T) {
	d, w := pipe(t)
	go func() {
		for {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 512)); err != nil {
				return
			}
		}
	}()
	d.finish()
	got, err := io.ReadAll(d)
	if err != nil || len(got) > d.bytes {
		t.Errorf("got %d bytes, %v, want at most %d", len(got), err, d.bytes)
	}
}

// TestGulpPause holds that a pipe is never more than a quarter full at the next look, and is
// left alone no longer than an alert may be late.
func TestGulpPause(t *testing.T) {
	for _, holds := range []int{usualPipe, 1 << 20} {
		for n := 1; n <= holds; n *= 2 {
			for _, in := range []time.Duration{0, time.Microsecond, 30 * time.Microsecond, time.Millisecond, 40 * time.Millisecond, time.Hour, math.MaxInt64} {
				pause := gulpPause(n, in, holds)
				filled := float64(n) / max(1, float64(in)) * float64(pause)
				if pause < 0 || pause > gulpWait || filled > float64(holds/4) {
					t.Errorf("%d bytes in %v: got a pause of %v, in which %.0f of %d bytes come", n, in, pause, filled, holds)
				}
				if filled < 0.99*float64(holds/4) && pause < gulpWait-time.Microsecond && pause > time.Millisecond {
					t.Errorf("%d bytes in %v: got a pause of %v, which could be longer", n, in, pause)
				}
			}
		}
	}
}

// TestDrainGulps has lines that keep coming: they are read many at a time, whole and in
// order, and their writer never waits.
func TestDrainGulps(t *testing.T) {
	d, w := pipe(t)
	const lines = 400
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) { err = unix.SetNonblock(int(fd), true) }) // a full pipe is an error, then
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		defer d.finish()
		for n := range lines {
			var err error
			_ = raw.Control(func(fd uintptr) { _, err = unix.Write(int(fd), fmt.Appendf(nil, "%0100d\n", n)) })
			if err != nil {
				written <- err
				return
			}
			time.Sleep(500 * time.Microsecond)
		}
		written <- nil
	}()
	begin, reads, got := time.Now(), 0, []byte(nil)
	for b := make([]byte, 64<<10); ; reads++ {
		n, err := d.Read(b)
		got = append(got, b[:n]...)
		if err != nil {
			break
		}
	}
	if err := <-written; err != nil {
		t.Errorf("a line could not be written at once: %v", err)
	}
	for n := range lines {
		if line := fmt.Sprintf("%0100d\n", n); !bytes.HasPrefix(got[101*n:], []byte(line)) {
			t.Fatalf("line %d is not there", n)
		}
	}
	if most := int(time.Since(begin)/gulpWait) + 10; reads > most {
		t.Errorf("got %d reads of %d lines, want at most %d", reads, lines, most)
	}
}

// TestDrainQuiet has a line that comes after a silence: the reader waits for it without
// looking again and again, and has it long before the next line.
func TestDrainQuiet(t *testing.T) {
	d, w := pipe(t)
	read := make(chan string)
	go func() {
		b := make([]byte, 64)
		for {
			n, err := d.Read(b)
			if err != nil {
				close(read)
				return
			}
			read <- string(b[:n])
		}
	}()
	for _, line := range []string{"first", "second"} {
		for waits := false; !waits; { // until the silence is long enough
			d.mu.Lock()
			waits = d.waiting != nil
			d.mu.Unlock()
			time.Sleep(time.Millisecond)
		}
		if _, err := w.WriteString(line); err != nil {
			t.Fatal(err)
		}
		if got := <-read; got != line {
			t.Errorf("got %q, want %q", got, line)
		}
	}
	d.finish()
	if got, isOpen := <-read; isOpen {
		t.Errorf("after the end: got %q", got)
	}
}
