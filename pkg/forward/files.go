package forward

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxToken bounds a token, or a user and password, in bytes.
const maxToken = 4096

// credentials are what the files of one receiver say: a token, or a user and password, sent with every
// request, and the TLS configuration. TLS is 1.2 at least and always verified: nothing turns that off.
// The files are read for each request, as who owns them and may write them counts too. What could be
// used last stays in use while a file can't be, as in the middle of a rotation. It is for one goroutine.
type credentials struct {
	c      *Config
	server string // the name that the certificate must have; "" for that of the URL
	plain  bool   // without TLS

	secret secret
	tls    *tls.Config       // another pointer means that connections must be replaced. Nobody changes it.
	tried  [sha256.Size]byte // state of the files when they were used last
}

// namedFile is a file that a Config names, as it was read.
type namedFile struct {
	member string // of the Config
	path   string // "" for none
	data   []byte
	err    error
}

// namedFiles are the files of a Config.
type namedFiles struct{ secret, ca, certificate, key namedFile }

// readFiles reads what is named.
func (c *Config) readFiles(plain bool) *namedFiles {
	f := &namedFiles{secret: namedFile{member: "TokenFile", path: c.TokenFile}}
	if c.BasicAuthFile != "" {
		f.secret = namedFile{member: "BasicAuthFile", path: c.BasicAuthFile}
	}
	if !plain {
		f.ca = namedFile{member: "CAFile", path: c.CAFile}
		f.certificate = namedFile{member: "CertificateFile", path: c.CertificateFile}
		f.key = namedFile{member: "KeyFile", path: c.KeyFile}
	}
	for file, read := range map[*namedFile]func(string) ([]byte, error){
		&f.secret: c.ReadSecret, &f.key: c.ReadSecret, &f.ca: c.ReadTrusted, &f.certificate: c.ReadTrusted,
	} {
		if file.path != "" {
			file.data, file.err = read(file.path)
		}
	}
	return f
}

// takeState returns a hash of what the files hold, or of why they can't be read.
func (f *namedFiles) takeState() [sha256.Size]byte {
	h := sha256.New()
	for _, file := range []*namedFile{&f.secret, &f.ca, &f.certificate, &f.key} {
		fmt.Fprintf(h, "%d %s %v\n", len(file.data), file.data, file.err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// forget leaves no secret in memory.
func (f *namedFiles) forget() {
	clear(f.secret.data)
	clear(f.key.data)
}

// hasChanged says whether the files are not what they were when they were used last.
func (s *credentials) hasChanged() bool {
	f := s.c.readFiles(s.plain)
	defer f.forget()
	return f.takeState() != s.tried
}

// refresh uses the files, again when they changed. The error says which can't be used.
func (s *credentials) refresh() *Error {
	f := s.c.readFiles(s.plain)
	defer f.forget()
	state, isComplete := f.takeState(), (s.secret.sent != "" || f.secret.path == "") && (s.tls != nil || s.plain)
	if isComplete && state == s.tried {
		return nil
	}
	s.tried = state
	if f.secret.path != "" {
		if secret, faults := f.parseSecret(); len(faults) == 0 {
			s.secret = secret
		} else if s.secret.sent == "" {
			return s.c.fileError(faults)
		}
	}
	if !s.plain {
		if made, faults := f.makeTLS(s.server); len(faults) == 0 {
			s.tls = made
		} else if s.tls == nil {
			return s.c.fileError(faults)
		}
	}
	return nil
}

// secret is what a receiver knows us by. The zero value is none.
type secret struct {
	scheme string   // of the Authorization header; "" for that of the protocol
	sent   string   // behind it
	hidden []string // what no text may repeat
}

// parseSecret returns the token, or the user and password.
func (f *namedFiles) parseSecret() (s secret, faults Faults) {
	var err error
	if f.secret.member == "BasicAuthFile" {
		s, err = parseBasicAuth(string(f.secret.data))
	} else {
		s, err = parseToken(string(f.secret.data))
	}
	if f.secret.err == nil && f.secret.path != "" {
		f.secret.err = err
	}
	return s, fileFaults(&f.secret)
}

func parseToken(text string) (secret, error) {
	token := strings.TrimSpace(text)
	if len(token) > maxToken || !headerText(token) {
		return secret{}, fmt.Errorf("expected one line of printable ASCII, at most %d bytes", maxToken)
	}
	return secret{sent: token, hidden: []string{token}}, nil
}

// parseBasicAuth reads user:password (RFC 7617). Spaces at the end may be the password's.
func parseBasicAuth(text string) (secret, error) {
	line := strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	user, password, both := strings.Cut(line, ":")
	if !both || user == "" || password == "" || len(line) > maxToken || !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
		return secret{}, fmt.Errorf("expected user:password in one line of at most %d bytes", maxToken)
	}
	sent := base64.StdEncoding.EncodeToString([]byte(line))
	return secret{scheme: "Basic", sent: sent, hidden: []string{sent, line, password}}, nil
}

func (f *namedFiles) makeTLS(server string) (*tls.Config, Faults) {
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: server}
	if f.ca.path != "" {
		made.RootCAs = x509.NewCertPool()
		if f.ca.err == nil && !made.RootCAs.AppendCertsFromPEM(f.ca.data) {
			f.ca.err = errors.New("holds no PEM certificate")
		}
	}
	if f.certificate.path != "" {
		pair, err := tls.X509KeyPair(f.certificate.data, f.key.data)
		if f.certificate.err != nil {
			f.key.err = nil // it is of no use without its certificate
		} else if f.key.err == nil && err != nil {
			f.key.err = fmt.Errorf("with %s: %w", f.certificate.path, err)
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, fileFaults(&f.ca, &f.certificate, &f.key)
}

// fileFaults returns why files can't be used, naming each once.
func fileFaults(files ...*namedFile) (faults Faults) {
	for _, f := range files {
		if f.err == nil {
			continue
		}
		why := f.err.Error()
		if p, ok := errors.AsType[*fs.PathError](f.err); ok && p.Path == f.path {
			why = p.Err.Error()
		}
		if !strings.HasPrefix(why, f.path) {
			why = f.path + ": " + why
		}
		faults = append(faults, &Fault{f.member, why, KindFile})
	}
	return faults
}

// fileError returns the error of files that can't be used.
func (c *Config) fileError(f Faults) *Error {
	return c.newError(KindFile, f, f[0].Member+": "+printableLine(f[0].Why))
}
