package eslogger

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"
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
