package detect

import (
	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Hooked is a hook that is set.
type Hooked struct {
	File, Scope, Key, Value string
	Home                    string // the home folder that the file lies in; "" for root's, the computer's and managed preferences
	Program                 string // the path in the value
	Resolved                string // the path without links, "" if it is not known
	Owner, FolderOwner      uint32 // of the file, as event.Change has them
}

// SetHooks tells which hooks are set, so that their execution is seen.
func (e *Engine) SetHooks(list []Hooked) { e.hooked = list }

// executed returns the hooks whose program loginwindow runs by an event, nil without one.
func (e *Engine) executed(ev *event.Event) []hook.Fact {
	if len(e.hooked) == 0 || ev.Process.Exec == nil || !byLoginwindow(ev) {
		return nil
	}
	var out []hook.Fact
	for i := range e.hooked {
		if h := &e.hooked[i]; h.Program != "" && runs(ev.Process, h.Program) {
			out = append(out, hook.Fact{
				Operation: hook.Execute, Key: h.Key, Value: h.Value, HasValue: true, Plist: h.File, Scope: hook.Scope(h.Scope), Strict: true,
			})
		}
	}
	return out
}

// loginwindow is the program that runs hooks.
const loginwindow = "/System/Library/CoreServices/loginwindow.app/Contents/MacOS/loginwindow"

// byLoginwindow reports whether loginwindow started a process, or became it.
func byLoginwindow(ev *event.Event) bool {
	return ev.Parent != nil && ev.Parent.Image.Executable == loginwindow ||
		ev.Previous != nil && ev.Previous.Executable == loginwindow
}

// maxRunArgs bounds the arguments in which a program is looked for that an interpreter runs.
const maxRunArgs = 4

// runs reports whether a process runs a program, itself or by way of an interpreter.
func runs(p *event.Process, program string) bool {
	same := func(path string) bool { return path != "" && hook.CanonicalPath(path) == hook.CanonicalPath(program) }
	if same(p.Image.Executable) || same(p.Exec.Script) {
		return true
	}
	for i, arg := range p.Exec.Args {
		if i == maxRunArgs {
			break
		}
		if same(arg) {
			return true
		}
	}
	return false
}
