package document

import (
	"path"
	"slices"
	"strconv"
	"time"

	"hooksnare/agent/health"
	"hooksnare/agent/host"
	"hooksnare/collector/process"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/event"
	"hooksnare/pkg/redact"
)

// ComposeOptions say what a [Composer] may ask.
type ComposeOptions struct {
	Host    host.Identity
	Version string // of the agent
	Table   *process.Table

	KeptAt func(owner, sum string) string // the path of the kept copy of a content; nil if no copies are kept
	SetBy  func(file, key string) string  // id of the alert that reported a hook, "" if none did
	Now    func() time.Time               // nil for a recording, whose alerts have no latency
}

// Composer turns findings into alerts: it adds who, where and what else. It keeps no state of
// its own; what its options name must not change while a method runs.
type Composer struct {
	host   host.Identity
	origin alert.Origin
	table  *process.Table
	keptAt func(owner, sum string) string
	setBy  func(file, key string) string
	now    func() time.Time
}

// NewComposer returns a composer.
func NewComposer(o ComposeOptions) *Composer {
	return &Composer{host: o.Host, origin: o.Host.Origin(o.Version), table: o.Table, keptAt: o.KeptAt, setBy: o.SetBy, now: o.Now}
}

// Compose reports a finding, without what the disk has to say.
func (c *Composer) Compose(f *detect.Finding) *alert.Alert {
	a := c.newAlert(f.Rule)
	if s := f.Severity(); s != f.Rule.Severity {
		a.Event.Severity, a.Event.RiskScore = s.Number(), max(a.Event.RiskScore, s.Number())
	}
	a.Message = clip.Path(f.Sentence())
	if f.Trusted != "" {
		a.Event.RiskScore = a.Event.Severity
		a.Hooksnare.Exception = &alert.Exception{ID: clip.Text(f.Trusted, clip.WordBytes)}
		a.Message = clip.Path(f.Sentence() + "; it is still what the exception " + a.Hooksnare.Exception.ID + " requires")
	}
	a.Hooksnare.Verdict = alert.Observed
	switch {
	case f.Record.State != nil:
		c.fillState(a, f)
	case f.Record.Event != nil:
		c.fillEvent(a, f)
	case f.Record.Condition != nil:
		c.fillCondition(a, f.Record.Condition)
	}
	return a
}

// newAlert is what all alerts of a rule have in common.
func (c *Composer) newAlert(r *rules.Rule) *alert.Alert {
	a := &alert.Alert{
		ECS: alert.ECS{Version: alert.ECSVersion},
		Event: alert.Event{
			Kind: "alert", Sequence: 1, Module: "hooksnare",
			Severity: r.Severity.Number(), RiskScore: r.RiskScore,
		},
		Rule: alert.Rule{
			ID: r.ID, UUID: r.UUID(), Name: r.Name, Version: r.Version, Description: clip.Path(r.Description),
			Reference: r.References, Author: r.Author, License: r.License,
		},
		Threat:    mergeThreats(r.Threat),
		Origin:    c.origin,
		Hooksnare: &alert.Hooksnare{BuildingBlock: r.BuildingBlock},
	}
	return a
}

// mergeThreats merges a rule's places in the framework, as ECS has but one of each.
func mergeThreats(list []rules.Threat) *alert.Threat {
	if len(list) == 0 {
		return nil
	}
	out := &alert.Threat{Framework: list[0].Framework}
	for _, t := range list {
		out.Tactic = appendNamed(out.Tactic, t.Tactic)
		for _, tech := range t.Technique {
			if out.Technique == nil {
				out.Technique = &alert.Technique{}
			}
			out.Technique.Named = *appendNamed(&out.Technique.Named, tech.Named)
			for _, sub := range tech.Subtechnique {
				out.Technique.Subtechnique = appendNamed(out.Technique.Subtechnique, sub)
			}
		}
	}
	return out
}

func appendNamed(to *alert.Named, n rules.Named) *alert.Named {
	if to == nil {
		to = &alert.Named{}
	}
	to.ID, to.Name, to.Reference = append(to.ID, n.ID), append(to.Name, n.Name), append(to.Reference, n.Reference)
	return to
}

