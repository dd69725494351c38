package config

import (
	"maps"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what goes into a request, in bytes or in number.
const (
	maxURL     = 2048
	maxHeaders = 32
)

var (
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})$`)
	headerPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$") // RFC 9110, token
	indexPattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]{0,254}$`)
)

// url returns an address to post to. The errors never repeat it, as it may hold the
// secret that they complain about.
func (v value) url() (string, bool) {
	v.secret = true
	s, ok := v.text("an https URL")
	if !ok {
		return "", false
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || len(s) > maxURL:
		return "", v.want("an https URL")
	case u.User != nil:
		return "", v.fail("holds a user or password: put the secret into a file and its path into TokenFile")
	case u.Fragment != "" || u.RawFragment != "":
		return "", v.fail("want an https URL without \"#\"")
	case !validHost(u.Hostname()) || !validPort(u.Port(), true):
		return "", v.fail("want a host and, behind a colon, a port from 1 to 65535")
	}
	switch u.Scheme {
	case "https":
		return s, true
	case "http":
		if loopback(u.Hostname()) {
			return s, true
		}
		return "", v.fail("want https: plain http goes to a loopback address only, not to %s", quote(u.Hostname()))
	}
	return "", v.fail("want https, got %s", quote(u.Scheme))
}

// loopback says whether the host is this machine. Only addresses and the one reserved
// name count: any other name is what a resolver says it is.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// address returns a host and a port.
func (v value) address() (string, bool) {
	const want = "host:port, such as logs.example.com:6514"
	s, ok := v.text(want)
	if !ok {
		return "", false
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil || !validHost(host) || !validPort(port, false) {
		return "", v.want(want)
	}
	return s, true
}

func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return hostPattern.MatchString(host)
}

func validPort(port string, optional bool) bool {
	if port == "" {
		return optional
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// Headers that are not the administrator's to set: secrets that would lie open in a
// file that everyone may read, and what the sender itself has to say.
var (
	secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key"}
	senderHeaders = []string{
		"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Host",
		"Idempotency-Key", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	}
)

// headers returns HTTP headers by their canonical names.
func (v value) headers() (map[string]string, bool) {
	d, ok := v.raw.(map[string]any)
	if !ok {
		return nil, v.want("a dictionary of strings")
	}
	if len(d) > maxHeaders {
		return nil, v.fail("want at most %d headers, got %d", maxHeaders, len(d))
	}
	out := make(map[string]string, len(d))
	for _, name := range slices.Sorted(maps.Keys(d)) {
		h := value{origin: v.origin, key: join(v.key, name), raw: d[name], secret: true}
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch text, good := h.raw.(string); {
		case !headerPattern.MatchString(name):
			ok = v.fail("want a header name of letters, digits and dashes, got %s", quote(name))
		case slices.Contains(secretHeaders, canonical):
			ok = h.fail("is a secret: put it into a file and its path into TokenFile")
		case slices.Contains(senderHeaders, canonical):
			ok = h.fail("is set by the agent itself")
		case !good:
			ok = h.want("a string")
		case len(text) > maxString || !headerText(text):
			ok = h.fail("want one line of printable ASCII, at most %d bytes", maxString)
		case out[canonical] != "":
			ok = h.fail("is there already, in another case")
		default:
			out[canonical] = text
		}
	}
	return out, ok
}

// headerText keeps line breaks, which would start a header of their own, and anything
// that receivers disagree about out of a header.
func headerText(s string) bool {
	return s != "" && strings.Trim(s, " ") == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// index returns the name of an Elasticsearch data stream.
func (v value) index() (string, bool) {
	s, _ := v.raw.(string)
	if !indexPattern.MatchString(s) {
		return "", v.want("the name of a data stream (lower-case letters, digits, \"-\", \"_\", \".\", \"+\")")
	}
	return s, true
}
