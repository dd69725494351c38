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

// Options says where to look. The zero value means the machine's two files alone.
type Options struct {
	// Root is a folder that stands for the disk: both files and all paths they name
	// are looked for below it. "" is the disk itself.
	Root string

	// File is read as named, in place of the managed and the local file, and must be
	// there. "" is both of these, where absence is no error.
	File string

	// Flags holds the values of flags that were given, by name without dashes:
	// eslogger, canary, state-dir, rules. The paths in it are taken as they are.
	Flags map[string][]string

	// Env is an environment as os.Environ returns it. Only names that begin with
	// HOOKSNARE_ are looked at; of two values the first counts, and an empty one is none.
	Env []string

	// CheckWhere says what is wrong with the condition of an exception; nil skips that.
	CheckWhere func(condition string) error
}

// Load reads the configuration: the command line wins over the managed file, that over
// the environment, that over the local file, that over the defaults, key by key. A
// named file replaces the managed and the local one. The exceptions of the file of
// exceptions are added to those of the configuration, wherever that is from.
//
// The error, if any, is an Errors with everything that is wrong. The configuration
// that comes with it is complete all the same: a wrong value counts as not given, a
// wrong exception as absent, so that an agent can choose to go on with it rather than
// be blind.
func Load(o Options) (Config, Sources, error) {
	c := Config{}
	if o.Root != "" {
		root, err := filepath.Abs(o.Root)
		if err != nil {
			return below(""), nil, Errors{{File: string(Flags), Key: "--root", Why: err.Error()}}
		}
		if o.Root = root; root == "/" {
			o.Root = "" // the disk itself
		}
	}
	c = below(o.Root)
	var sources Sources
	var all Errors
	for _, l := range o.layers() { // the weakest first: each sets over the ones before
		source, wrong := l.apply(&c, o)
		all = append(slices.Clone(wrong), all...)
		if len(source.Keys) > 0 {
			sources = slices.Insert(sources, 0, source)
		}
	}
	all = append(all, c.outsideState(sources)...)
	own, source, wrong := ownExceptions(o.Root, c.Exceptions, o.CheckWhere)
	c.Exceptions = append(c.Exceptions, own...)
	if all = append(all, wrong...); len(own)+len(wrong) > 0 {
		sources = append(sources, source)
	}
	return c, sources, all.err()
}

// layer is a source that is still to be read.
type layer struct {
	kind Layer
	path string // of a file
}

// layers returns what to read, the weakest first.
func (o Options) layers() []layer {
	if o.File != "" {
		return []layer{{File, o.File}, {kind: Environment}, {kind: Flags}}
	}
	return []layer{
		{Local, filepath.Join("/", o.Root, LocalFile)},
		{kind: Environment},
		{Managed, filepath.Join("/", o.Root, ManagedFile)},
		{kind: Flags},
	}
}

// apply reads the layer and sets what it says.
func (l layer) apply(c *Config, o Options) (Source, Errors) {
	at := &origin{file: l.path, problems: &problems{}, checkWhere: o.CheckWhere}
	var keys []string
	switch l.kind {
	case Flags:
		at.file = string(Flags)
		keys = at.flags(c, o.Flags)
	case Environment:
		at.file = string(Environment)
		keys = at.environment(c, o.Env)
	default:
		at.root = o.Root
		keys = at.propertyList(c, l.kind)
	}
	return Source{Layer: l.kind, Name: at.file, Keys: keys, lines: at.lines}, at.problems.sorted(at.file)
}

// propertyList sets what a file says and returns the keys that it set.
func (at *origin) propertyList(c *Config, kind Layer) []string {
	doc, _, err := safefile.Disk{Root: at.root}.ReadTrusted(at.file, maxFile)
	if errors.Is(err, fs.ErrNotExist) && kind != File {
		return nil
	}
	if err != nil {
		at.problems.add(&Error{File: at.file, Why: reason(err, at.file)})
		return nil
	}
	return at.document(c, kind, doc)
}

// document sets what the content of a file says.
func (at *origin) document(c *Config, kind Layer, doc []byte) []string {
	top, err := plist.Decode(doc)
	if err != nil {
		at.problems.add(malformed(at.file, err))
		return nil
	}
	at.lines = keyLines(doc)
	if d, ok := top.(map[string]any); ok && kind == Managed {
		top = withoutEnvelope(d)
	}
	known := []string{}
	for i := range settings {
		if settings[i].Name != "" {
			known = append(known, settings[i].Name)
		}
	}
	members, _ := value{origin: at, raw: top}.members(known)
	var keys []string
	for i := range settings {
		if v, found := members[settings[i].Name]; found {
			keys = append(keys, at.set(c, &settings[i], v)...)
		}
	}
	return keys
}

// malformed returns the error about a file that is no property list.
func malformed(file string, err error) *Error {
	e := &Error{File: file, Why: err.Error()}
	if p, ok := errors.AsType[*plist.Error](err); ok && p.Line > 0 {
		e.Line, e.Why = p.Line, fmt.Sprintf("%v: %s", p.Kind, p.Why)
	}
	return e
}

// set sets one value. It returns the name of the key, nothing when no word of it was used.
func (at *origin) set(c *Config, s *setting, v value) []string {
	if !s.apply(v, c) {
		return nil
	}
	return []string{s.id()}
}

// envelope is what a configuration profile says about itself. Whether macOS leaves it
// out of the file it writes from a profile is not established: either is accepted.
var envelope = []string{
	"PayloadDescription", "PayloadDisplayName", "PayloadEnabled", "PayloadIdentifier",
	"PayloadOrganization", "PayloadType", "PayloadUUID", "PayloadVersion",
}

func withoutEnvelope(d map[string]any) map[string]any {
	d = maps.Clone(d)
	for _, name := range envelope {
		delete(d, name)
	}
	return d
}

// reason returns what is wrong with a file without its path, which errors begin with.
func reason(err error, path string) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), path+": ")
}
