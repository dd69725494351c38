package forward

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// raw serves each connection's request with bytes that write makes, until it returns.
func raw(t *testing.T, write func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				request, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body)
				write(c)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// forever writes the text until the other side is gone.
func forever(text string) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

func TestHostileAnswers(t *testing.T) {
	bomb := func() string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.CopyN(z, zeros{}, 16<<20)
		_ = z.Close()
		return b.String()
	}()
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	say := func(text string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, text) }
	}
	then := func(first string, next func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, first); next(c) }
	}
	hang := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	tests := []struct {
		name  string
		write func(net.Conn)
		kind  Kind // of the types that read the answer
		any   Kind // of https, to which any 2xx is an acknowledgement
	}{
		{"nothing", say(""), KindNetwork, KindNetwork},
		{"garbage", say("220 mail.example ESMTP\r\n\r\n"), KindNetwork, KindNetwork},
		{"status of letters", say("HTTP/1.1 abc OK\r\n\r\n"), KindNetwork, KindNetwork},
		{"status 999", say("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"), KindAnswer, KindAnswer},
		{"header without end", forever("X-A: b\r\n"), KindNetwork, KindNetwork},
		{"endless header", then("HTTP/1.1 200 OK\r\n", forever("X-A: b\r\n")), KindNetwork, KindNetwork},
		{"flood of 1xx", forever("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), KindNetwork, KindNetwork},
		{"switches protocols", say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), KindAnswer, KindAnswer},
		{"endless body", then(head+"\r\n", forever(strings.Repeat(" ", 4096))), KindAnswer, KindNone},
		{"endless error", then("HTTP/1.1 500 No\r\n\r\n", forever(strings.Repeat("x", 4096))), KindBusy, KindBusy},
		{"body that hangs", then(head+"Content-Length: 10\r\n\r\n{", hang), KindAnswer, KindNone},
		{"error that hangs", then("HTTP/1.1 503 No\r\nContent-Length: 10\r\n\r\n{", hang), KindBusy, KindBusy},
		{"cut body", say(head + "Content-Length: 100\r\n\r\n{}"), KindAnswer, KindNone},
		{"gzip bomb", say(head + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(bomb), bomb)), KindAnswer, KindNone},
		{"page of a portal", say("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"), KindAnswer, KindNone},
		{"two lengths", say(head + "Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}   "), KindNetwork, KindNetwork},
		{"redirect", say("HTTP/1.1 307 Moved\r\nLocation: https://evil.example/x?token=1\r\nContent-Length: 0\r\n\r\n"), KindRedirect, KindRedirect},
		{"not modified", say("HTTP/1.1 304 Not Modified\r\n\r\n"), KindRedirect, KindRedirect},
	}
	for _, test := range tests {
		for _, kind := range httpTypes {
			t.Run(test.name+" "+kind, func(t *testing.T) {
				t.Parallel()
				c := config(kind, raw(t, test.write)+"/hook/s3cret", nil)
				if strings.Contains(test.name, "hangs") {
					c.Timeout = 500 * time.Millisecond
				}
				s := newSender(t, c)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				got := send(t, s, makeItems(2))
				runtime.ReadMemStats(&after)
				expect, outcome := test.kind, Retry
				if kind == "https" {
					expect = test.any
				}
				if expect == KindNone {
					outcome = Delivered
				}
				want(t, got, 2, outcome, expect)
				if got.Err != nil && strings.Contains(got.Err.Error(), "s3cret") { // the path of a URL may be one
					t.Errorf("got %q", got.Err)
				}
				if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 128<<20 {
					t.Errorf("the heap grew by %d bytes", grown)
				}
			})
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestRedirectIsNotFollowed looks that the token stays here.
func TestRedirectIsNotFollowed(t *testing.T) {
	reached := false
	target := plain(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := config("https", plain(t, http.RedirectHandler(target+"/secret", status)), nil)
		c.TokenFile = tokenFile(t, "word")
		got := send(t, newSender(t, c), makeItems(1))
		want(t, got, 1, Retry, KindRedirect)
		if reached || strings.Contains(got.Err.Text, "secret") {
			t.Errorf("%d: reached the target %v, says %q", status, reached, got.Err)
		}
	}
}
