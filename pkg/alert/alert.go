// Package alert is the document that every output delivers: one line of ECS for each alert,
// its updates, and heartbeats. An absent fact is an absent member. Texts in it come from
// outside: whatever writes them for people or logs escapes them.
package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

// ECSVersion is the version of the Elastic Common Schema that the members follow.
const ECSVersion = "9.4.0"

// Time is written as ECS wants dates, in UTC with nine digits.
type Time struct{ time.Time }

// MarshalJSON writes the time.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.000000000Z"`)), nil
}

// At returns a time as a member, nil for the zero time and for years outside 1 to 9999.
func At(t time.Time) *Time {
	if year := t.UTC().Year(); t.IsZero() || year < 1 || year > 9999 {
		return nil
	}
	return &Time{t}
}

// OwnShare is the [Alert.Share] of the agent's own documents.
const OwnShare = "agent"

// Alert is one alert, or an update of one. An update has the event.id of its alert and
// the next event.sequence.
type Alert struct {
	Timestamp *Time   `json:"@timestamp,omitempty"`
	ECS       ECS     `json:"ecs"`
	Message   string  `json:"message"`
	Event     Event   `json:"event"`
	Rule      Rule    `json:"rule"`
	Threat    *Threat `json:"threat,omitempty"`
	Origin
	User      *User      `json:"user,omitempty"`
	Process   *Process   `json:"process,omitempty"`
	File      *File      `json:"file,omitempty"`
	Hooksnare *Hooksnare `json:"hooksnare,omitempty"`

	// Share names the owner whose share of the spool the alert counts against. It is not in
	// the document. See spool.Entry.
	Share string `json:"-"`
}

// ECS names the schema.
type ECS struct {
	Version string `json:"version"`
}

// Event says what kind of document this is and how it is known.
type Event struct {
	Kind      string   `json:"kind"`
	Category  []string `json:"category,omitempty"`
	Type      []string `json:"type,omitempty"`
	Action    string   `json:"action,omitempty"`
	ID        string   `json:"id"`
	Sequence  int      `json:"sequence"`
	Module    string   `json:"module"`
	Severity  int      `json:"severity"`
	RiskScore int      `json:"risk_score"`
	Created   *Time    `json:"created,omitempty"`
	Start     *Time    `json:"start,omitempty"`
	End       *Time    `json:"end,omitempty"`
}

// Rule is the rule that matched.
type Rule struct {
	ID          string   `json:"id"`
	UUID        string   `json:"uuid"`
	Name        string   `json:"name"`
	Version     string   `json:"version,omitempty"`
	Description string   `json:"description,omitempty"`
	Reference   []string `json:"reference,omitempty"`
	Author      []string `json:"author,omitempty"`
	License     string   `json:"license,omitempty"`
}

// Threat is the rule's place in ATT&CK.
type Threat struct {
	Framework string     `json:"framework,omitempty"`
	Tactic    *Named     `json:"tactic,omitempty"`
	Technique *Technique `json:"technique,omitempty"`
}

// Named lists entries of the framework.
type Named struct {
	ID        []string `json:"id,omitempty"`
	Name      []string `json:"name,omitempty"`
	Reference []string `json:"reference,omitempty"`
}

// Technique lists techniques and their parts.
type Technique struct {
	Named
	Subtechnique *Named `json:"subtechnique,omitempty"`
}

// Origin is what every document says of where it is from.
type Origin struct {
	Agent  AgentInfo         `json:"agent"`
	Host   Host              `json:"host"`
	Device *Device           `json:"device,omitempty"`
	Labels map[string]string `json:"labels,omitempty"` // of the configuration; nobody changes them
}

// AgentInfo is the agent itself.
type AgentInfo struct {
	Type        string `json:"type"` // hooksnare
	Version     string `json:"version,omitempty"`
	EphemeralID string `json:"ephemeral_id,omitempty"` // of this run, in heartbeats
}

// Device is the Mac as a thing that somebody owns.
type Device struct {
	SerialNumber string `json:"serial_number,omitempty"`
}

