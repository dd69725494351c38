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
	member string      // of the Config that names it
	path   string      // "" for none
	seen   os.FileInfo // of the last attempt to read; nil when there was no file
	read   bool        // there was an attempt
	data   []byte
	err    error // of the last attempt
}

// hasChanged says whether the file is not the one that was last read.
func (w *watchedFile) hasChanged() bool {
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

// readAgain reads the file. The state of the file is noted before it is read: a change
// meanwhile is then seen the next time.
func (w *watchedFile) readAgain(read func(string) ([]byte, error)) {
	w.seen, _ = os.Stat(w.path) // nil with an error
	w.read = true
	w.data, w.err = read(w.path)
}

// fileFaults returns why files can't be used, naming each once.
func fileFaults(files ...*watchedFile) (faults Faults) {
	for _, w := range files {
		if w.err == nil {
			continue
		}
		why := w.err.Error()
		if p, ok := errors.AsType[*fs.PathError](w.err); ok && p.Path == w.path {
			why = p.Err.Error()
		}
		if !strings.HasPrefix(why, w.path) {
			why = w.path + ": " + why
		}
		faults = append(faults, &Fault{w.member, why, KindFile})
	}
	return faults
}

// fileError returns the error of files that can't be used.
func (c *Config) fileError(f Faults) *Error {
	return c.newError(KindFile, f, f[0].Member+": "+printableLine(f[0].Why))
}

// token is what a token file holds: one word, sent with every request. The last one that
// could be used stays in use while the file can't be, as in the middle of a rotation.
type token struct {
	file watchedFile
	word string
}

func newToken(c *Config) token {
	return token{file: watchedFile{member: "TokenFile", path: c.TokenFile}}
}

// maxToken bounds a token, in bytes.
const maxToken = 4096

// currentToken returns the token, read again when its file changed. A file that could not be
// used is read each time: hasChanged does not see a new owner.
func (t *token) currentToken(c *Config) (string, *Error) {
	if t.file.path == "" {
		return "", nil
	}
	if t.file.hasChanged() || t.file.err != nil {
		t.readToken(c)
	}
	if t.word == "" {
		return "", c.fileError(fileFaults(&t.file))
	}
	return t.word, nil
}

// readToken reads the token.
func (t *token) readToken(c *Config) {
	t.file.readAgain(c.ReadSecret)
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
		ca:          watchedFile{member: "CAFile", path: c.CAFile},
		certificate: watchedFile{member: "CertificateFile", path: c.CertificateFile},
		key:         watchedFile{member: "KeyFile", path: c.KeyFile},
	}
}

// currentConfig returns the configuration to connect with. It is the same pointer as long as no
// file changed: another one means that connections must be replaced. It must not be
// changed. When new files can't be used and older ones could, those stay in use.
func (f *tlsFiles) currentConfig() (*tls.Config, *Error) {
	if f.made != nil && !f.anyChanged() {
		return f.made, nil
	}
	made, faults := f.makeConfig()
	if len(faults) == 0 {
		f.made = made
	}
	if f.made == nil {
		return nil, f.c.fileError(faults)
	}
	return f.made, nil
}

// anyChanged says whether a file is not the one that was last read.
func (f *tlsFiles) anyChanged() bool {
	return f.ca.hasChanged() || f.certificate.hasChanged() || f.key.hasChanged()
}

// makeConfig reads the files, and reports each that can't be used.
func (f *tlsFiles) makeConfig() (*tls.Config, Faults) {
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.server}
	if f.ca.path != "" {
		made.RootCAs = x509.NewCertPool()
		f.ca.readAgain(f.c.ReadTrusted)
		if f.ca.err == nil && !made.RootCAs.AppendCertsFromPEM(f.ca.data) {
			f.ca.err = errors.New("holds no PEM certificate")
		}
	}
	if f.certificate.path != "" {
		f.certificate.readAgain(f.c.ReadTrusted)
		f.key.readAgain(f.c.ReadSecret)
		pair, err := tls.X509KeyPair(f.certificate.data, f.key.data)
		clear(f.key.data)
		if f.certificate.err != nil {
			f.key.err = nil // it is of no use without its certificate
		} else if f.key.err == nil && err != nil {
			f.key.err = fmt.Errorf("with %s: %w", f.certificate.path, err)
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, fileFaults(&f.ca, &f.certificate, &f.key)
}
