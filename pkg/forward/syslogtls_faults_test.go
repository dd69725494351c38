package forward

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// TestStreamTLSRefused connects to receivers that are not who they should be.
func TestStreamTLSRefused(t *testing.T) {
	now := time.Now()
	p, other := receivers.NewPKI(t), receivers.NewPKI(t)
	old := p.Issue(t, "expired", receivers.Leaf{NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)})
	early := p.Issue(t, "early", receivers.Leaf{NotBefore: now.Add(time.Hour)})
	named := p.Issue(t, "named", receivers.Leaf{Name: "logs.example.com"})
	oldTLS := func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }
	for _, kind := range []string{"relp", "syslog_tls"} {
		for _, c := range []struct {
			name   string
			server *tls.Config
			change func(*tls.Config)
			client receivers.Pair
			kind   Kind
			says   string
		}{
			{"right", p.ServerConfig(t, p.Server), nil, p.Client, KindNone, ""},
			{"right, TLS 1.2", p.ServerConfig(t, p.Server), func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, p.Client, KindNone, ""},
			{"wrong name", p.ServerConfig(t, named), nil, p.Client, KindName, "logs.example.com"},
			{"expired", p.ServerConfig(t, old), nil, p.Client, KindExpired, "renew"},
			{"not yet valid", p.ServerConfig(t, early), nil, p.Client, KindExpired, "clock"},
			{"unknown authority", other.ServerConfig(t, other.Server), nil, p.Client, KindAuthority, "CAFile"},
			{"TLS 1.1 only", p.ServerConfig(t, p.Server), oldTLS, p.Client, KindVersion, "TLS 1.2"},
			{"our certificate is another's", p.ServerConfig(t, p.Server), nil, other.Client, KindCertificate, "CertificateFile"},
			{"our certificate is another's, TLS 1.2", p.ServerConfig(t, p.Server), func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, other.Client, KindCertificate, "CertificateFile"},
			{"we have no certificate", p.ServerConfig(t, p.Server), nil, receivers.Pair{}, KindCertificate, "CertificateFile"},
		} {
			t.Run(kind+"/"+c.name, func(t *testing.T) {
				if c.change != nil {
					c.change(c.server)
				}
				address := ""
				if kind == "relp" {
					address = startRELP(t, c.server, &fakeRELP{}).address
				} else {
					address = startSyslog(t, c.server, readAll)
				}
				config := streamConfig(kind, address, p)
				config.CertificateFile, config.KeyFile = c.client.CertificateFile, c.client.KeyFile
				r := send(t, newSender(t, config), makeItems(3))
				outcome := Delivered
				if c.kind != KindNone {
					outcome = Retry
				}
				want(t, r, 3, outcome, c.kind)
				if r.Err != nil && !strings.Contains(r.Err.Text, c.says) {
					t.Errorf("got %q, want %q in it", r.Err.Text, c.says)
				}
			})
		}
	}
}

// TestRealTLSRefused does the same with receivers that people have.
func TestRealTLSRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for kind, start := range map[string]func(testing.TB, receivers.Options) *receivers.Receiver{
		"relp": receivers.StartRsyslogRELP, "syslog_tls": receivers.StartRsyslogTLS, "syslog_tls/ng": receivers.StartSyslogNGTLS,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			kind, _, _ := strings.Cut(kind, "/")
			p, other := receivers.NewPKI(t), receivers.NewPKI(t)
			old := p.Issue(t, "expired", receivers.Leaf{NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)})
			named := p.Issue(t, "named", receivers.Leaf{Name: "logs.example.com"})
			for _, c := range []struct {
				server receivers.Pair
				ca     string
				client receivers.Pair
				kind   Kind
			}{
				{old, p.CAFile, p.Client, KindExpired},
				{named, p.CAFile, p.Client, KindName},
				{p.Server, other.CAFile, p.Client, KindAuthority},
				{p.Server, p.CAFile, other.Client, KindCertificate},
			} {
				r := start(t, receivers.Options{PKI: p, Server: &c.server})
				config := streamConfig(kind, r.Address, p)
				config.CAFile, config.CertificateFile, config.KeyFile = c.ca, c.client.CertificateFile, c.client.KeyFile
				want(t, send(t, newSender(t, config), makeItems(3)), 3, Retry, c.kind)
				if got := r.Messages(t); len(got) > 0 {
					t.Errorf("%v: %d messages arrived", c.kind, len(got))
				}
			}
		})
	}
}

// startSyslog starts a server of syslog over TLS that treats each connection as it is
// told.
func startSyslog(t testing.TB, c *tls.Config, treat func(*tls.Conn)) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if conn.(*tls.Conn).Handshake() == nil {
					treat(conn.(*tls.Conn))
				}
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(receivers.Host, port)
}

