package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/delivery"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/health"
	"hooksnare/agent/host"
	"hooksnare/agent/inforce"
	"hooksnare/agent/integrity"
	"hooksnare/agent/judge"
	"hooksnare/agent/ruleset"
	"hooksnare/agent/watch"
	"hooksnare/collector/eslogger"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/chain"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/phase"
)

// Options is what an agent is made of.
type Options struct {
	Config  config.Config
	Sources config.Sources
	Faults  error // of the configuration, reported as a condition

	// Source is where the configuration was read, and is read again when it changes; nil: it stays.
	// Files are those in force, and OnDisk those that are there.
	Source        *config.Options
	Files, OnDisk config.Files

	Launchd bool      // launchd runs it, and starts it again when it ends
	Began   time.Time // when the run began that it goes on with, after ErrRestart; zero for a new one

	Log     zerolog.Logger
	Version string          // of the agent
	Show    io.Writer       // is written each alert for a person; nil for none
	Timing  eslogger.Timing // zero but in tests

	// Zero but in tests.
	patience   int // how many times as long the end may take
	hold       time.Duration
	grantEvery time.Duration // between two looks whether Full Disk Access was granted
	diskLimit  time.Duration // of any operation of the state folder, the spool and the configuration
}

// Began returns when the run began that launchd started.
func (a *Agent) Began() time.Time { return a.began }

// Agent is the daemon. Its parts do not change once New has returned.
type Agent struct {
	opts       Options
	log        zerolog.Logger
	temporary  string // state folder that ends with the agent; "" for the usual one
	hangs      *health.HangingDisks
	board      *health.Board
	folder     *health.StateFolder
	simulation health.SimulationTrace
	outputs    *delivery.Outputs
	watch      *watch.Watch
	judge      *judge.Judge
	rules      *ruleset.InForce
	exceptions *exceptions.InForce
	settings   *inforce.Configuration // nil: the configuration stays
	boot       string                 // id of the boot session
	began      time.Time              // when launchd started this run
	asked      config.Config          // the configuration without what stands in for unsafe places
	restart    chan struct{}          // closed when the agent is to be started again
	relaunch   atomic.Bool            // by launchd
	integrity  *integrity.Watch
	grant      grantWatch
	source     *eslogger.Source
	monitor    *health.Monitor
	status     *health.StatusWriter
	files      hang.Guard // of reading rules and exceptions
}

// What Frugal asks of the runtime. The agent's live data is a few MiB, so that the
// percentage costs little memory and saves most collections. The limit, in bytes, leaves
// room for the program itself below the 24 MiB that an agent may take; it is soft, so
// that a flood costs time and not the agent.
const (
	gcPercent   = 100
	memoryLimit = 14 << 20
)

// processors is how many an agent uses. One reads and judges; one more is enough for
// everything else, and each further one only wakes threads that find no work.
const processors = 2

