package forward

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// hec speaks to Splunk's HTTP Event Collector. Its code 0 says that the events were
// received, not that they are indexed.
type hec struct {
	channel string // tells this process apart from others
	after   string // of an envelope, up to the event
}

func newHEC(host string) *hec {
	b := []byte{}
	if host != "" {
		b = append(b, `"host":`...)
		b = append(appendString(b, host), ',')
	}
	b = append(b, `"source":"hooksnare","sourcetype":"hooksnare:alert","event":`...)
	return &hec{channel: guid(), after: string(b)}
}

// guid returns a random UUID, version 4.
func guid() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (d *hec) prepare(h http.Header, token string, _ []Item) {
	h.Set("Content-Type", "application/json")
	h.Set("X-Splunk-Request-Channel", d.channel)
	if token != "" {
		h.Set("Authorization", "Splunk "+token)
	}
}

func (*hec) frame() (before, between, behind string) { return "", "", "" }

func (d *hec) appendItem(b []byte, item *Item) []byte {
	b = append(b, '{')
	if item.Time.Unix() > 0 {
		b = append(b, `"time":`...)
		b = strconv.AppendInt(b, item.Time.Unix(), 10)
		ms := item.Time.Nanosecond() / int(time.Millisecond)
		b = append(b, '.', '0'+byte(ms/100), '0'+byte(ms/10%10), '0'+byte(ms%10), ',')
	}
	b = append(b, d.after...)
	b = append(b, item.Document...)
	return append(b, '}')
}

func (*hec) silent() bool { return false }

// said by HEC, in its documentation's words: what the code of an answer means.
const (
	hecSuccess        = 0
	hecNoData         = 5
	hecInvalidFormat  = 6
	hecIncorrectIndex = 7
	hecInternal       = 8
	hecBusy           = 9
	hecNoChannel      = 10
	hecBadChannel     = 11
	hecNoEvent        = 12
	hecBlankEvent     = 13
	hecAckDisabled    = 14
	hecIndexedFields  = 15
	hecQueryToken     = 16
	hecShutdown       = 23
	hecQueueFull      = 26
	hecAckFull        = 27
)

// verdict is the body of an answer.
type verdict struct {
	code    int64
	text    string
	invalid int64 // number of the event that is wrong, from 0; -1 when it is not said
}

func (*hec) read(c *Config, a *answer, items []Item) Result {
	v, err := readVerdict(a)
	if err != nil {
		return all(len(items), Retry, c.fail(KindAnswer, err, "the answer can't be believed: "+line(err.Error())))
	}
	if v.code == hecSuccess {
		return all(len(items), Delivered, nil)
	}
	return v.result(c, items)
}

func (*hec) refused(c *Config, a *answer, items []Item) (Result, bool) {
	v, err := readVerdict(a)
	if err != nil || v.code == hecSuccess {
		return Result{}, false
	}
	return v.result(c, items), true
}

// result tells what a code other than success means.
func (v *verdict) result(c *Config, items []Item) Result {
	n := len(items)
	text := fmt.Sprintf("code %d, %s", v.code, quote(v.text))
	switch v.code {
	case 1, 2, 3, 4, hecQueryToken:
		return all(n, Retry, c.fail(KindDenied, nil, "does not let us in: "+text+": look at TokenFile"))
	case hecIncorrectIndex, hecNoChannel, hecBadChannel, hecAckDisabled:
		return all(n, Retry, c.fail(KindDenied, nil, "is not set up for us: "+text+": look at the token's settings"))
	case hecInternal, hecBusy, hecShutdown, hecQueueFull, hecAckFull:
		return all(n, Retry, c.fail(KindBusy, nil, "takes no more for now: "+text))
	case hecNoData, hecInvalidFormat, hecNoEvent, hecBlankEvent, hecIndexedFields:
		err := c.fail(KindRefused, nil, "refused: "+text)
		if v.invalid < 0 || v.invalid >= int64(n) {
			return one(n, err)
		}
		// Whether the others were taken is not said: they are sent again.
		r := all(n, Retry, err)
		r.Outcomes[v.invalid] = Refused
		return r
	}
	return all(n, Retry, c.fail(KindAnswer, nil, "gives a code that means nothing here: "+text))
}

func readVerdict(a *answer) (*verdict, error) {
	if a.cut {
		return nil, errors.New("it is cut, or too long")
	}
	r, err := readJSON(a.body)
	if err != nil {
		return nil, err
	}
	v := verdict{code: -1, invalid: -1}
	err = r.object(func(name string) (err error) {
		switch name {
		case "code":
			if v.code, err = r.number(false); err == nil && v.code < 0 {
				err = errors.New("the code is negative")
			}
		case "text":
			v.text, err = r.text()
		case "invalid-event-number":
			v.invalid, err = r.number(false)
		default:
			err = r.skip()
		}
		return err
	})
	if err == nil && v.code < 0 {
		err = errors.New("it has no code")
	}
	return &v, err
}
