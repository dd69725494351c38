package config

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The functions here return readers of values. A reader of a value that is wrong adds a fault
// and returns anything; a reader of strings returns "" then.

// maxString bounds a string, in bytes. It is far above any real configuration.
const maxString = 4096

// readText reads a string of one line, of 1 to maxString bytes.
func readText(what string) func(value) string {
	return func(v value) string {
		s, isString := v.raw.(string)
		switch {
		case !isString || strings.TrimSpace(s) == "":
			v.addMismatch(what)
		case len(s) > maxString:
			v.addFault("expected %s of at most %d bytes, found %d", what, maxString, len(s))
		case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
			v.addFault("expected %s without control characters", what)
		default:
			return s
		}
		return ""
	}
}

// absolutePath reads a path as it is, whatever the root.
func absolutePath(what string) func(value) string {
	what = "the absolute path of " + what
	return func(v value) string {
		s := readText(what)(v)
		switch {
		case s == "":
		case !strings.HasPrefix(s, "/"):
			v.addMismatch(what)
		case slices.Contains(strings.Split(s, "/"), ".."):
			v.addFault("expected %s without \"..\"", what)
		default:
			return filepath.Clean(s)
		}
		return ""
	}
}

// absoluteFile reads the path of what is not a folder.
func absoluteFile(what string) func(value) string {
	return func(v value) string {
		if s, _ := v.raw.(string); strings.HasSuffix(s, "/") || filepath.Clean(s) == "/" {
			v.addMismatch("the absolute path of " + what)
			return ""
		}
		return absolutePath(what)(v)
	}
}

// belowRoot puts the root of the source in front of a path.
func belowRoot(read func(value) string) func(value) string {
	return func(v value) string {
		if path := read(v); path != "" {
			return filepath.Join("/", v.root, path)
		}
		return ""
	}
}

// secretText keeps a value out of errors: it may be the secret itself.
func secretText(read func(value) string) func(value) string {
	return func(v value) string {
		v.isSecret = true
		return read(v)
	}
}

// acceptedBy reads a value that the check of its user accepts too.
func acceptedBy[T any](read func(value) T, check func(T) error) func(value) T {
	return func(v value) T {
		before := v.count
		got := read(v)
		if v.count == before {
			if err := check(got); err != nil {
				v.addFault("%v", err)
			}
		}
		return got
	}
}

// listOf reads an array of strings that differ from each other.
func listOf(what string, read func(value) string) func(value) []string {
	return func(v value) []string {
		all := []string{}
		for _, e := range v.decodeArray(what) {
			s := read(e)
			if s != "" && slices.Contains(all, s) {
				e.addFault("appears twice in the array")
			}
			all = append(all, s)
		}
		return all
	}
}

// Bounds in seconds. The smallest is far below what is useful, so that trials need not
// wait; the largest are where a value is rather a mistake in the unit.
const (
	shortest = 0.05
	day      = 24 * 3600
	year     = 366 * day
)

// readSeconds reads a duration of shortest to longest seconds, or 0 where that means off.
func readSeconds(longest float64, zeroIsOff bool) func(value) time.Duration {
	what := fmt.Sprintf("%v to %.0f seconds", shortest, longest)
	if zeroIsOff {
		what += ", or 0 for off"
	}
	return func(v value) time.Duration {
		s, isNumber := v.asNumber()
		switch {
		case !isNumber:
			v.addMismatch("seconds as a number")
		case zeroIsOff && s == 0:
		case math.IsNaN(s) || s < shortest || s > longest:
			v.addMismatch(what)
		default:
			return time.Duration(s * float64(time.Second))
		}
		return 0
	}
}

// asNumber returns a real or an integer.
func (v value) asNumber() (n float64, isNumber bool) {
	switch n := v.raw.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	}
	return 0, false
}

// readInteger reads a whole number. The bounds are exact as real numbers.
func readInteger(least, most int64) func(value) int64 {
	return func(v value) int64 {
		n, isNumber := v.asNumber()
		if _, isReal := v.raw.(float64); isReal || !isNumber {
			v.addMismatch("an integer")
		} else if n < float64(least) || n > float64(most) {
			v.addMismatch(fmt.Sprintf("an integer from %d to %d", least, most))
		}
		return int64(n)
	}
}

// oneOf reads one of these strings.
func oneOf(names ...string) func(value) string {
	return func(v value) string {
		s, _ := v.raw.(string)
		if !slices.Contains(names, s) {
			v.addMismatch("one of " + strings.Join(names, ", "))
		}
		return s
	}
}

func readBoolean(v value) bool {
	b, isBoolean := v.raw.(bool)
	if !isBoolean {
		v.addMismatch("true or false")
	}
	return b
}

// readDate reads a date of this century: a mistyped year is of another.
func readDate(v value) time.Time {
	t, _ := v.raw.(time.Time)
	if s, isString := v.raw.(string); isString {
		t, _ = time.Parse(time.RFC3339, s)
	}
	t = t.UTC()
	if t.Year() < 2000 || t.Year() >= 2100 {
		v.addMismatch("a date from 2000 to 2099, such as 2030-12-31T00:00:00Z")
	}
	return t
}

// readOwner reads a user name, or a user id in decimal.
func readOwner(v value) string {
	if s, isString := v.raw.(string); isString {
		if ownerPattern.MatchString(s) {
			return s
		}
		if id, err := strconv.ParseUint(s, 10, 32); err == nil {
			return strconv.FormatUint(id, 10)
		}
	}
	if id, isNumber := v.asNumber(); isNumber && id >= 0 && id <= math.MaxUint32 && id == math.Trunc(id) {
		return strconv.FormatUint(uint64(id), 10)
	}
	v.addMismatch("a user name or id")
	return ""
}
