package agent

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// An agent that is asked to end has ended after five seconds, whatever hangs. Each part has its own
// limit, and stopLimit is for everything else.
const (
	stopGrace = 600 * time.Millisecond  // between INT, TERM and KILL of eslogger
	sourceEnd = 2500 * time.Millisecond // for eslogger: four graces
	watchEnd  = 600 * time.Millisecond  // after that, for what looks at files
	judgeEnd  = 300 * time.Millisecond
	flushTime = 800 * time.Millisecond // to deliver what is waiting
	stopLimit = 4600 * time.Millisecond
)

// Run watches until ctx is done, then delivers what is waiting and returns, within five
// seconds. What could not be delivered is logged; it is not an error, as the watching itself was
// well. What would not end is one: the process has to end then, as it may never.
//
// It returns ErrRestart or ErrRelaunch, as soon as everything has ended, when the agent asks for that.
func (a *Agent) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-a.restart:
			stop()
		case <-ctx.Done():
		}
	}()
	err := a.runLimited(ctx)
	switch {
	case err != nil || !a.restarts():
		return err
	case a.relaunch.Load():
		return ErrRelaunch
	}
	return ErrRestart
}

// runLimited is run with a limit on how long the end may take.
func (a *Agent) runLimited(ctx context.Context) error {
	defer Frugal()()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(processors, runtime.GOMAXPROCS(0))))
	part := new(atomic.Value)
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx, part) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limit := time.NewTimer(a.endLimit(stopLimit))
	defer limit.Stop()
	select {
	case err := <-ended:
		return err
	case <-limit.C:
		return fmt.Errorf("ended without waiting for %v, which did not end in %v", part.Load(), stopLimit)
	}
}

// run is runLimited without its limit. part says what it waits for.
func (a *Agent) run(ctx context.Context, part *atomic.Value) error {
	part.Store("the start")
	a.log.Info().Str("eslogger", a.opts.Config.EsloggerPath).Msg("watching")
	ctx, stop := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, func() { a.folder.Hurry() })()
	var wg sync.WaitGroup
	wg.Go(func() { a.tick(ctx) })
	wg.Go(func() { a.watch.Run(ctx, a.judge) })
	part.Store("eslogger")
	source := make(chan error, 1)
	go func() {
		source <- a.source.Run(ctx)
		stop()
	}()
	<-ctx.Done()
	a.within(judgeEnd, "the note that this run ends", func() { a.endRun(time.Now()) }) // first: who ended it may kill it soon
	var err error
	a.await(sourceEnd, "eslogger", source, &err)
	part.Store("the watch")
	a.within(watchEnd, "the watch of preferences and programs", wg.Wait)
	part.Store("the judge")
	a.within(judgeEnd, "the examinations of disks", a.watch.CloseExaminer)
	a.within(judgeEnd, "the judge", func() {
		a.judge.Close()
		if !a.restarts() {
			a.monitor.SendFinal(time.Now())
		}
	})
	part.Store("the outputs")
	flush, done := context.WithTimeout(context.Background(), flushTime)
	defer done()
	if left := a.outputs.Close(flush); left != nil {
		a.log.Error().Err(left).Msg("outputs")
	}
	part.Store("the state folder")
	a.within(watchEnd, "the state folder", a.watch.Save)
	a.within(judgeEnd, "the judge", a.summary)
	var left error
	a.within(watchEnd, "the temporary state folder", func() { left = a.removeTemporary() })
	return errors.Join(err, left)
}

// endLimit is a limit of the end, longer in tests: on a busy machine nothing has to hang.
func (a *Agent) endLimit(limit time.Duration) time.Duration {
	return limit * time.Duration(max(1, a.opts.patience))
}

// within runs something, and reports whether it has ended in time; what has not is logged, and
// left to the end of the process.
func (a *Agent) within(limit time.Duration, what string, run func()) bool {
	ended := make(chan error, 1)
	go func() {
		run()
		ended <- nil
	}()
	var none error
	return a.await(limit, what, ended, &none)
}

// await is within for something that runs already and ends by sending its error.
func (a *Agent) await(limit time.Duration, what string, ended <-chan error, err *error) bool {
	limit = a.endLimit(limit)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case *err = <-ended:
		return true
	case <-timer.C:
		a.log.Error().Str("part", what).Stringer("limit", limit).Msg("did not end in time")
		return false
	}
}

// summary logs what the run did.
func (a *Agent) summary() {
	s, c := a.source.Stats(), a.judge.Counts()
	a.log.Info().Uint64("lines", s.Lines).Uint64("malformed", s.Malformed).Uint64("dropped", s.Dropped).
		Uint64("alerts", c.Alerts).Uint64("repeated", c.Repeated).Uint64("held_back", c.Held).Msg("ended")
	for _, q := range a.outputs.Stats().Queues {
		a.log.Info().Str("output", q.Output).Int("waiting", q.Depth).Uint64("delivered", q.Delivered).Uint64("lost", q.Lost).Msg("ended")
	}
}
