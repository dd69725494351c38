package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hooksnare/pkg/plist"
	"hooksnare/pkg/safefile"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// Options are the sources of a configuration. The zero value means the machine's two files alone.
type Options struct {
	// Root is a folder that stands for the disk: both files and all paths they name
	// are looked for below it. "" is the disk itself.
	Root string

	// File is read as named, in place of the managed and the local file, and must be
	// there. "" is both of these, where absence is not an error.
	File string

	// Flags are paths that flags name, relative ones as seen from the working directory.
	Flags Flags

	// Files are decoded in place of what is on the disk; nil: what is there is read.
	Files Files

	// Env is an environment as os.Environ returns it. Only names that begin with
	// HOOKSNARE_ are looked at; of two values the first counts, and an empty one is none.
	Env []string
}

// Flags are what the command line sets; "" and nil stand for flags that were not given.
type Flags struct {
	StateDir, Eslogger, Canary string
	Rules                      []string
}

// Load reads the configuration: the command line wins over the managed file, that over
// the environment, that over the local file, that over the defaults, key by key. A
// named file replaces the managed and the local one. The exceptions of the file of
// exceptions are added to those of the configuration, wherever that is from.
//
// The error joins an *Error for each thing that is wrong. The configuration that comes with
// it is complete all the same: a wrong value counts as not given, a wrong exception as
// absent, so that an agent can choose to go on with it rather than be blind.
func Load(o Options) (Config, Sources, error) {
	l, err := Read(o)
	return l.Config, l.Sources, err
}

// Read is Load, and returns the files as they were read, too.
func Read(o Options) (Loaded, error) {
	if o.Root != "" {
		root, err := filepath.Abs(o.Root)
		if err != nil {
			return Loaded{Config: defaultBelow("")}, &Error{File: string(CommandLine), Key: "--root", Why: err.Error()}
		}
		if o.Root = root; root == "/" {
			o.Root = "" // the disk itself
		}
	}
	c, sources := defaultBelow(o.Root), Sources{}
	var files Files
	var faults []error
	for _, layer := range o.weakestFirst() { // each sets over the ones before
		d := newDecoder(layer, o)
		switch keys := configKeys(&c); layer {
		case CommandLine:
			d.decodeFlags(keys, o.Flags)
		case Environment:
			d.decodeEnvironment(keys, o.Env)
		default:
			d.decodeFile(keys)
		}
		faults = append(d.sortedErrors(), faults...)
		maps.Copy(sources, d.set)
		if d.file.Content != nil {
			files = append(Files{d.file}, files...)
		}
	}
	faults = append(faults, c.checkTogether(sources)...)
	d := newDecoder(Own, o)
	d.decodeFile(ownKeys(&c))
	if own, found := d.set[exceptionsKey]; found {
		sources[string(Own)] = own
	}
	return Loaded{c, sources, files}, errors.Join(append(faults, d.sortedErrors()...)...)
}

// weakestFirst returns the sources to read, the weakest first.
func (o Options) weakestFirst() []Layer {
	if o.File != "" {
		return []Layer{File, Environment, CommandLine}
	}
	return []Layer{Local, Environment, Managed, CommandLine}
}

func newDecoder(layer Layer, o Options) *decoder {
	d := &decoder{Source: Source{Layer: layer, Name: string(layer)}, set: Sources{}, given: o.Files}
	if layer != CommandLine && layer != Environment {
		d.Name, d.root = o.paths()[layer], o.Root
	}
	return d
}

// decodeFile decodes a property list, which only has to be there where it was named.
func (d *decoder) decodeFile(keys []key) {
	content, err := d.readContent()
	if err != nil {
		d.addFileFault(err)
	} else if content != nil {
		d.decodeContent(keys, content)
	}
}

func (d *decoder) addFileFault(err error) {
	e := fileError(d.Name, err)
	d.addFaultAt("", e.Line, "%s", e.Why)
}

