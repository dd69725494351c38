package rules

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// shape checks a key against the struct that its file is decoded into: it returns how much
// of the path is known and, where all of it is, the kinds that its value may have.
//
// The decoder would do the same with less: it takes keys in any case, stops at the first
// value of a wrong type, and does not tell where an unknown key stands.
func shape(t reflect.Type, path []string) (known int, want []kind) {
	for ; known < len(path); known++ {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() == reflect.Interface {
			return len(path), nil
		}
		member, ok := memberOf(t, path[known])
		if !ok {
			return known, nil
		}
		t = member
	}
	return known, kindsOf(t)
}

// memberOf returns the type of a struct's member by its name in TOML.
func memberOf(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	known, ok := members.Load(t)
	if !ok {
		known, _ = members.LoadOrStore(t, membersOf(t))
	}
	member, ok := known.(map[string]reflect.Type)[name]
	return member, ok
}

// members holds the members of each type by their names: working them out takes longer than
// all else about a rule file.
var members sync.Map

func membersOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("toml"); !f.Anonymous && name != "" {
			out[name] = f.Type
		}
	}
	return out
}

// kindsOf returns what may be decoded into a type; nothing for anything.
func kindsOf(t reflect.Type) []kind {
	switch t.Kind() {
	case reflect.Pointer:
		return kindsOf(t.Elem())
	case reflect.String:
		return []kind{kindString}
	case reflect.Bool:
		return []kind{kindBool}
	case reflect.Int, reflect.Uint32:
		return []kind{kindInt}
	case reflect.Struct:
		return []kind{kindTable}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.String {
			return []kind{kindTexts, kindEmpty}
		}
		return []kind{kindTables, kindEmpty}
	}
	return nil
}

// checkShape notes unknown keys and values of a wrong type. Of what stands below an unknown
// key only the key is noted.
func (d *document) checkShape(t reflect.Type) {
	unknown := map[string]bool{}
	for _, it := range d.items {
		if len(d.faults) > maxFaults {
			return
		}
		known, want := shape(t, it.path)
		switch {
		case known < len(it.path):
			name := strings.Join(it.path[:known+1], ".")
			if !unknown[name] {
				unknown[name] = true
				d.faults = append(d.faults, d.fault(it.at, "unknown key %q", name))
			}
		case len(want) > 0 && !slices.Contains(want, it.kind):
			d.faults = append(d.faults, d.fault(it.value, "%s: expected %s, found %s", strings.Join(it.path, "."), article(want[0]), article(it.kind)))
		}
	}
}

func article(k kind) string {
	if strings.ContainsRune("aeiou", rune(k[0])) {
		return "an " + string(k)
	}
	return "a " + string(k)
}
