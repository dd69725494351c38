package agent

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/judge"
	"hooksnare/agent/offline"
	"hooksnare/agent/ruleset"
	"hooksnare/agent/watch"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// Every rule shows at least this many cases that fire it and that do not.
const (
	leastFires  = 5
	leastSilent = 7
)

// TestExamples runs what stands beside each built-in rule through everything from the
// decoder to the alert: what must fire fires that rule alone, with those facts.
func TestExamples(t *testing.T) {
	t.Parallel()
	set := builtinRules(t)
	ids := map[string]string{} // of rules, by the name of their file
	for _, r := range set.Rules {
		ids[strings.TrimSuffix(filepath.Base(r.File), ".toml")] = r.ID
	}
	files, err := filepath.Glob("../detect/rules/builtin/examples/*.toml")
	must(t, err)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		rule := ids[name]
		if rule == "" {
			t.Errorf("%s: no rule file %s.toml", file, name)
		}
		delete(ids, name)
		t.Run(name, func(t *testing.T) { runExamples(t, set, rule, file) })
	}
	for name := range ids {
		t.Errorf("%s.toml: no examples of it", name)
	}
}

func runExamples(t *testing.T, set ruleset.Set, rule, file string) {
	text, err := os.ReadFile(file)
	must(t, err)
	list, err := parseExamples(file, text)
	must(t, err)
	fires, silent := 0, 0
	for i := range list {
		x := &list[i]
		got := exampleAlerts(t, set, &x.exampleCase)
		if !x.Fires {
			if silent++; len(got) > 0 {
				t.Errorf("%s: got %s, want silence", exampleName(&x.exampleCase), saying(got))
			}
			continue
		}
		fires++
		if len(got) != 1 {
			t.Errorf("%s: got %d alerts, want one of %s: %s", exampleName(&x.exampleCase), len(got), rule, saying(got))
			continue
		}
		faults := append(differ("rule", got[0].Rule.ID, rule), exampleFaults(&x.exampleCase, got[0])...)
		for _, f := range append(faults, lineFaults(got[0])...) {
			t.Errorf("%s: %s", exampleName(&x.exampleCase), f)
		}
	}
	if fires < leastFires || silent < leastSilent {
		t.Errorf("%s: got %d examples that fire and %d that are silent, want at least %d and %d", file, fires, silent, leastFires, leastSilent)
	}
}

// exampleName tells an example from the others of its file.
func exampleName(x *exampleCase) string {
	var out []string
	if len(x.Command) > 0 {
		out = append(out, fmt.Sprintf("%q", x.Command))
	}
	switch c := x.Change; {
	case c != nil && c.New != nil:
		out = append(out, fmt.Sprintf("%s of %s becomes %q", c.Key, c.Plist(), *c.New))
	case c != nil:
		out = append(out, fmt.Sprintf("%s of %s goes", c.Key, c.Plist()))
	case x.ProgramChange != nil:
		out = append(out, fmt.Sprintf("%q: %q", x.ProgramChange.Value, x.ProgramChange.What))
	case x.Unreadable != nil:
		out = append(out, fmt.Sprintf("%q: %s", x.Unreadable.Path, x.Unreadable.Why))
	case x.State != "":
		out = append(out, x.State)
	}
	return strings.Join(out, ", then ")
}

// exampleStart is when the examples without a command take place.
var exampleStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// exampleAlerts returns the alerts of an example, each as its last update has it.
func exampleAlerts(t *testing.T, set ruleset.Set, x *exampleCase) []*alert.Alert {
	t.Helper()
	var got []*alert.Alert
	var pins judge.Pins
	var examine judge.Examine
	if x.Managed {
		pins, examine = exceptions.NewPins("", config.Default().Exceptions), offline.AtOnce(managedMac)
	}
	p, err := judge.New(judge.Options{
		Pins: pins, Examine: examine,
		Rules: set.Rules, Exceptions: exampleExceptions(x),
		Watching: &judge.Watching{Window: config.Default().CorrelationWindow, Watched: watch.IsWatched, Wake: func() {}},
		Emit: func(a *alert.Alert, _ []byte) {
			i := slices.IndexFunc(got, func(o *alert.Alert) bool { return o.Event.ID == a.Event.ID })
			if i < 0 {
				i, got = len(got), append(got, nil)
			} else if a.Event.Sequence != got[i].Event.Sequence+1 {
				t.Errorf("%s: event.sequence: got %d after %d", exampleName(x), a.Event.Sequence, got[i].Event.Sequence)
			}
			got[i] = a
		},
	})
	must(t, err)
	p.SetHooks(exampleHooks(x))
	at := exampleStart
	if len(x.Command) > 0 {
		at = exampleCommand(t, p, x)
	}
	exampleObserved(p, x, at)
	p.Close()
	return got
}

