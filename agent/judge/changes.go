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

// Watching says how preferences are watched.
type Watching struct {
	Window  time.Duration                  // in which a command and a change belong together
	Watched func(file string) bool         // whether changes of a file are seen
	KeptAt  func(owner, sum string) string // where the copy of a content is, "" if there is none; may be nil
	Wake    func()                         // is called when preferences may be about to change
	ReadAll func()                         // is called when somebody logs in or out; may be nil
	// Record is called with the lines of a change's alerts before they are given, and may wait
	// for the disk; nil for none. A line is nil as for [Options.Emit].
	Record func(ch *event.Change, lines [][]byte)
}

// noteMention takes note of a command that mentions preferences, which may be about to change
// them.
func (j *state) noteMention(ev *event.Event) {
	if j.watching == nil {
		return
	}
	files := detect.Named(ev, j.host.Users.Home(ev.Process.Token.EUID))
	if len(files) == 0 {
		return
	}
	c := &hookCommand{event: keptEvent(ev), judged: true}
	for _, k := range j.engine.Imitated(ev) {
		cause := causeOf(ev, &k)
		cause.Imitates = true
		explained, _ := j.correlator.AddCommand(cause, c)
		for _, s := range explained {
			j.attributeChange(s, c, j.windowTime())
		}
	}
	for _, file := range files {
		_, suspected := j.correlator.AddCommand(detect.Cause{
			At: ev.Time, Order: ev.GlobalSeq, EUID: ev.Process.Token.EUID, File: file, Mentions: true,
		}, c)
		j.reportCandidates(suspected)
	}
	j.watching.Wake()
}

// reportCandidates reports the first candidate of changes that were reported before it was seen.
func (j *state) reportCandidates(list []*changeState) {
	now := j.windowTime()
	for _, s := range list {
		for _, t := range s.Of.threads {
			j.sendUpdate(t, j.compose.Suspect(t.nextUpdate(t.last, now), candidatesOf(s)), now)
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

// dropBlanks makes a blank value of a hook none at all: nothing runs then. It reports whether a change
// is left.
func dropBlanks(ch *event.Change) bool {
	for _, v := range [...]**string{&ch.Old, &ch.New} {
		if *v != nil && hook.RunsProgram(ch.Key) && hook.IsBlank(**v) {
			*v = nil
		}
	}
	return ch.Old != nil || ch.New != nil
}

// HandleChange takes a change of preferences. It is judged once the disk was examined.
func (j *Judge) HandleChange(ch event.Change) {
	j.mu.Lock()
	if j.watching == nil || j.closed || !dropBlanks(&ch) {
		j.mu.Unlock()
		return
	}
	j.keepHook(&ch)
	at := ch.PreferenceKey()
	j.judging[at] = append(j.judging[at], ch.Old)
	s := j.correlator.AddChange(ch, &hookChange{})
	j.mu.Unlock()
	q := Question{Share: detect.FileShare(ch.File, ch.Home), File: ch.File, At: ch.Time}
	judge := func(x *document.Examination, waits bool) {
		j.judgeAndFlush(waits, func() {
			s.Of.examination = x
			for _, v := range q.Values {
				j.locateProgram(x.Program(v), func(h *detect.Hooked) bool { return h.File == ch.File && h.Key == ch.Key && h.Value == v })
			}
			if !j.closed { // else it is found again at the next start
				j.judgeChangeLocked(s, j.windowTime())
			}
		})
	}
	if j.examine == nil {
		judge(nil, true)
		return
	}
	if ch.New != nil && hook.RunsProgram(ch.Key) {
		q.Values, q.Watched = hook.ProgramsOf(*ch.New), true
	}
	j.examine(q, judge)
}

// judgeChangeLocked reports a change: as an update of the command that made it, or by itself.
func (j *Judge) judgeChangeLocked(s *changeState, now time.Time) {
	if s.By != nil && !s.By.Of.judged {
		s.By.Of.waiting = append(s.By.Of.waiting, s)
		return
	}
	end := j.outbox.beginGroup()
	s.Of.judged = true
	j.sendDue(now, false)
	if s.By != nil {
		for _, g := range s.By.Of.groups {
			j.confirmChange(g, &document.Confirmation{Change: &s.Change, Seen: s.Of.examination}, nil, now)
		}
		s.Of.by = s.By.Of
	}
	if s.By == nil || !s.By.Of.outweighs(&s.Change) {
		j.reportChange(s, now)
	}
	var record func(lines [][]byte)
	if j.watching.Record != nil {
		record = func(lines [][]byte) { j.watching.Record(&s.Change, lines) }
	}
	at, old := s.Change.PreferenceKey(), s.Change.Old
	// As long as its alerts are not handed on, a change is not judged for who keeps the state.
	handedOn := func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.endJudging(at, old)
	}
	if !end(record, handedOn) {
		j.endJudging(at, old)
	}
}

// endJudging forgets that a change is being judged.
func (j *state) endJudging(at event.PreferenceKey, old *string) {
	list := j.judging[at]
	if i := slices.Index(list, old); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if j.judging[at] = list; len(list) == 0 {
		delete(j.judging, at)
	}
}

// Unjudged returns what was there before the changes that are not judged yet, or whose alerts
// are not handed on, nil for nothing.
func (j *Judge) Unjudged() map[event.PreferenceKey]*string {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make(map[event.PreferenceKey]*string, len(j.judging))
	for at, list := range j.judging {
		out[at] = list[0]
	}
	return out
}

// outweighs reports whether what is reported of a command is as severe as the change that it made:
// whoever sets a hook is not to be found in a document of low severity alone.
func (c *hookCommand) outweighs(ch *event.Change) bool {
	return slices.ContainsFunc(c.groups, func(g *alertGroup) bool {
		return ch.New == nil || g.threads[0].first.Event.Severity >= event.Medium.Number()
	})
}

// reportChange reports a change by itself: no command is known to have made it, or one that is
// not reported, or not as severe.
func (j *state) reportChange(s *changeState, now time.Time) {
	o := detect.Observed{Change: &s.Change, Verdict: string(alert.Unattributed)}
	var by *event.Event
	switch {
	case s.By != nil:
		o.Verdict, by = string(alert.Confirmed), s.By.Of.event
	case s.Since == event.SinceNever:
		o.Verdict = string(alert.Observed)
	}
	found := slices.Clone(j.engine.Observe(o, detect.FactOf(&s.Change), by))
	if !s.Change.Uncertain { // an exception covers no value that is not known
		j.exceptFindings(found, s.Of.examination, now)
	}
	found = slices.DeleteFunc(found, func(f detect.Finding) bool { return j.isHidden(&f, s.Of.examination, now) })
	s.Of.threads = append(s.Of.threads, j.reportFindings(found, now, func(a *alert.Alert, f *detect.Finding) {
		j.compose.AddExamination(a, f, s.Of.examination)
		j.compose.AddCandidates(a, candidatesOf(s))
	})...)
}

// SendAgain gives an alert that may have been given before.
func (j *Judge) SendAgain(a *alert.Alert) {
	share := detect.SystemShare
	if a.Hooksnare != nil && a.Hooksnare.Hook != nil {
		share = detect.FileShare(a.Hooksnare.Hook.Plist, "")
	}
	j.judgeAndFlush(true, func() { j.sendDocument(a, share) })
}
