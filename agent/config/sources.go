package config

import (
	"slices"
	"strings"
)

// Layer is a kind of source.
type Layer string

// The layers, the strongest first. File stands where Managed and Local do not count.
const (
	Flags       Layer = "command line"
	Managed     Layer = "managed"
	Environment Layer = "environment"
	File        Layer = "file"
	Local       Layer = "local"
	Own         Layer = "exceptions" // the file of exceptions, which sets no key
)

// Source is one place that was looked at and what it had to say.
type Source struct {
	Layer Layer
	Name  string   // the file's path, or the layer's name
	Keys  []string // what it sets, also where a stronger source sets it too; in order
	lines map[string]int
}

// line returns the line of a key or, where that was not written, of what encloses it.
func (s *Source) line(key string) int {
	for key != "" {
		if n := s.lines[key]; n > 0 {
			return n
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return 0
}

// Sources are the places that had something to say, the strongest first. What none of
// them sets has its default.
type Sources []Source

// Of returns the source whose value of the key counts; false when it is the default.
// The key may lead further in, as "Outputs[1].URL" does.
func (s Sources) Of(key string) (Source, bool) {
	top := key
	if i := strings.IndexAny(key, ".["); i >= 0 {
		top = key[:i]
	}
	for _, one := range s {
		if slices.Contains(one.Keys, top) {
			return one, true
		}
	}
	return Source{}, false
}

// ProblemOf is Problem for a member of an exception, be it of the configuration or of the
// file of exceptions.
func (s Sources) ProblemOf(x *Exception, member, why string) *Error {
	key := x.Key
	if key == "" {
		key = "Exceptions"
	}
	if member != "" {
		key = join(key, member)
	}
	for _, source := range s {
		if x.Own && source.Layer == Own {
			return &Error{File: source.Name, Line: source.line(key), Key: key, Why: why}
		}
	}
	return s.Problem(key, why)
}

// Problem returns an error about the value of a key that was found elsewhere, in the
// words and with the place that errors of this package have.
func (s Sources) Problem(key, why string) *Error {
	source, found := s.Of(key)
	if !found {
		return &Error{File: "defaults", Key: key, Why: why}
	}
	e := &Error{File: source.Name, Line: source.line(key), Key: key, Why: why}
	for _, k := range Keys() {
		switch {
		case k.id() != key:
		case source.Layer == Flags:
			e.Key = k.Flag
		case source.Layer == Environment:
			e.Key = k.Env
		}
	}
	return e
}

// ByFile reports whether a file sets a key: what the command line or the environment says,
// whoever starts the agent wants just so.
func (s Sources) ByFile(key string) bool {
	source, set := s.Of(key)
	return set && source.Layer != Flags && source.Layer != Environment
}
