package eslogger

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/event"
)

func TestBackoff(t *testing.T) {
	tests := []struct {
		name     string
		min, max time.Duration
		random   float64
		want     []time.Duration
	}{
		{"the defaults, least", time.Second, 60 * time.Second, 0, seconds(1, 2, 4, 8, 16, 32, 40, 40)},
		{"the defaults, half", time.Second, 60 * time.Second, 0.5, seconds(1.25, 2.5, 5, 10, 20, 40, 50)},
		{"the defaults, most", time.Second, 60 * time.Second, math.Nextafter(1, 0), seconds(1.5, 3, 6, 12, 24, 48, 60)},
		{"no room", time.Second, time.Second, 0.9, seconds(1, 1, 1)},
		{"little room", 10 * time.Second, 11 * time.Second, 0.9, seconds(11, 11, 11)},
	}
	for _, tt := range tests {
		b := backoff{min: tt.min, max: tt.max}
		for range 2 {
			var got []time.Duration
			for range tt.want {
				got = append(got, b.next(tt.random).Round(time.Millisecond))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
			}
			b.reset()
		}
	}
}

func seconds(list ...float64) []time.Duration {
	var out []time.Duration
	for _, s := range list {
		out = append(out, time.Duration(s*float64(time.Second)))
	}
	return out
}

func TestSequence(t *testing.T) {
	const top = math.MaxUint64
	tests := []struct {
		name    string
		numbers []uint64
		want    []step
	}{
		{"whole", []uint64{0, 1, 2}, []step{{stream: true}, {}, {from: 1}}},
		{"begins late", []uint64{4150, 4151}, []step{{stream: true}, {from: 4150}}},
		{"a loss", []uint64{5, 7, 10}, []step{{stream: true}, {from: 5, dropped: 1}, {from: 7, dropped: 2}}},
		{"a step back", []uint64{5, 0, 1}, []step{{stream: true}, {from: 5, stream: true}, {}}},
		{"no step", []uint64{5, 5, 6}, []step{{stream: true}, {from: 5, stream: true}, {from: 5}}},
		{"the largest loss", []uint64{0, maxDrop + 1}, []step{{stream: true}, {dropped: maxDrop}}},
		{"more than that", []uint64{0, maxDrop + 2}, []step{{stream: true}, {jump: true}}},
		{"the ends", []uint64{0, top, 0, top - 1, top}, []step{{stream: true}, {jump: true}, {from: top, stream: true}, {jump: true}, {from: top - 1}}},
	}
	for _, tt := range tests {
		var q sequence
		var got []step
		for _, n := range tt.numbers {
			got = append(got, q.next(n))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s %d: got %+v, want %+v", tt.name, tt.numbers, got, tt.want)
		}
	}
}

func FuzzSequence(f *testing.F) {
	f.Add(uint64(0), uint64(1), uint64(3))
	f.Add(uint64(math.MaxUint64), uint64(0), uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, a, b, c uint64) {
		var q sequence
		var total uint64
		for _, n := range []uint64{a, b, c} {
			st := q.next(n)
			if st.dropped > maxDrop || st.stream && (st.dropped > 0 || st.jump) || st.jump && st.dropped > 0 {
				t.Fatalf("%d of %d, %d, %d: got %+v", n, a, b, c, st)
			}
			total += st.dropped
		}
		if total > 2*maxDrop {
			t.Fatalf("%d, %d, %d: got %d dropped", a, b, c, total)
		}
	})
}

func TestBoard(t *testing.T) {
	var b conditionSet
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, was := b.turnOff(Gap, t0); was {
		t.Error("the end of what never began: got true, want false")
	}
	if st, fresh := b.turnOn(Gap, t0, "one", 1); !fresh || !st.On || st.Count != 1 || !st.Since.Equal(t0) {
		t.Errorf("begin: got %+v, %v", st, fresh)
	}
	if st, fresh := b.turnOn(Gap, t0.Add(time.Hour), "two", math.MaxUint64); fresh || st.Count != math.MaxUint64 || !st.Since.Equal(t0) || st.Detail != "two" {
		t.Errorf("begin again: got %+v, %v, want the first begin, the second detail, and no overflow", st, fresh)
	}
	b.turnOn(Blind, t0.Add(-time.Minute), "", 0)
	b.turnOn(Exited, t0, "", 0)
	var got []Condition
	for _, st := range b.list() {
		got = append(got, st.Name)
	}
	if want := []Condition{Blind, Exited, Gap}; !slices.Equal(got, want) {
		t.Errorf("list: got %v, want %v, the oldest first", got, want)
	}
	if st, was := b.turnOff(Gap, t0.Add(time.Second)); !was || st.On || !st.Until.Equal(t0.Add(time.Second)) || st.Detail != "two" {
		t.Errorf("end: got %+v, %v", st, was)
	}
	if _, fresh := b.turnOn(Gap, t0, "", 0); !fresh {
		t.Error("begin after an end: got false, want true")
	}
}

