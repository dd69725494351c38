package eslogger

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// Recording reads JSON that was kept in a file, as UTF-8: packed by gzip, in UTF-16 or with a byte
// order mark, it is read as well. It is for one goroutine.
type Recording struct {
	text  *bufio.Reader
	head  string // the first line that is not empty, as far as it was at hand
	close func() error
}

// headBytes bounds what is looked at of the first line.
const headBytes = 4 << 10

// OpenRecording opens a file, "-" for standard input. The end of ctx ends the waiting for a pipe.
func OpenRecording(ctx context.Context, name string) (*Recording, error) {
	f, closeFile := os.Stdin, func() error { return nil }
	if name != "-" {
		var err error
		if f, err = openFile(ctx, name); err != nil {
			return nil, err
		}
		closeFile = f.Close
	}
	in := io.Reader(f)
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		in = &interruptible{ctx: ctx, in: f, done: make(chan readResult, 1)}
	}
	r, err := NewRecording(in)
	if err != nil {
		closeFile()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.close = closeFile
	return r, nil
}

// NewRecording reads from a reader. It waits for no more than the first line.
func NewRecording(in io.Reader) (*Recording, error) {
	r := &Recording{close: func() error { return nil }}
	for range maxLayers {
		r.text = bufio.NewReaderSize(in, headBytes)
		next, err := r.unpack()
		if err != nil {
			return nil, err
		}
		if next == nil {
			break
		}
		in = next
	}
	err := r.readHead()
	return r, err
}

// readHead looks at the first line that is not empty, or at as much of it as the reader holds, and
// consumes nothing.
func (r *Recording) readHead() error {
	for {
		head, _ := r.text.Peek(r.text.Buffered())
		line, _, isWhole := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
		isWhole = isWhole || r.text.Buffered() == r.text.Size()
		if !isWhole {
			if _, err := r.text.Peek(r.text.Buffered() + 1); err == nil {
				continue
			} else if !errors.Is(err, io.EOF) && len(line) == 0 {
				return err
			}
		}
		r.head = string(bytes.TrimRight(line, " \t\r"))
		if len(line) >= headBytes-utf8.UTFMax { // it may end in the middle of a character
			r.head = strings.TrimRightFunc(r.head, func(c rune) bool { return c == utf8.RuneError })
		}
		return nil
	}
}

// Read reads the text.
func (r *Recording) Read(p []byte) (int, error) { return r.text.Read(p) }

// Close closes the file.
func (r *Recording) Close() error { return r.close() }

// HasLines reports whether the text has a line for each object; otherwise it has objects over several
// lines, or an array of objects, which Objects reads.
func (r *Recording) HasLines() bool {
	inner, isArray := strings.CutPrefix(r.head, "[")
	inner = strings.TrimLeft(inner, " \t")
	return r.head != "{" && !(isArray && (inner == "" || inner[0] == '{' || inner[0] == ']'))
}

// maxObject bounds one object that Objects reads, in bytes; indentation may double a line's size.
const maxObject = 2 * MaxLine

// Objects hands on each object of the text, or of the array that it begins with, in order. What it hands
// on holds until take returns, whose error ends it. After a fault in the text there is no line break
// after which to go on: a *TextError says that the rest was not read.
func (r *Recording) Objects(take func(object []byte) error) error {
	in := &bounded{in: r.text, what: fmt.Sprintf("an object of more than %d bytes", maxObject), left: maxObject}
	decoder, isArray := json.NewDecoder(in), strings.HasPrefix(r.head, "[")
	var err error
	if isArray {
		_, err = decoder.Token() // the bracket, which is there
	}
	for n := 1; err == nil; n++ {
		in.left = maxObject
		if isArray && !decoder.More() {
			if _, err = decoder.Token(); err != nil {
				return &TextError{n, unexpectedEnd(err)}
			}
			isArray = false
		}
		var object json.RawMessage
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) && !isArray {
			return nil
		} else if err != nil {
			return &TextError{n, unexpectedEnd(err)}
		}
		err = take(object)
	}
	return err
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// TextError says which object of a text can't be read.
type TextError struct {
	Object int // from 1
	Err    error
}

// Error names the object.
func (e *TextError) Error() string {
	return fmt.Sprintf("object %d: %v; the rest was not read", e.Object, e.Err)
}

// Unwrap returns why it can't be read.
func (e *TextError) Unwrap() error { return e.Err }
