package alert

import "hooksnare/pkg/chain"

// Heartbeat is the document that proves that an agent runs and what it sees. Every output
// delivers it like an alert.
type Heartbeat struct {
	Timestamp *Time          `json:"@timestamp,omitempty"`
	ECS       ECS            `json:"ecs"`
	Message   string         `json:"message"`
	Event     HeartbeatEvent `json:"event"`
	Origin
	Hooksnare Beat `json:"hooksnare"`
}

// HeartbeatEvent is the event of a heartbeat. It has no severity, as it is not an alert.
type HeartbeatEvent struct {
	Kind     string   `json:"kind"` // state
	Category []string `json:"category,omitempty"`
	Type     []string `json:"type,omitempty"`
	Action   string   `json:"action"` // heartbeat, or heartbeat-final for the last of a run
	ID       string   `json:"id"`
	Sequence int      `json:"sequence"` // 1
	Module   string   `json:"module"`
	Dataset  string   `json:"dataset"` // hooksnare.heartbeat
	Created  *Time    `json:"created,omitempty"`
}

// HeartbeatDataset is the event.dataset of heartbeats; alerts have none.
const HeartbeatDataset = "hooksnare.heartbeat"

// Beat is the content of a heartbeat.
type Beat struct {
	Delivery  *chain.Link    `json:"delivery,omitempty"`
	Heartbeat HeartbeatFacts `json:"heartbeat"`
}

// HeartbeatFacts are the health of an agent at a point in time. Counts are since it started.
type HeartbeatFacts struct {
	Healthy       bool    `json:"healthy"`          // no condition is active
	Final         bool    `json:"final,omitempty"`  // the agent is ending
	Interval      float64 `json:"interval_seconds"` // until the next one is due
	Uptime        float64 `json:"uptime_seconds"`
	Configuration string  `json:"configuration_sha256,omitempty"` // of all values in force, in their order

	Configurations *ConfigurationFacts `json:"configuration,omitempty"`

	Rules      RuleFacts         `json:"rules"`
	Sensor     SensorFacts       `json:"sensor"`
	Conditions []ConditionFacts  `json:"conditions,omitempty"`
	Spool      SpoolFacts        `json:"spool"`
	Losses     map[string]uint64 `json:"losses,omitempty"` // what was forgotten, skipped or not examined, by counter
	Outputs    []OutputFacts     `json:"outputs,omitempty"`
	Versions   map[string]string `json:"versions,omitempty"` // of go, macos
}

// ConfigurationFacts tell which property lists are in force, and which are on the disk. They differ
// while what is on the disk is faulty, and for some seconds after a change.
type ConfigurationFacts struct {
	InForce ConfigurationVersion `json:"in_force"`
	OnDisk  ConfigurationVersion `json:"on_disk"`
}

// ConfigurationVersion tells one content of the configuration's files from another.
type ConfigurationVersion struct {
	SHA256   string `json:"sha256,omitempty"`   // of the managed and the local file, one after the other; absent without any
	Modified *Time  `json:"modified,omitempty"` // when a file was changed last
	Since    *Time  `json:"since,omitempty"`    // when it came into force
	Faults   int    `json:"faults,omitempty"`
}

// RuleFacts counts rules and what they found.
type RuleFacts struct {
	Active      int    `json:"active"`
	NotRunnable int    `json:"not_runnable"`
	Alerts      uint64 `json:"alerts"`
	HeldBack    uint64 `json:"held_back"`
	Repeated    uint64 `json:"repeated"`
}

// SensorFacts count what eslogger reported.
type SensorFacts struct {
	Lines      uint64  `json:"lines"`
	Malformed  uint64  `json:"malformed"`
	Dropped    uint64  `json:"dropped"` // events that are missing by their numbers
	LinesRate  float64 `json:"lines_per_second"`
	LastLine   *Time   `json:"last_line,omitempty"`
	LastCanary *Time   `json:"last_canary,omitempty"`
}

// ConditionFacts are an active condition.
type ConditionFacts struct {
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
	Since  *Time  `json:"since,omitempty"`
}

// SpoolFacts count what waits to be delivered.
type SpoolFacts struct {
	Alerts int   `json:"alerts"`
	Bytes  int64 `json:"bytes"`
	Held   int   `json:"in_memory,omitempty"` // could not be written to disk
}

// OutputFacts are the state of an output.
type OutputFacts struct {
	Name         string  `json:"name"`
	Type         string  `json:"type"`
	Healthy      bool    `json:"healthy"`
	Depth        int     `json:"depth"`
	Bytes        int64   `json:"bytes"`
	OldestAge    float64 `json:"oldest_age_seconds"`
	Delivered    uint64  `json:"delivered"`
	Refused      uint64  `json:"refused"` // set aside as dead letters
	Lost         uint64  `json:"lost"`    // dropped for room, age or damage
	LastDelivery *Time   `json:"last_delivery,omitempty"`
	Error        string  `json:"error,omitempty"` // the last one, while it fails
}

// Line returns the heartbeat as one line of JSON, without the line break.
func (h *Heartbeat) Line() ([]byte, error) { return encodeLine(h, h.Event.ID) }
