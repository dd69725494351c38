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

// take decodes one line, draws conclusions about the sensor, and hands the message on.
func (d *delivery) take(line []byte) {
	s, m := d.source, &d.msg
	err := d.dec.Decode(line, m)
	s.calls.Lock()
	defer s.calls.Unlock()
	if err != nil {
		s.tally(func(st *Stats) { st.Lines++; st.Malformed++ })
		s.judgeShape(false, err.Error)
		return
	}
	ok := usual(m)
	next := d.number(ok)
	if len(m.EventName) > 0 {
		d.prove()
	}
	s.judgeShape(ok, func() string { return unusual(m) })
	s.judgeLoss(next, m.GlobalSeq)
	if m.Kind == event.ExecKind {
		s.judgeCanary(m)
	}
	s.handler.HandleMessage(m)
}

// number counts the message and places it in its stream.
func (d *delivery) number(usual bool) step {
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
	s.stats.Dropped = addUp(s.stats.Dropped, next.dropped)
	return next
}

// prove ends the reason why there was no eslogger, at its first event. One that complains
// and yet delivers has to show a canary.
func (d *delivery) prove() {
	if d.run.proven {
		return
	}
	d.run.proven = true
	if !d.run.complained {
		d.source.works()
	}
}

// judgeShape begins and ends SchemaUnknown. Calls are held.
func (s *Source) judgeShape(usual bool, why func() string) {
	begins, ends := s.shape.note(usual)
	switch {
	case ends:
		s.end(SchemaUnknown)
	case begins:
		s.begin(SchemaUnknown, time.Now(), bounded(why()), shapeStrikes)
	case !usual && s.shape.on:
		s.begin(SchemaUnknown, time.Time{}, bounded(why()), 1)
	}
}

// judgeLoss begins and ends Gap. Calls are held.
func (s *Source) judgeLoss(next step, number uint64) {
	switch {
	case next.dropped > 0:
		s.lostAt = time.Now()
		s.begin(Gap, s.lostAt, fmt.Sprintf("%d events lost after global_seq_num %d", next.dropped, next.from), next.dropped)
	case next.jump:
		s.lostAt = time.Now()
		s.begin(Gap, s.lostAt, fmt.Sprintf("global_seq_num went from %d to %d, too far to be a loss", next.from, number), 0)
	case !s.lostAt.IsZero() && time.Since(s.lostAt) >= s.opts.Timing.GapHold:
		s.lostAt = time.Time{}
		s.end(Gap)
	}
}

// judgeCanary takes an exec. Calls are held.
func (s *Source) judgeCanary(m *Message) {
	s.canary.heard()
	if !s.probe.is(m) {
		return
	}
	s.canary.seen()
	s.tally(func(st *Stats) { st.CanariesSeen++ })
	s.end(Blind)
	s.works()
}
