// Package syslog puts one-line messages into the system's log: on macOS through
// libSystem's syslog(3), elsewhere through the syslog daemon's socket.
//
// Whatever the text holds, one message becomes one line, is never read as a format
// and is shorter than maxBytes. The log is best effort: nothing acknowledges a
// message, so a nil error means handed over, not kept.
package syslog

import (
	"fmt"
	"regexp"
)

// Severity is how bad a message is: the priority of syslog(3). The zero Severity is
// invalid. None is below syslog's notice, because the unified log of macOS keeps info in
// memory only and drops debug.
type Severity int32

// The severities, worst first.
const (
	Critical Severity = 2 // syslog's crit
	High     Severity = 3 // err
	Medium   Severity = 4 // warning
	Low      Severity = 5 // notice
)

var words = map[Severity]string{Critical: "critical", High: "high", Medium: "medium", Low: "low"}

// String returns the word of the severity, "" for an invalid one.
func (s Severity) String() string { return words[s] }

// validTag keeps a tag apart from the text behind it in every receiver's parser:
// RFC 3164 knows 32 characters and ends the tag at the first odd one.
var validTag = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

// connection is the way to the system's log. It may be used from any goroutine.
type connection interface {
	// send hands over a text that Clean returned. After an error it connects again.
	send(sev Severity, text string) error
	Close() error
}

// Writer writes to the system's log. It may be used from any goroutine, until Close.
type Writer struct{ connection }

// Open connects to the system's log. The tag (at most 32 letters, digits, dots,
// underscores and hyphens) names the program in every line; on macOS it belongs to the
// whole process, so all writers of one process give the same. A log that is not there
// is an error; calling Open again later is fine.
func Open(tag string) (*Writer, error) { return openWith(tag, connect) }

func openWith(tag string, connect func(tag string) (connection, error)) (*Writer, error) {
	if !validTag.MatchString(tag) {
		return nil, fmt.Errorf("syslog tag %q: expected 1 to 32 letters, digits, dots, underscores or hyphens", tag)
	}
	c, err := connect(tag)
	if err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	return &Writer{c}, nil
}

// Write logs the message as one line that starts with the severity's word. After an
// error the next Write connects again.
func (w *Writer) Write(sev Severity, message string) error {
	if sev.String() == "" {
		return fmt.Errorf("syslog: expected a severity from %d to %d, found %d", Critical, Low, sev)
	}
	if err := w.send(sev, Clean(sev.String()+": "+message)); err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	return nil
}
