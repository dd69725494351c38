package config

import (
	"bytes"
	"errors"
)

// The content of a CMS SignedData (RFC 5652), which a signed profile is: what was signed lies four
// levels in. It is only taken out here; whether the signature is right, macOS says.

// Tags of the ASN.1 elements on the way.
const (
	tagSequence         = 0x30
	tagOctets           = 0x04
	tagOctetsInParts    = 0x24 // constructed, as Apple's encoder writes it
	tagExplicit         = 0xa0
	tagInteger          = 0x02
	tagObjectIdentifier = 0x06
	tagSet              = 0x31
)

var (
	signedDataID = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
	errCMS       = errors.New("expected CMS SignedData with the profile in it")
)

// isDER reports whether content begins as the DER or BER of a signed profile does. No property list
// begins so: 0 is a character of no text form.
func isDER(content []byte) bool {
	return len(content) > 1 && content[0] == tagSequence && content[1] >= 0x80
}

// signedContent returns what a CMS SignedData has signed.
func signedContent(content []byte) ([]byte, error) {
	r := berReader{rest: content}
	info := r.enter(tagSequence)
	if id := info.read(tagObjectIdentifier); !bytes.Equal(id, signedDataID) {
		return nil, errCMS
	}
	explicit := info.enter(tagExplicit)
	signed := explicit.enter(tagSequence)
	signed.read(tagInteger)
	signed.read(tagSet)
	inner := signed.enter(tagSequence)
	inner.read(tagObjectIdentifier) // what kind of content, which may be any
	wrapped := inner.enter(tagExplicit)
	octets := wrapped.octets(maxBERDepth)
	if wrapped.broken || octets == nil {
		return nil, errCMS
	}
	return octets, nil
}

// maxBERDepth bounds how deep elements of indefinite length, and parts of octets, may be nested.
const maxBERDepth = 16

// berReader reads elements one after the other. After one that is not as expected it has none.
type berReader struct {
	rest   []byte
	broken bool
}

// enter returns a reader of what is in the next element, which must have the tag.
func (r *berReader) enter(tag byte) berReader {
	return berReader{rest: r.read(tag), broken: r.broken}
}

// read returns what is in the next element, which must have the tag.
func (r *berReader) read(tag byte) []byte {
	got, inner, rest, ok := nextElement(r.rest, maxBERDepth)
	if !ok || got != tag || r.broken {
		r.rest, r.broken = nil, true
		return nil
	}
	r.rest = rest
	return inner
}

// octets returns the next element as octets, which may be in parts.
func (r *berReader) octets(depth int) []byte {
	tag, inner, rest, ok := nextElement(r.rest, maxBERDepth)
	if r.broken = r.broken || !ok || depth == 0 || tag != tagOctets && tag != tagOctetsInParts; r.broken {
		return nil
	}
	r.rest = rest
	if tag == tagOctets {
		return inner
	}
	all, parts := []byte{}, berReader{rest: inner}
	for len(parts.rest) > 0 && !parts.broken {
		all = append(all, parts.octets(depth-1)...)
	}
	r.broken = parts.broken
	return all
}

// nextElement takes the first element off b: its tag, its content, and what follows. A length that
// is indefinite ends with two zeros, behind elements that are read to find these.
func nextElement(b []byte, depth int) (tag byte, inner, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f || depth == 0 {
		return 0, nil, nil, false // tags of several bytes are not on the way
	}
	tag, length, b := b[0], int(b[1]), b[2:]
	switch n := length & 0x7f; {
	case length == 0x80:
		for at := b; ; {
			if bytes.HasPrefix(at, []byte{0, 0}) {
				return tag, b[:len(b)-len(at)], at[2:], true
			}
			if _, _, at, ok = nextElement(at, depth-1); !ok {
				return 0, nil, nil, false
			}
		}
	case length > 0x80:
		if n > 4 || len(b) < n {
			return 0, nil, nil, false
		}
		length = 0
		for _, c := range b[:n] {
			length = length<<8 | int(c)
		}
		b = b[n:]
	}
	if length > len(b) {
		return 0, nil, nil, false
	}
	return tag, b[:length], b[length:], true
}
