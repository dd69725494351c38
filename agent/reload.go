package agent

import (
	"errors"
	"time"

	"hooksnare/agent/health"
)

// ruleSet is what the agent knows of its rules from one reading to the next.
type ruleSet struct {
	active []string // ids
	idle   int      // rules that are not runnable here
	fault  standing
}

// standing is what was told of the faults of a part of the agent.
type standing struct {
	state health.Name
	fault string    // what was wrong, "" for nothing
	since time.Time // since when
}

// reload reads the rule folders anew. Rules that are as they were go on with what they
// know; a file that is wrong leaves itself out, alone.
func (a *Agent) reload() {
	set, faults := LoadRules(a.opts.Config, a.opts.Sources)
	a.rules(set, errors.Join(faults, a.pipeline.SetRules(set.Rules)))
}

// rules takes note of the rules in force. What is wrong with them becomes a condition.
func (a *Agent) rules(set RuleSet, faults error) {
	var active []string
	idle := 0
	for _, r := range set.Rules {
		if r.NotRunnable != "" {
			idle++
			continue
		}
		active = append(active, r.ID)
	}
	a.inForce.Lock()
	a.ruleSet.active, a.ruleSet.idle = active, idle
	a.inForce.Unlock()
	e := a.log.Info().Int("active", len(active)).Int("not_runnable", idle).Int("disabled", len(set.Disabled))
	e.Int("faults", len(Faults(faults))).Msg("rules")
	a.ruleSet.fault.state = health.Rules
	a.ruleSet.fault.tell(a, faults, time.Now())
}

// tell tells what is wrong, as it begins, changes and ends.
func (t *standing) tell(a *Agent, faults error, now time.Time) {
	fault := ""
	if faults != nil {
		fault = oneLine(faults)
	}
	if fault == t.fault {
		return
	}
	if t.fault != "" {
		a.condition(health.Condition{Name: t.state}, "", false, t.since, now)
	}
	if fault != "" {
		a.condition(health.Condition{Name: t.state}, fault, true, now, time.Time{})
	}
	t.fault, t.since = fault, now
}
