package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// prefix begins the names of the environment variables that are ours.
const prefix = "HOOKSNARE_"

// flags sets what the command line says and returns the keys that it set.
func (at *origin) flags(c *Config, given map[string][]string) []string {
	var keys []string
	left := maps.Clone(given)
	for i := range settings {
		s := &settings[i]
		name := strings.TrimPrefix(s.Flag, "--")
		texts, found := left[name]
		if !found || s.Flag == "" || s.apply == nil {
			continue
		}
		delete(left, name)
		keys = append(keys, at.set(c, s, value{origin: at, key: s.Flag, raw: s.flagValue(texts)})...)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		at.problems.add(&Error{File: at.file, Key: "--" + name, Why: "no flag of a setting"})
	}
	return keys
}

// flagValue returns the texts of a flag the way a property list would hold them: a list
// has one element for each time that the flag was given.
func (s *setting) flagValue(texts []string) any {
	if s.Type != "strings" {
		if len(texts) == 0 {
			return nil
		}
		return absolute(s.parse(texts[len(texts)-1]))
	}
	all := make([]any, len(texts))
	for i := range texts {
		all[i] = absolute(texts[i])
	}
	return all
}

// absolute returns a path of the command line as seen from the working directory. All
// flags that are strings are paths.
func absolute(raw any) any {
	if s, ok := raw.(string); ok && s != "" {
		if p, err := filepath.Abs(s); err == nil {
			return p
		}
	}
	return raw
}

// environment sets what the environment says and returns the keys that it set.
func (at *origin) environment(c *Config, env []string) []string {
	given := ours(env)
	var keys []string
	for i := range settings {
		s := &settings[i]
		text, found := given[s.Env]
		delete(given, s.Env)
		if !found || s.Env == "" || text == "" {
			continue
		}
		keys = append(keys, at.set(c, s, value{origin: at, key: s.Env, raw: s.parse(text)})...)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		at.problems.add(&Error{File: at.file, Why: noVariable(name)})
	}
	return keys
}

// ours returns the variables of an environment that begin with the prefix.
func ours(env []string) map[string]string {
	given := map[string]string{}
	for _, entry := range env {
		name, text, _ := strings.Cut(entry, "=")
		if _, twice := given[name]; !twice && strings.HasPrefix(name, prefix) {
			given[name] = text
		}
	}
	return given
}

// noVariable words the error about a variable that has no meaning, and says where the
// thing it was meant for belongs.
func noVariable(name string) string {
	known := []string{}
	for i := range settings {
		s := &settings[i]
		switch {
		case s.Env != "":
			known = append(known, s.Env)
		case s.Flag != "" && name == variable(s.id()):
			return "unknown variable " + quote(name) + " (only " + s.Flag + " on the command line can say it)"
		case name == variable(s.Name):
			return "unknown variable " + quote(name) + " (only " + s.Name + " in a property list can say it)"
		}
	}
	return unknown("variable", name, known)
}

// variable returns the environment variable that a key or flag would have.
func variable(id string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for i, r := range id {
		switch {
		case r == '-':
			r = '_'
		case i > 0 && r >= 'A' && r <= 'Z':
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
