package eql

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Bounds of a sequence.
const (
	maxStages = 256 // with those that runs repeat
	maxRuns   = 100
	maxKeys   = 16 // join keys of one event
)

// sequence reads: sequence by fields with maxspan=time [event] ... until [event].
func (p *parser) sequence() {
	at := p.tok.at
	p.q.sequence = true
	p.advance()
	shared := p.keys()
	if p.tok.is("with") {
		p.with("maxspan")
		p.q.maxspan = p.lexer.timespan()
		p.advance()
		if p.tok.is("by") {
			fail(p.tok.at, "by comes before with")
		}
	}
	for p.tok.is("[") || p.tok.is("!") {
		p.q.events = append(p.q.events, p.stage(shared))
	}
	if len(p.q.events) == 0 {
		p.unexpected("an event in brackets")
	}
	if p.accept("until") {
		if p.tok.is("!") {
			fail(p.tok.at, "until takes an event that comes, not one that is missing")
		}
		until := p.stage(shared)
		if until.Until = true; until.Runs > 1 {
			fail(until.at, "until takes no runs")
		}
		p.q.events = append(p.q.events, until)
	}
	if p.tok.kind != endOfText && !p.tok.is("|") {
		p.unexpected("an event in brackets, until, or the end of the query")
	}
	p.q.checkSequence(at)
}

// stage reads: [event] by fields with runs=n, perhaps after an exclamation mark.
func (p *parser) stage(shared []*fieldRef) event {
	missing := p.accept("!")
	p.expect("[", "to begin an event")
	e := p.event()
	p.expect("]", "to close the event")
	e.Missing, e.By, e.Runs = missing, slices.Concat(shared, p.keys()), 1
	if p.tok.is("with") {
		p.with("runs")
		e.Runs = p.runs()
	}
	return e
}

// keys reads the fields after by, if it is there.
func (p *parser) keys() []*fieldRef {
	var keys []*fieldRef
	for more := p.accept("by"); more; more = p.accept(",") {
		at := p.tok.at
		key, ok := p.field().(*fieldRef)
		if !ok {
			fail(at, "by takes fields, not a function")
		}
		if len(keys) == maxKeys {
			fail(at, "more than %d join keys", maxKeys)
		}
		keys = append(keys, key)
	}
	return keys
}

// with reads: with name=, of which it is known that with is there.
func (p *parser) with(name string) {
	p.advance()
	if name == "runs" && p.tok.is("maxspan") {
		fail(p.tok.at, "maxspan goes before the first event of a sequence")
	}
	p.expect(name, "after with")
	if !p.tok.is("=") {
		p.unexpected(`"=" after ` + name)
	}
}

// runs reads a number of events.
func (p *parser) runs() int {
	p.advance()
	n, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != number || err != nil || n < 1 || n > maxRuns {
		fail(p.tok.at, "runs is a whole number from 1 to %d", maxRuns)
	}
	p.advance()
	return n
}

// units are the units of time.
var units = map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

var timeForm = regexp.MustCompile(`^([0-9]*)([ \t\r\n\f]*)([A-Za-z0-9_@]*)`)

// timespan reads a whole number and a unit.
func (l *lexer) timespan() time.Duration {
	l.skipSpace()
	at := l.pos
	m := l.match(timeForm)
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || n == 0 {
		fail(at, "a time is a whole number greater than 0 and a unit, as in 30s")
	}
	unit, ok := units[m[3]]
	switch {
	case !ok:
		fail(at+len(m[1])+len(m[2]), "the unit of a time is ms, s, m, h or d, as in 30s")
	case n > math.MaxInt64/int64(unit):
		fail(at, "a time of more than 292 years")
	}
	return time.Duration(n) * unit
}

// checkSequence looks at what the events of a sequence have to have in common.
func (q *Query) checkSequence(at int) {
	events, present := 0, false
	want := len(q.events[0].By)
	for i := range q.events {
		e := &q.events[i]
		if n := len(e.By); n != want {
			keys := "join keys"
			if n == 1 {
				keys = "join key"
			}
			fail(e.at, "this event has %d %s, the first one has %d", n, keys, want)
		}
		e.checkKeys(&q.events[0])
		if e.Missing && q.maxspan == 0 {
			fail(e.at, "an event can be missing only within a time: write with maxspan after sequence")
		}
		if !e.Until {
			events += e.Runs
			present = present || !e.Missing
		}
	}
	switch {
	case events < 2:
		fail(at, "a sequence has two events or more")
	case events > maxStages:
		fail(at, "a sequence of more than %d events", maxStages)
	case !present:
		fail(at, "all events of the sequence are missing")
	}
}

// checkKeys fails if a join key can't have the value that the one of the first event has.
func (e *event) checkKeys(first *event) {
	for i, key := range e.By {
		if other := first.By[i]; !mayEqual(key.Kind, other.Kind) {
			fail(key.at(), "the join key %s never equals %s of the first event", describe(key), describe(other))
		}
	}
}

// pipes reads: | head n | tail n.
func (p *parser) pipes() {
	for p.tok.is("|") {
		p.advance()
		name := p.tok
		if !name.is("head") && !name.is("tail") {
			fail(name.at, "unexpected %s: the pipes are head and tail", name.describe())
		}
		p.advance()
		if len(p.q.pipes) == maxNesting {
			fail(name.at, "more than %d pipes", maxNesting)
		}
		at := p.tok.at
		if p.tok.kind == endOfText || p.tok.is("|") {
			fail(at, "%s takes a number", name.text)
		}
		n, ok := constant(p.sum())
		if !ok || n.kind != kInt || n.int() < 1 || n.int() > math.MaxInt32 {
			fail(at, "%s takes a whole number greater than 0", name.text)
		}
		p.q.pipes = append(p.q.pipes, pipe{name.text == "tail", int(n.int())})
	}
}
