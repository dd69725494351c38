package health

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"hooksnare/agent/host"
	"hooksnare/pkg/alert"
)

// SendFinal sends a last heartbeat, unless there are none.
func (m *Monitor) SendFinal(now time.Time) {
	m.mu.Lock()
	beat := m.beat
	m.mu.Unlock()
	if beat > 0 {
		m.SendHeartbeat(now, true)
	}
}

// SendHeartbeat sends how the agent stands; final says that it ends.
func (m *Monitor) SendHeartbeat(now time.Time, final bool) {
	if err := m.parts.Send(m.heartbeat(now, final)); err != nil {
		m.opts.Log.Error().Err(err).Msg("heartbeat")
		return
	}
	m.mu.Lock()
	m.lastBeat = now
	m.mu.Unlock()
}

func (m *Monitor) heartbeat(now time.Time, final bool) *alert.Heartbeat {
	f := m.Facts(now)
	f.Final = final
	b := &alert.Heartbeat{
		Timestamp: alert.At(now), ECS: alert.ECS{Version: alert.ECSVersion}, Origin: m.opts.Host.Origin(m.opts.Version),
		Message: "Hooksnare watches",
		Event: alert.HeartbeatEvent{
			Kind: "state", Category: []string{"host"}, Type: []string{"info"}, Action: "heartbeat", Sequence: 1,
			Module: "hooksnare", Dataset: alert.HeartbeatDataset, Created: alert.At(now),
			ID: host.StableID("heartbeat", m.run, strconv.FormatInt(now.UnixNano(), 10)),
		},
		Hooksnare: alert.Beat{Heartbeat: f},
	}
	m.mu.Lock()
	b.Labels, b.Agent.EphemeralID = m.labels, m.run
	m.mu.Unlock()
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

// nextHeartbeat returns when the heartbeat after now is due.
func nextHeartbeat(now time.Time, every time.Duration, hostID string) time.Time {
	f := fnv.New64a()
	f.Write([]byte(hostID))
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

// LastHeartbeat returns when the latest was sent, the zero time before the first.
func (m *Monitor) LastHeartbeat() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lastBeat
}