// managedMac finds every program as Jamf keeps its own.
func managedMac(q judge.Question) *document.Examination {
	x := &document.Examination{Jamf: true, Programs: map[string]document.ExaminedProgram{}}
	for _, v := range q.Values {
		x.Programs[v] = document.ExaminedProgram{Found: event.Program{Value: v, Path: v, Resolved: v, Exists: true, Type: "file", Kind: "script"}}
	}
	return x
}

func exampleExceptions(x *exampleCase) []detect.Exception {
	list := exceptions.ForEngine(config.Default().Exceptions)
	if x.Excepted != "" {
		list = append(list, detect.Exception{ID: "example", Where: x.Excepted})
	}
	return list
}

func exampleHooks(x *exampleCase) []detect.Hooked {
	var out []detect.Hooked
	for _, h := range x.Hooks {
		program := h.Program
		if program == "" {
			program = h.Value
		}
		out = append(out, detect.Hooked{File: h.Plist(), Scope: exampleScope(h.Plist()), Key: h.Key, Value: h.Value, Program: program})
	}
	return out
}

// exampleScope is a file's scope as it is told of what is seen of the disk.
func exampleScope(file string) string {
	if file == "/private/etc/ttys" {
		return "ttys"
	}
	return string(hook.ScopeOf(file))
}

// exampleCommand has some program run a command, and returns when it has ended.
func exampleCommand(t *testing.T, p *judge.Judge, x *exampleCase) time.Time {
	t.Helper()
	var out bytes.Buffer
	h := synthetic.New(&out, synthetic.Options{})
	by := synthetic.Spec{Path: "/bin/zsh", Args: []string{"zsh", "-s"}}
	if x.Parent != "" {
		by = synthetic.Spec{Path: x.Parent}
	}
	parent := h.Daemon("com.example.agent", synthetic.AsRoot, by)
	spec := synthetic.Spec{
		Path: x.Program(), Args: x.Command, Script: x.Script, CWD: x.CWD, SigningID: x.SigningID, Unsigned: x.Unsigned,
		Platform: strings.HasPrefix(x.SigningID, "com.apple."),
		Env:      []string{"PATH=/usr/bin:/bin"},
		As:       &synthetic.Cred{EUID: x.UID, RUID: x.UID, EGID: 20, RGID: 20},
	}
	if spec.CWD == "" {
		spec.CWD = "/"
	}
	if x.Home != "" {
		spec.Env = append(spec.Env, "HOME="+x.Home)
	}
	h.Run(parent, spec)
	must(t, h.Err())
	lines, decoder := eslogger.NewLines(&out, 0), new(eslogger.Decoder)
	for {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return h.Now()
		}
		must(t, err)
		var m eslogger.Message
		must(t, decoder.Decode(line, &m))
		p.HandleMessage(&m)
	}
}

