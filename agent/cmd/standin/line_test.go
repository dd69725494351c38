package main

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/event"
)

func TestLineFields(t *testing.T) {
	var b bytes.Buffer
	h := synthetic.New(&b, synthetic.Options{Version: 8})
	h.Resume(1234, 5, 6, 7)
	// Words of the keys inside strings must not be taken for them.
	h.Exec(h.Launchd(), synthetic.Spec{Path: "/bin/ls", Args: []string{`"time":"x`, `"global_seq_num":9,"seq_num":9,"version":3`}})
	raw := b.Bytes()
	for key, want := range map[*regexp.Regexp]uint64{globalNumber: 1234, kindNumber: 6, typeNumber: 9} {
		if got, ok := numberIn(raw, key); !ok || got != want {
			t.Errorf("%s got %d, %v; want %d", key, got, ok, want)
		}
	}
	if at, ok := timeOf(raw); !ok || !at.Equal(h.Now()) {
		t.Errorf("time: got %v, %v; want %v", at, ok, h.Now())
	}
	now := time.Date(2030, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600))
	line := (&numbering{global: 99999}).renumber(raw, now)
	if at, _ := timeOf(line); !at.Equal(now) {
		t.Errorf("time set: got %v, want %v", at, now)
	}
	if got, _ := numberIn(line, globalNumber); got != 99999 || len(line) != len(raw)+1 {
		t.Errorf("number set: got %d and %d bytes, want 99999 and %d", got, len(line), len(raw)+1)
	}
}

func TestNumberingHasNoGaps(t *testing.T) {
	var b bytes.Buffer
	h := synthetic.New(&b, synthetic.Options{})
	ls := synthetic.Spec{Path: "/bin/ls"}
	h.Run(h.Launchd(), ls)
	h.Lost(func() { h.Run(h.Launchd(), ls) })
	h.Run(h.Launchd(), ls)
	h.NewStream()
	h.Run(h.Launchd(), ls)
	var n numbering
	i := uint64(0)
	for l := range bytes.Lines(b.Bytes()) {
		if i == 3 || i == 8 { // a canary before this line
			n.countEvents(event.Fork, event.ExecKind, event.Exit)
			i += 3
		}
		l = n.renumber(l, h.Now())
		global, _ := numberIn(l, globalNumber)
		if seq, _ := numberIn(l, kindNumber); global != i || seq != i/3 {
			t.Errorf("line %d: got the numbers %d and %d, want %d and %d", i, global, seq, i, i/3)
		}
		i++
	}
}

func FuzzRecordedLine(f *testing.F) {
	f.Add([]byte(`{"seq_num":1,"global_seq_num":2,"event_type":9,"time":"2026-01-02T03:04:05.000000001Z"}`))
	f.Add([]byte(`"seq_num":`))
	f.Add([]byte(`"time":"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var n numbering
		out := n.renumber(line, time.Unix(0, 0))
		timeOf(out)
		if _, ok := numberIn(line, globalNumber); !ok && len(out) != len(line) {
			t.Errorf("%q: became %q", line, out)
		}
	})
}
