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

// text reads a string of one line, of 1 to maxString bytes.
func text(what string) func(value) string {
	return func(v value) string {
		s, isString := v.raw.(string)
		switch {
		case !isString || strings.TrimSpace(s) == "":
			v.expected(what)
		case len(s) > maxString:
			v.fail("expected %s of at most %d bytes, found %d", what, maxString, len(s))
		case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
			v.fail("expected %s without control characters", what)
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
		s := text(what)(v)
		switch {
		case s == "":
		case !strings.HasPrefix(s, "/"):
			v.expected(what)
		case slices.Contains(strings.Split(s, "/"), ".."):
			v.fail("expected %s without \"..\"", what)
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
			v.expected("the absolute path of " + what)
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

// secret keeps a value out of errors.
func secret(read func(value) string) func(value) string {
	return func(v value) string {
		v.isSecret = true
		return read(v)
	}
}

// accepted reads a value that whoever uses it accepts too.
func accepted[T any](read func(value) T, check func(T) error) func(value) T {
	return func(v value) T {
		before := v.count
		got := read(v)
		if v.count == before {
			if err := check(got); err != nil {
				v.fail("%v", err)
			}
		}
		return got
	}
}

// listOf reads an array of strings that differ from each other.
func listOf(what string, read func(value) string) func(value) []string {
	return func(v value) []string {
		all := []string{}
		for _, e := range v.elements(what) {
			s := read(e)
			if s != "" && slices.Contains(all, s) {
				e.fail("appears twice in the array")
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

// seconds reads a duration of shortest to longest seconds, or 0 where that means off.
func seconds(longest float64, zeroIsOff bool) func(value) time.Duration {
	what := fmt.Sprintf("%v to %.0f seconds", shortest, longest)
	if zeroIsOff {
		what += ", or 0 for off"
	}
	return func(v value) time.Duration {
		s, isNumber := v.number()
		switch {
		case !isNumber:
			v.expected("seconds as a number")
		case zeroIsOff && s == 0:
		case math.IsNaN(s) || s < shortest || s > longest:
			v.expected(what)
		default:
			return time.Duration(s * float64(time.Second))
		}
		return 0
	}
}

// number returns a real or an integer.
func (v value) number() (n float64, isNumber bool) {
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

// integer reads a whole number. The bounds are exact as real numbers.
func integer(least, most int64) func(value) int64 {
	return func(v value) int64 {
		n, isNumber := v.number()
		if _, isReal := v.raw.(float64); isReal || !isNumber {
			v.expected("an integer")
		} else if n < float64(least) || n > float64(most) {
			v.expected(fmt.Sprintf("an integer from %d to %d", least, most))
		}
		return int64(n)
	}
}

// oneOf reads one of these strings.
func oneOf(names ...string) func(value) string {
	return func(v value) string {
		s, _ := v.raw.(string)
		if !slices.Contains(names, s) {
			v.expected("one of " + strings.Join(names, ", "))
		}
		return s
	}
}

func boolean(v value) bool {
	b, isBoolean := v.raw.(bool)
	if !isBoolean {
		v.expected("true or false")
	}
	return b
}

// date reads a date of this century: a mistyped year is of another.
func date(v value) time.Time {
	t, _ := v.raw.(time.Time)
	if s, isString := v.raw.(string); isString {
		t, _ = time.Parse(time.RFC3339, s)
	}
	t = t.UTC()
	if t.Year() < 2000 || t.Year() >= 2100 {
		v.expected("a date from 2000 to 2099, such as 2030-12-31T00:00:00Z")
	}
	return t
}

// owner reads a user name, or a user id in decimal.
func owner(v value) string {
	if s, isString := v.raw.(string); isString {
		if ownerPattern.MatchString(s) {
			return s
		}
		if id, err := strconv.ParseUint(s, 10, 32); err == nil {
			return strconv.FormatUint(id, 10)
		}
	}
	if id, isNumber := v.number(); isNumber && id >= 0 && id <= math.MaxUint32 && id == math.Trunc(id) {
		return strconv.FormatUint(uint64(id), 10)
	}
	v.expected("a user name or id")
	return ""
}
