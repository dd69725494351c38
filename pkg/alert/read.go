package alert

import (
	"encoding/json"
	"errors"
)

// Parse reads an alert from its line. Members it has no name for are passed over; the
// texts in it are data from outside, as they were before Line.
func Parse(line []byte) (*Alert, error) {
	var a Alert
	if err := json.Unmarshal(line, &a); err != nil {
		return nil, err
	}
	if a.Event.ID == "" {
		return nil, errors.New("no event.id")
	}
	return &a, nil
}

// Escaped returns a line of valid JSON so that nothing in it can act on a terminal: the
// same document, written as Line writes one. What it returns may be the line itself.
func Escaped(line []byte) []byte {
	for _, c := range line {
		if c >= 0x7f { // of what is below, valid JSON has nothing that acts
			return escape(line)
		}
	}
	return line
}
