package forward

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// watchedFile is a file that is read again when it changes. It is for one goroutine.
type watchedFile struct {
	path string      // "" for none
	seen os.FileInfo // of the last attempt to read; nil when there was no file
	read bool        // there was an attempt
	data []byte
	err  error // of the last attempt
}

// changed says whether the file is not the one that was last read.
func (w *watchedFile) changed() bool {
	if w.path == "" {
		return false
	}
	if !w.read {
		return true
	}
	now, err := os.Stat(w.path)
	if err != nil {
		return w.seen != nil
	}
	return w.seen == nil || !os.SameFile(now, w.seen) || !now.ModTime().Equal(w.seen.ModTime()) ||
		now.Size() != w.seen.Size() || now.Mode() != w.seen.Mode()
}

// load reads the file. The state of the file is noted before it is read: a change
// meanwhile is then seen the next time.
func (w *watchedFile) load(read func(string) ([]byte, error)) {
	seen, err := os.Stat(w.path)
	if err != nil {
		seen = nil
	}
	w.seen, w.read = seen, true
	w.data, w.err = read(w.path)
}

// faults returns why the file can't be used, naming it once; nil when it can.
func (w *watchedFile) faults(member string) Faults {
	if w.err == nil {
		return nil
	}
	why := w.err.Error()
	if p, ok := errors.AsType[*fs.PathError](w.err); ok && p.Path == w.path {
		why = p.Err.Error()
	}
	if !strings.HasPrefix(why, w.path) {
		why = w.path + ": " + why
	}
	return Faults{{member, why, KindFile}}
}

// unusable returns the error of files that can't be used.
func (c *Config) unusable(f Faults) *Error {
	return c.fail(KindFile, f, f[0].Member+": "+printable(f[0].Why))
}

// token is what a token file holds: one word, sent with every request. The last one that
// could be used stays in use while the file can't be, as in the middle of a rotation.
type token struct {
	file watchedFile
	word string
}

// maxToken bounds a token, in bytes.
const maxToken = 4096

// current returns the token, read again when its file changed. A file that could not be
// used is read each time: a new owner is no change that changed sees.
func (t *token) current(c *Config) (string, *Error) {
	if t.file.path == "" {
		return "", nil
	}
	if t.file.changed() || t.file.err != nil {
		t.load(c)
	}
	if t.word == "" {
		return "", c.unusable(t.file.faults("TokenFile"))
	}
	return t.word, nil
}

// load reads the token.
func (t *token) load(c *Config) {
	t.file.load(c.ReadSecret)
	word := string(bytes.TrimSpace(t.file.data))
	clear(t.file.data)
	switch {
	case t.file.err != nil:
	case len(word) > maxToken || !headerText(word):
		t.file.err = fmt.Errorf("expected one line of printable ASCII, at most %d bytes", maxToken)
	default:
		t.word = word
	}
}

// tlsFiles makes the TLS configuration of one receiver, again when one of its files
// changes. TLS is 1.2 at least and always verified: nothing turns that off. It is for one
// goroutine.
type tlsFiles struct {
	c                    *Config
	server               string // the name that the certificate must have
	ca, certificate, key watchedFile
	made                 *tls.Config
}

func newTLSFiles(c *Config, server string) *tlsFiles {
	return &tlsFiles{
		c: c, server: server,
		ca:          watchedFile{path: c.CAFile},
		certificate: watchedFile{path: c.CertificateFile},
		key:         watchedFile{path: c.KeyFile},
	}
}

// config returns the configuration to connect with. It is the same pointer as long as no
// file changed: another one means that connections must be replaced. It must not be
// changed. When new files can't be used and older ones could, those stay in use.
func (f *tlsFiles) config() (*tls.Config, *Error) {
	if f.made != nil && !f.changed() {
		return f.made, nil
	}
	made, faults := f.load()
	if len(faults) == 0 {
		f.made = made
	}
	if f.made == nil {
		return nil, f.c.unusable(faults)
	}
	return f.made, nil
}

// changed says whether a file is not the one that was last read.
func (f *tlsFiles) changed() bool {
	return f.ca.changed() || f.certificate.changed() || f.key.changed()
}

// load reads the files, and reports each that can't be used.
func (f *tlsFiles) load() (*tls.Config, Faults) {
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.server}
	if f.ca.path != "" {
		made.RootCAs = x509.NewCertPool()
		f.ca.load(f.c.ReadTrusted)
		if f.ca.err == nil && !made.RootCAs.AppendCertsFromPEM(f.ca.data) {
			f.ca.err = errors.New("holds no PEM certificate")
		}
	}
	if f.certificate.path != "" {
		f.certificate.load(f.c.ReadTrusted)
		f.key.load(f.c.ReadSecret)
		pair, err := tls.X509KeyPair(f.certificate.data, f.key.data)
		clear(f.key.data)
		if err != nil && f.key.err == nil {
			f.key.err = fmt.Errorf("with %s: %w", f.certificate.path, err)
		}
		made.Certificates = []tls.Certificate{pair}
	}
	faults, pair := f.ca.faults("CAFile"), f.certificate.faults("CertificateFile")
	if len(pair) == 0 { // a key is of no use without its certificate
		pair = f.key.faults("KeyFile")
	}
	return made, append(faults, pair...)
}
