package synthetic

import (
	"math/bits"
	"math/rand/v2"
	"strconv"
	"time"
	"unicode/utf8"
)

// encoder writes one line. Its buffer is kept between lines.
type encoder struct {
	b           []byte
	order       *rand.PCG // decides the order of members
	version     int
	arrayTokens bool
}

// member is one member of an object: its key, the first message version that has
// it (0: all have) and what writes its value.
type member[T any] struct {
	key   string
	since int
	write func(*encoder, *T)
}

// shape is an object: the members it may have. eslogger writes them in an order
// that differs from object to object, so the table's own order means nothing.
type shape[T any] []member[T]

// maxMembers bounds a shape; the largest real object, a process, has 17.
const maxMembers = 24

// append writes the object for v with its members in random order.
func (s shape[T]) append(e *encoder, v *T) {
	var order [maxMembers]uint8
	n := 0
	for i := range s {
		if s[i].since <= e.version {
			order[n] = uint8(i)
			n++
		}
	}
	e.b = append(e.b, '{')
	for i := 0; i < n; i++ {
		hi, _ := bits.Mul64(e.order.Uint64(), uint64(n-i))
		j := i + int(hi)
		order[i], order[j] = order[j], order[i]
		if i > 0 {
			e.b = append(e.b, ',')
		}
		m := &s[order[i]]
		e.b = append(e.b, '"')
		e.b = append(e.b, m.key...)
		e.b = append(e.b, '"', ':')
		m.write(e, v)
	}
	e.b = append(e.b, '}')
}

func (e *encoder) int(n int64)   { e.b = strconv.AppendInt(e.b, n, 10) }
func (e *encoder) uint(n uint64) { e.b = strconv.AppendUint(e.b, n, 10) }
func (e *encoder) bool(v bool)   { e.b = strconv.AppendBool(e.b, v) }
func (e *encoder) raw(s string)  { e.b = append(e.b, s...) }

// text writes a string, or null for an empty one: eslogger has no empty team id.
func (e *encoder) text(s string) {
	if s == "" {
		e.raw("null")
		return
	}
	e.string(s)
}

// nanos and micros write a time, given in nanoseconds since 1970, as the event's
// own time and as a process's start time are written.
func (e *encoder) nanos(t int64)  { e.time(t, `"2006-01-02T15:04:05.000000000Z"`) }
func (e *encoder) micros(t int64) { e.time(t, `"2006-01-02T15:04:05.000000Z"`) }

func (e *encoder) time(t int64, layout string) {
	e.b = time.Unix(0, t).UTC().AppendFormat(e.b, layout)
}

// strings writes an array of strings.
func (e *encoder) strings(list []string) {
	e.b = append(e.b, '[')
	for i, s := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.string(s)
	}
	e.b = append(e.b, ']')
}

// string writes s as eslogger does: slashes escaped, other characters as they are,
// a byte that is not UTF-8 as U+FFFD.
func (e *encoder) string(s string) {
	b := append(e.b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[done:i]...), "\uFFFD"...)
				done = i + 1
			}
			i += size
			continue
		}
		if c < 0x20 || c == '"' || c == '\\' || c == '/' {
			b = appendEscape(append(b, s[done:i]...), c)
			done = i + 1
		}
		i++
	}
	e.b = append(append(b, s[done:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\', '/':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
