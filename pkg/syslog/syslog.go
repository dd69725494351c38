// Package syslog puts one-line messages into the system's log: on macOS through
// libSystem's syslog(3), elsewhere through the syslog daemon's socket.
//
// Whatever the text holds, one message becomes one line, is never read as a format
// and is shorter than MaxBytes. The log is best effort: nothing acknowledges a
// message, so a nil error means handed over, not kept.
package syslog

import (
	"errors"
	"fmt"
	"regexp"
	"sync"
)

// Severity is how bad a message is, in the words of an alert. The zero Severity is
// invalid. None maps below syslog's notice, because the unified log of macOS keeps
// info in memory only and drops debug.
type Severity uint8

// The severities, least bad first.
const (
	Low      Severity = iota + 1 // syslog's notice
	Medium                       // warning
	High                         // err
	Critical                     // crit
)

var severities = [...]struct {
	word     string
	name     string // as logger(1) takes it
	priority int32  // as syslog(3) takes it
}{
	Low:      {"low", "notice", 5},
	Medium:   {"medium", "warning", 4},
	High:     {"high", "err", 3},
	Critical: {"critical", "crit", 2},
}

func (s Severity) valid() bool { return s >= Low && s <= Critical }

// String returns the word of the severity.
func (s Severity) String() string {
	if !s.valid() {
		return fmt.Sprintf("severity(%d)", uint8(s))
	}
	return severities[s].word
}

// ParseSeverity returns the severity of a word: low, medium, high or critical.
func ParseSeverity(word string) (Severity, error) {
	for s := Low; s <= Critical; s++ {
		if severities[s].word == word {
			return s, nil
		}
	}
	return 0, fmt.Errorf("severity %q: want low, medium, high or critical", word)
}

var errClosed = errors.New("syslog: writer is closed")

// validTag keeps a tag apart from the text behind it in every receiver's parser:
// RFC 3164 knows 32 characters and ends the tag at the first odd one.
var validTag = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

// sink is the way to the system's log: libSystem, logger(1) or a socket.
type sink interface {
	// send hands over a text that Clean has passed.
	send(sev Severity, text string) error
	Close() error
}

// Writer writes to the system's log. It may be used from any goroutine.
type Writer struct {
	tag  string
	dial func(tag string) (sink, error)

	mu     sync.Mutex
	sink   sink // nil: dial at the next Write
	closed bool
}

// Open connects to the system's log. The tag (at most 32 letters, digits, dots,
// underscores and hyphens) names the program in every line; on macOS it belongs to the
// whole process, so all writers of one process give the same. A log that is not there
// is an error; calling Open again later is fine.
func Open(tag string) (*Writer, error) { return open(tag, dialSystem) }

func open(tag string, dial func(string) (sink, error)) (*Writer, error) {
	if !validTag.MatchString(tag) {
		return nil, fmt.Errorf("syslog tag %q: want 1 to 32 letters, digits, dots, underscores or hyphens", tag)
	}
	s, err := dial(tag)
	if err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	return &Writer{tag: tag, dial: dial, sink: s}, nil
}

// Write logs the message as one line that starts with the severity's word. After an
// error the next Write connects anew.
func (w *Writer) Write(sev Severity, message string) error {
	if !sev.valid() {
		return fmt.Errorf("syslog: %v: want low, medium, high or critical", sev)
	}
	text := Clean(sev.String() + ": " + message)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	if w.sink == nil {
		s, err := w.dial(w.tag)
		if err != nil {
			return fmt.Errorf("syslog: %w", err)
		}
		w.sink = s
	}
	if err := w.sink.send(sev, text); err != nil {
		w.sink.Close() // its failure adds nothing to the one reported
		w.sink = nil
		return fmt.Errorf("syslog: %w", err)
	}
	return nil
}

// Close releases the connection. Later writes are errors, a second Close is not.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.sink == nil {
		return nil
	}
	err := w.sink.Close()
	w.sink = nil
	if err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	return nil
}
