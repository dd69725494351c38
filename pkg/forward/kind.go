package forward

import (
	"strings"

	"hooksnare/pkg/quote"
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

// policy is what a kind of trouble means for the queue. Without any of the marks the queue
// is held, and a growing time passes until the next try.
type policy struct {
	answer   string // what an answer of this kind is reported as; the answer follows
	advice   string // and what to do about it
	document bool   // the document is at fault: it is set aside once it is known which one
	operator bool   // a person has to act: minutes pass between tries, or until a file changes
	passing  bool   // may pass by itself: counts when it happens twice
	throttle bool   // the receiver is there, and has too much to do
}

// policies are the one place that says whose fault a kind of trouble is, and when to try again.
var policies = [...]policy{
	KindNetwork:      {passing: true},
	KindBusy:         {answer: "answered ", passing: true},
	KindThrottled:    {answer: "takes no more for now: ", passing: true, throttle: true},
	KindDenied:       {answer: "does not let us in: ", advice: ": check TokenFile or BasicAuthFile, and what its user may do", operator: true},
	KindRefused:      {answer: "refused: ", document: true},
	KindTooLarge:     {answer: "too large: ", document: true},
	KindRedirect:     {answer: "redirects: ", advice: ", which is not followed: put the final address into URL", operator: true},
	KindAnswer:       {answer: "the answer can't be believed: ", passing: true},
	KindQueue:        {},
	KindPlain:        {operator: true},
	KindName:         {operator: true},
	KindExpired:      {operator: true},
	KindAuthority:    {operator: true},
	KindVersion:      {operator: true},
	KindCertificate:  {operator: true},
	KindTLS:          {operator: true},
	KindFile:         {operator: true},
	KindUnconfigured: {operator: true},
}

// Error is one line about what is wrong with a receiver. It holds no secret, and what
// came from outside is quoted and bounded.
type Error struct {
	Receiver string // Config.Name
	Kind     Kind
	Text     string
	Err      error // the cause, may be nil; not part of the line
}

func (e *Error) Error() string { return e.Receiver + ": " + e.Text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// newError returns an error of this receiver.
func (c *Config) newError(kind Kind, cause error, text string) *Error {
	return &Error{Receiver: c.Name, Kind: kind, Text: text, Err: cause}
}

// answerError returns the error that an answer of a kind is. The text must be bounded and quoted.
func (c *Config) answerError(kind Kind, text string) *Error {
	return c.newError(kind, nil, policies[kind].answer+text+policies[kind].advice)
}

// maxQuoted bounds what is repeated from a receiver, in bytes.
const maxQuoted = 200

// quoteText returns what came from outside as a Go string literal, cut to maxQuoted bytes.
func quoteText(s string) string { return quote.Bounded(s, maxQuoted) }

// printableLine returns text on one line, escaped and cut to maxQuoted bytes: for errors of other
// packages, which may repeat what a receiver sent.
func printableLine(s string) string {
	if s = strings.TrimSpace(s); len(s) > maxQuoted {
		s = s[:maxQuoted] + "..."
	}
	return quote.Printable(s)
}
