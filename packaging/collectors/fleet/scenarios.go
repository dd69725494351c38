package main

import "time"

// Scenarios are what FLEET.md tells of.
func Scenarios(macs int) []Scenario {
	const rtt = 20 * time.Millisecond
	middle := Receiver{Requests: 5000, Documents: 20000, Queue: 2000, RTT: rtt}
	endless := middle
	endless.Queue = 0
	large := Receiver{Requests: 20000, Documents: 100000, Queue: 8000, RTT: rtt}

	beats := Scenario{Macs: macs, Scale: 1, Receiver: middle, Length: 11 * time.Minute, SwitchOn: 30 * time.Second}
	storm := Scenario{Macs: macs, Scale: 20, Receiver: middle, Length: 15 * time.Minute, Alerts: 5, Within: time.Minute}
	day := Scenario{Macs: macs, Scale: 20, Receiver: middle, Length: 130 * time.Minute, Down: 10 * time.Minute, Backlog: 288, Alerts: 5, Within: time.Minute}

	hasty := Pace{Forget: true, One: true}
	with := func(s Scenario, name, text string, change func(s *Scenario)) Scenario {
		s.Name, s.Text = name, text
		change(&s)
		return s
	}
	return []Scenario{
		with(beats, "start-naive", "all restarted within 30 s; a heartbeat every 300 s from then on", func(s *Scenario) { s.Beats = BySwitch }),
		with(beats, "start", "the same; heartbeats at a moment of the host's own", func(*Scenario) {}),
		with(storm, "storm", "a bad profile: every Mac raises 5 alerts within a minute", func(*Scenario) {}),
		with(storm, "storm-large", "the same, larger receiver", func(s *Scenario) { s.Receiver = large }),
		with(day, "day", "back after a day; answers 429 when 2,000 requests wait", func(*Scenario) {}),
		with(day, "day-hasty", "the same, agents that recover faster", func(s *Scenario) { s.Pace = hasty }),
		with(day, "day-endless", "back after a day; all requests wait, none is refused", func(s *Scenario) { s.Receiver = endless }),
		with(day, "day-endless-hasty", "the same, agents that recover faster", func(s *Scenario) { s.Receiver, s.Pace = endless, hasty }),
		with(day, "day-large", "back after a day, larger receiver", func(s *Scenario) { s.Receiver = large }),
		with(day, "day-large-hasty", "the same, agents that recover faster", func(s *Scenario) { s.Receiver, s.Pace = large, hasty }),
	}
}