// exampleObserved has the pipeline told of what is seen of the disk or of the sensor.
func exampleObserved(p *judge.Judge, x *exampleCase, at time.Time) {
	switch {
	case x.Change != nil:
		c := x.Change
		home, owner := "", uint32(0)
		if x.Home != "" && strings.HasPrefix(c.Plist(), x.Home+"/") {
			home, owner = x.Home, x.UID
		}
		p.HandleChange(event.Change{
			Home: home, Owner: owner, FolderOwner: owner,
			File: c.Plist(), Scope: exampleScope(c.Plist()), Key: c.Key, Old: c.Old, New: c.New,
			Since: exampleSince(c.Since), Time: at.Add(time.Duration(max(c.After, 1)) * time.Second),
		})
	case x.ProgramChange != nil:
		c := x.ProgramChange
		was, is := examplePrograms(c)
		p.HandleProgram("", event.ProgramChange{Value: c.Value, What: c.What, Old: was, New: is, Since: exampleSince(c.Since), Time: at}, nil)
	case x.Unreadable != nil:
		u := event.Unreadable{Path: x.Unreadable.Path, Why: x.Unreadable.Why, Detail: x.Unreadable.Detail, On: !x.Ended, Since: at}
		if x.Ended {
			u.Until = at.Add(time.Minute)
		}
		p.HandleUnreadable(u)
	case x.State != "":
		st := eslogger.State{Name: eslogger.Condition(x.State), On: !x.Ended, Since: at, Detail: cmp.Or(x.Detail, "an example")}
		if x.Ended {
			st.Until = at.Add(time.Minute)
		}
		p.HandleState(st)
	}
}

func exampleSince(word string) event.Since {
	for since, w := range document.SinceWords {
		if w == word {
			return since
		}
	}
	return event.SinceSeen
}

// examplePrograms are a program of which just that has changed.
func examplePrograms(c *exampleProgramChange) (was, is event.Program) {
	was = event.Program{Value: c.Value, Path: c.Value, Resolved: c.Value, Exists: true, Type: "file", Kind: "script", Hashed: true}
	was.Mode, was.Inode, was.SHA256 = 0o755, 1, strings.Repeat("0", 64)
	is = was
	for _, what := range c.What {
		switch what {
		case "appeared":
			was = event.Program{Value: c.Value, Path: c.Value}
		case "vanished":
			is = event.Program{Value: c.Value, Path: c.Value}
		case "content":
			is.SHA256 = strings.Repeat("1", 64)
		case "replaced":
			is.Inode++
		case "owner":
			is.UID = 501
		case "mode":
			is.Mode = 0o777
		case "writable":
			is.WritableBy = c.Value
		case "shadowed":
			is.Shadow, _, _ = strings.Cut(c.Value, " ")
		}
	}
	return was, is
}

// exampleFaults are what an alert does not tell as the example has it.
func exampleFaults(x *exampleCase, a *alert.Alert) []string {
	switch {
	case x.State != "":
		if h := a.Hooksnare.Health; h == nil || h.State != x.State || !h.Active {
			return []string{fmt.Sprintf("health: got %+v, want %s", h, x.State)}
		}
		return nil
	case x.Change != nil:
		return changeFaults(x, a)
	case x.ProgramChange != nil:
		return programFaults(x, a)
	case x.Unreadable != nil:
		return unreadableFaults(x, a)
	case x.Operation == string(hook.Execute):
		want := exampleHook{operation: x.Operation, key: x.Key, value: x.Value, plist: x.Plist, scope: x.Scope}
		out := append(want.faults(a), differ("verdict", string(a.Hooksnare.Verdict), string(alert.Observed))...)
		return append(out, differ("signals", strings.Join(a.Hooksnare.Signals, " "), "process")...)
	}
	want := told{
		rule: a.Rule.ID, operation: x.Operation, key: x.Key, value: x.Value, plist: x.Plist, scope: x.Scope,
		source: x.Source, sourceFile: x.SourceFile,
	}
	return want.faults(a)
}

// exampleHook is what an alert is to say of a hook.
type exampleHook struct {
	operation, key, plist, scope, source, sourceFile string
	value, previous                                  *string
}

func (w *exampleHook) faults(a *alert.Alert) []string {
	h := a.Hooksnare.Hook
	if h == nil {
		return []string{"no facts about a hook"}
	}
	out := differ("operation", h.Operation, w.operation)
	out = append(out, differ("key", h.Key, w.key)...)
	out = append(out, differ("value", shown(h.Value), shown(w.value))...)
	out = append(out, differ("previous value", shown(h.Previous), shown(w.previous))...)
	out = append(out, differ("plist", h.Plist, w.plist)...)
	out = append(out, differ("scope", h.Scope, w.scope)...)
	out = append(out, differ("source", h.Source, w.source)...)
	out = append(out, differ("source file", h.SourceFile, w.sourceFile)...)
	if a.File == nil || a.File.Path != w.plist {
		out = append(out, fmt.Sprintf("file: got %+v, want %s", a.File, w.plist))
	}
	return out
}

