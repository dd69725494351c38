package forward

import (
	"bytes"
	"fmt"
	"runtime"
)

// newOTLP returns the protocol of OpenTelemetry logs in JSON. The body of a record is the
// document as it was written, a text: what is received equals what was sent to the byte, and
// the chain of hashes can be checked there.
func newOTLP(c *Config) *protocol {
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
	return &protocol{
		contentType: "application/json", scheme: "Bearer", before: string(b), between: ",", after: "]}]}]}",
		appendItem: appendRecord, confirm: confirmOTLP,
	}
}

func appendAttribute(b []byte, key, value string) []byte {
	b = append(b, `{"key":`...)
	b = appendString(b, key)
	b = append(b, `,"value":{"stringValue":`...)
	b = appendString(b, value)
	return append(b, `}}`...)
}

// appendRecord appends one log record.
func appendRecord(b []byte, item *Item) []byte {
	b = append(b, '{')
	if year := item.Time.Year(); year >= 1970 && year < 2262 { // what fits into 64 bits
		b = fmt.Appendf(b, `"timeUnixNano":"%d",`, item.Time.UnixNano())
	}
	level := levelOf(item.Severity)
	b = fmt.Appendf(b, `"severityNumber":%d,"severityText":"%s","body":{"stringValue":`, level.otlp, level.word)
	b = appendString(b, item.Document)
	b = append(b, `},"attributes":[`...)
	if item.ID != "" {
		b = append(appendAttribute(b, "event.id", item.ID), ',')
	}
	return fmt.Appendf(b, `{"key":"event.sequence","value":{"intValue":"%d"}}]}`, item.Update)
}

// confirmOTLP reads how many records were rejected. An empty body is the empty message, which
// is success.
func confirmOTLP(c *Config, body []byte, items []Item) (Result, error) {
	rejected, text, err := readPartialSuccess(body)
	n := int64(len(items))
	if err == nil && (rejected < 0 || rejected > n) {
		err = fmt.Errorf("it rejects %d records, %d were sent", rejected, n)
	}
	switch {
	case err != nil:
		return Result{}, err
	case rejected == 0:
		return uniformResult(len(items), Delivered, nil), nil
	}
	// The protocol forbids to send any of them again, and does not say which were
	// rejected: none of them counts as delivered.
	return uniformResult(len(items), Refused, c.answerError(KindRefused, fmt.Sprintf("%d of the %d records of a request, it does not say which: %s", rejected, n, quoteText(text)))), nil
}

// readPartialSuccess reads an ExportLogsServiceResponse. The JSON of protobuf may have the
// original names of fields, and writes 64-bit numbers as strings.
func readPartialSuccess(body []byte) (rejected int64, text string, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return 0, "", nil
	}
	members, err := readObject(body)
	if err != nil {
		return 0, "", err
	}
	for _, name := range []string{"partialSuccess", "partial_success"} {
		if members[name] == nil {
			continue
		}
		partial, err := readObject(members[name])
		if err != nil {
			return 0, "", err
		}
		for _, name := range []string{"rejectedLogRecords", "rejected_log_records"} {
			if partial[name] == nil {
				continue
			}
			n, err := readNumber(bytes.Trim(partial[name], `"`))
			if err != nil {
				return 0, "", err
			}
			if rejected = max(rejected, n); n < 0 {
				return n, "", nil
			}
		}
		text += readText(partial["errorMessage"]) + readText(partial["error_message"])
	}
	return rejected, text, nil
}
