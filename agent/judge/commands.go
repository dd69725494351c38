package judge

import (
	"maps"
	"slices"
	"strings"
	"time"

	"hooksnare/agent/document"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// hookCommand is a command that does something to preferences, and what was reported of it.
type hookCommand struct {
	event        *event.Event
	groups       []*alertGroup // by rule; none where it is not reported
	judged       bool
	waiting      []*changeState // changes by it that are reported after it
	attributions []*changeState // changes that were seen before it, as long as it is not judged
	fact         *hook.Fact
}

type (
	correlator  = detect.Correlator[*hookCommand, *hookChange]
	changeState = detect.TrackedChange[*hookCommand, *hookChange]
)

// commandBatch is what rules found in one event and what waits for an examination of the
// disk.
type commandBatch struct {
	commands []*hookCommand
	pending  []pendingAlert
}

// pendingAlert is a finding and its alert, without what the disk has to say.
type pendingAlert struct {
	finding detect.Finding
	alert   *alert.Alert
	command *hookCommand // nil for a finding that is of no command
}

// addCommand takes a finding about a hook into a batch. What can't be given any more, since
// its share is used up, is counted at once.
func (j *state) addCommand(b *commandBatch, f *detect.Finding, now time.Time) {
	c := j.commandOf(b, f)
	if j.budget.Spent(f, now) {
		j.budget.Hold(f, now)
		j.holdBack(f.Share(), now)
		return
	}
	a := j.compose.Compose(f)
	kept := *f
	if kept.Record.Event != nil {
		kept.Record.Event = keptEvent(kept.Record.Event)
	}
	b.pending = append(b.pending, pendingAlert{kept, a, c})
}

// commandOf returns the command behind a finding, nil for one that changes no preferences.
func (j *state) commandOf(b *commandBatch, f *detect.Finding) *hookCommand {
	k := f.Record.Fact
	if j.watching == nil || f.Record.Event == nil || k.Operation == hook.Execute {
		return nil
	}
	for _, c := range b.commands {
		if c.fact == k {
			return c
		}
	}
	c := &hookCommand{event: keptEvent(f.Record.Event), fact: k}
	b.commands = append(b.commands, c)
	explained, suspected := j.correlator.AddCommand(causeOf(f.Record.Event, k), c)
	c.attributions = explained
	j.reportCandidates(suspected)
	j.watching.Wake()
	return c
}

func causeOf(ev *event.Event, k *hook.Fact) detect.Cause {
	c := detect.Cause{
		At: ev.Time, Order: ev.GlobalSeq, EUID: ev.Process.Token.EUID,
		File: k.Plist, Scope: string(k.Scope), Key: k.Key, Operation: k.Operation,
	}
	if c.File == "" {
		c.Domain = hook.DomainOf(k.Domain)
	}
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
	if p == nil || p.Exec == nil {
		return p
	}
	out := *p
	out.Exec = p.Exec.Bounded(keptArgs)
	return &out
}

// examineCommands has the disk examined for a batch, and judges it then.
func (j *Judge) examineCommands(b *commandBatch) {
	if j.examine == nil || len(b.pending) == 0 {
		j.judgeCommands(b, nil)
		return
	}
	j.examine(b.question(), func(x *document.Examination, waits bool) {
		j.judgeCommands(b, x)
		j.flushOutbox(waits)
	})
}

func (b *commandBatch) question() Question {
	first := &b.pending[0].finding
	q := Question{Share: first.Share(), At: first.Record.Event.Time}
	for i := range b.pending {
		k := b.pending[i].finding.Record.Fact
		if k.HasValue && !slices.Contains(q.Values, k.Value) && len(q.Values) < maxQuestions {
			q.Values = append(q.Values, k.Value)
		}
		if q.File == "" {
			q.File = k.Plist
		}
		if t := document.TargetOf(k); t != "" && !slices.Contains(q.Targets, t) && len(q.Targets) < maxQuestions {
			q.Targets = append(q.Targets, t)
		}
		if document.IsRead(k) && !slices.Contains(q.Sources, k.SourceFile) && len(q.Sources) < maxQuestions {
			q.Sources = append(q.Sources, k.SourceFile)
		}
	}
	return q
}

// judgeCommands judges what was found in one event by what the disk has to say.
func (j *Judge) judgeCommands(b *commandBatch, x *document.Examination) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return // the outputs take no more
	}
	now := j.windowTime()
	for _, f := range j.resolveImports(b.pending, x) {
		one := []detect.Finding{f.finding}
		j.exceptFindings(one, x, now)
		j.compose.AddExamination(f.alert, &one[0], x)
		j.judgeFinding(&one[0], f.alert, f.command, x, now)
	}
	for _, c := range b.commands {
		c.judged = true
		j.retarget(c, x)
		for _, a := range c.attributions {
			j.attributeChange(a, c, now)
		}
		for _, s := range c.waiting {
			j.judgeChangeLocked(s, now)
		}
		c.attributions, c.waiting, c.fact = nil, nil, nil
	}
}