// TruncatedArgs are the members that say less where arguments were cut.
var TruncatedArgs = []string{"process.args", "process.command_line"}

// fillEvent fills in what was observed of a process.
func (c *Composer) fillEvent(a *alert.Alert, f *detect.Finding) {
	ev := f.Record.Event
	p := ev.Process
	a.Timestamp, a.Event.Created = alert.At(ev.Time), alert.At(ev.Time)
	a.Event.Start = alert.At(ev.Time)
	a.Event.Category, a.Event.Action = []string{"process"}, ev.Kind.String()
	if a.Event.Type = []string{"start"}; ev.Kind == event.Exit {
		a.Event.Type, a.Event.Action = []string{"end"}, "end"
	}
	a.Event.ID = c.eventID(f)
	a.User = c.describeUser(p.Token.EUID)
	var cut bool
	if a.Process, cut = c.describeProcess(p, argsBytes); cut {
		a.Hooksnare.Truncated = TruncatedArgs
	}
	if ev.Previous != nil && ev.Previous.Executable != "" {
		a.Process.Previous = &alert.Previous{Executable: clip.Text(ev.Previous.Executable, clip.NameBytes)}
	}
	c.fillRelations(a, ev)
	c.fillMatch(a, f)
	if k := f.Record.Fact; k != nil {
		c.fillHook(a, k)
		a.Hooksnare.Triage = &alert.Triage{Tree: c.recentOfLogin(p, a.Hooksnare.Evidence)}
	}
	a.Hooksnare.Signals = []string{"process"}
}

// eventID is the same each time the same rule meets the same event of the same host, so
// that a receiver can drop a repeat.
func (c *Composer) eventID(f *detect.Finding) string {
	ev := f.Record.Event
	key := ev.Process.Key()
	texts := []string{
		"alert", c.host.ID, f.Rule.ID, ev.Kind.String(), strconv.Itoa(int(key.PID)),
		strconv.FormatUint(uint64(key.Version), 10), strconv.FormatInt(ev.Time.UnixNano(), 10),
	}
	if k := f.Record.Fact; k != nil {
		texts = append(texts, string(k.Operation), k.Key, k.Plist, k.Domain, k.Value, k.Source)
	}
	for _, r := range f.Events {
		key, at := r.Event.Process.Key(), r.Event.Time.UnixNano()
		texts = append(texts, strconv.Itoa(int(key.PID)), strconv.FormatUint(uint64(key.Version), 10), strconv.FormatInt(at, 10))
	}
	return host.StableID(texts...)
}

// maxMatched bounds the events of a sequence that an alert reports.
const maxMatched = 16

// fillMatch fills in what a rule found beside the event.
func (c *Composer) fillMatch(a *alert.Alert, f *detect.Finding) {
	if len(f.Events) == 0 {
		return
	}
	m := &alert.Match{}
	for i, r := range f.Events {
		if i == maxMatched {
			a.Hooksnare.Truncated = slices.Concat(a.Hooksnare.Truncated, []string{"hooksnare.match.events"})
			break
		}
		m.Events = append(m.Events, c.describeCommand(r.Event.Process, a.Hooksnare.Evidence))
		m.Events[i].Time = alert.At(r.Event.Time)
	}
	a.Event.Start = alert.At(f.Events[0].Event.Time)
	a.Hooksnare.Match = m
}

// HookOf returns what is done to a hook as an alert has it, and whether its value was cut.
func HookOf(k *hook.Fact) (h *alert.Hook, cut bool) {
	h = &alert.Hook{
		Operation: string(k.Operation), Key: clip.Text(k.Key, clip.WordBytes), Domain: clip.Text(k.Domain, clip.NameBytes), Plist: clip.Path(k.Plist),
		Scope: string(k.Scope), Tool: k.Tool, Verb: clip.Text(k.Verb, clip.WordBytes), Source: clip.Text(k.Source, clip.WordBytes), SourceFile: clip.Path(k.SourceFile),
	}
	if k.HasValue {
		value := clip.Text(k.Value, clip.ValueBytes)
		h.Value, cut = &value, value != k.Value
	}
	return h, cut
}

