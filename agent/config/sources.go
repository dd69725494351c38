package config

import "strings"

// Layer is a kind of source.
type Layer string

// The layers, the strongest first. File stands where Managed and Local do not count.
const (
	CommandLine Layer = "command line"
	Managed     Layer = "managed"
	Environment Layer = "environment"
	File        Layer = "file"
	Local       Layer = "local"
	Own         Layer = "exceptions" // the file of exceptions
)

// Source is the place that a key is taken from.
type Source struct {
	Layer Layer
	Name  string         // the file's path, or the layer's name
	Form  string         // Profile or SignedProfile for a file that is one, else ""
	key   string         // as it is spelled there: "--rules" for RuleDirectories
	lines map[string]int // by key; nil where the place has no lines
}

// newError returns an error about a key, at the line of the key or, where that was not
// written, of what encloses it.
func (s *Source) newError(key, why string) *Error {
	e := &Error{File: s.Name, Key: key, Why: why}
	for ; key != "" && e.Line == 0; key = key[:max(strings.LastIndexAny(key, ".["), 0)] {
		e.Line = s.lines[key]
	}
	return e
}

// Sources has the source of each key that is set anywhere, and under Own that of the
// exceptions of their own file.
type Sources map[string]Source

// Of returns the source whose value of the key counts; false when it is the default.
// The key may lead further in, as "Outputs[1].URL" does.
func (s Sources) Of(key string) (Source, bool) {
	source, found := s[topKey(key)]
	return source, found
}

// topKey returns the key of the configuration that a key belongs to.
func topKey(key string) string {
	if i := strings.IndexAny(key, ".["); i >= 0 {
		return key[:i]
	}
	return key
}

// Problem returns an error about the value of a key that was found elsewhere, in the
// words and with the place that errors of this package have.
func (s Sources) Problem(key, why string) *Error {
	source, found := s.Of(key)
	if !found {
		return &Error{File: "defaults", Key: key, Why: why}
	}
	return source.newError(source.key+key[len(topKey(key)):], why)
}

// ProblemOf is Problem for a member of an exception, be it of the configuration or of the
// file of exceptions.
func (s Sources) ProblemOf(x *Exception, member, why string) *Error {
	key := x.Key
	if key == "" {
		key = exceptionsKey
	}
	if member != "" {
		key = joinKey(key, member)
	}
	if own, found := s[string(Own)]; x.Own && found {
		return own.newError(key, why)
	}
	return s.Problem(key, why)
}

// ByFile reports whether a file sets a key: what the command line or the environment says,
// whoever starts the agent wants just so.
func (s Sources) ByFile(key string) bool {
	source, set := s.Of(key)
	return set && source.Layer != CommandLine && source.Layer != Environment
}

// Form returns the form of the file that was named, as far as a key is taken from it: Profile or
// SignedProfile where it is one, else "".
func (s Sources) Form() string {
	for _, source := range s {
		if source.Layer == File {
			return source.Form
		}
	}
	return ""
}
