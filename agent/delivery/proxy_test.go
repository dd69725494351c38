package delivery

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hooksnare/agent/config"
)

// startRefusing starts a proxy that refuses, and counts how often it was asked.
func startRefusing(t *testing.T, status int) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// TestProxyFails has a proxy that refuses be the output's failing condition, and another Proxy, NoProxy
// or Proxy of the output alone count without a restart.
func TestProxyFails(t *testing.T) {
	first, askedFirst := startRefusing(t, http.StatusProxyAuthRequired)
	second, askedSecond := startRefusing(t, http.StatusForbidden)
	third, askedThird := startRefusing(t, http.StatusForbidden)
	h := &reports{from: time.Now()}
	output := config.Output{Name: "far", Type: "https", URL: "https://collector.invalid/", MinSeverity: "low", Enabled: true}
	c := config.Config{StateDir: t.TempDir(), Proxy: first, Outputs: []config.Output{output}}
	all, err := Open(Options{Config: c, Report: h.condition})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Abandon()
	addAlert(t, all, some(1, 47, 0)[0])
	until := func(what string, right func() bool) {
		t.Helper()
		for limit := time.Now().Add(time.Minute); !right(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("waited a minute for %s; reported: %q", what, h.list)
			}
			all.Check(time.Now())
		}
	}
	until("the condition", func() bool { return len(h.list) > 0 })
	if got := h.list[0]; !strings.Contains(got, "+output_failed.far") || !strings.Contains(got, "the proxy \""+strings.TrimPrefix(first, "http://")+"\" wants a user and password (407)") {
		t.Errorf("got %q, want that the output fails, and which proxy refuses", got)
	}
	c.Proxy = second
	if err := all.Configure(c); err != nil {
		t.Fatal(err)
	}
	until("the second proxy", func() bool { return askedSecond.Load() > 0 })
	before := askedSecond.Load()
	c.NoProxy = []string{"collector.invalid"}
	if err := all.Configure(c); err != nil {
		t.Fatal(err)
	}
	output.Proxy = third
	c.Outputs = []config.Output{output}
	if err := all.Configure(c); err != nil {
		t.Fatal(err)
	}
	until("the output's own proxy", func() bool { return askedThird.Load() > 0 })
	if askedFirst.Load() == 0 || askedSecond.Load() != before {
		t.Errorf("the first proxy was asked %d times, the second %d and then %d more", askedFirst.Load(), before, askedSecond.Load()-before)
	}
}
