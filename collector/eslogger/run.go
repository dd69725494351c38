package eslogger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// run is one eslogger from its start to its end.
type run struct {
	child *child
	began time.Time

	out      *drain
	outDone  chan struct{} // closed at the end of out; after it:
	cutBytes int           // bytes of an unfinished last line
	readErr  error         // what ended the reading, if not the end

	errs     *drain
	errsDone chan struct{} // closed at the end of errs; after it:
	stderr   stderrLog

	outlivedOutput bool // it closed its output and went on

	// Guarded by the source's calls.
	proven     bool // it has delivered an event
	complained bool // on its standard error
}

// ending is why a run is over.
type ending int

const (
	childEnded  ending = iota // eslogger ended, or closed its output
	childSilent               // it reports nothing, not even a canary
	contextDone               // the context is done
)

// startRun starts eslogger and what reads its output.
func (s *Source) startRun() (*run, error) {
	out, outW, err := openDrain()
	if err != nil {
		return nil, err
	}
	defer outW.Close()
	errs, errW, err := openDrain()
	if err != nil {
		out.close()
		return nil, err
	}
	defer errW.Close()
	c, err := startChild(s.opts.Path, s.opts.Events, outW, errW)
	if err != nil {
		out.close()
		errs.close()
		return nil, err
	}
	s.updateStats(func(st *Stats) { st.Starts++ })
	r := &run{
		child: c, began: time.Now(),
		out: out, outDone: make(chan struct{}), errs: errs, errsDone: make(chan struct{}),
	}
	go s.readEvents(r)
	go s.readStderr(r)
	return r, nil
}

// awaitEnd returns when the run is over.
func (s *Source) awaitEnd(ctx context.Context, r *run) ending {
	timer := time.NewTimer(0)
	defer timer.Stop()
	if s.opts.CanaryInterval > 0 {
		s.calls.Lock()
		s.canary.beginRound(time.Now())
		s.calls.Unlock()
	} else {
		timer.Stop()
	}
	for {
		select {
		case <-ctx.Done():
			return contextDone
		case <-r.child.exited:
			return childEnded
		case <-r.outDone:
			return childEnded
		case <-timer.C:
			wake, replace := s.stepCanary(ctx)
			if replace {
				return childSilent
			}
			timer.Reset(time.Until(wake))
		}
	}
}

// stepCanary does what the schedule of the canaries asks for.
func (s *Source) stepCanary(ctx context.Context) (wake time.Time, replace bool) {
	s.calls.Lock()
	defer s.calls.Unlock()
	l := s.canary.advance(time.Now())
	if l.missed {
		s.beginLocked(Blind, l.since, cutDetail(l.detail), 1)
	}
	if l.launch {
		s.launchCanaryLocked(ctx)
	}
	return l.wake, l.replace
}

// launchCanaryLocked runs a canary, unless the one before is still running.
func (s *Source) launchCanaryLocked(ctx context.Context) {
	s.updateStats(func(st *Stats) { st.CanariesSent++ })
	if s.probeDone != nil {
		select {
		case <-s.probeDone:
		default:
			s.noteCanaryFailedLocked("the one before has not ended")
			return
		}
	}
	done := make(chan struct{})
	s.probeDone = done
	go func() {
		defer close(done)
		err := s.probe.runCanary(ctx, s.opts.Timing.CanaryTimeout, func() {
			s.calls.Lock()
			defer s.calls.Unlock()
			s.canary.countStarted()
		})
		if err == nil || ctx.Err() != nil {
			return
		}
		s.calls.Lock()
		defer s.calls.Unlock()
		s.noteCanaryFailedLocked(escape([]byte(err.Error()), maxStderrText))
	}()
}

func (s *Source) noteCanaryFailedLocked(why string) {
	s.canary.setFailure(why)
	s.updateStats(func(st *Stats) { st.CanariesFailed++ })
}

// stopRun ends the process if it still runs, and waits until everything it wrote was handed on.
func (s *Source) stopRun(r *run, why ending) error {
	grace := s.opts.Timing.StopGrace
	if why == childEnded {
		// The end of its output comes a moment before its own.
		r.outlivedOutput = !r.child.hasEnded(grace)
	}
	err := r.child.stop(grace)
	r.out.finish()
	r.errs.finish()
	<-r.outDone
	<-r.errsDone
	r.out.close()
	r.errs.close()
	return err
}

// detail says how the run ended.
func (r *run) detail(stuck error) string {
	var parts []string
	if stuck != nil {
		parts = append(parts, stuck.Error())
	} else {
		parts = append(parts, r.child.how)
	}
	if r.outlivedOutput {
		parts = append(parts, "it had closed its output before")
	}
	if r.cutBytes > 0 {
		parts = append(parts, fmt.Sprintf("%d bytes of an unfinished line", r.cutBytes))
	}
	if r.readErr != nil {
		parts = append(parts, escape([]byte(r.readErr.Error()), maxStderrLine))
	}
	if text := r.stderr.lastLines(); text != "" {
		parts = append(parts, "stderr: "+text)
	}
	return strings.Join(parts, "; ")
}

// readEvents hands on every line until the output ends.
func (s *Source) readEvents(r *run) {
	defer close(r.outDone)
	d := &delivery{source: s, run: r, dec: new(Decoder)}
	lines := NewLines(r.out, s.opts.MaxLine)
	var skipped uint64
	for {
		line, err := lines.Next()
		if n := lines.Skipped(); n != skipped {
			s.updateStats(func(st *Stats) { st.TooLong += n - skipped })
			skipped = n
		}
		if err != nil {
			r.cutBytes = lines.Cut()
			if !errors.Is(err, io.EOF) {
				r.readErr = err
			}
			break
		}
		d.handleLine(line)
	}
	if r.cutBytes > 0 {
		s.updateStats(func(st *Stats) { st.Cuts++; st.LastCut = uint64(r.cutBytes) })
	}
}

// readStderr reads eslogger's standard error to its end.
func (s *Source) readStderr(r *run) {
	defer close(r.errsDone)
	buf := make([]byte, 4<<10)
	for {
		n, err := r.errs.Read(buf)
		before := r.stderr.lines
		c := r.stderr.write(buf[:n])
		if more := r.stderr.lines - before; more > 0 {
			s.updateStats(func(st *Stats) { st.StderrLines += more })
		}
		if c != nil {
			s.calls.Lock()
			r.complained = true
			s.setCauseLocked(c.name, cutDetail(c.advice+"; stderr: "+r.stderr.lastLines()), 1)
			s.calls.Unlock()
		}
		if err != nil {
			return
		}
	}
}
