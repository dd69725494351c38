package eslogger

import (
	"context"
	"io"
	"os"
)

// openFile opens a file. To open a pipe that nobody writes to waits; after the end of ctx that goes on
// behind it.
func openFile(ctx context.Context, name string) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(name)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.file, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// interruptible is a reader whose reads end with a context. One that then is under way goes on behind
// it.
type interruptible struct {
	ctx  context.Context
	in   io.Reader
	done chan readResult
	buf  [64 << 10]byte
	rest []byte // of buf
	err  error
}

type readResult struct {
	n   int
	err error
}

func (r *interruptible) Read(p []byte) (int, error) {
	if len(r.rest) == 0 && r.err == nil {
		go func() {
			n, err := r.in.Read(r.buf[:])
			r.done <- readResult{n, err}
		}()
		select {
		case got := <-r.done:
			r.rest, r.err = r.buf[:got.n], got.err
		case <-r.ctx.Done():
			r.err = r.ctx.Err()
		}
	}
	n := copy(p, r.rest)
	if r.rest = r.rest[n:]; len(r.rest) > 0 {
		return n, nil
	}
	return n, r.err
}
