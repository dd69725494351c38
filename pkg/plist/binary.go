package plist

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

const (
	headerSize  = 8
	trailerSize = 32
)

// binaryCheck walks a binary property list as the library will: from the top object,
// each shared object again at every place that refers to it.
// The format: https://opensource.apple.com/source/CF (CFBinaryPList.c).
type binaryCheck struct {
	document
	offsetSize int      // bytes of an entry of the offset table
	refSize    int      // bytes of a reference
	objects    uint64   // number of objects
	table      uint64   // where the offset table starts: the end of the objects
	path       []uint64 // offsets of the containers around the current object
}

func checkBinary(b []byte) error {
	c := &binaryCheck{document: document{form: "binary", b: b}}
	top, err := c.readTrailer()
	if err != nil {
		return err
	}
	for i := range c.objects {
		if o := c.objectAt(i); o < headerSize || o >= c.table {
			return c.fail(ErrMalformed, c.entryAt(i), "object %d starts at byte %d, outside the objects", i, o)
		}
	}
	return c.checkObject(top)
}

// readTrailer reads the sizes at the end of the file and makes sure that header, objects,
// offset table and trailer fill it exactly, so that no later sum can overflow.
func (c *binaryCheck) readTrailer() (top uint64, err error) {
	at := len(c.b) - trailerSize
	if at < headerSize+2 {
		return 0, c.fail(ErrMalformed, 0, "%d bytes, fewer than the smallest has", len(c.b))
	}
	if string(c.b[:headerSize]) != "bplist00" {
		return 0, c.fail(ErrFormat, 0, "version %s: only bplist00 is read", quote(c.b[:headerSize]))
	}
	t := c.b[at:]
	c.offsetSize, c.refSize = int(t[6]), int(t[7])
	c.objects = binary.BigEndian.Uint64(t[8:])
	top = binary.BigEndian.Uint64(t[16:])
	c.table = binary.BigEndian.Uint64(t[24:])
	switch {
	case c.offsetSize < 1 || c.offsetSize > 8:
		return 0, c.fail(ErrMalformed, at+6, "offsets of %d bytes: want 1 to 8", c.offsetSize)
	case c.refSize < 1 || c.refSize > 8:
		return 0, c.fail(ErrMalformed, at+7, "references of %d bytes: want 1 to 8", c.refSize)
	case c.table <= headerSize || c.table >= uint64(at):
		return 0, c.fail(ErrMalformed, at+24, "offset table at byte %d, outside the file", c.table)
	case c.objects > uint64(len(c.b)) || c.objects*uint64(c.offsetSize) != uint64(at)-c.table:
		return 0, c.fail(ErrMalformed, at+8, "%d objects do not fill the offset table", c.objects)
	case c.objects > maxValues:
		return 0, c.fail(ErrTooLarge, at+8, "%d objects, more than %d", c.objects, maxValues)
	case c.refSize < 8 && c.objects > 1<<(8*c.refSize):
		return 0, c.fail(ErrMalformed, at+7, "references of %d bytes can't tell %d objects apart", c.refSize, c.objects)
	case c.offsetSize < 8 && c.table >= 1<<(8*c.offsetSize):
		return 0, c.fail(ErrMalformed, at+6, "offsets of %d bytes can't reach byte %d", c.offsetSize, c.table)
	case top >= c.objects:
		return 0, c.fail(ErrMalformed, at+16, "top object %d of only %d", top, c.objects)
	}
	return top, nil
}

// checkObject checks the object with a number and all that it holds.
func (c *binaryCheck) checkObject(n uint64) error {
	if n >= c.objects {
		return c.fail(ErrMalformed, -1, "reference to object %d of only %d", n, c.objects)
	}
	off := c.objectAt(n)
	if err := c.addValue(int(off)); err != nil {
		return err
	}
	tag := c.b[off]
	switch tag >> 4 {
	case 0x0:
		if tag == 0x08 || tag == 0x09 {
			return nil
		}
	case 0x1:
		return c.checkInteger(off)
	case 0x2:
		if tag == 0x22 || tag == 0x23 {
			_, err := c.readSpan(off+1, 1<<(tag&0xf), 1)
			return err
		}
	case 0x3:
		if tag == 0x33 {
			return c.checkDate(off)
		}
	case 0x4, 0x5, 0x6:
		_, err := c.checkText(off)
		return err
	case 0x8:
		if tag <= 0x87 {
			_, err := c.readSpan(off+1, uint64(tag&0xf)+1, 1)
			return err
		}
	case 0xa, 0xd:
		return c.checkCollection(off)
	}
	return c.fail(ErrMalformed, int(off), "object type 0x%02x is not one of a property list", tag)
}

func (c *binaryCheck) checkInteger(off uint64) error {
	code := c.b[off] & 0xf
	if code > 4 {
		return c.fail(ErrMalformed, int(off), "integer of 2^%d bytes: want at most 16", code)
	}
	v, err := c.readSpan(off+1, 1<<code, 1)
	if err != nil || code < 4 {
		return err
	}
	// CoreFoundation writes what passes 63 bits with sixteen bytes; the library keeps
	// the low eight.
	high, low := binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:])
	if high != 0 && (high != math.MaxUint64 || low < 1<<63) {
		return c.fail(ErrMalformed, int(off), "integer of more than 64 bits")
	}
	return nil
}

