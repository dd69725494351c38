package forward

import (
	"crypto/tls"
	"fmt"
)

// tlsFiles makes the TLS configuration of one receiver, and makes it anew when one of
// the files that it comes from changes. TLS is 1.2 at least and always verified: there
// is nothing here to turn that off.
type tlsFiles struct {
	c                    *Config
	server               string // the name that the certificate must have
	ca, certificate, key watched
	made                 *tls.Config
}

func newTLSFiles(c *Config, server string) *tlsFiles {
	return &tlsFiles{
		c: c, server: server,
		ca:          watched{path: c.CAFile},
		certificate: watched{path: c.CertificateFile},
		key:         watched{path: c.KeyFile},
	}
}

// config returns the configuration to connect with. It is the same pointer as long as no
// file changed: another one means that connections should be made anew. It must not be
// changed. When new files can't be used and older ones could, those stay in use.
func (f *tlsFiles) config() (*tls.Config, *Error) {
	if f.made != nil && !f.changed() {
		return f.made, nil
	}
	made, err := f.make()
	if err == nil {
		f.made = made
	}
	if f.made == nil {
		return nil, err
	}
	return f.made, nil
}

// changed says whether a file is not the one that was last read.
func (f *tlsFiles) changed() bool {
	return f.ca.changed() || f.certificate.changed() || f.key.changed()
}

func (f *tlsFiles) make() (*tls.Config, *Error) {
	for _, w := range []*watched{&f.ca, &f.certificate} {
		if w.path != "" {
			w.load(f.c.ReadTrusted)
		}
	}
	if f.key.path != "" {
		f.key.load(f.c.ReadSecret)
		defer clear(f.key.data)
	}
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.server}
	if f.ca.path != "" {
		if f.ca.err != nil {
			return nil, f.c.fail(KindFile, f.ca.err, "CAFile: "+fileReason(f.ca.path, f.ca.err))
		}
		pool, err := authorities(f.ca.data)
		if err != nil {
			return nil, f.c.fail(KindFile, err, "CAFile: "+fileReason(f.ca.path, err))
		}
		made.RootCAs = pool
	}
	if f.certificate.path == "" {
		return made, nil
	}
	if f.certificate.err != nil {
		return nil, f.c.fail(KindFile, f.certificate.err, "CertificateFile: "+fileReason(f.certificate.path, f.certificate.err))
	}
	if f.key.err != nil {
		return nil, f.c.fail(KindFile, f.key.err, "KeyFile: "+fileReason(f.key.path, f.key.err))
	}
	pair, err := tls.X509KeyPair(f.certificate.data, f.key.data)
	if err != nil {
		return nil, f.c.fail(KindFile, err, fmt.Sprintf("CertificateFile and KeyFile: %s", line(err.Error())))
	}
	made.Certificates = []tls.Certificate{pair}
	return made, nil
}
