package eslogger

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Bounds of what is unpacked: a file may be packed a few times, and hold much more than it takes.
const (
	maxLayers   = 4
	maxUnpacked = 64 << 30 // bytes
)

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

// utf16Reader reads UTF-16 as UTF-8. What is not a character becomes U+FFFD.
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