// fillHook fills in what is done to a hook.
func (c *Composer) fillHook(a *alert.Alert, k *hook.Fact) {
	h, cut := HookOf(k)
	if cut {
		a.Hooksnare.Truncated = slices.Concat(a.Hooksnare.Truncated, []string{"hooksnare.hook.value"})
	}
	a.Hooksnare.Hook = h
	if k.Operation != hook.Execute {
		a.Hooksnare.Verdict = alert.Attempted
	} else if a.Hooksnare.Evidence != nil {
		a.Hooksnare.Evidence.SetBy = c.setBy(k.Plist, k.Key)
	}
	a.Hooksnare.Remediation = undoCommand(k)
	if h.Plist != "" {
		a.File = &alert.File{Path: h.Plist, Name: path.Base(h.Plist), Directory: path.Dir(h.Plist)}
	}
}

// fillCondition reports a state of a sensor.
func (c *Composer) fillCondition(a *alert.Alert, s *detect.Condition) {
	a.Timestamp, a.Event.Created, a.Event.Start = alert.At(s.Since), alert.At(s.Since), alert.At(s.Since)
	a.Event.Category, a.Event.Type, a.Event.Action = []string{"host"}, []string{"info"}, s.State
	a.Event.ID = host.StableID("condition", c.host.ID, a.Rule.ID, s.State, strconv.FormatInt(s.Since.UnixNano(), 10))
	h := &alert.Health{State: s.State, Detail: clip.Text(s.Detail, clip.NameBytes), Active: true, Since: alert.At(s.Since)}
	if name, known := health.Find(s.State); known {
		h.Meaning, h.Remedy = name.Row().Meaning, name.Row().Cure
	}
	a.Hooksnare.Health = h
}

func (c *Composer) describeUser(id uint32) *alert.User {
	return &alert.User{ID: strconv.FormatUint(uint64(id), 10), Name: c.host.Users.Name(id)}
}

// describeProcess reports a process in full, and whether its arguments were cut.
func (c *Composer) describeProcess(p *event.Process, room int) (out *alert.Process, cut bool) {
	out = c.describeImage(p)
	out.Start = alert.At(p.Start)
	if p.TTY != "" {
		out.TTY = &alert.TTY{Name: clip.Text(p.TTY, clip.WordBytes)}
	}
	if x := p.Exec; x != nil {
		head := x.Bounded(maxRedacted)
		args, _ := redact.Args(head.Args)
		out.Args, cut = clip.Args(args, room)
		cut = cut || head != x || len(args) < x.ArgsCount
		out.ArgsCount = x.ArgsCount
		out.CommandLine = redact.CommandLine(out.Args)
		out.WorkingDirectory = clip.Path(x.WorkingDirectory)
	}
	out.User, out.RealUser = c.describeUser(p.Token.EUID), c.describeUser(p.Token.RUID)
	out.Group = &alert.Group{ID: strconv.FormatUint(uint64(p.Token.EGID), 10), Name: c.host.Users.Group(p.Token.EGID)}
	if p.GroupID != 0 {
		out.GroupLeader = &alert.Leader{PID: p.GroupID}
	}
	if p.SessionID != 0 {
		out.SessionLeader = &alert.Leader{PID: p.SessionID}
	}
	return out, cut
}

// describeImage tells which program a process runs.
func (c *Composer) describeImage(p *event.Process) *alert.Process {
	i := p.Image
	out := &alert.Process{
		PID: p.Token.PID, EntityID: c.host.EntityID(p.Key()),
		Executable: clip.Text(i.Executable, clip.NameBytes), Name: clip.Text(i.Name(), clip.WordBytes),
		CodeSignature: &alert.CodeSignature{
			Exists: i.Signed(), SigningID: clip.Text(i.SigningID, clip.WordBytes), TeamID: clip.Text(i.TeamID, clip.WordBytes), Trusted: i.Trusted(),
		},
	}
	if i.CDHash != "" {
		out.Hash = &alert.Hash{CDHash: clip.Text(i.CDHash, clip.WordBytes)}
	}
	return out
}
