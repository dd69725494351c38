package detect

import (
	"slices"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Hooked is a hook that is set.
type Hooked struct {
	File, Scope, Key, Value string
	Home                    string // the home folder that the file lies in; "" for root's, the computer's and managed preferences
	Program                 string // the path in the value, as it stands there
	Resolved                string // that path without links; "" if nothing was there, or nobody looked
	Owner, FolderOwner      uint32 // of the file, as event.Change has them
}

// SetHooks tells which hooks are set, so that their execution is seen.
func (e *Engine) SetHooks(list []Hooked) {
	e.hooked = nil
	if len(list) > 0 {
		e.hooked = &hookedPrograms{list: slices.Clone(list)}
	}
}

// hookedPrograms are the hooks that are set, and what to find them by. That is worked out
// when loginwindow first runs a program, not at each of what may be many changes.
type hookedPrograms struct {
	list  []Hooked
	index *programIndex
}

// executed returns the hooks whose program loginwindow runs by an event, nil without one.
// The superuser's and the computer's come first, the others in the order in which they are
// known.
func (e *Engine) executed(ev *event.Event) []hook.Fact {
	if e.hooked == nil || ev.Process.Exec == nil || !byLoginwindow(ev, &e.world) {
		return nil
	}
	if e.hooked.index == nil {
		e.hooked.index = newProgramIndex(e.hooked.list)
	}
	index := e.hooked.index
	var out []hook.Fact
	for i, ran := range index.run(ev.Process) {
		if h := &index.hooks[i]; ran {
			out = append(out, hook.Fact{
				Operation: hook.Execute, Key: h.Key, Value: h.Value, HasValue: true, Plist: h.File, Scope: hook.Scope(h.Scope), Strict: true,
			})
		}
	}
	return out
}

// loginwindow is the program that runs hooks, and what its signature says.
const (
	loginwindow          = "/System/Library/CoreServices/loginwindow.app/Contents/MacOS/loginwindow"
	loginwindowSigningID = "com.apple.loginwindow"
)

func isLoginwindow(i *event.Image) bool {
	return i.Executable == loginwindow || i.Platform && i.SigningID == loginwindowSigningID
}

// maxBetween is how many processes may stand between loginwindow and a hook's program.
const maxBetween = 3

// between are programs of the sealed system that do no more than run the program they are
// given, as somebody else or for launchd. A shell is not among them: what it runs may be
// anything, and it names the hook's program itself where it runs it for loginwindow.
func between(i *event.Image) bool {
	switch i.Executable {
	case "/usr/bin/login", "/usr/bin/su", "/usr/bin/sudo", "/usr/libexec/xpcproxy":
		return true
	}
	return false
}

// byLoginwindow reports whether loginwindow started a process, also by way of a few
// programs that only hand on, or became it.
func byLoginwindow(ev *event.Event, w *World) bool {
	if ev.Previous != nil && isLoginwindow(ev.Previous) {
		return true
	}
	parent := ev.Parent
	for range maxBetween + 1 {
		switch {
		case parent == nil:
			return false
		case isLoginwindow(parent.Image):
			return true
		case !between(parent.Image) || w.Lookup == nil:
			return false
		}
		parent = w.Lookup(parent.Parent)
	}
	return false
}
