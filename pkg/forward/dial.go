package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"time"
)

// lastReadWait is how long to wait for what a receiver said before it closed the connection: it
// tells more than a failed write. It was sent before, so only this machine can be slow.
const lastReadWait = time.Second

// dialer connects with TLS to a receiver of syslog messages. It is for one goroutine.
type dialer struct {
	c     *Config
	route route
	files credentials
}

// newDialer returns the dialer of a configuration without faults.
func newDialer(c *Config) *dialer {
	host, _, _ := net.SplitHostPort(c.Address)
	return &dialer{c: c, route: c.routeTo(&url.URL{Host: c.Address}), files: credentials{c: c, server: host}}
}

// Changed implements Watcher.
func (d *dialer) Changed() bool { return d.files.hasChanged() }

// dialTLS returns a connection whose receiver proved its name.
func (d *dialer) dialTLS(ctx context.Context) (*tls.Conn, *rawConn, *Error) {
	if fault := d.files.refresh(); fault != nil {
		return nil, nil, fault
	}
	raw, err := d.route.dial(ctx, d.c.Address, d.files.tls)
	if err != nil {
		return nil, nil, d.c.classifyError(err)
	}
	ctx, cancel := context.WithTimeout(ctx, min(dialTimeout, d.c.Timeout))
	defer cancel()
	secured := tls.Client(raw, d.files.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, nil, d.c.classifyError(err)
	}
	return secured, raw, nil
}

// rawConn is the connection below TLS, and remembers that it ended. Reading from TLS gives
// io.EOF both when the receiver ended TLS, which nobody else can, and when the connection
// was cut.
type rawConn struct {
	net.Conn              // tcp, or TLS to a proxy on it
	tcp      *net.TCPConn // to the receiver, or to a proxy
	cut      bool         // by a Read, which one goroutine does
}

// newRawConn returns a connection over TCP.
func newRawConn(tcp net.Conn) *rawConn { return &rawConn{Conn: tcp, tcp: tcp.(*net.TCPConn)} }

func (r *rawConn) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if err != nil {
		r.cut = true
	}
	return n, err
}

// awaitClose waits until the receiver has closed the connection, after it ended TLS. A system
// whose program closes a connection without having read all resets it, and Read says so.
func (r *rawConn) awaitClose() error {
	_ = r.tcp.CloseWrite() // some wait for it; below TLS to a proxy, as what TLS would say need not arrive
	_, err := io.CopyN(io.Discard, r.Conn, maxDrain)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // TLS to a proxy need not end as that to the receiver
		return nil
	}
	if err == nil {
		err = errors.New("sends data after the end of TLS")
	}
	return err
}

// allArrived says whether the receiver's machine, or that of the proxy, has all that was sent, as far
// as this machine can tell.
func (r *rawConn) allArrived() bool {
	raw, err := r.tcp.SyscallConn()
	if err != nil {
		return false
	}
	left := -1
	err = raw.Control(func(fd uintptr) { left = unsent(fd) })
	return err == nil && left == 0
}
