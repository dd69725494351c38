package config

import (
	"reflect"
	"time"
)

// stringsByName is the kind of a key whose value is a dictionary of strings under any names.
const stringsByName = "dictionary of strings"

// Key describes a key of the configuration's property list, or a member of a dictionary there.
type Key struct {
	Name    string
	Kind    Kind
	Unit    string // seconds, bytes, alerts; "" for none
	Doc     string // in Markdown
	Choices []string
	Default any   // as a property list has it; nil for none, or where that says the same as absence
	Members []Key // of the dictionary, or of each dictionary in the array
}

// Kind is the type of a value in a property list.
type Kind string

// The kinds.
const (
	String        Kind = "string"
	Boolean       Kind = "boolean"
	Integer       Kind = "integer"
	Real          Kind = "real"
	Date          Kind = "date"
	Strings       Kind = "array of strings"
	Dictionary    Kind = "dictionary"
	Dictionaries  Kind = "array of dictionaries"
	StringsByName Kind = stringsByName
)

// kinds has the kind of each text in the table. Where several types are accepted it is the one that a
// form can ask for.
var kinds = map[string]Kind{
	"string": String, "string or integer": String, "boolean": Boolean, "integer": Integer, "real": Real, "date or RFC 3339 string": Date,
	"strings": Strings, "dictionary": Dictionary, "dictionaries": Dictionaries, stringsByName: StringsByName,
}

// Keys returns what a property list of the configuration may have, in the order of the reference.
func Keys() []Key {
	c := Default()
	return describeKeys(configKeys(&c), reflect.ValueOf(c))
}

// describeKeys describes the keys that have names; their defaults are the fields of these names.
func describeKeys(keys []key, defaults reflect.Value) (all []Key) {
	for i := range keys {
		k := &keys[i]
		if k.name == "" {
			continue
		}
		described := Key{Name: k.name, Kind: kinds[k.kind], Unit: k.unit, Doc: k.doc, Choices: k.choices}
		if defaults.IsValid() {
			described.Default = plistValue(defaults.FieldByName(k.name))
		}
		switch k.name {
		case "Exceptions":
			described.Members = describeKeys((&Exception{}).memberKeys(), reflect.Value{})
		case "Require":
			described.Members = describeKeys((&Require{}).memberKeys(), reflect.Value{})
		case "Outputs":
			described.Members = describeKeys((&Output{}).memberKeys(), reflect.ValueOf(Output{MinSeverity: "low", Enabled: true}))
		}
		all = append(all, described)
	}
	return all
}

// plistValue returns a value as a property list has it, nil for an empty one.
func plistValue(v reflect.Value) any {
	if !v.IsValid() || v.Kind() == reflect.Map || v.IsZero() && v.Kind() != reflect.Bool {
		return nil
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.Seconds()
	case []Exception:
		all := []any{}
		for i := range x {
			all = append(all, x[i].dictionary())
		}
		return all
	case []Output:
		all := []any{}
		for i := range x {
			written := map[string]any{}
			for _, k := range describeKeys(x[i].memberKeys(), reflect.ValueOf(x[i])) {
				if k.Default != nil {
					written[k.Name] = k.Default
				}
			}
			all = append(all, written)
		}
		return all
	case []string:
		all := []any{}
		for _, s := range x {
			all = append(all, s)
		}
		return all
	}
	return v.Interface()
}