// Frugal makes the runtime keep memory small until the returned function is called.
func Frugal() (restore func()) {
	percent, limit := debug.SetGCPercent(gcPercent), debug.SetMemoryLimit(memoryLimit)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// New puts an agent together. What is wrong with rules and outputs is logged and becomes
// a condition; it does not keep the agent from watching.
func New(o Options) (*Agent, error) {
	now := time.Now()
	a := &Agent{log: o.Log, restart: make(chan struct{}), hangs: health.NewHangingDisks(), board: health.NewBoard(o.Log)}
	a.files.Limit, a.files.Changed = cmp.Or(o.diskLimit, readLimit), a.hangs.ReportFrom("configuration")
	a.asked = o.Config
	var unsafeState error
	a.temporary, unsafeState = safeState(&o.Config)
	unsafeProgram := safeProgram(&o.Config, o.Sources)
	a.opts = o
	mac := host.ThisHost(o.Config.Root)
	a.boot, a.grant.every = mac.Boot, cmp.Or(o.grantEvery, grantEvery)
	a.folder = health.NewStateFolder(o.Config.StateDir, o.diskLimit, a.hangs.ReportFrom("state folder"))

	var err error
	a.outputs, err = delivery.Open(delivery.Options{
		Config: o.Config, Host: mac.Hostname, Version: o.Version, Console: o.Show, Flush: flushTime,
		Report: a.board.Report, Progress: a.simulation.Progress, Disks: a.hangs, DiskLimit: o.diskLimit, Hold: o.hold,
	})
	if err != nil {
		return nil, errors.Join(err, a.removeTemporary())
	}
	var lost error
	a.watch, lost = watch.Open(watch.Options{
		Config: a.opts.Config, Folder: a.folder, Delivered: a.outputs.Delivered, Report: a.board.Report, Log: o.Log,
	})
	if a.watch == nil {
		a.abandon()
		return nil, lost
	}
	set, ruleFaults := ruleset.Load(o.Config, o.Sources)
	var inert error // rules and exceptions that can't be in force
	a.judge, inert = judge.New(judge.Options{
		Watching: a.watch.Watching(), Examine: a.watch.Examine, Rules: set.Rules, Exceptions: exceptions.ForEngine(o.Config.Exceptions),
		Host: mac, Version: o.Version, Labels: o.Config.Labels, Pins: exceptions.NewPins(o.Config.Root, o.Config.Exceptions),
		Emit: a.emit, Note: a.board.Note, Now: time.Now, RepeatWindow: o.Config.RepeatWindow,
	})
	a.watch.Restore(a.judge)
	a.rules = ruleset.NewInForce(a.board.Report, o.Log)
	a.exceptions = exceptions.NewInForce(exceptions.InForceOptions{
		Root: o.Config.Root, List: o.Config.Exceptions, Uses: a.judge.Uses, Report: a.board.Report, Log: o.Log,
		Apply: func(list []config.Exception) error {
			a.watch.SetExceptions(list)
			return a.judge.SetExceptions(exceptions.ForEngine(list), exceptions.NewPins(o.Config.Root, list))
		},
	}, now)
	sensor := sensorOptions(&o)
	a.source, err = eslogger.New(sensor, (*handler)(a))
	if err != nil {
		a.abandon()
		return nil, err
	}
	a.monitor = health.NewMonitor(health.MonitorOptions{
		Host: mac, Version: o.Version, Beat: o.Config.HeartbeatInterval, Labels: o.Config.Labels, Config: withoutOwn(o.Config), Canary: sensor.CanaryInterval > 0, Log: o.Log, Board: a.board,
	}, health.Parts{
		Settings: a.settingsFacts, Sensor: a.source.Stats, Rules: a.ruleFacts, Outputs: a.outputs.AddFacts, Send: a.outputs.AddHeartbeat,
		Losses: []func() []health.Loss{a.sensorLosses, a.watch.Losses, a.judge.Losses},
	}, now)
	a.status = health.NewStatusWriter(a.folder, health.StatusSources{
		Version: o.Version, Started: now, Monitor: a.monitor, Simulation: &a.simulation, Board: a.board,
		Rules:      func() []health.RuleStatus { return health.RuleStatuses(a.judge.Activities()) },
		Exceptions: a.exceptions.Status, Chain: func() chain.Link { return a.outputs.Stats().Head },
	})
	a.board.RaiseWith(func(c health.Condition, detail string, on bool, since, until time.Time) {
		a.judge.Condition(c.String(), detail, on, since, until)
	})
	a.integrity = integrity.Open(integrity.Options{
		Root: o.Config.Root, StateDir: o.Config.StateDir, Files: a.ownFiles(), Save: a.folder.Write, Report: a.board.Report, Log: o.Log,
	})
	a.beginRun(now)
	ownFaults, faults := exceptions.SplitFaults(o.Config.Root, o.Faults)
	a.reportStart(unsafeState, unsafeProgram, errors.Join(faults, inert), lost)
	a.exceptions.SetFaults(ownFaults, now)
	a.rules.Report(set, ruleFaults, now)
	if removed, err := a.folder.RemoveMemories(); removed > 0 || err != nil {
		o.Log.Info().Err(err).Int("removed", removed).Msg("removed what rules of types new_terms and threshold remembered: this version does not run them")
	}
	return a, nil
}

// reportStart reports what was found to be wrong as the agent was put together.
func (a *Agent) reportStart(unsafeState, unsafeProgram, faults, lost error) {
	now := time.Now()
	report := func(c health.Condition, err error) {
		if err != nil {
			a.board.Report(c, config.Summary(err), true, now, time.Time{})
		}
	}
	report(health.PlaceUnsafe.Of(a.asked.StateDir), unsafeState)
	report(health.PlaceUnsafe.Of(a.asked.EsloggerPath), unsafeProgram)
	if a.opts.Source == nil {
		report(health.Condition{Name: health.Configuration}, faults)
	} else {
		a.settings = inforce.New(inforce.Options{
			Source: *a.opts.Source, Start: a.opts.Files, OnDisk: a.opts.OnDisk, Faults: faults,
			Folder: a.folder, Report: a.board.Report, Log: a.log, Apply: a.configure,
		}, now)
	}
	if report(health.Condition{Name: health.StateDamaged}, lost); lost != nil {
		a.board.Report(health.Condition{Name: health.StateDamaged}, "hooks are reported as at the first start", false, now, now)
	}
}

// emit hands an alert to the outputs.
func (a *Agent) emit(al *alert.Alert, line []byte) {
	a.simulation.Raised(al)
	if line == nil {
		_, err := al.Line()
		a.monitor.Tally.Add(health.AlertsUnmade)
		a.log.Error().Err(err).Str("rule", al.Rule.ID).Str("event", al.Event.ID).Msg("alert")
		return
	}
	a.outputs.AddAlert(al, line)
}

func (a *Agent) ruleFacts() alert.RuleFacts {
	f, c := a.rules.Facts(), a.judge.Counts()
	f.Alerts, f.HeldBack, f.Repeated = c.Alerts, c.Held, c.Repeated
	return f
}

// abandon ends the parts of an agent that was never run.
func (a *Agent) abandon() {
	a.outputs.Abandon()
	_ = a.removeTemporary()
}

// removeTemporary removes a state folder that does not outlive the agent: alerts tell much of a Mac.
func (a *Agent) removeTemporary() error {
	if a.temporary == "" {
		return nil
	}
	return os.RemoveAll(a.temporary)
}

// readLimit is how long rules and exceptions may take to be read before the agent goes on
// without: they are taken when they come.
const readLimit = 2 * time.Second

// tickTime is the time between two ticks: no idle wake-up more often than that.
const tickTime = 2 * time.Second

// tick does what becomes due with time, and what SIGHUP asks for: the local log is opened
// again, as log rotation wants it, and configuration, rule folders and the file of exceptions are read again.
func (a *Agent) tick(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	t := time.NewTimer(phase.Next(tickTime))
	defer t.Stop()
	last := time.Now()
	a.monitor.Tick(last)
	a.status.Tick(last, true)
	a.read("the agent's own files", func() { a.checkOwnFiles(last) }) // also for an agent that ends before its first tick
	for {
		select {
		case <-ctx.Done():
			a.status.Tick(time.Now(), true)
			return
		case <-hangup:
			a.log.Info().Msg("hang-up: outputs are opened again; configuration, rules and exceptions are read again")
			a.outputs.Reopen()
			a.read("configuration, rules and exceptions", func() {
				a.refreshSettings(time.Now(), true)
				a.loadRules(a.opts.Config, a.opts.Sources)
				a.exceptions.Refresh(time.Now(), true)
			})
			a.status.Tick(time.Now(), true)
		case <-a.hangs.Changed:
			a.outputs.Check(time.Now())
		case now := <-t.C:
			t.Reset(phase.Next(tickTime))
			a.reportClock(now, last)
			last = now
			a.judge.Advance(now)
			a.outputs.Check(now)
			a.monitor.Tick(now)
			a.status.Tick(now, false)
			a.read("the agent's own files", func() {
				a.refreshSettings(now, false)
				a.exceptions.Refresh(now, false)
				a.checkOwnFiles(now)
				a.checkGrant(now)
			})
		}
	}
}

// loadRules reads the rule folders. Rules that are as they were go on with what they know; a file that
// is wrong leaves itself out, alone.
func (a *Agent) loadRules(c config.Config, sources config.Sources) {
	set, faults := ruleset.Load(c, sources)
	a.rules.Report(set, errors.Join(faults, a.judge.SetRules(set.Rules)), time.Now())
}

// read runs what reads files, and waits for it for a while. No other is begun before it ends.
func (a *Agent) read(what string, files func()) {
	_ = a.files.Do("read of "+what, func() error { files(); return nil }, nil) // a hang is reported by the guard
}

// reportClock reports a clock that was set back.
func (a *Agent) reportClock(now, last time.Time) {
	if by := setBack(now.Sub(last), now.Round(0).Sub(last.Round(0))); by > 0 {
		c := health.Condition{Name: health.ClockJumped}
		a.board.Report(c, fmt.Sprintf("the clock was set back by %v", by.Round(time.Second)), true, now, time.Time{})
		a.board.Report(c, "it goes on from there", false, now, now)
	}
}

// setBack returns by how much the clock was set back, of the time that has passed and what
// the clock made of it. Forwards it also goes while a Mac sleeps, which nothing here can tell
// from being set.
func setBack(passed, shown time.Duration) time.Duration {
	const usual = 2 * time.Second // what time servers correct
	if by := passed - shown; by > usual {
		return by
	}
	return 0
}
