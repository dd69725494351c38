package main

import (
	"bytes"
	"strconv"
	"time"

	"hooksnare/pkg/event"
)

// A recorded line is changed in place, not decoded and encoded again: whatever else
// is odd about it reaches the agent as it was recorded. The keys looked for occur
// once: inside a string their quotes would be escaped.
const (
	keyTime   = `"time":"`
	keyGlobal = `"global_seq_num":`
	keySeq    = `"seq_num":`
	keyType   = `"event_type":`

	timeLayout = "2006-01-02T15:04:05.000000000Z"
)

// valueSpan returns where the value after key is, up to one of the bytes of end.
func valueSpan(line []byte, key, end string) (from, to int, ok bool) {
	i := bytes.Index(line, []byte(key))
	if i < 0 {
		return 0, 0, false
	}
	from = i + len(key)
	n := bytes.IndexAny(line[from:], end)
	if n < 0 {
		return 0, 0, false
	}
	return from, from + n, true
}

// numberAfter returns the unsigned number after key.
func numberAfter(line []byte, key string) (uint64, bool) {
	from, to, ok := valueSpan(line, key, ",}")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(string(line[from:to]), 10, 64)
	return n, err == nil
}

// setNumber replaces the number after key.
func setNumber(line []byte, key string, n uint64) []byte {
	if _, ok := numberAfter(line, key); !ok {
		return line
	}
	from, to, _ := valueSpan(line, key, ",}")
	out := append([]byte(nil), line[:from]...)
	return append(strconv.AppendUint(out, n, 10), line[to:]...)
}

// timeOf returns the time of the line.
func timeOf(line []byte) (time.Time, bool) {
	from, to, ok := valueSpan(line, keyTime, `"`)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(line[from:to]))
	return t, err == nil
}

// setTime sets the time of the line.
func setTime(line []byte, t time.Time) {
	from, to, ok := valueSpan(line, keyTime, `"`)
	if ok && to-from == len(timeLayout) {
		t.UTC().AppendFormat(line[from:from], timeLayout)
	}
}

// kinds are Apple's numbers for the kinds of events.
var kinds = map[uint64]event.Kind{9: event.ExecKind, 11: event.Fork, 15: event.Exit}

// numbering counts a stream's lines without gaps, whatever a recording has: the lines of
// canaries come in between.
type numbering struct {
	global uint64 // the next number
	seq    [4]uint64
}

// renumber numbers one recorded line.
func (n *numbering) renumber(line []byte) []byte {
	if _, ok := numberAfter(line, keyGlobal); !ok {
		return line
	}
	code, _ := numberAfter(line, keyType)
	k, known := kinds[code]
	if !known {
		k = event.Other
	}
	line = setNumber(setNumber(line, keyGlobal, n.global), keySeq, n.seq[k])
	n.countEvents(k)
	return line
}

// countEvents takes note of a line of each kind.
func (n *numbering) countEvents(list ...event.Kind) {
	for _, k := range list {
		n.global++
		n.seq[k]++
	}
}
