package forward

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"hooksnare/pkg/forward/receivers"
)

func TestNewRefuses(t *testing.T) {
	good := func() Config {
		return Config{Name: "collector", Type: "https", URL: "https://collector.example/x", ReadSecret: os.ReadFile, ReadTrusted: os.ReadFile}
	}
	tests := map[string]func(*Config){
		"type":                 func(c *Config) { c.Type = "kafka" },
		"no URL":               func(c *Config) { c.URL = "" },
		"no host":              func(c *Config) { c.URL = "https:///x" },
		"port alone":           func(c *Config) { c.URL = "https://:80/x" },
		"opaque":               func(c *Config) { c.URL = "https:collector" },
		"scheme":               func(c *Config) { c.URL = "ftp://collector.example" },
		"user":                 func(c *Config) { c.URL = "https://u:hunter2@collector.example" },
		"fragment":             func(c *Config) { c.URL = "https://collector.example/#hunter2" },
		"line break":           func(c *Config) { c.URL = "https://collector.example/\r\nhunter2" },
		"long URL":             func(c *Config) { c.URL += strings.Repeat("x", 3000) },
		"certificate alone":    func(c *Config) { c.CertificateFile = "/c" },
		"key alone":            func(c *Config) { c.KeyFile = "/k" },
		"nothing reads":        func(c *Config) { c.TokenFile, c.ReadSecret = "/t", nil },
		"nothing reads the CA": func(c *Config) { c.CAFile, c.ReadTrusted = "/t", nil },
		"Host":                 func(c *Config) { c.Headers = map[string]string{"host": "hunter2"} },
		"length":               func(c *Config) { c.Headers = map[string]string{"Content-Length": "3"} },
		"transfer":             func(c *Config) { c.Headers = map[string]string{"transfer-Encoding": "chunked"} },
		"secret in the open":   func(c *Config) { c.Headers = map[string]string{"AUTHORIZATION": "hunter2"} },
		"header line break":    func(c *Config) { c.Headers = map[string]string{"X": "a\r\nhunter2: b"} },
		"header name":          func(c *Config) { c.Headers = map[string]string{"X Y": "b"} },
		"empty header":         func(c *Config) { c.Headers = map[string]string{"X": ""} },
		"header twice":         func(c *Config) { c.Headers = map[string]string{"X-a": "1", "x-A": "2"} },
		"compression":          func(c *Config) { c.Compression = "zstd" },
		"token and password":   func(c *Config) { c.TokenFile, c.BasicAuthFile = "/t", "/u" },
		"nothing reads it":     func(c *Config) { c.BasicAuthFile, c.ReadSecret = "/u", nil },
		"password for Splunk":  func(c *Config) { c.Type, c.BasicAuthFile = "splunk_hec", "/u" },
		"index":                func(c *Config) { c.Index = "../_all" },
	}
	for name, change := range tests {
		c := good()
		change(&c)
		s, err := New(c)
		var own *Error
		if s != nil || !errors.As(err, &own) || own.Kind != KindUnconfigured || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, %v", name, s, err)
		}
	}
	if _, err := New(good()); err != nil {
		t.Errorf("got %v", err)
	}
}

// TestPaths has the paths that are added to a URL, and when.
func TestPaths(t *testing.T) {
	tests := []struct{ kind, url, want string }{
		{"https", "https://h", "https://h"},
		{"https", "https://h/a?b=c", "https://h/a?b=c"},
		{"elasticsearch", "https://h:9200", "https://h:9200/_bulk"},
		{"elasticsearch", "https://h:9200/", "https://h:9200/_bulk"},
		{"elasticsearch", "https://h/prefix/?pipeline=p", "https://h/prefix/_bulk?pipeline=p"},
		{"elasticsearch", "https://h/prefix/_bulk", "https://h/prefix/_bulk"},
		{"splunk_hec", "https://h:8088", "https://h:8088/services/collector/event"},
		{"splunk_hec", "https://h:8088/services/collector", "https://h:8088/services/collector"},
		{"otlp", "https://h:4318/", "https://h:4318/v1/logs"},
		{"otlp", "https://h:4318/custom", "https://h:4318/custom"},
	}
	for _, test := range tests {
		s := newSender(t, Config{Type: test.kind, URL: test.url}).(*httpSender)
		if s.url != test.want {
			t.Errorf("%s %s: got %s, want %s", test.kind, test.url, s.url, test.want)
		}
	}
}

// TestRunnerDelivers has everything together: a receiver that refuses one alert, takes
// no large bodies, throttles once and changes its token.
func TestRunnerDelivers(t *testing.T) {
	for _, kind := range httpTypes {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := receivers.NewFake(kind)
			r.MaxBody, r.Token = 40_000, "right"
			r.Item = func(d receivers.Document) int {
				if kind != "otlp" && strings.Contains(string(d.Body), `"id-77"`) {
					return http.StatusUnprocessableEntity
				}
				return 0
			}
			c := config(kind, plain(t, r), nil)
			c.TokenFile = tokenFile(t, "right")
			items := makeItems(200)
			q := newMemory(items...)
			runner, err := NewRunner(Options{Name: "collector", Queue: q, Sender: newSender(t, c)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- runner.Run(ctx) }()
			awaitEmpty(t, q)
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			dead := 1
			if kind == "otlp" {
				dead = 0
			}
			if len(q.dead) != dead || len(q.acked) != 200-dead || len(r.Documents()) != 200-dead {
				t.Errorf("got %d acknowledged, dead %v, %d documents", len(q.acked), q.dead, len(r.Documents()))
			}
			wellServed(t, r)
		})
	}
}
