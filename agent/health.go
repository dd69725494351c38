package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"hooksnare/agent/health"
	"hooksnare/agent/host"
	"hooksnare/pkg/alert"
)

// agentHealth is what an agent knows of itself: the conditions that are on, and what it
// counts.
type agentHealth struct {
	agent   *Agent
	started time.Time
	run     string         // id of this run
	config  string         // digest of the configuration
	tally   health.Tally   // of parts that can't be asked for their counts
	tracker health.Tracker // for the goroutine that ticks

	mu    sync.Mutex // guards what follows, up to shown
	on    conditions
	lines uint64 // at the latest look, for the rate
	at    time.Time
	rate  float64
	seen  time.Time // when the latest line was
	proof time.Time // when the latest canary was
	shown uint64    // canaries seen

	beat time.Time // of the latest heartbeat, zero before the first
	due  time.Time // of the next
}

// newHealth returns the health of an agent that starts. proves tells whether it runs canaries:
// then it is not well before the first came back.
func newHealth(a *Agent, now time.Time, proves bool) *agentHealth {
	h := &agentHealth{agent: a, started: now, at: now, on: conditions{}}
	if proves {
		h.on.note(health.Condition{Name: health.Starting}, "no canary has come back yet", true, now)
	}
	h.run = host.StableID("run", a.host.ID, strconv.FormatInt(now.UnixNano(), 10))[:32]
	if b, err := json.Marshal(a.opts.Config); err == nil {
		sum := sha256.Sum256(b)
		h.config = hex.EncodeToString(sum[:])
	}
	return h
}

// note takes a condition as it begins or ends.
func (h *agentHealth) note(c health.Condition, detail string, on bool, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.on.note(c, detail, on, since)
}

// look takes the sensor's counts, as often as the agent looks at anything.
func (h *agentHealth) look(now time.Time) {
	s := h.agent.source.Stats()
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Lines != h.lines {
		h.seen = now
	}
	if s.CanariesSeen != h.shown {
		if h.shown == 0 {
			h.due = time.Time{} // who was told that it starts is told that it has
		}
		h.proof, h.shown = now, s.CanariesSeen
	}
	// A mean over about a minute.
	if passed := now.Sub(h.at).Seconds(); passed > 0 {
		share := min(passed/60, 1)
		h.rate += share * (float64(s.Lines-h.lines)/passed - h.rate)
	}
	h.lines, h.at = s.Lines, now
}

// lose begins and ends the conditions of what was lost.
func (h *agentHealth) lose(now time.Time) {
	for _, c := range h.tracker.Look(h.agent.losses(), now) {
		h.agent.condition(c.Condition, c.Detail, c.Until.IsZero(), c.Since, c.Until)
	}
}

// facts returns how the agent stands.
func (h *agentHealth) facts(now time.Time) alert.HeartbeatFacts {
	a := h.agent
	f := alert.HeartbeatFacts{
		Interval: a.opts.Config.HeartbeatInterval.Seconds(), Uptime: float64(now.Sub(h.started).Milliseconds()) / 1000,
		Configuration: h.config, Versions: map[string]string{"go": runtime.Version()},
	}
	if v := a.host.Version; v != "" {
		f.Versions["macos"] = v
	}
	h.sensor(&f)
	f.Losses = map[string]uint64{}
	health.Add(f.Losses, a.losses())
	f.Rules = a.rulesFacts()
	a.outputs.AddFacts(&f, now)
	f.Healthy = len(f.Conditions) == 0
	return f
}

func (h *agentHealth) sensor(f *alert.HeartbeatFacts) {
	s := h.agent.source.Stats()
	h.mu.Lock()
	defer h.mu.Unlock()
	f.Sensor = alert.SensorFacts{
		Lines: s.Lines, Malformed: s.Malformed, Dropped: s.Dropped, LinesRate: float64(int(h.rate*10)) / 10,
		LastLine: alert.At(h.seen), LastCanary: alert.At(h.proof),
	}
	if s.CanariesSeen > 0 {
		h.on.note(health.Condition{Name: health.Starting}, "", false, time.Time{})
	}
	var unnamed uint64
	f.Conditions, unnamed = h.on.facts()
	h.tally.Set(health.ConditionsUnnamed, unnamed)
}

