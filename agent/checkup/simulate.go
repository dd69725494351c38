package checkup

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/detect/rules"
)

// A simulation sets a hook in preferences that nothing reads, so that nothing runs it.
const (
	simulationDomain = "com.hooksnare.simulation"
	defaultsProgram  = "/usr/bin/defaults"
)

// Simulation is how a simulated hook became an alert, and where that arrived.
type Simulation struct {
	Word    string    `json:"word"` // in the value of the hook
	ID      string    `json:"event_id,omitempty"`
	Began   time.Time `json:"began"`
	Seen    *float64  `json:"alert_ms,omitempty"`   // from the command to the alert
	Stored  *float64  `json:"durable_ms,omitempty"` // from the command until it was on disk
	Outputs []Arrival `json:"outputs"`
}

// Arrival is what an output did with the alert of a simulation.
type Arrival struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	After  *float64 `json:"acknowledged_ms,omitempty"` // from the command; nil when it did not come in time
	Unsent string   `json:"not_sent,omitempty"`        // why it does not get the alert
	Error  string   `json:"error,omitempty"`           // what is wrong with the output
}

// OK reports whether the alert came, is durable and arrived wherever it is to go.
func (s *Simulation) OK() bool {
	if s.Seen == nil || s.Stored == nil {
		return false
	}
	for _, o := range s.Outputs {
		if o.Unsent == "" && o.After == nil {
			return false
		}
	}
	return true
}

// Simulate sets a harmless hook, waits until its alert has arrived at every output or ctx ends,
// and removes the hook. program replaces /usr/bin/defaults: of another disk, nothing is run that
// was not named.
func Simulate(ctx context.Context, c config.Config, program string) (*Simulation, error) {
	switch {
	case program == "" && c.Root != "":
		return nil, errors.New("no program of another disk is run: name what to run with --defaults")
	case program == "":
		program = defaultsProgram
	}
	if !health.Running(c.StateDir) {
		return nil, errors.New("no agent runs with this state folder: start it with sudo hooksnare start")
	}
	var b [8]byte
	rand.Read(b[:]) // never fails
	s := &Simulation{Word: "simulation-" + hex.EncodeToString(b[:]), Began: time.Now()}
	out, err := exec.CommandContext(ctx, program, "write", simulationDomain, "LoginHook", "/usr/bin/true "+s.Word).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s write %s: %w %.200q", program, simulationDomain, err, out)
	}
	defer func() { // also when ctx has ended
		_ = exec.Command(program, "delete", simulationDomain).Run()
	}()
	for {
		st, err := health.ReadStatus(c.StateDir)
		if err != nil {
			return nil, err
		}
		s.read(&c, &st)
		if s.OK() {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return s, nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// read takes over what the agent's status says of the simulation.
func (s *Simulation) read(c *config.Config, st *health.Status) {
	var of health.Simulated
	if st.Simulation != nil && strings.HasSuffix(st.Simulation.Value, s.Word) {
		of = *st.Simulation
		s.ID = of.ID
	}
	s.Seen, s.Stored = s.after(of.Seen), s.after(of.Stored)
	s.Outputs = nil
	for _, o := range st.Health.Outputs {
		a := Arrival{Name: o.Name, Type: o.Type, After: s.after(of.Delivered[o.Name]), Error: o.Error}
		for i := range c.Outputs {
			if p := &c.Outputs[i]; p.Name == o.Name && rules.Severity(p.MinSeverity).Number() > rules.Severity("low").Number() {
				a.Unsent = "MinSeverity is " + p.MinSeverity + ", and the alert of a simulation is low"
			}
		}
		s.Outputs = append(s.Outputs, a)
	}
}

func (s *Simulation) after(t time.Time) *float64 {
	if t.IsZero() {
		return nil
	}
	ms := float64(t.Sub(s.Began).Microseconds()) / 1000
	return &ms
}
