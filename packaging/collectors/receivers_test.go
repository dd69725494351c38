package collectors_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Bounds of waiting for a receiver: generous, as a machine under load is slow.
const (
	awaitTimeout = 30 * time.Second
	pollInterval = 10 * time.Millisecond
)

// document is what is sent: an alert with what is easily spoiled on the way.
const document = `{"@timestamp":"2026-03-04T05:06:07.000000000Z","message":"a \"quoted\" \\ text, 100 % [in] brackets, äöü 漢 😀","event":{"id":"0123456789abcdef","sequence":1}}`

// need returns the path of a program or file that .ci/receivers installs.
func need(t *testing.T, name, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		return found[0]
	}
	if os.Getenv("TEST_RECEIVERS") == "required" {
		t.Fatalf("receiver not installed: run .ci/receivers (%s)", name)
	}
	t.Skipf("receiver not installed: run .ci/receivers (%s)", name)
	return ""
}

// cache is the folder that .ci/receivers puts programs into.
func cache() string {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		base = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	return filepath.Join(base, "hooksnare-receivers")
}

// site is a folder that a receiver's configuration is tried in.
type site struct {
	dir    string
	port   string
	client *tls.Config
}

// peer is the name in the certificate of a Mac, as the configurations allow it.
const peer = "mac-1.macs.example.com"

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, s.port, _ = net.SplitHostPort(l.Addr().String())
	l.Close()
	s.certificates(t)
	return s
}

// certificates makes an authority, a certificate for the receiver and one for a Mac.
func (s *site) certificates(t *testing.T) {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey, der := issue(t, ca, ca, nil)
	s.pem(t, "ca.pem", "CERTIFICATE", der)
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"server", "client"} {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 2)), Subject: pkix.Name{CommonName: peer}, DNSNames: []string{peer}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if name == "server" {
			leaf.Subject.CommonName, leaf.DNSNames = "localhost", []string{"localhost"}
		}
		key, der := issue(t, leaf, root, caKey)
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		s.pem(t, name+".pem", "CERTIFICATE", der)
		s.pem(t, name+".key", "PRIVATE KEY", private)
	}
	pair, err := tls.LoadX509KeyPair(s.path("client.pem"), s.path("client.key"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	s.client = &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

func issue(t *testing.T, leaf, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) pem(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	s.write(t, name, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

func (s *site) write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.path(name)
}

// place puts a configuration of ours into the site, with the site's paths and port. Each
// replacement must be there: the test is of the file that people get.
func (s *site) place(t *testing.T, file string, replace ...string) string {
	t.Helper()
	text := read(t, file)
	replace = append(replace, "/etc/hooksnare/", s.dir+"/")
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("%s: has no %q", file, replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	return s.write(t, filepath.Base(file), text)
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// start runs a program until the test ends.
func (s *site) start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.Create(s.path("log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", cmd.Path, read(t, s.path("log")))
		}
	})
}

// dial connects as a Mac does, as soon as the receiver listens.
func (s *site) dial(t *testing.T) *tls.Conn {
	t.Helper()
	var conn *tls.Conn
	await(t, "a connection", func() (err error) {
		conn, err = tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", "127.0.0.1:"+s.port, s.client)
		return err
	})
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(awaitTimeout)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// refusesStrangers connects without a certificate and wants to be sent away.
func (s *site) refusesStrangers(t *testing.T) {
	t.Helper()
	stranger := s.client.Clone()
	stranger.Certificates = nil
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", "127.0.0.1:"+s.port, stranger)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(awaitTimeout))
	_, _ = conn.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("without a certificate: got an answer of %d bytes, want none", n)
	}
}

func await(t *testing.T, what string, try func() error) {
	t.Helper()
	for deadline := time.Now().Add(awaitTimeout); ; time.Sleep(pollInterval) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s after %v: %v", what, awaitTimeout, err)
		}
	}
}

// arrives waits for the document, alone and as it was sent, in a file.
func (s *site) arrives(t *testing.T, file string) {
	t.Helper()
	await(t, "the document", func() error {
		b, err := os.ReadFile(file)
		if err == nil && string(b) != document+"\n" {
			err = fmt.Errorf("%s holds %q, want %q", file, b, document+"\n")
		}
		return err
	})
}

func syslogMessage() string {
	return `<86>1 2026-03-04T05:06:07.000000Z mac-1 hooksnare 1 alert [hooksnare@32473 eventId="0123456789abcdef" eventSequence="1" sequence="1"] ` + document
}
