package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"time"
)

// syslogSender sends syslog messages over TLS (RFC 5425, with octet counting). The
// protocol acknowledges nothing, but asks a receiver that was said goodbye to to say it
// too (section 4.4), which it does when it has read all that came before. So each batch
// has a connection of its own, and is delivered when the receiver ended it in turn.
//
// It stays best effort. A receiver has then read the batch, and may still lose it, as when
// it is killed with messages in its memory. And a receiver that does not say goodbye in
// TLS but only closes the connection (rsyslog with the driver gtls) can't be told from a
// proxy that has the batch and is cut off; one that ever did say it is held to it.
type syslogSender struct {
	c      *Config
	dialer *tlsDialer
	format messageFormat
	frames []byte
	one    []byte
	polite bool // the receiver says goodbye
}

// newSyslogTLS returns the sender of type syslog_tls.
func (c *Config) newSyslogTLS() Sender {
	return &syslogSender{c: c, dialer: c.newTLSDialer(), format: newMessageFormat(c.Host)}
}

// Changed implements Watcher.
func (s *syslogSender) Changed() bool { return s.dialer.files.changed() }

// Close implements Sender.
func (s *syslogSender) Close() error { return nil }

// Send implements Sender. Of a batch whose end is not known nothing is delivered: some of
// it may come twice.
func (s *syslogSender) Send(ctx context.Context, items []Item) Result {
	r := Result{Outcomes: make([]Outcome, len(items))}
	s.encode(items, &r)
	if len(s.frames) == 0 {
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	if fault := s.deliver(ctx); fault != nil {
		r.Err = fault
		return r
	}
	for i, o := range r.Outcomes {
		if o == Retry {
			r.Outcomes[i] = Delivered
		}
	}
	return r
}

// encode makes the frames of a batch, without what can't be sent at all.
func (s *syslogSender) encode(items []Item, r *Result) {
	if cap(s.frames) > keepBuffer && len(items) == 1 {
		s.frames, s.one = nil, nil // the rush is over
	}
	s.frames = s.frames[:0]
	for i := range items {
		one, err := s.format.append(s.one[:0], &items[i])
		s.one = one
		if err != nil {
			r.Outcomes[i] = Refused
			r.Err = s.c.fail(KindRefused, err, "not sent: "+err.Error())
			r.Reasons = setReason(r.Reasons, len(items), i, r.Err.Text)
			continue
		}
		s.frames = append(strconv.AppendInt(s.frames, int64(len(one)), 10), ' ')
		s.frames = append(s.frames, one...)
	}
}

// setReason sets the reason of item i of n.
func setReason(reasons []string, n, i int, why string) []string {
	if reasons == nil {
		reasons = make([]string, n)
	}
	reasons[i] = why
	return reasons
}

// deliver sends the frames on a connection of their own.
func (s *syslogSender) deliver(ctx context.Context) *Error {
	conn, end, fault := s.dialer.dial(ctx)
	if fault != nil {
		return fault
	}
	// Not the close of TLS, which would wait for a receiver that reads nothing.
	defer end.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	heard := listen(conn)
	if err := s.write(conn, heard); err != nil {
		_ = end.Close()
		<-heard.done
		return s.ended(ctx, err)
	}
	<-heard.done
	if heard.err != nil {
		return s.ended(ctx, heard.err)
	}
	goodbye := !end.cut
	if goodbye {
		s.polite = true
		if err := end.drain(); err != nil {
			return s.ended(ctx, err)
		}
	}
	if !goodbye && s.polite || !end.arrived() {
		return s.ended(ctx, io.ErrUnexpectedEOF)
	}
	return nil
}

// write writes the frames and the goodbye. That the receiver went first is an error.
func (s *syslogSender) write(conn *tls.Conn, heard *listener) error {
	_, err := conn.Write(s.frames)
	if err == nil {
		select {
		case <-heard.done:
			err = io.ErrUnexpectedEOF
		default:
			err = conn.CloseWrite()
		}
	}
	if err == nil {
		return nil
	}
	// What it said before it closed tells more than a failed write.
	select {
	case <-heard.done:
		if heard.err != nil {
			return heard.err
		}
	case <-time.After(lastWords):
	}
	return err
}

// lastWords is how long to wait for an alert of TLS after a failed write. The alert was
// sent before, so only this machine can be slow.
const lastWords = time.Second

// listener reads until the receiver ends the connection.
type listener struct {
	done chan struct{}
	err  error // once done: why it ended, nil when the receiver ended it
}

// listen starts to read. A receiver has nothing to say in this protocol, so little is
// listened to.
func listen(conn *tls.Conn) *listener {
	l := &listener{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		switch _, err := io.CopyN(io.Discard, conn, maxDrain); {
		case err == nil:
			l.err = errors.New("sends data where syslog has none: look at the port")
		case !errors.Is(err, io.EOF):
			l.err = err
		}
	}()
	return l
}

// ended tells why a connection ended too early.
func (s *syslogSender) ended(ctx context.Context, failed error) *Error {
	fault := s.c.classify(failed)
	if fault.Kind == KindNetwork && ctx.Err() == nil && !isTimeout(failed) {
		fault.Text = "ended the connection before it had read all: is its longest message as long as an alert? (" + fault.Text + ")"
	}
	if isTimeout(failed) && ctx.Err() != context.Canceled {
		fault.Text = "has not ended the connection in time, so it may not have read all"
	}
	return fault
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
