package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"hooksnare/pkg/quote"
)

// decoder reads the values of one source and collects what is wrong with them.
type decoder struct {
	Source
	given  Files       // to decode in place of what is on the disk; nil for none
	file   FileContent // as it was read
	root   string      // what the paths of the source lie below; "" for the disk itself
	set    Sources     // the keys of the configuration that it sets
	faults []*Error    // the first maxFaults
	count  int         // of all faults
}

// maxFaults bounds the errors about one source: a file of a megabyte of wrong keys is one
// mistake, and nobody reads more.
const maxFaults = 100

func (d *decoder) addFaultAt(key string, line int, format string, args ...any) {
	if d.count++; d.count <= maxFaults {
		d.faults = append(d.faults, &Error{File: d.Name, Line: line, Key: key, Why: fmt.Sprintf(format, args...)})
	}
}

// sortedErrors returns the faults by line and, last, how many more there were.
func (d *decoder) sortedErrors() []error {
	slices.SortStableFunc(d.faults, func(a, b *Error) int { return a.Line - b.Line })
	var all []error
	for _, e := range d.faults {
		all = append(all, e)
	}
	if d.count > maxFaults {
		all = append(all, &Error{File: d.Name, Why: fmt.Sprintf("%d more errors", d.count-maxFaults)})
	}
	return all
}

// value is a value as it was given, not checked yet.
type value struct {
	*decoder
	key      string
	raw      any
	isSecret bool // never shown in an error: people put secrets where their path belongs
}

func (v value) addFault(format string, args ...any) {
	v.addFaultAt(v.key, v.lines[v.key], format, args...)
}

func (v value) addMismatch(what string) {
	found := "something else"
	if !v.isSecret {
		found = describeValue(v.raw)
	}
	v.addFault("expected %s, found %s", what, found)
}

// maxQuoted bounds a text in an error, in bytes.
const maxQuoted = 80

// describeValue names a raw value in an error, with its type: a wrong type often looks right.
func describeValue(raw any) string {
	switch r := raw.(type) {
	case nil:
		return "nothing"
	case string:
		return "the string " + quote.Bounded(r, maxQuoted)
	case bool:
		return fmt.Sprintf("the boolean %t", r)
	case int64, uint64:
		return fmt.Sprintf("the integer %d", r)
	case float64:
		return fmt.Sprintf("the real number %g", r)
	case time.Time:
		return "the date " + r.UTC().Format(time.RFC3339)
	case []byte:
		return "data"
	case []any:
		return "an array"
	case map[string]any:
		return "a dictionary"
	}
	return "a value of another type"
}

// storeIn returns a decoder of a value into a field, which stays as it is where the value is
// wrong.
func storeIn[T any](field *T, read func(value) T) func(value) bool {
	return func(v value) bool {
		before := v.count
		got := read(v)
		if v.count > before {
			return false
		}
		*field = got
		return true
	}
}

// maxElements bounds an array. It is far above any real configuration.
const maxElements = 1000

// decodeArray returns the elements of an array, nil where the value is not one.
func (v value) decodeArray(what string) []value {
	list, isArray := v.raw.([]any)
	switch {
	case !isArray:
		v.addMismatch("an array of " + what)
		return nil
	case len(list) > maxElements:
		v.addFault("expected at most %d elements, found %d", maxElements, len(list))
		return nil
	}
	all := make([]value, len(list))
	for i := range list {
		all[i] = value{decoder: v.decoder, key: v.key + "[" + strconv.Itoa(i) + "]", raw: list[i]}
	}
	return all
}

// memberNamed returns a member of a dictionary.
func (v value) memberNamed(name string) value {
	d, _ := v.raw.(map[string]any)
	return value{decoder: v.decoder, key: joinKey(v.key, name), raw: d[name]}
}

// requireMembers adds a fault for each of these members that a dictionary lacks.
func (v value) requireMembers(names ...string) {
	for _, name := range names {
		if v.memberNamed(name).raw == nil {
			v.addFault("needs %s", name)
		}
	}
}

// decodeDictionary decodes the members of a dictionary, each as its key says. It returns the names of
// those of which something was used.
func (v value) decodeDictionary(keys []key) (used []string) {
	d, isDictionary := v.raw.(map[string]any)
	if !isDictionary {
		v.addMismatch("a dictionary")
		return nil
	}
	var known []string
	for i := range keys {
		k := &keys[i]
		if k.name == "" {
			continue
		}
		known = append(known, k.name)
		if _, found := d[k.name]; found && k.decode(v.memberNamed(k.name)) {
			used = append(used, k.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if !slices.Contains(known, name) {
			v.addFaultAt(v.key, v.lines[joinKey(v.key, name)], "%v", unknown{"key", name, known})
		}
	}
	return used
}

// joinKey returns the path of a member.
func joinKey(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
