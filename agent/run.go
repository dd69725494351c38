package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/collector/eslogger"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/hang"
)

// Options is what an agent is made of.
type Options struct {
	Config  config.Config
	Sources config.Sources
	Faults  error // of the configuration, told as a condition
	Log     zerolog.Logger
	Version string          // of the agent
	Show    io.Writer       // is written each alert for a person; nil for none
	Timing  eslogger.Timing // zero but in tests

	timing outputTiming // zero but in tests
}

// Agent is the daemon.
type Agent struct {
	opts     Options
	host     Identity
	health   *agentHealth
	keeper   keeper
	ruleSet  ruleSet
	allowed  *allowed
	pipeline *Pipeline
	outputs  *Outputs
	source   *eslogger.Source
	watch    *watch
	log      zerolog.Logger
	passing  string // state folder that ends with the agent; "" for the usual one
	hangs    *diskHangs
	files    hang.Guard   // of reading rules and exceptions anew
	inForce  sync.RWMutex // guards ruleSet and allowed, but for their faults
}

// What Frugal asks of the runtime. The agent's live data is a few MiB, so that the
// percentage costs little memory and saves most collections. The limit, in bytes, leaves
// room for the program itself below the 40 MiB that an agent may take; it is soft, so
// that a flood costs time and not the agent.
const (
	gcPercent   = 200
	memoryLimit = 32 << 20
)

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
	a := &Agent{opts: o, log: o.Log, host: ThisHost(o.Config.Root), hangs: newDiskHangs()}
	a.keeper.guard.Limit, a.keeper.guard.Changed = writeLimit, a.hangs.noting("state folder")
	a.files.Limit, a.files.Changed = readLimit, a.hangs.noting("configuration")
	asked := o.Config
	unsafeState, unsafeProgram := a.safeState(), a.safeProgram()
	o.Config = a.opts.Config
	sensor := a.sensor()
	a.health = newHealth(a, time.Now(), sensor.CanaryInterval > 0)
	set, ruleFaults := LoadRules(o.Config, o.Sources)
	var err error
	a.outputs, err = OpenOutputs(OutputOptions{Config: o.Config, Host: a.host.Hostname, Version: o.Version, Show: o.Show, Health: a.condition, hangs: a.hangs, timing: o.timing})
	if err != nil {
		return nil, errors.Join(err, a.forget())
	}
	watch, watchErr := newWatch(a)
	if watch.prefs == nil {
		a.abandon()
		return nil, watchErr
	}
	a.watch = watch
	a.pipeline, err = NewPipeline(PipelineOptions{
		Watching: watch.watching(o.Config), Examine: watch.examiner.examine,
		Rules: set.Rules, Exceptions: exceptions(o.Config.Exceptions),
		Host: a.host, Pins: newPins(o.Config.Root, o.Config.Exceptions),
		Emit: a.give, Note: (*handler)(a).logCondition, Live: true, RepeatWindow: o.Config.RepeatWindow,
	})
	a.pipeline.SetHooks(watch.hooks())
	a.pipeline.RestoreSetBy(watch.last.SetBy)
	a.pipeline.RestorePresetsTold(watch.last.PresetTold)
	own, faults := ownFaults(o.Config.Root, o.Faults)
	a.allowed = newAllowed(o.Config.Exceptions, time.Now())
	faults = errors.Join(faults, err)
	source, err := eslogger.New(sensor, (*handler)(a))
	if err != nil {
		a.abandon()
		return nil, err
	}
	a.source = source
	if unsafeState != nil {
		a.condition(health.PlaceUnsafe.Of(asked.StateDir), unsafeState.Error(), true, time.Now(), time.Time{})
	}
	if unsafeProgram != nil {
		a.condition(health.PlaceUnsafe.Of(asked.EsloggerPath), unsafeProgram.Error(), true, time.Now(), time.Time{})
	}
	if faults != nil {
		a.condition(health.Condition{Name: health.Configuration}, oneLine(faults), true, time.Now(), time.Time{})
	}
	a.keeper.agent, a.keeper.dir, a.keeper.started = a, o.Config.StateDir, time.Now()
	a.keeper.pipeline, a.keeper.health, a.keeper.uses = a.pipeline, a.condition, a.uses
	a.allowed.fault.tell(a, own, time.Now())
	a.rules(set, ruleFaults)
	if watchErr != nil {
		now := time.Now()
		a.condition(health.Condition{Name: health.StateDamaged}, oneLine(watchErr), true, now, time.Time{})
		a.condition(health.Condition{Name: health.StateDamaged}, "hooks are told of anew", false, now, now)
	}
	return a, nil
}

