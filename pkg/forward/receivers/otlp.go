package receivers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// otlpLogs are logs of OpenTelemetry in JSON.
type otlpLogs struct {
	ResourceLogs []struct {
		Resource struct {
			Attributes otlpAttributes `json:"attributes"`
		} `json:"resource"`
		ScopeLogs []struct {
			Scope struct {
				Name string `json:"name"`
			} `json:"scope"`
			LogRecords []Record `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
}

// Record is a log record.
type Record struct {
	Time           string         `json:"timeUnixNano"`
	SeverityNumber int            `json:"severityNumber"`
	SeverityText   string         `json:"severityText"`
	Body           otlpValue      `json:"body"`
	Attributes     otlpAttributes `json:"attributes"`
	Resource       otlpAttributes `json:"-"` // of what the record came with
}

// otlpValue is a text or a number.
type otlpValue struct {
	String string `json:"stringValue"`
	Int    string `json:"intValue"`
}

// otlpAttributes are texts and numbers by their keys.
type otlpAttributes map[string]string

func (a *otlpAttributes) UnmarshalJSON(b []byte) error {
	var list []struct {
		Key   string    `json:"key"`
		Value otlpValue `json:"value"`
	}
	*a = otlpAttributes{}
	err := decodeStrict(b, &list)
	for _, one := range list {
		(*a)[one.Key] = cmp.Or(one.Value.String, one.Value.Int)
	}
	return err
}

// serveOTLP plays a receiver of OpenTelemetry logs in JSON. Records that it does not take are
// counted in its answer, which does not say which they were.
func serveOTLP(r *Fake, _ *http.Request, body []byte) (int, any) {
	var logs otlpLogs
	if err := decodeStrict(body, &logs); err != nil || len(logs.ResourceLogs) != 1 || len(logs.ResourceLogs[0].ScopeLogs) != 1 {
		r.addViolation("logs %.200q: %v", body, err)
		return http.StatusBadRequest, map[string]any{"code": 3, "message": "invalid"}
	}
	if logs.ResourceLogs[0].Resource.Attributes["service.name"] != "hooksnare" {
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
func (o *Record) toDocument() (Document, bool) {
	_, badTime := strconv.ParseUint(o.Time, 10, 64)
	update := o.Attributes["event.sequence"]
	_, badUpdate := strconv.Atoi(update)
	body := []byte(o.Body.String)
	ok := (badTime == nil || o.Time == "") && badUpdate == nil && isObject(body) &&
		o.SeverityNumber >= 1 && o.SeverityNumber <= 24 && o.SeverityText != ""
	return Document{ID: o.Attributes["event.id"] + "-" + update, Body: body}, ok
}

// Collector is an OpenTelemetry Collector that takes OTLP over HTTP with certificates on
// both sides. What it understood it exports at once, before it answers, as the JSON form
// of OTLP, to the test.
type Collector struct {
	*Receiver
	URL string // to post logs to

	mu      sync.Mutex // guards what follows
	records []Record
	err     error
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
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(c.takeExport))
	t.Cleanup(server.Close)
	dir, port := t.TempDir(), freePort(t)
	conf := filepath.Join(dir, "config.yaml")
	writeFile(t, conf, strings.NewReplacer("{port}", fmt.Sprint(port), "{sink}", server.URL+"/v1/logs",
		"{ca}", o.PKI.CAFile, "{cert}", o.Server.CertificateFile, "{key}", o.Server.KeyFile).Replace(collectorConf))
	c.Receiver = &Receiver{Address: address(port), PKI: o.PKI, name: "OpenTelemetry Collector"}
	c.command = func() *exec.Cmd { return exec.Command(daemon, "--config", "file:"+conf) }
	c.URL = "https://" + c.Address + "/v1/logs"
	c.run(t)
	return c
}

// Records returns what the collector has exported so far.
func (c *Collector) Records(t testing.TB) []Record {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		t.Fatalf("what the collector exported: %v", c.err)
	}
	return slices.Clone(c.records)
}

func (c *Collector) takeExport(w http.ResponseWriter, request *http.Request) {
	const most = 64 << 20 // bytes: more than a batch has
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, most))
	var logs otlpLogs
	if err == nil {
		err = json.Unmarshal(body, &logs)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.err = err
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	}
	for _, r := range logs.ResourceLogs {
		for _, scope := range r.ScopeLogs {
			for _, record := range scope.LogRecords {
				record.Resource = r.Resource.Attributes
				c.records = append(c.records, record)
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{}")
}
