package main

import (
	"bytes"
	"strconv"
	"time"

	"hooksnare/pkg/event"
)

// A recorded line is changed in place, not decoded and written anew: whatever else
// is odd about it reaches the agent as it was recorded. The keys looked for occur
// once: inside a string their quotes would be escaped.

const timeLayout = "2006-01-02T15:04:05.000000000Z"

// span returns where the value after key is, up to one of the bytes of end.
func span(line []byte, key, end string) (from, to int, ok bool) {
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

// number returns the unsigned number after key.
func number(line []byte, key string) (uint64, bool) {
	from, to, ok := span(line, key, ",}")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(string(line[from:to]), 10, 64)
	return n, err == nil
}

// setNumber replaces the number after key.
func setNumber(line []byte, key string, n uint64) []byte {
	from, to, ok := span(line, key, ",}")
	if !ok {
		return line
	}
	out := append([]byte(nil), line[:from]...)
	return append(strconv.AppendUint(out, n, 10), line[to:]...)
}

const (
	keyTime    = `"time":"`
	keyGlobal  = `"global_seq_num":`
	keySeq     = `"seq_num":`
	keyVersion = `"version":`
	keyType    = `"event_type":`
)

// timeOf returns when the line says it happened.
func timeOf(line []byte) (time.Time, bool) {
	from, to, ok := span(line, keyTime, `"`)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(line[from:to]))
	return t, err == nil
}

// setTime makes the line happen at t.
func setTime(line []byte, t time.Time) {
	from, to, ok := span(line, keyTime, `"`)
	if ok && to-from == len(timeLayout) {
		t.UTC().AppendFormat(line[from:from], timeLayout)
	}
}

// kindOf returns the kind of the line's event by Apple's number for it.
func kindOf(line []byte) event.Kind {
	switch n, _ := number(line, keyType); n {
	case 9:
		return event.ExecKind
	case 11:
		return event.Fork
	case 15:
		return event.Exit
	}
	return event.Other
}

// hasArrayTokens says whether the line writes audit tokens as arrays.
func hasArrayTokens(line []byte) bool {
	return bytes.Contains(line, []byte(`"audit_token":[`))
}

// numbering keeps a stream's numbers gapless when lines come in between, and keeps
// the gaps and fresh starts that the recording has.
type numbering struct {
	global, last uint64 // the next number; the last recorded one
	seq          [4]uint64
	added        uint64 // lines that came in between, in all and by kind
	addedSeq     [4]uint64
}

// recorded numbers one recorded line.
func (n *numbering) recorded(line []byte) []byte {
	k := kindOf(line)
	if g, ok := number(line, keyGlobal); ok {
		if g < n.last {
			*n = numbering{}
		}
		n.last = g
		n.global = g + n.added + 1
		line = setNumber(line, keyGlobal, g+n.added)
	}
	if s, ok := number(line, keySeq); ok {
		n.seq[k] = s + n.addedSeq[k] + 1
		line = setNumber(line, keySeq, s+n.addedSeq[k])
	}
	return line
}

// process counts the fork, exec and exit of a process that came in between.
func (n *numbering) process() {
	n.global += 3
	n.added += 3
	for _, k := range []event.Kind{event.Fork, event.ExecKind, event.Exit} {
		n.seq[k]++
		n.addedSeq[k]++
	}
}