func TestShape(t *testing.T) {
	// A line of the script is: u usual, x not; the number is how often.
	type part struct {
		line byte
		n    int
	}
	tests := []struct {
		name   string
		script []part
		want   string // + begins, - ends
	}{
		{"usual", []part{{'u', 1000}}, ""},
		{"two accidents", []part{{'x', 2}, {'u', 256}, {'x', 2}, {'u', 256}}, ""},
		{"three close to each other", []part{{'x', 1}, {'u', 255}, {'x', 1}, {'u', 255}, {'x', 1}}, "+"},
		{"a new shape", []part{{'u', 500}, {'x', 10000}}, "+"},
		{"there and back", []part{{'x', 10000}, {'u', 255}}, "+"},
		{"there, back and there again", []part{{'x', 3}, {'u', 256}, {'x', 2}, {'u', 9}, {'x', 1}, {'u', 256}}, "+-+-"},
	}
	for _, tt := range tests {
		var s shapeJudge
		var got strings.Builder
		for _, p := range tt.script {
			for range p.n {
				begins, ends := s.noteLine(p.line == 'u')
				if begins {
					got.WriteByte('+')
				}
				if ends {
					got.WriteByte('-')
				}
			}
		}
		if got.String() != tt.want {
			t.Errorf("%s %v: got %q, want %q", tt.name, tt.script, got.String(), tt.want)
		}
	}
}

func TestUsual(t *testing.T) {
	has := Process{Present: true, HasToken: true, Executable: []byte("/bin/ls")}
	whole := Message{Kind: event.ExecKind, EventName: []byte("exec"), HasGlobal: true, Schema: 1, Process: has, Target: has}
	tests := []struct {
		name   string
		change func(*Message)
		want   string // in what is not usual; "" is usual
	}{
		{"exec", func(m *Message) {}, ""},
		{"fork", func(m *Message) { m.Kind, m.EventName, m.Target.Executable = event.Fork, []byte("fork"), nil }, ""},
		{"exit", func(m *Message) { m.Kind, m.EventName, m.Target = event.Exit, []byte("exit"), Process{} }, ""},
		{"another event", func(m *Message) { *m = Message{EventName: []byte("open"), HasGlobal: true} }, ""},
		{"no schema", func(m *Message) { m.Schema = 0 }, ""},
		{"a message version of the future", func(m *Message) { m.Version = 99 }, ""},
		{"odd", func(m *Message) { m.Odd = 2 }, "2 members of exec"},
		{"a new schema", func(m *Message) { m.Schema = 2 }, "schema version 2 of exec, known is 1"},
		{"no event", func(m *Message) { m.EventName = nil }, "no event"},
		{"no number", func(m *Message) { m.HasGlobal = false }, "exec has no global_seq_num"},
		{"no token", func(m *Message) { m.Process.HasToken = false }, "exec lacks"},
		{"exec without a target's token", func(m *Message) { m.Target.HasToken = false }, "exec lacks"},
		{"exec without an executable", func(m *Message) { m.Target.Executable = nil }, "exec lacks"},
		{"fork without a child", func(m *Message) { m.Kind, m.Target = event.Fork, Process{} }, "lacks"},
		{"a hostile name", func(m *Message) { m.EventName, m.Odd = []byte("\n\x1b[2J"+strings.Repeat("x", 99)), 1 }, `of \n\x1b[2Jx`},
	}
	for _, tt := range tests {
		m := whole
		tt.change(&m)
		if got := isUsual(&m); got != (tt.want == "") {
			t.Errorf("%s: got usual %v, want %v", tt.name, got, tt.want == "")
		}
		if got := describeUnusual(&m); tt.want != "" && !strings.Contains(got, tt.want) || len(got) > 200 {
			t.Errorf("%s: got %q, want %q in it", tt.name, got, tt.want)
		}
	}
}

