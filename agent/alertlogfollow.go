package agent

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"hooksnare/pkg/logfile"
)

// followEvery is how often a log is looked at that is followed.
const followEvery = 250 * time.Millisecond

// AlertFollow shows the documents of logs as they are written.
type AlertFollow struct {
	Paths  []string    // of logs, which need not be there yet
	Filter AlertFilter // with Since, what is there already is shown from then on
	Show   func(line []byte) error
	Note   func(text string) // of what can't be read
}

// Run follows the logs until ctx is done, through rotation and truncation. It then returns
// nil; an error is one of reading a log or of Show.
func (o *AlertFollow) Run(ctx context.Context) error {
	all := make([]*follower, 0, len(o.Paths))
	defer func() {
		for _, f := range all {
			f.close()
		}
	}()
	once := recently{seed: maphash.MakeSeed(), of: len(o.Paths)}
	for _, path := range o.Paths {
		f := &follower{AlertFollow: o, path: path, once: &once}
		all = append(all, f)
		if err := f.begin(ctx); err != nil {
			return untilDone(ctx, err)
		}
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		for _, f := range all {
			if err := f.look(ctx); err != nil {
				return untilDone(ctx, err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// untilDone takes what comes of being told to end for what it is.
func untilDone(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// follower follows one log.
type follower struct {
	*AlertFollow
	path string
	once *recently
	f    *alertFile // nil while there is no file
	r    forwards
	at   int64  // what is before it was shown
	last []byte // the end of what was shown, to know the file again
	all  bool   // begun: whatever comes is new
}

// begin opens the log, and shows of what is there what is wanted.
func (f *follower) begin(ctx context.Context) error {
	defer func() { f.all = true }()
	l, _, err := OpenAlertLog([]string{f.path})
	if err != nil {
		return err
	}
	if err := f.existing(ctx, l.chains[0]); err != nil {
		l.Close()
		return err
	}
	if f.f != nil && f.f.name != f.path { // it is between two files
		f.close()
	}
	return nil
}

// existing goes through the files of the log as they are, and leaves the newest open.
func (f *follower) existing(ctx context.Context, chain logChain) (err error) {
	for _, older := range slices.Backward(chain) {
		f.close()
		f.open(older)
		if !f.Filter.Since.IsZero() {
			err = f.drain(ctx)
		} else if f.at, err = lastLine(ctx, older); err == nil {
			err = f.remember()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lastLine returns where the line begins that has no end yet.
func lastLine(ctx context.Context, f *alertFile) (int64, error) {
	l, err := newBackward(f.f, f.size).next(ctx)
	switch {
	case err == io.EOF:
		return 0, nil
	case err != nil || l.whole:
		return f.size, err
	}
	return l.at, nil
}

func (f *follower) open(file *alertFile) {
	f.f, f.at, f.last, f.r = file, 0, nil, forwards{r: file.f, buf: f.r.buf}
}

func (f *follower) close() {
	if f.f == nil {
		return
	}
	if f.f.damage.Lines > 1 {
		f.Note(f.f.damage.String())
	}
	f.f.f.Close()
	f.f = nil
}

// look shows what is new.
func (f *follower) look(ctx context.Context) error {
	if f.f == nil {
		file, err := openLog(f.path)
		if err != nil {
			return absent(err)
		}
		f.open(file)
	}
	if err := f.drain(ctx); err != nil {
		return err
	}
	now, err := os.Lstat(f.path)
	if err != nil {
		return absent(err) // it is being rotated: what is open may still grow
	}
	if info, err := f.f.f.Stat(); err != nil || os.SameFile(info, now) {
		return err
	}
	return f.succeed(ctx)
}

// absent takes a log that is not there for one that will be.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return withSudo(err)
}

// succeed goes on with the files that came after the one that is open, the oldest first.
func (f *follower) succeed(ctx context.Context) error {
	newer, found, err := f.newer()
	if err != nil {
		return err
	}
	if !found { // which of those put aside were shown is not known
		newer = slices.DeleteFunc(newer, func(file *alertFile) bool {
			if file.name != f.path {
				file.f.Close()
			}
			return file.name != f.path
		})
	}
	if err := f.drain(ctx); err != nil { // what was written before it was put aside
		return err
	}
	for i, file := range slices.Backward(newer) {
		f.close()
		f.open(file)
		if err := f.drain(ctx); err != nil {
			for _, left := range newer[:i] {
				left.f.Close()
			}
			return err
		}
	}
	return nil
}

// newer opens the files of the log that are newer than the one that is open, the newest
// first, and reports whether that one is still in its place behind them.
func (f *follower) newer() (list []*alertFile, found bool, err error) {
	for n := range logfile.DefaultKeep + 1 {
		file, err := openLog(rotated(f.path, n))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			for _, open := range list {
				open.f.Close()
			}
			return nil, false, err
		}
		if file.same(f.f) {
			file.f.Close()
			return list, true, nil
		}
		list = append(list, file)
	}
	return list, false, nil
}

// drain shows the whole lines that were not shown yet.
func (f *follower) drain(ctx context.Context) error {
	info, err := f.f.f.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if known, err := f.recognised(size); err != nil {
		return err
	} else if !known {
		f.open(f.f) // it was cut, and may have grown again
	}
	if size == f.at {
		return nil
	}
	at, _, err := f.r.read(ctx, f.at, size, f.line)
	if err != nil {
		return err
	}
	f.at = at
	return f.remember()
}

// rememberBytes is how much of what was shown is kept to know a file again: about an alert,
// as most of them end alike.
const rememberBytes = 4096

func (f *follower) remember() error {
	f.last = make([]byte, min(f.at, rememberBytes))
	_, err := f.f.f.ReadAt(f.last, f.at-int64(len(f.last)))
	if err == io.EOF {
		return nil // it was cut meanwhile, which the next look finds
	}
	return err
}

// recognised reports whether what was shown is still there.
func (f *follower) recognised(size int64) (bool, error) {
	if size < f.at {
		return false, nil
	}
	now := make([]byte, len(f.last))
	_, err := f.f.f.ReadAt(now, f.at-int64(len(now)))
	if err == io.EOF {
		return false, nil
	}
	return bytes.Equal(now, f.last), err
}

// line shows a line, if it is an alert that is wanted.
func (f *follower) line(l logLine) error {
	h, err := l.check()
	if err != nil {
		if f.f.damaged(l.at, err); f.f.damage.Lines == 1 {
			f.Note(f.f.damage.String())
		}
		return nil
	}
	if !f.Filter.wants(&h) || !f.all && !f.Filter.recent(&h) || f.once.was(&h) {
		return nil
	}
	return f.Show(l.text)
}

// recently knows the documents that were shown of late, where several logs may hold the
// same one.
type recently struct {
	seed maphash.Seed
	of   int // logs
	set  map[uint64]bool
	ring [4096]uint64
	n    int
}

func (r *recently) was(h *docHead) bool {
	if r.of < 2 {
		return false
	}
	key := maphash.Bytes(r.seed, h.id) + uint64(h.sequence)
	if r.set[key] {
		return true
	}
	if r.set == nil {
		r.set = map[uint64]bool{}
	}
	slot := &r.ring[r.n%len(r.ring)]
	delete(r.set, *slot)
	*slot, r.set[key] = key, true
	r.n++
	return false
}
