package forward

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// httpTypes are the types that post.
var httpTypes = []string{"https", "elasticsearch", "splunk_hec", "otlp"}

// hostile is text that has broken encoders.
var hostile = []string{
	"plain", "", "a\nb\r\n\tc", `quote " backslash \ slash /`, "\x00\x01\x1b[31m\x7f", "%s %n %m %%", "ünïcödé 日本語 👍",
	"\u2028\u2029\u202e\ufeff", "</script><!--", `{"create":{"_id":"x"}}`, `]}]}]}`, "a\xffb", "${jndi:ldap://x}", strings.Repeat("long ", 400),
}

// makeItems returns n alerts with hostile strings in them.
func makeItems(n int) []Item {
	out := make([]Item, n)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	for i := range out {
		id := fmt.Sprintf("id-%d", i)
		doc, err := json.Marshal(map[string]any{
			"event":   map[string]any{"id": id, "sequence": 1 + i%2},
			"message": hostile[i%len(hostile)], hostile[(i*7+3)%len(hostile)]: i,
		})
		if err != nil {
			panic(err)
		}
		out[i] = Item{Sequence: uint64(i + 1), ID: id, Update: 1 + i%2, Severity: []int{21, 47, 73, 99}[i%4], Time: at.Add(time.Duration(i) * time.Millisecond), Document: doc}
	}
	return out
}

// serve serves the handler with TLS, and HTTP/2 as receivers do.
func serve(t testing.TB, p *receivers.PKI, pair receivers.Pair, h http.Handler) string {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(pair.CertificateFile, pair.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// config returns the configuration of a receiver.
func config(kind, url string, p *receivers.PKI) Config {
	c := Config{Name: "collector", Type: kind, URL: url, Host: "mac-1", Version: "1.2.3", ReadSecret: os.ReadFile, ReadTrusted: os.ReadFile}
	if p != nil {
		c.CAFile = p.CAFile
	}
	return c
}

func newSender(t testing.TB, c Config) Sender {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// file writes a file, by rename as a rotation does.
func file(t testing.TB, path, content string) string {
	t.Helper()
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func tokenFile(t testing.TB, word string) string {
	return file(t, filepath.Join(t.TempDir(), "token"), word+"\n")
}

// count returns how many items had an outcome.
func count(r Result, o Outcome) int {
	n := 0
	for _, got := range r.Outcomes {
		if got == o {
			n++
		}
	}
	return n
}

// want checks that all items had one outcome, for one kind of reason.
func want(t testing.TB, r Result, n int, o Outcome, kind Kind) {
	t.Helper()
	if got := count(r, o); len(r.Outcomes) != n || got != n {
		t.Errorf("got %v of %d outcomes, want %d times %d (%v)", r.Outcomes, len(r.Outcomes), n, o, r.Err)
	}
	got := KindNone
	if r.Err != nil {
		got = r.Err.Kind
		if len(r.Err.Error()) > 700 || strings.ContainsAny(r.Err.Error(), "\n\r\x1b\x00") || !strings.HasPrefix(r.Err.Error(), "collector: ") {
			t.Errorf("got the error %q, want one bounded line that names the receiver", r.Err)
		}
	}
	if got != kind {
		t.Errorf("got kind %v (%v), want %v", got, r.Err, kind)
	}
}

func send(t testing.TB, s Sender, items []Item) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return s.Send(ctx, items)
}

// wellServed fails for each violation.
func wellServed(t testing.TB, r *receivers.Fake) {
	t.Helper()
	for _, v := range r.Violations() {
		t.Errorf("the receiver complains: %s", v)
	}
}

// noise returns n bytes that can't be packed well.
func noise(n int) string {
	b := make([]byte, n/2)
	rand.Read(b)
	return hex.EncodeToString(b)
}
