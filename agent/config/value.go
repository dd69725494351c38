package config

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds on what one value may hold. They are far above any real configuration and
// keep a file of the largest size cheap to check.
const (
	maxString   = 4096
	maxElements = 1000
)

// origin is where values come from and what goes for all of them.
type origin struct {
	file       string // as errors name it
	root       string // put before paths; "" for none
	lines      map[string]int
	problems   *problems
	checkWhere func(string) error
}

// value is a value as it was given, not yet believed. Its methods tell of what is
// wrong and return false; the caller then does without the value.
type value struct {
	*origin
	key    string
	raw    any
	secret bool // never quoted in an error: people put secrets where their path belongs
}

// fail tells of an error in the value.
func (v value) fail(format string, args ...any) bool {
	if v.problems.full() {
		v.problems.more++
		return false
	}
	v.problems.add(&Error{File: v.file, Line: v.lines[v.key], Key: v.key, Why: fmt.Sprintf(format, args...)})
	return false
}

// expected says what the value should have been.
func (v value) expected(what string) bool {
	return v.fail("expected %s, found %s", what, describe(v.raw, v.secret))
}

// describe names a raw value in an error, with its type, since a wrong type often looks right.
func describe(raw any, secret bool) string {
	if secret {
		return "something else"
	}
	switch r := raw.(type) {
	case string:
		return "string " + quote(r)
	case bool:
		return "boolean " + strconv.FormatBool(r)
	case int64, uint64:
		return fmt.Sprintf("integer %d", r)
	case float64:
		return "real " + strconv.FormatFloat(r, 'g', -1, 64)
	case time.Time:
		return "date " + r.UTC().Format(time.RFC3339)
	case []byte:
		return fmt.Sprintf("data of %d bytes", len(r))
	case []any:
		return fmt.Sprintf("an array of %d", len(r))
	case map[string]any:
		return fmt.Sprintf("a dictionary of %d", len(r))
	case nil:
		return "nothing"
	}
	return "a value of another type"
}

// quote returns s as it can be shown: escaped, and cut where it is long.
func quote(s string) string {
	const longest = 80
	if len(s) <= longest {
		return strconv.QuoteToASCII(s)
	}
	return strconv.QuoteToASCII(strings.ToValidUTF8(s[:longest], "")) + "..."
}

// text returns a string of one line, of 1 to maxString bytes.
func (v value) text(what string) (string, bool) {
	s, ok := v.raw.(string)
	switch {
	case !ok || strings.TrimSpace(s) == "":
		return "", v.expected(what)
	case len(s) > maxString:
		return "", v.fail("expected %s of at most %d bytes, found %d", what, maxString, len(s))
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "", v.fail("expected %s without control characters", what)
	}
	return s, true
}

// path returns an absolute path, below the origin's root.
func (v value) path(what string) (string, bool) {
	want := "the absolute path of " + what
	s, ok := v.text(want)
	switch {
	case !ok:
		return "", false
	case !strings.HasPrefix(s, "/"):
		return "", v.expected(want)
	case slices.Contains(strings.Split(s, "/"), ".."):
		return "", v.fail("expected %s without \"..\"", want)
	}
	return filepath.Join("/", v.root, s), true
}

// filePath returns the path of what is not a folder.
func (v value) filePath(what string) (string, bool) {
	p, ok := v.path(what)
	if s, _ := v.raw.(string); ok && (strings.HasSuffix(s, "/") || filepath.Clean(s) == "/") {
		return "", v.expected("the absolute path of " + what)
	}
	return p, ok
}

// seconds returns a duration of min to max seconds, or 0 where that means off.
func (v value) seconds(min, max float64, off bool) (time.Duration, bool) {
	s, ok := v.number()
	if !ok {
		return 0, v.expected("seconds as a number")
	}
	if off && s == 0 {
		return 0, true
	}
	if math.IsNaN(s) || s < min || s > max {
		what := fmt.Sprintf("%v to %s seconds", min, strconv.FormatFloat(max, 'f', -1, 64))
		if off {
			what += ", or 0 for off"
		}
		return 0, v.expected(what)
	}
	return time.Duration(s * float64(time.Second)), true
}

// number returns a real, or an integer as one.
func (v value) number() (float64, bool) {
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

// integer returns a whole number of min to max.
func (v value) integer(min, max int64) (int64, bool) {
	var n int64
	switch i := v.raw.(type) {
	case int64:
		n = i
	case uint64:
		n = int64(i)
		if i > math.MaxInt64 {
			n = math.MaxInt64
		}
	default:
		return 0, v.expected("an integer")
	}
	if n < min || n > max {
		return 0, v.expected(fmt.Sprintf("an integer from %d to %d", min, max))
	}
	return n, true
}

// boolean returns true or false.
func (v value) boolean() (bool, bool) {
	b, ok := v.raw.(bool)
	if !ok {
		v.expected("true or false")
	}
	return b, ok
}

// list returns the elements of an array.
func (v value) list(what string) ([]value, bool) {
	a, ok := v.raw.([]any)
	if !ok {
		return nil, v.expected("an array of " + what)
	}
	if len(a) > maxElements {
		return nil, v.fail("expected at most %d elements, found %d", maxElements, len(a))
	}
	all := make([]value, len(a))
	for i := range a {
		all[i] = value{origin: v.origin, key: v.key + "[" + strconv.Itoa(i) + "]", raw: a[i], secret: v.secret}
	}
	return all, true
}

// strings returns the elements of an array, each read by one.
func (v value) strings(what string, one func(value) (string, bool)) ([]string, bool) {
	elements, ok := v.list(what)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(elements))
	for _, e := range elements {
		s, good := one(e)
		if good && slices.Contains(out, s) {
			good = e.fail("is there already: %s", quote(s))
		}
		ok = ok && good
		out = append(out, s)
	}
	return out, ok
}

// members returns the members of a dictionary whose names are known, and tells of the
// others.
func (v value) members(known []string) (map[string]value, bool) {
	d, ok := v.raw.(map[string]any)
	if !ok {
		return nil, v.expected("a dictionary")
	}
	all := make(map[string]value, len(known))
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if !slices.Contains(known, name) {
			ok = v.unknownKey(name, known)
			continue
		}
		all[name] = value{origin: v.origin, key: join(v.key, name), raw: d[name]}
	}
	return all, ok
}

// unknownKey tells of a member that has no meaning.
func (v value) unknownKey(name string, known []string) bool {
	if v.problems.full() {
		v.problems.more++
		return false
	}
	v.problems.add(&Error{
		File: v.file, Line: v.lines[join(v.key, name)], Key: v.key, Why: unknown("key", name, known),
	})
	return false
}

// join returns the way to a member.
func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
