// Package synthetic plays a Mac: its processes fork, exec and exit, and each event
// comes out as the line eslogger would write for it. The same seed gives the same
// bytes. A stream never passes for a captured one: see Mark.
package synthetic

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"hooksnare/pkg/event"
)

// The simulated Mac's one user.
const (
	User = "sam"
	Home = "/Users/" + User

	userID = 501
	staff  = 20
)

const (
	defaultVersion = version26
	defaultPace    = time.Millisecond
	firstPID       = 700
	lastPID        = 99_998 // the kernel starts over at 100 after it
	systemSession  = 100_001
	userSession    = 100_015
)

// Options say what Mac it is. The zero value is macOS 26 with tokens as objects.
type Options struct {
	Seed        uint64
	Version     int           // of the Endpoint Security message, 6 to 11; 0 means 10
	ArrayTokens bool          // audit tokens as arrays, as one beta wrote them
	Start       time.Time     // of the stream; zero means a fixed day
	Pace        time.Duration // mean time between two events; 0 means a millisecond
}

// Host is a Mac and its one eslogger. It is not safe for concurrent use.
type Host struct {
	w     io.Writer
	err   error
	enc   encoder
	rng   *rand.Rand
	clock int64 // nanoseconds since 1970
	boot  int64
	pace  int64

	nextPID     int32
	nextVersion uint32
	nextPipe    uint64
	terminals   int
	live        map[int32]*Proc
	launchd     *Proc
	shell       *Proc

	lines  int
	limit  int // lines after which nothing is written; 0 is none
	seq    [eventKinds]uint64
	global uint64
	unseen bool
	lost   bool
}

const eventKinds = int(event.Exit) + 1

// New returns a Mac just before its stream begins: launchd runs, nothing else. It
// writes one line at a time; the first error of w is kept for Err and ends all
// writing.
func New(w io.Writer, o Options) *Host {
	if o.Version == 0 {
		o.Version = defaultVersion
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	}
	if o.Pace <= 0 {
		o.Pace = defaultPace
	}
	h := &Host{
		w:           w,
		rng:         rand.New(rand.NewPCG(o.Seed, 1)),
		clock:       o.Start.UnixNano(),
		pace:        int64(o.Pace),
		nextPID:     firstPID,
		nextVersion: 3 * firstPID,
		nextPipe:    15_000,
		live:        map[int32]*Proc{},
	}
	h.enc = encoder{order: rand.New(rand.NewPCG(o.Seed, 2)), version: o.Version, arrayTokens: o.ArrayTokens}
	h.boot = h.clock - int64(6*time.Hour)
	h.launchd = h.boots()
	return h
}

// boots returns pid 1, which is there before any stream begins.
func (h *Host) boots() *Proc {
	p := &Proc{host: h, cwd: "/"}
	p.token = event.Token{PID: 1, Version: 7, AUID: event.None, ASID: systemSession}
	p.group, p.session, p.start = 1, 1, h.boot
	p.image = newImage(&Spec{Path: "/sbin/launchd", SigningID: "com.apple.xpc.launchd", Platform: true})
	h.live[1] = p
	return p
}

// Err returns the first error of the writer, or the first impossible thing that was
// asked for.
func (h *Host) Err() error { return h.err }

// Lines returns the number of lines written.
func (h *Host) Lines() int { return h.lines }

// Now returns the time of the host's clock.
func (h *Host) Now() time.Time { return time.Unix(0, h.clock).UTC() }

// Advance lets time pass without events; less than zero sets the clock back.
func (h *Host) Advance(d time.Duration) { h.clock += int64(d) }

// SetTime sets the clock.
func (h *Host) SetTime(t time.Time) { h.clock = t.UnixNano() }

// NewStream is an eslogger that was started again: it counts from 0.
func (h *Host) NewStream() {
	h.global = 0
	h.seq = [eventKinds]uint64{}
}

// Resume makes the next line carry these numbers, as if a stream had gone on.
func (h *Host) Resume(global, fork, exec, exit uint64) {
	h.global = global
	h.seq = [eventKinds]uint64{event.Fork: fork, event.ExecKind: exec, event.Exit: exit}
}

// Unseen runs f as something that happened before the stream began: no line is
// written for it and no number is used.
func (h *Host) Unseen(f func()) {
	was := h.unseen
	h.unseen = true
	f()
	h.unseen = was
}

// Lost runs f as something the kernel dropped: no line is written for it, but its
// numbers are used, so that the next line shows a gap.
func (h *Host) Lost(f func()) {
	was := h.lost
	h.lost = true
	f()
	h.lost = was
}

func (h *Host) fail(format string, args ...any) {
	if h.err == nil {
		h.err = fmt.Errorf("synthetic: "+format, args...)
	}
}

// tick lets the time between two events pass: half to one and a half of the pace.
func (h *Host) tick() { h.clock += h.pace/2 + h.rng.Int64N(h.pace) }

// The numbers of Apple's es_event_type_t.
var eventTypes = [...]int{event.ExecKind: 9, event.Fork: 11, event.Exit: 15}

// emit writes one line about a process; what happened is made when it is written.
func (h *Host) emit(kind event.Kind, process *state, what func() object) {
	if h.unseen || h.err != nil || h.limit > 0 && h.lines >= h.limit {
		return
	}
	seq, global := h.seq[kind], h.global
	thread := ThreadMark + h.rng.Int64N(1<<20)
	h.seq[kind]++
	h.global++
	if h.lost {
		return
	}
	h.enc.b = h.enc.b[:0]
	h.enc.write(object{
		{"schema_version", 1},
		{"version", h.enc.version},
		{"time", nanos(h.clock)},
		{"mach_time", uint64(h.clock-h.boot) / 125 * 3}, // 24 MHz, as on Apple silicon
		{"seq_num", seq},
		{"global_seq_num", global},
		{"thread", object{{"thread_id", thread}}},
		{"event_type", eventTypes[kind]},
		{"action_type", 1},
		{"action", object{{"result", object{{"result_type", 0}, {"result", object{{"auth", 0}}}}}}},
		{"process", h.enc.process(process)},
		{"event", what()},
	})
	h.enc.b = append(h.enc.b, '\n')
	if _, err := h.w.Write(h.enc.b); err != nil {
		h.fail("line %d: %w", h.lines+1, err)
		return
	}
	h.lines++
}
