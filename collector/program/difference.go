package program

import (
	"slices"

	"hooksnare/pkg/event"
)

// What changed about a program, as event.ProgramChange lists it, in this order.
const (
	Appeared = "appeared" // it was missing
	Vanished = "vanished" // it is missing
	Content  = "content"  // it holds something else
	Replaced = "replaced" // another file is in its place, and holds something else
	Owner    = "owner"    // user or group
	Mode     = "mode"     // permissions
	Writable = "writable" // others than root can change it now, or its interpreter
	Shadow   = "shadowed" // another file would be run now if the value were split at an earlier space
)

// difference lists what has changed about a program, nil for nothing. A copy in a
// program's place that holds the same is none.
func difference(was, is *event.Program) []string {
	var what []string
	add := func(word string, changed bool) {
		if changed {
			what = append(what, word)
		}
	}
	add(Appeared, !was.Exists && is.Exists)
	add(Vanished, was.Exists && !is.Exists)
	if was.Exists && is.Exists {
		other := was.Inode != is.Inode || was.Path != is.Path || was.Resolved != is.Resolved || was.Type != is.Type
		known := was.Resolved != "" && is.Resolved != "" // where a link leads nowhere there is no owner
		owner, mode := known && (was.UID != is.UID || was.GID != is.GID), known && was.Mode != is.Mode
		content := contentChanged(was, is, other, owner || mode)
		add(Content, content)
		add(Replaced, content && other)
		add(Owner, owner)
		add(Mode, mode)
	}
	open := func(p *event.Program, risk string) bool { return slices.Contains(p.Risks, risk) }
	add(Writable, was.WritableBy == "" && is.WritableBy != "" || !open(was, InterpreterWritable) && open(is, InterpreterWritable))
	add(Shadow, is.Shadow != "" && was.Shadow != is.Shadow)
	return what
}

// contentChanged compares what two examinations found in a file. Where one of them could not hash
// it, the change time decides: no user can set it at will. It moves with owner and mode too.
func contentChanged(was, is *event.Program, other, attributes bool) bool {
	switch {
	case was.Type != is.Type:
		return true
	case is.Type != "file":
		return false
	case was.Hashed && is.Hashed:
		return was.SHA256 != is.SHA256
	case other, was.Size != is.Size, !was.ModTime.Equal(is.ModTime):
		return true
	}
	return !attributes && !was.ChangeTime.Equal(is.ChangeTime)
}
