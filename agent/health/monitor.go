package health

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/host"
	"hooksnare/collector/eslogger"
	"hooksnare/pkg/alert"
)

// MonitorOptions say what a [Monitor] reports and to whom.
type MonitorOptions struct {
	Host    host.Identity
	Version string        // of the agent
	Beat    time.Duration // between heartbeats; 0 means none
	Labels  map[string]string
	Config  any  // what the digest of the configuration is made of
	Canary  bool // canaries are run: the agent is not well before the first came back
	Log     zerolog.Logger
	Board   *Board
}

// Parts are those whose state a [Monitor] reports.
type Parts struct {
	Sensor  func() eslogger.Stats
	Rules   func() alert.RuleFacts
	Outputs func(*alert.HeartbeatFacts, time.Time) // adds how the outputs stand
	Losses  []func() []Loss                        // a part that comes to count losses is added here, and nowhere else
	Send    func(*alert.Heartbeat) error

	Settings func() *alert.ConfigurationFacts // which configuration is in force; nil: it does not change
}

// Monitor knows how the agent stands, and sends that as heartbeats.
type Monitor struct {
	opts    MonitorOptions
	parts   Parts
	Tally   Tally   // of parts that can't be asked for their counts
	tracker Tracker // belongs to the goroutine that calls Tick
	started time.Time
	run     string // id of this run

	mu         sync.Mutex // guards all below
	lines      uint64     // at the latest look at the sensor, for the rate
	at         time.Time  // of that look
	rate       float64    // lines a second, a mean over about a minute
	lastLine   time.Time
	lastCanary time.Time
	canaries   uint64
	lastBeat   time.Time // zero before the first heartbeat
	nextBeat   time.Time
	beat       time.Duration     // between heartbeats; 0 means none
	labels     map[string]string // of heartbeats; nobody changes them
	config     string            // digest of the configuration
}

// NewMonitor returns the monitor of an agent that starts now.
func NewMonitor(o MonitorOptions, p Parts, now time.Time) *Monitor {
	m := &Monitor{opts: o, parts: p, started: now, at: now}
	m.parts.Losses = append(m.parts.Losses, m.Tally.Losses)
	if o.Canary {
		o.Board.set(Condition{Name: Starting}, "no canary has come back yet", true, now)
	}
	m.run = host.StableID("run", o.Host.ID, strconv.FormatInt(now.UnixNano(), 10))[:32]
	m.Configure(o.Beat, o.Labels, o.Config)
	return m
}

// Configure takes over another configuration, which a heartbeat reports soon. It is for the
// goroutine that calls Tick.
func (m *Monitor) Configure(beat time.Duration, labels map[string]string, c any) {
	b, _ := json.Marshal(c) // of a struct of plain values
	sum := sha256.Sum256(b)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.beat, m.labels, m.config, m.nextBeat = beat, labels, hex.EncodeToString(sum[:]), time.Time{}
}

// Tick looks at the sensor and at what was lost, and sends a heartbeat when one is due. The first
// is sent at once; the following come at a time of the host's own within each interval, so that a
// fleet that was switched on at nine does not send all of them at five past.
func (m *Monitor) Tick(now time.Time) {
	m.readSensor(now)
	for _, c := range m.tracker.Look(m.losses(), now) {
		m.opts.Board.Report(c.Condition, c.Detail, c.Until.IsZero(), c.Since, c.Until)
	}
	m.mu.Lock()
	every, due := m.beat, m.nextBeat
	m.mu.Unlock()
	// A clock that was set back must not silence it.
	if every <= 0 || now.Before(due) && due.Sub(now) <= 2*every {
		return
	}
	m.SendHeartbeat(now, false)
	m.mu.Lock()
	m.nextBeat = nextHeartbeat(now, every, m.opts.Host.ID)
	m.mu.Unlock()
}

// readSensor takes the sensor's counts.
func (m *Monitor) readSensor(now time.Time) {
	s := m.parts.Sensor()
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Lines != m.lines {
		m.lastLine = now
	}
	if s.CanariesSeen != m.canaries {
		if m.canaries == 0 {
			m.nextBeat = time.Time{} // whoever read that the agent is starting learns that it has started
		}
		m.lastCanary, m.canaries = now, s.CanariesSeen
	}
	if passed := now.Sub(m.at).Seconds(); passed > 0 {
		share := min(passed/60, 1)
		m.rate += share * (float64(s.Lines-m.lines)/passed - m.rate)
	}
	m.lines, m.at = s.Lines, now
}

func (m *Monitor) losses() []Loss {
	var all []Loss
	for _, part := range m.parts.Losses {
		all = append(all, part()...)
	}
	return all
}

// Facts returns how the agent stands.
func (m *Monitor) Facts(now time.Time) alert.HeartbeatFacts {
	f := alert.HeartbeatFacts{
		Uptime: float64(now.Sub(m.started).Milliseconds()) / 1000, Versions: map[string]string{"go": runtime.Version()},
	}
	m.mu.Lock()
	f.Interval, f.Configuration = m.beat.Seconds(), m.config
	m.mu.Unlock()
	f.Configurations = m.parts.Settings()
	if v := m.opts.Host.Version; v != "" {
		f.Versions["macos"] = v
	}
	m.addSensor(&f)
	f.Losses = map[string]uint64{}
	Add(f.Losses, m.losses())
	f.Rules = m.parts.Rules()
	m.parts.Outputs(&f, now)
	f.Healthy = len(f.Conditions) == 0
	return f
}

// addSensor adds how the sensor stands, and the conditions that are on.
func (m *Monitor) addSensor(f *alert.HeartbeatFacts) {
	s := m.parts.Sensor()
	m.mu.Lock()
	f.Sensor = alert.SensorFacts{
		Lines: s.Lines, Malformed: s.Malformed, Dropped: s.Dropped, LinesRate: float64(int(m.rate*10)) / 10,
		LastLine: alert.At(m.lastLine), LastCanary: alert.At(m.lastCanary),
	}
	m.mu.Unlock()
	if s.CanariesSeen > 0 {
		m.opts.Board.set(Condition{Name: Starting}, "", false, time.Time{})
	}
	var unnamed uint64
	f.Conditions, unnamed = m.opts.Board.Facts()
	m.Tally.Set(ConditionsUnnamed, unnamed)
}
