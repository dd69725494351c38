package main

import (
	"bytes"
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
	for key, want := range map[string]uint64{keyGlobal: 1234, keySeq: 6, keyVersion: 8, keyType: 9} {
		if got, ok := number(raw, key); !ok || got != want {
			t.Errorf("%s got %d, %v; want %d", key, got, ok, want)
		}
	}
	if at, ok := timeOf(raw); !ok || !at.Equal(h.Now()) {
		t.Errorf("time: got %v, %v; want %v", at, ok, h.Now())
	}
	now := time.Date(2030, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600))
	line := setNumber(append([]byte(nil), raw...), keyGlobal, 99999)
	setTime(line, now)
	if at, _ := timeOf(line); !at.Equal(now) {
		t.Errorf("time set: got %v, want %v", at, now)
	}
	if got, _ := number(line, keyGlobal); got != 99999 || len(line) != len(raw)+1 {
		t.Errorf("number set: got %d and %d bytes, want 99999 and %d", got, len(line), len(raw)+1)
	}
}

func TestNumberingKeepsGapsAndFreshStarts(t *testing.T) {
	var b bytes.Buffer
	h := synthetic.New(&b, synthetic.Options{})
	ls := synthetic.Spec{Path: "/bin/ls"}
	h.Run(h.Launchd(), ls) // 0 1 2
	h.Lost(func() { h.Run(h.Launchd(), ls) })
	h.Run(h.Launchd(), ls) // 6 7 8
	h.NewStream()
	h.Run(h.Launchd(), ls) // 0 1 2
	var n numbering
	var got []uint64
	i := 0
	for l := range bytes.Lines(b.Bytes()) {
		if i++; i == 3 || i == 5 || i == 8 {
			n.process() // a canary just before this line
		}
		g, _ := number(n.recorded(l), keyGlobal)
		got = append(got, g)
	}
	want := []uint64{0, 1, 5, 9, 13, 14, 0, 4, 5}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("global numbers: got %v, want %v", got, want)
		}
	}
}

func FuzzRecordedLine(f *testing.F) {
	f.Add([]byte(`{"seq_num":1,"global_seq_num":2,"event_type":9,"time":"2026-01-02T03:04:05.000000001Z"}`))
	f.Add([]byte(`"seq_num":`))
	f.Add([]byte(`"time":"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var n numbering
		out := n.recorded(append([]byte(nil), line...))
		setTime(out, time.Unix(0, 0))
		timeOf(out)
		hasArrayTokens(out)
		if _, ok := number(line, keyGlobal); !ok {
			if _, ok := number(line, keySeq); !ok && len(out) != len(line) {
				t.Errorf("%q: became %q", line, out)
			}
		}
	})
}
