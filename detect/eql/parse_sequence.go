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
	seq := &sequence{}
	p.advance()
	shared := p.keys()
	if p.tok.is("with") {
		seq.maxspan = p.maxspan()
		if p.tok.is("by") {
			fail(p.tok.at, "by comes before with")
		}
	}
	for p.tok.is("[") || p.tok.is("!") {
		seq.stages = append(seq.stages, p.stage(shared))
	}
	if len(seq.stages) == 0 {
		p.unexpected("an event in brackets")
	}
	if p.tok.is("until") {
		seq.until = p.until(shared)
	}
	if p.tok.kind != endOfText && !p.tok.is("|") {
		p.unexpected("an event in brackets, until, or the end of the query")
	}
	p.q.seq = seq
	seq.check(at)
}

// stage reads: [event] by fields with runs=n, perhaps after an exclamation mark.
func (p *parser) stage(shared []*fieldRef) stage {
	s := stage{Runs: 1, Missing: p.accept("!")}
	p.expect("[", "to begin an event")
	s.event = p.event()
	p.expect("]", "to close the event")
	s.By = slices.Concat(shared, p.keys())
	if p.tok.is("with") {
		s.Runs = p.runs()
	}
	return s
}

// until reads the event that ends a sequence.
func (p *parser) until(shared []*fieldRef) *stage {
	p.advance()
	if p.tok.is("!") {
		fail(p.tok.at, "until takes an event that comes, not one that is missing")
	}
	s := p.stage(shared)
	if s.Runs > 1 {
		fail(s.event.at, "until takes no runs")
	}
	return &s
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

// maxspan reads: with maxspan=time.
func (p *parser) maxspan() time.Duration {
	p.advance()
	p.expect("maxspan", "after with")
	if !p.tok.is("=") {
		p.unexpected(`"=" after maxspan`)
	}
	d := p.lexer.timespan()
	p.advance()
	return d
}

// runs reads: with runs=n.
func (p *parser) runs() int {
	p.advance()
	if p.tok.is("maxspan") {
		fail(p.tok.at, "maxspan goes before the first event of a sequence")
	}
	p.expect("runs", "after with")
	if !p.tok.is("=") {
		p.unexpected(`"=" after runs`)
	}
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

// check looks at what the events of a sequence have to have in common.
func (s *sequence) check(at int) {
	events, present := 0, false
	want := len(s.stages[0].By)
	for i := range s.stages {
		stage := &s.stages[i]
		if len(stage.By) != want {
			fail(stage.event.at, "this event has %s, the first one has %d", joinKeys(len(stage.By)), want)
		}
		events += stage.Runs
		present = present || !stage.Missing
		if stage.Missing && s.maxspan == 0 {
			fail(stage.event.at, "an event can be missing only within a time: write with maxspan after sequence")
		}
	}
	switch {
	case s.until != nil && len(s.until.By) != want:
		fail(s.until.event.at, "this event has %s, the first one has %d", joinKeys(len(s.until.By)), want)
	case events < 2:
		fail(at, "a sequence has two events or more")
	case events > maxStages:
		fail(at, "a sequence of more than %d events", maxStages)
	case !present:
		fail(at, "all events of the sequence are missing")
	}
}

func joinKeys(n int) string {
	if n == 1 {
		return "1 join key"
	}
	return strconv.Itoa(n) + " join keys"
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
