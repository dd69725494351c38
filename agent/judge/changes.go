package judge

import (
	"slices"
	"time"

	"hooksnare/agent/document"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// hookChange is what was reported of a change, as long as no command is known to have made it.
type hookChange struct {
	threads     []*alertThread // as long as no command reports it
	by          *hookCommand   // whose alerts report it
	examination *document.Examination
	judged      bool
}

// Watching says what of the preferences a pipeline goes by.
type Watching struct {
	Window  time.Duration                  // in which a command and a change belong together
	Watched func(file string) bool         // whether changes of a file are seen
	KeptAt  func(owner, sum string) string // where the copy of a content is, "" if there is none; may be nil
	Wake    func()                         // is called when preferences may be about to change
	// Record is called with the alerts of a change before they are given, and may wait for
	// the disk; nil for none.
	Record func(*event.Change, []*alert.Alert)
}

// noteMention takes note of a command that mentions preferences, which may be about to change
// them.
func (p *Judge) noteMention(ev *event.Event) {
	if p.watching == nil {
		return
	}
	files := detect.Named(ev, p.host.Users.Home(ev.Process.Token.EUID))
	if len(files) == 0 {
		return
	}
	c := &hookCommand{event: keptEvent(ev), judged: true}
	for _, file := range files {
		_, _, suspected := p.correlator.AddCommand(detect.Cause{
			At: ev.Time, Order: ev.GlobalSeq, EUID: ev.Process.Token.EUID, File: file, Mentions: true,
		}, c)
		p.reportCandidates(suspected)
	}
	p.watching.Wake()
}

// reportCandidates reports the first candidate of changes that were told before it was seen.
func (p *Judge) reportCandidates(list []*changeState) {
	now := p.windowTime()
	for _, s := range list {
		for _, t := range s.Of.threads {
			p.sendUpdate(t, p.compose.Suspect(t.nextUpdate(t.last, now), candidatesOf(s)), now)
		}
	}
}

// candidatesOf returns the processes that may have to do with a change.
func candidatesOf(s *changeState) []*event.Process {
	var out []*event.Process
	for _, by := range s.Candidates {
		out = append(out, by.Of.event.Process)
	}
	return out
}

// HandleChange takes a change of preferences. It is judged once the disk was examined.
func (p *Judge) HandleChange(ch event.Change) {
	p.mu.Lock()
	if p.watching == nil || p.closed {
		p.mu.Unlock()
		return
	}
	p.keepHook(&ch)
	at := ch.PreferenceKey()
	p.judging[at] = append(p.judging[at], ch.Old)
	s := p.correlator.AddChange(ch, &hookChange{})
	p.mu.Unlock()
	judge := func(x *document.Examination, waits bool) {
		p.mu.Lock()
		s.Of.examination = x
		p.locateProgram(&ch, x)
		if !p.closed { // else it is found again at the next start
			p.judgeChange(s, p.windowTime())
		}
		p.mu.Unlock()
		p.flushOutbox(waits)
	}
	if p.examine == nil {
		judge(nil, true)
		return
	}
	q := Question{Share: detect.FileShare(ch.File, ch.Home), File: ch.File, At: ch.Time}
	if ch.New != nil && hook.RunsProgram(ch.Key) {
		q.Values, q.Watched = []string{*ch.New}, true
	}
	p.examine(q, judge)
}

// judgeChange reports a change: as an update of the command that made it, or by itself.
func (p *Judge) judgeChange(s *changeState, now time.Time) {
	if s.By != nil && !s.By.Of.judged {
		s.By.Of.waiting = append(s.By.Of.waiting, s)
		return
	}
	end := p.outbox.beginGroup()
	s.Of.judged = true
	p.sendDue(now, false)
	if s.By != nil && len(s.By.Of.groups) > 0 {
		for _, g := range s.By.Of.groups {
			p.confirmChange(g, &document.Confirmation{Change: &s.Change, Seen: s.Of.examination}, nil, now)
		}
		s.Of.by = s.By.Of
	} else {
		p.reportChange(s, now)
	}
	var record func([]*alert.Alert)
	if p.watching.Record != nil {
		record = func(list []*alert.Alert) { p.watching.Record(&s.Change, list) }
	}
	at, old := s.Change.PreferenceKey(), s.Change.Old
	// As long as its alerts are not handed on, a change is not judged for who keeps the state.
	gone := func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.endJudging(at, old)
	}
	if !end(record, gone) {
		p.endJudging(at, old)
	}
}

// endJudging forgets that a change is being judged.
func (p *Judge) endJudging(at event.PreferenceKey, old *string) {
	list := p.judging[at]
	if i := slices.Index(list, old); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if p.judging[at] = list; len(list) == 0 {
		delete(p.judging, at)
	}
}

// Unjudged returns what was there before the changes that are not judged yet, or whose alerts
// are not handed on, nil for nothing.
func (p *Judge) Unjudged() map[event.PreferenceKey]*string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make(map[event.PreferenceKey]*string, len(p.judging))
	for at, list := range p.judging {
		out[at] = list[0]
	}
	return out
}

// reportChange reports a change by itself: no command is known to have made it, or one that is
// told nowhere.
func (p *Judge) reportChange(s *changeState, now time.Time) {
	o := detect.Observed{Change: &s.Change, Verdict: string(alert.Unattributed)}
	var by *event.Event
	switch {
	case s.By != nil:
		o.Verdict, by = string(alert.Confirmed), s.By.Of.event
	case s.Since == event.SinceNever:
		o.Verdict = string(alert.Observed)
	}
	found := slices.Clone(p.engine.Observe(o, detect.FactOf(&s.Change), by))
	p.engine.Except(found, now, p.pinsOn(s.Of.examination))
	for i := range found {
		f := &found[i]
		if p.isHidden(f, s.Of.examination, now) {
			continue
		}
		t := p.openThread(f, func() *alert.Alert {
			a := p.compose.Compose(f)
			p.compose.AddExamination(a, f, s.Of.examination)
			p.compose.AddCandidates(a, candidatesOf(s))
			return a
		}, now)
		if t != nil {
			p.beginThread(t)
			s.Of.threads = append(s.Of.threads, t)
		}
	}
}

