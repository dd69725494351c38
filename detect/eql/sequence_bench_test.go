package eql

import (
	"strings"
	"testing"
)

// benchSequence is of the form that most published sequences have.
const benchSequence = `sequence by id with maxspan=30s
  [process where host.os.type == "macos" and process.name : ("curl", "nscurl")]
  [process where host.os.type == "macos" and process.name == "sh" and process.args : "*/tmp/*"]`

// benchEvent is an event as the agent has them: a struct with typed fields.
type benchEvent struct {
	name, id string
	args     []string
	at       int64
}

func benchFields(name string) (Field[*benchEvent], bool) {
	f, ok := map[string]Field[*benchEvent]{
		"host.os.type": func(*benchEvent) Value { return String("macos") },
		"process.name": func(e *benchEvent) Value { return String(e.name) },
		"process.args": func(e *benchEvent) Value { return Strings(e.args) },
		"id":           func(e *benchEvent) Value { return String(e.id) },
	}[name]
	return f, ok
}

func newBenchSequence(t testing.TB) *Sequence[*benchEvent] {
	t.Helper()
	q, err := Parse(benchSequence, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := CompileSequence(q, func(*benchEvent) Value { return String("process") }, benchFields,
		SequenceOptions[*benchEvent]{Time: func(e *benchEvent) (int64, bool) { return e.at, true }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSequenceMissAllocatesNothing(t *testing.T) {
	s := newBenchSequence(t)
	s.Feed(&benchEvent{name: "curl", id: "a"}, nil)
	misses := []*benchEvent{
		{name: "zsh", id: "a", args: []string{"zsh", "-c", "true"}},
		{name: "sh", id: "b", args: []string{"sh", "-c", "/tmp/x"}}, // of a key with nothing pending
	}
	if got := testing.AllocsPerRun(100, func() {
		for _, e := range misses {
			if len(s.Feed(e, nil)) > 0 {
				t.Error("got a match, want none")
			}
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

func BenchmarkSequence(b *testing.B) {
	run := func(name string, results int, events ...*benchEvent) {
		b.Run(name, func(b *testing.B) {
			s := newBenchSequence(b)
			b.ReportAllocs()
			got, n := 0, 0
			for b.Loop() {
				e := events[n%len(events)]
				e.at += 1e6
				got += len(s.Feed(e, nil))
				n++
			}
			if want := n / len(events) * results; got < want {
				b.Fatalf("got %d results, want %d", got, want)
			}
		})
	}
	curl := &benchEvent{name: "curl", id: "a", args: []string{"curl", "-s"}}
	sh := &benchEvent{name: "sh", id: "a", args: []string{"sh", "-c", "/tmp/x"}}
	run("miss", 0, &benchEvent{name: "zsh", id: "a", args: []string{"zsh", "-c", "true"}})
	run("begin", 0, curl)
	run("complete", 1, curl, sh)
}

func BenchmarkFunctions(b *testing.B) {
	r := functionSample()
	r["long"] = String(strings.Repeat("ab", 32<<10))
	for name, condition := range map[string]string{
		"startsWith":         `startsWith~(path, "/USR")`,
		"stringContains":     `stringContains~(path, "BIN")`,
		"stringContainsLong": `stringContains~(long, concat("abab", "c"))`,
		"indexOfLong":        `indexOf~(long, same) == 5`,
		"length":             `length(args) > 1`,
		"between":            `between(path, "/", "/") == "usr"`,
		"cidrMatch":          `cidrMatch(ip4, "10.0.0.0/8", "192.168.0.0/16")`,
		"concat":             `concat(name, ":", pid) == "Defaults:7"`,
		"arithmetic":         `add(pid, 1) == 8`,
	} {
		b.Run(name, func(b *testing.B) {
			m := conditionMatcher(b, condition)
			b.ReportAllocs()
			for b.Loop() {
				m.Match(r)
			}
		})
	}
}
