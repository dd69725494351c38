package forward

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"hooksnare/pkg/forward/receivers"
)

// fakeRELP is a RELP server that does as it is told.
type fakeRELP struct {
	address string
	// answer returns what is sent back for the n-th message, and whether the connection
	// ends then.
	answer func(n, transaction int) (text string, end bool)
	offers string

	mu       sync.Mutex
	sessions int
	numbers  []int // transactions of messages
	messages []string
	closes   int
	peers    []string // serial numbers of client certificates
	faults   []string
}

func rsp(transaction int, data string) string {
	return fmt.Sprintf("%d rsp %d %s\n", transaction, len(data), data)
}

func startRELP(t testing.TB, c *tls.Config, s *fakeRELP) *fakeRELP {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var open sync.Map
	t.Cleanup(func() {
		_ = l.Close()
		open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		wg.Wait()
		for _, f := range s.faults {
			t.Errorf("the receiver complains: %s", f)
		}
	})
	if s.offers == "" {
		s.offers = "200 OK\nrelp_version=0\nrelp_software=fake,1\ncommands=syslog"
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s.address = net.JoinHostPort(receivers.Host, port)
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			wg.Go(func() {
				defer conn.Close()
				s.serve(conn.(*tls.Conn))
			})
		}
	})
	return s
}

// serve serves one connection.
func (s *fakeRELP) serve(conn *tls.Conn) {
	if conn.Handshake() != nil {
		return
	}
	s.mu.Lock()
	s.sessions++
	if certs := conn.ConnectionState().PeerCertificates; len(certs) > 0 {
		s.peers = append(s.peers, certs[0].SerialNumber.String())
	}
	s.mu.Unlock()
	r := bufio.NewReader(conn)
	for {
		transaction, command, data, err := readCommandFrame(r)
		if err != nil {
			s.fault(err)
			return
		}
		text, end := s.reply(transaction, command, data)
		if _, err := io.WriteString(conn, text); err != nil || end {
			return
		}
	}
}

func (s *fakeRELP) fault(err error) {
	if strings.HasPrefix(err.Error(), "frame: ") {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = append(s.faults, err.Error())
	}
}

func (s *fakeRELP) reply(transaction int, command, data string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch command {
	case "open":
		if !strings.HasPrefix(data, "relp_version=") || !strings.Contains(data, "\ncommands=syslog") {
			s.faults = append(s.faults, fmt.Sprintf("open with %q", data))
		}
		return rsp(transaction, s.offers), false
	case "close":
		s.closes++
		return rsp(transaction, "200 OK") + "0 serverclose 0\n", true
	}
	s.numbers = append(s.numbers, transaction)
	s.messages = append(s.messages, data)
	if s.answer == nil {
		return rsp(transaction, "200 OK"), false
	}
	return s.answer(len(s.messages), transaction)
}

// readCommandFrame reads a frame as a strict server does.
func readCommandFrame(r *bufio.Reader) (transaction int, command, data string, err error) {
	var parts [3]string
	for i := range parts {
		for {
			c, err := r.ReadByte()
			if err != nil {
				return 0, "", "", err
			}
			if c == ' ' || c == '\n' && i == 2 {
				if c == '\n' {
					err = r.UnreadByte()
				}
				if err != nil {
					return 0, "", "", err
				}
				break
			}
			parts[i] += string(c)
		}
	}
	transaction, err1 := strconv.Atoi(parts[0])
	length, err2 := strconv.Atoi(parts[2])
	if err1 != nil || err2 != nil || transaction < 1 || transaction > 999_999_999 || len(parts[2]) > 9 {
		return 0, "", "", fmt.Errorf("frame: %q", parts)
	}
	buffer := make([]byte, length+1)
	if _, err := io.ReadFull(r, buffer); err != nil {
		return 0, "", "", err
	}
	if !bytes.HasSuffix(buffer, []byte("\n")) {
		return 0, "", "", fmt.Errorf("frame: %q ends in %q", parts, buffer[length])
	}
	return transaction, parts[1], string(buffer[:length]), nil
}
