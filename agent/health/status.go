package health

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/chain"
	"hooksnare/pkg/safefile"
	"hooksnare/pkg/spool"
)

// Status is what a running agent says of itself in its state folder.
type Status struct {
	Version string       `json:"version,omitempty"`
	Written time.Time    `json:"written"`
	PID     int          `json:"pid"`
	Started time.Time    `json:"started"`
	Rules   []RuleStatus `json:"rules"`

	Exceptions []ExceptionStatus `json:"exceptions"`

	Health        alert.HeartbeatFacts `json:"health"`
	Chain         chain.Link           `json:"chain"` // the newest document; previous is its own hash
	LastHeartbeat *time.Time           `json:"last_heartbeat,omitempty"`
	Simulation    *Simulated           `json:"simulation,omitempty"` // the latest
}

// RuleStatus is what a rule did since the agent started.
type RuleStatus struct {
	ID         string     `json:"rule_id"`
	Matches    uint64     `json:"matches"`
	Last       *time.Time `json:"last_match,omitempty"`
	Remembered int        `json:"remembered,omitempty"`
	Dropped    uint64     `json:"dropped,omitempty"` // forgotten for want of room: each may be a lost match
}

// ExceptionStatus is what an exception did since it is in force.
type ExceptionStatus struct {
	ID     string    `json:"id"`
	Since  time.Time `json:"since"`
	Hits   uint64    `json:"hits"`   // findings that it covered
	Broken uint64    `json:"broken"` // findings that it did not cover, since its pin did not hold
}

// statusFile is the name of the status in the state folder, and maxStatus its bound in
// bytes: some hundred for each of as many rules as can be loaded.
const (
	statusFile = "status.json"
	maxStatus  = 8 << 20
)

// SpoolFolder is where alerts wait, in the state folder.
const SpoolFolder = "spool"

// ReadStatus reads the latest status of the agent that works with a state folder. There is none
// before the first has run.
func ReadStatus(dir string) (Status, error) {
	var s Status
	b, _, err := safefile.Disk{}.ReadTrusted(filepath.Join(dir, statusFile), maxStatus)
	if err != nil {
		return s, fmt.Errorf("status: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("status: %s: %w", filepath.Join(dir, statusFile), err)
	}
	return s, nil
}

// Running reports whether an agent works with a state folder.
func Running(dir string) bool {
	used, err := spool.InUse(filepath.Join(dir, SpoolFolder))
	return err == nil && used
}

// HasProcess reports whether the agent that wrote a status seems to run: at least its process
// number is in use.
func (s *Status) HasProcess() bool {
	if s.PID <= 0 {
		return false
	}
	err := syscall.Kill(s.PID, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// RuleStatuses returns what rules did as a status has it.
func RuleStatuses(list []detect.Activity) []RuleStatus {
	out := make([]RuleStatus, len(list))
	for i, a := range list {
		out[i] = RuleStatus{
			ID: a.Rule.ID, Matches: a.Matches, Last: utcOrNil(a.Last),
			Remembered: a.Remembered, Dropped: a.Dropped,
		}
	}
	return out
}

// utcOrNil returns a time for JSON, nil for none.
func utcOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// MaxStatusAge is how old the status of a running agent may be: it writes one each minute.
const MaxStatusAge = 3 * time.Minute

// Faults are what is not well with an agent, by its status; none when all is.
func (s *Status) Faults(running bool, now time.Time) []string {
	if !running {
		return []string{"no agent runs"}
	}
	var out []string
	if !s.HasProcess() {
		out = append(out, "the agent that runs has not written its status yet: what is here is of an earlier one")
	}
	if age := now.Sub(s.Written); age > MaxStatusAge {
		out = append(out, fmt.Sprintf("the agent has written no status for %v: it hangs, or its state folder can't be written", age.Round(time.Second)))
	}
	for _, c := range s.Health.Conditions {
		out = append(out, c.State+": "+c.Detail)
	}
	for _, o := range s.Health.Outputs {
		state := OutputFailed.Of(o.Name).String()
		known := slices.ContainsFunc(s.Health.Conditions, func(c alert.ConditionFacts) bool { return c.State == state })
		if !o.Healthy && !known {
			out = append(out, state+": "+o.Error)
		}
	}
	return out
}

// The health of an agent as one word, for management tools.
const (
	WordHealthy      = "healthy"
	WordStarting     = "starting" // it has not proven yet that it sees commands
	WordDegraded     = "degraded"
	WordBlind        = "blind" // what it should see goes unseen
	WordNotRunning   = "not_running"
	WordNotInstalled = "not_installed"
	WordUnknown      = "unknown" // only root may look
)

// blinding are the conditions with which a signal is not seen at all. Any other leaves the agent degraded.
var blinding = []Name{
	EsloggerExited, NoFullDiskAccess, NotRoot, NotEntitled, TooManyClients, UnknownEvent, NotStarted, Blind, PreferencesFailed,
}

// Word returns the health of an agent by its status, as the worst that is true. A status that is too
// old or of an earlier run proves nothing: whoever wrote none may see nothing.
func (s *Status) Word(running bool, now time.Time) string {
	isOn := func(names ...Name) bool {
		return slices.ContainsFunc(s.Health.Conditions, func(c alert.ConditionFacts) bool {
			name, known := Find(c.State)
			return known && slices.Contains(names, name)
		})
	}
	switch {
	case !running:
		return WordNotRunning
	case !s.HasProcess(): // the agent that runs has not written one yet
		return WordStarting
	case now.Sub(s.Written) > MaxStatusAge || isOn(blinding...):
		return WordBlind
	case isOn(Starting):
		return WordStarting
	case len(s.Faults(running, now)) > 0:
		return WordDegraded
	}
	return WordHealthy
}

// Settings says which configuration is in force, and which is on the disk if that is another.
func (s *Status) Settings() (inForce, onDisk string) {
	f := s.Health.Configurations
	if f == nil {
		return "not known", ""
	}
	describe := func(v alert.ConfigurationVersion) string {
		if v.SHA256 == "" && v.Faults == 0 {
			return "the defaults, without a file"
		}
		text := "sha256 " + cmp.Or(v.SHA256, "not known")
		if v.Modified != nil {
			text += ", changed " + v.Modified.UTC().Format(time.DateTime+"Z")
		}
		return text
	}
	inForce = describe(f.InForce)
	if f.InForce.Since != nil {
		inForce += ", in force since " + f.InForce.Since.UTC().Format(time.DateTime+"Z")
	}
	switch {
	case f.OnDisk.Faults > 0:
		onDisk = fmt.Sprintf("%s, with faults (%d)", describe(f.OnDisk), f.OnDisk.Faults)
	case f.OnDisk.SHA256 != f.InForce.SHA256:
		onDisk = describe(f.OnDisk)
	}
	return inForce, onDisk
}

// StatusLoss is a count of what an agent lost.
type StatusLoss struct {
	CounterRow
	Count uint64
}

// Losses returns what the agent lost, in the order of the table, and then what this program
// does not know, which a newer agent counted.
func (s *Status) Losses() []StatusLoss {
	var out []StatusLoss
	for _, row := range Counters() {
		if n := s.Health.Losses[row.Word]; n > 0 {
			out = append(out, StatusLoss{row, n})
		}
	}
	for _, word := range slices.Sorted(maps.Keys(s.Health.Losses)) {
		if _, known := FindCounter(word); !known {
			out = append(out, StatusLoss{CounterRow{Word: word, Meaning: "of " + word}, s.Health.Losses[word]})
		}
	}
	return out
}
