package forward

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hooksnare/pkg/forward/receivers"
)

// confirmed is a second, lenient reading of an answer: what it does not confirm must
// never count as delivered.
func confirmed(kind string, status int, body []byte, items []Item, i int) bool {
	if status/100 != 2 {
		return false
	}
	var value any
	parsed := json.Unmarshal(body, &value) == nil
	object, _ := value.(map[string]any)
	switch kind {
	case "https":
		return true
	case "splunk_hec":
		return object["code"] == 0.0
	case "otlp":
		if len(bytes.TrimSpace(body)) == 0 {
			return true
		}
		for _, name := range []string{"partialSuccess", "partial_success"} {
			partial, _ := object[name].(map[string]any)
			for _, name := range []string{"rejectedLogRecords", "rejected_log_records"} {
				if n, there := partial[name]; there && n != 0.0 && strings.Trim(n.(string), "+-0") != "" {
					return false
				}
			}
		}
		return parsed && object != nil
	}
	list, _ := object["items"].([]any)
	if len(list) != len(items) {
		return false
	}
	faults := false
	for _, one := range list {
		create, _ := one.(map[string]any)["create"].(map[string]any)
		s, _ := create["status"].(float64)
		faults = faults || s < 200 || s > 299
	}
	create, _ := list[i].(map[string]any)["create"].(map[string]any)
	s := create["status"]
	return create["_id"] == documentID(&items[i]) && object["errors"] == faults && (s == 200.0 || s == 201.0 || s == 409.0)
}

func FuzzAnswer(f *testing.F) {
	f.Add(byte(0), byte(2), 200, "", []byte(""), false)
	f.Add(byte(0), byte(2), 429, "7", []byte("slow down"), false)
	for _, body := range []string{
		`{"errors":false,"items":[{"create":{"_id":"id-0","status":201}},{"create":{"_id":"id-1-2","status":201}}]}`,
		`{"took":1,"errors":true,"items":[{"create":{"_id":"id-0","status":409,"error":{"type":"version_conflict_engine_exception","reason":"there"}}},{"create":{"_id":"id-1-2","status":429}}]}`,
		`{"errors":true,"items":[{"create":{"_id":"id-0","status":400,"error":"old"}},{"create":{"_id":"id-1-2","status":503}}]}`,
	} {
		f.Add(byte(1), byte(2), 200, "", []byte(body), false)
	}
	f.Add(byte(2), byte(3), 200, "", []byte(`{"text":"Success","code":0}`), false)
	f.Add(byte(2), byte(3), 400, "", []byte(`{"text":"Invalid data format","code":6,"invalid-event-number":1}`), false)
	f.Add(byte(3), byte(2), 200, "", []byte(`{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"no"}}`), false)
	f.Add(byte(3), byte(2), 503, "Fri, 02 Jan 2026 03:05:05 GMT", []byte(`{}`), true)
	all := makeItems(4)
	f.Fuzz(func(t *testing.T, k, n byte, status int, after string, body []byte, cut bool) {
		kind, items := httpTypes[k%4], all[:1+n%4]
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		a := &answer{status: status, header: http.Header{"Retry-After": {after}}, body: body, cut: cut}
		got := (&Config{Name: "collector"}).judgeAnswer(protocolOf(kind), a, items, now)
		if len(got.Outcomes) != len(items) || got.Reasons != nil && len(got.Reasons) != len(items) || got.RetryAfter < 0 || got.RetryAfter > maxRetryAfter {
			t.Fatalf("%s %d %q: got %+v", kind, status, body, got)
		}
		for i, o := range got.Outcomes {
			if o == Delivered && !confirmed(kind, status, body, items, i) {
				t.Fatalf("%s %d %q: item %d counts as delivered", kind, status, body, i)
			}
			if text := got.reasonFor(i); o != Delivered && text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) || len(text) > 5*maxQuoted || !utf8.ValidString(text) {
				t.Fatalf("%s %d %q: item %d has the reason %q", kind, status, body, i, text)
			}
		}
		sum := tally{items: len(items), delivered: count(got, Delivered), refused: count(got, Refused)}
		if (got.Err == nil) != (sum.delivered == len(items)) {
			t.Fatalf("%s %d %q: got %v of %v", kind, status, body, got.Err, got.Outcomes)
		}
		p := pace{random: func() float64 { return 0 }, items: 1, bytes: maxBytes}
		if w := p.pauseAfter(sum, &got, 0); sum.delivered == 0 && w.time < refusalPause/2 || w.time < got.RetryAfter && w.failed {
			t.Fatalf("%s %d %q: the next request comes after %v, asked for %v", kind, status, body, w.time, got.RetryAfter)
		}
	})
}

