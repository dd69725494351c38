package alertlog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"hooksnare/pkg/alert"
)

// maxLine bounds a line, in bytes. The agent writes no document of more than half of it;
// pkg/logfile takes back an unfinished line of up to as much.
const maxLine = 256 << 10

var (
	errLongLine = fmt.Errorf("longer than %d bytes", maxLine)
	errCutLine  = errors.New("cut short")
)

// line is a line without its line break. It is never empty, but where it is too long.
type line struct {
	text     []byte // valid until the next one is read
	at       int64  // offset in the file
	finished bool   // it ends in a line break
	err      error  // errLongLine
}

// parseHead reads the head of the line's document.
func (l *line) parseHead() (alert.Head, error) {
	if l.err != nil {
		return alert.Head{}, l.err
	}
	h, err := alert.ParseHead(l.text)
	if err != nil && !l.finished {
		err = errCutLine
	}
	return h, err
}

// lineReader reads lines from the first to the last.
type lineReader struct {
	in     *bufio.Reader
	at     int64 // offset of what is read next
	inLong bool  // within a line that was returned as too long
}

// newLineReader reads from an offset.
func newLineReader(r io.Reader, at int64) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, maxLine+1), at: at}
}

// nextLine returns the next line, and io.EOF after the last.
func (r *lineReader) nextLine() (line, error) {
	for {
		text, err := r.in.ReadSlice('\n')
		isLong := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && err != io.EOF && !isLong {
			return line{}, err
		}
		l := line{text: bytes.TrimSuffix(text, []byte("\n")), at: r.at, finished: err == nil}
		r.at += int64(len(text))
		isRest := r.inLong
		r.inLong = isLong || isRest && err == io.EOF
		switch {
		case isRest:
		case isLong:
			return line{at: l.at, err: errLongLine}, nil
		case len(l.text) > 0:
			return l, nil
		}
		if err == io.EOF {
			return line{}, io.EOF
		}
	}
}

// eachLine calls visit with every line until there are no more or ctx is done.
func (r *lineReader) eachLine(ctx context.Context, visit func(*line) error) error {
	for ctx.Err() == nil {
		l, err := r.nextLine()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(&l)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// eachDocument calls visit with every document of the file as it was when it was opened, or with
// those whose lines contain a text. It counts the other lines as damage.
func (f *file) eachDocument(ctx context.Context, containing string, visit func(*line, *alert.Head) error) error {
	return newLineReader(io.NewSectionReader(f, 0, f.size), 0).eachLine(ctx, func(l *line) error {
		if containing != "" && !bytes.Contains(l.text, []byte(containing)) {
			return nil
		}
		h, err := l.parseHead()
		if err != nil {
			f.damage.countLine(l.at, err)
			return nil
		}
		return visit(l, &h)
	})
}

// newPipeReader returns a reader of r whose reads end when ctx is done. Nothing interrupts a
// read of r itself: its goroutine ends with r, or with the process.
func newPipeReader(ctx context.Context, r io.Reader) *io.PipeReader {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	return out
}
