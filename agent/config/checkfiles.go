package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"hooksnare/pkg/safefile"
)

// maxNamedFile bounds a token, key or certificate file, in bytes. The bundle of all
// public authorities is a quarter of it.
const maxNamedFile = 1 << 20

// CheckFiles looks at the files that enabled outputs name: that they are there, that
// nobody else can write them or read the secret ones, and that they hold what they
// should. The sources are those of Load; they tell where the names were written. The
// error, if any, is an Errors.
func (c *Config) CheckFiles(s Sources) error {
	var all Errors
	for i := range c.Outputs {
		o := &c.Outputs[i]
		if !o.Enabled {
			continue
		}
		check := func(member string, err error) {
			if err != nil {
				all = append(all, s.Problem(join(o.Key, member), err.Error()))
			}
		}
		check("TokenFile", checkToken(o.TokenFile))
		check("CAFile", checkAuthorities(o.CAFile))
		check(checkPair(o.CertificateFile, o.KeyFile))
	}
	return all.err()
}

// checkToken looks at a file that holds one secret word. "" is no file.
func checkToken(path string) error {
	if path == "" {
		return nil
	}
	b, _, err := safefile.ReadSecret(path, maxNamedFile)
	if err != nil {
		return fmt.Errorf("%s: %s", path, reason(err, path))
	}
	if token := bytes.TrimSpace(b); len(token) > maxString || !headerText(string(token)) {
		return fmt.Errorf("%s: want one line of printable ASCII, at most %d bytes", path, maxString)
	}
	return nil
}

// checkAuthorities looks at a file of certificates to trust.
func checkAuthorities(path string) error {
	if path == "" {
		return nil
	}
	b, _, err := safefile.ReadTrusted(path, maxNamedFile)
	if err != nil {
		return fmt.Errorf("%s: %s", path, reason(err, path))
	}
	if !x509.NewCertPool().AppendCertsFromPEM(b) {
		return fmt.Errorf("%s: holds no PEM certificate", path)
	}
	return nil
}

// checkPair looks at a certificate and its key, and names the one that is wrong.
func checkPair(certificate, key string) (member string, err error) {
	if certificate == "" {
		return "", nil
	}
	cert, _, err := safefile.ReadTrusted(certificate, maxNamedFile)
	if err != nil {
		return "CertificateFile", fmt.Errorf("%s: %s", certificate, reason(err, certificate))
	}
	secret, _, err := safefile.ReadSecret(key, maxNamedFile)
	if err != nil {
		return "KeyFile", fmt.Errorf("%s: %s", key, reason(err, key))
	}
	if _, err := tls.X509KeyPair(cert, secret); err != nil {
		return "KeyFile", fmt.Errorf("%s: with %s: %w", key, certificate, err)
	}
	return "", nil
}
