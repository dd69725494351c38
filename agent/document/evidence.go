package document

import (
	"slices"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/event"
	"hooksnare/pkg/redact"
)

// Bounds of the evidence in one alert.
const (
	maxTree = 20 // processes of the same login or job

	MaxLineage = 16 // ancestors in the lineage
	MaxRecent  = 20 // commands of the same user
)

// fillRelations fills in the parent, the ancestors and the evidence around a process.
func (c *Composer) fillRelations(a *alert.Alert, ev *event.Event) {
	p := ev.Process
	if ev.Parent != nil {
		a.Process.Parent, _ = c.describeProcess(ev.Parent, parentArgsBytes)
	} else if p.Parent.PID != 0 {
		a.Process.Parent = &alert.Process{PID: p.Parent.PID, EntityID: c.host.EntityID(p.Parent)}
	}
	ext, evidence := &alert.Ext{}, &alert.Evidence{}
	for i, up := range c.table.Ancestors(p) {
		ext.Ancestry = append(ext.Ancestry, c.host.EntityID(up.Key()))
		if i < MaxLineage {
			evidence.Lineage = append(evidence.Lineage, c.describeCommand(up, evidence))
		}
	}
	ext.EffectiveParent = c.responsibleProcess(p)
	if len(ext.Ancestry) > 0 || ext.EffectiveParent != nil {
		a.Process.Ext = ext
	}
	for _, r := range recentBefore(c.table.Recent(p.User()), p) {
		evidence.Recent = append(evidence.Recent, c.describeCommand(r, evidence))
	}
	if p.Token.AUID != event.None && p.Token.AUID != p.Token.EUID {
		evidence.LoginUser = c.describeUser(p.Token.AUID)
	}
	a.Hooksnare.Evidence = evidence
}

// responsibleProcess describes the process that macOS holds responsible for another, nil where
// that is the process itself or not known.
func (c *Composer) responsibleProcess(p *event.Process) *alert.Process {
	key := p.Responsible
	if key.PID == 0 || key.PID == p.Token.PID {
		return nil
	}
	if r := c.table.Lookup(key); r != nil {
		return c.describeImage(r)
	}
	return &alert.Process{PID: key.PID, EntityID: c.host.EntityID(key)}
}

// recentBefore returns what a user ran before a process: the last of the commands, oldest
// first. One that a process ran by way of another image, as /bin/sh becomes /bin/bash
// with the same arguments, is listed once, by its last image.
func recentBefore(all []*event.Process, before *event.Process) []*event.Process {
	out := make([]*event.Process, 0, MaxRecent)
	later := map[int32]*event.Process{} // by pid, the image after
	for _, p := range slices.Backward(all) {
		next := later[p.Token.PID]
		later[p.Token.PID] = p
		if p.Key() == before.Key() || next != nil && replacesImage(p, next) {
			continue
		}
		if out = append(out, p); len(out) == MaxRecent {
			break
		}
	}
	slices.Reverse(out)
	return out
}

// replacesImage reports whether one image of a process replaced another to run the same command.
func replacesImage(p, next *event.Process) bool {
	return p.Exec != nil && next.Exec != nil && p.Start.Equal(next.Start) &&
		p.Exec.ArgsCount == next.Exec.ArgsCount && slices.Equal(p.Exec.Args, next.Exec.Args)
}

// describeCommand describes a process in a line.
func (c *Composer) describeCommand(p *event.Process, e *alert.Evidence) alert.Command {
	out := alert.Command{
		PID: p.Token.PID, EntityID: c.host.EntityID(p.Key()),
		Executable: clip.Text(p.Image.Executable, pathBytes), User: c.describeUser(p.Token.EUID),
	}
	if p.Exec != nil {
		args, secrets := redact.Args(p.Exec.Bounded(maxRedacted).Args)
		e.Redacted += secrets
		out.CommandLine = clip.Text(redact.CommandLine(args), commandBytes)
		out.Time = alert.At(p.Exec.Time)
	}
	return out
}

// recentOfLogin returns what was run shortly before from the same login or job as a process: what has the same
// ancestor right below launchd.
func (c *Composer) recentOfLogin(p *event.Process, e *alert.Evidence) []alert.Command {
	top := c.loginAncestor(p)
	if top == (event.Key{}) {
		return nil
	}
	var out []alert.Command
	for _, r := range slices.Backward(recentBefore(c.table.Recent(p.User()), p)) {
		if len(out) < maxTree && c.loginAncestor(r) == top {
			out = append(out, c.describeCommand(r, e))
		}
	}
	slices.Reverse(out)
	return out
}

// loginAncestor returns the ancestor of a process right below launchd, or the process itself if that
// is it; none where the lineage is not known so far.
func (c *Composer) loginAncestor(p *event.Process) event.Key {
	up := c.table.Ancestors(p)
	if len(up) == 0 || up[len(up)-1].Token.PID != 1 {
		return event.Key{}
	}
	if len(up) == 1 {
		return p.Key()
	}
	return up[len(up)-2].Key()
}