// sensor returns how to run eslogger. Of a disk that is merely looked at nothing is run: the
// canary is this machine's, but for one that whoever starts the agent names.
func (a *Agent) sensor() eslogger.Options {
	c := a.opts.Config
	o := eslogger.Options{Path: c.EsloggerPath, Events: c.EsloggerEvents, CanaryPath: c.CanaryPath, CanaryInterval: c.CanaryInterval, Timing: a.opts.Timing}
	if o.Timing.StopGrace == 0 {
		o.Timing.StopGrace = stopGrace
	}
	if c.Root == "" {
		return o
	}
	seen := c.CanaryPath
	if inner, ok := below(c.Root, c.CanaryPath); ok {
		o.CanarySeenAs = []string{inner} // as a stream of that disk names it
	} else if _, ok := below(c.Root, c.EsloggerPath); ok {
		seen = filepath.Join(c.Root, c.CanaryPath) // what stands in on a disk without it shows no canary
	}
	if _, err := os.Stat(seen); err != nil && o.CanaryInterval > 0 {
		a.log.Warn().Str("path", seen).Msg("there is no canary: the sensor is not proven")
		o.CanaryInterval = 0
	}
	return o
}

// below returns an absolute path as it is called on the disk below root, false if it does not
// lie there.
func below(root, name string) (string, bool) {
	inner, ok := strings.CutPrefix(filepath.Clean(name), filepath.Clean(root)+"/")
	return "/" + inner, ok
}

// oneLine is an error as a condition's detail: the first of all that is wrong, and how many
// there are.
func oneLine(err error) string {
	list := Faults(err)
	if len(list) == 1 {
		return list[0].Error()
	}
	return fmt.Sprintf("%s (and %d more: run hooksnare check)", clipTo(list[0].Error(), wordBytes), len(list)-1)
}

// handler is the agent as its sensor sees it.
type handler Agent

// HandleMessage takes one event.
func (h *handler) HandleMessage(m *eslogger.Message) { h.pipeline.HandleMessage(m) }

// HandleState takes a condition of the sensor.
func (h *handler) HandleState(st eslogger.State) {
	h.logCondition(sensorCondition(st.Name), st.Detail, st.On, st.Since)
	h.pipeline.HandleState(st)
	h.watch.prefs.Wake() // what was not seen may have changed them
}

func (h *handler) logCondition(c health.Condition, detail string, on bool, since time.Time) {
	h.health.note(c, detail, on, since)
	e := h.log.Info()
	if on {
		e = h.log.Warn()
	}
	e.Stringer("state", c).Bool("active", on).Str("detail", detail).Msg("state")
}

// condition takes a condition of another part.
func (a *Agent) condition(c health.Condition, detail string, on bool, since, until time.Time) {
	(*handler)(a).logCondition(c, detail, on, since)
	a.pipeline.Condition(c.String(), detail, on, since, until)
}

// give hands an alert to the outputs.
func (a *Agent) give(al *alert.Alert) {
	if err := a.outputs.Add(al); err != nil {
		a.health.tally.Add(health.AlertsUnmade)
		a.log.Error().Err(err).Str("rule", al.Rule.ID).Str("event", al.Event.ID).Msg("alert")
	}
}

// abandon ends the parts of an agent that was never run.
func (a *Agent) abandon() {
	a.outputs.Abandon()
	_ = a.forget()
}

// forget removes a state folder that does not outlive the agent: alerts tell much of a Mac.
func (a *Agent) forget() error {
	if a.passing == "" {
		return nil
	}
	return os.RemoveAll(a.passing)
}

// readLimit is how long rules and exceptions may take to be read before the agent goes on
// without: they are taken when they come.
const readLimit = 2 * time.Second

// tick does what becomes due with time, and what SIGHUP asks for: the local log is opened
// anew, as log rotation wants it, and rule folders and the file of exceptions are read anew.
func (a *Agent) tick(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	t := time.NewTicker(2 * time.Second) // no idle wake-up more often than that
	defer t.Stop()
	last := time.Now()
	a.health.tick(last)
	a.keeper.tick(last, true)
	for {
		select {
		case <-ctx.Done():
			a.keeper.tick(time.Now(), true)
			return
		case <-hangup:
			a.log.Info().Msg("hang-up: outputs are opened anew, rules and exceptions are read anew")
			a.outputs.Reopen()
			a.read("rules and exceptions", func() {
				a.reload()
				a.readExceptions(time.Now(), true)
			})
			a.keeper.tick(time.Now(), true)
		case <-a.hangs.news:
			a.outputs.Check(time.Now())
		case now := <-t.C:
			if by := setBack(now.Sub(last), now.Round(0).Sub(last.Round(0))); by > 0 {
				a.condition(health.Condition{Name: health.ClockJumped}, fmt.Sprintf("the clock was set back by %v", by.Round(time.Second)), true, now, time.Time{})
				a.condition(health.Condition{Name: health.ClockJumped}, "it goes on from there", false, now, now)
			}
			last = now
			a.pipeline.Tick()
			a.outputs.Check(now)
			a.health.tick(now)
			a.keeper.tick(now, false)
			a.read("exceptions", func() { a.readExceptions(now, false) })
		}
	}
}

// read runs what reads files, and waits for it for a while. No other is begun before it ends.
func (a *Agent) read(what string, files func()) {
	_ = a.files.Do("read of "+what, func() error { files(); return nil }, nil) // a hang is told
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
