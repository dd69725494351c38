package forward

// level is what receivers call a range of event.severity.
type level struct {
	from   int    // the lowest event.severity of the level
	syslog int    // severity of RFC 5424
	otlp   int    // INFO, INFO2, WARN, ERROR or FATAL of the log data model
	word   string // severity of an alert
}

// levels are the worst first.
var levels = []level{{99, 2, 21, "critical"}, {73, 3, 17, "high"}, {47, 4, 13, "medium"}, {1, 5, 10, "low"}}

// levelOf returns the level of an event.severity: informational for what has none, such as a
// heartbeat.
func levelOf(severity int) level {
	for _, l := range levels {
		if severity >= l.from {
			return l
		}
	}
	return level{0, 6, 9, "informational"}
}
