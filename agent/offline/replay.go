// Package offline judges recordings and disks without an agent.
package offline

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/judge"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger"
	"hooksnare/pkg/alert"
)

// Replay reads recordings of eslogger as if they happened, with their own times as the
// only clock.
type Replay struct {
	// Progress, unless nil, is called now and then with what was read so far.
	Progress func(lines, bytes uint64)

	judge   *judge.Judge
	decoder eslogger.Decoder
	gaps    eslogger.Gaps
	stats   ReplayStats
}

// ReplayStats is what a replay has read.
type ReplayStats struct {
	Bytes, Lines       uint64
	Malformed, TooLong uint64
	Events             uint64 // lines with an event
	Odd                uint64 // lines without one, or with members of an unknown type
	Dropped            uint64 // events missing in the numbering
	Cut                int    // bytes of an unfinished last line
	FirstMalformed     error
	Counts             judge.Counts
}

// NothingRead reports that there was input, and no event in it.
func (s *ReplayStats) NothingRead() bool {
	return s.Events == 0 && (s.Malformed > 0 || s.TooLong > 0 || s.Odd > 0 || s.Cut > 0)
}

// NewReplay prepares a replay. With a root in the configuration the pins of exceptions are
// checked on the disk below it; without one there is no disk to check them on.
func NewReplay(c config.Config, set ruleset.Set, emit func(*alert.Alert)) (*Replay, error) {
	o := judge.Options{Rules: set.Rules, Exceptions: exceptions.ForEngine(c.Exceptions), Emit: emit, RepeatWindow: c.RepeatWindow}
	if c.Root != "" {
		o.Pins, o.Examine = exceptions.NewPins(c.Root, c.Exceptions).Wait(), AtOnce(ExaminePrograms(c.Root))
	}
	j, err := judge.New(o)
	if err != nil {
		return nil, err
	}
	return ReplayTo(j), nil
}

// ReplayTo prepares a replay to a judge that uses the times of recordings.
func ReplayTo(j *judge.Judge) *Replay {
	return &Replay{judge: j}
}

// Recording reports why a file can't be a recording; "-" is standard input.
func Recording(name string) error {
	if name == "-" {
		return nil
	}
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s: is a folder; name the recordings in it", name)
	}
	return err
}

// File replays one file, "-" for standard input. A line that can't be read is counted and
// skipped.
func (r *Replay) File(ctx context.Context, name string) error {
	if name == "-" {
		return r.Read(ctx, os.Stdin)
	}
	if err := Recording(name); err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.Read(ctx, f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// byteOrderMark is what some editors write in front of UTF-8.
const byteOrderMark = "\ufeff"

// Read replays a stream of lines. One whose first line is a lone brace is read as
// pretty-printed objects instead.
func (r *Replay) Read(ctx context.Context, in io.Reader) error {
	head := bufio.NewReaderSize(in, 4<<10)
	if mark, _ := head.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = head.Discard(len(mark)) // it is in the buffer
	}
	first, err := firstText(head)
	if err != nil {
		return err
	}
	if first == "{" {
		return r.objects(ctx, head)
	}
	return r.lines(ctx, head)
}

// firstText returns the first line that is not empty, or as much of it as the reader holds,
// and consumes nothing. It waits for no more than that line.
func firstText(in *bufio.Reader) (string, error) {
	for {
		head, _ := in.Peek(in.Buffered())
		head = bytes.TrimLeft(head, " \t\r\n")
		line, _, whole := bytes.Cut(head, []byte("\n"))
		if whole || in.Buffered() == in.Size() {
			return string(bytes.TrimSpace(line)), nil
		}
		_, err := in.Peek(in.Buffered() + 1)
		if errors.Is(err, io.EOF) {
			return string(bytes.TrimSpace(line)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

func (r *Replay) lines(ctx context.Context, in io.Reader) error {
	lines := eslogger.NewLines(in, 0)
	defer func() { r.stats.TooLong += lines.Skipped() }()
	err := eslogger.DecodeAhead(ctx, lines, r.line)
	if !errors.Is(err, io.EOF) {
		return err
	}
	// What has no line break at its end is a line if it can be read as one, otherwise the rest
	// of a recording that was cut.
	rest := eslogger.Decoded{Size: len(lines.Rest())}
	if rest.Size > 0 && r.decoder.Decode(lines.Rest(), &rest.Message) == nil {
		r.line(&rest)
	} else {
		r.stats.Cut += lines.Cut()
	}
	return nil
}

// maxObject bounds one pretty-printed object; indentation may double a line's size.
const maxObject = 2 * eslogger.MaxLine

// objects replays pretty-printed objects. Anything else between them ends the reading: there is
// no line break after which to go on.
func (r *Replay) objects(ctx context.Context, in io.Reader) error {
	limited := &limit{r: in}
	dec := json.NewDecoder(limited)
	for n := 1; ctx.Err() == nil; n++ {
		var raw json.RawMessage
		limited.left = maxObject
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			r.malformed(fmt.Errorf("object %d: %w; the rest was not read", n, err))
			return nil
		}
		object := eslogger.Decoded{Size: len(raw)}
		object.Err = r.decoder.Decode(raw, &object.Message)
		r.line(&object)
	}
	return ctx.Err()
}

// limit is a reader that ends with an error when one object is too long.
type limit struct {
	r    io.Reader
	left int
}

func (l *limit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("an object of more than %d bytes", maxObject)
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// progressLines is how many lines are read between two calls of Progress: a second at most, for
// a file.
const progressLines = 50_000

func (r *Replay) line(l *eslogger.Decoded) {
	r.stats.Lines++
	r.stats.Bytes += uint64(l.Size) + 1
	if r.stats.Lines%progressLines == 0 && r.Progress != nil {
		r.Progress(r.stats.Lines, r.stats.Bytes)
	}
	if l.Blank {
		return
	}
	if l.Err != nil {
		r.malformed(fmt.Errorf("line %d: %w", r.stats.Lines, l.Err))
		return
	}
	m := &l.Message
	if len(m.EventName) > 0 {
		r.stats.Events++
	}
	if len(m.EventName) == 0 || m.Odd > 0 {
		r.stats.Odd++
	}
	if m.HasGlobal {
		r.stats.Dropped += r.gaps.Next(m.GlobalSeq)
	}
	r.judge.HandleMessage(m)
}

func (r *Replay) malformed(err error) {
	if r.stats.Malformed++; r.stats.FirstMalformed == nil {
		r.stats.FirstMalformed = err
	}
}

// Finish emits the alerts that are still held back and returns what was read.
func (r *Replay) Finish() ReplayStats {
	r.judge.Close()
	r.stats.Counts = r.judge.Counts()
	return r.stats
}