// readAll reads to the sender's goodbye; the goodbye in turn is in Close.
func readAll(c *tls.Conn) { _, _ = io.Copy(io.Discard, c) }

// cut ends the connection without a goodbye.
func cut(c *tls.Conn) { _ = c.NetConn().Close() }

// TestSyslogTLSDelivered tells when a batch counts.
func TestSyslogTLSDelivered(t *testing.T) {
	t.Parallel()
	p := receivers.NewPKI(t)
	for _, c := range []struct {
		name  string
		treat func(*tls.Conn)
		kind  Kind
	}{
		{"reads all and says goodbye", readAll, KindNone},
		{"reads all and closes", func(c *tls.Conn) { readAll(c); cut(c) }, KindNone},
		{"says goodbye at once", func(*tls.Conn) {}, KindNetwork},
		{"closes at once", cut, KindNetwork},
		{"closes half-way", func(c *tls.Conn) { _, _ = io.CopyN(io.Discard, c, 20_000); cut(c) }, KindNetwork},
		{"says goodbye half-way", func(c *tls.Conn) { _, _ = io.CopyN(io.Discard, c, 20_000) }, KindNetwork},
		{"reads nothing", func(*tls.Conn) { <-t.Context().Done() }, KindNetwork},
		{"reads all and says nothing", func(c *tls.Conn) { readAll(c); <-t.Context().Done() }, KindNetwork},
		{"talks without end", func(c *tls.Conn) { _, _ = io.Copy(c, zeros{}) }, KindNetwork},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := streamConfig("syslog_tls", startSyslog(t, p.ServerConfig(t, p.Server), c.treat), p)
			if strings.Contains(c.name, "nothing") {
				config.Timeout = time.Second // it would not end otherwise
			}
			items := makeItems(1000)
			outcome := Delivered
			if c.kind != KindNone {
				outcome = Retry
			}
			want(t, send(t, newSender(t, config), items), len(items), outcome, c.kind)
		})
	}
}

// TestSyslogTLSPolite holds a receiver to saying goodbye that once said it: a cut is then
// a cut, and not the way it ends.
func TestSyslogTLSPolite(t *testing.T) {
	p := receivers.NewPKI(t)
	connections := make(chan int, 1)
	connections <- 0
	address := startSyslog(t, p.ServerConfig(t, p.Server), func(c *tls.Conn) {
		n := <-connections
		connections <- n + 1
		readAll(c)
		if n%2 == 1 {
			cut(c)
		}
	})
	s := newSender(t, streamConfig("syslog_tls", address, p))
	want(t, send(t, s, makeItems(2)), 2, Delivered, KindNone)
	want(t, send(t, s, makeItems(2)), 2, Retry, KindNetwork)
	want(t, send(t, s, makeItems(2)), 2, Delivered, KindNone)
}

func TestSyslogTLSNotThere(t *testing.T) {
	p := receivers.NewPKI(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	for _, kind := range []string{"relp", "syslog_tls"} {
		want(t, send(t, newSender(t, streamConfig(kind, "localhost:"+port, p)), makeItems(2)), 2, Retry, KindNetwork)
		c := streamConfig(kind, "localhost:"+port, p)
		c.CAFile = "/nowhere/ca.pem"
		want(t, send(t, newSender(t, c), makeItems(2)), 2, Retry, KindFile)
	}
}

// TestStreamUnframed sends what is no alert.
func TestStreamUnframed(t *testing.T) {
	p := receivers.NewPKI(t)
	for _, kind := range []string{"relp", "syslog_tls"} {
		address := ""
		if kind == "relp" {
			address = startRELP(t, p.ServerConfig(t, p.Server), &fakeRELP{}).address
		} else {
			address = startSyslog(t, p.ServerConfig(t, p.Server), readAll)
		}
		s := newSender(t, streamConfig(kind, address, p))
		items := makeItems(5)
		items[1].Document = []byte("{\n}")
		items[3].Document = nil
		r := send(t, s, items)
		for i, wanted := range []Outcome{Retry, Refused, Retry, Refused, Retry} {
			if r.Outcomes[i] != wanted || (wanted == Refused) != (r.reasonFor(i) != "" && r.Reasons[i] != "") {
				t.Errorf("%s: item %d: got %d (%q), want %d", kind, i, r.Outcomes[i], r.Reasons[i], wanted)
			}
		}
		want(t, send(t, s, []Item{items[0], items[2], items[4]}), 3, Delivered, KindNone)
		if want(t, send(t, s, items[1:2]), 1, Refused, KindRefused); len(send(t, s, nil).Outcomes) != 0 {
			t.Error("outcomes of no items")
		}
	}
}
