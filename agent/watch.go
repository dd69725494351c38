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

	"hooksnare/agent/config"
	"hooksnare/agent/health"
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

// watch is the second signal: what the preferences say, and what they point to.
type watch struct {
	agent    *Agent
	root     string
	sweep    time.Duration
	prefs    *prefs.Collector
	store    *program.Store // nil if there is none
	programs *program.Watchers
	around   *surroundings
	looks    *program.Examiner
	shares   *program.Shares
	examiner *examiner
	jamf     *jamfSigns
	homes    []string // beside those below /Users

	early map[place]*string // what was told before there was a state, for the goroutine of prefs

	mu   sync.Mutex
	last kept                       // as it is saved
	full map[detect.Share]time.Time // since when no more can be told
}

// newWatch prepares the second signal. Nil with the state off: nothing is watched.
func newWatch(a *Agent) (*watch, error) {
	c := a.opts.Config
	w := &watch{agent: a, root: c.Root, homes: c.ExtraHomes, sweep: c.SweepInterval, full: map[detect.Share]time.Time{}}
	before, err := readKept(c.StateDir)
	if err != nil {
		a.log.Warn().Err(err).Msg("state")
	}
	w.around = newSurroundings(c.Root, c.Exceptions)
	w.jamf = newJamfSigns(c.Root, before.Jamf, before.Preferences == nil && len(before.Told) == 0)
	w.examiner = newExaminer(w.answer)
	w.early = before.withTold()
	w.last = before
	w.openPrograms(before.Programs)
	var storeErr error
	w.prefs, storeErr = prefs.New(prefs.Options{Root: c.Root, Homes: c.ExtraHomes, Sweep: c.SweepInterval, Previous: before.Preferences}, w)
	return w, errors.Join(err, storeErr)
}

// watching is what the pipeline needs of this.
func (w *watch) watching(c config.Config) *Watching {
	return &Watching{Kept: w.kept, Window: c.CorrelationWindow, Watched: watched, Wake: func() { w.prefs.Wake() }, Record: w.record}
}

// watched reports whether changes of a file are seen: it is one of those that hold hooks,
// where such lie.
func watched(file string) bool {
	name := path.Base(file)
	known := name == "com.apple.loginwindow.plist" || name == "loginwindow.plist" || strings.HasPrefix(name, "com.apple.loginwindow.") || strings.HasPrefix(name, ".GlobalPreferences.")
	return known && hook.ScopeOf(file) != hook.Other
}

// run watches until ctx is done.
func (w *watch) run(ctx context.Context) {
	w.tellAgain()
	var wg sync.WaitGroup
	wg.Go(func() { w.tendPrograms(ctx) })
	wg.Go(func() { w.programs.Run(ctx) })
	if err := w.prefs.Run(ctx); err != nil && ctx.Err() == nil {
		w.agent.condition(health.Condition{Name: health.PreferencesFailed}, err.Error(), true, time.Now(), time.Time{})
	}
	wg.Wait()
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
func (w *watch) HandleUnreadable(u event.Unreadable) {
	if u.Why == prefs.ShareUsedUp {
		w.agent.condition(health.ShareUsedUp.Of("preferences "+detect.FileShare(u.Path, u.Home).String()), u.Path+": "+u.Detail, u.On, u.Since, u.Until)
		return
	}
	w.agent.pipeline.HandleUnreadable(u)
}

var errOnTheWay = errors.New("alerts are still on their way")

// HandleState keeps what is known for the next start, once what was reported of it is on the
// disk.
func (w *watch) HandleState(s prefs.State) error {
	for _, ch := range w.gone(&s) {
		ch.Time = time.Now()
		w.agent.pipeline.HandleChange(ch)
	}
	setBy := w.agent.pipeline.SetBy()
	w.mu.Lock()
	defer w.mu.Unlock()
	judging := w.agent.pipeline.Judging() // first: what is not in it any more is on its way to the disk
	if !w.agent.outputs.Delivered() {
		return errOnTheWay
	}
	// What is not judged yet is not known: after a kill it is found once more.
	for at, was := range judging {
		s.Files = withValue(s.Files, &toldChange{File: at.file, Key: at.key, Value: was})
	}
	w.last.Preferences, w.last.SetBy, w.last.Told = &s, setBy, onTheWay(w.last.Told, judging)
	w.last.Jamf, w.last.PresetTold = w.jamf.known(), w.agent.pipeline.PresetsTold()
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
