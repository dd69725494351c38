package standin

import (
	"bytes"
	"net/http"
	"strconv"
)

// otlp plays a receiver of OpenTelemetry logs in JSON. Records that it does not take are
// counted in its answer, which does not say which they were.
type otlp struct{}

func (otlp) path() string        { return "/v1/logs" }
func (otlp) scheme() string      { return "Bearer" }
func (otlp) contentType() string { return "application/json" }

type otlpValue struct {
	String *string `json:"stringValue"`
	Int    *string `json:"intValue"`
}

type otlpAttribute struct {
	Key   string    `json:"key"`
	Value otlpValue `json:"value"`
}

type otlpRecord struct {
	Time           string          `json:"timeUnixNano"`
	SeverityNumber int             `json:"severityNumber"`
	SeverityText   string          `json:"severityText"`
	Body           otlpValue       `json:"body"`
	Attributes     []otlpAttribute `json:"attributes"`
}

type otlpLogs struct {
	ResourceLogs []struct {
		Resource struct {
			Attributes []otlpAttribute `json:"attributes"`
		} `json:"resource"`
		ScopeLogs []struct {
			Scope struct {
				Name string `json:"name"`
			} `json:"scope"`
			LogRecords []otlpRecord `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
}

func (otlp) serve(r *Receiver, w http.ResponseWriter, _ *http.Request, body []byte) {
	if r.Discard {
		r.count(bytes.Count(body, []byte(`"body":{"stringValue":"`)))
		answer(w, http.StatusOK, map[string]any{})
		return
	}
	var logs otlpLogs
	if err := strict(body, &logs); err != nil || len(logs.ResourceLogs) != 1 || len(logs.ResourceLogs[0].ScopeLogs) != 1 {
		r.violation("logs %.200q: %v", body, err)
		answer(w, http.StatusBadRequest, map[string]any{"code": 3, "message": "invalid"})
		return
	}
	if attribute(logs.ResourceLogs[0].Resource.Attributes, "service.name") != "hooksnare" {
		r.violation("resource %+v", logs.ResourceLogs[0].Resource)
	}
	records := logs.ResourceLogs[0].ScopeLogs[0].LogRecords
	r.size(len(records))
	rejected := 0
	for i := range records {
		d, ok := records[i].document()
		if !ok {
			r.violation("record %+v", records[i])
			rejected++
			continue
		}
		if r.status(d) != 0 {
			rejected++
			continue
		}
		r.take(d)
	}
	if rejected == 0 {
		answer(w, http.StatusOK, map[string]any{"partialSuccess": map[string]any{}})
		return
	}
	answer(w, http.StatusOK, map[string]any{"partialSuccess": map[string]any{"rejectedLogRecords": strconv.Itoa(rejected), "errorMessage": "told to"}})
}

// document returns what a record holds.
func (o *otlpRecord) document() (Document, bool) {
	if _, err := strconv.ParseUint(o.Time, 10, 64); err != nil && o.Time != "" {
		return Document{}, false
	}
	if o.Body.String == nil || !object([]byte(*o.Body.String)) || o.SeverityNumber < 1 || o.SeverityNumber > 24 || o.SeverityText == "" {
		return Document{}, false
	}
	id, update := attribute(o.Attributes, "event.id"), attribute(o.Attributes, "event.sequence")
	if _, err := strconv.Atoi(update); err != nil {
		return Document{}, false
	}
	return Document{ID: id + "-" + update, Body: []byte(*o.Body.String)}, true
}

func attribute(list []otlpAttribute, key string) string {
	for _, a := range list {
		switch {
		case a.Key != key:
		case a.Value.String != nil:
			return *a.Value.String
		case a.Value.Int != nil:
			return *a.Value.Int
		}
	}
	return ""
}
