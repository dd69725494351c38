package forward

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// CheckFiles reports which of the files that a Config names can't be used now: a Faults, or
// nil. A sender looks again each time that it needs one.
func (c *Config) CheckFiles() error {
	var f Faults
	check := func(member, path string, err error) {
		if err != nil {
			f.add(member, "%s", fileWhy(path, err))
		}
	}
	if c.TokenFile != "" {
		t := token{file: watched{path: c.TokenFile}}
		t.load(c)
		check("TokenFile", c.TokenFile, t.file.err)
	}
	if c.CAFile != "" {
		b, err := c.ReadTrusted(c.CAFile)
		if err == nil {
			_, err = authorities(b)
		}
		check("CAFile", c.CAFile, err)
	}
	if c.CertificateFile != "" {
		member, path, err := c.checkPair()
		check(member, path, err)
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

// checkPair looks at a certificate and its key, and names the one that is wrong.
func (c *Config) checkPair() (member, path string, err error) {
	certificate, err := c.ReadTrusted(c.CertificateFile)
	if err != nil {
		return "CertificateFile", c.CertificateFile, err
	}
	key, err := c.ReadSecret(c.KeyFile)
	if err != nil {
		return "KeyFile", c.KeyFile, err
	}
	defer clear(key)
	if _, err = tls.X509KeyPair(certificate, key); err != nil {
		err = fmt.Errorf("with %s: %w", c.CertificateFile, err)
	}
	return "KeyFile", c.KeyFile, err
}

// authorities returns the certificates to trust that a file holds.
func authorities(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("holds no PEM certificate")
	}
	return pool, nil
}

// fileWhy tells why a file can't be used, naming it once.
func fileWhy(path string, err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok && p.Path == path {
		err = p.Err
	}
	if strings.HasPrefix(err.Error(), path) {
		return err.Error()
	}
	return path + ": " + err.Error()
}

// fileReason is fileWhy on one line.
func fileReason(path string, err error) string { return line(fileWhy(path, err)) }
