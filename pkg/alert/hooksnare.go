package alert

import "hooksnare/pkg/chain"

// Verdict is how certain it is that the change took effect.
type Verdict string

// The verdicts.
const (
	Attempted    Verdict = "attempted"    // a command was run that does this
	Confirmed    Verdict = "confirmed"    // the command was run, and the preferences changed
	Unattributed Verdict = "unattributed" // the preferences changed, and no command was seen
	NotApplied   Verdict = "not_applied"  // a command was run, the preferences did not change
	Observed     Verdict = "observed"     // none of these
)

// Hooksnare holds the facts for which ECS has no field.
type Hooksnare struct {
	Verdict     Verdict     `json:"verdict,omitempty"`
	Uncertain   bool        `json:"uncertain,omitempty"` // the value was read where the file can't be read for certain
	Reason      string      `json:"reason,omitempty"`    // why the verdict changed
	Signals     []string    `json:"signals,omitempty"`
	Hook        *Hook       `json:"hook,omitempty"`
	Program     *Program    `json:"program,omitempty"`
	Change      *Change     `json:"change,omitempty"`
	Unreadable  *Unreadable `json:"unreadable,omitempty"`
	Match       *Match      `json:"match,omitempty"`
	Evidence    *Evidence   `json:"evidence,omitempty"`
	Triage      *Triage     `json:"triage,omitempty"`
	Exception   *Exception  `json:"exception,omitempty"`
	Repeat      *Repeat     `json:"repeat,omitempty"`
	HeldBack    *HeldBack   `json:"held_back,omitempty"`
	Health      *Health     `json:"health,omitempty"`
	Delivery    *chain.Link `json:"delivery,omitempty"`
	Remediation string      `json:"remediation,omitempty"`
	LatencyMS   *float64    `json:"latency_ms,omitempty"`
	Truncated   []string    `json:"truncated,omitempty"` // members that were cut

	// BuildingBlock marks an alert that only other rules build on: nobody needs to look at it.
	BuildingBlock bool `json:"building_block,omitempty"`
}

// Program is what a hook points to.
type Program struct {
	Path       string   `json:"path,omitempty"`
	Arguments  string   `json:"arguments,omitempty"`
	Resolved   string   `json:"resolved,omitempty"` // without links
	Exists     bool     `json:"exists"`
	Type       string   `json:"type,omitempty"`
	Kind       string   `json:"kind,omitempty"`
	SHA256     string   `json:"sha256,omitempty"`
	Size       *int64   `json:"size,omitempty"`  // bytes
	Owner      string   `json:"owner,omitempty"` // user id
	Mode       string   `json:"mode,omitempty"`  // octal
	Modified   *Time    `json:"modified,omitempty"`
	Writable   bool     `json:"writable_by_others"`
	WritableBy string   `json:"writable_at,omitempty"` // the element of the path that others can write
	Shebang    string   `json:"shebang,omitempty"`
	Signing    *Signing `json:"signing,omitempty"`
	Excerpt    string   `json:"excerpt,omitempty"`
	Unread     string   `json:"unread,omitempty"`      // why it could not be read
	Shadow     string   `json:"shadowed_by,omitempty"` // what would run if the value were split at an earlier space
	Risks      []string `json:"risks,omitempty"`
	Kept       string   `json:"kept_at,omitempty"`     // a copy of it
	Parts      []Part   `json:"parts,omitempty"`       // what it runs beside itself
	NotWatched []string `json:"not_watched,omitempty"` // programs that its script names
}

