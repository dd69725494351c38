package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/prefs"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// What the agent keeps of preferences and programs from one start to the next, and the
// bound of that in bytes.
const (
	preferencesFile = "preferences.json"
	maxPreferences  = 64 << 20
	scriptFolder    = "scripts"
	maxScripts      = 16 << 20 // bytes of copies
	maxScriptFiles  = 1024
)

// kept is what is known of the hooks of a Mac.
type kept struct {
	Preferences *prefs.State  `json:"preferences,omitempty"`
	Programs    program.State `json:"programs"`

	// Told is what was told of changes that are not in Preferences.
	Told  []toldChange      `json:"told,omitempty"`
	SetBy map[string]string `json:"set_by,omitempty"` // event.id of the alert that told of a hook, by key and file

	Jamf       time.Time `json:"jamf,omitzero"`         // since when the Mac shows that Jamf manages it
	PresetTold []string  `json:"preset_told,omitempty"` // exceptions that come with the agent whose first use was told
}

// watch is the second signal: what the preferences say, and what they point to.
type watch struct {
	agent    *Agent
	root     string
	sweep    time.Duration
	prefs    *prefs.Collector
	store    *program.Store // nil if there is none
	programs *program.Watcher
	around   *surroundings
	examiner *examiner
	jamf     *jamfSigns

	early map[place]*string // what was told before there was a state, for the goroutine of prefs

	mu   sync.Mutex
	last kept                       // as it is saved
	full map[detect.Share]time.Time // since when no more can be told
}

// newWatch prepares the second signal. Nil with the state off: nothing is watched.
func newWatch(a *Agent) (*watch, error) {
	c := a.opts.Config
	w := &watch{agent: a, root: c.Root, sweep: c.SweepInterval, full: map[detect.Share]time.Time{}}
	before, err := readKept(c.StateDir)
	if err != nil {
		a.log.Warn().Err(err).Msg("state")
	}
	var storeErr error
	if w.store, storeErr = program.NewStore(filepath.Join(c.StateDir, scriptFolder), maxScripts, maxScriptFiles); storeErr != nil {
		a.log.Warn().Err(storeErr).Msg("copies of scripts are not kept")
		w.store = nil
	}
	w.around = newSurroundings(c.Root, c.Exceptions)
	w.jamf = newJamfSigns(c.Root, before.Jamf, before.Preferences == nil && len(before.Told) == 0)
	w.examiner = newExaminer(w.answer)
	w.early = before.withTold()
	w.last = before
	w.programs = program.NewWatcher(w.root, program.Options{Previous: before.Programs, Keep: w.keep})
	w.prefs, storeErr = prefs.New(prefs.Options{Root: c.Root, Homes: c.ExtraHomes, Sweep: c.SweepInterval, Previous: before.Preferences, Timing: a.opts.Watch}, w)
	return w, errors.Join(err, storeErr)
}

// watching is what the pipeline is told of this.
func (w *watch) watching(c config.Config) *Watching {
	var kept func(string) string
	if w.store != nil {
		kept = w.store.Path
	}
	return &Watching{Kept: kept, Window: c.CorrelationWindow, Watched: watched, Wake: func() { w.prefs.Wake() }, Record: w.record}
}

// watched reports whether changes of a file are seen: it is one of those that hold hooks,
// where such lie.
func watched(file string) bool {
	name := path.Base(file)
	known := name == "com.apple.loginwindow.plist" || name == "loginwindow.plist" || strings.HasPrefix(name, "com.apple.loginwindow.") || strings.HasPrefix(name, ".GlobalPreferences.")
	return known && hook.ScopeOf(file) != hook.Other
}

// hooks are those that were set when the agent was stopped.
func (w *watch) hooks() []detect.Hooked {
	if w.last.Preferences == nil {
		return nil
	}
	var out []detect.Hooked
	for _, f := range w.last.Preferences.Files {
		for _, key := range slices.Sorted(maps.Keys(f.Values)) {
			v := f.Values[key]
			h := detect.Hooked{File: f.File, Scope: prefs.ScopeOf(f.File), Key: key, Value: v}
			if key == hook.LoginHook || key == hook.LogoutHook {
				p := program.Look(w.root, v)
				h.Program, h.Resolved = p.Path, p.Resolved
			}
			out = append(out, h)
		}
	}
	return out
}

// answer examines the disk for one event.
func (w *watch) answer(q Question) *Examination {
	w.jamf.look(time.Now())
	x := &Examination{Programs: map[string]ExaminedProgram{}, Jamf: w.jamf.before(q.At)}
	for _, v := range q.Values {
		x.Programs[v] = w.look(v)
	}
	w.around.look(x, q.File, q.At)
	return x
}

// look tells what a hook points to, and keeps a copy of a script.
func (w *watch) look(value string) ExaminedProgram {
	p, content := program.LookContent(w.root, value)
	out := programOf(&p)
	if w.store != nil && p.Kind == program.Script && p.Hashed && int64(len(content)) == p.Size {
		if at, err := w.store.Keep(content, p.SHA256); err == nil {
			out.Kept = at
		}
	}
	return ExaminedProgram{p, out}
}

