package agent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
)

// Stream shows the documents that are wanted of a stream, as they come, until it ends or
// ctx is done. name is what the stream is called where it is damaged.
func (o *AlertFollow) Stream(ctx context.Context, name string, r io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines, ended := make(chan logLine), make(chan error, 1)
	go func() { // ends with the stream, or with the process: an interrupted read of it goes on
		ended <- splitLines(ctx, r, lines)
	}()
	in := alertFile{name: name}
	for {
		select {
		case l := <-lines:
			h, err := l.check()
			if err != nil {
				if in.damaged(l.at, err); in.damage.Lines == 1 {
					o.Note(in.damage.String())
				}
				continue
			}
			if o.Filter.wants(&h) && o.Filter.recent(&h) {
				if err := o.Show(l.text); err != nil {
					return err
				}
			}
		case err := <-ended:
			if in.damage.Lines > 1 {
				o.Note(in.damage.String())
			}
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// splitLines sends a stream's lines, of which it holds one at a time.
func splitLines(ctx context.Context, r io.Reader, to chan<- logLine) error {
	in := bufio.NewReaderSize(r, maxLogLine+1)
	at, skip := int64(0), false
	for {
		text, err := in.ReadSlice('\n')
		if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		l := logLine{text: bytes.Clone(bytes.TrimSuffix(text, []byte("\n"))), at: at, whole: err == nil}
		if at += int64(len(text)); errors.Is(err, bufio.ErrBufferFull) {
			l.text, l.err = nil, errLongLine
		}
		if !skip && (len(l.text) > 0 || l.err != nil) {
			select {
			case to <- l:
			case <-ctx.Done():
				return nil
			}
		}
		if skip = errors.Is(err, bufio.ErrBufferFull); err == io.EOF {
			return nil
		}
	}
}
