//go:build !darwin

package syslog

import (
	stdsyslog "log/syslog"
)

// dialSystem connects to the syslog daemon of this machine.
func dialSystem(tag string) (sink, error) { return dialSocket("", "", tag) }

// dialSocket connects to a socket; both names empty mean the machine's usual ones.
func dialSocket(network, address, tag string) (sink, error) {
	w, err := stdsyslog.Dial(network, address, stdsyslog.LOG_DAEMON|stdsyslog.LOG_NOTICE, tag)
	if err != nil {
		return nil, err
	}
	return &socket{w}, nil
}

type socket struct{ w *stdsyslog.Writer }

func (s *socket) send(sev Severity, text string) error {
	switch sev {
	case Critical:
		return s.w.Crit(text)
	case High:
		return s.w.Err(text)
	case Medium:
		return s.w.Warning(text)
	}
	return s.w.Notice(text)
}

func (s *socket) Close() error { return s.w.Close() }
