package plist

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// texts are what a document that is not binary may be as UTF-8, the likeliest first.
type texts struct {
	list [][]byte
	odd  bool // CoreFoundation may decode it in another way
}

// decodeText decodes a document by its byte order mark, else by its zeros, else by the encoding
// that an XML declaration names, in the order and with the leniency of CoreFoundation.
func decodeText(b []byte) (texts, error) {
	if len(b) == 0 {
		return texts{}, &Error{Kind: ErrFormat, Offset: 0, Why: "empty"}
	}
	little, big := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	for _, m := range []struct {
		mark string
		encoding.Encoding
	}{
		{"\x00\x00\xfe\xff", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)},
		{"\xff\xfe\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
		{"\xef\xbb\xbf", encoding.Nop}, {"\xff\xfe", little}, {"\xfe\xff", big},
	} {
		if rest, marked := bytes.CutPrefix(b, []byte(m.mark)); marked {
			return decodeAs(rest, m.Encoding)
		}
	}
	if bytes.IndexByte(b[:min(2, len(b))], 0) >= 0 {
		// Of which order it is, and whether the first character counts, is not settled.
		all := texts{odd: true}
		for _, order := range []encoding.Encoding{little, big} {
			t, _ := decodeAs(b, order)
			rest, _ := decodeAs(b[min(2, len(b)):], order)
			all.list = append(all.list, t.list[0], rest.list[0])
		}
		return all, nil
	}
	name := declaredEncoding(b)
	if name == "utf-8" {
		return texts{list: [][]byte{b}}, nil
	}
	if strings.Contains(name, "utf-7") || strings.Contains(name, "utf7") {
		return texts{list: [][]byte{decodeUTF7(b)}, odd: true}, nil
	}
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil {
		e, err = htmlindex.Get(name)
	}
	if err != nil {
		return texts{}, &Error{Form: "XML", Kind: ErrMalformed, Offset: -1, Why: "encoding " + quote(name) + " is not known"}
	}
	t, err := decodeAs(b, e)
	_, single := e.(*charmap.Charmap)
	t.odd = t.odd || !single && name != "us-ascii" // of others there are variants
	return t, err
}

// decodeAs decodes what is in an encoding. What is not is replaced, and makes it odd.
func decodeAs(b []byte, e encoding.Encoding) (texts, error) {
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return texts{}, &Error{Kind: ErrMalformed, Offset: -1, Why: quote(err.Error())}
	}
	return texts{list: [][]byte{out}, odd: bytes.Contains(out, []byte("\ufffd"))}, nil
}

// declaredEncoding returns the encoding that is named behind "<?xml" at the very start, whatever
// comes between.
func declaredEncoding(b []byte) string {
	rest, declared := bytes.CutPrefix(b, []byte("<?xml"))
	if !declared {
		return "utf-8"
	}
	if end := bytes.IndexAny(rest, "?>"); end >= 0 {
		if at := bytes.Index(rest[:end], []byte("encoding=")); at < 0 {
			return "utf-8"
		}
	}
	_, rest, named := bytes.Cut(rest, []byte("encoding="))
	if !named || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return "utf-8"
	}
	name, _, closed := bytes.Cut(rest[1:], rest[:1])
	if !closed {
		return "utf-8"
	}
	return strings.ToLower(string(name[:min(len(name), maxQuoted)]))
}

// decodeUTF7 decodes UTF-7 (RFC 2152), and leaves what is none as it is.
func decodeUTF7(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for {
		plain, rest, shifted := bytes.Cut(b, []byte("+"))
		out = append(out, plain...)
		if !shifted {
			return out
		}
		n := 0
		for n < len(rest) && strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", rest[n]) >= 0 {
			n++
		}
		coded := rest[:n]
		b = rest[n:]
		if len(b) > 0 && b[0] == '-' {
			b = b[1:]
		}
		if n == 0 {
			out = append(out, '+')
			continue
		}
		raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(coded)))
		count, _ := base64.RawStdEncoding.Decode(raw, coded)
		units := make([]uint16, count/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(raw[2*i:])
		}
		out = append(out, string(utf16.Decode(units))...)
	}
}
