package forward

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"testing"
)

// TestCheckNames holds that every fault is told, by the member that it is in.
func TestCheckNames(t *testing.T) {
	c := Config{
		Type: "splunk_hec", URL: "https://h/?a b", KeyFile: "/k", Index: "../_all",
		Headers: map[string]string{"Expect": "100-continue", "x-splunk-request-channel": "x", "Accept-Encoding": "br", "X-Site": "a", "x-site": "b", "X-Api-Key": "hunter2", "X Y": "z"},
	}
	faults, ok := errors.AsType[Faults](c.Check())
	got := map[string]string{}
	for _, f := range faults {
		got[f.Member] = f.Why
		if strings.Contains(f.Error(), "hunter2") {
			t.Errorf("got %v, want no secret in it", f)
		}
	}
	want := []string{"URL", "KeyFile", "Index", "Headers", "Headers.Expect", "Headers.x-splunk-request-channel", "Headers.Accept-Encoding", "Headers.x-site", "Headers.X-Api-Key"}
	for _, member := range want {
		if got[member] == "" {
			t.Errorf("got %v, want a fault of %s", faults, member)
		}
	}
	if !ok || len(got) != len(want) {
		t.Errorf("got %d faults, want %d: %v", len(got), len(want), got)
	}
}

// FuzzCheck holds that what Check accepts New accepts, and that a server reads from the
// request what was meant: one request, with our own headers, the administrator's, and the
// whole body.
func FuzzCheck(f *testing.F) {
	for _, u := range []string{"https://h", "https://h:9200/x?y=z", "http://127.0.0.1/a b", "https://h/?a b", "https://[fe80::1%25en0]/", "https://h/%2f?%zz", "https://u@h", "https://h/\r\nX: y"} {
		for n, name := range []string{"X-Site", "Expect", "Transfer-Encoding", "Idempotency-Key", "X-Splunk-Request-Channel", "X Y"} {
			f.Add(u, name, "value", "h:6514", n)
		}
	}
	f.Add("https://h", "X", "a\r\nHost: b", "[::1]:514", 4)
	f.Add("https://h", "X", " a", "h:syslog", 5)
	f.Fuzz(func(t *testing.T, url, name, value, address string, kind int) {
		c := Config{Type: Types[uint(kind)%uint(len(Types))], URL: url, Address: address, Headers: map[string]string{name: value}, ReadSecret: os.ReadFile, ReadTrusted: os.ReadFile}
		s, err := New(c)
		if refused := c.Check(); (err == nil) != (refused == nil) {
			t.Fatalf("%+v: Check says %v, New says %v", c, refused, err)
		}
		posts, ok := s.(*httpSender)
		if !ok {
			return
		}
		items := makeItems(2)
		request, err := posts.newRequest(t.Context(), secret{sent: "token"}, items)
		if err != nil {
			t.Fatalf("%+v: got %v, want a request", c, err)
		}
		sent, err := io.ReadAll(request.Body)
		if err != nil {
			t.Fatal(err)
		}
		request.Body = io.NopCloser(bytes.NewReader(sent))
		var wire bytes.Buffer
		if err := request.Write(&wire); err != nil {
			t.Fatalf("%+v: got %v, want it written", c, err)
		}
		r := bufio.NewReader(&wire)
		read, err := http.ReadRequest(r)
		if err != nil {
			t.Fatalf("%+v: got %v, want a request that a server can read", c, err)
		}
		body, err := io.ReadAll(read.Body)
		if err != nil || !bytes.Equal(body, sent) || r.Buffered() > 0 {
			t.Errorf("%+v: got a body of %d bytes, %v, %d behind it, want %d", c, len(body), err, r.Buffered(), len(sent))
		}
		if got := read.Header[textproto.CanonicalMIMEHeaderKey(name)]; len(got) != 1 || got[0] != value {
			t.Errorf("%+v: got %s: %q, want %q", c, name, got, value)
		}
		if read.Method != http.MethodPost || read.Header.Get("Authorization") == "" || !strings.Contains(read.Header.Get("Content-Type"), "json") || strings.ContainsAny(read.RequestURI, " #") {
			t.Errorf("%+v: got %s %q with %v, want our own headers", c, read.Method, read.RequestURI, read.Header)
		}
	})
}
