package agent

import (
	"path"
	"slices"
	"strconv"
	"time"

	"hooksnare/agent/health"
	"hooksnare/collector/process"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/redact"
)

// composer turns findings into alerts: it adds who, where and what else.
type composer struct {
	host  Identity
	table *process.Table

	keptAt       func(owner, sum string) string // where the copy of a content is; nil where there are none
	setBy        setBy
	repeatWindow time.Duration
	now          func() time.Time // nil for a recording, whose alerts have no latency
}

// alert reports a finding, without what the disk has to say.
func (c *composer) alert(f *detect.Finding) *alert.Alert {
	a := c.frame(f.Rule)
	if s := f.Severity(); s != f.Rule.Severity {
		a.Event.Severity, a.Event.RiskScore = s.Number(), max(a.Event.RiskScore, s.Number())
	}
	a.Message = clip(f.Sentence())
	a.Hooksnare.Verdict = alert.Observed
	switch {
	case f.Record.State != nil:
		c.state(a, f)
	case f.Record.Event != nil:
		c.event(a, f)
	case f.Record.Condition != nil:
		c.condition(a, f.Record.Condition)
	}
	return a
}

// frame is what all alerts of a rule have in common.
func (c *composer) frame(r *rules.Rule) *alert.Alert {
	a := &alert.Alert{
		ECS: alert.ECS{Version: alert.ECSVersion},
		Event: alert.Event{
			Kind: "alert", Sequence: 1, Module: "hooksnare",
			Severity: r.Severity.Number(), RiskScore: r.RiskScore,
		},
		Rule: alert.Rule{
			ID: r.ID, UUID: r.UUID(), Name: r.Name, Version: r.Version, Description: clip(r.Description),
			Reference: r.References, Author: r.Author, License: r.License,
		},
		Threat:    threat(r.Threat),
		Host:      c.host.host(),
		Hooksnare: &alert.Hooksnare{BuildingBlock: r.BuildingBlock},
	}
	return a
}

// threat merges a rule's places in the framework, as ECS has but one of each.
func threat(list []rules.Threat) *alert.Threat {
	if len(list) == 0 {
		return nil
	}
	out := &alert.Threat{Framework: list[0].Framework}
	for _, t := range list {
		out.Tactic = add(out.Tactic, t.Tactic)
		for _, tech := range t.Technique {
			if out.Technique == nil {
				out.Technique = &alert.Technique{}
			}
			out.Technique.Named = *add(&out.Technique.Named, tech.Named)
			for _, sub := range tech.Subtechnique {
				out.Technique.Subtechnique = add(out.Technique.Subtechnique, sub)
			}
		}
	}
	return out
}

func add(to *alert.Named, n rules.Named) *alert.Named {
	if to == nil {
		to = &alert.Named{}
	}
	to.ID, to.Name, to.Reference = append(to.ID, n.ID), append(to.Name, n.Name), append(to.Reference, n.Reference)
	return to
}

// truncatedArgs are the members that say less where arguments were cut.
var truncatedArgs = []string{"process.args", "process.command_line"}

// event fills in what was observed of a process.
func (c *composer) event(a *alert.Alert, f *detect.Finding) {
	ev := f.Record.Event
	p := ev.Process
	a.Timestamp, a.Event.Created = alert.At(ev.Time), alert.At(ev.Time)
	a.Event.Start = alert.At(ev.Time)
	a.Event.Category, a.Event.Action = []string{"process"}, ev.Kind.String()
	if a.Event.Type = []string{"start"}; ev.Kind == event.Exit {
		a.Event.Type, a.Event.Action = []string{"end"}, "end"
	}
	a.Event.ID = c.eventID(f)
	a.User = c.user(p.Token.EUID)
	var cut bool
	if a.Process, cut = c.process(p, argsBytes); cut {
		a.Hooksnare.Truncated = truncatedArgs
	}
	if ev.Previous != nil && ev.Previous.Executable != "" {
		a.Process.Previous = &alert.Previous{Executable: clipTo(ev.Previous.Executable, nameBytes)}
	}
	c.relations(a, ev)
	c.match(a, f)
	if k := f.Record.Fact; k != nil {
		c.fact(a, k)
		a.Hooksnare.Triage = &alert.Triage{Tree: c.tree(p, a.Hooksnare.Evidence)}
	}
	a.Hooksnare.Signals = []string{"process"}
}

// eventID is the same each time the same rule meets the same event of the same host, so
// that a receiver can drop a repeat.
func (c *composer) eventID(f *detect.Finding) string {
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
	return digest(texts...)
}

// maxMatched bounds the events of a sequence that an alert reports.
const maxMatched = 16

