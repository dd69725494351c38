package main

import (
	"regexp"
	"slices"
	"strconv"
	"time"
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

// valueIn returns what the pattern finds, "" for nothing.
func valueIn(line []byte, pattern *regexp.Regexp) string {
	if m := pattern.FindSubmatch(line); m != nil {
		return string(m[1])
	}
	return ""
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
	t, err := time.Parse(timeLayout, valueIn(line, timeText))
	return t, err == nil
}

// numbering counts a stream's lines without gaps, whatever a recording has: the lines of
// canaries come in between.
type numbering struct {
	global uint64            // the next number
	seq    map[string]uint64 // the next of each event_type
}

// renumber returns a line with its numbers in this stream.
func (n *numbering) renumber(line []byte) []byte {
	if valueIn(line, globalNumber) == "" {
		return line
	}
	if n.seq == nil {
		n.seq = map[string]uint64{}
	}
	kind := valueIn(line, typeNumber)
	line = replaceValue(line, globalNumber, strconv.FormatUint(n.global, 10))
	line = replaceValue(line, kindNumber, strconv.FormatUint(n.seq[kind], 10))
	n.global++
	n.seq[kind]++
	return line
}