// Host is the Mac.
type Host struct {
	ID           string `json:"id,omitempty"`
	Name         string `json:"name,omitempty"`
	Hostname     string `json:"hostname,omitempty"`
	Architecture string `json:"architecture,omitempty"`
	OS           OS     `json:"os"`
	Boot         *Boot  `json:"boot,omitempty"`
}

// OS is the operating system.
type OS struct {
	Type    string `json:"type"`
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	Build   string `json:"build,omitempty"` // ECS has none; Elastic's agents write it like this
}

// Boot is the boot session.
type Boot struct {
	ID string `json:"id,omitempty"`
}

// User is the user whose rights a process has.
type User struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Group is a group of users.
type Group struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Process is one image of one process.
type Process struct {
	PID              int32          `json:"pid"`
	EntityID         string         `json:"entity_id,omitempty"`
	Executable       string         `json:"executable,omitempty"`
	Name             string         `json:"name,omitempty"`
	Args             []string       `json:"args,omitempty"`
	ArgsCount        int            `json:"args_count,omitempty"`
	CommandLine      string         `json:"command_line,omitempty"`
	WorkingDirectory string         `json:"working_directory,omitempty"`
	Start            *Time          `json:"start,omitempty"`
	TTY              *TTY           `json:"tty,omitempty"`
	CodeSignature    *CodeSignature `json:"code_signature,omitempty"`
	Hash             *Hash          `json:"hash,omitempty"`
	User             *User          `json:"user,omitempty"`
	RealUser         *User          `json:"real_user,omitempty"`
	Group            *Group         `json:"group,omitempty"`
	GroupLeader      *Leader        `json:"group_leader,omitempty"`
	SessionLeader    *Leader        `json:"session_leader,omitempty"`
	Previous         *Previous      `json:"previous,omitempty"`
	Parent           *Process       `json:"parent,omitempty"`
	Ext              *Ext           `json:"Ext,omitempty"`
}

// TTY is a terminal.
type TTY struct {
	Name string `json:"name,omitempty"` // ECS knows devices by number only
}

// CodeSignature is the kernel's judgement of a signature.
type CodeSignature struct {
	Exists    bool   `json:"exists"`
	SigningID string `json:"signing_id,omitempty"`
	TeamID    string `json:"team_id,omitempty"`
	Trusted   bool   `json:"trusted"` // an approximation: valid, not ad hoc, of Apple or of a team
}

// Hash holds hashes of an executable.
type Hash struct {
	CDHash string `json:"cdhash,omitempty"`
}

// Leader is the leader of a process group or session.
type Leader struct {
	PID int32 `json:"pid"`
}

// Previous is the image before an exec.
type Previous struct {
	Executable string `json:"executable,omitempty"`
}

// Ext holds what Elastic's endpoint adds to ECS.
type Ext struct {
	Ancestry        []string `json:"ancestry,omitempty"`
	EffectiveParent *Process `json:"effective_parent,omitempty"`
}

// File is a preferences file.
type File struct {
	Path      string `json:"path"`
	Name      string `json:"name,omitempty"`
	Directory string `json:"directory,omitempty"`
}

// isEscaped reports whether a character is escaped although JSON allows it: it moves a
// terminal's cursor, hides or reorders text, breaks lines, or can't be seen or told from a space.
func isEscaped(r rune) bool {
	return r >= 0x7f && (!unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u2800')
}

// Line returns the alert as one line of JSON, without a line break, in which nothing from
// outside can act on a terminal or a log.
func (a *Alert) Line() ([]byte, error) { return encodeLine(a, a.Event.ID) }

func encodeLine(document any, id string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(document); err != nil {
		return nil, fmt.Errorf("alert %s: %w", id, err)
	}
	return escape(bytes.TrimRight(b.Bytes(), "\n")), nil
}

func escape(line []byte) []byte {
	if bytes.IndexFunc(line, isEscaped) < 0 {
		return line
	}
	out := make([]byte, 0, len(line)+64)
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		switch {
		case !isEscaped(r):
			out = append(out, line[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		line = line[n:]
	}
	return out
}
