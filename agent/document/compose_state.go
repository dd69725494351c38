package document

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strconv"
	"time"

	"hooksnare/agent/host"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/event"
	"hooksnare/pkg/quote"
)

// addCopy adds where a copy of the program is kept.
func (c *Composer) addCopy(p *alert.Program, owner string) *alert.Program {
	if c.keptAt != nil && p.SHA256 != "" {
		p.Kept = c.keptAt(owner, p.SHA256)
	}
	return p
}

// fillState reports what became of preferences.
func (c *Composer) fillState(a *alert.Alert, f *detect.Finding) {
	o := f.Record.State
	at := o.Time()
	if f.Record.Event != nil {
		c.fillEvent(a, f)
		a.Hooksnare.Signals = []string{"process", "state"}
	} else {
		a.Hooksnare.Signals = []string{"state"}
	}
	a.Timestamp, a.Event.Start, a.Event.Created = alert.At(at), alert.At(at), alert.At(at)
	if k := f.Record.Fact; k != nil && f.Record.Event == nil {
		c.fillHook(a, k)
	}
	a.Event.Category, a.Event.Type = []string{"configuration"}, []string{"change"}
	a.Hooksnare.Verdict = alert.Verdict(o.Verdict)
	switch {
	case o.Change != nil:
		c.fillChange(a, o.Change)
	case o.Program != nil:
		c.fillProgramChange(a, o.Program, f.Record.Fact, f.Share().String())
	case o.Unreadable != nil:
		c.fillUnreadable(a, o.Unreadable, f.Share().String())
	case o.Excepted != "":
		c.fillExcepted(a, o, f.Record.Fact)
	}
}

func (c *Composer) fillChange(a *alert.Alert, ch *event.Change) {
	a.Event.Action = "hook-changed"
	switch {
	case ch.New == nil:
		a.Event.Type = []string{"deletion"}
	case ch.Old == nil:
		a.Event.Type = []string{"creation"}
	}
	a.Event.ID = host.StableID(append([]string{"change", c.host.ID, a.Rule.ID}, changeTexts(ch)...)...)
	c.fillValues(a.Hooksnare, ch)
	a.Hooksnare.Change = &alert.Change{Since: SinceWords[ch.Since]}
	a.File = &alert.File{Path: clip.Path(ch.File), Name: path.Base(clip.Path(ch.File)), Directory: path.Dir(clip.Path(ch.File))}
}

var SinceWords = map[event.Since]string{event.SinceSeen: "running", event.SinceStop: "stopped", event.SinceNever: "first_look"}

// changeTexts are of one change alone: its time tells it from one that brings back what was
// there, and whoever writes a file can set its times at will.
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

// fillValues fills in what is under a key, and what was there before.
func (c *Composer) fillValues(h *alert.Hooksnare, ch *event.Change) {
	k := alert.Hook{Operation: string(hook.Set)}
	if h.Hook != nil {
		k = *h.Hook
	}
	k.Key, k.Plist, k.Scope = ch.Key, clip.Path(ch.File), ch.Scope
	k.Value, k.Previous = nil, nil
	if ch.New != nil {
		value := clip.Text(*ch.New, clip.ValueBytes)
		k.Value = &value
	} else {
		k.Operation = string(hook.Remove)
	}
	if ch.Old != nil {
		value := clip.Text(*ch.Old, clip.ValueBytes)
		k.Previous = &value
	}
	h.Hook, h.Uncertain = &k, ch.Uncertain
	h.Remediation, h.Program = UndoChange(ch), nil
}

// Confirm makes an update of a command's alert one of its change.
func (c *Composer) Confirm(u *alert.Alert, by *Confirmation) *alert.Alert {
	ch := by.Change
	u.Hooksnare.Verdict, u.Hooksnare.Reason = alert.Confirmed, changeReason(ch)
	u.Hooksnare.Signals = []string{"process", "state"}
	c.fillValues(u.Hooksnare, ch)
	if ch.New != nil && hook.RunsProgram(ch.Key) {
		u.Hooksnare.Program = by.Seen.Shown(*ch.New)
	}
	u.Hooksnare.Change = &alert.Change{Since: SinceWords[ch.Since]}
	if u.File == nil {
		u.File = &alert.File{Path: clip.Path(ch.File), Name: path.Base(clip.Path(ch.File)), Directory: path.Dir(clip.Path(ch.File))}
	}
	return u
}

