package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/chain"
)

// finding is something to report of a Mac. A note is not a problem.
type finding struct {
	Host    string `json:"host"`
	Name    string `json:"name,omitempty"`
	Finding string `json:"finding"`
	Problem bool   `json:"problem"`
	Detail  string `json:"detail"`
}

// criteria say what is a problem.
type criteria struct {
	now     time.Time
	silent  float64  // heartbeat intervals without one
	partial bool     // the output has a MinSeverity: gaps are normal
	expect  []string // Macs, by id or name, that should be there
}

// blindStates are the conditions in which an agent sees no commands.
var blindStates = []string{
	"blind", "eslogger_exited", "no_full_disk_access", "not_root", "not_entitled", "too_many_clients", "not_started",
}

// starting is the condition of an agent that has not proven its sensor yet.
const starting = "starting"

// judge returns the findings, by Mac.
func (l *ledger) judge(c criteria) []finding {
	var all []finding
	seen := map[string]bool{}
	owner := map[string]string{} // chain → the first Mac that has it
	for _, id := range slices.Sorted(maps.Keys(l.hosts)) {
		h := l.hosts[id]
		seen[h.id], seen[h.name] = true, true
		add := func(problem bool, what, detail string, args ...any) {
			all = append(all, finding{h.id, h.name, what, problem, fmt.Sprintf(detail, args...)})
		}
		h.judgeSilence(c, add)
		h.judgeHealth(add)
		verdict := h.chains.Verdict()
		l.repeats += verdict.Repeats
		h.judgeChains(c, verdict.Chains, owner, add)
	}
	for _, e := range c.expect {
		if !seen[e] {
			all = append(all, finding{Host: e, Finding: "never_seen", Problem: true, Detail: "expected, and not one document of it"})
		}
	}
	return all
}

// addFinding takes a finding of one Mac.
type addFinding func(problem bool, what, detail string, args ...any)

// judgeSilence reports missing heartbeats. A Mac whose last heartbeat said that it ends is not
// silent.
func (h *host) judgeSilence(c criteria, add addFinding) {
	if h.heartbeat == nil {
		add(true, "no_heartbeat", "documents up to %s, none of them a heartbeat", formatTime(h.newest))
		return
	}
	since := c.now.Sub(h.heartbeatAt)
	if h.heartbeat.Final {
		add(false, "ended", "it said so at %s, %s ago", formatTime(h.heartbeatAt), since.Round(time.Second))
		return
	}
	if every := h.heartbeat.Interval; every > 0 && since.Seconds() > c.silent*every {
		add(true, "silent", "no heartbeat since %s, %s ago; one is due every %g s", formatTime(h.heartbeatAt), since.Round(time.Second), every)
	}
}

// judgeHealth reports what the newest heartbeat says.
func (h *host) judgeHealth(add addFinding) {
	if h.heartbeat == nil {
		return
	}
	if list := h.heartbeat.Conditions; len(list) == 1 && list[0].State == starting {
		add(false, starting, "no canary had come back at %s", formatTime(h.heartbeatAt))
	} else if !h.heartbeat.Healthy {
		what, states := "unhealthy", make([]string, 0, len(list))
		for _, condition := range list {
			if slices.Contains(blindStates, condition.State) {
				what = "blind"
			}
			states = append(states, condition.State)
		}
		add(true, what, "%s", strings.Join(states, ", "))
	}
	for _, o := range h.heartbeat.Outputs {
		if o.Lost > 0 || o.Refused > 0 {
			add(true, "losing", "output %q: %d lost, %d refused by the receiver since the agent started", o.Name, o.Lost, o.Refused)
		}
		if !o.Healthy {
			add(true, "output_failing", "output %q", o.Name)
		}
	}
}

// mostNamed is how many numbers or gaps a finding names; all are counted.
const mostNamed = 10

func (h *host) judgeChains(c criteria, chains []chain.Findings, owner map[string]string, add addFinding) {
	for _, f := range chains {
		if f.Missing > 0 && !c.partial {
			add(true, "gap", "chain %s: %d missing between %d and %d: %s", f.Chain, f.Missing, f.First, f.Last, formatGaps(f.Gaps))
		}
		if f.Breaks > 0 {
			add(true, "broken", "chain %s: %d documents do not follow from the one before: %d", f.Chain, f.Breaks, f.Broken[:min(len(f.Broken), mostNamed)])
		}
		if f.Conflicting > 0 {
			add(true, "conflict", "chain %s: %d numbers have different documents: %d", f.Chain, f.Conflicting, f.Conflicts[:min(len(f.Conflicts), mostNamed)])
		}
		if first, known := owner[f.Chain]; known {
			add(true, "shared_chain", "chain %s is that of %q too: a cloned disk or a forged document", f.Chain, first)
		} else {
			owner[f.Chain] = h.id
		}
	}
	if n := len(chains); n > 1 {
		add(false, "renewed", "%d chains: the agent began a new one, which it reports as an alert", n)
	}
}

// formatGaps lists the newest gaps.
func formatGaps(gaps []chain.Range) string {
	if len(gaps) == 0 {
		return "older than what is remembered"
	}
	var list []string
	for i, g := range slices.Backward(gaps) {
		if len(list) == mostNamed {
			list = append(list, fmt.Sprintf("and %d older gaps", i+1))
			break
		}
		if g.First == g.Last {
			list = append(list, fmt.Sprint(g.First))
		} else {
			list = append(list, fmt.Sprintf("%d-%d", g.First, g.Last))
		}
	}
	return strings.Join(list, ", ")
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