// shown is a value as differ tells it, and tells none from an empty one.
func shown(value *string) string {
	if value == nil {
		return "none"
	}
	return fmt.Sprintf("%q", *value)
}

func changeFaults(x *exampleCase, a *alert.Alert) []string {
	c := x.Change
	want := exampleHook{
		operation: x.Operation, key: c.Key, value: c.New, previous: c.Old, plist: c.Plist(), scope: exampleScope(c.Plist()),
		source: x.Source, sourceFile: x.SourceFile,
	}
	signals := "state"
	if x.Verdict == string(alert.Confirmed) {
		signals = "process state"
	}
	switch {
	case want.operation != "":
	case c.New == nil:
		want.operation = string(hook.Remove)
	default:
		want.operation = string(hook.Set)
	}
	out := append(want.faults(a), differ("verdict", string(a.Hooksnare.Verdict), x.Verdict)...)
	action := "hook-changed"
	if x.Managed {
		action = "hook-excepted"
		if e := a.Hooksnare.Exception; e == nil || e.ID != "jamf-framework-scripts" || e.Failed != "" {
			out = append(out, fmt.Sprintf("exception: got %+v, want Jamf's, which covers it", e))
		}
	}
	if len(a.Hooksnare.Signals) == 1 { // else the alert may be a command's own
		out = append(out, differ("event.action", a.Event.Action, action)...)
	}
	out = append(out, differ("signals", strings.Join(a.Hooksnare.Signals, " "), signals)...)
	if a.Hooksnare.Change == nil {
		return append(out, "no facts about a change")
	}
	out = append(out, differ("since", a.Hooksnare.Change.Since, document.SinceWords[exampleSince(c.Since)])...)
	switch {
	case (a.Process != nil) != (signals != "state"):
		out = append(out, fmt.Sprintf("process: got %+v, want one: %v", a.Process, signals != "state"))
	case a.Process != nil:
		out = append(out, differ("executable", a.Process.Executable, x.Program())...)
	}
	return out
}

func programFaults(x *exampleCase, a *alert.Alert) []string {
	i := slices.IndexFunc(x.Hooks, func(h hookSetBefore) bool { return h.Value == x.ProgramChange.Value })
	h, ch := x.Hooks[i], a.Hooksnare.Change
	want := exampleHook{operation: string(hook.Edit), key: h.Key, value: &h.Value, plist: h.Plist(), scope: exampleScope(h.Plist())}
	out := append(want.faults(a), differ("verdict", string(a.Hooksnare.Verdict), string(alert.Observed))...)
	out = append(out, differ("signals", strings.Join(a.Hooksnare.Signals, " "), "state")...)
	out = append(out, differ("event.action", a.Event.Action, "hook-program-changed")...)
	if ch == nil || ch.Previous == nil || a.Hooksnare.Program == nil {
		return append(out, fmt.Sprintf("change: got %+v of %+v, want what was and what is", ch, a.Hooksnare.Program))
	}
	out = append(out, differ("what", strings.Join(ch.What, " "), strings.Join(x.ProgramChange.What, " "))...)
	return append(out, differ("since", ch.Since, document.SinceWords[exampleSince(x.ProgramChange.Since)])...)
}

func unreadableFaults(x *exampleCase, a *alert.Alert) []string {
	got, u := a.Hooksnare.Unreadable, x.Unreadable
	out := append(differ("verdict", string(a.Hooksnare.Verdict), string(alert.Observed)), differ("event.action", a.Event.Action, "preferences-unreadable")...)
	if want := (alert.Unreadable{Path: u.Path, Why: u.Why, Detail: u.Detail, Active: true}); got == nil || *got != want {
		out = append(out, fmt.Sprintf("unreadable: got %+v, want %+v", got, want))
	}
	if a.Hooksnare.Hook != nil {
		out = append(out, fmt.Sprintf("hook: got %+v of a file that can't be read", a.Hooksnare.Hook))
	}
	return out
}
