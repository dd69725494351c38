package receivers

import (
	"cmp"
	"net/http"
	"strconv"
)

type otlpValue struct {
	String string `json:"stringValue"`
	Int    string `json:"intValue"`
}

type otlpAttributes []struct {
	Key   string    `json:"key"`
	Value otlpValue `json:"value"`
}

type otlpRecord struct {
	Time           string         `json:"timeUnixNano"`
	SeverityNumber int            `json:"severityNumber"`
	SeverityText   string         `json:"severityText"`
	Body           otlpValue      `json:"body"`
	Attributes     otlpAttributes `json:"attributes"`
}

type otlpLogs struct {
	ResourceLogs []struct {
		Resource struct {
			Attributes otlpAttributes `json:"attributes"`
		} `json:"resource"`
		ScopeLogs []struct {
			Scope struct {
				Name string `json:"name"`
			} `json:"scope"`
			LogRecords []otlpRecord `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
}

// serveOTLP plays a receiver of OpenTelemetry logs in JSON. Records that it does not take are
// counted in its answer, which does not say which they were.
func serveOTLP(r *Fake, _ *http.Request, body []byte) (int, any) {
	var logs otlpLogs
	if err := decodeStrict(body, &logs); err != nil || len(logs.ResourceLogs) != 1 || len(logs.ResourceLogs[0].ScopeLogs) != 1 {
		r.addViolation("logs %.200q: %v", body, err)
		return http.StatusBadRequest, map[string]any{"code": 3, "message": "invalid"}
	}
	if logs.ResourceLogs[0].Resource.Attributes.valueOf("service.name") != "hooksnare" {
		r.addViolation("resource %+v", logs.ResourceLogs[0].Resource)
	}
	rejected := 0
	for _, record := range logs.ResourceLogs[0].ScopeLogs[0].LogRecords {
		d, ok := record.toDocument()
		if !ok {
			r.addViolation("record %+v", record)
		}
		if !ok || r.itemStatus(d) != 0 {
			rejected++
			continue
		}
		r.keepDocument(d)
	}
	partial := map[string]any{}
	if rejected > 0 {
		partial = map[string]any{"rejectedLogRecords": strconv.Itoa(rejected), "errorMessage": "refused"}
	}
	return http.StatusOK, map[string]any{"partialSuccess": partial}
}

// toDocument returns what a record holds.
func (o *otlpRecord) toDocument() (Document, bool) {
	_, badTime := strconv.ParseUint(o.Time, 10, 64)
	update := o.Attributes.valueOf("event.sequence")
	_, badUpdate := strconv.Atoi(update)
	body := []byte(o.Body.String)
	ok := (badTime == nil || o.Time == "") && badUpdate == nil && isObject(body) &&
		o.SeverityNumber >= 1 && o.SeverityNumber <= 24 && o.SeverityText != ""
	return Document{ID: o.Attributes.valueOf("event.id") + "-" + update, Body: body}, ok
}

func (list otlpAttributes) valueOf(key string) string {
	for _, a := range list {
		if a.Key == key {
			return cmp.Or(a.Value.String, a.Value.Int)
		}
	}
	return ""
}
