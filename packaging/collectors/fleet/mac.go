package main

import "math/rand/v2"

// mac is one Mac's queue and its runner, as pkg/forward has it.
type mac struct {
	beats, alerts int32 // queued
	sent          int32 // documents of the request under way
	sentBeats     int32
	window        int32 // documents in the next request
	failures      uint8
	outage        bool
	busy          bool // a request is under way, or a pause
	fails         bool // the request under way will fail
	throttled     bool // with 429
	drained       bool // the backlog is gone
	phase         int64
	began         int64 // of the request under way
	connected     int64 // until when the connection is kept; 0: there is none
}

func (m *mac) queued() int32 { return m.beats + m.alerts }

// well returns the pause after a request that was taken.
func (m *mac) well(now int64, p Pace, r *rand.Rand) int64 {
	full := m.sent >= m.window
	if p.Forget {
		m.failures = 0
	} else {
		m.failures -= min(m.failures, 1)
	}
	if full {
		m.window = min(2*m.window, int32(agent.Batch))
	}
	if m.outage && full && m.window < int32(agent.Batch) {
		return between(r, 0, micro(agent.RecoverPause))
	}
	m.outage = false
	if full {
		return 0
	}
	return max(0, micro(agent.GatherPause)-(now-m.began))
}

// failed returns the pause after a request that was not.
func (m *mac) failed(p Pace, r *rand.Rand) int64 {
	m.failures = min(m.failures+1, 16)
	m.outage = true
	if m.throttled && !p.One {
		m.window = max(1, m.window/2)
	} else {
		m.window = 1
	}
	least := micro(agent.LeastWait)
	return between(r, least, min(least<<m.failures, micro(agent.MostWait)))
}

// between returns a number from least to most. It is made of integers, so that it is the
// same on every machine.
func between(r *rand.Rand, least, most int64) int64 {
	if most <= least {
		return least
	}
	return least + r.Int64N(most-least)
}
