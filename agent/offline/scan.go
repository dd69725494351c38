package offline

import (
	"path/filepath"
	"slices"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/prefs"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// The verdicts of a scan.
const (
	Allowed = "allowed" // an exception covers it, and its pin holds
	Unknown = "unknown"
	Risky   = "risky" // its program has properties that a trusted one does not have
)

// FoundHook is a hook that a scan found.
type FoundHook struct {
	File      string         `json:"file"`
	Scope     string         `json:"scope"`
	Key       string         `json:"key"`
	Value     string         `json:"value"`
	Verdict   string         `json:"verdict"`
	Exception string         `json:"exception,omitempty"` // that covers it
	Failed    string         `json:"failed,omitempty"`    // why the pin of one does not hold
	Program   *alert.Program `json:"program,omitempty"`
	Undo      string         `json:"remediation,omitempty"`
}

// Scan looks for hooks once, without an agent. What could not be read comes along; the
// hooks in it are not known.
func Scan(c config.Config, set ruleset.Set, now time.Time) ([]FoundHook, []event.Unreadable, error) {
	settings, unreadable, err := prefs.Scan(c.Root, c.ExtraHomes)
	if err != nil {
		return nil, unreadable, err
	}
	engine, err := detect.New(set.Rules, detect.Options{Exceptions: exceptions.ForEngine(c.Exceptions)})
	if err != nil {
		return nil, unreadable, err
	}
	pins := exceptions.NewPins(c.Root, c.Exceptions).Wait()
	var out []FoundHook
	for i := range settings {
		out = append(out, found(c.Root, &settings[i], engine, pins, now))
	}
	return out, unreadable, nil
}

// found judges a hook.
func found(root string, s *prefs.Setting, engine *detect.Engine, pins *exceptions.Pins, now time.Time) FoundHook {
	ch := event.Change{File: s.File, Scope: s.Scope, Key: s.Key, New: &s.Value, Since: event.SinceNever, Time: now, Found: s.Found}
	out := FoundHook{File: s.File, Scope: s.Scope, Key: s.Key, Value: s.Value, Verdict: Unknown, Undo: document.UndoChange(&ch)}
	x := &document.Examination{Programs: map[string]document.ExaminedProgram{}, Jamf: exceptions.ManagedByJamf(root)}
	if hook.RunsProgram(s.Key) {
		p := program.Examine(filepath.Join("/", root), s.Value)
		x.Programs[s.Value] = document.ExaminedProgram{Found: p}
		if out.Program = document.ProgramOf(&p); len(p.Risks) > 0 {
			out.Verdict = Risky
		}
	}
	list := engine.Observe(detect.Observed{Change: &ch, Verdict: string(alert.Observed)}, detect.FactOf(&ch), nil)
	engine.Except(list, now, func(exception string, r *detect.Record) (why string, held, checked bool) {
		why = pins.Check(exception, r, x)
		return why, why == "", true
	})
	if i := slices.IndexFunc(list, func(f detect.Finding) bool { return f.Hidden != "" }); i >= 0 {
		out.Verdict, out.Exception = Allowed, list[i].Hidden
		return out
	}
	if i := slices.IndexFunc(list, func(f detect.Finding) bool { return f.Broken != "" }); i >= 0 {
		out.Verdict, out.Exception, out.Failed = Risky, list[i].Broken, list[i].Why
	}
	return out
}
