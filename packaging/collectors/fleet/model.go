package main

import "time"

// Agent is how an agent sends. The fields mirror the constants of pkg/forward, which a
// test reads; the heartbeat is HeartbeatInterval.
type Agent struct {
	Batch        int           // documents in a request
	LeastWait    time.Duration // after a failure
	MostWait     time.Duration // after many
	RecoverPause time.Duration // most of a pause between requests that grow
	GatherPause  time.Duration // between requests that are not full
	Timeout      time.Duration // until an answer begins
	IdleTimeout  time.Duration // of a connection
	Heartbeat    time.Duration
}

// agent is the agent as it is built.
var agent = Agent{
	Batch: 500, LeastWait: time.Second, MostWait: 5 * time.Minute,
	RecoverPause: time.Second, GatherPause: 50 * time.Millisecond,
	Timeout: 30 * time.Second, IdleTimeout: 90 * time.Second, Heartbeat: 5 * time.Minute,
}

// Sizes of documents in bytes, rounded up: the heartbeat of an agent with three outputs, and
// an alert with its evidence. Outputs over HTTP compress them, a lone heartbeat to a third.
const (
	heartbeatBytes = 2000
	alertBytes     = 6000
)

// Receiver is one receiver, or many behind one name: what they do together.
type Receiver struct {
	Requests  int           // a second, each with nothing in it
	Documents int           // a second, in requests as large as can be
	Queue     int           // requests that wait; one more is answered with 429; 0: all wait
	RTT       time.Duration // of the network
}

// Beats is when heartbeats are sent.
type Beats int

// The first heartbeat is sent at once. Those behind it come at a moment of the host's own
// within each interval, as the agent does it, or an interval after the last one.
const (
	ByHost Beats = iota
	BySwitch
)

// Pace is how a Runner's pace could be other than it is; the zero value is as it is.
type Pace struct {
	Forget bool // a success takes back all failures, not one
	One    bool // after 429 the next request is of one document, not half as large
}

// Scenario is one run of the simulation.
type Scenario struct {
	Name     string
	Text     string
	Macs     int
	Scale    int // how many Macs each simulated one stands for; the receiver is as much smaller
	Receiver Receiver
	Pace     Pace
	Length   time.Duration

	Beats    Beats
	SwitchOn time.Duration // Macs are switched on within it; 0: they run already

	Alerts int           // of every Mac
	Within time.Duration // that they are raised in

	Down    time.Duration // the receiver comes back after it
	Backlog int           // heartbeats that every Mac has queued by then
}

// scaled returns the scenario that is simulated.
func (s Scenario) scaled() Scenario {
	s.Macs /= s.Scale
	s.Receiver.Requests /= s.Scale
	s.Receiver.Documents /= s.Scale
	s.Receiver.Queue /= s.Scale
	return s
}
