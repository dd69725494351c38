package eslogger

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Recording reads JSON that was kept in a file, as UTF-8: packed by gzip, in UTF-16 or with a byte
// order mark, it is read as well. It is for one goroutine.
type Recording struct {
	text  *bufio.Reader
	head  string // the first line that is not empty, as far as it was at hand
	close func() error
}

// Bounds of what is unpacked: a file may be packed a few times, and hold much more than it takes.
const (
	maxLayers   = 4
	maxUnpacked = 64 << 30 // bytes
	headBytes   = 4 << 10
)

// OpenRecording opens a file, "-" for standard input. The end of ctx ends the waiting for a pipe.
func OpenRecording(ctx context.Context, name string) (*Recording, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = openFile(ctx, name); err != nil {
			return nil, err
		}
	}
	in := io.Reader(f)
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		in = &interruptible{ctx: ctx, in: f, done: make(chan readResult, 1)}
	}
	r, err := NewRecording(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if name != "-" {
		r.close = f.Close
	}
	return r, nil
}

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

// unpack returns a reader of what the text holds in another form, nil where it has none.
func (r *Recording) unpack() (io.Reader, error) {
	first, _ := r.text.Peek(2) // an error comes again
	switch {
	case string(first) == "\x1f\x8b":
		packed, err := gzip.NewReader(r.text)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return &bounded{in: packed, left: maxUnpacked, what: "more than 64 GiB when unpacked"}, nil
	case string(first) == "\xff\xfe", string(first) == "\xfe\xff":
		_, _ = r.text.Discard(2) // it is in the buffer
		return &utf16Reader{in: r.text, isBigEndian: first[0] == 0xfe}, nil
	case string(first) == "{\x00", string(first) == "[\x00", string(first) == "\x00{", string(first) == "\x00[":
		return &utf16Reader{in: r.text, isBigEndian: first[0] == 0}, nil
	case len(first) > 0 && first[0] == 0xef:
		if mark, _ := r.text.Peek(3); string(mark) == "\ufeff" {
			_, _ = r.text.Discard(3) // it is in the buffer
		}
	}
	return nil, nil
}

// bounded is a reader that ends with an error when there is too much.
type bounded struct {
	in   io.Reader
	left int64
	what string // too much is
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New(b.what)
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// utf16Reader reads UTF-16 as UTF-8. What is no character becomes U+FFFD.
type utf16Reader struct {
	in          *bufio.Reader
	isBigEndian bool
	rest        []byte // of a character
}

// Read waits for no more than one character.
func (u *utf16Reader) Read(p []byte) (n int, err error) {
	for n < len(p) && (n == 0 || len(u.rest) > 0 || u.in.Buffered() >= 4) {
		if len(u.rest) == 0 {
			r, err := u.rune()
			if err != nil {
				return n, err
			}
			u.rest = utf8.AppendRune(u.rest[:0], r)
		}
		copied := copy(p[n:], u.rest)
		n, u.rest = n+copied, u.rest[copied:]
	}
	return n, nil
}

func (u *utf16Reader) rune() (rune, error) {
	first, err := u.in.Peek(2)
	if err != nil {
		return 0, err
	}
	r := u.unit(first)
	_, _ = u.in.Discard(2) // it is in the buffer
	if 0xd800 <= r && r < 0xdc00 {
		second, _ := u.in.Peek(2)
		if len(second) == 2 && u.unit(second)&0xfc00 == 0xdc00 {
			r = 0x10000 + (r-0xd800)<<10 + (u.unit(second) - 0xdc00)
			_, _ = u.in.Discard(2)
		}
	}
	return r, nil
}

func (u *utf16Reader) unit(b []byte) rune {
	if u.isBigEndian {
		return rune(b[0])<<8 | rune(b[1])
	}
	return rune(b[1])<<8 | rune(b[0])
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
		if len(line) >= headBytes-utf8.UTFMax { // it may end amid a character
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

// signatures are how files begin that people take for a recording.
var signatures = []struct{ begin, what string }{
	{"PK\x03\x04", "a zip archive"}, {"BZh", "a file packed by bzip2"}, {"\xfd7zXZ\x00", "a file packed by xz"}, {"\x28\xb5\x2f\xfd", "a file packed by zstd"},
	{"\x1f\x8b", "a file packed more than once"}, {"bplist", "a property list"}, {"<", "XML or HTML"}, {"\xcf\xfa\xed\xfe", "a program"}, {"\xca\xfe\xba\xbe", "a program"},
}

// maxMembers bounds the members that Describe names.
const maxMembers = 5

// Describe says what the text begins with, for people who expected events in it.
func (r *Recording) Describe() string {
	for _, s := range signatures {
		if strings.HasPrefix(r.head, s.begin) {
			return "it looks like " + s.what
		}
	}
	members := memberNames(r.head)
	switch {
	case r.head == "":
		return "it is empty"
	case strings.ContainsFunc(r.head, func(c rune) bool { return c == utf8.RuneError || unicode.IsControl(c) && c != '\t' && c != '\r' }):
		return "it looks like binary data"
	case len(members) > 0:
		return "it looks like JSON of another program: the first object has the members " + strings.Join(members, ", ")
	}
	return "it looks like text without events"
}

// memberNames returns the names of the first members of the first object of a text.
func memberNames(text string) (names []string) {
	begin := strings.IndexByte(text, '{')
	if begin < 0 {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text[begin:]))
	_, err := decoder.Token() // the brace
	for err == nil && decoder.More() && len(names) < maxMembers {
		var name json.Token
		if name, err = decoder.Token(); err == nil {
			names = append(names, fmt.Sprintf("%.40q", name))
			err = decoder.Decode(new(json.RawMessage))
		}
	}
	return names
}
