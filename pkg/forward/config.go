package forward

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config is one receiver. Type and URL or Address are required.
type Config struct {
	Name    string // names the receiver in errors; Type when empty
	Type    string // one of Types
	URL     string // of the HTTP types
	Address string // host:port, of the others

	TokenFile       string
	BasicAuthFile   string // user:password instead of a token; HTTP types but Splunk's
	CAFile          string // instead of the system's authorities
	CertificateFile string // together with KeyFile
	KeyFile         string
	Headers         map[string]string
	Index           string // data stream of Elasticsearch; DefaultIndex when empty
	Compression     string // of the HTTP types: one of Compressions; "" is gzip

	Proxy       string   // URL of an http or https proxy, or Direct; "": SharedProxy
	SharedProxy string   // the same for all receivers; "": the environment's, for HTTP types
	NoProxy     []string // what SharedProxy, or the environment's, is not for; nil: what the environment says

	Host    string // name of this machine, "" when not known
	Version string // of the agent

	// ReadSecret returns a file that nobody else can read or write, ReadTrusted one
	// that nobody else can write. They are required when files are named.
	ReadSecret  func(path string) ([]byte, error)
	ReadTrusted func(path string) ([]byte, error)

	Timeout time.Duration // of one request, from dialling to the end of the answer; 0: a minute
}

// DefaultIndex is the data stream that alerts go to.
const DefaultIndex = "logs-hooksnare.alerts-default"

// Types are the types of receivers.
var Types = []string{"https", "elasticsearch", "splunk_hec", "otlp", "syslog_tls", "relp"}

// Compressions are what a Config can say of the bodies of requests: that those which are large enough
// are packed, or none.
var Compressions = []string{"gzip", "none"}

// New returns the Sender of a receiver. It opens nothing: files are read, and
// connections made, by Send. It refuses what Check does, and files that nothing reads.
func New(c Config) (Sender, error) {
	if c.Name == "" {
		c.Name = c.Type
	}
	c.Name = printableLine(c.Name)
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Index == "" {
		c.Index = DefaultIndex
	}
	if faults := c.findFaults(); len(faults) > 0 {
		return nil, c.newError(faults[0].kind, faults, faults.Error())
	}
	if c.ReadSecret == nil && (c.TokenFile != "" || c.BasicAuthFile != "" || c.KeyFile != "") || c.ReadTrusted == nil && (c.CAFile != "" || c.CertificateFile != "") {
		return nil, c.newError(KindUnconfigured, nil, "files are named: set ReadSecret and ReadTrusted")
	}
	switch c.Type {
	case "syslog_tls":
		return newSyslogSender(&c), nil
	case "relp":
		return newRELPSender(&c), nil
	}
	return newHTTPSender(&c), nil
}

// Bounds of a configuration, in bytes or in number.
const (
	maxURL     = 2048
	maxHeaders = 32
	maxValue   = 4096
)

var (
	headerPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$") // RFC 9110, token
	indexPattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]{0,254}$`)
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})$`)
)

// secretHeaders would lie open in a file that everyone may read.
var secretHeaders = []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key"}

// ownHeaders are what the sender, or its protocol, sets itself. An administrator's
// Accept-Encoding, for one, would make receivers compress answers, which nothing here unpacks.
var ownHeaders = []string{
	"Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host",
	"Http2-Settings", "Idempotency-Key", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"X-Idempotency-Key", "X-Splunk-Request-Channel",
}

// Fault is a member of a Config that can't be used, and what to do about it. It holds no
// value that may be a secret.
type Fault struct {
	Member string // of the Config: "URL"; one header is "Headers.NAME"
	Why    string
	kind   Kind
}

// Error names the member and the reason.
func (f *Fault) Error() string { return f.Member + ": " + f.Why }

// Faults are all that is wrong with a Config.
type Faults []*Fault

// Error names the first, and says how many there are.
func (f Faults) Error() string {
	if len(f) == 1 {
		return f[0].Error()
	}
	return fmt.Sprintf("%v (and %d more)", f[0], len(f)-1)
}

func (f *Faults) addFault(member, format string, args ...any) {
	*f = append(*f, &Fault{member, fmt.Sprintf(format, args...), KindUnconfigured})
}

// orNil returns the faults as an error, nil when there are none.
func (f Faults) orNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Check reports what of a Config New would refuse: a Faults, or nil. It opens nothing.
func (c *Config) Check() error { return c.findFaults().orNil() }

// CheckFiles reports which of the files that a Config names can't be used now: a Faults, or
// nil. A sender reads them again when they change.
func (c *Config) CheckFiles() error {
	f := c.readFiles(false)
	defer f.forget()
	_, ofSecret := f.parseSecret()
	_, ofTLS := f.makeTLS("")
	return append(ofSecret, ofTLS...).orNil()
}

