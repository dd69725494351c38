package config

import (
	"slices"
	"time"

	"hooksnare/collector/eslogger"
	"hooksnare/collector/prefs"
)

// keep stores a value that is right.
func keep[T any](field *T, v T, ok bool) bool {
	if ok {
		*field = v
	}
	return ok
}

func setPath(field func(*Config) *string) func(value, *Config) bool {
	return func(v value, c *Config) bool {
		p, ok := v.path("a folder")
		return keep(field(c), p, ok)
	}
}

// elsewhere returns the value without the root in front of its paths.
func (v value) elsewhere() value {
	o := *v.origin
	o.root = ""
	v.origin = &o
	return v
}

// setProgram sets a program to run. A disk that is merely looked at does not get to say
// that: what its files say is checked and not used.
func setProgram(field func(*Config) *string) func(value, *Config) bool {
	return func(v value, c *Config) bool {
		p, ok := v.elsewhere().filePath("a program")
		if ok {
			if err := eslogger.CheckProgram(p); err != nil {
				ok = v.fail("%v", err)
			}
		}
		return keep(field(c), p, ok && v.root == "")
	}
}

// setHomes sets home folders as the Mac knows them whose disk this is.
func setHomes(v value, c *Config) bool {
	one := func(v value) (string, bool) {
		p, ok := v.elsewhere().path("a home folder")
		if !ok {
			return "", false
		}
		if err := prefs.CheckHome(p); err != nil {
			return "", v.fail("%v", err)
		}
		return p, true
	}
	all, ok := v.strings("absolute paths", one)
	if ok {
		if err := prefs.CheckHomes(all); err != nil {
			ok = v.fail("%v", err)
		}
	}
	return keep(&c.ExtraHomes, all, ok)
}

func setPaths(field func(*Config) *[]string) func(value, *Config) bool {
	return func(v value, c *Config) bool {
		one := func(v value) (string, bool) { return v.path("a folder") }
		all, ok := v.strings("absolute paths", one)
		return keep(field(c), all, ok)
	}
}

func setDisabled(v value, c *Config) bool {
	all, ok := v.strings("rule ids", ruleID)
	return keep(&c.DisabledRules, all, ok)
}

func setSeconds(field func(*Config) *time.Duration, max float64, off bool) func(value, *Config) bool {
	return func(v value, c *Config) bool {
		d, ok := v.seconds(shortest, max, off)
		return keep(field(c), d, ok)
	}
}

func setInteger(field func(*Config) *int64, min, max int64) func(value, *Config) bool {
	return func(v value, c *Config) bool {
		n, ok := v.integer(min, max)
		return keep(field(c), n, ok)
	}
}

func setEvents(v value, c *Config) bool {
	one := func(v value) (string, bool) {
		s, isString := v.raw.(string)
		if !isString {
			return "", v.expected("the name of an event")
		}
		if err := eslogger.CheckEvent(s); err != nil {
			return "", v.fail("%v", err)
		}
		return s, true
	}
	all, ok := v.strings("event names", one)
	if ok {
		if err := eslogger.CheckEvents(all); err != nil {
			ok = v.fail("%v", err)
		}
	}
	if ok && !slices.Contains(all, "exec") {
		ok = v.fail("expected exec among the events: without it no command is seen")
	}
	return keep(&c.EsloggerEvents, all, ok)
}

func setExceptions(v value, c *Config) bool {
	all, ok := v.exceptions(map[string]string{})
	return keep(&c.Exceptions, all, ok)
}

func setOutputs(v value, c *Config) bool {
	all, ok := v.outputs()
	return keep(&c.Outputs, all, ok)
}
