package forward

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind names what is wrong with an output, so that states can be told apart.
type Kind uint8

// The kinds of trouble.
const (
	KindNone         Kind = iota
	KindNetwork           // no answer: name not found, refused, reset, timed out
	KindBusy              // 408, 425, 5xx
	KindThrottled         // 429
	KindDenied            // 401, 403, 407: the token is wrong, old or absent
	KindRefused           // another 4xx: the receiver will not take the alert
	KindTooLarge          // 413
	KindRedirect          // 3xx: not followed, as it would carry the token elsewhere
	KindAnswer            // the answer can't be believed
	KindPlain             // plain http to another machine
	KindName              // TLS: the certificate is another's
	KindExpired           // TLS: the certificate is of another time
	KindAuthority         // TLS: the certificate's issuer is not trusted
	KindVersion           // TLS: older than 1.2
	KindCertificate       // TLS: the receiver wants another certificate of us
	KindTLS               // TLS: anything else
	KindFile              // a token, key or certificate file can't be used
	KindQueue             // the queue itself fails
	KindUnconfigured      // the configuration can't be used
)

var kindNames = [...]string{
	KindNone: "well", KindNetwork: "unreachable", KindBusy: "busy", KindThrottled: "throttled",
	KindDenied: "denied", KindRefused: "refused", KindTooLarge: "too_large",
	KindRedirect: "redirected", KindAnswer: "bad_answer", KindPlain: "plain_http",
	KindName: "tls_name", KindExpired: "tls_expired", KindAuthority: "tls_authority",
	KindVersion: "tls_version", KindCertificate: "tls_client_certificate", KindTLS: "tls",
	KindFile: "file", KindQueue: "queue", KindUnconfigured: "configuration",
}

// String returns the name of the kind, one word.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return strconv.Itoa(int(k))
}

// Error is one line about what is wrong with a receiver. It holds no secret, and what
// came from outside is quoted and bounded.
type Error struct {
	Receiver string // Config.Name
	Kind     Kind
	Text     string
	Err      error // what is behind it, may be nil; not part of the line
}

func (e *Error) Error() string { return e.Receiver + ": " + e.Text }

// Unwrap returns what is behind the error.
func (e *Error) Unwrap() error { return e.Err }

// maxQuoted bounds what is repeated from a receiver, in bytes.
const maxQuoted = 200

// quote returns what came from outside as a Go string literal, cut to maxQuoted bytes.
func quote(s string) string {
	if len(s) > maxQuoted {
		cut := maxQuoted
		for cut > maxQuoted-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.Quote(s[:cut]) + "..."
	}
	return strconv.Quote(s)
}

// line returns text on one line, escaped and cut to maxQuoted bytes: for errors of other
// packages, which may repeat what a receiver sent.
func line(s string) string {
	out := make([]byte, 0, min(len(s), maxQuoted))
	for _, r := range strings.TrimSpace(s) {
		if len(out) >= maxQuoted {
			return string(append(out, "..."...))
		}
		if strconv.IsPrint(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		q := strconv.QuoteRune(r)
		out = append(out, q[1:len(q)-1]...)
	}
	return string(out)
}