// keep keeps a copy of a script that a hook runs.
func (w *watch) keep(p event.Program, script []byte) {
	if w.store == nil || !p.Hashed || int64(len(script)) != p.Size {
		return
	}
	if _, err := w.store.Keep(script, p.SHA256); err != nil {
		w.agent.log.Warn().Err(err).Msg("copy of a script")
	}
}

// run watches until ctx is done.
func (w *watch) run(ctx context.Context) {
	w.tellAgain()
	var wg sync.WaitGroup
	wg.Go(func() { w.sweepPrograms(ctx) })
	if err := w.prefs.Run(ctx); err != nil && ctx.Err() == nil {
		w.agent.condition("preferences_failed", err.Error(), true, time.Now(), time.Time{})
	}
	wg.Wait()
}

// sweepPrograms looks for changes of the programs of hooks.
func (w *watch) sweepPrograms(ctx context.Context) {
	if w.sweep <= 0 {
		return
	}
	t := time.NewTicker(w.sweep)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			var values []string
			for _, list := range w.agent.pipeline.Hooks() {
				values = append(values, list...)
			}
			for _, ch := range w.programs.Sweep(values, now) {
				w.agent.pipeline.HandleProgram("", ch)
			}
			w.savePrograms()
		}
	}
}

// HandleChange takes a change of preferences.
func (w *watch) HandleChange(ch event.Change) error {
	if !w.room(&ch, time.Now()) {
		return errOnTheWay
	}
	if w.news(&ch) {
		w.agent.pipeline.HandleChange(ch)
	} else {
		w.agent.pipeline.Know(ch)
	}
	return nil
}

// HandleUnreadable takes a file that can't be read, as that begins and as it ends.
func (w *watch) HandleUnreadable(u event.Unreadable) { w.agent.pipeline.HandleUnreadable(u) }

var errOnTheWay = errors.New("alerts are still on their way")

// HandleState keeps what is known for the next start, once what was told of it is on the
// disk.
func (w *watch) HandleState(s prefs.State) error {
	for _, ch := range w.gone(&s) {
		ch.Time = time.Now()
		w.agent.pipeline.HandleChange(ch)
	}
	if !w.agent.outputs.Delivered() {
		return errOnTheWay
	}
	// What is not judged yet is not known: after a kill it is found once more.
	for at, was := range w.agent.pipeline.Judging() {
		s.Files = withValue(s.Files, &toldChange{File: at.file, Key: at.key, Value: was})
	}
	setBy := w.agent.pipeline.SetBy()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last.Preferences, w.last.SetBy, w.last.Told = &s, setBy, nil
	w.last.Jamf, w.last.PresetTold = w.jamf.known(), w.agent.pipeline.PresetsTold()
	return w.save()
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

func equalJSON(a, b any) (bool, error) {
	x, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	y, err := json.Marshal(b)
	return string(x) == string(y), err
}

// envelope is a state as it lies on the disk.
type envelope struct {
	Version int             `json:"version"`
	SHA256  string          `json:"sha256"` // of the state's bytes
	State   json.RawMessage `json:"state"`
}

const keptVersion = 1

func (w *watch) save() error {
	b, err := json.Marshal(w.last)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	b, err = json.Marshal(envelope{keptVersion, hex.EncodeToString(sum[:]), b})
	if err != nil {
		return err
	}
	return w.agent.keeper.write(preferencesFile, append(b, '\n'))
}

// readKept reads what was kept. One that is damaged is set aside, and nothing is known.
func readKept(dir string) (kept, error) {
	name := filepath.Join(dir, preferencesFile)
	b, _, err := safefile.ReadTrusted(name, maxPreferences)
	if errors.Is(err, fs.ErrNotExist) {
		return kept{}, nil
	}
	var k kept
	if err == nil {
		if k, err = parseKept(b); err == nil {
			return k, nil
		}
	}
	aside := name + ".damaged"
	if e := os.Rename(name, aside); e != nil {
		return kept{}, fmt.Errorf("%s is damaged (%w) and can't be set aside: %w", name, err, e)
	}
	return kept{}, fmt.Errorf("%s is damaged and was set aside as %s, hooks are told of anew: %w", name, aside, err)
}

func parseKept(b []byte) (kept, error) {
	var e envelope
	var k kept
	if err := json.Unmarshal(b, &e); err != nil {
		return k, err
	}
	if e.Version != keptVersion {
		return k, fmt.Errorf("version %d: want %d", e.Version, keptVersion)
	}
	if sum := sha256.Sum256(e.State); hex.EncodeToString(sum[:]) != e.SHA256 {
		return k, errors.New("its checksum does not hold")
	}
	err := json.Unmarshal(e.State, &k)
	return k, err
}
