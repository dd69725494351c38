package agent

import (
	"path/filepath"
	"slices"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/prefs"
	"hooksnare/collector/program"
	"hooksnare/detect"
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
func Scan(c config.Config, set RuleSet, now time.Time) ([]FoundHook, []event.Unreadable, error) {
	settings, unreadable, err := prefs.Scan(c.Root, c.ExtraHomes)
	if err != nil {
		return nil, unreadable, err
	}
	engine, err := detect.New(set.Rules, detect.Options{Exceptions: exceptions(c.Exceptions)})
	if err != nil {
		return nil, unreadable, err
	}
	pins := newPins(c.Root, c.Exceptions).wait()
	var out []FoundHook
	for i := range settings {
		out = append(out, found(c.Root, &settings[i], engine, pins, now))
	}
	return out, unreadable, nil
}

// found judges a hook.
func found(root string, s *prefs.Setting, engine *detect.Engine, pins *pins, now time.Time) FoundHook {
	ch := event.Change{File: s.File, Scope: s.Scope, Key: s.Key, New: &s.Value, Since: event.SinceNever, Time: now, Found: s.Found}
	out := FoundHook{File: s.File, Scope: s.Scope, Key: s.Key, Value: s.Value, Verdict: Unknown, Undo: undo(&ch)}
	x := &Examination{Programs: map[string]ExaminedProgram{}, Jamf: managedByJamf(root)}
	if runsProgram(s.Key) {
		p := program.Examine(filepath.Join("/", root), s.Value)
		x.Programs[s.Value] = ExaminedProgram{Found: p}
		if out.Program = programOf(&p); len(p.Risks) > 0 {
			out.Verdict = Risky
		}
	}
	list := engine.Observe(detect.Observed{Change: &ch, Verdict: string(alert.Observed)}, detect.FactOf(&ch), nil)
	engine.Except(list, now, func(exception string, r *detect.Record) (why string, held, checked bool) {
		why = pins.check(exception, r, x)
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
