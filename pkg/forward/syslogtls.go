package forward

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strconv"
	"time"
)

// syslogSender sends syslog messages over TLS (RFC 5425, with octet counting). The
// protocol acknowledges nothing, but a receiver must answer the end of TLS with its own
// (section 4.4), which it does when it has read all that came before. So each batch has
// its own connection, and is delivered when the receiver ended it in turn.
//
// It stays best effort. A receiver has then read the batch, and may still lose it, as when
// it is killed with messages in its memory. And a receiver that does not end TLS but only
// closes the connection (rsyslog with the driver gtls) can't be told from a proxy that has
// the batch and is cut off; one that ever ended TLS is held to it.
type syslogSender struct {
	*dialer
	format  messageFormat
	endsTLS bool // the receiver ends TLS
}

func newSyslogSender(c *Config) *syslogSender {
	return &syslogSender{dialer: newDialer(c), format: newMessageFormat(c.Host)}
}

// Close implements Sender.
func (s *syslogSender) Close() error { return nil }

// Send implements Sender. Of a batch whose end is not known nothing is delivered: some of
// it may come twice.
func (s *syslogSender) Send(ctx context.Context, items []Item) Result {
	if r, unfit := s.c.refuseUnfit(items); unfit || len(items) == 0 {
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	if fault := s.deliverFrames(ctx, s.encodeFrames(items)); fault != nil {
		return uniformResult(len(items), Retry, fault)
	}
	return uniformResult(len(items), Delivered, nil)
}

// encodeFrames returns the frames of a batch.
func (s *syslogSender) encodeFrames(items []Item) (frames []byte) {
	var message []byte
	for i := range items {
		message = s.format.appendMessage(message[:0], &items[i])
		frames = append(strconv.AppendInt(frames, int64(len(message)), 10), ' ')
		frames = append(frames, message...)
	}
	return frames
}

// deliverFrames sends the frames on their own connection.
func (s *syslogSender) deliverFrames(ctx context.Context, frames []byte) *Error {
	conn, raw, fault := s.dialTLS(ctx)
	if fault != nil {
		return fault
	}
	ended := make(chan error, 1)
	go func() {
		ended <- readEnd(conn)
		close(ended)
	}()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		stop()
		_ = raw.Close() // not the close of TLS, which would wait for a receiver that reads nothing
		for range ended {
		}
	}()
	if err := writeFrames(conn, frames, ended); err != nil {
		return s.endedEarly(ctx, err)
	}
	err := <-ended
	if err == nil && !raw.cut {
		s.endsTLS = true
		err = raw.awaitClose()
	}
	if err == nil && (raw.cut && s.endsTLS || !raw.allArrived()) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return s.endedEarly(ctx, err)
	}
	return nil
}

// writeFrames writes the frames and the end of TLS. That the receiver went first is an error.
func writeFrames(conn *tls.Conn, frames []byte, ended <-chan error) error {
	_, err := conn.Write(frames)
	if err == nil {
		select {
		case reason := <-ended:
			return cmp.Or(reason, io.ErrUnexpectedEOF)
		default:
			err = conn.CloseWrite()
		}
	}
	if err == nil {
		return nil
	}
	select {
	case reason := <-ended:
		return cmp.Or(reason, err)
	case <-time.After(lastReadWait):
		return err
	}
}

// readEnd reads until the receiver ends the connection, and returns nil when it does. It has
// nothing to say in this protocol, so little is read.
func readEnd(conn *tls.Conn) error {
	switch _, err := io.CopyN(io.Discard, conn, maxDrain); {
	case err == nil:
		return errors.New("sends data where syslog has none: check the port")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// endedEarly says why a connection ended before it was known that all was read.
func (s *syslogSender) endedEarly(ctx context.Context, failed error) *Error {
	fault := s.c.classifyError(failed)
	switch {
	case isTimeout(failed) && !errors.Is(ctx.Err(), context.Canceled):
		fault.Text = "has not ended the connection in time, so it may not have read all"
	case !isTimeout(failed) && fault.Kind == KindNetwork && ctx.Err() == nil:
		fault.Text = "ended the connection before it had read all: is its longest message as long as an alert? (" + fault.Text + ")"
	}
	return fault
}
