//go:build !darwin

package syslog

import stdsyslog "log/syslog"

// connect connects to the syslog daemon of this machine.
func connect(tag string) (connection, error) { return dialSocket("", "", tag) }

// dialSocket connects to a socket; both names empty mean the machine's usual ones.
func dialSocket(network, address, tag string) (connection, error) {
	w, err := stdsyslog.Dial(network, address, stdsyslog.LOG_DAEMON|stdsyslog.LOG_NOTICE, tag)
	if err != nil {
		return nil, err
	}
	return &socket{w}, nil
}

// socket connects again by itself.
type socket struct{ *stdsyslog.Writer }

func (s *socket) send(sev Severity, text string) error {
	switch sev {
	case Critical:
		return s.Crit(text)
	case High:
		return s.Err(text)
	case Medium:
		return s.Warning(text)
	}
	return s.Notice(text)
}
