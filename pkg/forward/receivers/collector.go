package receivers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Collector is an OpenTelemetry Collector that takes OTLP over HTTP with certificates on
// both sides. What it understood it exports at once, before it answers, as the JSON form
// of OTLP, to the test.
type Collector struct {
	*Receiver
	URL  string // to post logs to
	sink *sink
}

// Record is a log record as the collector exported it.
type Record struct {
	Time           string // nanoseconds
	SeverityNumber int
	SeverityText   string
	Body           string
	Attributes     map[string]string
	Resource       map[string]string
}

const collectorConf = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:{port}", tls: {cert_file: "{cert}", key_file: "{key}", client_ca_file: "{ca}"}}}}}
exporters:
  otlp_http: {logs_endpoint: "{sink}", encoding: json, compression: none, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}
`

// StartCollector starts an OpenTelemetry Collector.
func StartCollector(t testing.TB, o Options) *Collector {
	t.Helper()
	o.fill(t)
	daemon := program(t, "OpenTelemetry Collector", filepath.Join(Cache(), "bin", "otelcol"))
	s := &sink{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	dir, port := t.TempDir(), freePort(t)
	conf := filepath.Join(dir, "config.yaml")
	writeFile(t, conf, strings.NewReplacer("{port}", fmt.Sprint(port), "{sink}", server.URL+"/v1/logs",
		"{ca}", o.PKI.CAFile, "{cert}", o.Server.CertificateFile, "{key}", o.Server.KeyFile).Replace(collectorConf))
	r := &Receiver{Address: address(port), PKI: o.PKI, name: "OpenTelemetry Collector"}
	r.command = func() *exec.Cmd { return exec.Command(daemon, "--config", "file:"+conf) }
	r.run(t)
	return &Collector{Receiver: r, URL: "https://" + r.Address + "/v1/logs", sink: s}
}

// Records returns what the collector has exported so far.
func (c *Collector) Records(t testing.TB) []Record {
	t.Helper()
	c.sink.mu.Lock()
	defer c.sink.mu.Unlock()
	if c.sink.err != nil {
		t.Fatalf("what the collector exported: %v", c.sink.err)
	}
	return append([]Record(nil), c.sink.records...)
}

// sink takes what the collector exports.
type sink struct {
	mu      sync.Mutex
	records []Record
	err     error
}

// value is an attribute or body: a text or a number.
type value struct {
	String string `json:"stringValue"`
	Int    string `json:"intValue"`
}

type attributes []struct {
	Key   string `json:"key"`
	Value value  `json:"value"`
}

func (a attributes) texts() map[string]string {
	m := make(map[string]string, len(a))
	for _, one := range a {
		m[one.Key] = one.Value.String + one.Value.Int
	}
	return m
}

type exported struct {
	ResourceLogs []struct {
		Resource struct {
			Attributes attributes `json:"attributes"`
		} `json:"resource"`
		ScopeLogs []struct {
			LogRecords []struct {
				Time           string     `json:"timeUnixNano"`
				SeverityNumber int        `json:"severityNumber"`
				SeverityText   string     `json:"severityText"`
				Body           value      `json:"body"`
				Attributes     attributes `json:"attributes"`
			} `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
}

// ServeHTTP takes one export.
func (s *sink) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	const most = 64 << 20 // bytes: more than a batch has
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, most))
	var e exported
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.err = err
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	}
	for _, r := range e.ResourceLogs {
		for _, scope := range r.ScopeLogs {
			for _, l := range scope.LogRecords {
				s.records = append(s.records, Record{l.Time, l.SeverityNumber, l.SeverityText, l.Body.String, l.Attributes.texts(), r.Resource.Attributes.texts()})
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{}")
}
