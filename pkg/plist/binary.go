package plist

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"
	"unicode/utf16"
)

const (
	binaryMagic = "bplist0" // any byte may follow
	headerSize  = len(binaryMagic) + 1
	trailerSize = 32
	maxKey      = 64 // characters of a key that can be wanted
)

// binaryReader reads a binary property list from its top object, each shared object again at
// every place that refers to it. Of a dictionary of which some keys are wanted it reads no
// other value, so that nothing in these can keep it from the wanted ones.
// The format: https://opensource.apple.com/source/CF (CFBinaryPList.c).
type binaryReader struct {
	document
	offsetSize int      // bytes of an entry of the offset table
	refSize    int      // bytes of a reference
	objects    uint64   // number of objects
	table      uint64   // where the offset table starts: the end of the objects
	path       []uint64 // offsets of the containers around the current object
}

func (d *document) readBinary() (any, error) {
	r := &binaryReader{document: *d}
	top, err := r.readTrailer()
	if err != nil {
		return nil, err
	}
	v, err := r.readObject(top)
	d.odd, d.unsure, d.broken = r.odd, r.unsure, r.broken
	return orNil(v, err)
}

// readTrailer reads the sizes at the end of the file and makes sure that header, objects,
// offset table and trailer fill it exactly, so that no later sum can overflow.
func (r *binaryReader) readTrailer() (top uint64, err error) {
	at := len(r.b) - trailerSize
	if at < headerSize+2 {
		return 0, r.fail(ErrMalformed, 0, "%d bytes, fewer than the smallest has", len(r.b))
	}
	t := r.b[at:]
	r.offsetSize, r.refSize = int(t[6]), int(t[7])
	r.objects = binary.BigEndian.Uint64(t[8:])
	top = binary.BigEndian.Uint64(t[16:])
	r.table = binary.BigEndian.Uint64(t[24:])
	switch {
	case r.offsetSize < 1:
		return 0, r.fail(ErrMalformed, at+6, "offsets of no bytes")
	case r.refSize < 1:
		return 0, r.fail(ErrMalformed, at+7, "references of no bytes")
	case r.table <= uint64(headerSize) || r.table >= uint64(at):
		return 0, r.fail(ErrMalformed, at+24, "offset table at byte %d, outside the file", r.table)
	case r.objects > uint64(len(r.b)) || r.objects*uint64(r.offsetSize) != uint64(at)-r.table:
		return 0, r.fail(ErrMalformed, at+8, "%d objects do not fill the offset table", r.objects)
	case top >= r.objects:
		return 0, r.fail(ErrMalformed, at+16, "top object %d of only %d", top, r.objects)
	}
	return top, nil
}

// offsetOf returns where the object with a number starts.
func (r *binaryReader) offsetOf(n uint64) (uint64, error) {
	if n >= r.objects {
		return 0, r.fail(ErrMalformed, -1, "reference to object %d of only %d", n, r.objects)
	}
	at := int(r.table) + int(n)*r.offsetSize
	off := bigEndian(r.b[at : at+r.offsetSize])
	if off < uint64(headerSize) || off >= r.table {
		return 0, r.fail(ErrMalformed, at, "object %d starts at byte %d, outside the objects", n, off)
	}
	return off, nil
}

// readObject reads the object with a number and all that it holds.
func (r *binaryReader) readObject(n uint64) (any, error) {
	off, err := r.offsetOf(n)
	if err != nil {
		return nil, err
	}
	if err := r.addValue(int(off)); err != nil {
		return nil, err
	}
	switch tag := r.b[off]; tag >> 4 {
	case 0x0:
		if tag == 0x08 || tag == 0x09 {
			return tag == 0x09, nil
		}
	case 0x1:
		return r.readInteger(off)
	case 0x2:
		if v, err := r.readSpan(off+1, 1<<(tag&0xf), 1); err != nil || tag == 0x22 || tag == 0x23 {
			return realOf(v), err
		}
	case 0x3:
		if tag == 0x33 {
			return r.readDate(off)
		}
	case 0x4:
		v, err := r.readBytes(off, 1)
		return bytes.Clone(v), err
	case 0x5, 0x6, 0x7:
		return r.readText(off)
	case 0x8:
		v, err := r.readSpan(off+1, uint64(tag&0xf)+1, 1)
		return map[string]any{"CF$UID": bigEndian(v)}, err
	case 0xa, 0xd:
		return r.readCollection(off)
	}
	return nil, r.fail(ErrMalformed, int(off), "object type 0x%02x is not one of a property list", r.b[off])
}

// readInteger reads an integer, of which only those of eight bytes and more have a sign. Of
// those of sixteen the low eight count.
func (r *binaryReader) readInteger(off uint64) (any, error) {
	code := r.b[off] & 0xf
	if code > 4 {
		return nil, r.fail(ErrMalformed, int(off), "integer of 2^%d bytes, more than 16", code)
	}
	v, err := r.readSpan(off+1, 1<<code, 1)
	if err != nil {
		return nil, err
	}
	n := bigEndian(v)
	if positive := code == 4 && bytes.Count(v[:8], []byte{0}) == 8; code >= 3 && int64(n) < 0 && !positive {
		return int64(n), nil
	}
	return n, nil
}

func realOf(b []byte) any {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return nil
}

// epoch is the moment that dates are counted from.
var epoch = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// readDate bounds the seconds so that they are a time in every representation.
func (r *binaryReader) readDate(off uint64) (any, error) {
	v, err := r.readSpan(off+1, 8, 1)
	if err != nil {
		return nil, err
	}
	s := realOf(v).(float64)
	if !(math.Abs(s) < 10_000*366*86_400) {
		return nil, r.fail(ErrMalformed, int(off), "date %g seconds from 2001", s)
	}
	whole := math.Floor(s)
	t := epoch.Add(time.Duration((s - whole) * 1e9))
	return datedOrError(time.Unix(t.Unix()+int64(whole), int64(t.Nanosecond())).UTC())
}

