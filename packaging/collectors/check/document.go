package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"hooksnare/pkg/chain"
)

// document is what the check needs of an alert or a heartbeat.
type document struct {
	Timestamp time.Time `json:"@timestamp"`
	Event     struct {
		ID      string    `json:"id"`
		Dataset string    `json:"dataset"`
		Created time.Time `json:"created"`
	} `json:"event"`
	Host struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Hostname string `json:"hostname"`
	} `json:"host"`
	Hooksnare struct {
		Delivery  *chain.Link `json:"delivery"`
		Heartbeat *heartbeat  `json:"heartbeat"`
	} `json:"hooksnare"`

	raw []byte // as it was written
}

// heartbeat is the health that an agent reported.
type heartbeat struct {
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

// Bounds of a document, and of what is kept of the newest heartbeat of each Mac.
const (
	maxDocument   = 4 << 20 // bytes
	maxName       = 512     // bytes of a host's id, its name and an event's id
	maxWord       = 64      // bytes of a condition's or an output's name
	maxConditions = 10
	maxOutputs    = 32
)

// truncate cuts what is kept for each Mac to its bounds.
func (h *heartbeat) truncate() {
	h.Conditions = h.Conditions[:min(len(h.Conditions), maxConditions)]
	for i := range h.Conditions {
		h.Conditions[i].State = truncateWord(h.Conditions[i].State)
	}
	h.Outputs = h.Outputs[:min(len(h.Outputs), maxOutputs)]
	for i := range h.Outputs {
		h.Outputs[i].Name = truncateWord(h.Outputs[i].Name)
	}
}

func truncateWord(s string) string { return strings.Clone(s[:min(len(s), maxWord)]) }

// heartbeatDataset is the event.dataset of heartbeats.
const heartbeatDataset = "hooksnare.heartbeat"

// envelope is what documents may come in: a record of an OpenTelemetry Collector's file
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

// parseLine calls add with each document of a line, or with what is wrong with it.
func parseLine(line []byte, add func(*document, error)) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	var e envelope
	if json.Unmarshal(line, &e) != nil {
		add(nil, errShape)
		return
	}
	switch {
	case e.ResourceLogs != nil:
		for _, resource := range e.ResourceLogs {
			for _, scope := range resource.ScopeLogs {
				for _, record := range scope.LogRecords {
					add(parseBody(record.Body.String))
				}
			}
		}
	case e.Result != nil:
		add(parseBody(e.Result.Raw))
	default:
		add(e.document.complete(line))
	}
}

var errShape = errors.New("not a JSON document of the expected shape")

// parseBody parses a document that came as a text.
func parseBody(text *string) (*document, error) {
	var d document
	if text == nil || json.Unmarshal([]byte(*text), &d) != nil {
		return nil, errShape
	}
	return d.complete([]byte(*text))
}

// complete returns the document if it says what is needed of it.
func (d *document) complete(raw []byte) (*document, error) {
	if d.Event.Created.IsZero() {
		d.Event.Created = d.Timestamp
	}
	id, name := d.host()
	switch {
	case len(raw) > maxDocument || len(id) > maxName || len(name) > maxName || len(d.Event.ID) > maxName:
		return nil, errors.New("longer than a document of an agent")
	case id == "":
		return nil, errors.New("names no host")
	case d.Event.ID == "":
		return nil, errors.New("has no event.id")
	case d.Event.Created.IsZero():
		return nil, errors.New("has no time")
	}
	d.raw = raw
	return d, nil
}

// host returns the id and the name of the document's Mac.
func (d *document) host() (id, name string) {
	name = d.Host.Name
	if name == "" {
		name = d.Host.Hostname
	}
	if id = d.Host.ID; id == "" {
		id = name
	}
	return id, name
}
