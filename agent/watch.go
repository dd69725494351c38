package agent

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
	"strings"
	"sync"
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
	scriptFolder    = "scripts"
	maxScripts      = 16 << 20 // bytes of copies
	maxScriptFiles  = 1024
)

// kept is what is known of the hooks of a Mac.
type kept struct {
	Preferences *prefs.State  `json:"preferences,omitempty"`
	Programs    program.State `json:"programs"`

	// Told is what was reported of changes that are not in Preferences.
	Told  []toldChange      `json:"told,omitempty"`
	SetBy map[string]string `json:"set_by,omitempty"` // event.id of the alert that reported a hook, by key and file

	Jamf       time.Time `json:"jamf,omitzero"`         // since when the Mac shows that Jamf manages it
	PresetTold []string  `json:"preset_told,omitempty"` // exceptions that come with the agent whose first use was told
}

// Watch is the second signal: what the preferences say, and what they point to.
type Watch struct {
	opts     WatchOptions
	judge    *judge.Judge // belongs to Run
	prefs    *prefs.Collector
	store    *program.Store // nil if there is none
	programs *program.Watchers
	around   *surroundings
	looks    *program.Examiner
	shares   *program.Shares
	examiner *examiner
	jamf     *exceptions.JamfSigns

	early map[event.PreferenceKey]*string // what was told before there was a state, for the goroutine of prefs

	mu   sync.Mutex                 // guards all below
	last kept                       // as it is saved
	full map[detect.Share]time.Time // since when no more can be told
}

// WatchOptions say what to watch.
type WatchOptions struct {
	Config    *config.Config
	Timing    prefs.Timing // zero but in tests
	Folder    *health.StateFolder
	Delivered func() bool // reports whether all alerts that were handed over are durable
	Report    health.Report
	Log       zerolog.Logger
}

// OpenWatch prepares the second signal. An error that comes with a Watch says what of an earlier
// run is lost.
func OpenWatch(o WatchOptions) (*Watch, error) {
	c := o.Config
	w := &Watch{opts: o, full: map[detect.Share]time.Time{}}
	before, lost := readKept(c.StateDir)
	if lost != nil {
		o.Log.Warn().Err(lost).Msg("state")
	}
	w.around = newSurroundings(c.Root, c.Exceptions)
	w.jamf = exceptions.NewJamfSigns(c.Root, before.Jamf, before.Preferences == nil && len(before.Told) == 0)
	w.examiner = newExaminer(w.answer)
	w.early = before.withTold()
	w.last = before
	w.openPrograms(before.Programs)
	var err error
	w.prefs, err = prefs.New(prefs.Options{Root: c.Root, Homes: c.ExtraHomes, Sweep: c.SweepInterval, Previous: before.Preferences, Timing: o.Timing}, w)
	if err != nil {
		return nil, err
	}
	return w, lost
}

// Watching is what a judge needs of this.
func (w *Watch) Watching() *judge.Watching {
	return &judge.Watching{KeptAt: w.kept, Window: w.opts.Config.CorrelationWindow, Watched: watched, Wake: w.prefs.Wake, Record: w.record}
}

// Examine examines the disk for a judge, and never waits.
func (w *Watch) Examine(q judge.Question, answer func(x *document.Examination, waits bool)) {
	w.examiner.examine(q, answer)
}

// Restore gives a judge what was known when the agent was stopped.
func (w *Watch) Restore(j *judge.Judge) {
	j.SetHooks(w.hooks())
	j.RestoreReportedBy(w.last.SetBy)
	j.RestorePresetsTold(w.last.PresetTold)
}

// Wake has all preferences looked at soon: something may have changed them that was not seen.
func (w *Watch) Wake() { w.prefs.Wake() }

// watched reports whether changes of a file are seen: it is one of those that hold hooks,
// where such lie.
func watched(file string) bool {
	name := path.Base(file)
	known := name == "com.apple.loginwindow.plist" || name == "loginwindow.plist" || strings.HasPrefix(name, "com.apple.loginwindow.") || strings.HasPrefix(name, ".GlobalPreferences.")
	return known && hook.ScopeOf(file) != hook.Other
}

// Run watches until ctx is done, and reports what it finds to a judge.
func (w *Watch) Run(ctx context.Context, j *judge.Judge) {
	w.judge = j
	w.tellAgain()
	var wg sync.WaitGroup
	wg.Go(func() { w.tendPrograms(ctx) })
	wg.Go(func() { w.programs.Run(ctx) })
	if err := w.prefs.Run(ctx); err != nil && ctx.Err() == nil {
		w.opts.Report(health.Condition{Name: health.PreferencesFailed}, err.Error(), true, time.Now(), time.Time{})
	}
	wg.Wait()
}

// HandleChange takes a change of preferences.
func (w *Watch) HandleChange(ch event.Change) error {
	if !w.room(&ch, time.Now()) {
		return errOnTheWay
	}
	if w.news(&ch) {
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
	w.judge.HandleUnreadable(u)
}

var errOnTheWay = errors.New("alerts are still on their way")

// HandleState keeps what is known for the next start, once what was reported of it is on the
// disk.
func (w *Watch) HandleState(s prefs.State) error {
	for _, ch := range w.gone(&s) {
		ch.Time = time.Now()
		w.judge.HandleChange(ch)
	}
	setBy := w.judge.ReportedBy()
	w.mu.Lock()
	defer w.mu.Unlock()
	judging := w.judge.Unjudged() // first: what is not in it any more is on its way to the disk
	if !w.opts.Delivered() {
		return errOnTheWay
	}
	// What is not judged yet is not known: after a kill it is found once more.
	for at, was := range judging {
		s.Files = withValue(s.Files, &toldChange{File: at.File, Key: at.Key, Value: was})
	}
	w.last.Preferences, w.last.SetBy, w.last.Told = &s, setBy, onTheWay(w.last.Told, judging)
	w.last.Jamf, w.last.PresetTold = w.jamf.Since(), w.judge.PresetsTold()
	return w.save()
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

func (w *Watch) save() error {
	b, err := json.Marshal(w.last)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	b, err = json.Marshal(envelope{keptVersion, hex.EncodeToString(sum[:]), b})
	if err != nil {
		return err
	}
	return w.opts.Folder.Write(preferencesFile, append(b, '\n'))
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

// CloseExaminer waits until every question that was asked of the disk is judged, but no longer than
// a time.
func (w *Watch) CloseExaminer(limit time.Duration) { w.examiner.close(limit) }
