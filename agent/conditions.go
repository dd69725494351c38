package agent

import (
	"cmp"
	"slices"
	"time"

	"hooksnare/agent/health"
	"hooksnare/collector/eslogger"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
)

// conditions are those that are on. Conditions without a subject are always known; of those
// that have one, whose number others may drive up, so many are known at a time, and fewer are
// named: no user's can crowd out what is said of the agent itself.
type conditions map[health.Condition]alert.ConditionFacts

const (
	maxSubjects      = 64 // of one condition that are known
	maxNamedSubjects = 8  // of one condition, in a heartbeat or status: a document is bounded
)

// note takes a condition as it begins or ends.
func (on conditions) note(c health.Condition, detail string, begins bool, since time.Time) {
	if !begins {
		delete(on, c)
		return
	}
	if _, known := on[c]; known || c.Subject == "" || on.subjects(c.Name) < maxSubjects {
		on[c] = alert.ConditionFacts{State: c.String(), Detail: clip.Text(detail, clip.NameBytes), Since: alert.At(since)}
	}
}

// subjects returns how many subjects of a condition are known.
func (on conditions) subjects(name health.Name) int {
	n := 0
	for c := range on {
		if c.Name == name {
			n++
		}
	}
	return n
}

// facts returns the conditions in the order of their table, of each kind the oldest first, and
// how many are on and not among them.
func (on conditions) facts() (list []alert.ConditionFacts, unnamed uint64) {
	all := make([]health.Condition, 0, len(on))
	for c := range on {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b health.Condition) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), on[a].Since.Compare(on[b].Since.Time), cmp.Compare(a.Subject, b.Subject))
	})
	named := map[health.Name]int{}
	for _, c := range all {
		if named[c.Name]++; named[c.Name] > maxNamedSubjects {
			unnamed++
			continue
		}
		list = append(list, on[c])
	}
	return list, unnamed
}

// sensorCondition returns a condition of the sensor. One that the table lacks, which a test
// rules out, is on under its own name all the same.
func sensorCondition(name eslogger.Condition) health.Condition {
	if n, ok := health.Find(string(name)); ok {
		return health.Condition{Name: n}
	}
	return health.Condition{Subject: string(name)}
}
