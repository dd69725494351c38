package eslogger

import (
	"fmt"
	"time"

	"hooksnare/pkg/event"
)

// delivery takes the lines of one run. It keeps the handler's message between lines,
// so that a line costs no allocation.
type delivery struct {
	source *Source
	run    *run
	dec    *Decoder
	msg    Message
	seq    sequence
}

// handleLine decodes one line, judges by it how the sensor is, and hands the message on.
func (d *delivery) handleLine(line []byte) {
	s, m := d.source, &d.msg
	err := d.dec.Decode(line, m)
	s.calls.Lock()
	defer s.calls.Unlock()
	if err != nil {
		s.updateStats(func(st *Stats) { st.Lines++; st.Malformed++ })
		s.judgeShapeLocked(false, err.Error)
		return
	}
	ok := isUsual(m)
	next := d.countMessage(ok)
	if len(m.EventName) > 0 {
		d.proveLocked()
	}
	s.judgeShapeLocked(ok, func() string { return describeUnusual(m) })
	s.judgeLossLocked(next, m.GlobalSeq)
	if m.Kind == event.ExecKind {
		s.judgeCanaryLocked(m)
	}
	s.handler.HandleMessage(m)
}

// countMessage counts the message and places it in its stream.
func (d *delivery) countMessage(usual bool) step {
	var next step
	if d.msg.HasGlobal {
		next = d.seq.next(d.msg.GlobalSeq)
	}
	s := d.source
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Lines++
	s.stats.message(&d.msg)
	if !usual {
		s.stats.Unusual++
	}
	if next.stream {
		s.stats.Streams++
	}
	if next.jump {
		s.stats.Jumps++
	}
	s.stats.Dropped = addSaturating(s.stats.Dropped, next.dropped)
	return next
}

// proveLocked ends the cause that there was no eslogger, at its first event. One that complained
// and yet delivers has to show a canary first.
func (d *delivery) proveLocked() {
	if d.run.proven {
		return
	}
	d.run.proven = true
	if !d.run.complained {
		d.source.clearCausesLocked()
	}
}

// judgeShapeLocked begins and ends SchemaUnknown.
func (s *Source) judgeShapeLocked(usual bool, why func() string) {
	begins, ends := s.shape.noteLine(usual)
	switch {
	case ends:
		s.endLocked(SchemaUnknown)
	case begins:
		s.beginLocked(SchemaUnknown, time.Now(), cutDetail(why()), shapeStrikes)
	case !usual && s.shape.on:
		s.beginLocked(SchemaUnknown, time.Time{}, cutDetail(why()), 1)
	}
}

// judgeLossLocked begins and ends Gap.
func (s *Source) judgeLossLocked(next step, number uint64) {
	switch {
	case next.dropped > 0:
		s.lostAt = time.Now()
		s.beginLocked(Gap, s.lostAt, fmt.Sprintf("%d events lost after global_seq_num %d", next.dropped, next.from), next.dropped)
	case next.jump:
		s.lostAt = time.Now()
		s.beginLocked(Gap, s.lostAt, fmt.Sprintf("global_seq_num went from %d to %d, too far to be a loss", next.from, number), 0)
	case !s.lostAt.IsZero() && time.Since(s.lostAt) >= s.opts.Timing.GapHold:
		s.lostAt = time.Time{}
		s.endLocked(Gap)
	}
}

// judgeCanaryLocked takes an exec.
func (s *Source) judgeCanaryLocked(m *Message) {
	s.canary.countExec()
	if !s.probe.isCanary(m) {
		return
	}
	s.canary.markAnswered()
	s.updateStats(func(st *Stats) { st.CanariesSeen++ })
	s.endLocked(Blind)
	s.clearCausesLocked()
}
