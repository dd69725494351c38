package agent

import (
	"slices"
	"strings"
	"time"

	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// said is what was told of a command or of a change.
type said struct {
	families []*family    // of a command
	threads  []*thread    // of a change, as long as no command is known to have made it
	hidden   bool         // an exception covers the command
	event    *event.Event // of the command
}

type (
	correlator = detect.Correlator[*said, *said]
	explained  = detect.Explained[*said, *said]
)

// Watching says what of the disk a pipeline goes by.
type Watching struct {
	Window  time.Duration                     // in which a command and a change belong together
	Watched func(file string) bool            // whether changes of a file are seen
	Look    func(value string) *alert.Program // what a hook points to, nil if that is not known
	Kept    func(sum string) string           // where the copy of a content is, "" if there is none; may be nil
	Wake    func()                            // is called when preferences may be about to change
	// Telling is called with the alerts of a change, before they are given; nil for none.
	Telling func(*event.Change, []*alert.Alert)
	Around  *surroundings // of hooks, nil where there is no disk
}

// deed is what an event does to a hook, and what became of that.
type deed struct {
	fact  *hook.Fact
	said  *said
	makes []explained // changes that were seen before it
}

// commands joins the findings of one event with what became of preferences.
type commands struct {
	p     *Pipeline
	list  []*deed
	names []explained // changes of which a command does no more than name the file
}

// of returns the deed behind a finding, nil for one that changes no preferences.
func (c *commands) of(f *detect.Finding) *deed {
	k := f.Record.Fact
	if c.p.watching == nil || k == nil || f.Record.Event == nil || f.Record.State != nil || k.Operation == hook.Execute {
		return nil
	}
	for _, m := range c.list {
		if m.fact == k {
			return m
		}
	}
	m := &deed{fact: k, said: &said{event: keptEvent(f.Record.Event)}}
	_, explains := c.p.correlator.Command(causeOf(f.Record.Event, k), m.said)
	for _, x := range explains {
		if x.Makes {
			m.makes = append(m.makes, x)
		} else {
			c.names = append(c.names, x)
		}
	}
	c.list = append(c.list, m)
	c.p.watching.Wake()
	return m
}

func causeOf(ev *event.Event, k *hook.Fact) detect.Cause {
	c := detect.Cause{At: ev.Time, Order: ev.GlobalSeq, File: k.Plist, Key: k.Key, Operation: k.Operation}
	if k.HasValue && len(k.Value) <= maxCompared {
		value := strings.Clone(k.Value)
		c.Value = &value
	}
	return c
}

// maxCompared bounds the values, in bytes, that commands and changes are compared by. Of a
// longer one any value that is seen may come.
const maxCompared = 8 << 10

// keptArgs bounds the arguments, in bytes, of an event that is kept for what may come of it.
const keptArgs = 4 << 10

// keptEvent returns an event that may be kept for the length of a window.
func keptEvent(ev *event.Event) *event.Event {
	out := *ev
	out.Process, out.Parent = keptProcess(ev.Process), keptProcess(ev.Parent)
	return &out
}

func keptProcess(p *event.Process) *event.Process {
	if p == nil || p.Exec == nil || p.Exec.Size() <= keptArgs {
		return p
	}
	out := *p
	out.Exec = p.Exec.Head(keptArgs)
	return &out
}

// end tells of the changes that were seen before their commands.
func (c *commands) end(now time.Time) {
	for _, m := range c.list {
		for _, x := range m.makes {
			c.p.explain(x, m.said, now)
		}
	}
	for _, x := range c.names {
		c.p.observed(x.State, now)
	}
}

// explain tells that a command made a change after all.
func (p *Pipeline) explain(x explained, by *said, now time.Time) {
	for i, f := range by.families {
		told := x.Of.threads
		if i > 0 {
			told = nil
		}
		p.confirm(f, &x.Change, told, now)
	}
	if len(by.families) > 0 {
		x.Of.threads = nil
	}
	for _, t := range x.Of.threads { // of a command that is told of nowhere else
		p.say(t, p.compose.confirmed(t.next(t.last, now), &x.Change))
	}
	if x.Made {
		for _, f := range x.Before.Of.families {
			p.withdraw(f, &x.Change, now)
		}
	}
}

// named takes note of a command that names preferences, which may be about to change them.
func (p *Pipeline) named(ev *event.Event) {
	if p.watching == nil {
		return
	}
	files := detect.Named(ev, p.compose.host.Users.Home(ev.Process.Token.EUID))
	if len(files) == 0 {
		return
	}
	now, s := p.now(), &said{event: keptEvent(ev)}
	for _, file := range files {
		_, explains := p.correlator.Command(detect.Cause{At: ev.Time, Order: ev.GlobalSeq, File: file, Names: true}, s)
		for _, x := range explains {
			p.observed(x.State, now)
		}
	}
	p.watching.Wake()
}

// HandleChange takes a change of preferences.
func (p *Pipeline) HandleChange(ch event.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watching == nil || p.closed {
		return
	}
	p.know(&ch)
	p.telling = []*alert.Alert{}
	p.change(ch, p.now())
	list := p.telling
	p.telling = nil
	if p.watching.Telling != nil {
		p.watching.Telling(&ch, list)
	}
	for _, a := range list {
		p.emit(a)
	}
}

func (p *Pipeline) change(ch event.Change, now time.Time) {
	s := p.correlator.Change(ch, &said{})
	switch {
	case s.Makes && len(s.By.Of.families) > 0:
		for _, f := range s.By.Of.families {
			p.confirm(f, &s.Change, nil, now)
		}
	case s.Makes && s.By.Of.hidden:
		p.counts.Confirmed++
	default: // also where the alert of the command was held back
		p.observed(s, now)
	}
}

// observed tells of a change that no command is known to have made, or one that does no more
// than name the file. What was told of it before is updated.
func (p *Pipeline) observed(s *detect.State[*said, *said], now time.Time) {
	o := detect.Observed{Change: &s.Change, Verdict: string(alert.Unattributed)}
	var by *event.Event
	switch {
	case s.By != nil:
		o.Verdict, by = string(alert.Confirmed), s.By.Of.event
	case s.Since == event.SinceNever:
		o.Verdict = string(alert.Observed)
	}
	found := p.engine.Observe(o, detect.FactOf(&s.Change), by)
	p.engine.Except(found, now, p.pin)
	before := s.Of.threads
	for i := range found {
		f := &found[i]
		switch {
		case p.isHidden(f):
		case len(before) > 0: // it was told before its cause was seen
			p.say(before[0], before[0].next(p.compose.alert(f), now))
			before = before[1:]
		default:
			if a := p.allowed(f, now); a != nil {
				p.give(a)
				b := brief(a)
				s.Of.threads = append(s.Of.threads, &thread{first: b, last: b})
			}
		}
	}
}

// HandleProgram takes a change of a hook's program.
func (p *Pipeline) HandleProgram(ch event.ProgramChange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watching == nil || p.closed {
		return
	}
	now := p.now()
	for i := range p.hooked {
		h := &p.hooked[i]
		if h.Value != ch.Value {
			continue
		}
		fact := &hook.Fact{Operation: hook.Edit, Key: h.Key, Value: h.Value, HasValue: true, Plist: h.File, Scope: hook.Scope(h.Scope), Strict: true}
		found := p.engine.Observe(detect.Observed{Program: &ch, Verdict: string(alert.Observed)}, fact, nil)
		// No exception: one that trusts the program by its pin would hide that it changed.
		for n := range found {
			if a := p.allowed(&found[n], now); a != nil {
				p.give(a)
			}
		}
		return // one program, whichever hooks point to it
	}
}

// HandleUnreadable takes a file that can't be read, as that begins and as it ends.
func (p *Pipeline) HandleUnreadable(u event.Unreadable) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watching == nil || p.closed {
		return
	}
	key := "unreadable\x00" + u.Path + "\x00" + u.Why
	if !u.On {
		for _, a := range p.open[key] {
			p.give(p.compose.readable(a, u.Until))
		}
		delete(p.open, key)
		return
	}
	if _, known := p.open[key]; known {
		return
	}
	found := p.engine.Observe(detect.Observed{Unreadable: &u, Verdict: string(alert.Observed)}, nil, nil)
	told := make([]*alert.Alert, 0, len(found))
	for i := range found {
		a := p.compose.alert(&found[i])
		told = append(told, a)
		p.give(a)
	}
	p.open[key] = told
}

