package config

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"hooksnare/pkg/event"
	"hooksnare/pkg/forward"
)

// valid checks what a Config promises, however it came about.
func valid(t testing.TB, c Config, root string) {
	t.Helper()
	for name, d := range map[string]time.Duration{
		"CanaryInterval": c.CanaryInterval, "HeartbeatInterval": c.HeartbeatInterval, "SweepInterval": c.SweepInterval,
		"CorrelationWindow": c.CorrelationWindow, "RepeatWindow": c.RepeatWindow,
	} {
		if d != 0 && (d < 50*time.Millisecond || d > 30*24*time.Hour) {
			t.Errorf("%s: got %v, want 0 or 50 ms to 30 days", name, d)
		}
	}
	if c.SpoolMaxAge <= 0 || c.SpoolMaxAlerts <= 0 || c.SpoolMaxBytes <= 0 {
		t.Errorf("spool: got %v, %d, %d, want bounds", c.SpoolMaxAge, c.SpoolMaxAlerts, c.SpoolMaxBytes)
	}
	if !slices.Contains(c.EsloggerEvents, "exec") {
		t.Errorf("EsloggerEvents: got %q, want exec among them", c.EsloggerEvents)
	}
	if !filepath.IsAbs(c.EsloggerPath) {
		t.Errorf("EsloggerPath: got %q, want an absolute path", c.EsloggerPath)
	}
	for _, p := range slices.Concat([]string{c.StateDir}, c.RuleDirectories) {
		validPath(t, p, root)
	}
	for _, p := range c.ExtraHomes {
		validPath(t, p, "")
	}
	if err := forward.CheckProxy(c.Proxy); err != nil {
		t.Errorf("Proxy: got %q, want a proxy: %v", c.Proxy, err)
	}
	if len(c.Labels) > 32 {
		t.Errorf("Labels: got %d, want at most 32", len(c.Labels))
	}
	for name, text := range c.Labels {
		if name == "" || len(name) > 64 || strings.Contains(name, ".") || text == "" || len(text) > 256 || strings.ContainsFunc(name+text, unicode.IsControl) {
			t.Errorf("Labels: got %q: %q, want a name without dots and a text, both bounded", name, text)
		}
	}
	for _, element := range c.NoProxy {
		if err := forward.CheckNoProxy(element); err != nil {
			t.Errorf("NoProxy: got %q, want a receiver: %v", element, err)
		}
	}
	for _, e := range c.Exceptions {
		validException(t, e)
	}
	validOutputs(t, c.Outputs, root)
}

func validPath(t testing.TB, p, root string) {
	t.Helper()
	if root == "" {
		root = "/"
	}
	in, err := filepath.Rel(root, p)
	if err != nil || !filepath.IsAbs(p) || filepath.Clean(p) != p || strings.HasPrefix(in, "..") || strings.ContainsRune(p, 0) {
		t.Errorf("got path %q, want a clean one below %q", p, root)
	}
}

func validException(t testing.TB, e Exception) {
	t.Helper()
	if e.ID == "" || strings.TrimSpace(e.Where) == "" || strings.TrimSpace(e.Reason) == "" || e.Rules != nil && len(e.Rules) == 0 {
		t.Errorf("got exception %+v, want an ID, a condition, a reason and rules or nil", e)
	}
}

func validOutputs(t testing.TB, outputs []Output, root string) {
	t.Helper()
	var seen []string
	enabled := false
	for _, o := range outputs {
		enabled = enabled || o.Enabled
		folder := strings.ToLower(o.Name)
		if folder == "" || strings.ContainsAny(folder, "/\x00") || folder[0] == '.' || slices.Contains(seen, folder) {
			t.Errorf("got output name %q beside %q, want it unique and safe", o.Name, seen)
		}
		seen = append(seen, folder)
		if event.Severity(o.MinSeverity).Number() == 0 {
			t.Errorf("got MinSeverity %q, want a severity", o.MinSeverity)
		}
		for _, p := range []string{o.Path, o.TokenFile, o.BasicAuthFile, o.CAFile, o.CertificateFile, o.KeyFile} {
			if p != "" {
				validPath(t, p, root)
			}
		}
		if o.URL != "" {
			u, err := url.Parse(o.URL)
			if err != nil || u.User != nil || u.Hostname() == "" || u.Scheme != "https" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
				t.Errorf("got URL %q, want https or loopback, without a user", o.URL)
			}
		}
		for name, text := range o.Headers {
			if strings.ContainsFunc(name+text, unicode.IsControl) {
				t.Errorf("got header %q: %q, want no control characters", name, text)
			}
		}
	}
	if !enabled {
		t.Errorf("got outputs %+v, want one that is enabled", outputs)
	}
}
