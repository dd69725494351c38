package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"hooksnare/collector/eslogger"
	"hooksnare/collector/prefs"
	"hooksnare/pkg/forward"
)

// key is a key of a dictionary: its documentation and how its value is decoded. One of the
// configuration itself may also have a flag and an environment variable.
type key struct {
	name        string // in a property list; "" where only the command line can say it
	flag        string // with its dashes; "" for none
	kind        string // of its value: string, strings, real, integer, dictionaries, ...
	unit        string // seconds, bytes, alerts; "" for none
	defaultText string // the default, as a person would write it
	doc         string
	choices     []string         // all strings that it may have; nil for others, too
	noVariable  bool             // an environment variable can't hold its values
	restarts    bool             // the agent's sensors start again when it changes
	decode      func(value) bool // false: nothing of the value was used; nil: it is in Options
}

// configKeys is the one list of what can be configured: files, flags, environment and
// documentation all follow it. What is decoded goes into c.
func configKeys(c *Config) []key {
	return []key{
		{flag: "--config", kind: "string", defaultText: "managed and local file",
			doc: "property list to read instead of both files"},
		{flag: "--root", kind: "string", defaultText: "/",
			doc: "folder to read everything below, as if it were the disk"},
		{flag: "--state-dir", kind: "string", defaultText: stateDir,
			doc: "state and spool", decode: storeIn(&c.StateDir, belowRoot(absolutePath("a folder")))},
		{name: "EsloggerPath", restarts: true, flag: "--eslogger", kind: "string", defaultText: "/usr/bin/eslogger",
			doc:    "eslogger, or a program that writes the same; with `--root` only flag and environment count",
			decode: storeProgram(&c.EsloggerPath)},
		{name: "EsloggerEvents", restarts: true, kind: "strings", defaultText: "exec, fork, exit",
			doc:    "events to ask eslogger for; `exec` is required",
			decode: storeIn(&c.EsloggerEvents, acceptedBy(listOf("event names", readEventName), checkEvents))},
		{flag: "--canary", kind: "string", defaultText: "/usr/bin/true",
			doc:    "program that does nothing, run to prove that eslogger sees commands; this machine's, also with `--root`",
			decode: storeProgram(&c.CanaryPath)},
		{name: "CanaryInterval", restarts: true, kind: "real", unit: "seconds", defaultText: "30",
			doc: "how often to prove that eslogger sees commands; 0 = off", decode: storeIn(&c.CanaryInterval, readSeconds(day, true))},
		{name: "HeartbeatInterval", kind: "real", unit: "seconds", defaultText: "300",
			doc: "how often to send a sign of life; 0 = off", decode: storeIn(&c.HeartbeatInterval, readSeconds(day, true))},
		{name: "SweepInterval", restarts: true, kind: "real", unit: "seconds", defaultText: "2",
			doc:    "how often to look at every preferences file that can hold a hook; 0 = off",
			decode: storeIn(&c.SweepInterval, readSeconds(day, true))},
		{name: "CorrelationWindow", kind: "real", unit: "seconds", defaultText: "30",
			doc:    "how far a command and the change it made may be apart; 0 = off",
			decode: storeIn(&c.CorrelationWindow, readSeconds(day, true))},
		{name: "RepeatWindow", kind: "real", unit: "seconds", defaultText: "3600",
			doc:    "how long the same finding is counted instead of alerted again; 0 = off",
			decode: storeIn(&c.RepeatWindow, readSeconds(30*day, true))},
		{name: "ExtraHomes", restarts: true, kind: "strings", defaultText: "none",
			doc:    "home folders outside /Users that no account of this Mac names, as the Mac knows them",
			decode: storeIn(&c.ExtraHomes, acceptedBy(listOf("absolute paths", readHome), prefs.CheckHomes))},
		{name: "RuleDirectories", flag: "--rules", kind: "strings", defaultText: "none",
			doc:    "folders of rule files beside the built-in rules",
			decode: storeIn(&c.RuleDirectories, listOf("absolute paths", belowRoot(absolutePath("a folder"))))},
		{name: "DisabledRules", kind: "strings", defaultText: "none",
			doc: "ids of rules not to run", decode: storeIn(&c.DisabledRules, listOf("rule ids", readText("a rule id")))},
		{name: "Exceptions", kind: "dictionaries", defaultText: "the preset for Jamf Pro",
			doc: "what is known and wanted, see below", decode: c.decodeExceptions},
		{name: "SpoolMaxBytes", kind: "integer", unit: "bytes", defaultText: "67108864",
			doc:    "size of the alerts that wait for one output; all together have twice that",
			decode: storeIn(&c.SpoolMaxBytes, readInteger(4<<10, 1<<40))},
		{name: "SpoolMaxAlerts", kind: "integer", unit: "alerts", defaultText: "50000",
			doc:    "number of the alerts that wait for one output; all together have twice that",
			decode: storeIn(&c.SpoolMaxAlerts, readInteger(1, 10_000_000))},
		{name: "SpoolMaxAge", kind: "real", unit: "seconds", defaultText: "2592000",
			doc: "how long an alert waits for delivery", decode: storeIn(&c.SpoolMaxAge, readSeconds(year, false))},
		{name: "Labels", kind: "dictionary of strings", defaultText: "none",
			doc:    "texts to put into every document as `labels.NAME`: at most 32, names without dots of at most 64 bytes, texts of at most 256; not for secrets",
			decode: storeIn(&c.Labels, readLabels)},
		{name: "Proxy", kind: "string", defaultText: "`HTTPS_PROXY`",
			doc:    "proxy for outputs elsewhere, such as `http://proxy.example.com:3128`, without user and password, or `none`; see below",
			decode: storeIn(&c.Proxy, readProxy)},
		{name: "NoProxy", noVariable: true, kind: "strings", defaultText: "`NO_PROXY`",
			doc:    "receivers that it is not for: hosts, .domains, addresses, each with or without :port, networks, or `*`",
			decode: storeIn(&c.NoProxy, listOf("hosts", acceptedBy(readText("a host"), forward.CheckNoProxy)))},
		{name: "Outputs", kind: "dictionaries", defaultText: "local file and syslog",
			doc: "where alerts go, see below", decode: c.decodeOutputs},
	}
}

