// Package chain numbers documents and ties each to the one before by its hash, so that one that
// was removed, changed, repeated with another content or forged shows to whoever has the others.
//
// A chain has an id. Its documents have the numbers 1, 2, 3 without a gap, and each names the
// SHA-256 of the bytes of the one before. Where an agent can't be sure that a number was never
// given to another document, it goes on under a new id: the numbers continue, and the first
// document still names the hash of the last of the chain before, where that is known.
package chain

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Link is a document's place in its chain, as the document says it in hooksnare.delivery.
type Link struct {
	Chain    string `json:"chain"`              // 32 hex digits
	Sequence uint64 `json:"sequence"`           // from 1
	Previous string `json:"previous,omitempty"` // hex SHA-256 of the document before; "" where that is not known
}

// NewID returns the id of a chain that nobody else has.
func NewID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// Check reports why a document can't have this place.
func (l Link) Check() error {
	switch {
	case !isHex(l.Chain, 16):
		return fmt.Errorf("expected a chain of 32 hex digits, found %.80q", l.Chain)
	case l.Sequence == 0:
		return fmt.Errorf("expected a sequence of 1 or more, found 0")
	case l.Previous != "" && !isHex(l.Previous, sha256.Size):
		return fmt.Errorf("expected a SHA-256 of 64 hex digits, found %.80q", l.Previous)
	}
	return nil
}

// isHex reports whether s is n bytes in lower-case hex digits.
func isHex(s string, n int) bool { return len(s) == 2*n && strings.Trim(s, "0123456789abcdef") == "" }

// member begins a document's last member but for closing braces. Text from outside comes
// before it.
const member = `,"delivery":`

// Append returns a document with its place. The document is one line of JSON that ends with a
// member hooksnare, an object that is not empty and has no place yet.
func Append(document []byte, l Link) ([]byte, error) {
	link, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	inside, ok := bytes.CutSuffix(document, []byte("}}"))
	if !ok || bytes.HasSuffix(inside, []byte("{")) {
		return nil, fmt.Errorf("document of %d bytes does not end with its member hooksnare", len(document))
	}
	out := make([]byte, 0, len(document)+len(link)+len(member))
	out = append(append(out, inside...), member...)
	return append(append(out, link...), "}}"...), nil
}

// Find returns the place that Append gave to a document, false when it has none.
func Find(document []byte) (Link, bool) {
	var l Link
	i := bytes.LastIndex(document, []byte(member))
	inside, ok := bytes.CutSuffix(document, []byte("}}"))
	if i < 0 || !ok || i+len(member) > len(inside) {
		return l, false
	}
	in := json.NewDecoder(bytes.NewReader(inside[i+len(member):]))
	in.DisallowUnknownFields()
	if in.Decode(&l) != nil || in.More() {
		return Link{}, false
	}
	return l, true
}
