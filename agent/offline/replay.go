// Package offline judges recordings and disks without an agent.
package offline

import (
	"context"
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
	Bytes, Lines  uint64
	Events        uint64
	NotEvents     uint64 // lines, or objects of a line, that are not events
	FirstNotEvent error
	TooLong       uint64   // lines over the bound
	Odd           uint64   // events with members of an unknown type
	Dropped       uint64   // events missing in the numbering
	Cut           int      // bytes of an unfinished last line
	Eventless     []string // files without an event, and what they look like
	Counts        judge.Counts
}

// NewReplay prepares a replay. With a root in the configuration the pins of exceptions are
// checked on the disk below it; without one there is no disk to check them on. What emit gets is
// what [judge.Options] says.
func NewReplay(c config.Config, set ruleset.Set, emit func(a *alert.Alert, line []byte)) (*Replay, error) {
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

// File replays one file, "-" for standard input. Lines that are not events are counted and skipped.
func (r *Replay) File(ctx context.Context, name string) error {
	if err := Recording(name); err != nil {
		return err
	}
	in, err := eslogger.OpenRecording(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	before := r.stats.Events
	if err := r.read(ctx, in); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if r.stats.Events == before {
		r.stats.Eventless = append(r.stats.Eventless, name+": "+in.Describe())
	}
	return nil
}

// Read replays a stream.
func (r *Replay) Read(ctx context.Context, in io.Reader) error {
	recording, err := eslogger.NewRecording(in)
	if err != nil {
		return err
	}
	return r.read(ctx, recording)
}

func (r *Replay) read(ctx context.Context, in *eslogger.Recording) error {
	if in.HasLines() {
		return r.lines(ctx, in)
	}
	err := in.Objects(func(object []byte) error {
		l := eslogger.Decoded{Size: len(object)}
		l.Err = r.decoder.Decode(object, &l.Message)
		r.line(&l)
		return ctx.Err()
	})
	if fault := new(eslogger.TextError); errors.As(err, &fault) && ctx.Err() == nil {
		r.notEvent(fault)
		return nil
	}
	return err
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
	cut := lines.Cut()
	if len(lines.Rest()) > 0 {
		rest := eslogger.AppendDecoded(nil, &r.decoder, lines.Rest())
		for i := range rest {
			if rest[i].Err == nil {
				r.line(&rest[i])
			}
		}
		if rest[len(rest)-1].Err == nil {
			cut = 0
		}
	}
	r.stats.Cut += cut
	return nil
}

// progressLines is how many lines are read between two calls of Progress: a second at most, for
// a file.
const progressLines = 50_000

func (r *Replay) line(l *eslogger.Decoded) {
	if !l.Continues {
		r.stats.Lines++
		r.stats.Bytes += uint64(l.Size) + 1
	}
	if r.stats.Lines%progressLines == 0 && r.Progress != nil {
		r.Progress(r.stats.Lines, r.stats.Bytes)
	}
	m := &l.Message
	switch {
	case l.Blank:
		return
	case l.Err != nil:
		r.notEvent(fmt.Errorf("line %d: %w", r.stats.Lines, l.Err))
		return
	case len(m.EventName) == 0:
		r.notEvent(fmt.Errorf("line %d: an object without an event", r.stats.Lines))
		return
	case !m.Process.HasToken && m.Schema == 0 && m.Version == 0 && !m.HasGlobal: // ECS, for one, has an object event too
		r.notEvent(fmt.Errorf("line %d: an event that eslogger did not write: expected a process with its audit_token", r.stats.Lines))
		return
	}
	if r.stats.Events++; m.Odd > 0 {
		r.stats.Odd++
	}
	if m.HasGlobal {
		r.stats.Dropped += r.gaps.Next(m.GlobalSeq)
	}
	r.judge.HandleMessage(m)
}

func (r *Replay) notEvent(err error) {
	if r.stats.NotEvents++; r.stats.FirstNotEvent == nil {
		r.stats.FirstNotEvent = err
	}
}

// Finish emits the alerts that are still held back and returns what was read.
func (r *Replay) Finish() ReplayStats {
	r.judge.Close()
	r.stats.Counts = r.judge.Counts()
	return r.stats
}
