package ruleset

import (
	"sync"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
)

// InForce knows how many rules are in force. It is safe for concurrent use, but for Take, which
// is for one goroutine.
type InForce struct {
	faults health.FaultCondition
	log    zerolog.Logger

	mu           sync.Mutex // guards all below
	active, idle int        // idle ones are not runnable here
}

// NewInForce returns none, until Take is called.
func NewInForce(report health.Report, log zerolog.Logger) *InForce {
	return &InForce{faults: health.FaultCondition{Name: health.Rules, Report: report}, log: log}
}

// Take takes note of the rules that are in force now, and reports what is wrong with them.
func (r *InForce) Take(set Set, faults error, now time.Time) {
	active, idle := 0, 0
	for _, rule := range set.Rules {
		if rule.NotRunnable != "" {
			idle++
		} else {
			active++
		}
	}
	r.mu.Lock()
	r.active, r.idle = active, idle
	r.mu.Unlock()
	r.log.Info().Int("active", active).Int("not_runnable", idle).Int("disabled", len(set.Disabled)).Int("faults", len(config.Faults(faults))).Msg("rules")
	text := ""
	if faults != nil {
		text = config.Summary(faults)
	}
	r.faults.Set(text, now)
}

// Facts returns how many rules there are.
func (r *InForce) Facts() alert.RuleFacts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return alert.RuleFacts{Active: r.active, NotRunnable: r.idle}
}
