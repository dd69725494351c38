package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hooksnare/agent/health"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/safefile"
	"hooksnare/pkg/spool"
)

// Status is what a running agent tells of itself in its state folder.
type Status struct {
	Version string       `json:"version,omitempty"`
	Written time.Time    `json:"written"`
	PID     int          `json:"pid"`
	Started time.Time    `json:"started"`
	Rules   []RuleStatus `json:"rules"`

	Exceptions []ExceptionStatus `json:"exceptions"`

	Health        alert.HeartbeatFacts `json:"health"`
	Chain         alert.Delivery       `json:"chain"` // the newest document; previous is its own hash
	LastHeartbeat *time.Time           `json:"last_heartbeat,omitempty"`
	Simulation    *Simulated           `json:"simulation,omitempty"` // the latest
}

// Simulated is the way of a simulation's alert.
type Simulated struct {
	ID        string               `json:"id"`
	Value     string               `json:"value"` // of the hook that was simulated
	Seen      time.Time            `json:"seen"`
	Stored    time.Time            `json:"stored"`    // when it was durable; zero as long as it is not
	Delivered map[string]time.Time `json:"delivered"` // by output, when it was acknowledged
}

// RuleStatus is what a rule did since the agent started.
type RuleStatus struct {
	ID         string     `json:"rule_id"`
	Matches    uint64     `json:"matches"`
	Last       *time.Time `json:"last_match,omitempty"`
	Remembered int        `json:"remembered,omitempty"`
	Dropped    uint64     `json:"dropped,omitempty"` // forgotten for want of room: each may be a lost match
}

// ExceptionStatus is what an exception did since the agent goes by it.
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

// ReadStatus reads what the agent that works with a state folder told last. There is none
// before the first has run.
func ReadStatus(dir string) (Status, error) {
	var s Status
	b, _, err := safefile.ReadTrusted(filepath.Join(dir, statusFile), maxStatus)
	if err != nil {
		return s, fmt.Errorf("status: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("status: %s: %w", filepath.Join(dir, statusFile), err)
	}
	return s, nil
}

func ruleStatus(list []detect.Activity) []RuleStatus {
	out := make([]RuleStatus, len(list))
	for i, a := range list {
		out[i] = RuleStatus{
			ID: a.Rule.ID, Matches: a.Matches, Last: there(a.Last),
			Remembered: a.Remembered, Dropped: a.Dropped,
		}
	}
	return out
}

func there(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// statusEvery is how often, at the most, the status is written, and only when it has
// changed, so that a quiet Mac's disk can sleep.
const (
	statusEvery = 5 * time.Second
	countsEvery = time.Minute // of what changes all the time
)

// keeper writes to the state folder what others may want to know.
type keeper struct {
	dir      string
	started  time.Time
	agent    *Agent
	pipeline *Pipeline
	health   condition
	uses     func() []ExceptionStatus
	guard    hang.Guard // of every write to the state folder

	told    []byte // of rules and exceptions, as it was written last
	wrote   time.Time
	failing time.Time
}

// tick writes what has changed and is due; with all set, whether it is due or not.
func (k *keeper) tick(now time.Time, all bool) {
	var err error
	if all || now.Sub(k.wrote) >= statusEvery || k.agent.outputs.simulation.fresh() {
		err = k.writeStatus(now)
	}
	k.tell(err, now)
}

// tell tells when writing begins to fail and when it works again.
func (k *keeper) tell(err error, now time.Time) {
	state := health.Condition{Name: health.StateNotSaved}
	switch {
	case errors.Is(err, hang.ErrHangs): // a condition of its own
	case err != nil && k.failing.IsZero():
		k.failing = now
		k.health(state, err.Error(), true, now, time.Time{})
	case err == nil && !k.failing.IsZero() && k.wrote.After(k.failing):
		since := k.failing
		k.failing = time.Time{}
		k.health(state, "the state folder can be written again", false, since, now)
	}
}

func (k *keeper) writeStatus(now time.Time) error {
	a := k.agent
	s := Status{Version: a.opts.Version, PID: os.Getpid(), Started: k.started.UTC(), Rules: ruleStatus(k.pipeline.Activities()), Exceptions: k.uses()}
	s.Simulation = a.outputs.simulation.status()
	told, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	s.Health = a.health.facts(now)
	told = append(told, steady(s.Health)...)
	if bytes.Equal(told, k.told) && k.failing.IsZero() && now.Sub(k.wrote) < countsEvery {
		return nil
	}
	head := a.outputs.spool.Stats().Head
	s.Chain = alert.Delivery{Chain: head.Chain, Sequence: head.Sequence, Previous: head.Previous}
	s.LastHeartbeat, s.Written = there(a.health.beat), now.UTC()
	b, err := json.Marshal(s)
	if err == nil {
		err = k.write(statusFile, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	k.told, k.wrote = told, now
	return nil
}

// How long a write to the state folder may take, and how long once the agent is to end.
const (
	writeLimit     = 2 * time.Second
	lastWriteLimit = 300 * time.Millisecond
)

// write replaces a file of the state folder, and may be called from any goroutine and under any
// lock: it returns after writeLimit at the latest, and at once while an earlier write hangs,
// with hang.ErrHangs. Such a write may still be done, so that what is there then is not
// known: write it again later. b is the keeper's from now on.
func (k *keeper) write(name string, b []byte) error {
	path := filepath.Join(k.dir, name)
	return k.guard.Do("write of "+path, func() error {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return safefile.WriteAtomic(path, b, 0o600)
	}, nil)
}

// Running reports whether an agent works with a state folder.
func Running(dir string) bool {
	used, err := spool.InUse(filepath.Join(dir, spoolFolder))
	return err == nil && used
}

// stale is how old the status of a running agent may be: it writes one each minute.
const stale = 3 * time.Minute

// Faults are what is not well with an agent, by its status; none when all is.
func (s *Status) Faults(running bool, now time.Time) []string {
	if !running {
		return []string{"no agent runs"}
	}
	var out []string
	if age := now.Sub(s.Written); age > stale {
		out = append(out, fmt.Sprintf("the agent has told nothing for %v: it hangs, or its state folder can't be written", age.Round(time.Second)))
	}
	for _, c := range s.Health.Conditions {
		out = append(out, c.State+": "+c.Detail)
	}
	for _, o := range s.Health.Outputs {
		state := health.OutputFailed.Of(o.Name).String()
		told := slices.ContainsFunc(s.Health.Conditions, func(c alert.ConditionFacts) bool { return c.State == state })
		if !o.Healthy && !told {
			out = append(out, state+": "+o.Error)
		}
	}
	return out
}
