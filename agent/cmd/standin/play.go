package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"hooksnare/collector/eslogger/synthetic"
)

const (
	recordingName = "recording.ndjson"
	speedName     = "speed"          // file with the number that times as recorded are divided by
	maxGap        = 10 * time.Second // a recording may jump by hours; nobody waits that long
	pollExecs     = 50 * time.Millisecond
)

// playBeside plays what is beside the program file, until it is interrupted or nobody reads any
// more.
func playBeside() error {
	folder, err := ownFolder()
	if err != nil {
		return err
	}
	speed, err := readSpeed(filepath.Join(folder, speedName))
	if err != nil {
		return err
	}
	recording, err := openRecording(filepath.Join(folder, recordingName))
	if err != nil {
		return err
	}
	defer recording.Close()
	execs, err := openExecs(folder)
	if err != nil {
		return err
	}
	defer execs.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := player{speed: speed, out: os.Stdout, execs: execs}
	if err = p.run(ctx, recording); errors.Is(err, context.Canceled) || errors.Is(err, errNoReader) {
		return nil
	}
	return err
}

// readSpeed returns the number in the file, 1 when there is none.
func readSpeed(name string) (float64, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	speed, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64)
	if err != nil || !(speed >= 0) {
		return 0, fmt.Errorf("%s: expected a number that is not below 0, found %q", name, b)
	}
	return speed, nil
}

// openRecording opens the recording, or the demo when there is none.
func openRecording(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	var b bytes.Buffer
	err = synthetic.WriteDemo(&b)
	return io.NopCloser(&b), err
}

var errNoReader = errors.New("nobody reads")

// player is one stream. It is for one goroutine.
type player struct {
	speed float64 // times as fast as recorded; 0 for at once
	out   *os.File
	execs *os.File
	read  int64 // bytes of execs

	numbers numbering
	last    time.Time // recorded time of the line before
	due     time.Time // when the next line is to be printed
}

// run prints the recording and then waits. It returns only with an error.
func (p *player) run(ctx context.Context, recording io.Reader) error {
	poll := time.NewTicker(pollExecs)
	defer poll.Stop()
	lines := bufio.NewReader(recording)
	for p.due = time.Now(); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 && errors.Is(err, io.EOF) {
			return p.idleUntil(ctx, nil, poll.C)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("recording: %w", err)
		}
		if err := p.awaitDue(ctx, line, poll.C); err != nil {
			return err
		}
		line = replaceValue(line, timeText, time.Now().UTC().Format(timeLayout))
		if _, err := p.out.Write(p.numbers.renumber(line)); err != nil {
			return err
		}
	}
}

// awaitDue returns when the line is due.
func (p *player) awaitDue(ctx context.Context, line []byte, poll <-chan time.Time) error {
	t, ok := timeOf(line)
	if !ok || p.speed == 0 {
		return ctx.Err()
	}
	if !p.last.IsZero() {
		gap := time.Duration(float64(t.Sub(p.last)) / p.speed)
		p.due = p.due.Add(min(max(gap, 0), maxGap))
	}
	p.last = t
	return p.idleUntil(ctx, time.After(time.Until(p.due)), poll)
}

// idleUntil prints canaries until the next line is due.
func (p *player) idleUntil(ctx context.Context, due, poll <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due:
			return nil
		case <-poll:
			if err := p.printCanaries(); err != nil {
				return err
			}
			if !p.hasReader() {
				return errNoReader
			}
		}
	}
}

// hasReader says whether anyone can still read what is printed. Without it a player
// whose agent was killed would stay for ever.
func (p *player) hasReader() bool {
	fds := []unix.PollFd{{Fd: int32(p.out.Fd())}}
	_, err := unix.Poll(fds, 0)
	return err != nil || fds[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) == 0
}

// printCanaries prints the events of the processes that were reported.
func (p *player) printCanaries() error {
	list, read, err := readExecs(p.execs, p.read)
	p.read = read
	for _, e := range list {
		err = errors.Join(err, p.printCanary(e))
	}
	return err
}

// agentPath is what the parent of a canary runs in the events.
const agentPath = "/Library/Application Support/Hooksnare/hooksnare"

func (p *player) printCanary(e execed) error {
	// Another host each time: no pid of the last can be in the way.
	var lines bytes.Buffer
	h := synthetic.New(&lines, synthetic.Options{
		Seed: uint64(e.PID), Start: time.Now().Add(-100 * time.Microsecond), Pace: 10 * time.Microsecond,
	})
	parent := h.Launchd()
	if e.PPID != parent.PID() {
		parent = h.Adopt(parent, e.PPID, synthetic.Spec{Path: agentPath, TeamID: "5EED5EED00"})
	}
	child := h.ForkPID(parent, e.PID)
	h.Exec(child, synthetic.Spec{Path: e.Path, Args: e.Args, SigningID: "com.apple." + filepath.Base(e.Path), Platform: true})
	h.Exit(child, 0)
	for line := range bytes.Lines(lines.Bytes()) {
		if _, err := p.out.Write(p.numbers.renumber(line)); err != nil {
			return err
		}
	}
	return h.Err()
}
