package judge

import (
	"slices"

	"hooksnare/agent/document"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// keepHook keeps which hooks are set. An examination finds where its program is.
func (j *state) keepHook(ch *event.Change) {
	j.hooked = slices.DeleteFunc(j.hooked, func(h detect.Hooked) bool { return h.File == ch.File && h.Key == ch.Key })
	if ch.New != nil {
		j.addHook(detect.Hooked{File: ch.File, Home: ch.Home, Scope: ch.Scope, Key: ch.Key, Value: *ch.New})
	}
	j.engine.SetHooks(j.hooked)
}

// addHook adds a hook for each program that its value may be.
func (j *state) addHook(h detect.Hooked) {
	if !hook.RunsProgram(h.Key) {
		return
	}
	for _, h.Value = range hook.ProgramsOf(h.Value) {
		if !hook.IsBlank(h.Value) {
			h.Program = event.ProgramPath(h.Value)
			j.hooked = append(j.hooked, h)
		}
	}
}

// locateProgram keeps where the program of some hooks was found, nil if nobody looked.
func (j *state) locateProgram(found *event.Program, isOf func(*detect.Hooked) bool) {
	if found == nil {
		return
	}
	for i := range j.hooked {
		if h := &j.hooked[i]; isOf(h) {
			h.Program, h.Resolved = found.Path, found.Resolved
		}
	}
	j.engine.SetHooks(j.hooked)
}

// SetProgram takes where the programs of hooks in preferences of a home are found.
func (j *Judge) SetProgram(home string, found *event.Program) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.locateProgram(found, func(h *detect.Hooked) bool { return h.Home == home && h.Value == found.Value })
}

// SetHooks takes what the preferences held when the agent was stopped.
func (j *Judge) SetHooks(list []detect.Hooked) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.watching == nil {
		return
	}
	j.hooked = nil
	for _, h := range list {
		if hook.RunsProgram(h.Key) && hook.IsBlank(h.Value) {
			continue
		}
		j.correlator.SetValue(&event.Change{File: h.File, Key: h.Key, New: &h.Value, Home: h.Home, Owner: h.Owner, FolderOwner: h.FolderOwner})
		j.addHook(h)
	}
	j.engine.SetHooks(j.hooked)
}

// RestoreChange takes a change that was reported before.
func (j *Judge) RestoreChange(ch event.Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.watching == nil {
		return
	}
	dropBlanks(&ch)
	j.keepHook(&ch)
	j.correlator.SetValue(&ch)
}

// Hooks returns the values of the hooks that are set, by their owner as package program has
// it. Those are left out whose programs are being examined: the watch starts from that.
func (j *Judge) Hooks() map[string][]string {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := map[string][]string{}
	for _, h := range j.hooked {
		if len(j.judging[event.PreferenceKey{File: h.File, Key: h.Key}]) == 0 {
			owner := detect.FileShare(h.File, h.Home).String()
			out[owner] = append(out[owner], h.Value)
		}
	}
	return out
}

// HandleProgram takes a change of the program of a hook in preferences of a home, "" for
// those of root, the computer and management.
//
// No exception hides it: one that trusts the program by its pin would hide that it changed. An update
// of a program that is still what its pin requires is reported as low; x is what was found of it, nil
// where that is not known.
func (j *Judge) HandleProgram(home string, ch event.ProgramChange, x *document.Examination) {
	j.judgeAndFlush(true, func() {
		h := j.hookOfProgram(home, ch.Value)
		if h == nil || j.watching == nil || j.closed {
			return
		}
		now := j.windowTime()
		h.Program, h.Resolved = ch.New.Path, ch.New.Resolved
		j.engine.SetHooks(j.hooked)
		fact := &hook.Fact{Operation: hook.Edit, Key: h.Key, Value: h.Value, HasValue: true, Plist: h.File, Scope: hook.Scope(h.Scope), Strict: true}
		o := detect.Observed{Program: &ch, Verdict: string(alert.Observed), Home: home}
		found := j.engine.Observe(o, fact, nil)
		if x != nil && j.pins != nil && isUpdate(&ch) {
			j.engine.KeepTrust(found, now, func(exception string, r *detect.Record) (why string, held, checked bool) {
				why = j.pins.Check(exception, r, x)
				return why, why == "", true
			})
		}
		j.reportFindings(found, now, nil)
	})
}

// isUpdate reports whether a program has other content and nothing else is new about it.
func isUpdate(ch *event.ProgramChange) bool {
	return ch.Old.Exists && ch.New.Exists && ch.Old.UID == ch.New.UID && ch.Old.Resolved == ch.New.Resolved &&
		!slices.ContainsFunc(ch.What, func(what string) bool { return !slices.Contains([]string{"content", "replaced", "parts"}, what) })
}

// hookOfProgram returns the hook in preferences of a home that has a value: where several have
// it, one of root's before the computer's before others.
func (j *state) hookOfProgram(home, value string) *detect.Hooked {
	shares := []detect.Share{detect.SystemShare, detect.RootShare}
	var found *detect.Hooked
	best := -2
	for i := range j.hooked {
		h := &j.hooked[i]
		if rank := slices.Index(shares, detect.FileShare(h.File, h.Home)); h.Value == value && h.Home == home && rank > best {
			found, best = h, rank
		}
	}
	return found
}
