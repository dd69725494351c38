package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// lastReadWait is how long to wait for what a receiver said before it closed the connection: it
// tells more than a failed write. It was sent before, so only this machine can be slow.
const lastReadWait = time.Second

// dialer connects with TLS to a receiver of syslog messages. It is for one goroutine.
type dialer struct {
	c     *Config
	files credentials
}

// newDialer returns the dialer of a configuration without faults.
func newDialer(c *Config) *dialer {
	host, _, _ := net.SplitHostPort(c.Address)
	return &dialer{c: c, files: credentials{c: c, server: host}}
}

// Changed implements Watcher.
func (d *dialer) Changed() bool { return d.files.hasChanged() }

// dialTLS returns a connection whose receiver proved its name.
func (d *dialer) dialTLS(ctx context.Context) (*tls.Conn, *rawConn, *Error) {
	if fault := d.files.refresh(); fault != nil {
		return nil, nil, fault
	}
	most := min(dialTimeout, d.c.Timeout)
	tcp := net.Dialer{Timeout: most}
	conn, err := tcp.DialContext(ctx, "tcp", d.c.Address)
	if err != nil {
		return nil, nil, d.c.classifyError(err)
	}
	raw := &rawConn{TCPConn: conn.(*net.TCPConn)}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	secured := tls.Client(raw, d.files.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, nil, d.c.classifyError(err)
	}
	return secured, raw, nil
}

// rawConn is the connection below TLS, and remembers that it ended. Reading from TLS gives
// io.EOF both when the receiver ended TLS, which nobody else can, and when the connection
// was cut.
type rawConn struct {
	*net.TCPConn
	cut bool // by a Read, which one goroutine does
}

func (r *rawConn) Read(p []byte) (int, error) {
	n, err := r.TCPConn.Read(p)
	if err != nil {
		r.cut = true
	}
	return n, err
}

// awaitClose waits until the receiver has closed the connection, after it ended TLS. A system
// whose program closes a connection without having read all resets it, and Read says so.
func (r *rawConn) awaitClose() error {
	_ = r.CloseWrite() // some wait for it
	_, err := io.CopyN(io.Discard, r.TCPConn, maxDrain)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		err = errors.New("sends data after the end of TLS")
	}
	return err
}

// allArrived says whether the receiver's machine has all that was sent, as far as this
// machine can tell.
func (r *rawConn) allArrived() bool {
	raw, err := r.SyscallConn()
	if err != nil {
		return false
	}
	left := -1
	err = raw.Control(func(fd uintptr) { left = unsent(fd) })
	return err == nil && left == 0
}
