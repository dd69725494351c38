package baseline

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// A snapshot is, with all numbers in big-endian order:
//
//	"HSBL", version (1 byte), kind (1 byte), identity (16 bytes), body, SHA-256 of all before
//
// The checksum is there against damage. Against change by others the caller keeps the
// snapshot where only root can write.
const (
	magic           = "HSBL"
	snapshotVersion = 1
	headerSize      = len(magic) + 1 + 1 + len(digest{})
)

// kind tells the sorts of snapshots apart.
type kind byte

const (
	termsKind     kind = 't'
	thresholdKind kind = 'n'
)

// header begins a snapshot.
func header(k kind, identity digest) []byte {
	b := append([]byte(magic), snapshotVersion, byte(k))
	return append(b, identity[:]...)
}

// seal ends a snapshot.
func seal(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// open checks a snapshot and returns a reader of its body.
func open(data []byte, k kind, identity digest) (*reader, error) {
	if len(data) < headerSize+sha256.Size || string(data[:len(magic)]) != magic {
		return nil, errors.New("snapshot: not one, or cut")
	}
	if v := data[len(magic)]; v != snapshotVersion {
		return nil, fmt.Errorf("snapshot: version %d, want %d", v, snapshotVersion)
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(sum, want[:]) {
		return nil, errors.New("snapshot: damaged: its checksum is wrong")
	}
	if !bytes.Equal(body[:headerSize], header(k, identity)) {
		return nil, errors.New("snapshot: of another rule, or of other options")
	}
	return &reader{rest: body[headerSize:]}, nil
}

var errShape = errors.New("snapshot: its parts do not fit together")

// reader reads numbers. Once they run out it gives zeros, and bad tells.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if len(r.rest) < n {
		r.rest, r.bad = nil, true
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uint64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }
func (r *reader) digest() digest { return digest(r.take(len(digest{}))) }

// time reads a time, which nanos never returns beyond its range.
func (r *reader) time() int64 {
	t := int64(r.uint64())
	if t < notFired || t > 1<<62 {
		r.bad = true
		return 0
	}
	return t
}

// count reads a number of elements that take so many bytes each, and so bounds what is
// made for them by what is there.
func (r *reader) count(size int) int {
	n := binary.BigEndian.Uint32(r.take(4))
	if uint64(n)*uint64(size) > uint64(len(r.rest)) {
		r.bad = true
		return 0
	}
	return int(n)
}

// end reports whether everything was read and made sense.
func (r *reader) end() error {
	if r.bad || len(r.rest) > 0 {
		return errShape
	}
	return nil
}

func appendTime(b []byte, t int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(t)) }

func appendCount(b []byte, n int) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) }
