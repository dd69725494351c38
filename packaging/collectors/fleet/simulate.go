package main

import (
	"math/rand/v2"
	"time"
)

// Seen is what the receiver saw, second by second, and what it came to.
type Seen struct {
	Scenario    Scenario
	Requests    []int64         // that arrived
	Connections []int64         // open
	Handshakes  []int64         // new connections
	Bytes       []int64         // of documents in requests, not compressed
	Documents   int64           // taken
	Refused     int64           // requests answered with 429, or not at all while it was down
	Throttled   int64           // of these, with 429
	TimedOut    int64           // requests whose answer came too late
	Repeats     int64           // documents taken that are sent again
	Drained     []time.Duration // when the backlogs of Macs were gone, in order
	Queued      int64           // at the end
}

// simulation is a run.
type simulation struct {
	Scenario
	heap
	random  *rand.Rand
	macs    []mac
	seen    *Seen
	end     int64
	down    int64
	free    int64   // when the receiver has done what it has
	starts  []int64 // when it begins what waits, in order
	started int     // of starts, done with
}

func micro(d time.Duration) int64 { return d.Microseconds() }

// Simulate runs a scenario. The same seed gives the same result. What was seen is of as
// many Macs as the scenario's, whatever its scale.
func Simulate(s Scenario, seed uint64) *Seen {
	seen := simulate(s.scaled(), seed)
	seen.Scenario = s
	seen.multiply(int64(s.Scale))
	return seen
}

func (s *Seen) multiply(by int64) {
	for _, list := range [][]int64{s.Requests, s.Connections, s.Handshakes, s.Bytes} {
		for i := range list {
			list[i] *= by
		}
	}
	for _, n := range []*int64{&s.Documents, &s.Refused, &s.Throttled, &s.TimedOut, &s.Repeats, &s.Queued} {
		*n *= by
	}
}

func simulate(s Scenario, seed uint64) *Seen {
	seconds := int(s.Length/time.Second) + 1
	sim := &simulation{
		Scenario: s, random: rand.New(rand.NewPCG(seed, 1)), macs: make([]mac, s.Macs),
		end: micro(s.Length), down: micro(s.Down),
		seen: &Seen{
			Scenario: s, Requests: make([]int64, seconds), Connections: make([]int64, seconds+1),
			Handshakes: make([]int64, seconds), Bytes: make([]int64, seconds),
		},
	}
	for i := range sim.macs {
		sim.begin(int32(i))
	}
	for len(sim.list) > 0 {
		m := sim.next()
		if m.at >= sim.end {
			break
		}
		sim.happen(m)
	}
	for i := range sim.macs {
		sim.seen.Queued += int64(sim.macs[i].queued())
	}
	var open int64
	for i, change := range sim.seen.Connections {
		open += change
		sim.seen.Connections[i] = open
	}
	sim.seen.Connections = sim.seen.Connections[:seconds]
	return sim.seen
}

// begin says what a Mac does first.
func (s *simulation) begin(i int32) {
	m, every := &s.macs[i], micro(agent.Heartbeat)
	m.window, m.drained = 1, s.Down == 0
	m.phase = s.random.Int64N(every)
	first := m.phase
	if s.SwitchOn > 0 {
		first = s.random.Int64N(micro(s.SwitchOn))
	}
	s.add(first, i, beatDue)
	for range s.Alerts {
		s.add(s.down+s.random.Int64N(micro(s.Within)), i, alertDue)
	}
	if s.Down > 0 {
		m.beats, m.failures, m.outage, m.busy = int32(s.Backlog), 16, true, true
		s.add(s.random.Int64N(micro(agent.MostWait)), i, tryAgain)
	}
}

