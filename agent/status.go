package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hooksnare/detect"
	"hooksnare/pkg/safefile"
)

// Status is what a running agent tells of itself in its state folder.
type Status struct {
	Written time.Time    `json:"written"`
	PID     int          `json:"pid"`
	Started time.Time    `json:"started"`
	Rules   []RuleStatus `json:"rules"`

	Exceptions []ExceptionStatus `json:"exceptions"`
}

// RuleStatus is what a rule did since the agent started.
type RuleStatus struct {
	ID            string     `json:"rule_id"`
	Matches       uint64     `json:"matches"`
	Last          *time.Time `json:"last_match,omitempty"`
	LearningUntil *time.Time `json:"learning_until,omitempty"`
	Remembered    int        `json:"remembered,omitempty"`
	Dropped       uint64     `json:"dropped,omitempty"` // forgotten for want of room: each may be a lost match
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
			ID: a.Rule.ID, Matches: a.Matches, Last: there(a.Last), LearningUntil: there(a.LearningUntil),
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

// statusEvery and memoryEvery are how often, at the most, status and memories are written:
// the status only when it has changed, so that a quiet Mac's disk can sleep.
const (
	statusEvery = 10 * time.Second
	memoryEvery = 10 * time.Minute
)

// keeper writes to the state folder what others may want to know, and what rules remember.
type keeper struct {
	dir      string
	started  time.Time
	pipeline *Pipeline
	health   condition
	uses     func() []ExceptionStatus

	told     []byte // of rules and exceptions, as it was written last
	wrote    time.Time
	memories map[string][]byte
	saved    time.Time
	failing  time.Time
}

// tick writes what has changed and is due; with all set, whether it is due or not.
func (k *keeper) tick(now time.Time, all bool) {
	var err error
	if all || now.Sub(k.wrote) >= statusEvery {
		err = k.writeStatus(now)
	}
	if all || now.Sub(k.saved) >= memoryEvery {
		if e := k.saveMemories(now); err == nil {
			err = e
		}
	}
	k.tell(err, now)
}

// tell tells when writing begins to fail and when it works again.
func (k *keeper) tell(err error, now time.Time) {
	const state = "state_not_saved"
	switch {
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
	s := Status{PID: os.Getpid(), Started: k.started.UTC(), Rules: ruleStatus(k.pipeline.Activities()), Exceptions: k.uses()}
	told, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	if bytes.Equal(told, k.told) && k.failing.IsZero() {
		return nil
	}
	s.Written = now.UTC()
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

func (k *keeper) write(name string, b []byte) error {
	path := filepath.Join(k.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return safefile.WriteAtomic(path, b, 0o600)
}
