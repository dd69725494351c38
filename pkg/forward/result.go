package forward

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

// Outcome is what became of one item.
type Outcome uint8

// An item is delivered only when the receiver said so; whatever is not known is Retry.
const (
	Retry     Outcome = iota // not known to be delivered: send it again
	Delivered                // the receiver has it
	Refused                  // the receiver will never take it
)

// Result is what became of the items of a Send.
type Result struct {
	Outcomes []Outcome // one for each item, in order
	Reasons  []string  // why an item was refused, one for each item; nil when all have the reason of Err
	Err      *Error    // what was wrong; nil only when everything was delivered

	// RetryAfter is how long the receiver asked to wait; 0 when it did not ask.
	RetryAfter time.Duration
}

// uniformResult returns the result of n items with the same outcome.
func uniformResult(n int, o Outcome, err *Error) Result {
	return Result{Outcomes: slices.Repeat([]Outcome{o}, n), Err: err}
}

// wholeResult returns the result of a request that failed as a whole. Which document is at fault is
// known only when it was alone.
func wholeResult(n int, err *Error) Result {
	if n == 1 && policies[err.Kind].document {
		return uniformResult(n, Refused, err)
	}
	return uniformResult(n, Retry, err)
}

// refuseItem says that the receiver will never take item i.
func (r *Result) refuseItem(i int, err *Error) {
	r.Outcomes[i] = Refused
	if r.Reasons == nil {
		r.Reasons = make([]string, len(r.Outcomes))
	}
	r.Reasons[i] = err.Text
	if r.Err == nil {
		r.Err = err
	}
}

// reasonFor returns why item i was refused.
func (r *Result) reasonFor(i int) string {
	switch {
	case i < len(r.Reasons) && r.Reasons[i] != "":
		return r.Reasons[i]
	case r.Err != nil:
		return r.Err.Text
	}
	return ""
}

// refuseUnfit returns false when every document can be sent. Otherwise those that can't are refused,
// and nothing is to be sent: the others come again at once, without them.
func (c *Config) refuseUnfit(items []Item) (Result, bool) {
	r := uniformResult(len(items), Retry, nil)
	for i := range items {
		if !isDocument(items[i].Document) {
			r.refuseItem(i, c.newError(KindRefused, nil, "not sent: the document is not a JSON object on one line"))
		}
	}
	return r, r.Err != nil
}

// isDocument says whether the document is exactly one JSON object on one line: it can be told from
// its neighbours by line breaks and braces.
func isDocument(doc []byte) bool {
	return len(doc) >= 2 && doc[0] == '{' && doc[len(doc)-1] == '}' && bytes.IndexByte(doc, '\n') < 0 && json.Valid(doc)
}
