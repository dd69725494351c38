package event

import "slices"

// Severity is how much something matters, as rules and outputs name it.
type Severity string

// The severities.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// severities are all of them, the least first, and the number in event.severity of each.
var severities = []struct {
	name   Severity
	number int
}{{Low, 21}, {Medium, 47}, {High, 73}, {Critical, 99}}

// Severities returns the names of all of them, the least first.
func Severities() []string {
	var out []string
	for _, s := range severities {
		out = append(out, string(s.name))
	}
	return out
}

// Number returns 21, 47, 73 or 99, and 0 for anything else.
func (s Severity) Number() int {
	for _, known := range severities {
		if known.name == s {
			return known.number
		}
	}
	return 0
}

// SeverityOf returns the greatest severity whose number is not above that of an alert, Low
// below all of them.
func SeverityOf(number int) Severity {
	for _, s := range slices.Backward(severities) {
		if number >= s.number {
			return s.name
		}
	}
	return Low
}