// Part is a file that a hook runs by its arguments, or by its script, or a folder of such.
type Part struct {
	Path     string `json:"path"`
	Exists   bool   `json:"exists"`
	Type     string `json:"type,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
	Writable bool   `json:"writable_by_others"`
}

// Signing is what a program's signature claims; it is not verified.
type Signing struct {
	ID     string `json:"id,omitempty"`
	TeamID string `json:"team_id,omitempty"`
}

// Change is how preferences or a hook's program changed.
type Change struct {
	Since    string   `json:"since,omitempty"` // running, stopped or first_look
	What     []string `json:"what,omitempty"`  // of a program
	Previous *Program `json:"previous,omitempty"`
}

// Unreadable is a file or folder that may hold hooks and cannot be read.
type Unreadable struct {
	Path   string `json:"path"`
	Why    string `json:"why"`
	Detail string `json:"detail,omitempty"`
	Active bool   `json:"active"` // false: it can be read again

	// Of the content, as far as known.
	SHA256  string `json:"sha256,omitempty"`
	Size    *int64 `json:"size,omitempty"`    // bytes
	Excerpt string `json:"excerpt,omitempty"` // the first bytes, escaped
	Kept    string `json:"kept_at,omitempty"` // a copy of no more than the first 64 KiB
}

// Match is how a rule matched that needs more than one event.
type Match struct {
	Events []Command `json:"events,omitempty"` // of a sequence, in its order; the last is the alert's own
}

// Hook is what was done to a hook.
type Hook struct {
	Operation  string  `json:"operation,omitempty"`
	Key        string  `json:"key,omitempty"`
	Value      *string `json:"value,omitempty"`
	Previous   *string `json:"previous_value,omitempty"`
	Domain     string  `json:"domain,omitempty"`
	Plist      string  `json:"plist,omitempty"`
	Scope      string  `json:"scope,omitempty"`
	Tool       string  `json:"tool,omitempty"`
	Verb       string  `json:"verb,omitempty"`
	Source     string  `json:"source,omitempty"`      // the key it was renamed or copied from
	SourceFile string  `json:"source_file,omitempty"` // the file it was read from
}

// Evidence is what an analyst would look for next.
type Evidence struct {
	LoginUser *User     `json:"login_user,omitempty"` // who logged in, also behind sudo
	Lineage   []Command `json:"lineage,omitempty"`    // the parent first
	Recent    []Command `json:"recent,omitempty"`     // the same user's commands, oldest first
	Redacted  int       `json:"redacted,omitempty"`   // secrets removed from command lines
	SetBy     string    `json:"set_by,omitempty"`     // event.id of the alert about the hook being set
	// Candidates are commands shortly before a change that name its file, or that tried to
	// make it and could not: none of them is known to have made it.
	Candidates []Command `json:"candidates,omitempty"`
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

// Exception is one that matched and did not hide the alert.
type Exception struct {
	ID     string `json:"id"`
	Failed string `json:"failed,omitempty"` // the pin that did not hold; if empty, the exception covers the finding
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

	Share    string     `json:"share,omitempty"`    // whose: root, a user, a home folder, a condition
	Rules    []HeldRule `json:"rules,omitempty"`    // how many of each rule
	Newest   []HeldItem `json:"newest,omitempty"`   // the latest first
	Severest []HeldItem `json:"severest,omitempty"` // the most severe first
}

// HeldRule is how many alerts of a rule were held back.
type HeldRule struct {
	Rule  string `json:"rule_id"`
	Count int    `json:"count"`
}

// HeldItem is one of the alerts that were held back.
type HeldItem struct {
	Rule     string `json:"rule_id"`
	Severity int    `json:"severity"`
	File     string `json:"file,omitempty"`
	Key      string `json:"key,omitempty"`
	Value    string `json:"value,omitempty"`
	User     string `json:"user_id,omitempty"`
}

// Health is a condition of the agent.
type Health struct {
	State   string `json:"state"`
	Detail  string `json:"detail,omitempty"`
	Meaning string `json:"meaning,omitempty"` // what it means for what is seen
	Remedy  string `json:"remedy,omitempty"`  // what to do about it
	Active  bool   `json:"active"`
	Since   *Time  `json:"since,omitempty"`
	Until   *Time  `json:"until,omitempty"`
}

// Triage answers the questions of an investigation guide.
type Triage struct {
	ProgramAge  *int64    `json:"program_age_seconds,omitempty"` // from the program's last modification to the alert
	KnownGood   string    `json:"known_good,omitempty"`          // the exception that names the program's SHA-256
	Packages    []Lately  `json:"recent_packages,omitempty"`     // installed within a day before
	Preferences []Lately  `json:"recent_preferences,omitempty"`  // changed within a day before, in the same folder
	Tree        []Command `json:"same_tree,omitempty"`           // other commands of the same login or job, oldest first
}

// Lately is a file that changed shortly before.
type Lately struct {
	Name string `json:"name"`
	Time *Time  `json:"time"`
}
