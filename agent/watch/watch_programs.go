package watch

import (
	"context"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/agent/document"
	"hooksnare/agent/health"
	"hooksnare/agent/judge"
	"hooksnare/collector/prefs"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
	"hooksnare/pkg/phase"
)

// examineLimit is how long the disk may take for one program of which an alert is to tell.
// Whoever waits for the alert waits for that.
const examineLimit = 500 * time.Millisecond

// openPrograms prepares what examines the programs of hooks.
func (w *Watch) openPrograms(before program.State) {
	c := w.opts.Config
	shares := program.NewShares()
	var err error
	if w.store, err = program.NewStore(filepath.Join(c.StateDir, ScriptFolder), maxScripts, maxScriptFiles, shares); err != nil {
		w.opts.Log.Warn().Err(err).Msg("copies of scripts are not kept")
	}
	w.programs = program.NewExaminer(c.Root, shares)
	w.watchers = program.NewWatchers(w.programs, program.Options{
		Previous: before, Sweep: c.SweepInterval, Keep: w.keepCopy,
		Located: func(owner string, p event.Program) { w.judge.SetProgram(homeOfOwner(owner), &p) },
		Share: func(s program.Share) {
			w.opts.Report(health.ShareUsedUp.Of(s.What+" "+s.Owner), s.Owner+" has used up its share of "+s.What+" of programs that are looked at", s.On, s.Since, s.Until)
		},
	}, func(owner string, ch event.ProgramChange) {
		w.jamf.Refresh(time.Now())
		x := &document.Examination{Jamf: w.jamf.ShownBefore(ch.Time), Programs: map[string]document.ExaminedProgram{ch.Value: {Found: ch.New}}}
		w.judge.HandleProgram(homeOfOwner(owner), ch, x)
	})
	w.savedVersion = w.watchers.Version()
}

// homeOfOwner returns the home of an owner of hooks, "" for root, the computer and management.
func homeOfOwner(owner string) string {
	if detect.Share(owner).Reserved() {
		return ""
	}
	return owner
}

// savedHooks are those that were set when the agent was stopped.
func (w *Watch) savedHooks() []detect.Hooked {
	if w.state.Preferences == nil {
		return nil
	}
	var out []detect.Hooked
	for _, f := range w.state.Preferences.Files {
		for _, key := range slices.Sorted(maps.Keys(f.Values)) {
			out = append(out, detect.Hooked{
				File: f.File, Home: w.homeOf(f.File), Scope: prefs.ScopeOf(f.File), Key: key, Value: f.Values[key],
				Owner: idOrNone(f.Owner), FolderOwner: idOrNone(f.FolderOwner),
			})
		}
	}
	return out
}

func idOrNone(id *uint32) uint32 {
	if id == nil {
		return event.None
	}
	return *id
}

// homeOf returns the home that a preferences file lies in, "" for none.
func (w *Watch) homeOf(file string) string {
	homes := w.opts.Config.ExtraHomes
	if p := w.state.Preferences; p != nil {
		homes = slices.Concat(homes, p.Homes)
	}
	for _, home := range homes {
		if strings.HasPrefix(file, home+"/") {
			return home
		}
	}
	if s := detect.FileShare(file, ""); !s.Reserved() {
		return s.String()
	}
	return ""
}

