package judge

import (
	"sync"

	"hooksnare/pkg/alert"
)

// outbox is what was judged and not handed on yet, in order. The lock of the pipeline
// guards it.
type outbox struct {
	list  []outgoing
	group *outgoing // takes what is added, nil at most times
	busy  bool      // somebody hands on
	room  sync.Cond
}

// outgoing are documents that go together.
type outgoing struct {
	alerts []*alert.Alert
	record func(lines [][]byte) // is called before they go, and may wait for a disk; nil for none
	then   func()               // is called when they are gone; nil for none
}

func (o *outbox) isEmpty() bool { return len(o.list) == 0 }

func (o *outbox) addDocument(a *alert.Alert) {
	if o.group != nil {
		o.group.alerts = append(o.group.alerts, a)
		return
	}
	o.list = append(o.list, outgoing{alerts: []*alert.Alert{a}})
}

// beginGroup collects what is added until the returned function is called with what must
// happen before it goes, and what then. It returns whether there is anything to go.
func (o *outbox) beginGroup() (end func(record func(lines [][]byte), then func()) bool) {
	before := o.group
	g := &outgoing{}
	o.group = g
	return func(record func(lines [][]byte), then func()) bool {
		o.group = before
		if len(g.alerts) == 0 {
			return false
		}
		g.record, g.then = record, then
		o.list = append(o.list, *g)
		return true
	}
}

// flushOutbox hands on what is in the outbox, in order. Whoever may not wait leaves what has to be
// recorded first to whoever put it there, and what comes after that.
func (p *Judge) flushOutbox(mayWait bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := &p.outbox
	for o.busy && mayWait {
		o.room.Wait()
	}
	for !o.busy && len(o.list) > 0 && (mayWait || o.list[0].record == nil) {
		next := o.list[0]
		o.list[0] = outgoing{}
		if o.list = o.list[1:]; len(o.list) == 0 {
			o.list = nil
		}
		o.busy = true
		p.mu.Unlock()
		lines := make([][]byte, len(next.alerts))
		for i, a := range next.alerts {
			lines[i], _ = a.Line() // see Options.Emit
		}
		if next.record != nil {
			next.record(lines)
		}
		for i, a := range next.alerts {
			p.emit(a, lines[i])
		}
		if next.then != nil {
			next.then()
		}
		p.mu.Lock()
		o.busy = false
		o.room.Broadcast()
	}
}
