package agent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/agent/integrity"
	"hooksnare/agent/ruleset"
	"hooksnare/packaging/launchd"
)

// ownFiles are what the agent is made of, as paths of the Mac. What MDM manages is its business.
func (a *Agent) ownFiles() []string {
	local := config.LocalFile
	if a.opts.Source != nil && a.opts.Source.File != "" {
		if file, err := filepath.Abs(a.opts.Source.File); err == nil {
			local = strings.TrimPrefix(file, strings.TrimSuffix(a.opts.Config.Root, "/"))
		}
	}
	return []string{launchd.Program, launchd.File, local, config.ExceptionsFile}
}

func (a *Agent) checkOwnFiles(now time.Time) {
	a.integrity.Check(now, func() map[string][]string { return ruleset.Files(a.opts.Config) })
}

// beginRun reports how the run before ended, and notes that this one runs.
func (a *Agent) beginRun(now time.Time) {
	if !a.opts.Launchd {
		return // who runs it by hand ends it by hand
	}
	if !a.opts.Began.IsZero() {
		a.began = a.opts.Began // the run goes on, as does a stop that a verb has noted
		return
	}
	stateDir := a.opts.Config.StateDir
	st, _ := health.ReadStatus(stateDir) // of the run before
	integrity.ReportStart(stateDir, a.boot, st.Written, now, a.board.Report)
	a.began = now
	a.keepRun(integrity.Run{Boot: a.boot, Started: now})
}

// endRun notes that this run ends, but for one that goes on in another agent.
func (a *Agent) endRun(now time.Time) {
	if a.opts.Launchd && (!a.restarts() || a.relaunch.Load()) {
		a.keepRun(integrity.Run{Boot: a.boot, Started: a.began, Ended: now, Itself: a.relaunch.Load()})
	}
}

func (a *Agent) keepRun(r integrity.Run) {
	if err := r.Write(a.folder.Write); err != nil {
		a.log.Warn().Err(err).Msg("this run is not kept for the next")
	}
}

// ErrRelaunch is the error of Run when launchd is to start the agent again: macOS gives Full Disk
// Access that was granted to a new process only.
var ErrRelaunch = errors.New("the agent ends, so that launchd starts it with Full Disk Access")

const (
	// protectedFile is a file that only those can open who have Full Disk Access.
	protectedFile = "/Library/Application Support/com.apple.TCC/TCC.db"
	grantEvery    = 10 * time.Second
	// relaunchEvery is after how long without access a new process is worth a try by itself: whether a
	// process sees a grant that came after its start is not established.
	relaunchEvery = time.Hour
)

// grantWatch waits for Full Disk Access.
type grantWatch struct {
	every time.Duration // between two looks

	mu     sync.Mutex // guards denied
	denied time.Time  // since when macOS denies events; zero while it does not

	// These belong to the goroutine of ticks.
	looked time.Time
	closed bool // the protected file could not be opened since
}

func (g *grantWatch) setDenied(on bool, since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.denied = (time.Time{}); on {
		g.denied = since
	}
}

// isDue reports whether a new process may have access that this one lacks.
func (g *grantWatch) isDue(root string, now time.Time) bool {
	g.mu.Lock()
	denied := g.denied
	g.mu.Unlock()
	switch {
	case denied.IsZero():
		g.closed = false
		return false
	case now.Sub(denied) >= relaunchEvery:
		return true
	case now.Sub(g.looked) < g.every:
		return false
	}
	g.looked = now
	f, err := os.Open(filepath.Join("/", root, protectedFile))
	if err != nil {
		g.closed = true
		return false
	}
	f.Close()
	return g.closed
}

// checkGrant ends an agent that launchd starts again with the access that it waits for.
func (a *Agent) checkGrant(now time.Time) {
	if a.opts.Launchd && a.grant.isDue(a.opts.Config.Root, now) && a.relaunch.CompareAndSwap(false, true) {
		a.log.Info().Msg("Full Disk Access may have been granted: ending, to be started again by launchd")
		a.askRestart()
	}
}
