package agent

import (
	"fmt"
	"path"
	"strconv"
	"time"

	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/quote"
)

// withCopy adds where a copy of the program is kept.
func (c *composer) withCopy(p *alert.Program, owner string) *alert.Program {
	if c.keptAt != nil && p.SHA256 != "" {
		p.Kept = c.keptAt(owner, p.SHA256)
	}
	return p
}

// state reports what became of preferences.
func (c *composer) state(a *alert.Alert, f *detect.Finding) {
	o := f.Record.State
	at := o.Time()
	if f.Record.Event != nil {
		c.event(a, f)
		a.Hooksnare.Signals = []string{"process", "state"}
	} else {
		a.Hooksnare.Signals = []string{"state"}
	}
	a.Timestamp, a.Event.Start, a.Event.Created = alert.At(at), alert.At(at), alert.At(at)
	if k := f.Record.Fact; k != nil && f.Record.Event == nil {
		c.fact(a, k)
	}
	a.Event.Category, a.Event.Type = []string{"configuration"}, []string{"change"}
	a.Hooksnare.Verdict = alert.Verdict(o.Verdict)
	switch {
	case o.Change != nil:
		c.change(a, o.Change)
	case o.Program != nil:
		c.programChange(a, o.Program, f.Record.Fact, ownerOf(f.Share()))
	case o.Unreadable != nil:
		c.unreadable(a, o.Unreadable)
	case o.Excepted != "":
		c.excepted(a, o, f.Record.Fact)
	}
}

func (c *composer) change(a *alert.Alert, ch *event.Change) {
	a.Event.Action = "hook-changed"
	switch {
	case ch.New == nil:
		a.Event.Type = []string{"deletion"}
	case ch.Old == nil:
		a.Event.Type = []string{"creation"}
	}
	a.Event.ID = digest(append([]string{"change", c.host.ID, a.Rule.ID}, changeTexts(ch)...)...)
	c.values(a.Hooksnare, ch)
	a.Hooksnare.Change = &alert.Change{Since: sinceWords[ch.Since]}
	a.File = &alert.File{Path: clip(ch.File), Name: path.Base(clip(ch.File)), Directory: path.Dir(clip(ch.File))}
}

var sinceWords = map[event.Since]string{event.SinceSeen: "running", event.SinceStop: "stopped", event.SinceNever: "first_look"}

// changeTexts are of one change alone: its time tells it from one that brings back what was
// there, and whoever writes a file can give it any time of its own.
func changeTexts(ch *event.Change) []string {
	out := []string{ch.File, ch.Key, strconv.FormatInt(ch.Time.UnixNano(), 10)}
	for _, v := range [...]*string{ch.Old, ch.New} {
		if v == nil {
			out = append(out, "-")
		} else {
			out = append(out, "=", *v)
		}
	}
	return out
}

// values fills in what is under a key, and what was there before.
func (c *composer) values(h *alert.Hooksnare, ch *event.Change) {
	k := alert.Hook{Operation: string(hook.Set)}
	if h.Hook != nil {
		k = *h.Hook
	}
	k.Key, k.Plist, k.Scope = ch.Key, clip(ch.File), ch.Scope
	k.Value, k.Previous = nil, nil
	if ch.New != nil {
		value := clipTo(*ch.New, valueBytes)
		k.Value = &value
	} else {
		k.Operation = string(hook.Remove)
	}
	if ch.Old != nil {
		value := clipTo(*ch.Old, valueBytes)
		k.Previous = &value
	}
	h.Hook = &k
	h.Remediation, h.Program = undo(ch), nil
}

// confirmed makes an update of a command's alert one of its change.
func (c *composer) confirmed(u *alert.Alert, by *confirmation) *alert.Alert {
	ch := by.Change
	u.Hooksnare.Verdict, u.Hooksnare.Reason = alert.Confirmed, changeSaid(ch)
	u.Hooksnare.Signals = []string{"process", "state"}
	c.values(u.Hooksnare, ch)
	if ch.New != nil && runsProgram(ch.Key) {
		u.Hooksnare.Program = by.seen.shown(*ch.New)
	}
	u.Hooksnare.Change = &alert.Change{Since: sinceWords[ch.Since]}
	if u.File == nil {
		u.File = &alert.File{Path: clip(ch.File), Name: path.Base(clip(ch.File)), Directory: path.Dir(clip(ch.File))}
	}
	return u
}

func changeSaid(ch *event.Change) string {
	switch {
	case ch.New == nil:
		return ch.Key + " is gone from the preferences"
	case ch.Old == nil:
		return ch.Key + " is in the preferences"
	}
	return ch.Key + " in the preferences is not what it was"
}

// attributed makes an update of a change's alert one that names the command that made it.
func (c *composer) attributed(u *alert.Alert, by *event.Event) *alert.Alert {
	u.Hooksnare.Verdict, u.Hooksnare.Reason = alert.Confirmed, "a command was seen that makes this change"
	u.Hooksnare.Signals = []string{"process", "state"}
	u.User = c.user(by.Process.Token.EUID)
	u.Process, _ = c.process(by.Process, parentArgsBytes)
	return u
}

// verdict makes an update one of another verdict.
func (c *composer) verdict(u *alert.Alert, v alert.Verdict, why string) *alert.Alert {
	u.Hooksnare.Verdict = v
	u.Hooksnare.Reason = why
	return u
}

