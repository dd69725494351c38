package judge

import (
	"hooksnare/agent/document"
	"hooksnare/agent/health"
	"hooksnare/detect"
)

// Pins tells whether a hook's program is what an exception requires.
type Pins interface {
	// Check returns what about the program is not as the exception requires, "" for nothing.
	Check(exception string, r *detect.Record, x *document.Examination) string
	// IsPreset reports whether the exception comes with the agent.
	IsPreset(exception string) bool
}

// SetExceptions goes on with other exceptions. The error names those that it goes without.
func (p *Judge) SetExceptions(list []detect.Exception, pins Pins) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exceptions, p.pins = list, pins
	return p.engine.SetExceptions(list)
}

// Uses returns how often every exception was used.
func (p *Judge) Uses() []detect.Use {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.engine.Uses()
}

// pinsOn is the detect.Pin of what an examination found.
func (p *Judge) pinsOn(x *document.Examination) detect.Pin {
	return func(exception string, r *detect.Record) (why string, held, checked bool) {
		if p.pins == nil {
			return "", false, false
		}
		why = p.pins.Check(exception, r, x)
		return why, why == "", true
	}
}

// Losses returns what the pipeline forgot for want of room.
func (p *Judge) Losses() []health.Loss {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.table.Stats()
	out := []health.Loss{
		{Counter: health.ProcessesForgotten, Count: t.Evicted},
		{Counter: health.LineageForgotten, Count: t.EvictedInUse},
	}
	if p.correlator != nil {
		out = append(out, health.Loss{Counter: health.CausesForgotten, Count: p.correlator.Forgotten()})
	}
	for _, r := range p.engine.Activities() {
		out = append(out, health.Loss{Counter: health.RuleMemoryForgotten, Count: r.Dropped})
	}
	return out
}
