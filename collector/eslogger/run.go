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

	out  *drain
	read chan struct{} // closed at the end of out; after it:
	cut  int           // bytes of an unfinished last line
	fail error         // what ended the reading, if not the end

	errs   *drain
	heard  chan struct{} // closed at the end of errs; after it:
	murmur murmur

	lingered bool // it closed its output and went on

	// Guarded by the source's calls.
	proven     bool // it has delivered an event
	complained bool
}

// ending is why a run is over.
type ending int

const (
	ended  ending = iota // eslogger ended, or closed its output
	silent               // it reports nothing, not even a canary
	told                 // the context is done
)

// open starts eslogger and what reads its output.
func (s *Source) open() (*run, error) {
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
	s.tally(func(st *Stats) { st.Starts++ })
	r := &run{
		child: c, began: time.Now(),
		out: out, read: make(chan struct{}), errs: errs, heard: make(chan struct{}),
	}
	go s.deliver(r)
	go s.listen(r)
	return r, nil
}

// watch returns when the run is over.
func (s *Source) watch(ctx context.Context, r *run) ending {
	timer := time.NewTimer(0)
	defer timer.Stop()
	if s.opts.CanaryInterval > 0 {
		s.calls.Lock()
		s.canary.round(time.Now())
		s.calls.Unlock()
	} else {
		timer.Stop()
	}
	for {
		select {
		case <-ctx.Done():
			return told
		case <-r.child.exited:
			return ended
		case <-r.read:
			return ended
		case <-timer.C:
			wake, replace := s.look(ctx)
			if replace {
				return silent
			}
			timer.Reset(time.Until(wake))
		}
	}
}

// look does what the canary's schedule asks for.
func (s *Source) look(ctx context.Context) (wake time.Time, replace bool) {
	s.calls.Lock()
	defer s.calls.Unlock()
	l := s.canary.step(time.Now())
	if l.missed {
		s.begin(Blind, l.since, bounded(l.detail), 1)
	}
	if l.launch {
		s.launch(ctx)
	}
	return l.wake, l.replace
}

// launch runs a canary, unless the one before has not ended. Calls are held.
func (s *Source) launch(ctx context.Context) {
	s.tally(func(st *Stats) { st.CanariesSent++ })
	if s.probing != nil {
		select {
		case <-s.probing:
		default:
			s.unsung("the one before has not ended")
			return
		}
	}
	done := make(chan struct{})
	s.probing = done
	go func() {
		defer close(done)
		err := s.probe.run(ctx, s.opts.Timing.CanaryTimeout, func() {
			s.calls.Lock()
			defer s.calls.Unlock()
			s.canary.started()
		})
		if err == nil || ctx.Err() != nil {
			return
		}
		s.calls.Lock()
		defer s.calls.Unlock()
		s.unsung(escape([]byte(err.Error()), murmurText))
	}()
}

// unsung takes notice of a canary that could not be run. Calls are held.
func (s *Source) unsung(why string) {
	s.canary.fail(why)
	s.tally(func(st *Stats) { st.CanariesFailed++ })
}

// close ends the process, if it has not, and waits until all it wrote was handed on.
func (s *Source) close(r *run, why ending) error {
	grace := s.opts.Timing.StopGrace
	if why == ended {
		// The end of its output comes a moment before its own.
		r.lingered = !r.child.ended(grace)
	}
	err := r.child.stop(grace)
	r.out.finish()
	r.errs.finish()
	<-r.read
	<-r.heard
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
	if r.lingered {
		parts = append(parts, "it had closed its output before")
	}
	if r.cut > 0 {
		parts = append(parts, fmt.Sprintf("%d bytes of an unfinished line", r.cut))
	}
	if r.fail != nil {
		parts = append(parts, escape([]byte(r.fail.Error()), murmurLine))
	}
	if text := r.murmur.text(); text != "" {
		parts = append(parts, "stderr: "+text)
	}
	return strings.Join(parts, "; ")
}

// deliver hands on every line until the output ends.
func (s *Source) deliver(r *run) {
	defer close(r.read)
	d := &delivery{source: s, run: r, dec: new(Decoder)}
	lines := NewLines(r.out, s.opts.MaxLine)
	var skipped uint64
	for {
		line, err := lines.Next()
		if n := lines.Skipped(); n != skipped {
			s.tally(func(st *Stats) { st.TooLong += n - skipped })
			skipped = n
		}
		if err != nil {
			r.cut = lines.Cut()
			if !errors.Is(err, io.EOF) {
				r.fail = err
			}
			break
		}
		d.take(line)
	}
	if r.cut > 0 {
		s.tally(func(st *Stats) { st.Cuts++; st.LastCut = uint64(r.cut) })
	}
}

// listen hears eslogger's standard error to its end.
func (s *Source) listen(r *run) {
	defer close(r.heard)
	buf := make([]byte, 4<<10)
	for {
		n, err := r.errs.Read(buf)
		before := r.murmur.lines
		c := r.murmur.hear(buf[:n])
		if more := r.murmur.lines - before; more > 0 {
			s.tally(func(st *Stats) { st.StderrLines += more })
		}
		if c != nil {
			s.calls.Lock()
			r.complained = true
			s.because(c.name, bounded(c.advice+"; stderr: "+r.murmur.text()), 1)
			s.calls.Unlock()
		}
		if err != nil {
			return
		}
	}
}
