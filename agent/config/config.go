// Package config reads the agent's configuration: one property list, delivered by MDM, kept
// on the machine, or named on the command line. A configuration that is returned holds only
// values that were checked, whatever was in the files; everything wrong in them is reported
// at once, by file, line and key.
package config

import (
	"path/filepath"
	"time"

	"hooksnare/pkg/safefile"
)

// Config is a complete configuration. Its paths are the ones to open: those that did
// not come from the command line or the environment already lie below Root.
type Config struct {
	Root     string // "" for the machine's own disk
	StateDir string // state and spool

	EsloggerPath   string   // a program to run; never moved below Root, which may be a foreign disk
	EsloggerEvents []string // always with exec
	CanaryPath     string   // a program to run; this machine's unless a flag or variable names another

	CanaryInterval    time.Duration // 0: off
	HeartbeatInterval time.Duration // 0: off
	SweepInterval     time.Duration // 0: off
	CorrelationWindow time.Duration // 0: off
	RepeatWindow      time.Duration // 0: off

	ExtraHomes      []string // as the Mac whose disk this is knows them, not below Root
	RuleDirectories []string
	DisabledRules   []string // rule ids, which may not exist
	Exceptions      []Exception

	SpoolMaxBytes  int64
	SpoolMaxAlerts int64
	SpoolMaxAge    time.Duration

	Labels  map[string]string // in every document; nil for none
	Proxy   string            // of all outputs elsewhere: a URL, forward.Direct, or "" for the environment's
	NoProxy []string          // what it is not for; nil for what the environment says

	Outputs []Output // at least one is enabled
}

// Disk is where the paths of the configuration lie.
func (c *Config) Disk() safefile.Disk { return safefile.Disk{Root: c.Root} }

// Exception hides alerts that an administrator has explained. As JSON it is what the audit
// log and lists show.
type Exception struct {
	Key     string    `json:"-"` // where it was written, as "Exceptions[1]"; "" for a default
	ID      string    `json:"id"`
	Rules   []string  `json:"rules,omitempty"` // rule ids; nil means every rule
	Where   string    `json:"where,omitempty"` // an EQL condition
	Reason  string    `json:"reason,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // in UTC; zero means never
	Require Require   `json:"require,omitzero"`
	Own     bool      `json:"-"` // it comes from the file of exceptions, where Key is its place
}

// Expired reports whether the exception has ended at the given time.
func (e *Exception) Expired(now time.Time) bool {
	return !e.Expires.IsZero() && !now.Before(e.Expires)
}

// Require pins the program of a hook. All that is set must hold; the zero value asks
// for nothing.
type Require struct {
	Owner               string   `plist:",omitempty" json:"owner,omitempty"`                  // a user name or a decimal user id
	NotWritableByOthers bool     `plist:",omitempty" json:"not_writable_by_others,omitempty"` // the file and every folder above it
	SHA256              []string `plist:",omitempty" json:"sha256,omitempty"`                 // lower-case hex; any of them
	TeamID              string   `plist:",omitempty" json:"team_id,omitempty"`
	JamfManaged         bool     `plist:"-" json:"-"` // this Mac showed before that Jamf manages it; of the preset alone
}

// IsZero reports whether nothing is required.
func (r *Require) IsZero() bool {
	return r.Owner == "" && !r.NotWritableByOthers && len(r.SHA256) == 0 && r.TeamID == "" && !r.JamfManaged
}

// Output is one place that alerts go to. Which of URL, Address and Path is set
// depends on the type alone.
type Output struct {
	Key             string // where it was written, as "Outputs[1]"; "" for a default
	Name            string // unique in any case; safe as the name of a folder
	Type            string
	URL             string
	Address         string // host:port
	Path            string
	MinSeverity     string // low, medium, high or critical
	TokenFile       string
	BasicAuthFile   string
	CAFile          string
	CertificateFile string // always together with KeyFile
	KeyFile         string
	Headers         map[string]string
	Index           string
	Proxy           string // of this output alone, as that of the configuration
	Compression     string // gzip or none; "" is gzip
	Enabled         bool
}

// The default places, before they are put below a root.
const (
	ManagedFile = "/Library/Managed Preferences/com.hooksnare.agent.plist"
	LocalFile   = "/Library/Preferences/com.hooksnare.agent.plist"

	// ExceptionsFile holds more exceptions: those that hooksnare allow added on this machine.
	ExceptionsFile = "/Library/Application Support/Hooksnare/exceptions.plist"

	stateDir = "/var/db/hooksnare"
	alertLog = "/var/log/hooksnare/alerts.jsonl"
)

// Default returns the configuration where no source sets anything.
func Default() Config {
	return Config{
		StateDir:          stateDir,
		EsloggerPath:      "/usr/bin/eslogger",
		EsloggerEvents:    []string{"exec", "fork", "exit"},
		CanaryPath:        "/usr/bin/true",
		CanaryInterval:    30 * time.Second,
		HeartbeatInterval: 300 * time.Second,
		SweepInterval:     2 * time.Second,
		CorrelationWindow: 30 * time.Second,
		RepeatWindow:      3600 * time.Second,
		Exceptions:        []Exception{jamf()},
		SpoolMaxBytes:     64 << 20,
		SpoolMaxAlerts:    50000,
		SpoolMaxAge:       30 * 24 * time.Hour,
		Outputs: []Output{
			{Name: "file", Type: "file", Path: alertLog, MinSeverity: "low", Enabled: true},
			{Name: "syslog", Type: "syslog", MinSeverity: "low", Enabled: true},
		},
	}
}

// defaultBelow returns the default configuration with its paths under root.
func defaultBelow(root string) Config {
	c := Default()
	if root == "" {
		return c
	}
	c.Root, c.StateDir = root, filepath.Join(root, stateDir)
	c.Outputs = c.Outputs[:1] // syslog is this machine's
	c.Outputs[0].Path = filepath.Join(root, alertLog)
	return c
}
