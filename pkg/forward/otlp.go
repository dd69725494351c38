package forward

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
)

// otlp posts logs of OpenTelemetry in JSON. The body of a record is the document as it
// was written, a text: what is received equals what was sent to the byte, and the chain
// of hashes can be checked there.
type otlp struct {
	before string
}

func newOTLP(c *Config) *otlp {
	b := []byte(`{"resourceLogs":[{"resource":{"attributes":[`)
	b = appendAttribute(b, "service.name", "hooksnare")
	if c.Version != "" {
		b = appendAttribute(append(b, ','), "service.version", c.Version)
	}
	if c.Host != "" {
		b = appendAttribute(append(b, ','), "host.name", c.Host)
	}
	b = appendAttribute(append(b, ','), "os.type", runtime.GOOS)
	b = append(b, `]},"scopeLogs":[{"scope":{"name":"hooksnare"},"logRecords":[`...)
	return &otlp{before: string(b)}
}

func appendAttribute(b []byte, key, value string) []byte {
	b = append(b, `{"key":`...)
	b = appendString(b, key)
	b = append(b, `,"value":{"stringValue":`...)
	b = appendString(b, value)
	return append(b, `}}`...)
}

func (*otlp) prepare(h http.Header, token string, _ []Item) {
	h.Set("Content-Type", "application/json")
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
}

func (d *otlp) frame() (before, between, behind string) { return d.before, ",", "]}]}]}" }

func (*otlp) appendItem(b []byte, item *Item) []byte {
	b = append(b, '{')
	if year := item.Time.Year(); year >= 1970 && year < 2262 { // what fits into 64 bits
		b = append(b, `"timeUnixNano":"`...)
		b = strconv.AppendInt(b, item.Time.UnixNano(), 10)
		b = append(b, `",`...)
	}
	number, text := otlpSeverity(item.Severity)
	b = append(b, `"severityNumber":`...)
	b = strconv.AppendInt(b, int64(number), 10)
	b = append(b, `,"severityText":"`...)
	b = append(b, text...)
	b = append(b, `","body":{"stringValue":`...)
	b = appendString(b, item.Document)
	b = append(b, `},"attributes":[`...)
	if item.ID != "" {
		b = append(appendAttribute(b, "event.id", item.ID), ',')
	}
	b = append(b, `{"key":"event.sequence","value":{"intValue":"`...)
	b = strconv.AppendInt(b, int64(item.Update), 10)
	return append(b, `"}}]}`...)
}

// otlpSeverity returns the number and text of a severity: INFO, INFO2, WARN, ERROR and
// FATAL of the log data model.
func otlpSeverity(severity int) (number int, text string) {
	switch {
	case severity >= 99:
		return 21, "critical"
	case severity >= 73:
		return 17, "high"
	case severity >= 47:
		return 13, "medium"
	case severity >= 21:
		return 10, "low"
	}
	return 9, "informational"
}

func (*otlp) refused(*Config, *answer, []Item) (Result, bool) { return Result{}, false }

func (*otlp) silent() bool { return false }

// read implements dialect. An empty body is the empty message, which is success.
func (*otlp) read(c *Config, a *answer, items []Item) Result {
	rejected, text, err := readPartial(a)
	n := int64(len(items))
	if err == nil && (rejected < 0 || rejected > n) {
		err = fmt.Errorf("it rejects %d records, %d were sent", rejected, n)
	}
	switch {
	case err != nil:
		return all(len(items), Retry, c.fail(KindAnswer, err, "the answer can't be believed: "+line(err.Error())))
	case rejected == 0:
		return all(len(items), Delivered, nil)
	}
	// The protocol forbids to send any of them again, and does not say which were
	// rejected: none of them counts as delivered.
	return all(len(items), Refused, c.fail(KindRefused, nil, fmt.Sprintf("rejected %d of the %d records of a request, not told which: %s", rejected, n, quote(text))))
}

func readPartial(a *answer) (rejected int64, text string, err error) {
	if a.cut {
		return 0, "", errors.New("it is cut, or too long")
	}
	if len(bytes.TrimSpace(a.body)) == 0 {
		return 0, "", nil
	}
	r, err := readJSON(a.body)
	if err != nil {
		return 0, "", err
	}
	partial := func(name string) (err error) {
		switch name {
		case "rejectedLogRecords", "rejected_log_records":
			rejected, err = r.number(true)
		case "errorMessage", "error_message":
			text, err = r.text()
		default:
			err = r.skip()
		}
		return err
	}
	err = r.object(func(name string) error {
		if name == "partialSuccess" || name == "partial_success" {
			return r.object(partial)
		}
		return r.skip()
	})
	return rejected, text, err
}
