package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/event"
)

const (
	recordingName = "recording.ndjson"
	settingsName  = "settings.json"
	maxSettings   = 4 << 10
	maxLine       = 64 << 20 // long enough for the lines that are too long for the agent
	// A recording may jump by hours; nobody waits that long.
	maxGap   = 10 * time.Second
	pollMail = 50 * time.Millisecond
)

// settings say how to play.
type settings struct {
	Speed     float64 `json:"speed"` // times as fast as recorded; 0 for at once
	KeepTimes bool    `json:"keep_times"`
}

// playBeside plays what lies beside the program file.
func playBeside() error {
	folder, err := ownFolder()
	if err != nil {
		return err
	}
	s := settings{Speed: 1}
	if err := s.read(filepath.Join(folder, settingsName)); err != nil {
		return err
	}
	name := filepath.Join(folder, recordingName)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		name = ""
	}
	return play(name, s)
}

func (s *settings) read(name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, maxSettings))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// play plays the named recording, "" for the demo, until it is interrupted or
// nobody reads any more.
func play(name string, s settings) error {
	if s.Speed < 0 {
		return fmt.Errorf("speed %v: below 0", s.Speed)
	}
	folder, err := ownFolder()
	if err != nil {
		return err
	}
	var recording io.Reader
	if name == "" {
		var b bytes.Buffer
		if err := synthetic.WriteDemo(&b); err != nil {
			return err
		}
		recording = &b
	} else {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		recording = f
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := player{settings: s, out: os.Stdout, folder: folder, host: watchHost()}
	defer p.host.close()
	// Where there is no place for a mailbox there is no canary to hear of.
	if err := newMailbox(folder); err != nil {
		fmt.Fprintln(os.Stderr, "standin: no canary:", err)
		p.folder = ""
	}
	err = p.run(ctx, recording)
	if errors.Is(err, context.Canceled) || errors.Is(err, errNoReader) {
		return nil
	}
	return err
}

var errNoReader = errors.New("nobody reads")

// player is one stream.
type player struct {
	settings
	out    *os.File
	folder string     // of the mailbox; "" without one
	host   *hostWatch // nil: the machine's canary is not watched

	numbers     numbering
	version     int
	arrayTokens bool
	last        time.Time // recorded time of the line before
	due         time.Time // when the next line is to be printed
}

// run prints the recording and then waits. It returns only with an error.
func (p *player) run(ctx context.Context, recording io.Reader) error {
	mail := time.NewTicker(pollMail)
	defer mail.Stop()
	lines := bufio.NewScanner(recording)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	lines.Split(splitLines)
	p.due = time.Now()
	for lines.Scan() {
		line := lines.Bytes()
		if err := p.waitFor(ctx, line, mail.C); err != nil {
			return err
		}
		if err := p.print(line); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return p.idle(ctx, nil, mail.C)
}

// splitLines is bufio.ScanLines, but what ends a line, or that nothing does, stays.
func splitLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// waitFor returns when the line is due.
func (p *player) waitFor(ctx context.Context, line []byte, mail <-chan time.Time) error {
	t, ok := timeOf(line)
	if !ok || p.Speed == 0 {
		return ctx.Err()
	}
	if !p.last.IsZero() {
		gap := time.Duration(float64(t.Sub(p.last)) / p.Speed)
		p.due = p.due.Add(min(max(gap, 0), maxGap))
	}
	p.last = t
	timer := time.NewTimer(time.Until(p.due))
	defer timer.Stop()
	return p.idle(ctx, timer.C, mail)
}

// idle looks after the mailbox until the line is due.
func (p *player) idle(ctx context.Context, due, mail <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due:
			return nil
		case <-mail:
			if err := p.canaries(); err != nil {
				return err
			}
			if !p.read() {
				return errNoReader
			}
		}
	}
}

// read says whether anyone can still read what is printed. Without it a player
// whose agent was killed would stay for ever.
func (p *player) read() bool {
	fds := []unix.PollFd{{Fd: int32(p.out.Fd())}}
	_, err := unix.Poll(fds, 0)
	return err != nil || fds[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) == 0
}

// print prints one recorded line, with the time of now and a number that counts the
// canaries in.
func (p *player) print(line []byte) error {
	if v, ok := number(line, keyVersion); ok {
		p.version = int(min(v, 1<<16))
		p.arrayTokens = hasArrayTokens(line)
	}
	line = p.numbers.recorded(line)
	if !p.KeepTimes {
		setTime(line, time.Now())
	}
	_, err := p.out.Write(line)
	return err
}

// canaries prints the events of the processes that the mailbox and the machine tell of.
func (p *player) canaries() error {
	told := p.host.take()
	if p.folder != "" {
		mail, err := take(p.folder)
		if err != nil {
			return fmt.Errorf("canary: %w", err)
		}
		told = append(told, mail...)
	}
	for _, e := range told {
		if err := p.canary(e); err != nil {
			return err
		}
	}
	return nil
}

// agentPath is what the parent of a canary is said to run.
const agentPath = "/Library/Application Support/Hooksnare/hooksnare"

func (p *player) canary(e execed) error {
	// A host of its own each time: no pid of the last can be in the way.
	h := synthetic.New(p.out, synthetic.Options{
		Seed: uint64(e.pid), Version: p.version, ArrayTokens: p.arrayTokens,
		Start: time.Now().Add(-100 * time.Microsecond), Pace: 10 * time.Microsecond,
	})
	parent := h.Launchd()
	if e.ppid != parent.PID() {
		parent = h.Adopt(parent, e.ppid, synthetic.Spec{Path: agentPath, TeamID: "5EED5EED00"})
	}
	n := &p.numbers
	h.Resume(n.global, n.seq[event.Fork], n.seq[event.ExecKind], n.seq[event.Exit])
	child := h.ForkPID(parent, e.pid)
	spec := synthetic.Spec{Path: e.path, Args: []string{e.path}, SigningID: "com.apple." + filepath.Base(e.path), Platform: true}
	var args []string
	if json.Unmarshal([]byte(e.args), &args) == nil && len(args) > 0 {
		spec.Args = args
	}
	h.Exec(child, spec)
	h.Exit(child, 0)
	n.process()
	return h.Err()
}