func (c *composer) programChange(a *alert.Alert, ch *event.ProgramChange, k *hook.Fact, owner string) {
	a.Event.Action = "hook-program-changed"
	a.Event.ID = digest(append([]string{"program", c.host.ID, a.Rule.ID, k.Plist, k.Key, ch.Value}, programTexts(ch)...)...)
	a.Hooksnare.Program = c.withCopy(programOf(&ch.New), owner)
	a.Hooksnare.Change = &alert.Change{Since: sinceWords[ch.Since], What: ch.What, Previous: c.withCopy(programOf(&ch.Old), owner)}
	a.Hooksnare.Remediation = "" // to take back the hook is one way, and not the only one
}

func (c *composer) unreadable(a *alert.Alert, u *event.Unreadable) {
	a.Event.Action, a.Event.Type = "preferences-unreadable", []string{"info"}
	a.Event.ID = digest("unreadable", c.host.ID, a.Rule.ID, u.Path, u.Why, strconv.FormatInt(u.Since.UnixNano(), 10))
	a.Hooksnare.Unreadable = &alert.Unreadable{Path: clip(u.Path), Why: u.Why, Detail: clipTo(u.Detail, nameBytes), Active: true}
	a.File = &alert.File{Path: clip(u.Path), Name: path.Base(clip(u.Path)), Directory: path.Dir(clip(u.Path))}
}

// excepted reports the first finding that an exception covers.
func (c *composer) excepted(a *alert.Alert, o *detect.Observed, k *hook.Fact) {
	a.Event.Action, a.Event.Type = "hook-excepted", []string{"info"}
	a.Event.ID = digest("excepted", c.host.ID, a.Rule.ID, o.Excepted, k.Plist, k.Key, k.Value)
	a.Hooksnare.Exception = &alert.Exception{ID: clipTo(o.Excepted, wordBytes)}
	if s := o.Covered.Record.State; s != nil && s.Change != nil {
		c.values(a.Hooksnare, s.Change)
		a.Hooksnare.Change = &alert.Change{Since: sinceWords[s.Change.Since]}
	} else {
		a.Hooksnare.Signals = []string{"process"}
	}
	if at := o.Time(); !at.IsZero() {
		a.Timestamp, a.Event.Start, a.Event.Created = alert.At(at), alert.At(at), alert.At(at)
	}
}

// programTexts are the same each time that the same change is seen, be it by an agent that was
// killed and started again. Where nothing of the program itself moved, the time tells.
func programTexts(ch *event.ProgramChange) []string {
	var out []string
	for _, p := range [...]*event.Program{&ch.Old, &ch.New} {
		out = append(out, p.Resolved, p.SHA256, strconv.FormatUint(p.Inode, 10), strconv.FormatInt(p.ChangeTime.UnixNano(), 10), p.WritableBy, p.Shadow)
	}
	if ch.Old.Inode == ch.New.Inode && ch.Old.ChangeTime.Equal(ch.New.ChangeTime) {
		out = append(out, strconv.FormatInt(ch.Time.UnixNano(), 10))
	}
	return out
}

// unreadableAgain makes an update one that a file can't be read once more.
func (c *composer) unreadableAgain(u *alert.Alert, now *event.Unreadable, again int) *alert.Alert {
	u.Hooksnare.Unreadable = &alert.Unreadable{Path: clip(now.Path), Why: now.Why, Detail: clipTo(now.Detail, nameBytes), Active: true}
	u.Event.End = nil
	u.Hooksnare.Repeat = &alert.Repeat{Count: again, First: u.Event.Start, Last: alert.At(now.Since)}
	u.Message = fmt.Sprintf("%s: %s: %s (comes and goes: %d more times)", u.Rule.Name, quote.Printable(clip(now.Path)), now.Why, again)
	return u
}

// readable makes an update one that a file can be read again.
func (c *composer) readable(u *alert.Alert, at time.Time) *alert.Alert {
	now := *u.Hooksnare.Unreadable
	now.Active = false
	u.Hooksnare.Unreadable = &now
	u.Event.End = alert.At(at)
	u.Message = u.Rule.Name + ": " + quote.Printable(now.Path) + " can be read again"
	return u
}

// programOf is a hook's program as an alert has it.
func programOf(p *event.Program) *alert.Program {
	out := &alert.Program{
		Path: clip(p.Path), Arguments: clipTo(p.Arguments, nameBytes), Resolved: clip(p.Resolved), Exists: p.Exists, Type: p.Type, Kind: p.Kind,
		SHA256: p.SHA256, Shebang: clipTo(p.Shebang, wordBytes), Excerpt: clipTo(p.Excerpt, valueBytes), Unread: clipTo(p.Unread, wordBytes),
		Writable: p.WritableBy != "", WritableBy: clip(p.WritableBy), Shadow: clip(p.Shadow), Risks: p.Risks,
	}
	if p.Exists {
		size := p.Size
		out.Size, out.Owner, out.Mode = &size, strconv.FormatUint(uint64(p.UID), 10), strconv.FormatUint(uint64(p.Mode), 8)
		out.Modified = alert.At(p.ModTime)
	}
	if p.SigningID != "" || p.TeamID != "" {
		out.Signing = &alert.Signing{ID: clipTo(p.SigningID, wordBytes), TeamID: clipTo(p.TeamID, wordBytes)}
	}
	return out
}
