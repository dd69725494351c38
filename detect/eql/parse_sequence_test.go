package eql

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseSequenceErrors(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"\n  sequence by x [any where true]", `2:3: a sequence has two events or more`},
		{`sequence`, `1:9: unexpected the end of the query, expected an event in brackets`},
		{`sequence by [any where true]`, `1:13: unexpected "[", expected the name of a field`},
		{`sequence [any where true] [any where true] with maxspan=1s`, `1:49: maxspan goes before the first event of a sequence`},
		{`sequence with maxspan=1s by a [any where true] [any where true]`, `1:26: by comes before with`},
		{`sequence with [any where true]`, `1:15: unexpected "[", expected "maxspan" after with`},
		{`sequence with maxspan [any where true]`, `1:23: unexpected "[", expected "=" after maxspan`},
		{`sequence with maxspan=1.5s [any where true]`, `1:24: the unit of a time is ms, s, m, h or d, as in 30s`},
		{`sequence with maxspan=5 [any where true]`, `1:25: the unit of a time is ms, s, m, h or d, as in 30s`},
		{`sequence with maxspan=5min [any where true]`, `1:24: the unit of a time is ms, s, m, h or d, as in 30s`},
		{`sequence with maxspan=0s [any where true]`, `1:23: a time is a whole number greater than 0 and a unit, as in 30s`},
		{`sequence with maxspan=-1s [any where true]`, `1:23: a time is a whole number greater than 0 and a unit, as in 30s`},
		{`sequence with maxspan=9999999d [any where true]`, `1:23: a time of more than 292 years`},
		{`sequence [any where true] any where true`, `1:27: unexpected "any", expected an event in brackets, until, or the end of the query`},
		{`sequence [any where true`, `1:25: unexpected the end of the query, expected "]" to close the event`},
		{`sequence [any where]`, `1:20: unexpected "]", expected a field or a value`},
		{`sequence [where true] [any where true]`, `1:11: unexpected "where", expected an event category`},
		{`sequence [any where true] by a [any where true]`, `1:33: this event has 0 join keys, the first one has 1`},
		{`sequence by a [any where true] [any where true] until [any where true] by b`, `1:56: this event has 2 join keys, the first one has 1`},
		{`sequence by length(a) [any where true] [any where true]`, `1:13: by takes fields, not a function`},
		{`sequence by a, [any where true]`, `1:16: unexpected "[", expected the name of a field`},
		{`sequence [any where true] with runs=0`, `1:37: runs is a whole number from 1 to 100`},
		{`sequence [any where true] with runs=101`, `1:37: runs is a whole number from 1 to 100`},
		{`sequence [any where true] with runs`, `1:36: unexpected the end of the query, expected "=" after runs`},
		{`sequence [any where true] with runs=1`, `1:1: a sequence has two events or more`},
		{`sequence [any where true] until [any where true]`, `1:1: a sequence has two events or more`},
		{`sequence [any where true] [any where true] until`, `1:49: unexpected the end of the query, expected "[" to begin an event`},
		{`sequence [any where true] [any where true] until ![any where true]`, `1:50: until takes an event that comes, not one that is missing`},
		{`sequence [any where true] [any where true] until [any where true] with runs=2`, `1:51: until takes no runs`},
		{`sequence [any where true] ![any where true]`, `1:29: an event can be missing only within a time: write with maxspan after sequence`},
		{`sequence with maxspan=1s ![any where true] ![any where true]`, `1:1: all events of the sequence are missing`},
		{`sequence` + strings.Repeat(` [any where true] with runs=100`, 3), `1:1: a sequence of more than 256 events`},
		{`sequence by ` + strings.Repeat("a,", 16) + `a [any where true]`, `1:45: more than 16 join keys`},
		{`sample by x [any where true]`, `1:1: samples are not supported: their events have no order; write a sequence`},
		{`join by x [any where true]`, `1:1: joins are not supported: their events have no order; write a sequence`},
		{`any where true | sort a`, `1:18: unexpected "sort": the pipes are head and tail`},
		{`any where true | head`, `1:22: head takes a number`},
		{`any where true | tail 0`, `1:23: tail takes a whole number greater than 0`},
		{`any where true | head -1`, `1:23: head takes a whole number greater than 0`},
		{`any where true | head 1.5`, `1:23: head takes a whole number greater than 0`},
		{`any where true | head a`, `1:23: head takes a whole number greater than 0`},
		{`any where true | head 5 6`, `1:25: unexpected the number 6, expected and, or, or the end of the query`},
		{`any where true` + strings.Repeat("| head 1", 300), `1:2065: more than 256 pipes`},
	} {
		_, err := Parse(c.query, nil)
		if err == nil || err.Error() != c.want {
			t.Errorf("%.70q:\n got %v\nwant %s", c.query, err, c.want)
		}
	}
}

func TestParseSequence(t *testing.T) {
	q, err := Parse("sequence by a, ?b.c with maxspan = 2 h // two hours\n [process where x == 1] by d with runs = 3\n"+
		" ![\"file\" where true] by ?e\n [process where length(y) == 1] by `f g`\nuntil [any where true] by h | head 2 | tail 1", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range q.events {
		fmt.Fprintf(&got, "%s %s %v %d by", s.Category, written(s.Where), s.Missing, s.Runs)
		for _, k := range s.By {
			fmt.Fprintf(&got, " %s:%v", k.Name, k.Optional)
		}
		got.WriteString("\n")
	}
	want := `process (x == 1) false 3 by a:false b.c:true d:false
file true true 1 by a:false b.c:true e:true
process (length(y) == 1) false 1 by a:false b.c:true f g:false
any true false 1 by a:false b.c:true h:false
`
	if got.String() != want {
		t.Errorf("got %s\nwant %s", got.String(), want)
	}
	if q.maxspan != 2*time.Hour || !q.IsSequence() || fmt.Sprint(q.pipes) != "[{false 2} {true 1}]" || strings.Join(q.Categories(), " ") != "process file process any" {
		t.Errorf("got maxspan %v, sequence %v, categories %v, pipes %v", q.maxspan, q.IsSequence(), q.Categories(), q.pipes)
	}
	if got, want := strings.Join(q.Fields(), " "), "a b.c d e f g h x y"; got != want {
		t.Errorf("fields: got %s, want %s", got, want)
	}
}

func TestEventQueryIsNoSequence(t *testing.T) {
	q, err := Parse(`process where true`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if q.IsSequence() || q.EndsMissing() {
		t.Errorf("got a sequence: %+v", q)
	}
	if _, err := CompileSequence(q, nil, anyField, SequenceOptions[record]{}); err == nil || err.Error() != "1:1: not a sequence" {
		t.Errorf("got %v, want 1:1: not a sequence", err)
	}
}

func TestMaxspanUnits(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "3s": 3 * time.Second, "1m": time.Minute, "15 m": 15 * time.Minute, "2h": 2 * time.Hour, "7d": 168 * time.Hour,
	} {
		q, err := Parse("sequence with maxspan="+text+"[any where true][any where true]", nil)
		if err != nil || q.maxspan != want {
			t.Errorf("%s: got %v (%v), want %v", text, q.maxspan, err, want)
		}
	}
}
