package main

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

func TestLineFields(t *testing.T) {
	var b bytes.Buffer
	h := synthetic.New(&b, synthetic.Options{Version: 8})
	h.Resume(1234, 5, 6, 7)
	// Words of the keys inside strings must not be taken for them.
	h.Exec(h.Launchd(), synthetic.Spec{Path: "/bin/ls", Args: []string{`"time":"x`, `"global_seq_num":9,"seq_num":9,"version":3`}})
	raw := b.Bytes()
	for key, want := range map[*regexp.Regexp]string{globalNumber: "1234", kindNumber: "6", typeNumber: "9"} {
		if got := valueIn(raw, key); got != want {
			t.Errorf("%s got %q, want %q", key, got, want)
		}
	}
	if at, ok := timeOf(raw); !ok || !at.Equal(h.Now()) {
		t.Errorf("time: got %v, %v; want %v", at, ok, h.Now())
	}
	now := time.Date(2030, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600))
	line := replaceValue(raw, timeText, now.UTC().Format(timeLayout))
	if at, _ := timeOf(line); !at.Equal(now) {
		t.Errorf("time set: got %v, want %v", at, now)
	}
	line = (&numbering{global: 99999}).renumber(raw)
	if got := valueIn(line, globalNumber); got != "99999" || len(line) != len(raw)+1 {
		t.Errorf("number set: got %s and %d bytes, want 99999 and %d", got, len(line), len(raw)+1)
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
	i := 0
	for l := range bytes.Lines(b.Bytes()) {
		l = n.renumber(l)
		if global, seq := valueIn(l, globalNumber), valueIn(l, kindNumber); global != fmt.Sprint(i) || seq != fmt.Sprint(i/3) {
			t.Errorf("line %d: got the numbers %s and %s, want %d and %d", i, global, seq, i, i/3)
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
		out := n.renumber(line)
		timeOf(out)
		if valueIn(line, globalNumber) == "" && len(out) != len(line) {
			t.Errorf("%q: became %q", line, out)
		}
	})
}
