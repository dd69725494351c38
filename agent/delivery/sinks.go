package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/syslog"
)

// remote reports whether an output of a type is on another machine, as far as is known.
func remote(kind string) bool { return kind != "file" && kind != "syslog" }

// newSender makes the sender of an output.
func (o *Options) newSender(c config.Output) (forward.Sender, error) {
	switch c.Type {
	case "file":
		return &fileSink{name: c.Name, path: c.Path, root: o.Config.Root}, nil
	case "syslog":
		return &syslogSink{name: c.Name}, nil
	}
	receiver := c.Receiver(o.Config.Disk())
	receiver.Host, receiver.Version = o.Host, o.Version
	return forward.New(receiver)
}

// resultOf is the result of a delivery that went one way for all. What fails here is tried
// again soon: a disk that is full, or a daemon that starts anew.
func resultOf(name string, n int, err error) forward.Result {
	r := forward.Result{Outcomes: make([]forward.Outcome, n)}
	if err != nil {
		r.Err = &forward.Error{Receiver: name, Kind: forward.KindBusy, Text: err.Error(), Err: err}
		return r
	}
	for i := range r.Outcomes {
		r.Outcomes[i] = forward.Delivered
	}
	return r
}

// fileSink is the local log: whole documents, on the disk before Send returns.
type fileSink struct {
	name, path, root string
	log              *logfile.File
	mu               sync.Mutex  // of log
	again            atomic.Bool // the file is to be opened anew
}

// Send appends the documents, a line each.
func (s *fileSink) Send(_ context.Context, items []forward.Item) forward.Result {
	return resultOf(s.name, len(items), s.append(items))
}

func (s *fileSink) append(items []forward.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		l, err := logfile.Open(s.path, logfile.Options{Root: s.root})
		if err != nil {
			return err
		}
		s.log = l
		s.again.Store(false)
	}
	if s.again.Swap(false) {
		if err := s.log.Reopen(); err != nil {
			s.again.Store(true)
			return err
		}
	}
	var all []byte
	for i := range items {
		all = append(append(all, items[i].Document...), '\n')
	}
	return s.log.Append(all)
}

// reopen opens the file anew, at once or, where a delivery is under way, before the next
// one. It may be called at any time.
func (s *fileSink) reopen() {
	s.again.Store(true)
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if s.log != nil && s.log.Reopen() == nil {
		s.again.Store(false)
	}
}

// Changed says whether a delivery that failed is worth another try now.
func (s *fileSink) Changed() bool { return s.again.Load() }

// Close closes the file.
func (s *fileSink) Close() error {
	if s.log == nil {
		return nil
	}
	return s.log.Close()
}

// syslogSink is the system's log: a line for a person, best effort.
type syslogSink struct {
	name string
	w    *syslog.Writer
}

// Send writes a line for each alert, none for a heartbeat: the log is for people. What is no
// alert at all would be none the next time, either, and is set aside.
func (s *syslogSink) Send(_ context.Context, items []forward.Item) forward.Result {
	r := resultOf(s.name, len(items), nil)
	for i := range items {
		var a alert.Alert
		if err := json.Unmarshal(items[i].Document, &a); err != nil {
			r.Outcomes[i] = forward.Refused
			r.Err = &forward.Error{Receiver: s.name, Kind: forward.KindRefused, Text: "no alert: " + err.Error(), Err: err}
			continue
		}
		if a.Event.Kind != "alert" {
			continue
		}
		if err := s.write(&a); err != nil {
			failed := resultOf(s.name, len(items), err)
			copy(failed.Outcomes, r.Outcomes[:i]) // a line that is sent can't be taken back
			return failed
		}
	}
	return r
}

func (s *syslogSink) write(a *alert.Alert) error {
	if s.w == nil {
		w, err := syslog.Open("hooksnare")
		if err != nil {
			return err
		}
		s.w = w
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
