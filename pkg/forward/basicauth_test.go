package forward

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"hooksnare/pkg/forward/receivers"
)

// basicTypes are those that log in with a user and password.
var basicTypes = []string{"https", "elasticsearch", "otlp"}

// lockedBy lets requests of one user and password through.
func lockedBy(user string, password *atomic.Value, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, given := r.BasicAuth(); !given || u != user || p != password.Load() {
			http.Error(w, fmt.Sprintf("no entry for %q", p), http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// TestBasicAuthRotates changes the password at the receiver first, and then in the file.
func TestBasicAuthRotates(t *testing.T) {
	for _, kind := range basicTypes {
		t.Run(kind, func(t *testing.T) {
			var password atomic.Value
			password.Store("s3cret: ünd ")
			r := receivers.NewFake(kind)
			c := config(kind, plain(t, lockedBy("agent", &password, r)), nil)
			c.BasicAuthFile = file(t, filepath.Join(t.TempDir(), "user"), "agent:s3cret: ünd \n")
			s := newSender(t, c)
			items := makeItems(1)
			want(t, send(t, s, items), 1, Delivered, KindNone)
			password.Store("an0ther")
			got := send(t, s, items)
			want(t, got, 1, Retry, KindDenied)
			if text := got.Err.Text; strings.Contains(text, "s3cret") || !strings.Contains(text, "BasicAuthFile") {
				t.Errorf("got %q, want it to name BasicAuthFile and no password", text)
			}
			if s.(Watcher).Changed() {
				t.Error("the file did not change")
			}
			for _, bad := range []string{"", "agent", ":an0ther", "agent:", "agent:an0ther\nmore", "agent:\xff", "agent:a\tb", "agent:" + strings.Repeat("x", 5000)} {
				file(t, c.BasicAuthFile, bad)
				want(t, send(t, s, items), 1, Retry, KindDenied) // with the old one
				fresh := newSender(t, c)
				want(t, send(t, fresh, items), 1, Retry, KindFile)
			}
			file(t, c.BasicAuthFile, "agent:an0ther\r\n")
			if !s.(Watcher).Changed() {
				t.Error("got no change of the file, want one")
			}
			want(t, send(t, s, items), 1, Delivered, KindNone)
			wellServed(t, r)
		})
	}
}

// TestPasswordIsNotRepeated has receivers that repeat what they were sent, in each form.
func TestPasswordIsNotRepeated(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		http.Error(w, "bad "+r.Header.Get("Authorization")+" "+user+":"+password+" "+password, http.StatusBadRequest)
	})
	for _, kind := range basicTypes {
		c := config(kind, plain(t, echo), nil)
		c.BasicAuthFile = file(t, filepath.Join(t.TempDir(), "user"), `agent:s3cret"w0rd`)
		got := send(t, newSender(t, c), makeItems(1))
		want(t, got, 1, Refused, KindRefused)
		if text := got.Err.Error(); strings.Contains(text, "w0rd") || strings.Contains(text, "YWdlbnQ") || !strings.Contains(text, "[token]") {
			t.Errorf("%s: got %q", kind, got.Err)
		}
	}
}

// TestCompression looks at the wire: what is large is packed, unless nothing is to be.
func TestCompression(t *testing.T) {
	for _, kind := range httpTypes {
		for compression, packed := range map[string]bool{"": true, "gzip": true, "none": false} {
			r := receivers.NewFake(kind)
			var encodings []string
			h := http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				encodings = append(encodings, request.Header.Get("Content-Encoding"))
				r.ServeHTTP(w, request)
			})
			c := config(kind, plain(t, h), nil)
			c.Compression = compression
			s := newSender(t, c)
			items := makeItems(301)
			want(t, send(t, s, items[:1]), 1, Delivered, KindNone)
			want(t, send(t, s, items[1:]), 300, Delivered, KindNone)
			large := map[bool]string{true: "gzip"}[packed]
			if len(encodings) != 2 || encodings[0] != "" || encodings[1] != large {
				t.Errorf("%s, Compression %q: got the encodings %q, want none and %q", kind, compression, encodings, large)
			}
			same(t, r, items)
			wellServed(t, r)
		}
	}
}

// TestNoGzipThere has receivers that can't read gzip: the error says what to do, and does not where
// nothing was packed.
func TestNoGzipThere(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnsupportedMediaType) })
	for compression, want := range map[string]bool{"": true, "none": false} {
		c := config("https", plain(t, h), nil)
		c.Compression = compression
		got := send(t, newSender(t, c), makeItems(100))
		if got.Err == nil || strings.Contains(got.Err.Text, "set Compression to none") != want {
			t.Errorf("Compression %q: got %v, want advice about it: %v", compression, got.Err, want)
		}
	}
}
