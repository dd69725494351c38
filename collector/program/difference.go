package program

import (
	"slices"

	"hooksnare/pkg/event"
)

// difference lists what has changed about a program, in the words of
// event.ProgramChange, nil for nothing. A copy in a program's place that holds the same is none.
func difference(was, is *event.Program) []string {
	var what []string
	add := func(word string, changed bool) {
		if changed {
			what = append(what, word)
		}
	}
	add("appeared", !was.Exists && is.Exists)
	add("vanished", was.Exists && !is.Exists)
	if was.Exists && is.Exists {
		other := was.Inode != is.Inode || was.Path != is.Path || was.Resolved != is.Resolved || was.Type != is.Type
		known := was.Resolved != "" && is.Resolved != "" // where a link leads nowhere there is no owner
		owner, mode := known && (was.UID != is.UID || was.GID != is.GID), known && was.Mode != is.Mode
		content := contentChanged(was, is, other, owner || mode)
		add("content", content)
		add("replaced", content && other) // another file is in its place
		add("owner", owner)               // user or group
		add("mode", mode)                 // permissions
	}
	add("parts", was.Parts != nil && is.Parts != nil && !slices.EqualFunc(was.Parts, is.Parts, isSamePart))
	interpreter := func(p *event.Program) bool { return slices.Contains(p.Risks, InterpreterWritable) }
	add("writable", was.WritableBy == "" && is.WritableBy != "" || !interpreter(was) && interpreter(is)) // by others than root
	add("shadowed", is.Shadow != "" && was.Shadow != is.Shadow)                                          // another file would run if the value were split earlier
	return what
}

func isSamePart(was, is event.Program) bool {
	return was.Path == is.Path && difference(&was, &is) == nil
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
