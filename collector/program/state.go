package program

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"hooksnare/pkg/event"
)

// State is what Watchers know of their programs, by owner, to be kept as JSON for the next start. What
// [Root] has is of root's, the computer's and managed hooks.
type State map[string][]Known

// UnmarshalJSON also reads what versions wrote that kept a list for root's, the computer's and managed
// hooks, and a list of other owners beside it.
func (s *State) UnmarshalJSON(b []byte) error {
	var before struct {
		Programs []Known `json:"programs"`
		Owners   []struct {
			Owner    string  `json:"owner"`
			Programs []Known `json:"programs"`
		} `json:"owners"`
	}
	if err := json.Unmarshal(b, &before); err != nil {
		return err
	}
	if before.Programs == nil && before.Owners == nil { // no owner is called that
		return json.Unmarshal(b, (*map[string][]Known)(s))
	}
	*s = State{Root: before.Programs}
	for _, o := range before.Owners {
		(*s)[o.Owner] = o.Programs
	}
	return nil
}

// Known is the last view of one program, without what it is not compared by.
type Known struct {
	Value   string      `json:"value_sha256"` // of the hook's value, which may be long
	Program known       `json:"program"`
	Found   event.Found `json:"found"`
}

type known struct {
	Path       raw      `json:"path"`
	Resolved   raw      `json:"resolved,omitempty"`
	Exists     bool     `json:"exists"`
	Type       string   `json:"type,omitempty"`
	Kind       string   `json:"kind,omitempty"`
	Shebang    raw      `json:"shebang,omitempty"`
	Hashed     bool     `json:"hashed"`
	Unread     string   `json:"unread,omitempty"`
	TeamID     string   `json:"team_id,omitempty"`
	SigningID  string   `json:"signing_id,omitempty"`
	Risks      []string `json:"risks,omitempty"`
	WritableBy raw      `json:"writable_by,omitempty"`
	Shadow     raw      `json:"shadow,omitempty"`
	Parts      []Known  `json:"parts"` // null: nobody looked
}

// raw is a string of any bytes. JSON has no way to write those that are not UTF-8, and
// the names of files need not be.
type raw string

// MarshalText writes the bytes as they stand in a Go string.
func (r raw) MarshalText() ([]byte, error) {
	q := strconv.QuoteToASCII(string(r))
	return []byte(q[1 : len(q)-1]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (r *raw) UnmarshalText(b []byte) error {
	s, err := strconv.Unquote(`"` + string(b) + `"`)
	*r = raw(s)
	return err
}

func rememberProgram(p *event.Program) Known {
	var parts []Known
	if p.Parts != nil {
		parts = make([]Known, len(p.Parts))
	}
	for i := range parts {
		parts[i] = rememberProgram(&p.Parts[i])
	}
	return Known{sumOf(p.Value), known{
		raw(p.Path), raw(p.Resolved), p.Exists, p.Type, p.Kind, raw(p.Shebang), p.Hashed, p.Unread, p.TeamID, p.SigningID,
		slices.Clone(p.Risks), raw(p.WritableBy), raw(p.Shadow), parts,
	}, p.Found}
}

// program returns what was known of the program of a value.
func (k *Known) program(value string) event.Program {
	p := &k.Program
	out := event.Program{
		Value: value, Path: string(p.Path), Resolved: string(p.Resolved), Exists: p.Exists, Type: p.Type, Found: k.Found, Kind: p.Kind,
		Shebang: string(p.Shebang), Hashed: p.Hashed, Unread: p.Unread, TeamID: p.TeamID, SigningID: p.SigningID,
		Risks: slices.Clone(p.Risks), WritableBy: string(p.WritableBy), Shadow: string(p.Shadow),
	}
	if p.Parts != nil {
		out.Parts = make([]event.Program, len(p.Parts))
	}
	for i := range p.Parts {
		part := &p.Parts[i]
		out.Parts[i] = part.program(string(part.Program.Path))
	}
	if len(out.Path) <= len(value) && value[:len(out.Path)] == out.Path {
		out.Arguments = argumentsOf(value, out.Path)
	}
	return out
}

// byName orders what is known by the hash of the value.
func byName(a, b Known) int { return strings.Compare(a.Value, b.Value) }

func sumOf(s string) string { return hexSum([]byte(s)) }

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
