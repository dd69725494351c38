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

// nameLimit is how long a name that is not known yet is waited for.
const nameLimit = 2 * time.Second

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

// check is the detect.Pin of a disk.
func (p *pins) check(exception string, r *detect.Record) (why string, held, checked bool) {
	want := p.require[exception]
	if r.Fact == nil || !r.Fact.HasValue {
		return "the command does not show the hook's program", false, true
	}
	why = p.program(r.Fact.Value, want)
	return why, why == "", true
}

// program returns what about a hook's program is not as required, "" for nothing.
func (p *pins) program(value string, want config.Require) string {
	found := program.Look(p.root, value)
	if why := unpinnable(&found); why != "" {
		return why
	}
	return p.differs(&found, want)
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

// owns reports whether a user is known to be the one a name stands for.
func (p *pins) owns(owner string, id uint32) bool {
	owns, known := p.names.Owns(owner, id)
	if !known {
		p.names.Wait(nameLimit)
		owns, _ = p.names.Owns(owner, id)
	}
	return owns
}

// differs returns which requirement a program does not meet, "" for none.
func (p *pins) differs(found *event.Program, want config.Require) string {
	switch {
	case want.Owner != "" && !p.owns(want.Owner, found.UID):
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
