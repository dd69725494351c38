package eslogger

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

// witness keeps the names of the states and counts the messages.
type witness struct {
	states   []string
	messages int
}

func (w *witness) HandleMessage(*Message) { w.messages++ }
func (w *witness) HandleState(st State) {
	sign := "-"
	if st.On {
		sign = "+"
	}
	w.states = append(w.states, sign+string(st.Name))
}

// stream is what a synthetic Mac writes while f runs.
func stream(t testing.TB, f func(h *synthetic.Host, shell *synthetic.Proc)) [][]byte {
	t.Helper()
	var b bytes.Buffer
	h := synthetic.New(&b, synthetic.Options{})
	f(h, h.Adopt(h.Launchd(), 600, synthetic.Spec{Path: "/bin/zsh"}))
	if h.Err() != nil {
		t.Fatal(h.Err())
	}
	return slices.Collect(bytes.Lines(b.Bytes()))
}

func commands(h *synthetic.Host, shell *synthetic.Proc, n int) {
	for range n {
		h.Run(shell, synthetic.Spec{Path: "/bin/ls"})
	}
}

// TestGapHold holds a gap to the default waits: one burst is one gap, and it ends with
// the first event after a minute without a loss.
func TestGapHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &witness{}
		s, err := New(Options{}, w)
		if err != nil {
			t.Fatal(err)
		}
		lines := stream(t, func(h *synthetic.Host, shell *synthetic.Proc) {
			for range 3 {
				h.Lost(func() { commands(h, shell, 1) })
				commands(h, shell, 1) // 3 lines; the first follows a loss
			}
			commands(h, shell, 1)
		})
		d := &delivery{source: s, run: &run{}, dec: new(Decoder)}
		waits := []time.Duration{ // before each line
			0, 0, 0, // the first loss is none: nothing was before it
			0, time.Second, 0,
			59 * time.Second, 59 * time.Second, 0,
			0, time.Second - time.Nanosecond, time.Nanosecond,
		}
		want := []string{"", "", "", "+gap", "+gap", "+gap", "+gap", "+gap", "+gap", "+gap", "+gap", "+gap -gap"}
		for i, line := range lines {
			time.Sleep(waits[i])
			d.handleLine(line)
			if got := strings.Join(w.states, " "); got != want[i] {
				t.Errorf("line %d, %v later: got states %q, want %q", i, waits[i], got, want[i])
			}
		}
		if got := s.Stats(); got.Dropped != 6 {
			t.Errorf("dropped: got %d, want 6", got.Dropped)
		}
	})
}

// TestProof says which lines end the reason why there was no eslogger.
func TestProof(t *testing.T) {
	whole := string(stream(t, func(h *synthetic.Host, shell *synthetic.Proc) { commands(h, shell, 1) })[0])
	tests := []struct {
		name, line string
		complained bool
		want       bool
	}{
		{"an event", whole, false, true},
		{"an event of another kind", `{"event":{"open":{}}}`, false, true},
		{"garbage", "garbage", false, false},
		{"no event", "{}", false, false},
		{"half an event", whole[:len(whole)/2], false, false},
		{"an event beside a complaint", whole, true, false},
	}
	for _, tt := range tests {
		w := &witness{}
		s, err := New(Options{}, w)
		if err != nil {
			t.Fatal(err)
		}
		s.setCauseLocked(Exited, "exit status 1", 1)
		d := &delivery{source: s, run: &run{complained: tt.complained}, dec: new(Decoder)}
		d.handleLine([]byte(tt.line))
		if got := len(s.States()) == 0; got != tt.want {
			t.Errorf("%s: got ended %v, want %v; states %v", tt.name, got, tt.want, w.states)
		}
	}
}

// TestHostileNumbers says that no numbers of a stream make an absurd count.
func TestHostileNumbers(t *testing.T) {
	w := &witness{}
	s, err := New(Options{}, w)
	if err != nil {
		t.Fatal(err)
	}
	d := &delivery{source: s, run: &run{}, dec: new(Decoder)}
	for _, n := range []string{"0", "18446744073709551615", "1", "18446744073709551614", "18446744073709551616", "-1", "1e3", `"5"`, "null"} {
		d.handleLine(fmt.Appendf(nil, `{"event":{"open":{}},"global_seq_num":%s}`, n))
	}
	if got := s.Stats(); got.Dropped != 0 || got.Jumps != 2 || got.Lines != 9 || w.messages != int(got.Lines-got.Malformed) {
		t.Errorf("stats: got %+v, %d messages, want none dropped and 2 jumps", got, w.messages)
	}
}

// TestTakeAllocatesNothing is what makes a busy machine cheap.
func TestTakeAllocatesNothing(t *testing.T) {
	s, err := New(Options{}, ignore{})
	if err != nil {
		t.Fatal(err)
	}
	lines := stream(t, func(h *synthetic.Host, shell *synthetic.Proc) { commands(h, shell, 10) })
	d := &delivery{source: s, run: &run{}, dec: new(Decoder)}
	if got := testing.AllocsPerRun(100, func() {
		for _, line := range lines {
			d.handleLine(line)
		}
	}); got != 0 {
		t.Errorf("30 lines: got %v allocations, want 0", got)
	}
}

func BenchmarkTake(b *testing.B) {
	s, err := New(Options{}, ignore{})
	if err != nil {
		b.Fatal(err)
	}
	lines := stream(b, func(h *synthetic.Host, shell *synthetic.Proc) { commands(h, shell, 100) })
	d := &delivery{source: s, run: &run{}, dec: new(Decoder)}
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	b.SetBytes(int64(size / len(lines)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.handleLine(lines[i%len(lines)])
	}
}