// examine examines the disk for one event. Everything that a user may have a say in is called
// with a limit.
func (w *Watch) examine(q judge.Question) *document.Examination {
	owner := q.Share.String()
	x := &document.Examination{Programs: map[string]document.ExaminedProgram{}, Sources: map[string]map[string]string{}, Targets: map[string]string{}, Known: *w.known.Load()}
	var around sync.WaitGroup
	around.Go(func() { x.Packages = w.changedLately(program.Root, receiptsPath, ".plist", q.At) }) // no user can have it hang
	around.Go(func() { x.Preferences = w.changedLately(owner, path.Dir(q.File), "", q.At) })
	w.jamf.Refresh(time.Now())
	x.Jamf = w.jamf.ShownBefore(q.At)
	for _, name := range q.Sources {
		var hooks map[string]string
		var failed error
		err := w.programs.Call(owner, name, examineLimit, func() { hooks, failed = readSource(w.opts.Config.Root, name, q.At) })
		if err != nil || failed != nil {
			continue
		}
		x.Sources[name] = hooks
		for _, key := range [...]string{hook.LoginHook, hook.LogoutHook} {
			if value, there := hooks[key]; there {
				q.Values = append(q.Values, value)
			}
		}
	}
	for _, name := range q.Targets {
		var target string
		if w.programs.Call(owner, name, examineLimit, func() { target = program.Target(w.opts.Config.Root, name, q.At) }) == nil {
			x.Targets[name] = target
		}
	}
	for _, v := range q.Values {
		s := w.programs.Examine(owner, v, examineLimit)
		w.keepCopy(owner, s.Script, s.Content)
		found := document.ExaminedProgram{Found: s.Program, Shown: document.ProgramOf(&s.Program)}
		found.Shown.Kept = w.copyPath(owner, s.Program.SHA256)
		x.Programs[v] = found
		if q.Watched {
			w.watchers.Learn(owner, v, s)
		}
	}
	around.Wait()
	return x
}

// readSource returns which hooks are in a file that a command read which began at a time.
func readSource(root, name string, began time.Time) (map[string]string, error) {
	content, err := program.ReadSource(root, name, began)
	if err != nil {
		return nil, err
	}
	return document.ParseSource(content)
}

// keepCopy keeps a copy of a script that a hook runs.
func (w *Watch) keepCopy(owner string, p event.Program, script []byte) {
	if p.Kind == program.Script && p.Hashed && int64(len(script)) == p.Size {
		w.keep(owner, script)
	}
}

// keep keeps a copy of a content as evidence.
func (w *Watch) keep(owner string, content []byte) {
	if w.store == nil || len(content) == 0 {
		return
	}
	if _, err := w.store.Keep(owner, content); err != nil {
		w.opts.Log.Warn().Err(err).Msg("copy")
	}
}

// copyPath returns where the copy of a content is, "" if there is none.
func (w *Watch) copyPath(owner, sum string) string {
	if w.store == nil || sum == "" {
		return ""
	}
	return w.store.Path(owner, sum)
}

// watchPrograms says which programs are to be watched, and saves what is known of them.
func (w *Watch) watchPrograms(ctx context.Context) {
	if w.opts.Config.SweepInterval <= 0 {
		return
	}
	t := time.NewTimer(phase.Next(w.opts.Config.SweepInterval))
	defer t.Stop()
	for {
		w.watchers.Set(w.judge.Hooks())
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			t.Reset(phase.Next(w.opts.Config.SweepInterval))
			w.savePrograms()
		}
	}
}

// savePrograms saves what is known of programs, if that changed and what was reported of it is on
// the disk.
func (w *Watch) savePrograms() {
	version := w.watchers.Version() // first: what changes meanwhile is saved the next time
	w.mu.Lock()
	defer w.mu.Unlock()
	forgot := w.dropDeliveredLocked()
	if version == w.savedVersion && !forgot || !w.opts.Delivered() {
		return
	}
	w.state.Programs = w.watchers.State()
	w.savedVersion = version
	w.logSaveLocked()
}

// Losses are of the preferences, of the programs of hooks, and of what lies around these.
func (w *Watch) Losses() []health.Loss {
	p := w.prefs.Stats()
	ignored, unread := w.watchers.Stats()
	return []health.Loss{
		{Counter: health.HomesSilent, Count: uint64(max(p.Stuck, 0))},
		{Counter: health.FilesUnreadable, Count: uint64(max(p.Unreadable, 0))},
		{Counter: health.ChangesDeferred, Count: p.Refused},
		{Counter: health.ProgramsUnwatched, Count: uint64(ignored)},
		{Counter: health.ProgramsUnread, Count: uint64(unread)},
		{Counter: health.FactsSkipped, Count: w.skipped.Load() + w.examiner.Skipped()},
	}
}