// resolveImports replaces what was found in commands that read a file which was read since: without
// hooks in it they are no more than any other command, and otherwise the rules are asked about
// each.
func (j *state) resolveImports(pending []pendingAlert, x *document.Examination) []pendingAlert {
	var out []pendingAlert
	resolved := map[*hook.Fact]bool{}
	for _, p := range pending {
		k, ev := p.finding.Record.Fact, p.finding.Record.Event
		hooks, read := x.HooksIn(k)
		if !read {
			out = append(out, p)
			continue
		}
		if resolved[k] {
			continue
		}
		resolved[k] = true
		for _, key := range slices.Sorted(maps.Keys(hooks)) {
			fact := *k
			fact.Key, fact.Value, fact.HasValue = key, hooks[key], true
			for _, f := range slices.Clone(j.engine.ExamineFact(ev, &fact)) {
				out = append(out, pendingAlert{f, j.compose.Compose(&f), p.command})
			}
		}
	}
	return out
}

// retarget makes a command the cause of changes in the file that it writes to by another name.
func (j *state) retarget(c *hookCommand, x *document.Examination) {
	if x == nil || j.watching == nil {
		return
	}
	target := x.Targets[document.TargetOf(c.fact)]
	cause := causeOf(c.event, c.fact)
	switch {
	case target == "" || target == cause.File:
		return
	case target[0] == '/':
		cause.File = hook.CanonicalPath(target)
	default:
		if cause.File, cause.Domain, cause.Scope = "", hook.DomainOf(target), string(hook.User); cause.EUID == 0 {
			cause.Scope = string(hook.Root)
		}
	}
	explained, suspected := j.correlator.AddCommand(cause, c)
	c.attributions = append(c.attributions, explained...)
	j.reportCandidates(suspected)
}

// judgeFinding gives a finding's alert, unless an exception covers it or it is a repeat or one too
// many. That of a command whose change was seen before waits to be reported together with that;
// c is nil for a finding that is of no command, a for one whose alert was not composed yet.
func (j *state) judgeFinding(f *detect.Finding, a *alert.Alert, c *hookCommand, x *document.Examination, now time.Time) {
	if j.isHidden(f, x, now) {
		return
	}
	same, share := f.Same(), f.Share()
	group, again := j.repeats.CountAgain(share, same, now)
	if again {
		j.counts.Repeated++
	} else {
		t := j.openThread(f, func() *alert.Alert {
			if a == nil {
				a = j.compose.Compose(f)
			}
			return a
		}, now)
		if t == nil {
			return
		}
		if c == nil || !c.isReportedLater() {
			j.beginThread(t)
		}
		group = &alertGroup{threads: []*alertThread{t}}
		for _, r := range j.repeats.AddFirst(share, same, now, group) {
			j.sendRepeat(r, now)
		}
	}
	if c != nil {
		c.groups = append(c.groups, group)
	}
}

// isReportedLater reports whether a command is reported together with a change that was seen before.
func (c *hookCommand) isReportedLater() bool {
	return slices.ContainsFunc(c.attributions, func(a *changeState) bool { return a.By.Of == c && a.Of.judged })
}

// attributeChange reports that a command made a change after all.
func (j *state) attributeChange(s *changeState, by *hookCommand, now time.Time) {
	if s.By == nil || s.By.Of != by || !s.Of.judged {
		return // a likelier one was seen meanwhile, or the change is reported later
	}
	var reported []*alertThread // that become the command's
	if by.outweighs(&s.Change) {
		reported, s.Of.threads = s.Of.threads, nil
	}
	for _, g := range by.groups {
		j.confirmChange(g, &document.Confirmation{Change: &s.Change, Seen: s.Of.examination}, reported, now)
		reported = nil
	}
	if was := s.Of.by; was != nil && was != by {
		for _, g := range was.groups {
			j.withdrawChange(g, &s.Change, now)
		}
	}
	s.Of.by = by
	for _, t := range s.Of.threads { // of a command that is reported nowhere else
		j.sendUpdate(t, j.compose.Attribute(t.nextUpdate(t.last, now), by.event), now)
	}
}

// closeCommands reports commands of which nothing came.
func (j *state) closeCommands(now time.Time) {
	if j.watching == nil {
		return
	}
	for _, c := range j.correlator.CloseCommands(now, j.watching.Watched) {
		for _, g := range c.Of.groups {
			j.concludeCommand(g, c.Outcome, now)
		}
	}
}