func TestEscape(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain text", "plain text"},
		{"", ""},
		{"a\nb\x00\x1b[31m\x7f", `a\nb\x00\x1b[31m\x7f`},
		{"\xff\xfe", `\xff\xfe`},
		{"\u202eevil\u2028", `\u202eevil\u2028`},
		{"caf\u00e9", `caf\u00e9`},
		{strings.Repeat("x", 21), strings.Repeat("x", 20) + "..."},
	}
	for _, tt := range tests {
		if got := escape([]byte(tt.in), 20); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := cutDetail(strings.Repeat("x", maxDetail+1)); len(got) != maxDetail || !strings.HasSuffix(got, "...") {
		t.Errorf("bounded: got %d bytes, want %d", len(got), maxDetail)
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		want string // in the error; "" is none
	}{
		{"the zero value", Options{}, ""},
		{"relative program", Options{Path: "eslogger"}, `found "eslogger"`},
		{"relative canary", Options{CanaryPath: "true"}, `found "true"`},
		{"relative other canary", Options{CanarySeenAs: []string{"usr/bin/true"}}, `found "usr/bin/true"`},
		{"an option as an event", Options{Events: []string{"exec", "--select"}}, `found "--select"`},
		{"an empty event", Options{Events: []string{""}}, `found ""`},
		{"no exec", Options{Events: []string{"fork"}}, ""},
		{"no exec for the canary", Options{Events: []string{"fork"}, CanaryInterval: 1}, "needs exec"},
		{"negative interval", Options{CanaryInterval: -1}, "-1ns"},
		{"negative line", Options{MaxLine: -1}, "-1"},
		{"negative wait", Options{Timing: Timing{GapHold: -5}}, "-5ns"},
		{"waits the wrong way round", Options{Timing: Timing{BackoffMin: 2, BackoffMax: 1}}, "above the longest"},
	}
	for _, tt := range tests {
		_, err := New(tt.opts, ignore{})
		if got := fmt.Sprint(err); (err == nil) != (tt.want == "") || !strings.Contains(got, tt.want) && err != nil {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := New(Options{}, nil); err == nil {
		t.Error("no handler: got nil, want an error")
	}
	for interval, want := range map[time.Duration]time.Duration{
		0: 5 * time.Second, time.Second: 5 * time.Second, 12 * time.Second: 12 * time.Second, time.Hour: 30 * time.Second,
	} {
		o, err := Options{CanaryInterval: interval}.complete()
		if err != nil || o.Timing.CanaryTimeout != want {
			t.Errorf("canary every %v: got timeout %v, %v, want %v", interval, o.Timing.CanaryTimeout, err, want)
		}
	}
}

type ignore struct{}

func (ignore) HandleMessage(*Message) {}
func (ignore) HandleState(State)      {}

// TestJudgeWait says how long each end of eslogger is waited for, with the default waits.
func TestJudgeWait(t *testing.T) {
	tests := []struct {
		said    string
		why     ending
		proven  bool
		up      time.Duration
		least   time.Duration
		most    time.Duration
		restart string
	}{
		{"ES_NEW_CLIENT_RESULT_ERR_NOT_PERMITTED", childEnded, false, 0, time.Minute, time.Minute, "no storm"},
		{"ES_NEW_CLIENT_RESULT_ERR_NOT_PRIVILEGED", childEnded, false, 0, time.Minute, time.Minute, "no storm"},
		{"ES_NEW_CLIENT_RESULT_ERR_NOT_ENTITLED", childEnded, false, 0, time.Minute, time.Minute, "no storm"},
		{"Failed to parse event types", childEnded, false, 0, time.Minute, time.Minute, "no storm"},
		{"ES_NEW_CLIENT_RESULT_ERR_NOT_PERMITTED", childSilent, false, 0, time.Minute, time.Minute, "no storm"},
		{"ES_NEW_CLIENT_RESULT_ERR_TOO_MANY_CLIENTS", childEnded, false, 0, 40 * time.Second, time.Minute, "a place may come free"},
		{"", childEnded, false, 0, 40 * time.Second, time.Minute, "it has failed often"},
		{"", childEnded, true, time.Second, 40 * time.Second, time.Minute, "it worked, though not for long"},
		{"", childEnded, false, time.Hour, 40 * time.Second, time.Minute, "it never worked"},
		{"", childEnded, true, time.Hour, time.Second, 1500 * time.Millisecond, "it worked for long"},
		{"", childSilent, true, time.Hour, time.Second, 1500 * time.Millisecond, "it worked for long"},
	}
	for _, tt := range tests {
		s, err := New(Options{}, ignore{})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			s.backoff.next(0)
		}
		r := &run{child: &child{how: "exit status 1"}, proven: tt.proven, began: time.Now().Add(-tt.up)}
		r.stderr.write([]byte(tt.said))
		if got := s.judgeEnd(r, tt.why, nil); got < tt.least || got > tt.most {
			t.Errorf("%q, %v, up %v: got %v, want %v to %v: %s", tt.said, tt.why, tt.up, got, tt.least, tt.most, tt.restart)
		}
	}
}

// TestJudgeStuck is a process that no signal ends.
func TestJudgeStuck(t *testing.T) {
	s, err := New(Options{}, ignore{})
	if err != nil {
		t.Fatal(err)
	}
	s.judgeEnd(&run{child: &child{}}, childEnded, errors.New("eslogger, process 7: did not end after a kill"))
	if got := s.States(); len(got) != 1 || got[0].Name != Exited || !strings.Contains(got[0].Detail, "process 7: did not end") {
		t.Errorf("states: got %+v, want %s with the process", got, Exited)
	}
}