// readBytes reads the content of data or a string.
func (r *binaryReader) readBytes(off, width uint64) ([]byte, error) {
	n, start, err := r.readCount(off)
	if err != nil {
		return nil, err
	}
	v, err := r.readSpan(start, n, width)
	if err != nil {
		return nil, err
	}
	return v, r.addBytes(int(off), len(v))
}

// readText reads a string: ASCII, UTF-16 or UTF-8.
func (r *binaryReader) readText(off uint64) (string, error) {
	if r.b[off]>>4 == 6 {
		v, err := r.readBytes(off, 2)
		return fromUTF16(v), err
	}
	v, err := r.readBytes(off, 1)
	if r.b[off]>>4 == 7 || slices.ContainsFunc(v, func(b byte) bool { return b >= 0x80 }) {
		r.unsure = true
	}
	return string(bytes.ToValidUTF8(v, []byte("\ufffd"))), err
}

// readCollection reads an array or dictionary and what it refers to.
func (r *binaryReader) readCollection(off uint64) (any, error) {
	if slices.Contains(r.path, off) {
		return nil, r.fail(ErrMalformed, int(off), "array or dictionary that holds itself")
	}
	dict := r.b[off]>>4 == 0xd
	if err := r.openContainer(int(off), dict); err != nil {
		return nil, err
	}
	r.path = append(r.path, off)
	defer func() { r.path = r.path[:len(r.path)-1]; r.closeContainer() }()
	n, start, err := r.readCount(off)
	if err != nil {
		return nil, err
	}
	width := uint64(r.refSize)
	if dict {
		width *= 2 // all keys, then all values
	}
	refs, err := r.readSpan(start, n, width)
	if err != nil {
		return nil, err
	}
	if dict {
		return r.readDictionary(refs[:len(refs)/2], refs[len(refs)/2:])
	}
	array := make([]any, 0, min(n, maxValues))
	for ; len(refs) > 0; refs = refs[r.refSize:] {
		v, err := r.readObject(bigEndian(refs[:r.refSize]))
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	return array, nil
}

// readDictionary reads a dictionary from the references to its keys and values. Of a repeated
// key CoreFoundation takes the last value or the first, depending on the call.
func (r *binaryReader) readDictionary(keys, values []byte) (any, error) {
	dict := map[string]any{}
	for ; len(keys) > 0; keys, values = keys[r.refSize:], values[r.refSize:] {
		key, ok, err := r.readKey(bigEndian(keys[:r.refSize]))
		if err != nil {
			return nil, err
		}
		if !ok || r.finds() && !slices.Contains(r.wanted, key) {
			continue
		}
		was := r.enterValue(key)
		v, err := r.readObject(bigEndian(values[:r.refSize]))
		r.leaveValue(was)
		if err != nil && r.finds() {
			r.broken = err // and on to the other keys
			continue
		}
		if err != nil {
			return nil, err
		}
		if before, repeated := dict[key]; repeated && !equalValues(before, v) {
			r.unsure = true
		}
		dict[key] = v
	}
	return dict, nil
}

// readKey reads a key. What is not a string, or too long to be wanted, is none where some are.
func (r *binaryReader) readKey(n uint64) (key string, ok bool, err error) {
	off, err := r.offsetOf(n)
	if err == nil && !r.finds() {
		err = r.addValue(int(off))
	}
	if err == nil && (r.b[off]>>4 < 5 || r.b[off]>>4 > 6) {
		err = r.fail(ErrMalformed, int(off), "dictionary key of type 0x%02x: expected a string", r.b[off])
	}
	if err == nil {
		var count uint64
		if count, _, err = r.readCount(off); err == nil && r.finds() && count > maxKey {
			return "", false, nil
		}
	}
	if err == nil {
		unsure := r.unsure
		key, err = r.readText(off)
		r.unsure = unsure
	}
	if err != nil && r.finds() {
		r.odd = true
		return "", false, nil
	}
	return key, err == nil, err
}

// readCount reads the number of elements of the object at an offset, and where they start.
func (r *binaryReader) readCount(off uint64) (n, start uint64, err error) {
	if n = uint64(r.b[off] & 0xf); n != 0xf {
		return n, off + 1, nil
	}
	tag, err := r.readSpan(off+1, 1, 1)
	if err != nil {
		return 0, 0, err
	}
	if tag[0]>>4 != 1 {
		return 0, 0, r.fail(ErrMalformed, int(off)+1, "count of type 0x%02x: expected an integer", tag[0])
	}
	size := uint64(1) << (tag[0] & 0xf)
	v, err := r.readSpan(off+2, size, 1)
	if err != nil {
		return 0, 0, err
	}
	return bigEndian(v), off + 2 + size, nil
}

// readSpan returns n elements of a width that start at an offset, if the objects hold them.
func (r *binaryReader) readSpan(start, n, width uint64) ([]byte, error) {
	if start > r.table || n > (r.table-start)/width {
		return nil, r.fail(ErrMalformed, int(min(start, r.table)), "%d elements of %d bytes reach beyond the objects", n, width)
	}
	return r.b[start : start+n*width], nil
}

// bigEndian reads an unsigned integer, of which the last eight bytes count.
func bigEndian(b []byte) uint64 {
	var n uint64
	for _, v := range b {
		n = n<<8 | uint64(v)
	}
	return n
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
