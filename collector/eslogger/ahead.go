package eslogger

import (
	"bytes"
	"context"
	"runtime"
	"sync"
)

// Decoded is a line of a recording.
type Decoded struct {
	Message Message
	Err     error // why there is no message; nil for a blank line, too
	Size    int   // in bytes, without the line break
	Blank   bool  // nothing but white space: there is no message
}

// DecodeAhead decodes the complete lines of a recording on all processors, ahead of their
// use, and gives them to take one after the other, in order. What it gives holds until
// take returns. It returns the reader's error, io.EOF as a rule, or that of ctx, and uses
// lines no more then.
func DecodeAhead(ctx context.Context, lines *Lines, take func(*Decoded)) error {
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{lines: lines}
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	batches := workers + 2 // one is read and one is taken meanwhile
	a.free, a.work, a.order = make(chan *batch, batches), make(chan *batch, batches), make(chan *batch, batches)
	for range batches {
		a.free <- &batch{spare: make([]byte, linesBuffer), done: make(chan struct{}, 1)}
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { a.read(ctx) })
	for range workers {
		running.Go(a.decode)
	}
	for b := range a.order {
		<-b.done
		for i := range b.lines {
			take(&b.lines[i])
		}
		a.free <- b
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return a.err
}

// maxWorkers bounds the memory of batches on a machine with many processors; judging what
// is decoded takes one processor, and a seventh of the time.
const maxWorkers = 6

// ahead hands batches from the reader to the decoders, and in order to who takes them.
type ahead struct {
	lines             *Lines
	free, work, order chan *batch
	err               error // why reading ended; set before order is closed
}

// batch is some lines in a row. It belongs to whoever received it last.
type batch struct {
	block []byte // complete lines
	spare []byte // the buffer to read on with
	lines []Decoded
	done  chan struct{} // receives once lines are decoded
}

// read cuts the stream into batches until it ends.
func (a *ahead) read(ctx context.Context) {
	defer close(a.order)
	defer close(a.work)
	for b := range a.free {
		if a.err = ctx.Err(); a.err != nil {
			return
		}
		if b.block, b.spare, a.err = a.lines.block(b.spare); a.err != nil {
			return
		}
		a.order <- b
		a.work <- b
	}
}

// decode decodes batches until there are no more.
func (a *ahead) decode() {
	var d Decoder
	for b := range a.work {
		b.decode(&d)
		b.done <- struct{}{}
	}
}

func (b *batch) decode(d *Decoder) {
	b.lines = b.lines[:0]
	for line := range bytes.Lines(b.block) {
		n := len(b.lines)
		if n < cap(b.lines) {
			b.lines = b.lines[:n+1] // with the lists of the message that was there
		} else {
			b.lines = append(b.lines, Decoded{})
		}
		l := &b.lines[n]
		line = line[:len(line)-1]
		l.Size, l.Err = len(line), nil
		l.Blank = len(line) == 0 || line[0] != '{' && len(bytes.TrimSpace(line)) == 0
		if !l.Blank {
			l.Err = d.Decode(line, &l.Message)
		}
	}
}
