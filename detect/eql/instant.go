package eql

import (
	"math"
	"strconv"
	"time"
)

// Sizes from which on a number is not a plausible count of milliseconds since 1970 (the
// year 2262), which is what Elasticsearch takes a number for, of microseconds, and of the
// 100 nanoseconds since 1601 of Windows.
const (
	tooManyMillis  = 9e12
	tooManyMicros  = 1e17
	tooManyWindows = 1e18
)

// windowsEpoch is 1970 as Windows counts.
const windowsEpoch = 116444736000000000

// layouts of a moment as text.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02"}

// Instant reads a moment from a value as documents have it, in nanoseconds since 1970.
// Text is as in RFC 3339, also with a space for the T and without a zone, which then is
// UTC. A number counts milliseconds since 1970; where it is too large for that,
// microseconds, the 100 nanoseconds since 1601 of Windows, or nanoseconds. Of a list it
// reads the first element.
func Instant(v Value) (ns int64, ok bool) {
	if v.len() == 0 {
		return 0, false
	}
	switch v = v.at(0); v.kind {
	case kString:
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			return instantOfNumber(n)
		}
		for _, layout := range layouts {
			if t, err := time.Parse(layout, v.text); err == nil {
				return t.UnixNano(), 1678 < t.Year() && t.Year() < 2262
			}
		}
	case kInt:
		return instantOfNumber(v.int())
	case kFloat:
		switch f := v.decimal(); {
		case math.Abs(f) < tooManyMillis: // with a fraction
			return int64(f * 1e6), true
		case math.Abs(f) < math.MaxInt64:
			return instantOfNumber(int64(f))
		}
	}
	return 0, false
}

func instantOfNumber(n int64) (ns int64, ok bool) {
	unit := int64(1)
	switch size := math.Abs(float64(n)); {
	case size < tooManyMillis:
		unit = 1e6
	case size < tooManyMicros:
		unit = 1e3
	case size < tooManyWindows:
		n, unit = n-windowsEpoch, 100
	}
	return n * unit, n*unit/unit == n
}
