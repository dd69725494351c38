package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"time"
)

// relpWindow is how many messages may be unanswered; librelp has the same.
const relpWindow = 128

var errServerClose = errors.New("ended the session")

// relpSession is one connection on which a session was opened.
type relpSession struct {
	conn    *tls.Conn
	end     *endConn
	made    *tls.Config
	out     *bufio.Writer
	last    int // transaction
	timeout time.Duration

	answers chan relpAnswer // closed when the connection ended
	closed  error           // why, once answers is closed
	quit    chan struct{}   // nobody wants answers any more
}

// openRELP connects and opens a session.
func openRELP(ctx context.Context, c *Config, d *tlsDialer, last int) (*relpSession, *Error) {
	conn, end, fault := d.dial(ctx)
	if fault != nil {
		return nil, fault
	}
	s := &relpSession{
		conn: conn, end: end, made: d.files.made, out: bufio.NewWriterSize(conn, 32<<10), last: last, timeout: c.Timeout,
		answers: make(chan relpAnswer, relpWindow), quit: make(chan struct{}),
	}
	go s.read()
	defer s.endWith(ctx)()
	offers := "relp_version=0\nrelp_software=" + userAgent(c.Version) + "\ncommands=syslog"
	opening, err := s.command("open", []byte(offers))
	if err == nil {
		err = s.flush()
	}
	if err != nil {
		s.timeout = lastWords // what it said before it closed tells more than a failed write
	}
	a, said := s.next()
	if said != nil && !errors.Is(said, errNoAnswer) || err == nil {
		err = said
	}
	if err == nil && a.transaction != opening {
		err = badRELP("answers transaction %d, not %d", a.transaction, opening)
	}
	if err == nil {
		err = a.open()
	}
	if err != nil {
		s.drop()
		return nil, s.fault(c, err)
	}
	return s, nil
}

// read hands on what the receiver answers until the connection ends.
func (s *relpSession) read() {
	defer close(s.answers)
	r := bufio.NewReaderSize(s.conn, 4<<10)
	for {
		f, err := readRELP(r)
		if err == nil && f.transaction == 0 && f.command == "serverclose" {
			err = errServerClose
		}
		var a relpAnswer
		if err == nil {
			a, err = f.answer()
		}
		if err != nil {
			s.closed = err
			return
		}
		select {
		case s.answers <- a:
		case <-s.quit:
			s.closed = io.ErrClosedPipe
			return
		}
	}
}

// endWith ends reading and writing when ctx does, until the function it returns is called.
func (s *relpSession) endWith(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() { _ = s.end.Close() })
}

// command writes a command to the buffer, and returns its transaction.
func (s *relpSession) command(name string, data []byte) (int, error) {
	s.last++
	if s.last > maxTransaction {
		s.last = 1
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
	var header [64]byte
	b := appendRELPHeader(header[:0], s.last, name, len(data))
	if _, err := s.out.Write(b); err != nil {
		return 0, err
	}
	if _, err := s.out.Write(data); err != nil {
		return 0, err
	}
	return s.last, s.out.WriteByte('\n')
}

func (s *relpSession) flush() error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
	return s.out.Flush()
}

// next waits for an answer.
func (s *relpSession) next() (relpAnswer, error) {
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	select {
	case a, ok := <-s.answers:
		if !ok {
			return a, s.closed
		}
		return a, nil
	case <-timer.C:
		return relpAnswer{}, errNoAnswer
	}
}

var errNoAnswer = errors.New("no answer in time")

// usable says whether the session can take messages: between batches the receiver has
// nothing to say but that it ends.
func (s *relpSession) usable() bool {
	select {
	case <-s.answers:
		return false
	default:
		return true
	}
}

// drop ends the connection at once.
func (s *relpSession) drop() {
	close(s.quit)
	_ = s.end.Close()
	for range s.answers {
	}
}

// goodbye is how long a receiver has to answer that the session ends.
const goodbye = time.Second

// close ends the session as the protocol wants it. Everything was answered before, so
// nothing depends on it.
func (s *relpSession) close() {
	s.timeout = goodbye
	if _, err := s.command("close", nil); err == nil && s.flush() == nil {
		_, _ = s.next()
	}
	s.drop()
}

// fault tells why a session ended.
func (s *relpSession) fault(c *Config, err error) *Error {
	switch {
	case errors.Is(err, errRELP):
		return c.fail(KindAnswer, err, line(err.Error()))
	case errors.Is(err, errServerClose), errors.Is(err, errNoAnswer):
		return c.fail(KindNetwork, err, err.Error())
	case errors.Is(err, errRELPRefused):
		return c.fail(KindBusy, err, line(err.Error()))
	}
	return c.classify(err)
}
