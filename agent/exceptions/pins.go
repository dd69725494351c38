package exceptions

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/detect/eql"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/event"
)

// Pins holds what exceptions ask of a hook's program, and looks at the disk for it.
type Pins struct {
	root    string
	require map[string]config.Require // by exception
	names   *program.Directory
}

// nameLimit is how long commands that judge once wait for the names in exceptions.
const nameLimit = 2 * time.Second

// Wait waits until the names in exceptions are known, no longer than the limit.
func (p *Pins) Wait() *Pins {
	p.names.Wait(nameLimit)
	return p
}

func NewPins(root string, list []config.Exception) *Pins {
	p := &Pins{root: filepath.Join("/", root), require: map[string]config.Require{}}
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

// IsPreset reports whether an exception comes with the agent.
func (p *Pins) IsPreset(exception string) bool { return p.require[exception].JamfManaged }

// Check returns what about a hook's program is not as an exception requires, "" for nothing.
func (p *Pins) Check(exception string, r *detect.Record, x *document.Examination) string {
	if r.Fact == nil || !r.Fact.HasValue {
		return "the command does not show the hook's program"
	}
	found := x.Program(r.Fact.Value)
	if found == nil {
		return "the program was not examined"
	}
	if why := unpinnable(found); why != "" {
		return why
	}
	require := p.require[exception]
	if why := p.unmetByAny(found, require); why != "" || !require.JamfManaged || x.Jamf {
		return why
	}
	return "this Mac did not show before that Jamf manages it"
}

// Unmet returns what to say of exceptions whose pins can't hold, or do not hold now, for the values
// that they name: as far as a program of these is on the disk.
func Unmet(c config.Config, sources config.Sources) []error {
	pins := NewPins(c.Root, c.Exceptions).Wait()
	var out []error
	for i := range c.Exceptions {
		x := &c.Exceptions[i]
		q, err := eql.ParseCondition(x.Where, detect.FieldKind)
		if err != nil || x.Require.IsZero() || x.Require.JamfManaged {
			continue
		}
		values, _ := q.Required("hooksnare.hook.value")
		for _, value := range values {
			found := program.Examine(pins.root, value)
			if why := cmp.Or(unpinnable(&found), pins.unmetByAny(&found, x.Require)); found.Exists && why != "" {
				out = append(out, sources.ProblemOf(x, "Require", fmt.Sprintf("exception %s does not cover %q as it is on this disk: %s", x.ID, clip.Text(value, clip.WordBytes), why)))
			}
		}
	}
	return out
}

// unpinnable returns why no property of the program that was found says what a hook runs,
// "" if they do.
func unpinnable(p *event.Program) string {
	risk := func(name string) bool { return slices.Contains(p.Risks, name) }
	switch {
	case risk(program.NoAbsolutePath):
		return fmt.Sprintf("the program %q has no absolute path", clip.Text(p.Value, clip.WordBytes))
	case p.Unread != "":
		return "the program can't be read: " + p.Unread
	case risk(program.Missing):
		return "the program is missing"
	case risk(program.NotAFile):
		return fmt.Sprintf("the program can't be read: %q is a %s", clip.Path(p.Path), p.Type)
	case risk(program.RunsArguments):
		return fmt.Sprintf("%q runs what its arguments say, which no pin covers", clip.Path(p.Path))
	case risk(program.TooManyParts):
		return fmt.Sprintf("%q runs what is in more files than are watched", clip.Path(p.Path))
	case p.Shadow != "":
		return fmt.Sprintf("%q is there, which an unquoted %q runs instead", clip.Path(p.Shadow), clip.Path(p.Value))
	}
	for i := range p.Parts {
		switch part := &p.Parts[i]; {
		case part.Unread != "":
			return fmt.Sprintf("%q, which it runs, can't be read: %s", clip.Path(part.Path), part.Unread)
		case part.Type != "file" && part.Type != "directory":
			return fmt.Sprintf("%q, which it runs, is not a file", clip.Path(part.Path))
		}
	}
	return ""
}

// unmetByAny returns which requirement a program or a part of it does not meet, "" for none.
func (p *Pins) unmetByAny(found *event.Program, want config.Require) string {
	why := p.unmetRequirement(found, want)
	for i := range found.Parts {
		part, want := &found.Parts[i], want
		if want.TeamID = ""; part.Type == "directory" {
			want.SHA256 = nil // what is in it has parts of its own
		}
		if unmet := p.unmetRequirement(part, want); why == "" && unmet != "" {
			why = fmt.Sprintf("it runs %q: %s", clip.Path(part.Path), unmet)
		}
	}
	return why
}

// unmetRequirement returns which requirement a program does not meet, "" for none.
func (p *Pins) unmetRequirement(found *event.Program, want config.Require) string {
	owns, known := true, true
	if want.Owner != "" {
		owns, known = p.names.Owns(want.Owner, found.UID)
	}
	switch {
	case !known:
		return fmt.Sprintf("the directory has not answered yet who %s is", want.Owner)
	case !owns:
		return fmt.Sprintf("the program belongs to user %d, not to %s", found.UID, want.Owner)
	case want.NotWritableByOthers && found.WritableBy != "":
		return fmt.Sprintf("others than root can write %q", clip.Path(found.WritableBy))
	case want.NotWritableByOthers && slices.Contains(found.Risks, program.InterpreterWritable):
		return fmt.Sprintf("others than root can write its interpreter %q", clip.Text(found.Shebang, clip.WordBytes))
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