func (a *Agent) rulesFacts() alert.RuleFacts {
	c := a.pipeline.Counts()
	a.inForce.RLock()
	defer a.inForce.RUnlock()
	return alert.RuleFacts{
		Active: len(a.ruleSet.active), NotRunnable: a.ruleSet.idle,
		Alerts: c.Alerts, HeldBack: c.Held, Repeated: c.Repeated,
	}
}

// heartbeat returns the document that says how the agent stands.
func (h *agentHealth) heartbeat(now time.Time, final bool) *alert.Heartbeat {
	f := h.facts(now)
	f.Final = final
	b := &alert.Heartbeat{
		Timestamp: alert.At(now), ECS: alert.ECS{Version: alert.ECSVersion}, Host: h.agent.host.Describe(),
		Message: "Hooksnare watches", Agent: alert.AgentInfo{Type: "hooksnare", Version: h.agent.opts.Version, EphemeralID: h.run},
		Event: alert.HeartbeatEvent{
			Kind: "state", Category: []string{"host"}, Type: []string{"info"}, Action: "heartbeat", Sequence: 1,
			Module: "hooksnare", Dataset: alert.HeartbeatDataset, Created: alert.At(now),
			ID: host.StableID("heartbeat", h.run, strconv.FormatInt(now.UnixNano(), 10)),
		},
		Hooksnare: alert.Beat{Heartbeat: f},
	}
	if final {
		b.Message, b.Event.Action = "Hooksnare ends", "heartbeat-final"
	}
	if n := len(f.Conditions); n > 0 {
		b.Message += fmt.Sprintf(", and not all is well: %s", f.Conditions[0].State)
		if n > 1 {
			b.Message += fmt.Sprintf(" and %d more", n-1)
		}
	}
	return b
}

// tick sends a heartbeat when one is due. The first is sent at once; the following come at a
// time of the host's own within each interval, so that a fleet that was switched on at nine
// does not send all of them at five past.
func (h *agentHealth) tick(now time.Time) {
	h.look(now)
	h.lose(now)
	every := h.agent.opts.Config.HeartbeatInterval
	// A clock that was set back must not silence it.
	if every <= 0 || now.Before(h.due) && h.due.Sub(now) <= 2*every {
		return
	}
	h.send(now, false)
	h.due = nextBeat(now, every, h.agent.host.ID)
}

// nextBeat returns when the heartbeat after now is due.
func nextBeat(now time.Time, every time.Duration, host string) time.Time {
	f := fnv.New64a()
	f.Write([]byte(host))
	phase := time.Duration(f.Sum64() % uint64(every))
	since := time.Duration((now.UnixNano() - int64(phase)) % int64(every))
	if since < 0 {
		since += every
	}
	next := now.Add(every - since)
	if next.Sub(now) < every/10 {
		next = next.Add(every) // the one just sent stands for it
	}
	return next
}

func (h *agentHealth) send(now time.Time, final bool) {
	b := h.heartbeat(now, final)
	if err := h.agent.outputs.AddHeartbeat(b); err != nil {
		h.agent.log.Error().Err(err).Msg("heartbeat")
		return
	}
	h.beat = now
}

// steady is what of a status is worth writing at once; counts can wait. Whether anything waits
// for an output is no count: a status that caught a document on its way would say for a minute
// that it waits.
func steady(f alert.HeartbeatFacts) []byte {
	f.Uptime, f.Sensor, f.Spool, f.Rules, f.Losses = 0, alert.SensorFacts{}, alert.SpoolFacts{}, alert.RuleFacts{}, nil
	f.Outputs = slices.Clone(f.Outputs)
	for i := range f.Outputs {
		o := &f.Outputs[i]
		o.Depth, o.Bytes, o.OldestAge, o.Delivered, o.LastDelivery = min(o.Depth, 1), 0, 0, 0, nil
	}
	b, _ := json.Marshal(f)
	return bytes.TrimSpace(b)
}
