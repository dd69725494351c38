package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/syslog"
)

// isRemote reports whether an output of a type is on another machine, as far as is known.
func isRemote(kind string) bool { return kind != "file" && kind != "syslog" }

// newSender makes the sender of an output.
func (opts *Options) newSender(c *config.Config, o *config.Output) (forward.Sender, error) {
	switch o.Type {
	case "file":
		return &fileSink{name: o.Name, path: o.Path, root: c.Root}, nil
	case "syslog":
		return &syslogSink{name: o.Name}, nil
	}
	receiver := c.Receiver(o)
	receiver.Host, receiver.Version = opts.Host, opts.Version
	return forward.New(receiver)
}

// resultOf is the result of a delivery that went one way for all. What fails here is tried
// again soon: a disk that is full, or a daemon that restarts.
func resultOf(name string, n int, err error) forward.Result {
	if err == nil {
		return forward.Result{Outcomes: slices.Repeat([]forward.Outcome{forward.Delivered}, n)}
	}
	return forward.Result{
		Outcomes: make([]forward.Outcome, n),
		Err:      &forward.Error{Receiver: name, Kind: forward.KindBusy, Text: err.Error(), Err: err},
	}
}

// fileSink is the local log: whole documents, on the disk before Send returns.
type fileSink struct {
	name, path, root string

	mu  sync.Mutex    // held while the disk is used
	log *logfile.File // mu guards it
}

// Send appends the documents, a line each.
func (s *fileSink) Send(_ context.Context, items []forward.Item) forward.Result {
	return resultOf(s.name, len(items), s.appendLines(items))
}

func (s *fileSink) appendLines(items []forward.Item) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		if s.log, err = logfile.Open(s.path, logfile.Options{Root: s.root}); err != nil {
			return err // Append tries again
		}
	}
	var lines []byte
	for i := range items {
		lines = append(append(lines, items[i].Document...), '\n')
	}
	return s.log.Append(lines)
}

// reopen opens the file again. While a delivery is under way it does nothing: the next one sees
// by itself whether the file was moved. It may be called at any time.
func (s *fileSink) reopen() {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if s.log != nil {
		_ = s.log.Reopen() // or the next delivery does, and reports why not
	}
}

// Close closes the file, for good: a reopen that comes late finds none.
func (s *fileSink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		return nil
	}
	log := s.log
	s.log = nil
	return log.Close()
}

// syslogSink is the system's log: a line for a person, best effort.
type syslogSink struct {
	name string
	w    *syslog.Writer
	sent func(forward.Item) // is called for each item that is delivered
}

// Each implements forward.Gradual: a line that is sent can't be taken back.
func (s *syslogSink) Each(delivered func(forward.Item)) { s.sent = delivered }

// Send writes a line for each alert, none for a heartbeat: the log is for people. What is not an
// alert will never be one, and is set aside. The text is made from the document, which is all
// that is left of an alert after a restart.
func (s *syslogSink) Send(_ context.Context, items []forward.Item) forward.Result {
	r := resultOf(s.name, len(items), nil)
	r.Reasons = make([]string, len(items))
	for i := range items {
		var a alert.Alert
		if err := json.Unmarshal(items[i].Document, &a); err != nil {
			r.Outcomes[i], r.Reasons[i] = forward.Refused, "not an alert: "+err.Error()
			r.Err = &forward.Error{Receiver: s.name, Kind: forward.KindRefused, Text: r.Reasons[i], Err: err}
			continue
		}
		if a.Event.Kind == "alert" {
			if err := s.writeAlert(&a); err != nil {
				failed := resultOf(s.name, len(items), err)
				copy(r.Outcomes[i:], failed.Outcomes[i:])
				r.Err = failed.Err
				return r
			}
		}
		s.sent(items[i])
	}
	return r
}

func (s *syslogSink) writeAlert(a *alert.Alert) (err error) {
	if s.w == nil {
		if s.w, err = syslog.Open("hooksnare"); err != nil {
			return err
		}
	}
	return s.w.Write(syslogSeverity(a.Event.Severity), SyslogText(a))
}

// Close closes the connection.
func (s *syslogSink) Close() error {
	if s.w == nil {
		return nil
	}
	return s.w.Close()
}

func syslogSeverity(number int) syslog.Severity {
	switch event.SeverityOf(number) {
	case event.Critical:
		return syslog.Critical
	case event.High:
		return syslog.High
	case event.Medium:
		return syslog.Medium
	}
	return syslog.Low
}

// SyslogText says who, what and where to look; the whole document is in the local log.
func SyslogText(a *alert.Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "event.id=%s event.sequence=%d rule.id=%s", a.Event.ID, a.Event.Sequence, a.Rule.ID)
	if a.Hooksnare != nil && a.Hooksnare.Verdict != "" {
		fmt.Fprintf(&b, " verdict=%s", a.Hooksnare.Verdict)
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
