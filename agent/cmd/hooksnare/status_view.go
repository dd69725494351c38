package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/health"
	"hooksnare/agent/offline"
	"hooksnare/agent/service"
	"hooksnare/pkg/alert"
)

// notSeen is what only root may see of the agent.
var notSeen = []string{"conditions", "sensor", "rules", "losses", "spool", "outputs", "hooks"}

// isClosed reports whether a state can't be read for want of root.
func isClosed(err error) bool { return errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 }

// viewWord is the health as far as anyone may see it: unknown, unless launchd or the disk show that no
// agent can run.
func viewWord(v *service.View) string {
	switch {
	case v.Running:
		return health.WordUnknown
	case !v.Program && !v.Job && !v.Loaded:
		return health.WordNotInstalled
	case v.Launchd:
		return health.WordNotRunning
	}
	return health.WordUnknown
}

// printView prints what can be seen of the agent without root.
func printView(ctx context.Context, s *settings) error {
	svc, err := service.New(service.Options{Root: s.root})
	if err != nil {
		return err
	}
	v := svc.Look(ctx)
	faults := []string{"not looked at whole: only root may read the state"}
	document := struct {
		Running *bool    `json:"running"` // null: not known
		Faults  []string `json:"faults"`
		Seen    bool     `json:"seen"`
		Word    string   `json:"health_word"`
		NotSeen []string `json:"not_seen"`
		Version string   `json:"program_version"` // of this program
		service.View
	}{nil, faults, false, viewWord(&v), notSeen, version, v}
	if v.Launchd {
		document.Running = &v.Running
	}
	return cmp.Or(s.out.print(document, viewText(&v)), exitIf(true, exitNotWell))
}

func viewText(v *service.View) string {
	installed := map[bool]string{true: "installed", false: "MISSING"}
	job := "not known: launchd could not be asked"
	switch {
	case v.Running:
		job = fmt.Sprintf("launchd runs it, pid %d", v.PID)
	case v.Loaded:
		job = "loaded and not running; last exit: " + cmp.Or(v.LastExit, "not known")
	case v.Launchd:
		job = "not loaded"
	}
	rows := alert.Rows{Width: 10}
	rows.Add("program", service.Program+": "+installed[v.Program])
	rows.Add("job", service.JobFile+": "+installed[v.Job])
	rows.Add("agent", job)
	rows.Add("version", version+" (of this program)")
	addSeveral(&rows, "not seen", notSeen, "")
	rows.Add("", "Whether the agent sees anything is not known. Only root may look: sudo hooksnare status")
	return rows.String()
}

// printHealth prints the health as one word.
func printHealth(cmd *cobra.Command, s *settings) error {
	c, _, _ := s.load()
	st, err := health.ReadStatus(c.StateDir)
	running := err == nil && health.Running(c.StateDir)
	word := st.Word(running, time.Now())
	if word == health.WordNotRunning || err != nil {
		svc, e := service.New(service.Options{Root: s.root})
		if e != nil {
			return e
		}
		v := svc.Look(cmd.Context())
		switch {
		case isClosed(err):
			word = viewWord(&v)
		case err != nil && !errors.Is(err, fs.ErrNotExist): // damaged, or others can write it
			word = health.WordUnknown
		case health.Running(c.StateDir) || v.Running: // it has not written its state yet
			word = health.WordStarting
		case !v.Program && !v.Job:
			word = health.WordNotInstalled
		}
	}
	return printWord(cmd, word, word == health.WordHealthy)
}

// printHookCount prints how many hooks are set. A file that can't be read may hold one, so that there are
// none only when all were read.
func printHookCount(cmd *cobra.Command, s *settings) error {
	c, _, _ := s.load()
	hooks, unreadable, err := offline.Scan(c, version, time.Now())
	if err != nil {
		note(cmd, "%v", err)
	}
	isWhole := err == nil && len(unreadable) == 0 && (os.Geteuid() == 0 || s.root != "")
	count := len(hooks)
	if !isWhole {
		note(cmd, "%d files or folders could not be read: sudo hooksnare scan names them", len(unreadable))
		if count == 0 {
			count = -1
		}
	}
	return printWord(cmd, strconv.Itoa(count), isWhole)
}

// printWord prints a word as the whole result.
func printWord(cmd *cobra.Command, word string, isWell bool) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), word)
	return cmp.Or(err, exitIf(!isWell, exitNotWell))
}
