package main

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"hooksnare/pkg/event"
)

// A recorded line is changed in place, not decoded and encoded again: whatever else
// is odd about it reaches the agent as it was recorded. The members looked for occur
// once: inside a string their quotes would be escaped.
var (
	globalNumber = regexp.MustCompile(`"global_seq_num":([0-9]{1,19})[,}]`)
	kindNumber   = regexp.MustCompile(`"seq_num":([0-9]{1,19})[,}]`)
	typeNumber   = regexp.MustCompile(`"event_type":([0-9]{1,19})[,}]`)
	timeText     = regexp.MustCompile(`"time":"([0-9-]{10}T[0-9:.]{18}Z)"`)
)

const timeLayout = "2006-01-02T15:04:05.000000000Z"

// numberIn returns the number that the pattern finds.
func numberIn(line []byte, pattern *regexp.Regexp) (uint64, bool) {
	m := pattern.FindSubmatch(line)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(string(m[1]), 10, 64)
	return n, err == nil
}

// replaceValue returns a line with another value where the pattern finds one.
func replaceValue(line []byte, pattern *regexp.Regexp, value string) []byte {
	at := pattern.FindSubmatchIndex(line)
	if at == nil {
		return line
	}
	return slices.Concat(line[:at[2]], []byte(value), line[at[3]:])
}

// timeOf returns the time of the line.
func timeOf(line []byte) (time.Time, bool) {
	m := timeText.FindSubmatch(line)
	if m == nil {
		return time.Time{}, false
	}
	t, err := time.Parse(timeLayout, string(m[1]))
	return t, err == nil
}

// kinds are Apple's numbers for the kinds of events.
var kinds = map[uint64]event.Kind{9: event.ExecKind, 11: event.Fork, 15: event.Exit}

// numbering counts a stream's lines without gaps, whatever a recording has: the lines of
// canaries come in between.
type numbering struct {
	global uint64 // the next number
	seq    [4]uint64
}

// renumber returns a recorded line with its numbers in this stream and the time of now.
func (n *numbering) renumber(line []byte, now time.Time) []byte {
	line = replaceValue(line, timeText, now.UTC().Format(timeLayout))
	if _, ok := numberIn(line, globalNumber); !ok {
		return line
	}
	code, _ := numberIn(line, typeNumber)
	k, known := kinds[code]
	if !known {
		k = event.Other
	}
	line = replaceValue(line, globalNumber, strconv.FormatUint(n.global, 10))
	line = replaceValue(line, kindNumber, strconv.FormatUint(n.seq[k], 10))
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
