package alert

import (
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"
)

var (
	errNotDocument = errors.New("not a whole JSON document")
	errNoID        = errors.New("not an alert: it has no event.id")
)

// Parse reads an alert from its line. Members that have no field are ignored. The texts are
// data from outside, without the escapes of Line.
func Parse(line []byte) (*Alert, error) {
	var a Alert
	if err := json.Unmarshal(line, &a); err != nil {
		return nil, err
	}
	if a.Event.ID == "" {
		return nil, errNoID
	}
	return &a, nil
}

// Head is the part of a document by which alerts are selected and ordered.
type Head struct {
	Kind, ID           string // event.kind and event.id
	RuleID, RuleUUID   string
	Severity, Sequence int
	Time               time.Time // of what happened; zero where it has none
	Created            time.Time // of this document: for an update it is later than Time
}

// ParseHead reads the head of a document, of which all must be valid JSON in UTF-8.
func ParseHead(line []byte) (Head, error) {
	var d struct {
		Timestamp single[string] `json:"@timestamp"`
		Event     single[struct {
			Kind, ID, Created  string
			Severity, Sequence int
		}] `json:"event"`
		Rule single[struct{ ID, UUID string }] `json:"rule"`
	}
	if !utf8.Valid(line) || json.Unmarshal(line, &d) != nil {
		return Head{}, errNotDocument
	}
	event, rule := &d.Event.value, &d.Rule.value
	if event.ID == "" {
		return Head{}, errNoID
	}
	h := Head{Kind: event.Kind, ID: event.ID, RuleID: rule.ID, RuleUUID: rule.UUID, Severity: event.Severity, Sequence: event.Sequence}
	h.Time, _ = time.Parse(time.RFC3339Nano, d.Timestamp.value)
	var err error
	if h.Created, err = time.Parse(time.RFC3339Nano, event.Created); err != nil {
		h.Created = h.Time
	}
	return h, nil
}

// single is a member that may occur once: readers differ on which of two counts.
type single[T any] struct {
	value   T
	present bool
}

// UnmarshalJSON reads the member.
func (s *single[T]) UnmarshalJSON(b []byte) error {
	if s.present {
		return errors.New("member occurs twice")
	}
	s.present = true
	return json.Unmarshal(b, &s.value)
}

// Escaped returns a line of valid JSON with the escapes of Line. What it returns may be the
// line itself.
func Escaped(line []byte) []byte {
	for _, c := range line {
		if c >= 0x7f { // valid JSON has nothing below it that acts on a terminal
			return escape(line)
		}
	}
	return line
}
