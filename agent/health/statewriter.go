package health

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/chain"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/safefile"
)

// How often, at the most, the status is written while no condition begins or ends. It is written only when it has changed, so that
// a quiet Mac's disk can sleep.
const (
	statusEvery = 5 * time.Second
	countsEvery = time.Minute // of what changes all the time
)

// How long a write to the state folder may take, and how long once the agent is to end.
const (
	WriteLimit     = 2 * time.Second
	LastWriteLimit = 300 * time.Millisecond
)

// StateFolder is where the agent keeps what outlives it. Its methods may be called from any
// goroutine and under any lock.
type StateFolder struct {
	dir   string
	guard hang.Guard
}

// NewStateFolder returns a folder. A write may take limit, WriteLimit for 0; hangs is called as its
// disk begins and ends to hang.
func NewStateFolder(dir string, limit time.Duration, hangs func(on bool, what string)) *StateFolder {
	f := &StateFolder{dir: dir}
	f.guard.Limit, f.guard.Changed = cmp.Or(limit, WriteLimit), hangs
	return f
}

// Write replaces a file of the folder. It returns after WriteLimit at the latest, and at once while
// an earlier write hangs, with hang.ErrHangs. Such a write may still be done, so that what is there
// then is not known: write it again later. b is the folder's from now on.
func (f *StateFolder) Write(name string, b []byte) error {
	path := filepath.Join(f.dir, name)
	return f.guard.Do("write of "+path, func() error {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return safefile.WriteAtomic(path, b, 0o600)
	}, nil)
}

// Earlier versions kept what rules of types new_terms and threshold remembered in this folder, in
// files with this suffix.
const (
	memoryFolder = "rules"
	memorySuffix = ".memory"
)

// RemoveMemories removes what such a version has left, and returns how many files that were.
// Whatever else lies in the folder stays: the state folder may be one that people use.
func (f *StateFolder) RemoveMemories() (removed int, err error) {
	folder := filepath.Join(f.dir, memoryFolder)
	err = f.guard.Do("removal of files in "+folder, func() error {
		entries, err := os.ReadDir(folder)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), memorySuffix) || !e.Type().IsRegular() {
				continue
			}
			if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
				return err
			}
			removed++
		}
		if removed == len(entries) {
			return os.Remove(folder)
		}
		return nil
	}, nil)
	return removed, err
}

// Hurry has every write from now on take no longer than LastWriteLimit.
func (f *StateFolder) Hurry() { f.guard.Hurry(LastWriteLimit) }

// StatusSources are what a [StatusWriter] asks.
type StatusSources struct {
	Version    string
	Started    time.Time
	Monitor    *Monitor
	Simulation *SimulationTrace
	Board      *Board
	Rules      func() []RuleStatus
	Exceptions func() []ExceptionStatus
	Chain      func() chain.Link // of the newest document
}

// StatusWriter writes the status. It is for one goroutine.
type StatusWriter struct {
	from   StatusSources
	folder *StateFolder

	written []byte    // what is worth writing at once, as it was written last
	at      time.Time // when
	turns   uint64    // of the board then
	failing time.Time // since when it can't be written, zero while it can
}

// NewStatusWriter returns what writes the status to a folder.
func NewStatusWriter(folder *StateFolder, from StatusSources) *StatusWriter {
	return &StatusWriter{from: from, folder: folder}
}

// Tick writes what has changed and is due; with all set, whether it is due or not.
func (w *StatusWriter) Tick(now time.Time, all bool) {
	var err error
	turns := w.from.Board.Turns()
	if all || turns != w.turns || now.Sub(w.at) >= statusEvery || w.from.Simulation.Changed() {
		w.turns, err = turns, w.write(now)
	}
	w.report(err, now)
}

// report reports when writing begins to fail and when it works again.
func (w *StatusWriter) report(err error, now time.Time) {
	c := Condition{Name: StateNotSaved}
	switch {
	case errors.Is(err, hang.ErrHangs): // reported as disk_hangs
	case err != nil && w.failing.IsZero():
		w.failing = now
		w.from.Board.Report(c, err.Error(), true, now, time.Time{})
	case err == nil && !w.failing.IsZero() && w.at.After(w.failing):
		since := w.failing
		w.failing = time.Time{}
		w.from.Board.Report(c, "the state folder can be written again", false, since, now)
	}
}

func (w *StatusWriter) write(now time.Time) error {
	s := Status{
		Version: w.from.Version, PID: os.Getpid(), Started: w.from.Started.UTC(),
		Rules: w.from.Rules(), Exceptions: w.from.Exceptions(), Simulation: w.from.Simulation.Status(),
	}
	atOnce, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	s.Health = w.from.Monitor.Facts(now)
	atOnce = append(atOnce, withoutCounts(s.Health)...)
	if bytes.Equal(atOnce, w.written) && w.failing.IsZero() && now.Sub(w.at) < countsEvery {
		return nil
	}
	s.Chain = w.from.Chain()
	s.LastHeartbeat, s.Written = utcOrNil(w.from.Monitor.LastHeartbeat()), now.UTC()
	b, err := json.Marshal(s)
	if err == nil {
		err = w.folder.Write(statusFile, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	w.written, w.at = atOnce, now
	return nil
}

// withoutCounts is what of a status is worth writing at once; counts can wait. Whether anything waits
// for an output is not a count: a status that caught a document on its way would say for a minute
// that it waits.
func withoutCounts(f alert.HeartbeatFacts) []byte {
	f.Uptime, f.Sensor, f.Spool, f.Rules, f.Losses = 0, alert.SensorFacts{}, alert.SpoolFacts{}, alert.RuleFacts{}, nil
	f.Outputs = slices.Clone(f.Outputs)
	for i := range f.Outputs {
		o := &f.Outputs[i]
		o.Depth, o.Bytes, o.OldestAge, o.Delivered, o.LastDelivery = min(o.Depth, 1), 0, 0, 0, nil
	}
	b, _ := json.Marshal(f)
	return bytes.TrimSpace(b)
}
