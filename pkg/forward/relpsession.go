package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"time"
)

const (
	relpWindow    = 128         // messages that may be unanswered; librelp has the same
	relpCloseWait = time.Second // for a receiver to answer that the session ends
)

var errServerClose = errors.New("ended the session")

// relpSession is one connection on which a session was opened. The receiver's answers to a
// window of messages fit into the buffers of the connection, so nobody needs to read while
// messages are written; a receiver whose answers do not fit runs into the timeout.
type relpSession struct {
	raw     *rawConn
	conn    *tls.Conn
	made    *tls.Config
	in      *bufio.Reader
	out     *bufio.Writer
	last    int // transaction
	timeout time.Duration
}

// openRELP connects and opens a session.
func openRELP(ctx context.Context, d *dialer, last int) (*relpSession, *Error) {
	conn, raw, fault := d.dialTLS(ctx)
	if fault != nil {
		return nil, fault
	}
	s := &relpSession{
		conn: conn, raw: raw, made: d.files.tls, last: last, timeout: d.c.Timeout,
		in: bufio.NewReaderSize(conn, 4<<10), out: bufio.NewWriterSize(conn, 32<<10),
	}
	defer s.endWith(ctx)()
	if err := s.sendOpen("relp_version=0\nrelp_software=" + userAgent(d.c.Version) + "\ncommands=syslog"); err != nil {
		s.closeNow()
		return nil, s.sessionError(d.c, err)
	}
	return s, nil
}

func (s *relpSession) sendOpen(offers string) error {
	opening := s.writeCommand("open", []byte(offers))
	if err := s.flush(); err != nil {
		return s.lastError(err, func() error { _, err := s.readAnswer(); return err })
	}
	a, err := s.readAnswer()
	switch {
	case err != nil:
		return err
	case a.transaction != opening:
		return badRELP("answers transaction %d, not %d", a.transaction, opening)
	}
	return a.checkOpen()
}

// lastError returns the error of reading on after one that failed: what the receiver said
// before it closed the connection tells more than a failed write. Without any it is failed.
func (s *relpSession) lastError(failed error, read func() error) error {
	s.timeout = lastReadWait
	for {
		if err := read(); isTimeout(err) {
			return failed
		} else if err != nil {
			return err
		}
	}
}

// endWith ends reading and writing when ctx does, until the function it returns is called.
func (s *relpSession) endWith(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, s.closeNow)
}

// writeCommand writes a command to the buffer, and returns its transaction. Its error is that of flush.
func (s *relpSession) writeCommand(name string, data []byte) int {
	s.last = s.last%maxTransaction + 1
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
	var header [64]byte
	_, _ = s.out.Write(appendRELPHeader(header[:0], s.last, name, len(data)))
	_, _ = s.out.Write(data)
	_ = s.out.WriteByte('\n')
	return s.last
}

func (s *relpSession) flush() error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
	return s.out.Flush()
}

// readAnswer waits for an answer.
func (s *relpSession) readAnswer() (relpAnswer, error) {
	_ = s.conn.SetReadDeadline(time.Now().Add(s.timeout))
	f, err := readRELP(s.in)
	if err == nil && f.transaction == 0 && f.command == "serverclose" {
		err = errServerClose
	}
	if err != nil {
		return relpAnswer{}, err
	}
	return f.parseAnswer()
}

// closeNow ends the connection at once.
func (s *relpSession) closeNow() { _ = s.raw.Close() }

// endSession ends the session as the protocol wants it. Everything was answered before, so
// nothing depends on it.
func (s *relpSession) endSession() {
	s.timeout = relpCloseWait
	s.writeCommand("close", nil)
	if s.flush() == nil {
		_, _ = s.readAnswer()
	}
	s.closeNow()
}

// sessionError says why a session ended.
func (s *relpSession) sessionError(c *Config, err error) *Error {
	switch {
	case errors.Is(err, errRELP):
		return c.newError(KindAnswer, err, printableLine(err.Error()))
	case errors.Is(err, errServerClose):
		return c.newError(KindNetwork, err, err.Error())
	case errors.Is(err, errRELPRefused):
		return c.newError(KindBusy, err, printableLine(err.Error()))
	}
	return c.classifyError(err)
}
