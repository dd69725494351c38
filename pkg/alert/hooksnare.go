package alert

// Verdict says how far an observation went.
type Verdict string

// The verdicts.
const (
	Attempted    Verdict = "attempted"    // a command was run that does this
	Confirmed    Verdict = "confirmed"    // and the preferences say so
	Unattributed Verdict = "unattributed" // the preferences say so, no command was seen
	NotApplied   Verdict = "not_applied"  // a command was run, the preferences did not change
	Observed     Verdict = "observed"     // neither: it was seen
)

// Hooksnare holds what ECS has no name for.
type Hooksnare struct {
	Verdict     Verdict    `json:"verdict,omitempty"`
	Signals     []string   `json:"signals,omitempty"`
	Hook        *Hook      `json:"hook,omitempty"`
	Match       *Match     `json:"match,omitempty"`
	Evidence    *Evidence  `json:"evidence,omitempty"`
	Exception   *Exception `json:"exception,omitempty"`
	Repeat      *Repeat    `json:"repeat,omitempty"`
	HeldBack    *HeldBack  `json:"held_back,omitempty"`
	Health      *Health    `json:"health,omitempty"`
	Remediation string     `json:"remediation,omitempty"`
	LatencyMS   *float64   `json:"latency_ms,omitempty"`
	Truncated   []string   `json:"truncated,omitempty"` // members that were cut

	// BuildingBlock says that the rule is meant for other rules to build on, and nobody need
	// look at its alerts as such.
	BuildingBlock bool `json:"building_block,omitempty"`
}

// Match is how a rule matched that does not judge an event by itself.
type Match struct {
	Events   []Command `json:"events,omitempty"`    // of a sequence, in its order; the last is the alert's own
	NewTerms []string  `json:"new_terms,omitempty"` // values that were never seen before
	Count    int       `json:"count,omitempty"`     // events within the rule's window
}

// Hook is what was done to a hook.
type Hook struct {
	Operation  string  `json:"operation,omitempty"`
	Key        string  `json:"key,omitempty"`
	Value      *string `json:"value,omitempty"`
	Domain     string  `json:"domain,omitempty"`
	Plist      string  `json:"plist,omitempty"`
	Scope      string  `json:"scope,omitempty"`
	Tool       string  `json:"tool,omitempty"`
	Verb       string  `json:"verb,omitempty"`
	Source     string  `json:"source,omitempty"`      // the key it was renamed or copied from
	SourceFile string  `json:"source_file,omitempty"` // the file it was read from
}

// Evidence is what an analyst would go and look for.
type Evidence struct {
	LoginUser *User     `json:"login_user,omitempty"` // who logged in, also behind sudo
	Lineage   []Command `json:"lineage,omitempty"`    // the parent first
	Recent    []Command `json:"recent,omitempty"`     // the same user's commands, oldest first
	Redacted  int       `json:"redacted,omitempty"`   // secrets taken out of command lines
}

// Command is one process of the evidence.
type Command struct {
	PID         int32  `json:"pid"`
	EntityID    string `json:"entity_id,omitempty"`
	Time        *Time  `json:"time,omitempty"` // of its exec
	Executable  string `json:"executable,omitempty"`
	CommandLine string `json:"command_line,omitempty"`
	User        *User  `json:"user,omitempty"`
}

// Exception is one that would have hidden the alert and did not.
type Exception struct {
	ID     string `json:"id"`
	Failed string `json:"failed"` // the pin that did not hold
}

// Repeat counts equal alerts that were not sent.
type Repeat struct {
	Count int   `json:"count"`
	First *Time `json:"first,omitempty"`
	Last  *Time `json:"last,omitempty"`
}

// HeldBack counts alerts over a rule's max_signals.
type HeldBack struct {
	Count      int   `json:"count"`
	MaxSignals int   `json:"max_signals"`
	First      *Time `json:"first,omitempty"`
	Last       *Time `json:"last,omitempty"`
}

// Health is a condition of a sensor.
type Health struct {
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
	Active bool   `json:"active"`
	Since  *Time  `json:"since,omitempty"`
	Until  *Time  `json:"until,omitempty"`
}
