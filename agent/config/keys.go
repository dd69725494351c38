package config

import (
	"strconv"
	"strings"
	"time"
)

// Key is one thing that can be configured, and every name it has.
type Key struct {
	Name    string // in a property list; "" where only the command line can say it
	Flag    string // with its dashes; "" for none
	Env     string // "" for none
	Type    string // string, strings, real, integer or dictionaries
	Unit    string // seconds, bytes, alerts; "" for none
	Default string // as a person would write it; "" for none
	Doc     string
}

// setting is a key together with the way to read and keep its value.
type setting struct {
	Key
	apply func(value, *Config) bool // false: not a word of the value was used
}

// Keys returns all keys in the order they are documented in.
func Keys() []Key {
	all := make([]Key, len(settings))
	for i := range settings {
		all[i] = settings[i].Key
	}
	return all
}

// Bounds in seconds. The smallest is far below what is useful, so that trials need not
// wait; the largest are where a value is rather a mistake in the unit.
const (
	shortest = 0.05
	day      = 24 * 3600
	year     = 366 * day
)

// settings is the one list of what can be configured: files, flags, environment and
// documentation all follow it. A list of strings is separated by colons in the
// environment, as PATH is.
var settings = []setting{
	{Key{Flag: "--config", Type: "string", Default: "managed and local file",
		Doc: "property list to read instead of both files"}, nil},
	{Key{Flag: "--root", Type: "string", Default: "/",
		Doc: "folder to read everything below, as if it were the disk"}, nil},
	{Key{Flag: "--state-dir", Env: "HOOKSNARE_STATE_DIR", Type: "string", Default: stateDir,
		Doc: "state and spool"}, setPath(func(c *Config) *string { return &c.StateDir })},
	{Key{Name: "EsloggerPath", Flag: "--eslogger", Env: "HOOKSNARE_ESLOGGER_PATH", Type: "string",
		Default: "/usr/bin/eslogger", Doc: "eslogger, or a program that writes the same; with `--root` only flag and environment count"},
		setProgram(func(c *Config) *string { return &c.EsloggerPath })},
	{Key{Name: "EsloggerEvents", Env: "HOOKSNARE_ESLOGGER_EVENTS", Type: "strings",
		Default: "exec, fork, exit", Doc: "events to ask eslogger for; `exec` is required"}, setEvents},
	{Key{Flag: "--canary", Env: "HOOKSNARE_CANARY", Type: "string", Default: "/usr/bin/true",
		Doc: "program that does nothing, run to prove that eslogger sees commands; this machine's, also with `--root`"},
		setProgram(func(c *Config) *string { return &c.CanaryPath })},
	{seconds("CanaryInterval", "HOOKSNARE_CANARY_INTERVAL", "30",
		"how often to prove that eslogger sees commands; 0 = off"),
		setSeconds(func(c *Config) *time.Duration { return &c.CanaryInterval }, day, true)},
	{seconds("HeartbeatInterval", "HOOKSNARE_HEARTBEAT_INTERVAL", "300",
		"how often to send a sign of life; 0 = off"),
		setSeconds(func(c *Config) *time.Duration { return &c.HeartbeatInterval }, day, true)},
	{seconds("SweepInterval", "HOOKSNARE_SWEEP_INTERVAL", "2",
		"how often to look at every preferences file that can hold a hook; 0 = off"),
		setSeconds(func(c *Config) *time.Duration { return &c.SweepInterval }, day, true)},
	{seconds("CorrelationWindow", "HOOKSNARE_CORRELATION_WINDOW", "30",
		"how far a command and the change it made may be apart; 0 = off"),
		setSeconds(func(c *Config) *time.Duration { return &c.CorrelationWindow }, day, true)},
	{seconds("RepeatWindow", "HOOKSNARE_REPEAT_WINDOW", "3600",
		"how long the same finding is counted instead of alerted again; 0 = off"),
		setSeconds(func(c *Config) *time.Duration { return &c.RepeatWindow }, 30*day, true)},
	{Key{Name: "ExtraHomes", Env: "HOOKSNARE_EXTRA_HOMES", Type: "strings", Default: "none",
		Doc: "home folders outside /Users, as the Mac knows them"}, setHomes},
	{Key{Name: "RuleDirectories", Flag: "--rules", Env: "HOOKSNARE_RULE_DIRECTORIES", Type: "strings", Default: "none",
		Doc: "folders of rule files beside the built-in rules"},
		setPaths(func(c *Config) *[]string { return &c.RuleDirectories })},
	{Key{Name: "DisabledRules", Env: "HOOKSNARE_DISABLED_RULES", Type: "strings", Default: "none",
		Doc: "ids of rules not to run"}, setDisabled},
	{Key{Name: "Exceptions", Type: "dictionaries", Default: "the preset for Jamf Pro",
		Doc: "what is known and wanted, see below"}, setExceptions},
	{Key{Name: "SpoolMaxBytes", Env: "HOOKSNARE_SPOOL_MAX_BYTES", Type: "integer", Unit: "bytes",
		Default: "67108864", Doc: "size of the alerts that wait for one output; all together have twice that"},
		setInteger(func(c *Config) *int64 { return &c.SpoolMaxBytes }, 4<<10, 1<<40)},
	{Key{Name: "SpoolMaxAlerts", Env: "HOOKSNARE_SPOOL_MAX_ALERTS", Type: "integer", Unit: "alerts",
		Default: "50000", Doc: "number of the alerts that wait for one output; all together have twice that"},
		setInteger(func(c *Config) *int64 { return &c.SpoolMaxAlerts }, 1, 10_000_000)},
	{seconds("SpoolMaxAge", "HOOKSNARE_SPOOL_MAX_AGE", "2592000", "how long an alert waits for delivery"),
		setSeconds(func(c *Config) *time.Duration { return &c.SpoolMaxAge }, year, false)},
	{Key{Name: "Outputs", Type: "dictionaries", Default: "local file and syslog",
		Doc: "where alerts go, see below"}, setOutputs},
}

// seconds returns the key of a duration.
func seconds(name, env, standard, doc string) Key {
	return Key{Name: name, Env: env, Type: "real", Unit: "seconds", Default: standard, Doc: doc}
}

// id names a setting that may have no name in a property list.
func (k *Key) id() string {
	if k.Name != "" {
		return k.Name
	}
	return strings.TrimPrefix(k.Flag, "--")
}

// parse returns a value given as text the way a property list would hold it. Text that
// is no number stays text, which the value's own check then names.
func (k *Key) parse(text string) any {
	switch k.Type {
	case "real":
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	case "integer":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case "strings":
		all := []any{}
		for part := range strings.SplitSeq(text, ":") {
			all = append(all, part)
		}
		return all
	}
	return text
}
