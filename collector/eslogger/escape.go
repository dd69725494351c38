package eslogger

import "strconv"

// maxDetail bounds a state's text in bytes, so that it fits a syslog message.
const maxDetail = 600

// escape makes foreign bytes printable ASCII: at most limit of them are taken.
func escape(b []byte, limit int) string {
	cut := len(b) > limit
	if cut {
		b = b[:limit]
	}
	q := strconv.AppendQuoteToASCII(nil, string(b))
	q = q[1 : len(q)-1]
	if cut {
		q = append(q, "..."...)
	}
	return string(q)
}

// cutDetail cuts a text that is already escaped.
func cutDetail(s string) string {
	if len(s) > maxDetail {
		return s[:maxDetail-3] + "..."
	}
	return s
}
