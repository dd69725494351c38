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

// SetHooks sets which hooks are set, so that their execution is seen. They are indexed when
// loginwindow next runs a program, not at each of what may be many changes.
func (e *Engine) SetHooks(list []Hooked) { e.hooked, e.readings = slices.Clone(list), nil }

// executed returns the hooks whose program loginwindow runs by an event, nil without one:
// those of preferences that only root can write first.
func (e *Engine) executed(ev *event.Event) []hook.Fact {
	if len(e.hooked) == 0 || ev.Process.Exec == nil || !startedByLoginwindow(ev, &e.world) {
		return nil
	}
	if e.readings == nil {
		e.readings = indexReadings(e.hooked)
	}
	var out []hook.Fact
	for i, ran := range e.readings.search(ev.Process) {
		if h := &e.hooked[i]; ran {
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

// finder begins with each session of a user, long before anything that the user starts.
const finder = "/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder"

// IsLogin reports whether an event shows that somebody logs in or out: loginwindow begins, ends or
// runs a program (a hook is one), or the Finder begins. It may be said of other events, never to harm.
func IsLogin(ev *event.Event) bool {
	p := ev.Process
	switch ev.Kind {
	case event.Exit:
		return isLoginwindow(p.Image)
	case event.ExecKind:
		return isLoginwindow(p.Image) || p.Image.Executable == finder || ev.Parent != nil && isLoginwindow(ev.Parent.Image)
	}
	return false
}

// launchers are programs of the sealed system that only run the program they are given, as
// somebody else or for launchd. A shell is not among them: what it runs may be anything, and
// it names the hook's program itself where it runs it for loginwindow.
var launchers = [...]string{"/usr/bin/login", "/usr/bin/su", "/usr/bin/sudo", "/usr/libexec/xpcproxy"}

// maxLaunchers is how many launchers may stand between loginwindow and a hook's program.
const maxLaunchers = 3

// startedByLoginwindow reports whether loginwindow became a process or started it, also by
// way of launchers.
func startedByLoginwindow(ev *event.Event, w *World) bool {
	if ev.Previous != nil && isLoginwindow(ev.Previous) {
		return true
	}
	parent := ev.Parent
	for range maxLaunchers + 1 {
		switch {
		case parent == nil:
			return false
		case isLoginwindow(parent.Image):
			return true
		case !slices.Contains(launchers[:], parent.Image.Executable):
			return false
		}
		parent = w.Lookup(parent.Parent)
	}
	return false
}
