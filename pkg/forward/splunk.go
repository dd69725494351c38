package forward

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// newHEC returns the protocol of Splunk's HTTP Event Collector. Its code 0 says that the
// events were received, not that they are indexed.
func newHEC(host string) *protocol {
	envelope := []byte{} // after the time, up to the event
	if host != "" {
		envelope = append(appendString(append(envelope, `"host":`...), host), ',')
	}
	envelope = append(envelope, `"source":"hooksnare","sourcetype":"hooksnare:alert","event":`...)
	return &protocol{
		contentType: "application/json", scheme: "Splunk", header: http.Header{"X-Splunk-Request-Channel": {randomUUID()}},
		appendItem: func(b []byte, item *Item) []byte {
			b = append(b, '{')
			if item.Time.Unix() > 0 {
				b = append(b, `"time":`...)
				b = strconv.AppendInt(b, item.Time.Unix(), 10)
				b = fmt.Appendf(b, ".%03d,", item.Time.Nanosecond()/int(time.Millisecond))
			}
			b = append(b, envelope...)
			b = append(b, item.Document...)
			return append(b, '}')
		},
		confirm: func(c *Config, a *answer, items []Item) Result {
			code, err := readHEC(a)
			if err != nil {
				return uniform(len(items), Retry, c.answered(KindAnswer, printable(err.Error())))
			}
			return code.result(c, items)
		},
		explain: func(c *Config, a *answer, items []Item) (Result, bool) {
			code, err := readHEC(a)
			if err != nil || code.code == hecSuccess {
				return Result{}, false
			}
			return code.result(c, items), true
		},
	}
}

// randomUUID returns a UUID of version 4, by which the receiver tells this process apart
// from others.
func randomUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

const hecSuccess = 0

// hecKinds are the codes of an answer, as its documentation has them.
var hecKinds = map[int64]Kind{
	hecSuccess: KindNone,
	1:          KindDenied,  // token disabled
	2:          KindDenied,  // token required
	3:          KindDenied,  // invalid authorization
	4:          KindDenied,  // invalid token
	5:          KindRefused, // no data
	6:          KindRefused, // invalid data format
	7:          KindDenied,  // incorrect index
	8:          KindBusy,    // internal server error
	9:          KindBusy,    // server is busy
	10:         KindDenied,  // data channel is missing
	11:         KindDenied,  // invalid data channel
	12:         KindRefused, // event field is required
	13:         KindRefused, // event field cannot be blank
	14:         KindDenied,  // acknowledgements are disabled
	15:         KindRefused, // error in indexed fields
	16:         KindDenied,  // token in the query is not allowed
	23:         KindBusy,    // server is shutting down
	26:         KindBusy,    // queue at capacity
	27:         KindBusy,    // acknowledgement channel at capacity
}

// hecAnswer is the body of an answer.
type hecAnswer struct {
	code    int64
	text    string
	invalid int64 // number of the event that is wrong, from 0; -1 when it is not known
}

// result returns what the code means.
func (v *hecAnswer) result(c *Config, items []Item) Result {
	kind, known := hecKinds[v.code]
	if known && kind == KindNone {
		return uniform(len(items), Delivered, nil)
	}
	text := fmt.Sprintf("code %d, %s", v.code, quote(v.text))
	if !known {
		return uniform(len(items), Retry, c.answered(KindAnswer, text+" means nothing here"))
	}
	r := whole(len(items), c.answered(kind, text))
	if kind == KindRefused && v.invalid >= 0 && v.invalid < int64(len(items)) {
		r.Outcomes[v.invalid] = Refused // whether the others were taken is not known
	}
	return r
}

func readHEC(a *answer) (*hecAnswer, error) {
	if a.cut {
		return nil, errLength
	}
	members, err := readObject(a.body)
	if err != nil {
		return nil, err
	}
	v := &hecAnswer{text: readText(members["text"]), invalid: -1}
	if number, err := readNumber(members["invalid-event-number"]); err == nil {
		v.invalid = number
	}
	if v.code, err = readNumber(members["code"]); err != nil {
		return nil, fmt.Errorf("code: %w", err)
	}
	return v, nil
}