// FuzzNew has hostile configurations: what is accepted speaks to the named host alone,
// and makes one request that others read as it was meant.
func FuzzNew(f *testing.F) {
	f.Add("https", "https://collector.example/x", "out", "", "X-Tenant", "blue", "token")
	f.Add("elasticsearch", "https://[::1]:9200/base?x=y", "out", "logs-a.b-c", "", "", "")
	f.Add("splunk_hec", "http://localhost:8088", "", "", "Host", "evil", "t")
	f.Add("otlp", "http://127.0.0.1:4318/%0d%0aX:y", "a\nb", "", "X-A", "b\r\nX-B: c", "a b")
	f.Add("relp", "https://user:pw@h#f", "", "A/B", "Transfer-Encoding", "chunked", "")
	dir := f.TempDir()
	items := makeItems(3)
	f.Fuzz(func(t *testing.T, kind, url, name, index, header, value, word string) {
		c := Config{Name: name, Type: kind, URL: url, Index: index, Host: name, Version: value, TokenFile: filepath.Join(dir, "token"),
			ReadSecret: func(string) ([]byte, error) { return []byte(word), nil }}
		if header != "" || value != "" {
			c.Headers = map[string]string{header: value}
		}
		made, err := New(c)
		if err != nil {
			var own *Error
			if !errors.As(err, &own) || strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("got the error %q", err)
			}
			return
		}
		s, ok := made.(*httpSender)
		if !ok {
			return
		}
		if s.files.refresh() != nil {
			return
		}
		request, err := s.newRequest(t.Context(), s.files.secret, items)
		if err != nil {
			return
		}
		oneRequest(t, s, request)
	})
}

// oneRequest writes a request and reads it as a server does.
func oneRequest(t *testing.T, s *httpSender, request *http.Request) {
	t.Helper()
	if u := request.URL; u.Scheme != "https" && !isLoopback(u.Hostname()) || u.User != nil {
		t.Fatalf("speaks to %s", u)
	}
	var wire bytes.Buffer
	if err := request.Write(&wire); err != nil {
		return // net/http does not send it
	}
	in := bufio.NewReader(&wire)
	got, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("%s: a server reads %v", s.url, err)
	}
	if _, err := io.Copy(io.Discard, got.Body); err != nil {
		t.Fatal(err)
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		t.Fatalf("%s: behind the request comes %q", s.url, rest)
	}
	if len(got.TransferEncoding) > 0 || len(got.Header["Authorization"]) != 1 || len(got.Header["Content-Type"]) != 1 {
		t.Fatalf("got the headers %v", got.Header)
	}
	if len(got.Header) > len(s.c.Headers)+9 {
		t.Fatalf("got the headers %v, of %v", got.Header, s.c.Headers)
	}
}

func FuzzString(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		b := appendString(nil, s)
		if err := json.Unmarshal(b, &got); err != nil || got != string([]rune(s)) || !utf8.Valid(b) || !bytes.Equal(b, appendString(nil, []byte(s))) {
			t.Fatalf("%q: got %q, %v", s, b, err)
		}
		if q := quoteText(s) + printableLine(s); len(q) > 20*maxQuoted || !utf8.ValidString(q) || strings.ContainsFunc(q, func(r rune) bool { return r < ' ' }) {
			t.Fatalf("%q: quoted as %q", s, q)
		}
	})
}

// FuzzEncode sends alerts of any content to the stand-ins.
func FuzzEncode(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, s, 1, 47, int64(1_700_000_000))
	}
	f.Add("x", "y", -1, 1000, int64(-1))
	f.Add("x", "y", 1<<40, 21, int64(1)<<55)
	f.Fuzz(func(t *testing.T, id, text string, update, severity int, at int64) {
		doc, err := json.Marshal(map[string]string{"message": text})
		if err != nil {
			t.Fatal(err)
		}
		items := []Item{{Sequence: 1, ID: id, Update: update, Severity: severity, Time: time.Unix(at, 0), Document: doc}}
		for _, kind := range httpTypes {
			s := newSender(t, Config{Type: kind, URL: "https://collector.example", Host: text, Version: text}).(*httpSender)
			request, err := s.newRequest(t.Context(), secret{}, items)
			if err != nil {
				t.Fatal(err)
			}
			r, w := receivers.NewFake(kind), httptest.NewRecorder()
			r.ServeHTTP(w, request)
			got := s.c.judgeAnswer(s.protocol, &answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}, items, time.Now())
			if documents := r.Documents(); got.Err != nil || len(documents) != 1 || !bytes.Equal(documents[0].Body, doc) {
				t.Fatalf("%s: got %v, %q, want %q; %v", kind, got.Err, documents, doc, r.Violations())
			}
			if v := r.Violations(); len(v) > 0 {
				t.Fatalf("%s: %v", kind, v)
			}
		}
	})
}

func TestReadsOfFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	var refused error
	s := credentials{plain: true, c: &Config{TokenFile: path, ReadSecret: func(name string) ([]byte, error) {
		b, err := os.ReadFile(name)
		return b, errors.Join(err, refused)
	}}}
	expect := func(what, token string, usable bool) {
		t.Helper()
		if !s.hasChanged() {
			t.Errorf("%s: is not seen", what)
		}
		if fault := s.refresh(); (fault == nil) != usable || s.secret.sent != token || s.hasChanged() {
			t.Errorf("%s: got token %q, %v, changed %v; want %q", what, s.secret.sent, fault, s.hasChanged(), token)
		}
	}
	expect("none yet", "", false)
	file(t, path, "1")
	expect("a new file", "1", true)
	file(t, path, "2") // same size, perhaps the same time
	expect("another of the same size", "2", true)
	refused = errors.New("belongs to user 501")
	expect("another owner", "2", true)
	refused = nil
	expect("the right owner", "2", true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect("a removed file", "2", true)
}
