package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// finding is something to tell of a Mac. A note is no problem.
type finding struct {
	Host    string `json:"host"`
	Name    string `json:"name,omitempty"`
	Finding string `json:"finding"`
	Problem bool   `json:"problem"`
	Detail  string `json:"detail"`
}

// terms are what the judgement goes by.
type terms struct {
	now     time.Time
	silent  float64  // heartbeat intervals without one
	partial bool     // the output has a MinSeverity: gaps are normal
	expect  []string // Macs, by id or name, that should be there
}

// blindStates are the conditions in which an agent sees no commands.
var blindStates = []string{
	"blind", "eslogger_exited", "no_full_disk_access", "not_root", "not_entitled", "too_many_clients", "not_started",
}

// starting is the condition of an agent that has just begun and has not proven its sensor yet.
const starting = "starting"

// judge returns what there is to tell, by Mac.
func (l *ledger) judge(t terms) []finding {
	var all []finding
	for _, id := range slices.Sorted(maps.Keys(l.hosts)) {
		all = l.hosts[id].judge(t, all)
	}
	names := map[string]bool{}
	for _, h := range l.hosts {
		names[h.id], names[h.name] = true, true
	}
	for _, e := range t.expect {
		if !names[e] {
			all = append(all, finding{Host: e, Finding: "never_seen", Problem: true, Detail: "expected, and not one document of it"})
		}
	}
	return all
}

func (h *host) judge(t terms, all []finding) []finding {
	tell := func(problem bool, what, detail string, args ...any) {
		all = append(all, finding{h.id, h.name, what, problem, fmt.Sprintf(detail, args...)})
	}
	h.alive(t, tell)
	h.health(tell)
	for _, id := range slices.SortedFunc(maps.Keys(h.chains), func(a, b string) int {
		return cmp.Or(cmp.Compare(h.chains[a].spans[0].first, h.chains[b].spans[0].first), cmp.Compare(a, b))
	}) {
		h.chains[id].judge(id, t, tell)
		if first := h.shared[id]; first != "" {
			tell(true, "shared_chain", "chain %s is that of %q too: a cloned disk or a forged document", id, first)
		}
	}
	if n := len(h.chains); n > 1 {
		tell(false, "renewed", "%d chains: the agent began a new one, which it tells as an alert", n)
	}
	return all
}

// tellFunc takes a finding.
type tellFunc func(problem bool, what, detail string, args ...any)

// alive tells of missing heartbeats. A Mac that said it ends is no silent one.
func (h *host) alive(t terms, tell tellFunc) {
	if h.beat == nil {
		tell(true, "no_heartbeat", "documents up to %s, none of them a heartbeat", stamp(h.newest))
		return
	}
	since := t.now.Sub(h.beatAt)
	if h.beat.Final {
		tell(false, "ended", "it said so at %s, %s ago", stamp(h.beatAt), since.Round(time.Second))
		return
	}
	if every := h.beat.Interval; every > 0 && since.Seconds() > t.silent*every {
		tell(true, "silent", "no heartbeat since %s, %s ago; one is due every %g s", stamp(h.beatAt), since.Round(time.Second), every)
	}
}

// health tells what the newest heartbeat does.
func (h *host) health(tell tellFunc) {
	if h.beat == nil {
		return
	}
	if list := h.beat.Conditions; len(list) == 1 && list[0].State == starting {
		tell(false, starting, "no canary had come back at %s", stamp(h.beatAt))
	} else if !h.beat.Healthy {
		what, states := "unhealthy", make([]string, 0, len(h.beat.Conditions))
		for _, c := range h.beat.Conditions {
			if slices.Contains(blindStates, c.State) {
				what = "blind"
			}
			states = append(states, c.State)
		}
		tell(true, what, "%s", strings.Join(states, ", "))
	}
	for _, o := range h.beat.Outputs {
		if o.Lost > 0 || o.Refused > 0 {
			tell(true, "losing", "output %q: %d lost, %d refused by the receiver since the agent started", o.Name, o.Lost, o.Refused)
		}
		if !o.Healthy {
			tell(true, "output_failing", "output %q", o.Name)
		}
	}
}

func (c *chain) judge(id string, t terms, tell tellFunc) {
	if n := c.missing(); n > 0 && !t.partial {
		tell(true, "gap", "chain %s: %d missing between %d and %d: %s", id, n, c.spans[0].first, c.spans[len(c.spans)-1].last, c.gaps())
	}
	if c.breaks > 0 {
		tell(true, "broken", "chain %s: %d documents do not follow from the one before: %d", id, c.breaks, c.broken)
	}
	if c.clashed > 0 {
		tell(true, "conflict", "chain %s: %d numbers have different documents: %d", id, c.clashed, c.clashes)
	}
}

// gaps lists the newest gaps.
func (c *chain) gaps() string {
	const most = 5
	var list []string
	for i := len(c.spans) - 1; i > 0; i-- {
		if len(list) == most {
			list = append(list, "and older ones")
			break
		}
		first, last := c.spans[i-1].last+1, c.spans[i].first-1
		if first == last {
			list = append(list, fmt.Sprint(first))
		} else {
			list = append(list, fmt.Sprintf("%d-%d", first, last))
		}
	}
	if len(list) == 0 {
		return "older than what is remembered"
	}
	return strings.Join(list, ", ")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
