package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine bounds a line in bytes: a record of the collector's file exporter may hold a
// whole request of the agent, twice escaped.
const maxLine = 64 << 20

// readLines calls each with the lines of r, and says how many were too long for that.
func readLines(r io.Reader, most int, each func([]byte)) (long uint64, err error) {
	b := bufio.NewReaderSize(r, 256<<10)
	var line []byte
	skip := false
	for {
		part, err := b.ReadSlice('\n')
		switch {
		case skip || len(line)+len(part) > most:
			skip, line = true, line[:0]
		default:
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return long, err
		}
		if skip {
			long++
		} else {
			each(bytes.TrimSuffix(line, []byte("\n")))
		}
		skip, line = false, line[:0]
		if err != nil {
			return long, nil
		}
	}
}