func (s *simulation) happen(t moment) {
	m := &s.macs[t.mac]
	switch t.kind {
	case beatDue:
		m.beats++
		s.add(s.nextBeat(m, t.at), t.mac, beatDue)
	case alertDue:
		m.alerts++
	case tryAgain:
		m.busy = false
	case answered:
		m.busy = false
		if pause := s.answer(m, t.at); pause > 0 {
			m.busy = true
			s.add(t.at+pause, t.mac, tryAgain)
		}
	}
	if !m.busy && m.queued() > 0 {
		s.send(t.mac, t.at)
	}
}

// nextBeat returns when the heartbeat after one at now is due.
func (s *simulation) nextBeat(m *mac, now int64) int64 {
	every := micro(agent.Heartbeat)
	if s.Beats == BySwitch {
		return now + every
	}
	since := (now - m.phase) % every
	if since < 0 {
		since += every
	}
	wait := every - since
	if wait < every/10 {
		wait += every // the one just sent stands for it
	}
	return now + wait
}

// answer is the end of a request. It returns the pause behind it.
func (s *simulation) answer(m *mac, now int64) int64 {
	if m.fails {
		return m.failed(s.Pace, s.random)
	}
	m.beats -= m.sentBeats
	m.alerts -= m.sent - m.sentBeats
	if !m.drained && m.queued() == 0 {
		m.drained = true
		s.seen.Drained = append(s.seen.Drained, time.Duration(now-s.down)*time.Microsecond)
	}
	return m.well(now, s.Pace, s.random)
}

// send makes a request of what is queued.
func (s *simulation) send(i int32, now int64) {
	m := &s.macs[i]
	m.sent = min(m.queued(), m.window)
	m.sentBeats = min(m.sent, m.beats)
	m.busy, m.began, m.fails, m.throttled = true, now, false, false
	second := now / 1e6
	s.seen.Requests[second]++
	if now < s.down { // nobody listens: refused at once
		s.seen.Refused++
		m.fails, m.connected = true, 0
		s.add(now+micro(s.Receiver.RTT), i, answered)
		return
	}
	s.seen.Bytes[second] += int64(m.sentBeats)*heartbeatBytes + int64(m.sent-m.sentBeats)*alertBytes
	done, taken := s.serve(now, int64(m.sent))
	switch late := now + micro(agent.Timeout); {
	case !taken:
		s.seen.Refused++
		s.seen.Throttled++
		m.fails, m.throttled = true, true
	case done > late:
		s.seen.TimedOut++
		s.seen.Repeats += int64(m.sent) // the receiver has them, and the agent does not know
		m.fails, done = true, late
	}
	s.connect(m, now, done, m.fails && taken)
	s.add(done, i, answered)
}

// serve is the receiver: requests one behind the other. It returns when the answer is
// there, and whether the documents were taken.
func (s *simulation) serve(now, documents int64) (int64, bool) {
	rtt := micro(s.Receiver.RTT)
	for s.started < len(s.starts) && s.starts[s.started] <= now {
		s.started++
	}
	if s.started > 1<<16 {
		s.starts, s.started = append(s.starts[:0], s.starts[s.started:]...), 0
	}
	waiting := len(s.starts) - s.started
	if s.Receiver.Queue > 0 && waiting >= s.Receiver.Queue {
		return now + rtt, false
	}
	s.free = max(s.free, now)
	s.starts = append(s.starts, s.free)
	s.free += 1e6/int64(s.Receiver.Requests) + documents*1e6/int64(s.Receiver.Documents)
	s.seen.Documents += documents
	return s.free + rtt, true
}

// connect counts the connection of a request. Failed ones are not used again.
func (s *simulation) connect(m *mac, now, done int64, broken bool) {
	second := func(at int64) int64 { return min(at/1e6, int64(len(s.seen.Connections)-1)) }
	if m.connected > now {
		s.seen.Connections[second(m.connected)]++ // it ends later than was thought
	} else {
		s.seen.Connections[second(now)]++
		s.seen.Handshakes[now/1e6]++
	}
	m.connected = done + micro(agent.IdleTimeout)
	if broken {
		m.connected = done
	}
	s.seen.Connections[second(m.connected)]--
}