// match fills in what a rule found beside the event.
func (c *composer) match(a *alert.Alert, f *detect.Finding) {
	if len(f.Events) == 0 {
		return
	}
	m := &alert.Match{}
	for i, r := range f.Events {
		if i == maxMatched {
			a.Hooksnare.Truncated = slices.Concat(a.Hooksnare.Truncated, []string{"hooksnare.match.events"})
			break
		}
		m.Events = append(m.Events, c.command(r.Event.Process, a.Hooksnare.Evidence))
		m.Events[i].Time = alert.At(r.Event.Time)
	}
	if len(f.Events) > 0 {
		a.Event.Start = alert.At(f.Events[0].Event.Time)
	}
	a.Hooksnare.Match = m
}

// fact fills in what is done to a hook.
func (c *composer) fact(a *alert.Alert, k *hook.Fact) {
	h := &alert.Hook{
		Operation: string(k.Operation), Key: clipTo(k.Key, wordBytes), Domain: clipTo(k.Domain, nameBytes), Plist: clip(k.Plist),
		Scope: string(k.Scope), Tool: k.Tool, Verb: clipTo(k.Verb, wordBytes), Source: clipTo(k.Source, wordBytes), SourceFile: clip(k.SourceFile),
	}
	if k.HasValue {
		value := clipTo(k.Value, valueBytes)
		h.Value = &value
		if value != k.Value {
			a.Hooksnare.Truncated = slices.Concat(a.Hooksnare.Truncated, []string{"hooksnare.hook.value"})
		}
	}
	a.Hooksnare.Hook = h
	if k.Operation != hook.Execute {
		a.Hooksnare.Verdict = alert.Attempted
	} else if a.Hooksnare.Evidence != nil {
		a.Hooksnare.Evidence.SetBy = c.setBy[setByKey(k.Plist, k.Key)]
	}
	a.Hooksnare.Remediation = remediation(k)
	if h.Plist != "" {
		a.File = &alert.File{Path: h.Plist, Name: path.Base(h.Plist), Directory: path.Dir(h.Plist)}
	}
}

// condition reports a state of a sensor.
func (c *composer) condition(a *alert.Alert, s *detect.Condition) {
	a.Timestamp, a.Event.Created, a.Event.Start = alert.At(s.Since), alert.At(s.Since), alert.At(s.Since)
	a.Event.Category, a.Event.Type, a.Event.Action = []string{"host"}, []string{"info"}, s.State
	a.Event.ID = digest("condition", c.host.ID, a.Rule.ID, s.State, strconv.FormatInt(s.Since.UnixNano(), 10))
	h := &alert.Health{State: s.State, Detail: clipTo(s.Detail, nameBytes), Active: true, Since: alert.At(s.Since)}
	if name, known := health.Find(s.State); known {
		h.Meaning, h.Remedy = name.Row().Meaning, name.Row().Cure
	}
	a.Hooksnare.Health = h
}

func (c *composer) user(id uint32) *alert.User {
	return &alert.User{ID: strconv.FormatUint(uint64(id), 10), Name: c.host.Users.Name(id)}
}

// process reports a process in full, and whether its arguments were cut.
func (c *composer) process(p *event.Process, room int) (out *alert.Process, cut bool) {
	out = c.brief(p)
	out.Start = alert.At(p.Start)
	if p.TTY != "" {
		out.TTY = &alert.TTY{Name: clipTo(p.TTY, wordBytes)}
	}
	if x := p.Exec; x != nil {
		args, _ := redact.Args(x.Args)
		out.Args, cut = bounded(args, room)
		cut = cut || len(args) < x.ArgsCount
		out.ArgsCount = x.ArgsCount
		out.CommandLine = redact.CommandLine(out.Args)
		out.WorkingDirectory = clip(x.WorkingDirectory)
	}
	out.User, out.RealUser = c.user(p.Token.EUID), c.user(p.Token.RUID)
	out.Group = &alert.Group{ID: strconv.FormatUint(uint64(p.Token.EGID), 10), Name: c.host.Users.Group(p.Token.EGID)}
	if p.GroupID != 0 {
		out.GroupLeader = &alert.Leader{PID: p.GroupID}
	}
	if p.SessionID != 0 {
		out.SessionLeader = &alert.Leader{PID: p.SessionID}
	}
	return out, cut
}

// brief tells which program a process runs.
func (c *composer) brief(p *event.Process) *alert.Process {
	i := p.Image
	out := &alert.Process{
		PID: p.Token.PID, EntityID: c.host.entity(p.Key()),
		Executable: clipTo(i.Executable, nameBytes), Name: clipTo(i.Name(), wordBytes),
		CodeSignature: &alert.CodeSignature{
			Exists: i.Signed(), SigningID: clipTo(i.SigningID, wordBytes), TeamID: clipTo(i.TeamID, wordBytes), Trusted: i.Trusted(),
		},
	}
	if i.CDHash != "" {
		out.Hash = &alert.Hash{CDHash: clipTo(i.CDHash, wordBytes)}
	}
	return out
}
