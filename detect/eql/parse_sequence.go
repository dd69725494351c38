package eql

import (
	"math"
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
func (p *parser) sequence() error {
	at := p.tok.at
	seq := &sequence{}
	if err := p.advance(); err != nil {
		return err
	}
	shared, err := p.keys()
	if err != nil {
		return err
	}
	if p.tok.is("with") {
		if seq.maxspan, err = p.maxspan(); err != nil {
			return err
		}
		if p.tok.is("by") {
			return FaultAt(p.tok.at, "by comes before with")
		}
	}
	for p.tok.is("[") || p.tok.is("!") {
		s, err := p.stage(shared)
		if err != nil {
			return err
		}
		seq.stages = append(seq.stages, s)
	}
	if len(seq.stages) == 0 {
		return p.unexpected("an event in brackets")
	}
	if p.tok.is("until") {
		if seq.until, err = p.until(shared); err != nil {
			return err
		}
	}
	if p.tok.kind != endOfText && !p.tok.is("|") {
		return p.unexpected("an event in brackets, until, or the end of the query")
	}
	p.q.seq = seq
	p.q.event = Event{Category: seq.category(), Where: &Literal{At(at), Bool(true)}, at: at}
	return seq.check(at)
}

// stage reads: [event] by fields with runs=n, perhaps after an exclamation mark.
func (p *parser) stage(shared []*Ref) (Stage, error) {
	s := Stage{Runs: 1}
	var err error
	if s.Missing, err = p.accept("!"); err != nil {
		return s, err
	}
	if err := p.expect("[", "to begin an event"); err != nil {
		return s, err
	}
	if s.Event, err = p.event(); err != nil {
		return s, err
	}
	if err := p.expect("]", "to close the event"); err != nil {
		return s, err
	}
	own, err := p.keys()
	if err != nil {
		return s, err
	}
	s.By = append(append(s.By, shared...), own...)
	if p.tok.is("with") {
		s.Runs, err = p.runs()
	}
	return s, err
}

// until reads the event that ends a sequence.
func (p *parser) until(shared []*Ref) (*Stage, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.is("!") {
		return nil, FaultAt(p.tok.at, "until takes an event that comes, not one that is missing")
	}
	s, err := p.stage(shared)
	if err == nil && s.Runs > 1 {
		err = FaultAt(s.Event.at, "until takes no runs")
	}
	return &s, err
}

// keys reads the fields after by, if it is there.
func (p *parser) keys() ([]*Ref, error) {
	ok, err := p.accept("by")
	if !ok || err != nil {
		return nil, err
	}
	var keys []*Ref
	for {
		at := p.tok.at
		x, err := p.field()
		if err != nil {
			return nil, err
		}
		key, ok := x.(*Ref)
		if !ok {
			return nil, FaultAt(at, "by takes fields, not a function")
		}
		if len(keys) == maxKeys {
			return nil, FaultAt(at, "more than %d join keys", maxKeys)
		}
		keys = append(keys, key)
		if more, err := p.accept(","); !more || err != nil {
			return keys, err
		}
	}
}

// maxspan reads: with maxspan=time.
func (p *parser) maxspan() (time.Duration, error) {
	if err := p.advance(); err != nil {
		return 0, err
	}
	if err := p.expect("maxspan", "after with"); err != nil {
		return 0, err
	}
	if !p.tok.is("=") {
		return 0, p.unexpected(`"=" after maxspan`)
	}
	d, err := p.lexer.timespan()
	if err != nil {
		return 0, err
	}
	return d, p.advance()
}

// runs reads: with runs=n.
func (p *parser) runs() (int, error) {
	if err := p.advance(); err != nil {
		return 0, err
	}
	if p.tok.is("maxspan") {
		return 0, FaultAt(p.tok.at, "maxspan goes before the first event of a sequence")
	}
	if err := p.expect("runs", "after with"); err != nil {
		return 0, err
	}
	if !p.tok.is("=") {
		return 0, p.unexpected(`"=" after runs`)
	}
	if err := p.advance(); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != number || err != nil || n < 1 || n > maxRuns {
		return 0, FaultAt(p.tok.at, "runs is a whole number from 1 to %d", maxRuns)
	}
	return n, p.advance()
}

// units are the units of time.
var units = []struct {
	name string
	unit time.Duration
}{{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}}

// timespan reads a whole number and a unit.
func (l *lexer) timespan() (time.Duration, error) {
	if err := l.skipSpace(); err != nil {
		return 0, err
	}
	at := l.pos
	n, err := strconv.ParseInt(l.take(digits(l.text[at:])), 10, 64)
	if err != nil || n == 0 {
		return 0, FaultAt(at, "a time is a whole number greater than 0 and a unit, as in 30s")
	}
	if err := l.skipSpace(); err != nil {
		return 0, err
	}
	rest := l.text[l.pos:]
	length := 0
	for length < len(rest) && (isNameStart(rest[length]) || isDigit(rest[length])) {
		length++
	}
	for _, u := range units {
		if u.name != rest[:length] {
			continue
		}
		if n > math.MaxInt64/int64(u.unit) {
			return 0, FaultAt(at, "a time of more than 292 years")
		}
		l.pos += length
		return time.Duration(n) * u.unit, nil
	}
	return 0, FaultAt(l.pos, "the unit of a time is ms, s, m, h or d, as in 30s")
}

// category returns the category that all events of a sequence have, or Any.
func (s *sequence) category() string {
	events := s.stages
	if s.until != nil {
		events = append(events[:len(events):len(events)], *s.until)
	}
	for i := range events {
		if events[i].any || events[i].Category != events[0].Category {
			return Any
		}
	}
	return events[0].Category
}

// check looks at what the events of a sequence have to have in common.
func (s *sequence) check(at int) error {
	events, present := 0, false
	want := len(s.stages[0].By)
	for i := range s.stages {
		stage := &s.stages[i]
		if len(stage.By) != want {
			return FaultAt(stage.Event.at, "this event has %s, the first one has %d", joinKeys(len(stage.By)), want)
		}
		events += stage.Runs
		present = present || !stage.Missing
		if stage.Missing && s.maxspan == 0 {
			return FaultAt(stage.Event.at, "an event can be missing only within a time: write with maxspan after sequence")
		}
	}
	switch {
	case s.until != nil && len(s.until.By) != want:
		return FaultAt(s.until.Event.at, "this event has %s, the first one has %d", joinKeys(len(s.until.By)), want)
	case events < 2:
		return FaultAt(at, "a sequence has two events or more")
	case events > maxStages:
		return FaultAt(at, "a sequence of more than %d events", maxStages)
	case !present:
		return FaultAt(at, "all events of the sequence are missing")
	}
	return nil
}

func joinKeys(n int) string {
	if n == 1 {
		return "1 join key"
	}
	return strconv.Itoa(n) + " join keys"
}

// pipes reads: | head n | tail n.
func (p *parser) pipes() error {
	for p.tok.is("|") {
		if err := p.advance(); err != nil {
			return err
		}
		name := p.tok
		if !name.is("head") && !name.is("tail") {
			return FaultAt(name.at, "unexpected %s: the pipes are head and tail", name.describe())
		}
		if err := p.advance(); err != nil {
			return err
		}
		if len(p.q.pipes) == maxNesting {
			return FaultAt(name.at, "more than %d pipes", maxNesting)
		}
		at := p.tok.at
		if p.tok.kind == endOfText || p.tok.is("|") {
			return FaultAt(at, "%s takes a number", name.text)
		}
		x, err := p.sum()
		if err != nil {
			return err
		}
		n, ok := constant(x)
		if !ok || n.kind != kInt || n.int() < 1 || n.int() > math.MaxInt32 {
			return FaultAt(at, "%s takes a whole number greater than 0", name.text)
		}
		p.q.pipes = append(p.q.pipes, Pipe{name.text == "tail", int(n.int())})
	}
	return nil
}
