package config

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hooksnare/pkg/safefile"
)

// Settings is a property list that is meant for other Macs, and what it comes to there.
type Settings struct {
	Config  Config
	Sources Sources
	Values  map[string]any // as plist.Decode returns them
}

// ReadSettings reads settings that are meant for other Macs: those of File, over these Flags, and over
// these values as text, each KEY=VALUE, or KEY.NAME=VALUE for a string of a dictionary. Nothing of
// the machine that this runs on counts: neither its own files nor its environment, nor who may write
// the file here.
//
// The error joins an *Error for each thing that is wrong.
func ReadSettings(o Options, assigned []string) (Settings, error) {
	c, values, sources := Default(), map[string]any{}, Sources{}
	keys, faults := configKeys(&c), []error{}
	if o.File != "" {
		d := newDecoder(File, Options{File: o.File})
		content, err := d.readAny()
		if err != nil {
			d.addFileFault(err)
		} else if top, ok := d.readTop(content); ok {
			d.decodeTop(keys, top)
			values, _ = top.(map[string]any)
		}
		faults = append(faults, d.sortedErrors()...)
		maps.Copy(sources, d.set)
	}
	d := newDecoder(CommandLine, Options{})
	d.decodeFlags(keys, o.Flags)
	for name, raw := range d.decodeAssigned(keys, assigned) {
		if values != nil {
			values[name] = raw
		}
	}
	maps.Copy(sources, d.set)
	faults = append(append(faults, d.sortedErrors()...), c.checkTogether(sources)...)
	return Settings{c, sources, values}, errors.Join(faults...)
}

// readAny returns the content of a file that others may be able to write.
func (d *decoder) readAny() ([]byte, error) {
	path, err := filepath.Abs(d.Name)
	if err != nil {
		return nil, err
	}
	content, _, err := safefile.ReadIn("/", path, maxFile)
	if _, ok := errors.AsType[*fs.PathError](err); err != nil && !ok {
		err = errors.New(strings.TrimPrefix(err.Error(), path+": ")) // the file is named as it was given
	}
	return content, err
}

// decodeAssigned decodes values that are given as text, and returns them as a property list has them.
func (d *decoder) decodeAssigned(keys []key, assigned []string) map[string]any {
	values := map[string]any{}
	for _, text := range assigned {
		name, given, isAssigned := strings.Cut(text, "=")
		top, member, isMember := strings.Cut(name, ".")
		i := slices.IndexFunc(keys, func(k key) bool { return k.name != "" && k.name == top })
		shown := "--set " + name
		switch {
		case !isAssigned:
			d.addFaultAt("--set", 0, "expected KEY=VALUE, found %s", describeValue(text))
		case i < 0:
			d.addFaultAt("--set", 0, "%v", unknown{"key", top, keyNames(keys)})
		case keys[i].kind == "dictionaries":
			d.addFaultAt(shown, 0, "can't be given as text: write it in a property list and name that with --config")
		case keys[i].kind == stringsByName && (!isMember || member == ""):
			d.addFaultAt(shown, 0, "expected --set %s.NAME=VALUE", top)
		case keys[i].kind == stringsByName:
			dictionary, _ := values[top].(map[string]any)
			if dictionary == nil {
				dictionary = map[string]any{}
			}
			if dictionary[member] != nil {
				d.addFaultAt(shown, 0, "appears twice")
			}
			dictionary[member], values[top] = given, dictionary
		case isMember:
			d.addFaultAt(shown, 0, "%s has no members", top)
		case values[top] != nil:
			d.addFaultAt(shown, 0, "appears twice")
		default:
			values[top] = keys[i].parseText(given)
		}
	}
	for i := range keys {
		if raw, found := values[keys[i].name]; found {
			d.decodeNamed(&keys[i], "--set "+keys[i].name, raw)
		}
	}
	return values
}

// keyNames returns the names that keys have in a property list.
func keyNames(keys []key) (names []string) {
	for i := range keys {
		if keys[i].name != "" {
			names = append(names, keys[i].name)
		}
	}
	return names
}
