package config

import (
	"regexp"
	"slices"
	"time"
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

func setProgram(v value, c *Config) bool {
	o := *v.origin
	o.root = ""
	v.origin = &o
	p, ok := v.filePath("a program")
	return keep(&c.EsloggerPath, p, ok)
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

var eventPattern = regexp.MustCompile(`^[a-z_]{1,64}$`)

func setEvents(v value, c *Config) bool {
	one := func(v value) (string, bool) {
		s, _ := v.raw.(string)
		if !eventPattern.MatchString(s) {
			return "", v.want("the name of an event, of a-z and _")
		}
		return s, true
	}
	all, ok := v.strings("event names", one)
	if ok && !slices.Contains(all, "exec") {
		ok = v.fail("want exec among the events: without it no command is seen")
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