// checkDate bounds the seconds so that they are a time in every representation.
func (c *binaryCheck) checkDate(off uint64) error {
	v, err := c.readSpan(off+1, 8, 1)
	if err != nil {
		return err
	}
	const tenThousandYears = 10_000 * 366 * 86_400
	if s := math.Float64frombits(binary.BigEndian.Uint64(v)); !(math.Abs(s) < tenThousandYears) {
		return c.fail(ErrMalformed, int(off), "date %g seconds from 2001", s)
	}
	return nil
}

// checkText checks data or a string and returns its bytes.
func (c *binaryCheck) checkText(off uint64) ([]byte, error) {
	n, start, err := c.readCount(off)
	if err != nil {
		return nil, err
	}
	width := uint64(1)
	if c.b[off]>>4 == 6 {
		width = 2
	}
	v, err := c.readSpan(start, n, width)
	if err != nil {
		return nil, err
	}
	if c.b[off]>>4 == 5 {
		for i, b := range v {
			if b >= 0x80 {
				return nil, c.fail(ErrMalformed, int(start)+i, "byte 0x%02x in an ASCII string", b)
			}
		}
	}
	return v, c.addBytes(int(off), len(v))
}

// checkCollection checks an array or dictionary and what it refers to.
func (c *binaryCheck) checkCollection(off uint64) error {
	for _, open := range c.path {
		if open == off {
			return c.fail(ErrMalformed, int(off), "array or dictionary that holds itself")
		}
	}
	if err := c.addContainer(int(off), len(c.path)); err != nil {
		return err
	}
	n, start, err := c.readCount(off)
	if err != nil {
		return err
	}
	width := uint64(c.refSize)
	dict := c.b[off]>>4 == 0xd
	if dict {
		width *= 2 // all keys, then all values
	}
	refs, err := c.readSpan(start, n, width)
	if err != nil {
		return err
	}
	c.path = append(c.path, off)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	if dict {
		if err := c.checkKeys(refs[:len(refs)/2]); err != nil {
			return err
		}
		refs = refs[len(refs)/2:]
	}
	for ; len(refs) > 0; refs = refs[c.refSize:] {
		if err := c.checkObject(bigEndian(refs[:c.refSize])); err != nil {
			return err
		}
	}
	return nil
}

// checkKeys checks the keys of a dictionary: strings, each once.
func (c *binaryCheck) checkKeys(refs []byte) error {
	seen := make(map[string]struct{})
	for ; len(refs) > 0; refs = refs[c.refSize:] {
		n := bigEndian(refs[:c.refSize])
		if err := c.checkObject(n); err != nil {
			return err
		}
		off := c.objectAt(n)
		kind := c.b[off] >> 4
		if kind != 5 && kind != 6 {
			return c.fail(ErrMalformed, int(off), "dictionary key of type 0x%02x: want a string", c.b[off])
		}
		v, err := c.checkText(off)
		if err != nil {
			return err
		}
		if kind == 6 {
			v = fromUTF16(v)
		}
		if _, ok := seen[string(v)]; ok {
			return c.fail(ErrMalformed, int(off), "key %s twice in one dictionary", quote(v))
		}
		seen[string(v)] = struct{}{}
	}
	return nil
}

// readCount reads the number of elements of the object at an offset, and where they start.
func (c *binaryCheck) readCount(off uint64) (n, start uint64, err error) {
	if n = uint64(c.b[off] & 0xf); n != 0xf {
		return n, off + 1, nil
	}
	tag, err := c.readSpan(off+1, 1, 1)
	if err != nil {
		return 0, 0, err
	}
	if tag[0]>>4 != 1 || tag[0]&0xf > 3 {
		return 0, 0, c.fail(ErrMalformed, int(off)+1, "count of type 0x%02x: want an integer of at most 8 bytes", tag[0])
	}
	size := uint64(1) << (tag[0] & 0xf)
	v, err := c.readSpan(off+2, size, 1)
	if err != nil {
		return 0, 0, err
	}
	return bigEndian(v), off + 2 + size, nil
}

// readSpan returns n elements of a width that start at an offset, if the objects hold them.
func (c *binaryCheck) readSpan(start, n, width uint64) ([]byte, error) {
	if start > c.table || n > (c.table-start)/width {
		return nil, c.fail(ErrMalformed, int(min(start, c.table)), "%d elements of %d bytes reach beyond the objects", n, width)
	}
	return c.b[start : start+n*width], nil
}

// entryAt returns where object n lies, by the offset table.
func (c *binaryCheck) entryAt(n uint64) int { return int(c.table) + int(n)*c.offsetSize }

// objectAt returns where object n starts.
func (c *binaryCheck) objectAt(n uint64) uint64 {
	at := c.entryAt(n)
	return bigEndian(c.b[at : at+c.offsetSize])
}

// bigEndian reads an unsigned integer of at most eight bytes.
func bigEndian(b []byte) uint64 {
	var n uint64
	for _, v := range b {
		n = n<<8 | uint64(v)
	}
	return n
}

func fromUTF16(b []byte) []byte {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}
