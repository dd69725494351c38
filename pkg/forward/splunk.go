package forward

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
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
				b = fmt.Appendf(b, `"time":%d.%03d,`, item.Time.Unix(), item.Time.Nanosecond()/int(time.Millisecond))
			}
			b = append(b, envelope...)
			b = append(b, item.Document...)
			return append(b, '}')
		},
		confirm: confirmHEC, explains: true,
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

// hecKinds are the codes of an answer, as its documentation has them.
var hecKinds = map[int64]Kind{
	0:  KindNone,    // success
	1:  KindDenied,  // token disabled
	2:  KindDenied,  // token required
	3:  KindDenied,  // invalid authorization
	4:  KindDenied,  // invalid token
	5:  KindRefused, // no data
	6:  KindRefused, // invalid data format
	7:  KindDenied,  // incorrect index
	8:  KindBusy,    // internal server error
	9:  KindBusy,    // server is busy
	10: KindDenied,  // data channel is missing
	11: KindDenied,  // invalid data channel
	12: KindRefused, // event field is required
	13: KindRefused, // event field cannot be blank
	14: KindDenied,  // acknowledgements are disabled
	15: KindRefused, // error in indexed fields
	16: KindDenied,  // token in the query is not allowed
	23: KindBusy,    // server is shutting down
	26: KindBusy,    // queue at capacity
	27: KindBusy,    // acknowledgement channel at capacity
}

// confirmHEC reads the code of an answer, and which event is wrong.
func confirmHEC(c *Config, body []byte, items []Item) (Result, error) {
	members, err := readObject(body)
	if err != nil {
		return Result{}, err
	}
	code, err := readNumber(members["code"])
	if err != nil {
		return Result{}, fmt.Errorf("code: %w", err)
	}
	text := fmt.Sprintf("code %d, %s", code, quoteText(readText(members["text"])))
	kind, known := hecKinds[code]
	switch {
	case !known:
		return Result{}, errors.New(text)
	case kind == KindNone:
		return uniformResult(len(items), Delivered, nil), nil
	}
	r := wholeResult(len(items), c.answerError(kind, text))
	wrong, err := readNumber(members["invalid-event-number"]) // from 0
	if err == nil && kind == KindRefused && wrong >= 0 && wrong < int64(len(items)) {
		r.Outcomes[wrong] = Refused // whether the others were taken is not known
	}
	return r, nil
}
