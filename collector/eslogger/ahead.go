package eslogger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// Decoded is a line of a recording.
type Decoded struct {
	Message Message
	Err     error // why there is no message; nil for a blank line, too
	Size    int   // of the line in bytes, without the line break
	Blank   bool  // nothing but white space: there is no message
	// Continues says that this is one more object of the line before.
	Continues bool
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
		b.lines = AppendDecoded(b.lines, d, line[:len(line)-1])
	}
}

// maxOnLine bounds the objects of one line.
const maxOnLine = 10_000

// AppendDecoded decodes a line, and appends what is on it: as a rule one object.
func AppendDecoded(to []Decoded, d *Decoder, line []byte) []Decoded {
	rest := line
	for n := 0; n == 0 || len(rest) > 0; n++ {
		if len(to) < cap(to) {
			to = to[:len(to)+1] // with the lists of the message that was there
		} else {
			to = append(to, Decoded{})
		}
		l := &to[len(to)-1]
		l.Size, l.Continues, l.Err = len(line), n > 0, nil
		if l.Blank = isBlank(rest); l.Blank {
			break
		}
		if n == maxOnLine {
			l.Err = fmt.Errorf("more than %d objects on a line", maxOnLine)
			break
		}
		if rest[0] == '{' {
			rest, l.Err = d.decodeFirst(rest, &l.Message)
		} else {
			rest, l.Err = d.decodeBehind(rest, &l.Message)
		}
		rest = bytes.TrimLeft(rest, ",] \t\r")
	}
	return to
}

// isBlank reports whether a line has nothing, or nothing but the brackets of an array.
func isBlank(line []byte) bool {
	return len(line) == 0 || line[0] != '{' && len(bytes.Trim(line, "[], \t\r")) == 0
}

// maxPrefix bounds the braces in what stands before an object on its line.
const maxPrefix = 8

// decodeBehind reads an event on a line that begins with something else, as what forwards or keeps logs
// puts there. A line that is not an event may be a part of one.
func (d *Decoder) decodeBehind(line []byte, m *Message) (rest []byte, err error) {
	for range maxPrefix {
		n := bytes.IndexByte(line, '{')
		if n < 0 {
			break
		}
		line = line[n:]
		if rest, err := d.decodeFirst(line, m); err == nil && len(m.EventName) > 0 {
			return rest, nil
		}
		line = line[1:]
	}
	return nil, errors.New("not an object of JSON")
}