// Know takes a change that was told before.
func (p *Pipeline) Know(ch event.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watching == nil {
		return
	}
	if p.know(&ch); ch.New != nil {
		p.correlator.Know(ch.File, ch.Key, *ch.New)
	}
}

// Repeat gives an alert that may have been given before.
func (p *Pipeline) Repeat(a *alert.Alert) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.give(a)
}

// know keeps which hooks are set.
func (p *Pipeline) know(ch *event.Change) {
	p.hooked = slices.DeleteFunc(p.hooked, func(h detect.Hooked) bool { return h.File == ch.File && h.Key == ch.Key })
	if ch.New != nil && runsProgram(ch.Key) {
		h := detect.Hooked{File: ch.File, Scope: ch.Scope, Key: ch.Key, Value: *ch.New}
		if facts := p.compose.look(*ch.New); facts != nil {
			h.Program = facts.Path
		}
		p.hooked = append(p.hooked, h)
	}
	p.engine.SetHooks(p.hooked)
}

// runsProgram reports whether the value of a key is a program.
func runsProgram(key string) bool { return key == hook.LoginHook || key == hook.LogoutHook }

// SetHooks tells what the preferences held when the agent was stopped.
func (p *Pipeline) SetHooks(list []detect.Hooked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watching == nil {
		return
	}
	p.hooked = nil
	for _, h := range list {
		p.correlator.Know(h.File, h.Key, h.Value)
		if runsProgram(h.Key) {
			p.hooked = append(p.hooked, h)
		}
	}
	p.engine.SetHooks(p.hooked)
}

// Hooks returns the values of the hooks that are set.
func (p *Pipeline) Hooks() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]string, len(p.hooked))
	for i, h := range p.hooked {
		out[i] = h.Value
	}
	return out
}

// closeCommands tells of commands of which nothing came.
func (p *Pipeline) closeCommands(now time.Time) {
	if p.watching == nil {
		return
	}
	for _, c := range p.correlator.Due(now, p.watching.Watched) {
		for _, f := range c.Of.families {
			p.conclude(f, c.Applied, now)
		}
	}
}
