package receivers

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
)

type envelope struct {
	Time       *json.Number    `json:"time"`
	Host       string          `json:"host"`
	Source     string          `json:"source"`
	Sourcetype string          `json:"sourcetype"`
	Event      json.RawMessage `json:"event"`
}

type hecAnswer struct {
	Text    string `json:"text"`
	Code    int    `json:"code"`
	Invalid *int   `json:"invalid-event-number,omitempty"`
}

var guidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// serveHEC plays Splunk's HTTP Event Collector. It takes all events of a request or none.
func serveHEC(r *Fake, request *http.Request, body []byte) (int, any) {
	if c := request.Header.Get("X-Splunk-Request-Channel"); !guidPattern.MatchString(c) {
		r.addViolation("channel %q", c)
		return http.StatusBadRequest, hecAnswer{Text: "Invalid data channel", Code: 11}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	var events []Document
	for i := 0; ; i++ {
		var e envelope
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || !isObject(e.Event) || e.Source == "" || e.Sourcetype != "hooksnare:alert" {
			r.addViolation("envelope %d of %.120q: %v", i, body, err)
			return http.StatusBadRequest, hecAnswer{Text: "Invalid data format", Code: 6, Invalid: &i}
		}
		events = append(events, Document{Body: e.Event})
	}
	if len(events) == 0 {
		r.addViolation("no event")
		return http.StatusBadRequest, hecAnswer{Text: "No data", Code: 5}
	}
	switch i, s := r.firstRefused(events); {
	case s >= 500:
		return s, hecAnswer{Text: "Server is busy", Code: 9}
	case s != 0:
		return s, hecAnswer{Text: "Invalid data format", Code: 6, Invalid: &i}
	}
	for _, e := range events {
		r.keepDocument(e)
	}
	return http.StatusOK, hecAnswer{Text: "Success"}
}
