package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// A connection on which nothing comes back is given up after about a minute, also when
// nothing is being sent: a receiver that vanished is not told apart from a quiet one
// otherwise.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}

// userTimeout is how long sent bytes may stay without the receiver's machine saying that
// it has them.
const userTimeout = time.Minute

// tlsDialer connects to a receiver that is not spoken to in HTTP.
type tlsDialer struct {
	c       *Config
	address string
	files   *tlsFiles
}

func (c *Config) newTLSDialer() *tlsDialer {
	host, port, _ := splitAddress(c.Address) // checked
	return &tlsDialer{c: c, address: net.JoinHostPort(host, port), files: newTLSFiles(c, host)}
}

// dial returns a connection whose receiver proved its name, and the configuration that it
// was made with.
func (d *tlsDialer) dial(ctx context.Context) (*tls.Conn, *endConn, *Error) {
	made, fault := d.files.config()
	if fault != nil {
		return nil, nil, fault
	}
	most := min(dialTimeout, d.c.Timeout)
	dialer := net.Dialer{Timeout: most, KeepAliveConfig: keepAlive, Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(setUserTimeout)
	}}
	raw, err := dialer.DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, nil, d.c.classify(err)
	}
	end := &endConn{Conn: raw}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	conn := tls.Client(end, made)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, nil, d.c.classify(err)
	}
	return conn, end, nil
}

// endConn remembers that the connection itself ended. Reading from TLS gives io.EOF both
// when the receiver said its goodbye, which nobody else can, and when the connection was
// cut.
type endConn struct {
	net.Conn
	cut bool // by a Read, which one goroutine does
}

func (e *endConn) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if err != nil {
		e.cut = true
	}
	return n, err
}

// drain waits until the receiver has closed the connection, after its goodbye. A system
// whose program closes a connection without having read all resets it, and Read says so.
func (e *endConn) drain() error {
	if c, ok := e.Conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // some wait for it
	}
	_, err := io.CopyN(io.Discard, e.Conn, maxDrain)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		err = errors.New("sends data behind its goodbye")
	}
	return err
}

// arrived says whether the receiver's machine has all that was sent, as far as this
// machine can tell.
func (e *endConn) arrived() bool {
	socket, ok := e.Conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	left := 0
	if err := raw.Control(func(fd uintptr) { left = unsent(fd) }); err != nil {
		return false
	}
	return left == 0
}
