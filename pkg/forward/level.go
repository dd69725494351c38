package forward

import "hooksnare/pkg/event"

// level is what receivers call a range of event.severity.
type level struct {
	syslog int    // severity of RFC 5424
	otlp   int    // INFO, INFO2, WARN, ERROR or FATAL of the log data model
	word   string // severity of an alert
}

var levels = map[event.Severity]level{
	event.Critical: {2, 21, "critical"}, event.High: {3, 17, "high"}, event.Medium: {4, 13, "medium"}, event.Low: {5, 10, "low"},
}

// levelOf returns the level of an event.severity: informational for what has none, such as a
// heartbeat.
func levelOf(severity int) level {
	if severity <= 0 {
		return level{6, 9, "informational"}
	}
	return levels[event.SeverityOf(severity)]
}
