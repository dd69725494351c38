package agent

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hooksnare/agent/health"
	"hooksnare/collector/prefs"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/pkg/event"
)

// examineLimit is how long the disk may take for one program of which an alert is to tell.
// Whoever waits for the alert waits for that.
const examineLimit = 500 * time.Millisecond

// openPrograms prepares what looks at the programs of hooks.
func (w *watch) openPrograms(before program.State) {
	a, c := w.agent, w.agent.opts.Config
	w.shares = program.NewShares()
	store, err := program.NewStore(filepath.Join(c.StateDir, scriptFolder), maxScripts, maxScriptFiles, w.shares)
	if err != nil {
		a.log.Warn().Err(err).Msg("copies of scripts are not kept")
	} else {
		w.store = store
	}
	w.looks = program.NewExaminer(w.root, w.shares)
	w.programs = program.NewWatchers(w.root, program.Options{
		Previous: before, Sweep: w.sweep, Keep: w.keep, Shares: w.shares,
		Leads: func(owner string, p event.Program) { a.pipeline.Locate(homeOfOwner(owner), &p) },
		Share: func(s program.Share) {
			a.condition(health.ShareUsedUp.Of(s.What+" "+s.Owner), s.Owner+" has used up its share of "+s.What+" of programs that are looked at", s.On, s.Since, s.Until)
		},
	}, func(owner string, ch event.ProgramChange) { a.pipeline.HandleProgram(homeOfOwner(owner), ch) })
}

// ownerOf returns what package program calls the owner of a share.
func ownerOf(s detect.Share) string {
	if s.Reserved() {
		return string(s)
	}
	return s.String()
}

// homeOfOwner returns the home of an owner of hooks, "" for root, the computer and management.
func homeOfOwner(owner string) string {
	if detect.Share(owner).Reserved() {
		return ""
	}
	return owner
}

// hooks are those that were set when the agent was stopped.
func (w *watch) hooks() []detect.Hooked {
	if w.last.Preferences == nil {
		return nil
	}
	var out []detect.Hooked
	for _, f := range w.last.Preferences.Files {
		for _, key := range slices.Sorted(maps.Keys(f.Values)) {
			out = append(out, detect.Hooked{
				File: f.File, Home: w.homeOf(f.File), Scope: prefs.ScopeOf(f.File), Key: key, Value: f.Values[key], Program: firstPath(f.Values[key]),
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
func (w *watch) homeOf(file string) string {
	for _, home := range w.homes {
		if strings.HasPrefix(file, home+"/") {
			return home
		}
	}
	if s := detect.FileShare(file, ""); !s.Reserved() {
		return s.String()
	}
	return ""
}

// answer examines the disk for one event.
func (w *watch) answer(q Question) *Examination {
	around := w.around.begin(q.Share, q.File, q.At)
	w.jamf.look(time.Now())
	x := &Examination{Programs: map[string]ExaminedProgram{}, Jamf: w.jamf.before(q.At)}
	owner := ownerOf(q.Share)
	for _, v := range q.Values {
		s := w.looks.Examine(owner, v, examineLimit)
		x.Programs[v] = w.examined(owner, &s)
		if q.Watched {
			w.programs.Learn(owner, v, s)
		}
	}
	around(x)
	return x
}

// examined is what a view shows, with the copy that is kept of a script.
func (w *watch) examined(owner string, s *program.View) ExaminedProgram {
	out := ExaminedProgram{s.Program, programOf(&s.Program)}
	w.keep(owner, s.Program, s.Content)
	out.Shown.Kept = w.kept(owner, s.Program.SHA256)
	return out
}

// keep keeps a copy of a script that a hook runs.
func (w *watch) keep(owner string, p event.Program, script []byte) {
	if w.store == nil || p.Kind != program.Script || !p.Hashed || int64(len(script)) != p.Size {
		return
	}
	if _, err := w.store.Keep(owner, script, p.SHA256); err != nil {
		w.agent.log.Warn().Err(err).Msg("copy of a script")
	}
}

// kept returns where the copy of a content is, "" if there is none.
func (w *watch) kept(owner, sum string) string {
	if w.store == nil || sum == "" {
		return ""
	}
	return w.store.Path(owner, sum)
}

// tendPrograms says which programs are to be watched, and saves what is known of them.
func (w *watch) tendPrograms(ctx context.Context) {
	if w.sweep <= 0 {
		return
	}
	t := time.NewTicker(w.sweep)
	defer t.Stop()
	owners := map[string]bool{}
	for {
		hooks := w.agent.pipeline.Hooks()
		for owner := range owners {
			if len(hooks[owner]) == 0 {
				w.programs.Set(owner, nil)
				delete(owners, owner)
			}
		}
		for owner, values := range hooks {
			w.programs.Set(owner, values)
			owners[owner] = true
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			w.savePrograms()
		}
	}
}

func (w *watch) savePrograms() {
	s := w.programs.State()
	w.mu.Lock()
	defer w.mu.Unlock()
	same, err := equalJSON(s, w.last.Programs)
	forgot := w.delivered()
	if err != nil || same && !forgot || !w.agent.outputs.Delivered() {
		return
	}
	w.last.Programs = s
	if err := w.save(); err != nil {
		w.agent.log.Warn().Err(err).Msg("state")
	}
}