// fileError returns the error about a file that can't be read or is not a property list. It
// names the file once.
func fileError(file string, err error) *Error {
	e := &Error{File: file, Why: strings.TrimPrefix(err.Error(), file+": ")}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		e.Why = p.Err.Error()
	}
	if p, ok := errors.AsType[*plist.Error](err); ok && p.Line > 0 {
		e.Line, e.Why = p.Line, fmt.Sprintf("%v: %s", p.Kind, p.Why)
	}
	return e
}

// readContent returns the content of a file, nil where it is missing and may be.
func (d *decoder) readContent() ([]byte, error) {
	if d.given != nil && d.Layer != Own {
		d.file = d.given.of(d.Layer)
		return d.file.Content, nil
	}
	content, version, err := safefile.Disk{Root: d.root}.ReadTrusted(d.Name, maxFile)
	d.file = FileContent{Layer: d.Layer, Content: content, Modified: version.ModTime}
	switch {
	case errors.Is(err, fs.ErrNotExist) && d.Layer != File:
		return nil, nil
	case err == nil && d.Layer == Own:
		// Whoever can write a folder above it could put another in its place.
		err = OwnPlace(d.root, ExceptionsFile)
	}
	return content, err
}

// decodeContent decodes the content of a file.
func (d *decoder) decodeContent(keys []key, content []byte) {
	if top, ok := d.readTop(content); ok {
		d.decodeTop(keys, top)
	}
}

// decodeTop decodes what a file says.
func (d *decoder) decodeTop(keys []key, top any) {
	for _, name := range (value{decoder: d, raw: top}).decodeDictionary(keys) {
		d.markSet(name, name)
	}
}

// decodeFlags decodes the paths that flags name.
func (d *decoder) decodeFlags(keys []key, flags Flags) {
	absolute := func(path string) any {
		if a, err := filepath.Abs(path); err == nil && path != "" {
			return a
		}
		return path // which its reader refuses
	}
	given := map[string]any{}
	for flag, path := range map[string]string{"--state-dir": flags.StateDir, "--eslogger": flags.Eslogger, "--canary": flags.Canary} {
		if path != "" {
			given[flag] = absolute(path)
		}
	}
	if len(flags.Rules) > 0 {
		var paths []any
		for _, path := range flags.Rules {
			paths = append(paths, absolute(path))
		}
		given["--rules"] = paths
	}
	for i := range keys {
		if raw, found := given[keys[i].flag]; found {
			d.decodeNamed(&keys[i], keys[i].flag, raw)
		}
	}
}

// decodeNamed decodes the value of a key that has another name in this source.
func (d *decoder) decodeNamed(k *key, name string, raw any) {
	if k.decode(value{decoder: d, key: name, raw: raw}) {
		d.markSet(k.keyID(), name)
	}
}

// markSet notes that this source sets a key, and the name of the key in it.
func (d *decoder) markSet(key, name string) {
	source := d.Source
	source.key = name
	d.set[key] = source
}

// decodeEnvironment decodes the variables that are ours.
func (d *decoder) decodeEnvironment(keys []key, environment []string) {
	given := map[string]string{}
	for _, entry := range environment {
		name, text, _ := strings.Cut(entry, "=")
		if _, twice := given[name]; !twice && strings.HasPrefix(name, variablePrefix) {
			given[name] = text
		}
	}
	var known []string
	for i := range keys {
		k := &keys[i]
		name := variableOf(k.keyID())
		text, found := given[name]
		switch {
		case k.variableName() != "":
			known = append(known, name)
			if text != "" {
				d.decodeNamed(k, name, k.parseText(text))
			}
		case found && k.name == "":
			d.addFaultAt("", 0, "unknown variable %q (only %s on the command line can set it)", name, k.flag)
		case found:
			d.addFaultAt("", 0, "unknown variable %q (only %s in a property list can set it)", name, k.name)
		}
		delete(given, name)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		d.addFaultAt("", 0, "%v", unknown{"variable", name, known})
	}
}