func (c *Config) findFaults() (f Faults) {
	switch c.Type {
	case "https", "elasticsearch", "splunk_hec", "otlp":
		if _, fault := parseURL(c.URL); fault != nil {
			f = append(f, fault)
		}
	case "syslog_tls", "relp":
		if host, port, err := net.SplitHostPort(c.Address); err != nil || !validHost(host) || !validPort(port) {
			f.addFault("Address", "expected host:port, such as logs.example.com:6514, found %s", quoteText(c.Address))
		}
	default:
		f.addFault("Type", "expected one of %s, found %s", strings.Join(Types, ", "), quoteText(c.Type))
	}
	switch {
	case c.CertificateFile != "" && c.KeyFile == "":
		f.addFault("CertificateFile", "needs KeyFile beside it")
	case c.CertificateFile == "" && c.KeyFile != "":
		f.addFault("KeyFile", "needs CertificateFile beside it")
	}
	if c.Index != "" && !indexPattern.MatchString(c.Index) {
		f.addFault("Index", "expected the name of a data stream (lower-case letters, digits, \"-\", \"_\", \".\", \"+\"), found %s", quoteText(c.Index))
	}
	if c.Compression != "" && !slices.Contains(Compressions, c.Compression) {
		f.addFault("Compression", "expected one of %s, found %s", strings.Join(Compressions, ", "), quoteText(c.Compression))
	}
	switch {
	case c.BasicAuthFile == "":
	case c.TokenFile != "":
		f.addFault("BasicAuthFile", "does not go together with TokenFile: a request has one Authorization header")
	case c.Type == "splunk_hec":
		f.addFault("BasicAuthFile", "does not apply to splunk_hec: put the token into a file and its path into TokenFile")
	}
	c.checkProxies(&f)
	c.checkHeaders(&f)
	return f
}

func (c *Config) checkHeaders(f *Faults) {
	if len(c.Headers) > maxHeaders {
		f.addFault("Headers", "expected at most %d headers, found %d", maxHeaders, len(c.Headers))
		return
	}
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		value, canonical := c.Headers[name], textproto.CanonicalMIMEHeaderKey(name)
		member := "Headers." + name
		switch {
		case !headerPattern.MatchString(name):
			f.addFault("Headers", "expected header names of letters, digits and dashes, found %s", quoteText(name))
		case seen[canonical]:
			f.addFault(member, "is there already, in another case")
		case slices.Contains(secretHeaders, canonical):
			f.addFault(member, "is a secret: put it into a file and its path into TokenFile or BasicAuthFile")
		case slices.Contains(ownHeaders, canonical):
			f.addFault(member, "is set by the agent itself: take it out")
		case len(value) > maxValue || !headerText(value):
			f.addFault(member, "expected one line of printable ASCII, at most %d bytes", maxValue)
		}
		seen[canonical] = true
	}
}

// headerText says whether the text can stand in a header: printable ASCII, and no line
// break that would begin another header.
func headerText(s string) bool {
	return s != "" && strings.Trim(s, " ") == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// parseURL returns where to post to, or why not. The fault does not repeat the URL: it
// may hold a secret.
func parseURL(s string) (*url.URL, *Fault) {
	bad := func(why string) (*url.URL, *Fault) { return nil, &Fault{"URL", why, KindUnconfigured} }
	u, err := url.Parse(s)
	switch {
	case len(s) > maxURL:
		return bad(fmt.Sprintf("expected at most %d bytes, found %d", maxURL, len(s)))
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return bad("expected https://host[:port][/path]")
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		return bad("expected printable ASCII without spaces: write other characters as %XX")
	case u.User != nil:
		return bad("holds a user or password: put user:password into a file and its path into BasicAuthFile, or a token and its path into TokenFile")
	case strings.Contains(s, "#"):
		return bad(`expected an https URL without "#"`)
	case !validHost(u.Hostname()) || u.Port() != "" && !validPort(u.Port()):
		return bad("expected a host and, behind a colon, a port from 1 to 65535")
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, &Fault{"URL", "expected https: plain http goes to a loopback address only, not to " + quoteText(u.Hostname()), KindPlain}
	}
	return bad("expected https, found " + quoteText(u.Scheme))
}

// validHost accepts names and addresses. A certificate can't be for an address with a zone.
func validHost(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Zone() == ""
	}
	return hostPattern.MatchString(host)
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// isLoopback says whether the host is this machine. Of names only the reserved one is, and
// the address that it resolves to is checked when it is dialled.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
