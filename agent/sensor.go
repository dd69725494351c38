package agent

import (
	"os"
	"path/filepath"
	"strings"

	"hooksnare/agent/health"
	"hooksnare/collector/eslogger"
)

// sensorOptions says how to run eslogger. Of a disk that is merely looked at nothing is run: the
// canary is this machine's, but for one that whoever starts the agent names.
func sensorOptions(opts *Options) eslogger.Options {
	c := &opts.Config
	o := eslogger.Options{Path: c.EsloggerPath, Events: c.EsloggerEvents, CanaryPath: c.CanaryPath, CanaryInterval: c.CanaryInterval, Timing: opts.Timing}
	if o.Timing.StopGrace == 0 {
		o.Timing.StopGrace = stopGrace
	}
	if c.Root == "" {
		return o
	}
	seen := c.CanaryPath
	if inner, ok := insideRoot(c.Root, c.CanaryPath); ok {
		o.CanarySeenAs = []string{inner} // as a stream of that disk names it
	} else if _, ok := insideRoot(c.Root, c.EsloggerPath); ok {
		seen = filepath.Join(c.Root, c.CanaryPath) // what stands in on a disk without it shows no canary
	}
	if _, err := os.Stat(seen); err != nil && o.CanaryInterval > 0 {
		opts.Log.Warn().Str("path", seen).Msg("no program to run as canary: nothing proves that the sensor works")
		o.CanaryInterval = 0
	}
	return o
}

// insideRoot returns an absolute path as it is called on the disk below root, false if it does not
// lie there.
func insideRoot(root, name string) (string, bool) {
	inner, ok := strings.CutPrefix(filepath.Clean(name), filepath.Clean(root)+"/")
	return "/" + inner, ok
}

// handler is the agent as its sensor sees it.
type handler Agent

// HandleMessage takes one event.
func (h *handler) HandleMessage(m *eslogger.Message) { h.judge.HandleMessage(m) }

// HandleState takes a condition of the sensor.
func (h *handler) HandleState(st eslogger.State) {
	h.board.Note(sensorCondition(st.Name), st.Detail, st.On, st.Since)
	h.judge.HandleState(st)
	if c, _ := health.Find(string(st.Name)); c == health.NoFullDiskAccess {
		h.grant.setDenied(st.On, st.Since)
	}
	h.watch.Wake() // what was not seen may have changed them
}

// sensorCondition returns a condition of the sensor. One that the table lacks, which a test
// rules out, is on under its own name all the same.
func sensorCondition(name eslogger.Condition) health.Condition {
	if n, ok := health.Find(string(name)); ok {
		return health.Condition{Name: n}
	}
	return health.Condition{Subject: string(name)}
}

func (a *Agent) sensorLosses() []health.Loss {
	s := a.source.Stats()
	return []health.Loss{
		{Counter: health.EventsMissing, Count: s.Dropped},
		{Counter: health.LinesTooLong, Count: s.TooLong},
		{Counter: health.LinesMalformed, Count: s.Malformed},
		{Counter: health.EventsUnusual, Count: s.Unusual},
		{Counter: health.NumberingJumps, Count: s.Jumps},
		{Counter: health.OutputCut, Count: s.Cuts},
	}
}
