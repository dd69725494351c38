package process

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// model is a table that looks at everything each time: slow, and plain to see right.
type model struct {
	limits  Limits
	all     map[event.Key]*modelled
	stamp   int
	evicted uint64
	inUse   uint64
}

type modelled struct {
	event.Process
	cost  int
	ended bool
	on    string // live, held, dead
	since int    // it is
}

func (m *model) place(p *modelled) {
	on := "live"
	if p.ended {
		on = "dead"
		if m.children(p.Key()) > 0 {
			on = "held"
		}
	}
	if on != p.on {
		m.stamp++
		p.on, p.since = on, m.stamp
	}
}

func (m *model) children(k event.Key) int {
	n := 0
	for key, p := range m.all {
		if p.Parent == k && key != k && k != (event.Key{}) {
			n++
		}
	}
	return n
}

// queue returns who is somewhere, the longest first.
func (m *model) queue(on string) []*modelled {
	var out []*modelled
	for _, p := range m.all {
		if p.on == on {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *modelled) int { return a.since - b.since })
	return out
}

func (m *model) bytes() int {
	n := 0
	for _, p := range m.all {
		n += p.cost
	}
	return n
}

func (m *model) drop(p *modelled) {
	delete(m.all, p.Key())
	if parent := m.all[p.Parent]; parent != nil {
		m.place(parent)
	}
}

func (m *model) end(p *modelled) {
	if p.ended {
		return
	}
	p.ended = true
	m.place(p)
	if p.on == "dead" {
		m.trim()
	}
}

func (m *model) trim() {
	for q := m.queue("dead"); len(q) > m.limits.Dead; q = m.queue("dead") {
		m.drop(q[0])
	}
}

func (m *model) put(p event.Process) {
	if old := m.all[p.Key()]; old != nil {
		m.drop(old)
	}
	for _, old := range m.queue("live") {
		if old.Token.PID == p.Token.PID {
			m.end(old)
		}
	}
	e := &modelled{Process: p, cost: cost(&p)}
	m.all[p.Key()] = e
	m.place(e)
	if parent := m.all[p.Parent]; parent != nil {
		m.place(parent)
	}
	m.trim()
	for len(m.all) > m.limits.Entries || m.bytes() > m.limits.Bytes {
		q := slices.Concat(m.queue("dead"), m.queue("held"), m.queue("live"))
		if q[0] == e {
			break
		}
		if len(m.queue("dead")) == 0 {
			m.inUse++
		}
		m.drop(q[0])
		m.evicted++
	}
}

// follow does what a message says, given what the table made of it.
func (m *model) follow(msg *eslogger.Message, t *Table, got *event.Event) {
	switch msg.Kind {
	case event.Fork:
		if p := msg.Process; p.HasToken && m.all[p.Token.Key()] == nil {
			m.put(t.process(&p))
		}
		m.put(*got.Process)
	case event.ExecKind:
		p := *got.Process
		p.Exec = t.recent.users[p.User()].commands[len(t.recent.users[p.User()].commands)-1].Exec // as much as is kept
		m.put(p)
	case event.Exit:
		k := msg.Process.Token.Key()
		if m.all[k] == nil {
			m.put(*got.Process)
		}
		m.end(m.all[k])
	}
}

// differs says in what a table is not as its model.
func (m *model) differs(t *Table) error {
	for name, l := range map[string]*list{"live": &t.live, "held": &t.held, "dead": &t.dead} {
		var got, want []string
		for e := l.first; e != nil; e = e.next {
			got = append(got, fmt.Sprint(e.Key()))
		}
		for _, p := range m.queue(name) {
			want = append(want, fmt.Sprint(p.Key()))
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s: got %s, want %s", name, strings.Join(got, " "), strings.Join(want, " "))
		}
	}
	if t.bytes != m.bytes() || t.evicted != m.evicted || t.inUse != m.inUse {
		return fmt.Errorf("got %d bytes, %d evicted, %d in use; want %d, %d, %d", t.bytes, t.evicted, t.inUse, m.bytes(), m.evicted, m.inUse)
	}
	return nil
}

// source makes messages of random numbers: few pids, few versions, all that is odd.
type source func(n int) int

func (s source) key() event.Key { return key(int32(s(6)), uint32(s(4))) }

func (s source) proc() eslogger.Process {
	p := proc(s.key(), s.key(), "/bin/"+strings.Repeat("x", s(40)))
	p.HasToken = s(20) > 0
	p.Token.AUID = uint32(s(3))
	return p
}

func (s source) message() eslogger.Message {
	m := eslogger.Message{Kind: event.Kind(s(5)), Process: s.proc(), Target: s.proc()}
	if s(2) == 0 { // as the kernel has it
		m.Target.Parent = m.Process.Token
	}
	for range s(4) {
		m.Args = append(m.Args, long(s(9), 8+s(3)*keptBytes/2))
	}
	return m
}

// TestModel holds a table against its model over random streams.
func TestModel(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := source(r.IntN)
		limits := Limits{Entries: 1 + s(20), Bytes: 1 << (8 + s(12)), Dead: 1 + s(5)}
		table, m := New(limits), &model{limits: limits, all: map[event.Key]*modelled{}}
		for i := range 400 {
			msg := s.message()
			ev := table.Apply(&msg)
			if ev != nil {
				m.follow(&msg, table, ev)
			}
			err := table.check()
			if err == nil {
				err = m.differs(table)
			}
			if err != nil {
				t.Fatalf("seed %d, %+v, after message %d (%v of %v → %v): %v", seed, limits, i, msg.Kind, msg.Process.Token.Key(), msg.Target.Token.Key(), err)
			}
		}
	}
}

// FuzzTable sends any sequence of messages: the table stays consistent and within its
// bounds, and nothing that it handed out changes.
func FuzzTable(f *testing.F) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 2))
		b := make([]byte, 600)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := source(func(n int) int {
			if len(b) == 0 {
				return 0
			}
			v := int(b[0]) % n
			b = b[1:]
			return v
		})
		table := New(Limits{Entries: 1 + s(12), Bytes: 1 << (8 + s(12)), Dead: 1 + s(5)})
		given := map[*event.Process]event.Process{}
		for i := 0; len(b) > 0 && i < 2000; i++ {
			msg := s.message()
			if ev := table.Apply(&msg); ev != nil {
				given[ev.Process] = *ev.Process
				if n := len(table.Ancestors(ev.Process)); n > maxAncestors {
					t.Fatalf("message %d: %d ancestors", i, n)
				}
			}
			if err := table.check(); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		for p, was := range given {
			if *p != was {
				t.Fatalf("%v changed after it was handed out: %+v, was %+v", was.Key(), *p, was)
			}
		}
	})
}
