package forward

import (
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Bounds of a configuration, in bytes or in number.
const (
	maxURL     = 2048
	maxHeaders = 32
	maxValue   = 4096
)

var (
	headerPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$") // RFC 9110, token
	indexPattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]{0,254}$`)
)

// ownHeaders are not the administrator's to set: what the sender itself has to say, and
// secrets, which belong into TokenFile.
var ownHeaders = []string{
	"Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Expect", "Host",
	"Idempotency-Key", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding",
	"Upgrade", "X-Api-Key", "X-Splunk-Request-Channel",
}

// New returns the Sender of a receiver. It opens nothing: files are read, and
// connections made, by Send.
func New(c Config) (Sender, error) {
	if c.Name == "" {
		c.Name = c.Type
	}
	c.Name = line(c.Name)
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if err := c.valid(); err != nil {
		return nil, err
	}
	switch c.Type {
	case "https", "elasticsearch", "splunk_hec", "otlp":
		return c.newHTTP()
	case "syslog_tls":
		return c.newSyslogTLS()
	case "relp":
		return c.newRELP()
	}
	return nil, c.fail(KindUnconfigured, nil, "no such type of receiver: "+quote(c.Type))
}

// newHTTP returns the sender of a type that posts.
func (c *Config) newHTTP() (Sender, error) {
	u, fault := c.parseURL()
	if fault != nil {
		return nil, fault
	}
	s := &httpSender{c: c, plain: u.Scheme == "http", token: token{file: watched{path: c.TokenFile}}, tls: newTLSFiles(c, "")}
	bare := u.Path == "" || u.Path == "/"
	switch c.Type {
	case "https":
		s.dialect = ndjson{}
	case "elasticsearch":
		s.dialect = newBulk(c.Index)
		if !strings.HasSuffix(u.Path, "/_bulk") {
			u = u.JoinPath("_bulk")
		}
	case "splunk_hec":
		s.dialect = newHEC(c.Host)
		if bare {
			u = u.JoinPath("services/collector/event")
		}
	case "otlp":
		s.dialect = newOTLP(c)
		if bare {
			u = u.JoinPath("v1/logs")
		}
	}
	s.url = u.String()
	return s, nil
}

// valid looks at what all types have in common, and sets what is left out.
func (c *Config) valid() error {
	bad := func(text string) error { return c.fail(KindUnconfigured, nil, text) }
	if (c.CertificateFile == "") != (c.KeyFile == "") {
		return bad("want CertificateFile and KeyFile together")
	}
	if c.ReadSecret == nil && (c.TokenFile != "" || c.KeyFile != "") || c.ReadTrusted == nil && (c.CAFile != "" || c.CertificateFile != "") {
		return bad("files are named, and nothing reads them")
	}
	if c.Index == "" {
		c.Index = DefaultIndex
	}
	if !indexPattern.MatchString(c.Index) {
		return bad("Index: want the name of a data stream, got " + quote(c.Index))
	}
	if len(c.Headers) > maxHeaders {
		return bad("Headers: too many")
	}
	seen := map[string]bool{}
	for name, value := range c.Headers {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !headerPattern.MatchString(name) || seen[canonical]:
			return bad("Headers: " + quote(name) + " is no name of a header, or there twice")
		case slices.Contains(ownHeaders, canonical):
			return bad("Headers: " + quote(name) + " is not to be set here")
		case len(value) > maxValue || !headerText(value):
			return bad("Headers: " + quote(name) + ": want one line of printable ASCII")
		}
		seen[canonical] = true
	}
	return nil
}

// parseURL returns where to post to. Errors do not repeat it: it may hold a secret.
func (c *Config) parseURL() (*url.URL, error) {
	bad := func(text string) error { return c.fail(KindUnconfigured, nil, "URL: "+text) }
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || len(c.URL) > maxURL:
		return nil, bad("want https://host[:port][/path]")
	case u.User != nil:
		return nil, bad("holds a user or password: put the secret into TokenFile")
	case u.Fragment != "" || u.RawFragment != "":
		return nil, bad("want no \"#\"")
	case u.Scheme == "https":
		return u, nil
	case u.Scheme != "http":
		return nil, bad("want https, got " + quote(u.Scheme))
	case !loopback(u.Hostname()):
		return nil, c.fail(KindPlain, nil, "URL: plain http goes to this machine only, not to "+quote(u.Hostname())+": use https")
	}
	return u, nil
}

// loopback says whether the host is this machine. Of names only the reserved one is, and
// what it was resolved to is looked at again when it is dialled.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// splitAddress returns the parts of Address, for types that do not post.
func (c *Config) splitAddress() (host, port string, fault error) {
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" || port == "" {
		return "", "", c.fail(KindUnconfigured, nil, "Address: want host:port, got "+quote(c.Address))
	}
	return host, port, nil
}
