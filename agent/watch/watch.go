// Package watch is the second signal: what the preferences say and what their hooks point to. It
// keeps what is known and what is on its way from one start of the agent to the next.
package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/health"
	"hooksnare/agent/judge"
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
	ScriptFolder    = "scripts"
	maxScripts      = 16 << 20 // bytes of copies
	maxScriptFiles  = 1024
)

// savedState is what is known of the hooks of a Mac.
type savedState struct {
	Preferences *prefs.State  `json:"preferences,omitempty"`
	Programs    program.State `json:"programs"`

	// Journal is what was reported of changes that are not in Preferences.
	Journal []journalEntry    `json:"told,omitempty"`
	SetBy   map[string]string `json:"set_by,omitempty"` // event.id of the alert that reported a hook, by key and file

	Jamf        time.Time `json:"jamf,omitzero"`         // since when the Mac shows that Jamf manages it
	PresetsTold []string  `json:"preset_told,omitempty"` // exceptions that come with the agent whose first use was reported
}

// Watch is the second signal: what the preferences say, and what they point to.
type Watch struct {
	opts     Options
	judge    *judge.Judge // belongs to Run
	prefs    *prefs.Collector
	store    *program.Store // nil if there is none
	watchers *program.Watchers
	known    atomic.Pointer[map[string]string] // exceptions that name a program's SHA-256, by that
	skipped  atomic.Uint64                     // folders around a hook that did not answer
	programs *program.Examiner
	examiner *Examiner
	jamf     *exceptions.JamfSigns

	reportedEarly map[event.PreferenceKey]*string // what was reported before there was a state, for the goroutine of prefs

	mu        sync.Mutex                 // guards all below
	state     savedState                 // as it is saved
	fullSince map[detect.Share]time.Time // since when no more can be reported

	savedVersion uint64 // of the programs in state
}

// Options say what to watch.
type Options struct {
	Config    config.Config
	Folder    *health.StateFolder
	Delivered func() bool // reports whether all alerts that were handed over are durable
	Report    health.Report
	Log       zerolog.Logger
}

// Open prepares the second signal. An error that comes with a Watch says what of an earlier
// run is lost.
func Open(o Options) (*Watch, error) {
	c := o.Config
	w := &Watch{opts: o, fullSince: map[detect.Share]time.Time{}}
	before, lost := readState(c.StateDir)
	if lost != nil {
		o.Log.Warn().Err(lost).Msg("state")
	}
	w.SetExceptions(c.Exceptions)
	w.jamf = exceptions.NewJamfSigns(c.Root, before.Jamf, before.Preferences == nil && len(before.Journal) == 0)
	w.examiner = NewExaminer(w.examine)
	w.reportedEarly = before.mergeJournal()
	w.state = before
	w.openPrograms(before.Programs)
	var err error
	w.prefs, err = prefs.New(prefs.Options{Root: c.Root, Homes: c.ExtraHomes, Sweep: c.SweepInterval, Previous: before.Preferences}, w)
	if err != nil {
		return nil, err
	}
	return w, lost
}

// Watching is what a judge needs of this.
func (w *Watch) Watching() *judge.Watching {
	return &judge.Watching{KeptAt: w.copyPath, Window: w.opts.Config.CorrelationWindow, Watched: IsWatched, Wake: w.prefs.Wake, ReadAll: w.prefs.ReadAll, Record: w.appendJournal}
}

// Examine examines the disk for a judge, and never waits.
func (w *Watch) Examine(q judge.Question, answer func(x *document.Examination, waits bool)) {
	w.examiner.Ask(q, answer)
}

// Restore gives a judge what was known when the agent was stopped.
func (w *Watch) Restore(j *judge.Judge) {
	j.SetHooks(w.savedHooks())
	j.RestoreReportedBy(w.state.SetBy)
	j.RestorePresetsTold(w.state.PresetsTold)
}

// Wake has all preferences read soon: something may have changed them that was not seen.
func (w *Watch) Wake() { w.prefs.Wake() }

// IsWatched reports whether changes of a file are seen: it is one of those that hold hooks,
// where such lie. /Users/Shared is nobody's home.
func IsWatched(file string) bool {
	name := path.Base(file)
	known := name == "com.apple.loginwindow.plist" || name == "loginwindow.plist" || strings.HasPrefix(name, "com.apple.loginwindow.") || strings.HasPrefix(name, ".GlobalPreferences.")
	return known && hook.ScopeOf(file) != hook.Other && !strings.HasPrefix(file, "/Users/Shared/Library/")
}