// storeProgram decodes the path of a program to run. A disk that is merely looked at does not get
// to say that: what its files say is checked and not used.
func storeProgram(field *string) func(value) bool {
	return func(v value) bool {
		if v.root != "" {
			absoluteFile("a program")(v)
			return false
		}
		return storeIn(field, absoluteFile("a program"))(v)
	}
}

var (
	readEventName = acceptedBy(readText("the name of an event"), eslogger.CheckEvent)
	readHome      = acceptedBy(absolutePath("a home folder"), prefs.CheckHome)
)

// readProxy reads the URL of a proxy, which people put passwords into.
var readProxy = secretText(acceptedBy(readText("the URL of an http or https proxy, or none"), forward.CheckProxy))

func checkEvents(names []string) error {
	if err := eslogger.CheckEvents(names); err != nil {
		return err
	}
	if !slices.Contains(names, "exec") {
		return errors.New("expected exec among the events: without it no command is seen")
	}
	return nil
}

// keyID names a key that may have no name in a property list.
func (k *key) keyID() string {
	if k.name != "" {
		return k.name
	}
	return strings.TrimPrefix(k.flag, "--")
}

// variableName returns the environment variable of a key, "" for none.
func (k *key) variableName() string {
	if k.decode == nil || k.noVariable || strings.HasPrefix(k.kind, "dictionar") {
		return ""
	}
	return variableOf(k.keyID())
}

// variablePrefix begins the names of the environment variables that are ours.
const variablePrefix = "HOOKSNARE_"

// variableOf returns the variable of an id: HOOKSNARE_SWEEP_INTERVAL for SweepInterval.
func variableOf(id string) string {
	var b strings.Builder
	for i, r := range id {
		switch {
		case r == '-':
			r = '_'
		case i > 0 && r >= 'A' && r <= 'Z':
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return variablePrefix + strings.ToUpper(b.String())
}

// parseText returns a value given as text the way a property list would hold it: the strings of
// a list are separated by colons, as in PATH. A text that is not a number stays text, which the
// reader then names.
func (k *key) parseText(text string) any {
	switch k.kind {
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
