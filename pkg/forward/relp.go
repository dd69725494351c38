package forward

import (
	"context"
	"fmt"
	"slices"
)

// A receiver says 500 of a message that it has not taken, and not whether it ever will. So
// a message is sent again until the receiver has shown that it is this one: it took others
// since, or refused this one over hours of growing waits.
const (
	rejectsBesideOthers = 3
	rejectsAlone        = 20
	maxRejects          = 1024 // messages of which refusals are remembered
)

// rejects counts how often one message was refused.
type rejects struct {
	times int
	taken uint64 // messages that the receiver had taken before the first time
}

// relpSender sends syslog messages in RELP, over TLS. A message is delivered when its own
// answer says so; what was not answered when a connection ended is sent again. An
// acknowledged message is one that the receiver has taken, not yet one that it has
// written down: its configuration decides that.
type relpSender struct {
	*dialer
	format    messageFormat
	session   *relpSession // nil without one
	last      int          // transaction before the first session's, for the tests of its wrap
	message   []byte       // scratch
	taken     uint64
	rejects   map[uint64]rejects // by Item.Sequence
	delivered func(Item)         // is called for each item that is delivered
}

func newRELPSender(c *Config) *relpSender {
	return &relpSender{dialer: newDialer(c), format: newMessageFormat(c.Host), rejects: map[uint64]rejects{}, delivered: func(Item) {}}
}

// Each implements Gradual.
func (s *relpSender) Each(delivered func(Item)) { s.delivered = delivered }

// Close implements Sender.
func (s *relpSender) Close() error {
	if s.session != nil {
		s.session.endSession()
		s.session = nil
	}
	return nil
}

// Send implements Sender. A session that turns out to have ended since the last batch is
// replaced once: that a receiver was restarted is not a failure.
func (s *relpSender) Send(ctx context.Context, items []Item) Result {
	r, unfit := s.c.refuseUnfit(items)
	if unfit || len(items) == 0 {
		return r
	}
	b := &relpBatch{s: s, items: items, r: r}
	for i := range items {
		b.unsent = append(b.unsent, i)
	}
	for {
		fresh, fault := s.ensureSession(ctx)
		if fault == nil {
			if fault = b.sendUnanswered(ctx); fault == nil {
				return b.r
			}
			s.dropSession()
		}
		if fresh || ctx.Err() != nil {
			b.r.Err = fault
			return b.r
		}
	}
}

// ensureSession sees to it that there is a session, and says whether it is a new one.
func (s *relpSender) ensureSession(ctx context.Context) (fresh bool, fault *Error) {
	if s.session != nil {
		if s.files.refresh() == nil && s.files.tls == s.session.made {
			return false, nil
		}
		s.dropSession()
	}
	s.session, fault = openRELP(ctx, s.dialer, s.last)
	return true, fault
}

// dropSession ends the session at once.
func (s *relpSender) dropSession() {
	if s.session != nil {
		s.session.closeNow()
		s.session = nil
	}
}

// relpBatch is the items of one Send.
type relpBatch struct {
	s       *relpSender
	items   []Item
	r       Result
	unsent  []int       // places of items that are to be sent
	waiting map[int]int // places of items that were sent, by their transactions
}

// sendUnanswered sends what was not answered yet on the session at hand, a window at a time.
func (b *relpBatch) sendUnanswered(ctx context.Context) *Error {
	session := b.s.session
	defer session.endWith(ctx)()
	b.waiting = make(map[int]int, relpWindow)
	var err error
	for err == nil && len(b.unsent) > 0 {
		err = b.sendWindow(session)
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	fault := session.sessionError(b.s.c, err)
	longest := 0
	for _, i := range b.waiting {
		longest = max(longest, len(b.items[i].Document))
		b.unsent = append(b.unsent, i)
	}
	slices.Sort(b.unsent)
	fault.Text += fmt.Sprintf(" (%d messages without an answer, the longest with a document of %d bytes)", len(b.waiting), longest)
	return fault
}

// sendWindow sends as many messages as may be unanswered, and reads their answers.
func (b *relpBatch) sendWindow(session *relpSession) error {
	for _, i := range b.unsent[:min(len(b.unsent), relpWindow)] {
		b.s.message = b.s.format.appendMessage(b.s.message[:0], &b.items[i])
		b.waiting[session.writeCommand("syslog", b.s.message)] = i
	}
	b.unsent = b.unsent[len(b.waiting):]
	if cap(b.s.message) > keepBuffer {
		b.s.message = nil
	}
	if err := session.flush(); err != nil {
		return session.lastError(err, func() error { return b.readAnswer(session) })
	}
	for len(b.waiting) > 0 {
		if err := b.readAnswer(session); err != nil {
			return err
		}
	}
	return nil
}

// readAnswer reads one answer.
func (b *relpBatch) readAnswer(session *relpSession) error {
	a, err := session.readAnswer()
	if err != nil {
		return err
	}
	i, ok := b.waiting[a.transaction]
	if !ok {
		return badRELP("answers transaction %d, which is not open", a.transaction)
	}
	delete(b.waiting, a.transaction)
	if a.code != relpOK {
		b.countReject(i, fmt.Sprintf("%d %s", a.code, quoteText(a.text)))
		return nil
	}
	b.r.Outcomes[i] = Delivered
	b.s.taken++
	delete(b.s.rejects, b.items[i].Sequence)
	b.s.delivered(b.items[i])
	return nil
}

// countReject decides about an item that the receiver has not taken: in this batch it is not
// sent again.
func (b *relpBatch) countReject(i int, answer string) {
	s, sequence := b.s, b.items[i].Sequence
	n, known := s.rejects[sequence]
	if !known {
		n.taken = s.taken
		if len(s.rejects) >= maxRejects {
			clear(s.rejects)
		}
	}
	n.times++
	s.rejects[sequence] = n
	if n.times >= rejectsAlone || n.times >= rejectsBesideOthers && s.taken > n.taken {
		delete(s.rejects, sequence)
		b.r.refuseItem(i, s.c.newError(KindRefused, nil, fmt.Sprintf("answered %s, %d times", answer, n.times)))
		return
	}
	b.r.Err = s.c.answerError(KindBusy, answer)
}
