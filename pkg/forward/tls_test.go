package forward

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// serveTLS serves with a configuration of TLS.
func serveTLS(t testing.TB, c *tls.Config, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = c.MaxVersion == 0
	s.TLS = c
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func serverConfig(t testing.TB, pair receivers.Pair) *tls.Config {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(pair.CertificateFile, pair.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}

// TestTLSRefused has each way in which a receiver can't be trusted: nothing is sent, the
// state is named, and the line says what to do.
func TestTLSRefused(t *testing.T) {
	p, other := receivers.NewPKI(t), receivers.NewPKI(t)
	now := time.Now()
	old := serverConfig(t, p.Server)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	tests := []struct {
		name   string
		server *tls.Config
		kind   Kind
		says   string
	}{
		{"wrong name", serverConfig(t, p.Issue(t, "wrong", receivers.Leaf{Name: "other.example"})), KindName, `"other.example"`},
		{"expired", serverConfig(t, p.Issue(t, "expired", receivers.Leaf{NotAfter: now.Add(-time.Hour)})), KindExpired, "renew it"},
		{"not valid yet", serverConfig(t, p.Issue(t, "early", receivers.Leaf{NotBefore: now.Add(time.Hour)})), KindExpired, "clock"},
		{"unknown authority", serverConfig(t, other.Server), KindAuthority, "CAFile"},
		{"TLS 1.1", old, KindVersion, "TLS 1.2"},
		{"wants our certificate", p.ServerConfig(t, p.Server), KindCertificate, "CertificateFile"},
	}
	for _, test := range tests {
		for _, kind := range httpTypes {
			t.Run(test.name+" "+kind, func(t *testing.T) {
				r := receivers.NewFake(kind)
				c := config(kind, serveTLS(t, test.server.Clone(), r), p)
				c.TokenFile = tokenFile(t, "word")
				got := send(t, newSender(t, c), makeItems(3))
				want(t, got, 3, Retry, test.kind)
				if !strings.Contains(got.Err.Text, test.says) {
					t.Errorf("got %q, want it to say %s", got.Err, test.says)
				}
				if requests, _, _ := r.Counts(); requests != 0 {
					t.Errorf("got %d requests, want none", requests)
				}
			})
		}
	}
}

func TestNotTLSThere(t *testing.T) {
	p := receivers.NewPKI(t)
	url := "https" + strings.TrimPrefix(plain(t, receivers.NewFake("https")), "http")
	want(t, send(t, newSender(t, config("https", url, p)), makeItems(1)), 1, Retry, KindTLS)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	want(t, send(t, newSender(t, config("https", "https://"+address, p)), makeItems(1)), 1, Retry, KindNetwork)
}

func TestPlainIsForThisMachine(t *testing.T) {
	for _, url := range []string{"http://192.0.2.1/", "http://collector.example:8080/x", "http://localhost.example/", "http://127.0.0.1.example/", "http://[::ffff:192.0.2.1]/", "http://0.0.0.0/", "http://[::]:80/"} {
		_, err := New(config("https", url, nil))
		var own *Error
		if !errors.As(err, &own) || own.Kind != KindPlain {
			t.Errorf("%s: got %v, want %v", url, err, KindPlain)
		}
	}
	for _, url := range []string{"http://127.0.0.1:1/", "http://127.9.9.9/", "http://[::1]:8080/", "http://localhost/", "http://LOCALHOST/x"} {
		if _, err := New(config("https", url, nil)); err != nil {
			t.Errorf("%s: got %v", url, err)
		}
	}
	// The name may be resolved to anything when it is dialled.
	s := newSender(t, config("https", "http://localhost/", nil)).(*httpSender)
	s.url = "http://192.0.2.1:9/"
	want(t, send(t, s, makeItems(1)), 1, Retry, KindPlain)
}

// TestClientCertificateRotates changes the certificate below a running sender, and
// breaks it half-way.
func TestClientCertificateRotates(t *testing.T) {
	p := receivers.NewPKI(t)
	var mu sync.Mutex
	var seen []string
	r := receivers.NewFake("https")
	h := http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		mu.Lock()
		seen = append(seen, request.TLS.PeerCertificates[0].Subject.CommonName)
		mu.Unlock()
		r.ServeHTTP(w, request)
	})
	c := config("https", serveTLS(t, p.ServerConfig(t, p.Server), h), p)
	dir := t.TempDir()
	c.CertificateFile, c.KeyFile = filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	install := func(pair receivers.Pair, files ...string) {
		for _, f := range files {
			from := map[string]string{c.CertificateFile: pair.CertificateFile, c.KeyFile: pair.KeyFile}[f]
			b, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			file(t, f, string(b))
		}
	}
	s := newSender(t, c)
	items := makeItems(1)
	want(t, send(t, s, items), 1, Retry, KindFile) // not there yet
	install(p.Client, c.CertificateFile, c.KeyFile)
	want(t, send(t, s, items), 1, Delivered, KindNone)
	second := p.Issue(t, "second", receivers.Leaf{Name: "second.test"})
	install(second, c.CertificateFile)
	want(t, send(t, s, items), 1, Delivered, KindNone) // with the old pair: the new one is not whole
	install(second, c.KeyFile)
	want(t, send(t, s, items), 1, Delivered, KindNone)
	if got, want := strings.Join(seen, " "), receivers.ClientName+" "+receivers.ClientName+" second.test"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wellServed(t, r)
}

