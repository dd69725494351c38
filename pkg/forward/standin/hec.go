package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
)

// hec plays Splunk's HTTP Event Collector. It takes all events of a request or none.
type hec struct{}

func (hec) path() string        { return "/services/collector/event" }
func (hec) scheme() string      { return "Splunk" }
func (hec) contentType() string { return "application/json" }

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

func (hec) serve(r *Receiver, w http.ResponseWriter, request *http.Request, body []byte) {
	if c := request.Header.Get("X-Splunk-Request-Channel"); !guidPattern.MatchString(c) {
		r.violation("channel %q", c)
		answer(w, http.StatusBadRequest, hecAnswer{Text: "Invalid data channel", Code: 11})
		return
	}
	if r.Discard {
		r.count(bytes.Count(body, []byte(`"sourcetype":"hooksnare:alert","event":{`)))
		answer(w, http.StatusOK, hecAnswer{Text: "Success"})
		return
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
		if err != nil || !object(e.Event) || e.Source == "" || e.Sourcetype != "hooksnare:alert" {
			r.violation("envelope %d of %.120q: %v", i, body, err)
			answer(w, http.StatusBadRequest, hecAnswer{Text: "Invalid data format", Code: 6, Invalid: &i})
			return
		}
		events = append(events, Document{Body: e.Event})
	}
	r.size(len(events))
	if len(events) == 0 {
		r.violation("no event")
		answer(w, http.StatusBadRequest, hecAnswer{Text: "No data", Code: 5})
		return
	}
	for i, e := range events {
		switch s := r.status(e); {
		case s >= 500:
			answer(w, s, hecAnswer{Text: "Server is busy", Code: 9})
			return
		case s != 0:
			answer(w, s, hecAnswer{Text: "Invalid data format", Code: 6, Invalid: &i})
			return
		}
	}
	for _, e := range events {
		r.take(e)
	}
	answer(w, http.StatusOK, hecAnswer{Text: "Success"})
}
