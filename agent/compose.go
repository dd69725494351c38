package agent

import (
	"path"
	"strconv"
	"time"

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
	now   func() time.Time // nil for a recording, whose alerts have no latency
}

// alert tells of a finding.
func (c *composer) alert(f *detect.Finding) *alert.Alert {
	a := c.frame(f.Rule)
	a.Message = f.Sentence()
	a.Hooksnare.Verdict = alert.Observed
	if f.Broken != "" {
		a.Hooksnare.Exception = &alert.Exception{ID: f.Broken, Failed: f.Why}
	}
	switch {
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
			ID: r.ID, UUID: r.UUID(), Name: r.Name, Version: r.Version, Description: r.Description,
			Reference: r.References, Author: r.Author, License: r.License,
		},
		Threat:    threat(r.Threat),
		Host:      c.host.host(),
		Hooksnare: &alert.Hooksnare{},
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

// event fills in what was observed of a process.
func (c *composer) event(a *alert.Alert, f *detect.Finding) {
	ev := f.Record.Event
	p := ev.Process
	a.Timestamp, a.Event.Created = alert.At(ev.Time), alert.At(ev.Time)
	if c.now != nil {
		now := c.now()
		a.Event.Created = alert.At(now)
		if !ev.Time.IsZero() {
			ms := float64(now.Sub(ev.Time).Microseconds()) / 1000
			a.Hooksnare.LatencyMS = &ms
		} else {
			a.Timestamp = a.Event.Created
		}
	}
	a.Event.Start = alert.At(ev.Time)
	a.Event.Category, a.Event.Action = []string{"process"}, ev.Kind.String()
	if a.Event.Type = []string{"start"}; ev.Kind == event.Exit {
		a.Event.Type, a.Event.Action = []string{"end"}, "end"
	}
	a.Event.ID = c.eventID(f)
	a.User = c.user(p.Token.EUID)
	var cut int
	a.Process, cut = c.process(p)
	if cut > 0 {
		a.Hooksnare.Truncated = append(a.Hooksnare.Truncated, "process.args", "process.command_line")
	}
	if ev.Previous != nil && ev.Previous.Executable != "" {
		a.Process.Previous = &alert.Previous{Executable: ev.Previous.Executable}
	}
	c.relations(a, ev)
	if f.Record.Fact != nil {
		c.fact(a, f.Record.Fact)
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
	return digest(texts...)
}

// relations fills in the parent, the ancestors and the evidence around a process.
func (c *composer) relations(a *alert.Alert, ev *event.Event) {
	p := ev.Process
	if ev.Parent != nil {
		a.Process.Parent, _ = c.process(ev.Parent)
	} else if p.Parent.PID != 0 {
		a.Process.Parent = &alert.Process{PID: p.Parent.PID, EntityID: c.host.entity(p.Parent)}
	}
	ext, evidence := &alert.Ext{}, &alert.Evidence{}
	for _, up := range c.table.Ancestors(p) {
		ext.Ancestry = append(ext.Ancestry, c.host.entity(up.Key()))
		evidence.Lineage = append(evidence.Lineage, c.command(up, evidence))
	}
	if p.Responsible.PID != 0 && p.Responsible.PID != p.Token.PID {
		if r := c.table.Lookup(p.Responsible); r != nil {
			ext.EffectiveParent = c.brief(r)
		} else {
			ext.EffectiveParent = &alert.Process{PID: p.Responsible.PID, EntityID: c.host.entity(p.Responsible)}
		}
	}
	if len(ext.Ancestry) > 0 || ext.EffectiveParent != nil {
		a.Process.Ext = ext
	}
	for _, r := range c.recent(ev) {
		evidence.Recent = append(evidence.Recent, c.command(r, evidence))
	}
	if p.Token.AUID != event.None && p.Token.AUID != p.Token.EUID {
		evidence.LoginUser = c.user(p.Token.AUID)
	}
	a.Hooksnare.Evidence = evidence
}

// maxRecent bounds the commands of the same user in one alert.
const maxRecent = 20

// recent returns what the same user ran before the process.
func (c *composer) recent(ev *event.Event) []*event.Process {
	all := c.table.Recent(ev.Process.User())
	for len(all) > 0 && all[len(all)-1].Key() == ev.Process.Key() {
		all = all[:len(all)-1]
	}
	return all[max(0, len(all)-maxRecent):]
}

// fact fills in what is done to a hook.
func (c *composer) fact(a *alert.Alert, k *hook.Fact) {
	h := &alert.Hook{
		Operation: string(k.Operation), Key: k.Key, Domain: clip(k.Domain), Plist: clip(k.Plist),
		Scope: string(k.Scope), Tool: k.Tool, Verb: clip(k.Verb), Source: clip(k.Source), SourceFile: clip(k.SourceFile),
	}
	if k.HasValue {
		value := clip(k.Value)
		h.Value = &value
		if len(value) < len(k.Value) {
			a.Hooksnare.Truncated = append(a.Hooksnare.Truncated, "hooksnare.hook.value")
		}
	}
	a.Hooksnare.Hook = h
	a.Hooksnare.Verdict = alert.Attempted
	a.Hooksnare.Remediation = remediation(k)
	if h.Plist != "" {
		a.File = &alert.File{Path: h.Plist, Name: path.Base(h.Plist), Directory: path.Dir(h.Plist)}
	}
}

// condition tells of a state of a sensor.
func (c *composer) condition(a *alert.Alert, s *detect.Condition) {
	a.Timestamp, a.Event.Created, a.Event.Start = alert.At(s.Since), alert.At(s.Since), alert.At(s.Since)
	if c.now != nil {
		a.Event.Created = alert.At(c.now())
	}
	a.Event.Category, a.Event.Type, a.Event.Action = []string{"host"}, []string{"info"}, s.State
	a.Event.ID = digest("condition", c.host.ID, a.Rule.ID, s.State, strconv.FormatInt(s.Since.UnixNano(), 10))
	a.Hooksnare.Health = &alert.Health{State: s.State, Detail: s.Detail, Active: true, Since: alert.At(s.Since)}
}

func (c *composer) user(id uint32) *alert.User {
	return &alert.User{ID: strconv.FormatUint(uint64(id), 10), Name: c.host.Users.Name(id)}
}

// process tells of a process in full, and how many bytes of its arguments were cut.
func (c *composer) process(p *event.Process) (*alert.Process, int) {
	out, cut := c.brief(p), 0
	out.Start = alert.At(p.Start)
	if p.TTY != "" {
		out.TTY = &alert.TTY{Name: p.TTY}
	}
	if x := p.Exec; x != nil {
		args, _ := redact.Args(x.Args)
		out.Args, cut = bounded(args)
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
		PID: p.Token.PID, EntityID: c.host.entity(p.Key()), Executable: i.Executable, Name: i.Name(),
		CodeSignature: &alert.CodeSignature{Exists: i.Signed(), SigningID: i.SigningID, TeamID: i.TeamID, Trusted: i.Trusted()},
	}
	if i.CDHash != "" {
		out.Hash = &alert.Hash{CDHash: i.CDHash}
	}
	return out
}

// command tells of a process in a line.
func (c *composer) command(p *event.Process, e *alert.Evidence) alert.Command {
	out := alert.Command{
		PID: p.Token.PID, EntityID: c.host.entity(p.Key()), Executable: p.Image.Executable, User: c.user(p.Token.EUID),
	}
	if p.Exec != nil {
		args, secrets := redact.Args(p.Exec.Args)
		e.Redacted += secrets
		out.CommandLine = clipTo(redact.CommandLine(args), evidenceBytes)
		out.Time = alert.At(p.Exec.Time)
	}
	return out
}
