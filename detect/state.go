package detect

import (
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Observed is what became of preferences, or of what they point to, or of a finding: one of
// the four.
type Observed struct {
	Change     *event.Change
	Program    *event.ProgramChange
	Unreadable *event.Unreadable
	Excepted   string   // the exception that covers a finding for the first time
	Covered    *Finding // that finding

	Verdict string // confirmed, unattributed or observed
	Home    string // of a program: the home folder of the preferences that name it, "" for none
}

// The actions of what was observed, as rules ask for them.
const (
	hookChanged    = "hook-changed"
	programChanged = "hook-program-changed"
	unreadable     = "preferences-unreadable"
	excepted       = "hook-excepted"
)

func (o *Observed) action() string {
	switch {
	case o.Change != nil:
		return hookChanged
	case o.Program != nil:
		return programChanged
	case o.Excepted != "":
		return excepted
	}
	return unreadable
}

func (o *Observed) kind() event.Kind {
	switch {
	case o.Change != nil:
		return withChange
	case o.Program != nil:
		return withProgram
	case o.Excepted != "":
		return withExcepted
	}
	return withUnreadable
}

// Time returns when it was seen.
func (o *Observed) Time() time.Time {
	switch {
	case o.Change != nil:
		return o.Change.Time
	case o.Program != nil:
		return o.Program.Time
	case o.Unreadable != nil:
		return o.Unreadable.Since
	case o.Covered != nil:
		return o.Covered.Record.Time()
	}
	return time.Time{}
}

// What a change is a difference to, as rules ask for it.
var sinceNames = map[event.Since]string{event.SinceSeen: "running", event.SinceStop: "stopped", event.SinceNever: "first_look"}

// Hooked is a hook that is set.
type Hooked struct {
	File, Scope, Key, Value string
	Home                    string // the home folder that the file lies in; "" for root's, the computer's and managed preferences
	Program                 string // the path in the value
	Resolved                string // the path without links, "" if it is not known
	Owner, FolderOwner      uint32 // of the file, as event.Change has them
}

// FactOf returns what a change does to a hook.
func FactOf(ch *event.Change) *hook.Fact {
	f := &hook.Fact{Operation: hook.Set, Key: ch.Key, Plist: ch.File, Scope: hook.Scope(ch.Scope), Strict: true}
	if ch.New == nil {
		f.Operation = hook.Remove
		return f
	}
	f.Value, f.HasValue = *ch.New, true
	return f
}

// Observe returns what the rules find in what became of preferences. by is the event of the
// process that did it, nil if none is known; of a program and of a file that can't be read,
// fact tells the hook that is concerned, nil if none is.
func (e *Engine) Observe(o Observed, fact *hook.Fact, by *event.Event) []Finding {
	e.findings = e.findings[:0]
	e.begin(Record{Event: by, Fact: fact, State: &o, at: o.Time()})
	kind := o.kind()
	for _, p := range e.observers[kind] {
		e.findings = p.ask(&e.record, kind, e.findings)
	}
	return e.findings
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
