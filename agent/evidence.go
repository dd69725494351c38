package agent

import (
	"slices"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/event"
	"hooksnare/pkg/redact"
)

// Bounds of the evidence in one alert.
const (
	maxLineage = 16 // ancestors told of in words
	maxRecent  = 20 // commands of the same user
)

// relations fills in the parent, the ancestors and the evidence around a process.
func (c *composer) relations(a *alert.Alert, ev *event.Event) {
	p := ev.Process
	if ev.Parent != nil {
		a.Process.Parent, _ = c.process(ev.Parent, parentArgsBytes)
	} else if p.Parent.PID != 0 {
		a.Process.Parent = &alert.Process{PID: p.Parent.PID, EntityID: c.host.EntityID(p.Parent)}
	}
	ext, evidence := &alert.Ext{}, &alert.Evidence{}
	for i, up := range c.table.Ancestors(p) {
		ext.Ancestry = append(ext.Ancestry, c.host.EntityID(up.Key()))
		if i < maxLineage {
			evidence.Lineage = append(evidence.Lineage, c.command(up, evidence))
		}
	}
	ext.EffectiveParent = c.responsible(p)
	if len(ext.Ancestry) > 0 || ext.EffectiveParent != nil {
		a.Process.Ext = ext
	}
	for _, r := range recent(c.table.Recent(p.User()), p) {
		evidence.Recent = append(evidence.Recent, c.command(r, evidence))
	}
	if p.Token.AUID != event.None && p.Token.AUID != p.Token.EUID {
		evidence.LoginUser = c.user(p.Token.AUID)
	}
	a.Hooksnare.Evidence = evidence
}

// responsible tells of the process that macOS holds responsible for another, nil where
// that is the process itself or not known.
func (c *composer) responsible(p *event.Process) *alert.Process {
	key := p.Responsible
	if key.PID == 0 || key.PID == p.Token.PID {
		return nil
	}
	if r := c.table.Lookup(key); r != nil {
		return c.brief(r)
	}
	return &alert.Process{PID: key.PID, EntityID: c.host.EntityID(key)}
}

// recent returns what a user ran before a process: the last of the commands, oldest
// first. One that a process ran by way of another image, as /bin/sh becomes /bin/bash
// with the same arguments, is told once, by its last image.
func recent(all []*event.Process, before *event.Process) []*event.Process {
	out := make([]*event.Process, 0, maxRecent)
	later := map[int32]*event.Process{} // by pid, the image after
	for _, p := range slices.Backward(all) {
		next := later[p.Token.PID]
		later[p.Token.PID] = p
		if p.Key() == before.Key() || next != nil && becomes(p, next) {
			continue
		}
		if out = append(out, p); len(out) == maxRecent {
			break
		}
	}
	slices.Reverse(out)
	return out
}

// becomes reports whether one image of a process replaced another to run the same command.
func becomes(p, next *event.Process) bool {
	return p.Exec != nil && next.Exec != nil && p.Start.Equal(next.Start) &&
		p.Exec.ArgsCount == next.Exec.ArgsCount && slices.Equal(p.Exec.Args, next.Exec.Args)
}

// command tells of a process in a line.
func (c *composer) command(p *event.Process, e *alert.Evidence) alert.Command {
	out := alert.Command{
		PID: p.Token.PID, EntityID: c.host.EntityID(p.Key()),
		Executable: clip.Text(p.Image.Executable, pathBytes), User: c.user(p.Token.EUID),
	}
	if p.Exec != nil {
		args, secrets := redact.Args(p.Exec.Args)
		e.Redacted += secrets
		out.CommandLine = clip.Text(redact.CommandLine(args), commandBytes)
		out.Time = alert.At(p.Exec.Time)
	}
	return out
}
