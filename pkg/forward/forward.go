// Package forward takes alerts to receivers elsewhere and never says that one arrived
// when the receiver did not say so. A Sender tries once and tells of each alert what
// came of it; a Runner drains a queue through a Sender, waits, tries again, and sets
// aside what a receiver refuses for good. Whatever a receiver answers is data: bounded,
// read strictly and escaped before anyone sees it.
package forward

import (
	"context"
	"time"
)

// Item is one alert on its way.
type Item struct {
	Sequence uint64 // its place in the queue; a queue hands items out in this order
	ID       string // event.id
	Update   int    // event.sequence: 1 for the alert, 2 and more for its updates
	Severity int    // event.severity
	Time     time.Time
	Document []byte // one JSON object without a line break; nobody changes it
}

// Sender delivers to one receiver. It is used by one goroutine at a time.
type Sender interface {
	// Send tries to deliver the items in order, and says of each what came of it. It
	// ends when ctx does, and keeps no item.
	Send(ctx context.Context, items []Item) Result
	Close() error
}

// Outcome is what came of one item.
type Outcome uint8

// An item is delivered only when the receiver said so; whatever is not known is Retry.
const (
	Retry     Outcome = iota // not known to be delivered: send it again
	Delivered                // the receiver has it
	Refused                  // the receiver will never take it
)

// Result is what came of a Send.
type Result struct {
	Outcomes []Outcome // one for each item, in order
	Reasons  []string  // why an item was refused, one for each item; nil when all have the reason of Err
	Err      *Error    // what was wrong; nil only when everything was delivered

	// RetryAfter is what the receiver asked for; 0 when it asked for nothing.
	RetryAfter time.Duration
}

// all returns the result in which the same came of all n items.
func all(n int, o Outcome, err *Error) Result {
	r := Result{Outcomes: make([]Outcome, n), Err: err}
	if o != Retry {
		for i := range r.Outcomes {
			r.Outcomes[i] = o
		}
	}
	return r
}

// Queue holds what one output has not acknowledged.
type Queue interface {
	// Next returns the oldest items that were neither acknowledged nor set aside, at
	// least one and in order of Sequence. It waits until there is one or ctx ends; what
	// is there already comes at once. Without Ack or Dead it returns the same again.
	// maxBytes counts documents; a single larger item comes alone.
	Next(ctx context.Context, maxItems, maxBytes int) ([]Item, error)
	// Ack forgets delivered items.
	Ack(items []Item) error
	// Dead sets items aside that the receiver refused for good.
	Dead(why string, items []Item) error
}

// Watcher is a Sender that depends on files which may change while a Runner waits: a
// new token or certificate is tried at once.
type Watcher interface {
	// Changed says whether a file has changed since Send last read it.
	Changed() bool
}

// Gradual is a Sender whose receiver acknowledges items one by one. It says so as it
// happens, before Send returns, so that of a batch amid which the process is killed only
// those come twice that were not answered.
type Gradual interface {
	// Each has every item told of that is delivered. It is called once, before Send.
	Each(delivered func(Item))
}

// Config is one receiver. Name, Type and URL or Address are required.
type Config struct {
	Name    string // names the receiver in errors
	Type    string // https, elasticsearch, splunk_hec, otlp, syslog_tls or relp
	URL     string // of the HTTP types
	Address string // host:port, of the others

	TokenFile       string
	CAFile          string // instead of the system's authorities
	CertificateFile string // together with KeyFile
	KeyFile         string
	Headers         map[string]string
	Index           string // data stream of Elasticsearch; DefaultIndex when empty

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
