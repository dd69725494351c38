package ruleset

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
)

// InForce counts the rules in force and reports their faults. Report is for one goroutine;
// Facts is safe for concurrent use.
type InForce struct {
	faults health.FaultCondition
	log    zerolog.Logger
	facts  atomic.Pointer[alert.RuleFacts] // nil before the first Report
}

// NewInForce returns an InForce without rules.
func NewInForce(report health.Report, log zerolog.Logger) *InForce {
	return &InForce{faults: health.FaultCondition{Name: health.Rules, Report: report}, log: log}
}

// Report counts and logs the rules that are in force from now on, and reports what is wrong
// with them.
func (r *InForce) Report(set Set, faults error, now time.Time) {
	facts := alert.RuleFacts{Active: len(set.Rules)}
	for _, rule := range set.Rules {
		if rule.NotRunnable != "" {
			facts.Active--
			facts.NotRunnable++
		}
	}
	r.facts.Store(&facts)
	r.log.Info().Int("active", facts.Active).Int("not_runnable", facts.NotRunnable).
		Int("disabled", len(set.Disabled)).Int("faults", len(config.Faults(faults))).Msg("rules")
	r.faults.Set(config.Summary(faults), now)
}

// Facts returns how many rules there are.
func (r *InForce) Facts() alert.RuleFacts {
	if facts := r.facts.Load(); facts != nil {
		return *facts
	}
	return alert.RuleFacts{}
}
