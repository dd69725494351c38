package alertlog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"hooksnare/pkg/alert"
)

const (
	pollInterval = 250 * time.Millisecond
	tailBytes    = 4096      // kept of what was read, to recognise the file: about one alert
	maxShown     = 64 * 1024 // documents remembered to show each once: more than the logs of an agent hold
)

// Follow shows documents as they are written.
type Follow struct {
	Paths  []string // of the logs, which need not exist yet
	Filter Filter   // with Since, the documents from then on are shown first
	Show   func(line []byte) error
	Note   func(text string) // called with what cannot be read
}

// Run follows the logs until ctx is done, through rotation and truncation, and then returns nil.
// An error comes from reading a log or from Show.
func (o *Follow) Run(ctx context.Context) error {
	followers := make([]*follower, len(o.Paths))
	shown := map[documentID]bool{}
	for i, path := range o.Paths {
		followers[i] = &follower{Follow: o, path: path, shown: shown}
		defer followers[i].closeFile()
	}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		for _, f := range followers {
			if err := f.poll(ctx); ctx.Err() != nil {
				return nil
			} else if err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// documentID names a document.
type documentID struct {
	id       string
	sequence int
}

// follower follows one log. The goroutine of Run owns it.
type follower struct {
	*Follow
	path    string
	shown   map[documentID]bool // by all followers
	started bool                // what existed at first was read
	file    *file               // nil while none exists
	reader  *lineReader         // at the first byte that was not read, or of an unfinished line
	tail    []byte              // the last bytes before that
}

// poll shows what is new.
func (f *follower) poll(ctx context.Context) error {
	newer, err := f.openNewer()
	if err != nil {
		return err
	}
	defer func() { closeFiles(newer) }()
	if f.file != nil { // also what was written before it was put aside
		if err := f.readNew(ctx); err != nil {
			return err
		}
	}
	for len(newer) > 0 {
		f.closeFile()
		f.file, f.reader, f.tail = newer[0], newLineReader(nil, 0), nil
		newer = newer[1:]
		if err := f.readNew(ctx); err != nil {
			return err
		}
	}
	f.started = true
	return nil
}

// openNewer opens the files of the log that are newer than the open one, the oldest first.
func (f *follower) openNewer() ([]*file, error) {
	if f.file != nil {
		info, err := os.Lstat(f.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // it is being rotated, and the open file may still grow
		}
		if err != nil {
			return nil, explainPermission(err)
		}
		if open, err := f.file.Stat(); err != nil || os.SameFile(info, open) {
			return nil, err
		}
	}
	files, err := openRotated(f.path)
	if err != nil {
		return nil, err
	}
	n := len(files)
	if f.file != nil {
		n = slices.IndexFunc(files, f.file.isSame)
	}
	if n < 0 || !f.started && f.Filter.Since.IsZero() {
		n = min(1, len(files)) // which of the older files were shown is not known, or they are not wanted
	}
	closeFiles(files[n:])
	slices.Reverse(files[:n])
	return files[:n], nil
}

func (f *follower) closeFile() {
	if f.file == nil {
		return
	}
	if f.file.damage.Lines > 1 {
		f.Note(f.file.damage.String())
	}
	f.file.Close()
	f.file = nil
}

// readNew shows the finished lines that were not read yet.
func (f *follower) readNew(ctx context.Context) error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	tail, err := f.readTail()
	if err != nil {
		return err
	}
	if size < f.reader.at || !bytes.Equal(tail, f.tail) { // it was truncated, and may have grown again
		f.reader.at, f.reader.inLong = 0, false
	}
	if size > f.reader.at {
		f.reader.in.Reset(io.NewSectionReader(f.file, f.reader.at, size-f.reader.at))
		if err := f.reader.eachLine(ctx, f.visitLine); err != nil {
			return err
		}
	}
	f.tail, err = f.readTail()
	return err
}

// readTail returns the end of what was read: fewer bytes where the file is shorter by now.
func (f *follower) readTail() ([]byte, error) {
	tail := make([]byte, min(f.reader.at, tailBytes))
	n, err := f.file.ReadAt(tail, f.reader.at-int64(len(tail)))
	if err == io.EOF {
		err = nil
	}
	return tail[:n], err
}

// visitLine shows a line, if it is a selected alert that was not shown.
func (f *follower) visitLine(l *line) error {
	if l.err == nil && !l.finished {
		f.reader.at = l.at // to be read again
		return nil
	}
	if !f.started && f.Filter.Since.IsZero() {
		return nil
	}
	h, ok := f.selectLine(l, &f.file.damage)
	if !ok || !f.started && !f.Filter.isRecent(&h) {
		return nil
	}
	if len(f.Paths) > 1 && len(h.ID) <= maxID { // several logs may have the same document
		id := documentID{h.ID, h.Sequence}
		if f.shown[id] {
			return nil
		}
		if len(f.shown) == maxShown {
			clear(f.shown)
		}
		f.shown[id] = true
	}
	return f.Show(l.text)
}

// selectLine reads the head of a line. It notes the first damaged line.
func (o *Follow) selectLine(l *line, damage *Damage) (alert.Head, bool) {
	h, err := l.parseHead()
	if err != nil {
		if damage.countLine(l.at, err); damage.Lines == 1 {
			o.Note(damage.String())
		}
		return h, false
	}
	return h, o.Filter.matches(&h)
}

// Stream shows the selected documents of a stream until it ends or ctx is done. name is what
// notes of damage call it.
func (o *Follow) Stream(ctx context.Context, name string, r io.Reader) error {
	in := newPipeReader(ctx, r)
	defer in.Close()
	damage := Damage{File: name}
	err := newLineReader(in, 0).eachLine(ctx, func(l *line) error {
		if h, ok := o.selectLine(l, &damage); ok && o.Filter.isRecent(&h) {
			return o.Show(l.text)
		}
		return nil
	})
	if damage.Lines > 1 {
		o.Note(damage.String())
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}
