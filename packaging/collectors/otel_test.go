package collectors_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func (s *site) collector(t *testing.T, idle string) (program, conf string) {
	t.Helper()
	program = need(t, "OpenTelemetry Collector", filepath.Join(cache(), "bin", "otelcol"))
	return program, s.place(t, "otel/collector.yaml", "0.0.0.0:4318", "127.0.0.1:"+s.port, "idle_timeout: 15s", "idle_timeout: "+idle)
}

// TestCollector posts as an agent does, and looks for the document in what the collector
// shows; then it waits for the collector to close the connection that is not used.
func TestCollector(t *testing.T) {
	s := newSite(t)
	program, conf := s.collector(t, "200ms")
	args := []string{"--config", conf, "--config", "otel/debug.yaml"}
	if out, err := exec.Command(program, append([]string{"validate"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("otelcol validate: %v\n%s", err, out)
	}
	s.start(t, exec.Command(program, args...))
	conn := s.dial(t)
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"mac-1"}}]},"scopeLogs":[{"scope":{"name":"hooksnare"},"logRecords":[{"timeUnixNano":"1","body":{"stringValue":%s},"attributes":[{"key":"event.id","value":{"stringValue":"x"}}]}]}]}]}`, text)
	request, err := http.NewRequest(http.MethodPost, "https://localhost/v1/logs", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if err := request.Write(conn); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	response, err := http.ReadResponse(answers, request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v; want 200", response, err)
	}
	if _, err := answers.Discard(int(response.ContentLength)); err != nil {
		t.Fatal(err)
	}
	if shown := read(t, s.path("log")); !strings.Contains(shown, "Body: Str("+document+")") {
		t.Errorf("after the answer the collector has shown %s, want the document", shown)
	}
	began := time.Now()
	if _, err := answers.ReadByte(); err == nil || time.Since(began) > awaitTimeout/2 {
		t.Errorf("an idle connection: got %v after %v, want it closed", err, time.Since(began))
	}
	s.refusesStrangers(t)
}

// TestCollectorParts wants nothing wrong with the parts that need components of the contrib
// distribution, but that these are not there.
func TestCollectorParts(t *testing.T) {
	s := newSite(t)
	program, conf := s.collector(t, "15s")
	for file, unknown := range map[string][]string{
		"limits.yaml": {"memory_limiter"}, "file.yaml": {"file"}, "kafka.yaml": {"kafka"}, "elasticsearch.yaml": {"transform", "elasticsearch"},
	} {
		args := []string{"validate", "--config", conf, "--config", "otel/" + file}
		if file == "limits.yaml" {
			args = append(args, "--config", "otel/debug.yaml")
		}
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "ELASTICSEARCH_API_KEY=x")
		out, err := cmd.CombinedOutput()
		if err == nil {
			continue // built with it
		}
		for line := range strings.Lines(string(out)) {
			known := strings.TrimSpace(line) == "" || strings.HasPrefix(line, "Error: failed to get config: cannot unmarshal")
			for _, u := range unknown {
				known = known || strings.Contains(line, fmt.Sprintf("unknown type: %q", u))
			}
			if !known {
				t.Errorf("otelcol validate with %s: %s", file, line)
			}
		}
	}
}