func changeReason(ch *event.Change) string {
	switch {
	case ch.New == nil:
		return ch.Key + " is gone from the preferences"
	case ch.Old == nil:
		return ch.Key + " is in the preferences"
	}
	return ch.Key + " in the preferences is not what it was"
}

// Attribute makes an update of a change's alert one that names the command that made it.
func (c *Composer) Attribute(u *alert.Alert, by *event.Event) *alert.Alert {
	u.Hooksnare.Verdict, u.Hooksnare.Reason = alert.Confirmed, "a command was seen that makes this change"
	u.Hooksnare.Signals = []string{"process", "state"}
	u.User = c.describeUser(by.Process.Token.EUID)
	u.Process, _ = c.describeProcess(by.Process, parentArgsBytes)
	return u
}

// SetVerdict makes an update one of another verdict.
func (c *Composer) SetVerdict(u *alert.Alert, v alert.Verdict, why string) *alert.Alert {
	u.Hooksnare.Verdict = v
	u.Hooksnare.Reason = why
	return u
}

func (c *Composer) fillProgramChange(a *alert.Alert, ch *event.ProgramChange, k *hook.Fact, owner string) {
	a.Event.Action = "hook-program-changed"
	a.Event.ID = host.StableID(append([]string{"program", c.host.ID, a.Rule.ID, k.Plist, k.Key, ch.Value}, programTexts(ch)...)...)
	is, was := ch.New, ch.Old
	if slices.Contains(ch.What, "parts") { // room for those that changed
		is.Parts, was.Parts = withoutSame(ch.New.Parts, ch.Old.Parts), withoutSame(ch.Old.Parts, ch.New.Parts)
	}
	a.Hooksnare.Program = c.addCopy(ProgramOf(&is), owner)
	a.Hooksnare.Change = &alert.Change{Since: SinceWords[ch.Since], What: ch.What, Previous: c.addCopy(ProgramOf(&was), owner)}
	a.Hooksnare.Remediation = "" // to take back the hook is one way, and not the only one
}

// withoutSame returns the parts that are not the same among others.
func withoutSame(parts, others []event.Program) []event.Program {
	return slices.DeleteFunc(slices.Clone(parts), func(p event.Program) bool {
		return slices.ContainsFunc(others, func(o event.Program) bool { return reflect.DeepEqual(p, o) })
	})
}

func (c *Composer) fillUnreadable(a *alert.Alert, u *event.Unreadable, owner string) {
	a.Event.Action, a.Event.Type = "preferences-unreadable", []string{"info"}
	a.Event.ID = host.StableID("unreadable", c.host.ID, a.Rule.ID, u.Path, u.Why, strconv.FormatInt(u.Since.UnixNano(), 10))
	a.Hooksnare.Unreadable = c.describeUnreadable(u, owner)
	a.File = &alert.File{Path: clip.Path(u.Path), Name: path.Base(clip.Path(u.Path)), Directory: path.Dir(clip.Path(u.Path))}
}

// describeUnreadable tells what can't be read, with the beginning of its content.
func (c *Composer) describeUnreadable(u *event.Unreadable, owner string) *alert.Unreadable {
	out := &alert.Unreadable{Path: clip.Path(u.Path), Why: u.Why, Detail: clip.Text(u.Detail, clip.NameBytes), Active: true, SHA256: u.Found.SHA256}
	if u.Found.SHA256 == "" {
		return out
	}
	size := u.Found.Size
	out.Size = &size
	if len(u.Head) > 0 {
		out.Excerpt = clip.Text(strconv.QuoteToASCII(string(u.Head[:min(len(u.Head), clip.WordBytes)])), clip.ValueBytes)
		if c.keptAt != nil {
			sum := sha256.Sum256(u.Head)
			out.Kept = c.keptAt(owner, hex.EncodeToString(sum[:]))
		}
	}
	return out
}

