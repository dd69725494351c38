package agent

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/pkg/event"
)

// pins holds what exceptions ask of a hook's program, and looks at the disk for it.
type pins struct {
	root    string
	require map[string]config.Require // by exception
	names   *program.Directory
}

// nameLimit is how long commands that judge once wait for the names in exceptions.
const nameLimit = 2 * time.Second

// wait waits until the names in exceptions are known, no longer than the limit.
func (p *pins) wait() *pins {
	p.names.Wait(nameLimit)
	return p
}

func newPins(root string, list []config.Exception) *pins {
	p := &pins{root: filepath.Join("/", root), require: map[string]config.Require{}}
	p.names = program.NewDirectory(p.root)
	for _, x := range list {
		if x.Require.Owner != "" {
			p.names.Ask(x.Require.Owner)
		}
		if !x.Require.IsZero() {
			p.require[x.ID] = x.Require
		}
	}
	return p
}

// pinsOn is the detect.Pin of what an examination found.
func (p *Pipeline) pinsOn(x *Examination) detect.Pin {
	return func(exception string, r *detect.Record) (why string, held, checked bool) {
		if p.pins == nil {
			return "", false, false
		}
		why = p.pins.check(exception, r, x)
		return why, why == "", true
	}
}

// isPreset reports whether an exception comes with the agent.
func (p *pins) isPreset(exception string) bool { return p.require[exception].JamfManaged }

// check returns what about a hook's program is not as an exception requires, "" for nothing.
func (p *pins) check(exception string, r *detect.Record, x *Examination) string {
	if r.Fact == nil || !r.Fact.HasValue {
		return "the command does not show the hook's program"
	}
	found := x.program(r.Fact.Value)
	if found == nil {
		return "the program was not examined"
	}
	if why := unpinnable(found); why != "" {
		return why
	}
	require := p.require[exception]
	if why := p.differs(found, require); why != "" || !require.JamfManaged || x.Jamf {
		return why
	}
	return "this Mac did not show before that Jamf manages it"
}

// lookAtPrograms is an examination of what values point to and of nothing else, for who has a disk and
// no agent.
func lookAtPrograms(root string) func(Question) *Examination {
	return func(q Question) *Examination {
		x := &Examination{Programs: map[string]ExaminedProgram{}, Jamf: managedByJamf(root)}
		for _, v := range q.Values {
			x.Programs[v] = ExaminedProgram{Found: program.Examine(filepath.Join("/", root), v)}
		}
		return x
	}
}

// unpinnable returns why no property of the program that was found says what a hook runs,
// "" if they do.
func unpinnable(p *event.Program) string {
	risk := func(name string) bool { return slices.Contains(p.Risks, name) }
	switch {
	case risk(program.NoAbsolutePath):
		return fmt.Sprintf("the program %q has no absolute path", clipTo(p.Value, wordBytes))
	case p.Unread != "":
		return "the program can't be read: " + p.Unread
	case risk(program.Missing):
		return "the program is missing"
	case risk(program.NotAFile):
		return fmt.Sprintf("the program can't be read: %q is a %s", clip(p.Path), p.Type)
	case risk(program.RunsArguments):
		return fmt.Sprintf("%q runs what its arguments say, which no pin covers", clip(p.Path))
	case p.Shadow != "":
		return fmt.Sprintf("%q is there, which an unquoted %q runs instead", clip(p.Shadow), clip(p.Value))
	}
	return ""
}

// differs returns which requirement a program does not meet, "" for none.
func (p *pins) differs(found *event.Program, want config.Require) string {
	owns, known := true, true
	if want.Owner != "" {
		owns, known = p.names.Owns(want.Owner, found.UID)
	}
	switch {
	case !known:
		return fmt.Sprintf("the directory has not told yet who %s is", want.Owner)
	case !owns:
		return fmt.Sprintf("the program belongs to user %d, not to %s", found.UID, want.Owner)
	case want.NotWritableByOthers && found.WritableBy != "":
		return fmt.Sprintf("others than root can write %q", clip(found.WritableBy))
	case want.NotWritableByOthers && slices.Contains(found.Risks, program.InterpreterWritable):
		return fmt.Sprintf("others than root can write its interpreter %q", clipTo(found.Shebang, wordBytes))
	case len(want.SHA256) > 0 && !found.Hashed:
		return fmt.Sprintf("the program has %d bytes, too many to take its SHA-256", found.Size)
	case len(want.SHA256) > 0 && !slices.Contains(want.SHA256, found.SHA256):
		return "the program's SHA-256 is " + found.SHA256
	case want.TeamID != "" && found.TeamID == "":
		return "the program claims no team id"
	case want.TeamID != "":
		// Anyone can write any team id into a file: a claim that nobody verified holds no pin.
		return fmt.Sprintf("the program claims the team id %q, which this version can't verify", found.TeamID)
	}
	return ""
}
