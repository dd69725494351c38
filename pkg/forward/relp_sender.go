package forward

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
// written down: that is for its configuration to see to.
type relpSender struct {
	c       *Config
	dialer  *tlsDialer
	format  messageFormat
	session *relpSession
	last    int    // transaction of the last session, for the tests of its wrap
	message []byte // scratch
	taken   uint64
	rejects map[uint64]rejects // by Item.Sequence
	each    func(Item)         // is told of each item that is delivered
}

// newRELP returns the sender of type relp.
func (c *Config) newRELP() Sender {
	return &relpSender{c: c, dialer: c.newTLSDialer(), format: newMessageFormat(c.Host), rejects: map[uint64]rejects{}, each: func(Item) {}}
}

// Changed implements Watcher.
func (s *relpSender) Changed() bool { return s.dialer.files.changed() }

// Each implements Gradual.
func (s *relpSender) Each(delivered func(Item)) { s.each = delivered }

// Close implements Sender.
func (s *relpSender) Close() error {
	if s.session != nil {
		s.session.close()
		s.session = nil
	}
	return nil
}

// Send implements Sender. A session that turns out to have ended since the last batch is
// replaced once: a receiver that was restarted is no trouble.
func (s *relpSender) Send(ctx context.Context, items []Item) Result {
	b := &relpBatch{s: s, items: items, r: Result{Outcomes: make([]Outcome, len(items))}, asked: make([]bool, len(items))}
	for {
		fresh, fault := s.connect(ctx)
		if fault != nil {
			b.r.Err = fault
			return b.r
		}
		fault = b.deliver(ctx)
		if fault == nil {
			return b.r
		}
		s.drop()
		if fresh || ctx.Err() != nil {
			b.r.Err = fault
			return b.r
		}
	}
}

// connect sees to it that there is a session, and says whether it is a new one.
func (s *relpSender) connect(ctx context.Context) (bool, *Error) {
	if s.session != nil {
		made, fault := s.dialer.files.config()
		if fault == nil && made == s.session.made && s.session.usable() {
			return false, nil
		}
		s.drop()
	}
	var fault *Error
	s.session, fault = openRELP(ctx, s.c, s.dialer, s.last)
	return true, fault
}

// drop ends the session at once.
func (s *relpSender) drop() {
	if s.session != nil {
		s.session.drop()
		s.session = nil
	}
}

// relpBatch is the items of one Send.
type relpBatch struct {
	s       *relpSender
	items   []Item
	r       Result
	asked   []bool      // the receiver has answered, or was not asked to
	waiting map[int]int // items by their transactions
}

// deliver sends what was not answered yet, on the session at hand.
func (b *relpBatch) deliver(ctx context.Context) *Error {
	session := b.s.session
	defer session.endWith(ctx)()
	b.waiting = make(map[int]int, relpWindow)
	err := b.write(session)
	for err == nil && len(b.waiting) > 0 {
		err = b.take(session)
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, errRELP) { // what is wrong once is not believed again
		err = b.rest(session, err)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	fault := session.fault(b.s.c, err)
	longest := 0
	for _, i := range b.waiting {
		longest = max(longest, len(b.items[i].Document))
	}
	fault.Text += fmt.Sprintf(" (%d messages without an answer, the longest with a document of %d bytes)", len(b.waiting), longest)
	return fault
}

// rest takes what was answered before the session ended by err. What the receiver said
// last tells more than a failed write: it is returned in its place.
func (b *relpBatch) rest(session *relpSession, err error) error {
	session.timeout = lastWords
	for {
		if said := b.take(session); errors.Is(said, errNoAnswer) {
			return err
		} else if said != nil {
			return said
		}
	}
}

// write sends the messages, as many at a time as the window allows.
func (b *relpBatch) write(session *relpSession) error {
	for i := range b.items {
		if b.asked[i] {
			continue
		}
		message, err := b.s.format.append(b.s.message[:0], &b.items[i])
		b.s.message = message
		if err != nil {
			b.refuse(i, KindRefused, "not sent: "+err.Error())
			continue
		}
		for len(b.waiting) >= relpWindow {
			if err := session.flush(); err != nil {
				return err
			}
			if err := b.take(session); err != nil {
				return err
			}
		}
		transaction, err := session.command("syslog", message)
		if err != nil {
			return err
		}
		b.waiting[transaction] = i
	}
	if cap(b.s.message) > keepBuffer {
		b.s.message = nil
	}
	return session.flush()
}

// take takes one answer.
func (b *relpBatch) take(session *relpSession) error {
	a, err := session.next()
	if err != nil {
		return err
	}
	i, ok := b.waiting[a.transaction]
	if !ok {
		return badRELP("answers transaction %d, which is not open", a.transaction)
	}
	delete(b.waiting, a.transaction)
	if a.code == relpOK {
		b.asked[i], b.r.Outcomes[i] = true, Delivered
		b.s.taken++
		delete(b.s.rejects, b.items[i].Sequence)
		b.s.each(b.items[i])
		return nil
	}
	b.rejected(i, &a)
	return nil
}

// rejected decides about an item that the receiver has not taken.
func (b *relpBatch) rejected(i int, a *relpAnswer) {
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
	why := "answered " + strconv.Itoa(a.code) + " " + quote(a.text)
	if n.times >= rejectsAlone || n.times >= rejectsBesideOthers && s.taken > n.taken {
		delete(s.rejects, sequence)
		b.refuse(i, KindRefused, fmt.Sprintf("%s, %d times", why, n.times))
		return
	}
	b.asked[i] = true // in this batch: it stays Retry
	b.r.Err = s.c.fail(KindBusy, errNotTaken, why)
}

var errNotTaken = errors.New("message not taken")

// refuse gives an item up.
func (b *relpBatch) refuse(i int, kind Kind, why string) {
	b.asked[i], b.r.Outcomes[i] = true, Refused
	b.r.Reasons = setReason(b.r.Reasons, len(b.items), i, why)
	if b.r.Err == nil {
		b.r.Err = b.s.c.fail(kind, nil, why)
	}
}
