package forward

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"hooksnare/pkg/forward/receivers"
)

func TestDelivery(t *testing.T) {
	p := receivers.NewPKI(t)
	for _, kind := range httpTypes {
		t.Run(kind, func(t *testing.T) {
			r := receivers.NewFake(kind)
			r.Token = "s3cret"
			c := config(kind, serve(t, p, p.Server, r), p)
			c.TokenFile = tokenFile(t, r.Token)
			s := newSender(t, c)
			items := makeItems(300)
			want(t, send(t, s, items[:1]), 1, Delivered, KindNone) // small: not packed
			want(t, send(t, s, items[1:]), 299, Delivered, KindNone)
			wellServed(t, r)
			same(t, r, items)
		})
	}
}

// same checks that the receiver has exactly these documents, in order.
func same(t *testing.T, r *receivers.Fake, items []Item) {
	t.Helper()
	got := r.Documents()
	if len(got) != len(items) {
		t.Fatalf("got %d documents, want %d", len(got), len(items))
	}
	for i := range items {
		if !bytes.Equal(got[i].Body, items[i].Document) {
			t.Errorf("document %d: got %q, want %q", i, got[i].Body, items[i].Document)
		}
	}
}

func TestRepeatIsRecognised(t *testing.T) {
	r := receivers.NewFake("elasticsearch")
	s := newSender(t, config("elasticsearch", plain(t, r), nil))
	items := makeItems(10)
	want(t, send(t, s, items), 10, Delivered, KindNone)
	want(t, send(t, s, items[3:]), 7, Delivered, KindNone)
	update := items[0]
	update.Update = 2
	want(t, send(t, s, []Item{update}), 1, Delivered, KindNone)
	if _, taken, repeats := r.Counts(); taken != 11 || repeats != 7 {
		t.Errorf("got %d documents and %d repeats, want 11 and 7", taken, repeats)
	}
	wellServed(t, r)
}

func TestIdempotencyKey(t *testing.T) {
	items := makeItems(4)
	key := idempotencyKey(items)
	if again := idempotencyKey(slices.Clone(items)); again != key {
		t.Errorf("got %s, then %s for the same items", key, again)
	}
	updated := slices.Clone(items)
	updated[1].Update++
	renamed := slices.Clone(items)
	renamed[1].ID = "id-X"
	for name, other := range map[string][]Item{"fewer": items[:3], "others": items[1:], "update": updated, "id": renamed} {
		if got := idempotencyKey(other); got == key {
			t.Errorf("%s: got the key of other items", name)
		}
	}
}

// TestItemsApart has the receivers that can tell items apart refuse some of them.
func TestItemsApart(t *testing.T) {
	refuse := func(status int, parts ...string) func(receivers.Document) int {
		return func(d receivers.Document) int {
			for _, p := range parts {
				if bytes.Contains(d.Body, []byte(p)) {
					return status
				}
			}
			return 0
		}
	}
	tests := []struct {
		name, kind string
		item       func(receivers.Document) int
		outcomes   []Outcome
		why        Kind
	}{
		{"two refused", "elasticsearch", refuse(400, `"id-1"`, `"id-3"`), []Outcome{Delivered, Refused, Delivered, Refused}, KindRefused},
		{"one busy", "elasticsearch", refuse(429, `"id-1"`), []Outcome{Delivered, Retry, Delivered, Delivered}, KindThrottled},
		{"a shard is down", "elasticsearch", refuse(503, `"id-0"`), []Outcome{Retry, Delivered, Delivered, Delivered}, KindBusy},
		{"no right to the index", "elasticsearch", refuse(403, `id-`), []Outcome{Retry, Retry, Retry, Retry}, KindDenied},
		{"one event is wrong", "splunk_hec", refuse(400, `"id-2"`), []Outcome{Retry, Retry, Refused, Retry}, KindRefused},
		{"busy", "splunk_hec", refuse(503, `"id-2"`), []Outcome{Retry, Retry, Retry, Retry}, KindBusy},
		{"some rejected", "otlp", refuse(400, `"id-2"`), []Outcome{Refused, Refused, Refused, Refused}, KindRefused},
		{"one line is wrong", "https", refuse(422, `"id-2"`), []Outcome{Retry, Retry, Retry, Retry}, KindRefused},
	}
	for _, test := range tests {
		t.Run(test.kind+" "+test.name, func(t *testing.T) {
			r := receivers.NewFake(test.kind)
			r.Item = test.item
			got := send(t, newSender(t, config(test.kind, plain(t, r), nil)), makeItems(4))
			if !slices.Equal(got.Outcomes, test.outcomes) || got.Err == nil || got.Err.Kind != test.why {
				t.Errorf("got %v, %v, want %v, %v", got.Outcomes, got.Err, test.outcomes, test.why)
			}
			wellServed(t, r)
		})
	}
}