// fillExcepted reports the first finding that an exception covers.
func (c *Composer) fillExcepted(a *alert.Alert, o *detect.Observed, k *hook.Fact) {
	a.Event.Action, a.Event.Type = "hook-excepted", []string{"info"}
	a.Event.ID = host.StableID("excepted", c.host.ID, a.Rule.ID, o.Excepted, k.Plist, k.Key, k.Value)
	a.Hooksnare.Exception = &alert.Exception{ID: clip.Text(o.Excepted, clip.WordBytes)}
	if s := o.Covered.Record.State; s != nil && s.Change != nil {
		c.fillValues(a.Hooksnare, s.Change)
		a.Hooksnare.Change = &alert.Change{Since: SinceWords[s.Change.Since]}
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
		for _, part := range p.Parts {
			out = append(out, part.Path, part.SHA256, strconv.FormatUint(part.Inode, 10), strconv.FormatInt(part.ChangeTime.UnixNano(), 10))
		}
	}
	if ch.Old.Inode == ch.New.Inode && ch.Old.ChangeTime.Equal(ch.New.ChangeTime) && !slices.Contains(ch.What, "parts") {
		out = append(out, strconv.FormatInt(ch.Time.UnixNano(), 10))
	}
	return out
}

// UnreadableAgain makes an update one that a file can't be read once more.
func (c *Composer) UnreadableAgain(u *alert.Alert, now *event.Unreadable, owner string, again int) *alert.Alert {
	u.Hooksnare.Unreadable = c.describeUnreadable(now, owner)
	u.Event.End = nil
	u.Hooksnare.Repeat = &alert.Repeat{Count: again, First: u.Event.Start, Last: alert.At(now.Since)}
	u.Message = fmt.Sprintf("%s: %s: %s (comes and goes: %d more times)", u.Rule.Name, quote.Printable(clip.Path(now.Path)), now.Why, again)
	return u
}

// FileReadable makes an update one that a file can be read again.
func (c *Composer) FileReadable(u *alert.Alert, at time.Time) *alert.Alert {
	now := *u.Hooksnare.Unreadable
	now.Active = false
	u.Hooksnare.Unreadable = &now
	u.Event.End = alert.At(at)
	u.Message = u.Rule.Name + ": " + quote.Printable(now.Path) + " can be read again"
	return u
}

// maxParts bounds the parts of a program that an alert shows.
const maxParts = 16

// ProgramOf is a hook's program as an alert has it.
func ProgramOf(p *event.Program) *alert.Program {
	out := &alert.Program{
		Path: clip.Path(p.Path), Arguments: clip.Text(p.Arguments, clip.NameBytes), Resolved: clip.Path(p.Resolved), Exists: p.Exists, Type: p.Type, Kind: p.Kind,
		SHA256: p.SHA256, Shebang: clip.Text(p.Shebang, clip.WordBytes), Excerpt: clip.Text(p.Excerpt, clip.ValueBytes), Unread: clip.Text(p.Unread, clip.WordBytes),
		Writable: p.WritableBy != "", WritableBy: clip.Path(p.WritableBy), Shadow: clip.Path(p.Shadow), Risks: p.Risks,
	}
	if p.Exists {
		size := p.Size
		out.Size, out.Owner, out.Mode = &size, strconv.FormatUint(uint64(p.UID), 10), strconv.FormatUint(uint64(p.Mode), 8)
		out.Modified = alert.At(p.ModTime)
	}
	for i := range p.Parts[:min(len(p.Parts), maxParts)] {
		part := &p.Parts[i]
		out.Parts = append(out.Parts, alert.Part{Path: clip.Path(part.Path), Exists: part.Exists, Type: part.Type, SHA256: part.SHA256, Writable: part.WritableBy != ""})
	}
	for _, name := range p.Unwatched {
		out.NotWatched = append(out.NotWatched, clip.Path(name))
	}
	if p.SigningID != "" || p.TeamID != "" {
		out.Signing = &alert.Signing{ID: clip.Text(p.SigningID, clip.WordBytes), TeamID: clip.Text(p.TeamID, clip.WordBytes)}
	}
	return out
}