// TestAuthorityRotates has the receiver move to another authority.
func TestAuthorityRotates(t *testing.T) {
	p, other := receivers.NewPKI(t), receivers.NewPKI(t)
	r := receivers.NewFake("https")
	c := config("https", serveTLS(t, serverConfig(t, other.Server), r), nil)
	c.CAFile = filepath.Join(t.TempDir(), "ca")
	copyTo := func(from string) {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		file(t, c.CAFile, string(b))
	}
	copyTo(p.CAFile)
	s := newSender(t, c)
	want(t, send(t, s, makeItems(1)), 1, Retry, KindAuthority)
	if s.(Watcher).Changed() {
		t.Error("got a change, want none")
	}
	copyTo(other.CAFile)
	if !s.(Watcher).Changed() {
		t.Error("got no change, want one")
	}
	want(t, send(t, s, makeItems(1)), 1, Delivered, KindNone)
	file(t, c.CAFile, "no PEM")
	want(t, send(t, s, makeItems(1)), 1, Delivered, KindNone)
	fresh := newSender(t, c)
	want(t, send(t, fresh, makeItems(1)), 1, Retry, KindFile)
}

func TestClassify(t *testing.T) {
	c := &Config{Name: "collector"}
	tests := []struct {
		err  error
		kind Kind
	}{
		{x509.HostnameError{Host: "a\nb", Certificate: &x509.Certificate{}}, KindName},
		{x509.CertificateInvalidError{Reason: x509.Expired}, KindExpired},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, KindTLS},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, KindAuthority},
		{&net.OpError{Op: "remote error", Err: alert(70)}, KindVersion},
		{&net.OpError{Op: "remote error", Err: alert(116)}, KindCertificate},
		{&net.OpError{Op: "remote error", Err: alert(40)}, KindTLS},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, KindNetwork},
		{&net.DNSError{Name: "x\x1b[2J", IsNotFound: true}, KindNetwork},
		{os.ErrDeadlineExceeded, KindNetwork},
		{errors.New(strings.Repeat("\x00\n", 10000)), KindNetwork},
		{c.newError(KindDenied, nil, "own"), KindDenied},
	}
	for _, test := range tests {
		want(t, uniformResult(1, Retry, c.classifyError(test.err)), 1, Retry, test.kind)
	}
}

// alert is like the type of crypto/tls.
type alert uint8

func (a alert) Error() string { return tls.AlertError(a).Error() }

// TestCertificateWantedEachTime has bodies that the receiver never reads: why it closed
// the connection is known all the same.
func TestCertificateWantedEachTime(t *testing.T) {
	p := receivers.NewPKI(t)
	c := config("https", serveTLS(t, p.ServerConfig(t, p.Server), receivers.NewFake("https")), p)
	items := makeItems(1)
	items[0].Document = []byte(`{"x":"` + noise(512<<10) + `"}`)
	s := newSender(t, c)
	for range 4 {
		want(t, send(t, s, items), 1, Retry, KindCertificate)
	}
}
