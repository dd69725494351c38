package agent

import (
	"fmt"
	"io"
	"strings"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/syslog"
)

// sink takes alerts to one place. It is for one goroutine.
type sink interface {
	// put delivers all of the alerts, or none where it can take them back.
	put(batch []*entry) error
	reopen() error
	Close() error
}

// fileSink is the local log: whole documents, on the disk before put returns.
type fileSink struct {
	path string
	log  *logfile.File
}

func (s *fileSink) put(batch []*entry) error {
	if s.log == nil {
		l, err := logfile.Open(s.path, logfile.Options{})
		if err != nil {
			return err
		}
		s.log = l
	}
	var all []byte
	for _, e := range batch {
		all = append(all, e.line...)
	}
	return s.log.Append(all)
}

func (s *fileSink) reopen() error {
	if s.log == nil {
		return nil
	}
	return s.log.Reopen()
}

func (s *fileSink) Close() error {
	if s.log == nil {
		return nil
	}
	return s.log.Close()
}

// syslogSink is the system's log: a line for a person, best effort.
type syslogSink struct {
	w *syslog.Writer
}

func (s *syslogSink) put(batch []*entry) error {
	if s.w == nil {
		w, err := syslog.Open("hooksnare")
		if err != nil {
			return err
		}
		s.w = w
	}
	for _, e := range batch {
		if err := s.w.Write(syslogSeverity(e.alert.Event.Severity), syslogText(e.alert)); err != nil {
			return err
		}
	}
	return nil
}

func (s *syslogSink) reopen() error { return nil }

func (s *syslogSink) Close() error {
	if s.w == nil {
		return nil
	}
	return s.w.Close()
}

func syslogSeverity(number int) syslog.Severity {
	switch {
	case number >= 99:
		return syslog.Critical
	case number >= 73:
		return syslog.High
	case number >= 47:
		return syslog.Medium
	}
	return syslog.Low
}

// syslogText says who, what and where to look; the whole document is in the local log.
func syslogText(a *alert.Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "event.id=%s event.sequence=%d rule.id=%s", a.Event.ID, a.Event.Sequence, a.Rule.ID)
	if v := a.Hooksnare.Verdict; v != "" {
		fmt.Fprintf(&b, " verdict=%s", v)
	}
	if a.User != nil {
		fmt.Fprintf(&b, " user.id=%s", a.User.ID)
	}
	if a.Process != nil {
		fmt.Fprintf(&b, " process.pid=%d", a.Process.PID)
	}
	b.WriteString(" " + a.Message)
	return b.String()
}

// textSink prints alerts for a person.
type textSink struct{ w io.Writer }

func (s *textSink) put(batch []*entry) error {
	for _, e := range batch {
		if err := e.alert.Write(s.w); err != nil {
			return err
		}
	}
	return nil
}

func (s *textSink) reopen() error { return nil }

func (s *textSink) Close() error { return nil }