// Run watches until ctx is done, and reports what it finds to a judge.
func (w *Watch) Run(ctx context.Context, j *judge.Judge) {
	w.judge = j
	w.sendAgain()
	var wg sync.WaitGroup
	wg.Go(func() { w.watchPrograms(ctx) })
	wg.Go(func() { w.watchers.Run(ctx) })
	if err := w.prefs.Run(ctx); err != nil && ctx.Err() == nil {
		w.opts.Report(health.Condition{Name: health.PreferencesFailed}, err.Error(), true, time.Now(), time.Time{})
	}
	wg.Wait()
}

// HandleChange takes a change of preferences.
func (w *Watch) HandleChange(ch event.Change) error {
	if !w.hasRoom(&ch, time.Now()) {
		return errInFlight
	}
	if w.isNew(&ch) {
		w.judge.HandleChange(ch)
	} else {
		w.judge.RestoreChange(ch)
	}
	return nil
}

// HandleUnreadable takes a file that can't be read, as that begins and as it ends.
func (w *Watch) HandleUnreadable(u event.Unreadable) {
	if u.Why == prefs.ShareUsedUp {
		w.opts.Report(health.ShareUsedUp.Of("preferences "+detect.FileShare(u.Path, u.Home).String()), u.Path+": "+u.Detail, u.On, u.Since, u.Until)
		return
	}
	w.keep(detect.FileShare(u.Path, u.Home).String(), u.Head)
	w.judge.HandleUnreadable(u)
}

var errInFlight = errors.New("alerts are still on their way")

// HandleState keeps what is known for the next start, once what was reported of it is on the
// disk.
func (w *Watch) HandleState(s prefs.State) error {
	for _, ch := range w.removedSince(&s) {
		ch.Time = time.Now()
		w.judge.HandleChange(ch)
	}
	setBy := w.judge.ReportedBy()
	w.mu.Lock()
	defer w.mu.Unlock()
	judging := w.judge.Unjudged() // first: what is not in it any more is on its way to the disk
	if !w.opts.Delivered() {
		return errInFlight
	}
	// What is not judged yet is not known: after a kill it is found once more.
	for at, was := range judging {
		s.Files = setValue(s.Files, &journalEntry{File: at.File, Key: at.Key, Value: was})
	}
	w.state.Preferences, w.state.SetBy = &s, setBy
	w.state.Journal = slices.DeleteFunc(w.state.Journal, func(c journalEntry) bool {
		_, waits := judging[c.preferenceKey()]
		return !waits
	})
	w.state.Jamf, w.state.PresetsTold = w.jamf.Since(), w.judge.PresetsTold()
	return w.saveStateLocked()
}

// envelope is a state as it lies on the disk.
type envelope struct {
	Version int             `json:"version"`
	SHA256  string          `json:"sha256"` // of the state's bytes
	State   json.RawMessage `json:"state"`
}

const stateVersion = 1

// logSaveLocked saves the state, where all that can be done about an error is to log it.
func (w *Watch) logSaveLocked() {
	if err := w.saveStateLocked(); err != nil {
		w.opts.Log.Warn().Err(err).Msg("state")
	}
}

func (w *Watch) saveStateLocked() error {
	b, err := json.Marshal(w.state)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	b, err = json.Marshal(envelope{stateVersion, hex.EncodeToString(sum[:]), b})
	if err != nil {
		return err
	}
	return w.opts.Folder.Write(preferencesFile, append(b, '\n'))
}

// readState reads what was kept. One that is damaged is set aside, and nothing is known.
func readState(dir string) (savedState, error) {
	name := filepath.Join(dir, preferencesFile)
	b, _, err := safefile.Disk{}.ReadTrusted(name, maxPreferences)
	if errors.Is(err, fs.ErrNotExist) {
		return savedState{}, nil
	}
	var k savedState
	if err == nil {
		k, err = parseState(b)
	}
	if err == nil {
		return k, nil
	}
	aside := name + ".damaged"
	if e := os.Rename(name, aside); e != nil {
		return savedState{}, fmt.Errorf("%s is damaged (%w) and can't be set aside: %w", name, err, e)
	}
	return savedState{}, fmt.Errorf("%s is damaged and was set aside as %s, hooks are reported as at the first start: %w", name, aside, err)
}

func parseState(b []byte) (k savedState, err error) {
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil {
		return k, err
	}
	if e.Version != stateVersion {
		return k, fmt.Errorf("version %d: expected %d", e.Version, stateVersion)
	}
	if sum := sha256.Sum256(e.State); hex.EncodeToString(sum[:]) != e.SHA256 {
		return k, errors.New("its checksum does not hold")
	}
	err = json.Unmarshal(e.State, &k)
	return k, err
}

// CloseExaminer waits until every question that was asked of the disk is judged.
func (w *Watch) CloseExaminer() { w.examiner.close() }