// HandleProgram takes a change of the program of a hook in preferences of a home, "" for
// those of root, the computer and management.
func (p *Judge) HandleProgram(home string, ch event.ProgramChange) {
	p.mu.Lock()
	p.programChanged(home, &ch)
	p.mu.Unlock()
	p.flushOutbox(true)
}

func (p *Judge) programChanged(home string, ch *event.ProgramChange) {
	h := p.hookOfProgram(home, ch.Value)
	if h == nil || p.watching == nil || p.closed {
		return
	}
	now := p.windowTime()
	h.Program, h.Resolved = ch.New.Path, ch.New.Resolved
	p.engine.SetHooks(p.hooked)
	fact := &hook.Fact{Operation: hook.Edit, Key: h.Key, Value: h.Value, HasValue: true, Plist: h.File, Scope: hook.Scope(h.Scope), Strict: true}
	o := detect.Observed{Program: ch, Verdict: string(alert.Observed), Home: home}
	// No exception: one that trusts the program by its pin would hide that it changed.
	found := slices.Clone(p.engine.Observe(o, fact, nil))
	for i := range found {
		f := &found[i]
		if t := p.openThread(f, func() *alert.Alert { return p.compose.Compose(f) }, now); t != nil {
			p.beginThread(t)
		}
	}
}

// hookOfProgram returns the hook in preferences of a home that has a value: where several have it,
// one of root's before the computer's before others.
func (p *Judge) hookOfProgram(home, value string) *detect.Hooked {
	rank := func(h *detect.Hooked) int {
		switch detect.FileShare(h.File, h.Home) {
		case detect.RootShare:
			return 0
		case detect.SystemShare:
			return 1
		}
		return 2
	}
	var found *detect.Hooked
	for i := range p.hooked {
		h := &p.hooked[i]
		if h.Value == value && h.Home == home && (found == nil || rank(h) < rank(found)) {
			found = h
		}
	}
	return found
}

// RestoreChange takes a change that was told before.
func (p *Judge) RestoreChange(ch event.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watching == nil {
		return
	}
	p.keepHook(&ch)
	p.correlator.SetValue(&ch)
}

// SendAgain gives an alert that may have been given before.
func (p *Judge) SendAgain(a *alert.Alert) {
	share := detect.SystemShare
	if a.Hooksnare != nil && a.Hooksnare.Hook != nil {
		share = detect.FileShare(a.Hooksnare.Hook.Plist, "")
	}
	p.mu.Lock()
	p.sendDocument(a, share)
	p.mu.Unlock()
	p.flushOutbox(true)
}

// keepHook keeps which hooks are set. Where its program is, an examination tells.
func (p *Judge) keepHook(ch *event.Change) {
	p.hooked = slices.DeleteFunc(p.hooked, func(h detect.Hooked) bool { return h.File == ch.File && h.Key == ch.Key })
	if ch.New != nil && hook.RunsProgram(ch.Key) {
		p.hooked = append(p.hooked, detect.Hooked{File: ch.File, Home: ch.Home, Scope: ch.Scope, Key: ch.Key, Value: *ch.New, Program: hook.FirstPath(*ch.New)})
	}
	p.engine.SetHooks(p.hooked)
}

// locateProgram takes over where an examination found the program of a hook.
func (p *Judge) locateProgram(ch *event.Change, x *document.Examination) {
	if ch.New == nil {
		return
	}
	found := x.Program(*ch.New)
	if found == nil {
		return
	}
	for i := range p.hooked {
		if h := &p.hooked[i]; h.File == ch.File && h.Key == ch.Key && h.Value == *ch.New {
			h.Program, h.Resolved = found.Path, found.Resolved
		}
	}
	p.engine.SetHooks(p.hooked)
}

// SetHooks tells what the preferences held when the agent was stopped.
func (p *Judge) SetHooks(list []detect.Hooked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watching == nil {
		return
	}
	p.hooked = nil
	for _, h := range list {
		p.correlator.SetValue(&event.Change{File: h.File, Key: h.Key, New: &h.Value, Home: h.Home, Owner: h.Owner, FolderOwner: h.FolderOwner})
		if hook.RunsProgram(h.Key) {
			p.hooked = append(p.hooked, h)
		}
	}
	p.engine.SetHooks(p.hooked)
}

// Hooks returns the values of the hooks that are set, by their owner as package program has
// it. Those are left out whose programs are being examined: the watch starts from that.
func (p *Judge) Hooks() map[string][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string][]string{}
	for _, h := range p.hooked {
		if len(p.judging[event.PreferenceKey{File: h.File, Key: h.Key}]) > 0 {
			continue
		}
		owner := detect.FileShare(h.File, h.Home).Owner()
		out[owner] = append(out[owner], h.Value)
	}
	return out
}

// SetProgram takes over where the programs of hooks in preferences of a home are found.
func (p *Judge) SetProgram(home string, found *event.Program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.hooked {
		if h := &p.hooked[i]; h.Home == home && h.Value == found.Value {
			h.Program, h.Resolved = found.Path, found.Resolved
		}
	}
	p.engine.SetHooks(p.hooked)
}
