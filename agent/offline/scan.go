package offline

import (
	"fmt"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/host"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/prefs"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// What a scan says of a hook, as event.action of its document.
const (
	HookAllowed = "hook-allowed" // an exception covers it, and its pin holds
	HookUnknown = "hook-unknown"
	HookRisky   = "hook-risky" // its program has properties that a trusted one does not have
)

// Scan looks for hooks once, without an agent, and returns a document for each: that of the
// alert that the agent raises about a hook that it finds at its first start, with the event.kind
// "state". unreadable are such documents of the files that can't be read, in which hooks may be.
func Scan(c config.Config, version string, now time.Time) (hooks, unreadable []*alert.Alert, err error) {
	settings, files, err := prefs.Scan(c.Root, c.ExtraHomes)
	if err != nil {
		return nil, nil, err
	}
	s, err := newScanner(c, version, now)
	if err != nil {
		return nil, nil, err
	}
	for i := range settings {
		if a := s.hookDocument(&settings[i]); a != nil {
			hooks = append(hooks, a)
		}
	}
	for i := range files {
		unreadable = append(unreadable, s.unreadableDocument(&files[i]))
	}
	return hooks, unreadable, nil
}

// scanner makes the documents of a scan. It is for one goroutine.
type scanner struct {
	root           string
	now            time.Time
	labels         map[string]string
	engine         *detect.Engine // of the rule about hooks that are present
	unreadableRule *rules.Rule
	pins           *exceptions.Pins
	host           host.Identity
	composer       *document.Composer
}

func newScanner(c config.Config, version string, now time.Time) (*scanner, error) {
	s := &scanner{root: c.Root, now: now, labels: c.Labels}
	if c.Root == "" { // another disk is of another Mac
		s.host = host.ThisHost("")
	}
	s.composer = document.NewComposer(document.ComposeOptions{Host: s.host, Version: version})
	present, err := builtinRule("hook-present")
	if err != nil {
		return nil, err
	}
	if s.unreadableRule, err = builtinRule("preferences-unreadable"); err != nil {
		return nil, err
	}
	s.engine, err = detect.New([]*rules.Rule{present}, detect.Options{Exceptions: exceptions.ForEngine(c.Exceptions)})
	if err != nil {
		return nil, err
	}
	s.pins = exceptions.NewPins(c.Root, c.Exceptions).Wait()
	return s, nil
}

// builtinRule returns a rule of the agent's own, also where the site has disabled it.
func builtinRule(id string) (*rules.Rule, error) {
	for _, source := range rules.Builtin() {
		if r, err := ruleset.LoadRule(source); err != nil || r.ID == id {
			return r, err
		}
	}
	return nil, fmt.Errorf("rule %s: not built in", id)
}

// hookDocument returns the document of a setting, nil if it sets no hook: an empty value runs nothing.
func (s *scanner) hookDocument(set *prefs.Setting) *alert.Alert {
	ch := &event.Change{File: set.File, Scope: set.Scope, Key: set.Key, New: &set.Value, Since: event.SinceNever, Time: s.now, Found: set.Found, Uncertain: set.Uncertain}
	found := s.engine.Observe(detect.Observed{Change: ch, Verdict: string(alert.Observed)}, detect.FactOf(ch), nil)
	if len(found) == 0 {
		return nil
	}
	var points []string // to a program
	if hook.RunsProgram(set.Key) {
		points = []string{set.Value}
	}
	x := examine(s.root, points...)
	if !set.Uncertain { // an exception covers no value that is not known
		s.engine.Except(found, s.now, func(exception string, r *detect.Record) (why string, held, checked bool) {
			why = s.pins.Check(exception, r, x)
			return why, why == "", true
		})
	}
	f := &found[0]
	a := s.composer.Compose(f)
	s.composer.AddExamination(a, f, x)
	p := a.Hooksnare.Program
	switch {
	case f.Hidden != "":
		a.Event.Action, a.Hooksnare.Exception = HookAllowed, &alert.Exception{ID: f.Hidden}
	case f.Broken != "", p != nil && len(p.Risks) > 0:
		a.Event.Action = HookRisky
	default:
		a.Event.Action = HookUnknown
	}
	return s.stateDocument(a, set.File, set.Key, set.Value)
}

// unreadableDocument returns the document of a file or folder that can't be read.
func (s *scanner) unreadableDocument(u *event.Unreadable) *alert.Alert {
	o := &detect.Observed{Unreadable: u, Verdict: string(alert.Observed)}
	return s.stateDocument(s.composer.Compose(&detect.Finding{Rule: s.unreadableRule, Record: detect.Record{State: o}}), u.Path, u.Why)
}

// stateDocument makes an alert the document of a state: the same one has the same id in every scan.
func (s *scanner) stateDocument(a *alert.Alert, texts ...string) *alert.Alert {
	a.Event.Kind, a.Event.Type, a.Labels = "state", []string{"info"}, s.labels
	a.Event.ID = host.StableID(append([]string{"scan", s.host.ID, a.Rule.ID}, texts...)...)
	return a
}
