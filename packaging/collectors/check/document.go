package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// document is what the check wants to know of an alert or a heartbeat.
type document struct {
	Timestamp time.Time `json:"@timestamp"`
	Event     struct {
		ID       string    `json:"id"`
		Sequence int       `json:"sequence"`
		Dataset  string    `json:"dataset"`
		Created  time.Time `json:"created"`
	} `json:"event"`
	Host struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Hostname string `json:"hostname"`
	} `json:"host"`
	Hooksnare struct {
		Delivery *struct {
			Chain    string `json:"chain"`
			Sequence uint64 `json:"sequence"`
			Previous string `json:"previous"`
		} `json:"delivery"`
		Heartbeat *beat `json:"heartbeat"`
	} `json:"hooksnare"`

	sum sum // of the document as it was written
}

// beat is the health that a heartbeat tells of.
type beat struct {
	Healthy    bool    `json:"healthy"`
	Final      bool    `json:"final"`
	Interval   float64 `json:"interval_seconds"`
	Conditions []struct {
		State string `json:"state"`
	} `json:"conditions"`
	Outputs []struct {
		Name    string `json:"name"`
		Healthy bool   `json:"healthy"`
		Refused uint64 `json:"refused"`
		Lost    uint64 `json:"lost"`
	} `json:"outputs"`
}

// Bounds of a document and of what is kept of one.
const (
	maxDocument   = 4 << 20 // bytes
	maxName       = 512     // bytes
	maxConditions = 10
	maxOutputs    = 32
)

// bound cuts what is kept for each Mac to what is told.
func (b *beat) bound() {
	if b == nil {
		return
	}
	b.Conditions = b.Conditions[:min(len(b.Conditions), maxConditions)]
	b.Outputs = b.Outputs[:min(len(b.Outputs), maxOutputs)]
	for i := range b.Conditions {
		b.Conditions[i].State = clip(b.Conditions[i].State)
	}
	for i := range b.Outputs {
		b.Outputs[i].Name = clip(b.Outputs[i].Name)
	}
}

func clip(s string) string {
	const most = 64
	return strings.Clone(s[:min(len(s), most)])
}

// heartbeatDataset is the event.dataset of heartbeats.
const heartbeatDataset = "hooksnare.heartbeat"

// sum is the first half of a SHA-256: enough to tell documents apart.
type sum [16]byte

// parsePrevious reads hooksnare.delivery.previous.
func parsePrevious(s string) (out sum, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != sha256.Size {
		return out, errors.New("hooksnare.delivery.previous is no SHA-256")
	}
	copy(out[:], b)
	return out, nil
}

// envelope is what a document may come in: the record of an OpenTelemetry Collector's file
// exporter, or a row that Splunk exports. Otherwise it is the document itself.
type envelope struct {
	document
	ResourceLogs []struct {
		ScopeLogs []struct {
			LogRecords []struct {
				Body struct {
					String *string `json:"stringValue"`
				} `json:"body"`
			} `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
	Result *struct {
		Raw *string `json:"_raw"`
	} `json:"result"`
}

// parseLine calls each with the documents of a line, or with what is wrong with one.
func parseLine(line []byte, each func(*document, error)) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	var e envelope
	if err := json.Unmarshal(line, &e); err != nil {
		each(nil, errors.New("not a JSON document of the expected shape"))
		return
	}
	switch {
	case e.ResourceLogs != nil:
		for _, r := range e.ResourceLogs {
			for _, s := range r.ScopeLogs {
				for _, l := range s.LogRecords {
					parseInner(l.Body.String, each)
				}
			}
		}
	case e.Result != nil:
		parseInner(e.Result.Raw, each)
	default:
		e.document.check(line, each)
	}
}

// parseInner parses a document that came as a text.
func parseInner(text *string, each func(*document, error)) {
	var d document
	switch {
	case text == nil:
		each(nil, errors.New("its body is not a text"))
	case json.Unmarshal([]byte(*text), &d) != nil:
		each(nil, errors.New("its body is not a JSON document of the expected shape"))
	default:
		d.check([]byte(*text), each)
	}
}

// check hands over a document that says what is needed of it.
func (d *document) check(raw []byte, each func(*document, error)) {
	if d.Event.Created.IsZero() {
		d.Event.Created = d.Timestamp
	}
	id, name := d.host()
	switch {
	case len(raw) > maxDocument || len(id) > maxName || len(name) > maxName || len(d.Event.ID) > maxName:
		each(nil, errors.New("it is longer than a document of an agent"))
	case d.Host.ID == "" && d.Host.Name == "" && d.Host.Hostname == "":
		each(nil, errors.New("it names no host"))
	case d.Event.ID == "":
		each(nil, errors.New("it has no event.id"))
	case d.Event.Created.IsZero():
		each(nil, errors.New("it has no time"))
	default:
		whole := sha256.Sum256(raw)
		copy(d.sum[:], whole[:])
		d.Hooksnare.Heartbeat.bound()
		each(d, nil)
	}
}

// host returns the id and the name of the document's Mac.
func (d *document) host() (id, name string) {
	id, name = d.Host.ID, d.Host.Name
	if name == "" {
		name = d.Host.Hostname
	}
	if id == "" {
		id = name
	}
	return id, name
}