// plain serves a handler on this machine without TLS.
func plain(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet()
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func TestUnframed(t *testing.T) {
	for _, kind := range httpTypes {
		r := receivers.NewFake(kind)
		items := makeItems(4)
		items[1].Document = []byte("{}\n{\"create\":{}}")
		items[3].Document = nil
		s := newSender(t, config(kind, plain(t, r), nil))
		got := send(t, s, items)
		if want := []Outcome{Retry, Refused, Retry, Refused}; !slices.Equal(got.Outcomes, want) || got.Err == nil || got.Err.Kind != KindRefused {
			t.Errorf("%s: got %v, %v, want %v", kind, got.Outcomes, got.Err, want)
		}
		want(t, send(t, s, []Item{items[0], items[2]}), 2, Delivered, KindNone)
		if _, taken, _ := r.Counts(); taken != 2 {
			t.Errorf("%s: got %d documents, want 2", kind, taken)
		}
		wellServed(t, r)
	}
}

func TestTokenIsRead(t *testing.T) {
	r := receivers.NewFake("https")
	r.Token = "new"
	c := config("https", plain(t, r), nil)
	c.TokenFile = tokenFile(t, "old")
	s := newSender(t, c)
	items := makeItems(1)
	got := send(t, s, items)
	want(t, got, 1, Retry, KindDenied)
	if s.(Watcher).Changed() {
		t.Error("the file did not change")
	}
	for _, bad := range []string{"", "two\nlines", strings.Repeat("x", 5000), "tab\there"} {
		file(t, c.TokenFile, bad)
		if !s.(Watcher).Changed() {
			t.Errorf("token %.20q: got no change", bad)
		}
		want(t, send(t, s, items), 1, Retry, KindDenied) // with the old one
	}
	file(t, c.TokenFile, "new\n")
	want(t, send(t, s, items), 1, Delivered, KindNone)

	fresh := newSender(t, Config{Name: "collector", Type: "https", URL: c.URL, TokenFile: c.TokenFile + ".absent", ReadSecret: c.ReadSecret})
	want(t, send(t, fresh, items), 1, Retry, KindFile)
	file(t, c.TokenFile+".absent", "two words\n\n\nand more")
	want(t, send(t, fresh, items), 1, Retry, KindFile)
	file(t, c.TokenFile+".absent", "new")
	want(t, send(t, fresh, items), 1, Delivered, KindNone)
}

func TestTokenIsNotRepeated(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "bad "+r.Header.Get("Authorization"), http.StatusBadRequest)
	})
	for _, kind := range httpTypes {
		c := config(kind, plain(t, echo), nil)
		c.TokenFile = tokenFile(t, `s3cret"t0ken`)
		got := send(t, newSender(t, c), makeItems(1))
		if want(t, got, 1, Refused, KindRefused); strings.Contains(got.Err.Error(), "t0ken") || !strings.Contains(got.Err.Error(), "[token]") {
			t.Errorf("%s: got %q", kind, got.Err)
		}
	}
}

func TestHeaders(t *testing.T) {
	var got http.Header
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	c := config("https", plain(t, h), nil)
	c.Headers = map[string]string{"x-tenant": "blue"}
	want(t, send(t, newSender(t, c), makeItems(1)), 1, Delivered, KindNone)
	if got.Get("X-Tenant") != "blue" || got.Get("User-Agent") != "hooksnare/1.2.3" || got.Get("Accept-Encoding") != "" || got.Get("Authorization") != "" {
		t.Errorf("got %v", got)
	}
}
