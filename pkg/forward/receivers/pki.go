package receivers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// PKI is an authority made for one test, with a certificate for the receiver and one for
// its client. All are files of PEM.
type PKI struct {
	CAFile string
	Server Pair // for Host and the loopback addresses
	Client Pair // for ClientName

	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

// ClientName is the name in the certificate of a PKI's client.
const ClientName = "client.hooksnare.test"

// Pair is a certificate with its key.
type Pair struct{ CertificateFile, KeyFile string }

// Leaf says what certificate to issue. The zero value is one that a receiver uses.
type Leaf struct {
	Name                string // instead of Host and the loopback addresses
	NotBefore, NotAfter time.Time
}

// NewPKI makes an authority and what it usually issues.
func NewPKI(t testing.TB) *PKI {
	t.Helper()
	p := &PKI{dir: t.TempDir(), key: newKey(t), next: 1}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(p.next), Subject: pkix.Name{CommonName: "hooksnare test authority"},
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &p.key.PublicKey, p.key)
	must(t, err)
	p.cert, err = x509.ParseCertificate(der)
	must(t, err)
	p.CAFile = p.write(t, "ca.pem", "CERTIFICATE", der)
	p.Server = p.Issue(t, "server", Leaf{})
	p.Client = p.Issue(t, "client", Leaf{Name: ClientName})
	return p
}

// Issue writes the certificate and its key to files of that name.
func (p *PKI) Issue(t testing.TB, file string, l Leaf) Pair {
	t.Helper()
	p.next++
	now := time.Now()
	if l.NotBefore.IsZero() {
		l.NotBefore = now.Add(-24 * time.Hour)
	}
	if l.NotAfter.IsZero() {
		l.NotAfter = now.Add(24 * time.Hour)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(p.next), Subject: pkix.Name{CommonName: l.Name},
		NotBefore: l.NotBefore, NotAfter: l.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{l.Name},
	}
	if l.Name == "" {
		template.Subject.CommonName, template.DNSNames = Host, []string{Host}
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, p.cert, &key.PublicKey, p.key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return Pair{
		CertificateFile: p.write(t, file+".pem", "CERTIFICATE", der),
		KeyFile:         p.write(t, file+".key", "PRIVATE KEY", private),
	}
}

// ServerConfig returns the configuration of a server made in Go that has the pair and
// wants a certificate of this authority from its client.
func (p *PKI) ServerConfig(t testing.TB, pair Pair) *tls.Config {
	t.Helper()
	loaded, err := tls.LoadX509KeyPair(pair.CertificateFile, pair.KeyFile)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(p.cert)
	return &tls.Config{Certificates: []tls.Certificate{loaded}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

// write replaces a file of PEM as an administrator's tool would: by renaming.
func (p *PKI) write(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	must(t, os.WriteFile(path+".new", pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	must(t, os.Rename(path+".new", path))
	return path
}
