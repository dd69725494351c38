package forward

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

func startFakeRELP(t *testing.T, s *fakeRELP) (*fakeRELP, *relpSender) {
	t.Helper()
	p := receivers.NewPKI(t)
	startRELP(t, p.ServerConfig(t, p.Server), s)
	c := streamConfig("relp", s.address, p)
	c.Timeout = 5 * time.Second
	return s, newSender(t, c).(*relpSender)
}

func TestRELPOnlyItsOwnAnswerDelivers(t *testing.T) {
	const n = 300 // more than the window
	for _, c := range []struct {
		name      string
		answer    func(n, transaction int) (string, bool)
		delivered int
		kind      Kind
		says      string
	}{
		{"all", nil, n, KindNone, ""},
		{"cut before the first", func(int, int) (string, bool) { return "", true }, 0, KindNetwork, "closed the connection"},
		{"cut after ten", func(n, x int) (string, bool) { return rsp(x, "200 OK"), n == 10 }, 10, KindNetwork, "without an answer"},
		{"server closes after ten", func(n, x int) (string, bool) {
			if n == 10 {
				return rsp(x, "200 OK") + "0 serverclose 0\n", true
			}
			return rsp(x, "200 OK"), false
		}, 10, KindNetwork, "ended the session"},
		{"another's answer", func(n, x int) (string, bool) { return rsp(x+500, "200 OK"), false }, 0, KindAnswer, "is not open"},
		{"twice", func(n, x int) (string, bool) { return rsp(x, "200 OK") + rsp(x, "200 OK"), false }, 1, KindAnswer, "is not open"},
		{"garbage", func(int, int) (string, bool) { return "HTTP/1.1 400 Bad Request\r\n\r\n", false }, 0, KindAnswer, "does not speak RELP"},
		{"a long answer", func(_, x int) (string, bool) { return rsp(x, "200 "+strings.Repeat("x", maxRELPAnswer)), false }, 0, KindAnswer, "bytes of data"},
		{"hostile text", func(_, x int) (string, bool) { return rsp(x, "500 \x1b[31m\r\x00"+strings.Repeat("x", 5000)), false }, 0, KindBusy, `answered 500 "\x1b[31m`},
		{"no status", func(_, x int) (string, bool) { return rsp(x, "OK"), false }, 0, KindAnswer, `"OK" as a status`},
		{"status 2000", func(_, x int) (string, bool) { return rsp(x, "2000 OK"), false }, 0, KindAnswer, `"2000" as a status`},
		{"status 201", func(_, x int) (string, bool) { return rsp(x, "201 OK"), false }, 0, KindBusy, "answered 201"},
		{"answer of a hint", func(_, x int) (string, bool) { return rsp(0, "200 OK"), false }, 0, KindAnswer, "transaction 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, s := startFakeRELP(t, &fakeRELP{answer: c.answer})
			items := makeItems(n)
			r := send(t, s, items)
			if got := count(r, Delivered); got != c.delivered || got+count(r, Retry) != n {
				t.Errorf("got %d delivered, %d to send again, want %d of %d delivered (%v)", got, count(r, Retry), c.delivered, n, r.Err)
			}
			if c.kind == KindNone {
				want(t, r, n, Delivered, KindNone)
				return
			}
			if r.Err == nil || r.Err.Kind != c.kind || !strings.Contains(r.Err.Text, c.says) || strings.ContainsAny(r.Err.Error(), "\x00\x1b\r\n") || len(r.Err.Error()) > 700 {
				t.Errorf("got the error %v (%v), want kind %v and %q", r.Err, r.Err.Kind, c.kind, c.says)
			}
		})
	}
}

// TestRELPAnyOrder answers the last message of a window first.
func TestRELPAnyOrder(t *testing.T) {
	held := ""
	_, s := startFakeRELP(t, &fakeRELP{answer: func(n, x int) (string, bool) {
		held = rsp(x, "200 OK") + held
		if n%64 > 0 {
			return "", false
		}
		defer func() { held = "" }()
		return held, false
	}})
	items := makeItems(256)
	want(t, send(t, s, items), len(items), Delivered, KindNone)
}

func TestRELPNoAnswer(t *testing.T) {
	server, s := startFakeRELP(t, &fakeRELP{answer: func(n, x int) (string, bool) {
		if n > 3 {
			return "", false
		}
		return rsp(x, "200 OK"), false
	}})
	s.c.Timeout = 100 * time.Millisecond
	r := send(t, s, makeItems(10))
	if count(r, Delivered) != 3 || r.Err == nil || r.Err.Kind != KindNetwork || !strings.Contains(r.Err.Text, "no answer in time (7 messages") {
		t.Errorf("got %v, %v", r.Outcomes, r.Err)
	}
	server.mu.Lock()
	server.answer = nil
	server.mu.Unlock()
	s.c.Timeout = 5 * time.Second
	want(t, send(t, s, makeItems(10)[3:]), 7, Delivered, KindNone)
}

func TestRELPStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, s := startFakeRELP(t, &fakeRELP{answer: func(n, x int) (string, bool) {
		if n == 5 {
			cancel()
		}
		return "", false
	}})
	want(t, s.Send(ctx, makeItems(5)), 5, Retry, KindNetwork)
}

// TestRELPSessionIsReplaced ends sessions while nothing is sent.
func TestRELPSessionIsReplaced(t *testing.T) {
	server, s := startFakeRELP(t, &fakeRELP{answer: func(n, x int) (string, bool) { return rsp(x, "200 OK") + "0 serverclose 0\n", true }})
	items := makeItems(5)
	for i := range items {
		want(t, send(t, s, items[i:i+1]), 1, Delivered, KindNone)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.sessions != len(items) || len(server.messages) != len(items) {
		t.Errorf("got %d sessions and %d messages, want %d of each", server.sessions, len(server.messages), len(items))
	}
}

func TestRELPTransactionsWrap(t *testing.T) {
	server, s := startFakeRELP(t, &fakeRELP{})
	s.last = maxTransaction - 4
	items := makeItems(10)
	want(t, send(t, s, items), len(items), Delivered, KindNone)
	server.mu.Lock()
	defer server.mu.Unlock()
	if wanted := []int{999_999_997, 999_999_998, 999_999_999, 1, 2, 3, 4, 5, 6, 7}; !slices.Equal(server.numbers, wanted) {
		t.Errorf("got transactions %v, want %v", server.numbers, wanted)
	}
}

func TestRELPSaysGoodbye(t *testing.T) {
	server, s := startFakeRELP(t, &fakeRELP{})
	want(t, send(t, s, makeItems(1)), 1, Delivered, KindNone)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.closes != 1 {
		t.Errorf("got %d times close, want 1", server.closes)
	}
}

func TestRELPOpening(t *testing.T) {
	for _, c := range []struct {
		offers string
		kind   Kind
	}{
		{"200 OK\nrelp_version=1\ncommands=syslog", KindNone},
		{"200 OK\ncommands=eventlog,syslog\nrelp_version=0", KindNone},
		{"200 OK\nrelp_version=7\ncommands=syslog", KindAnswer},
		{"200 OK\ncommands=syslog", KindAnswer},
		{"200 OK", KindAnswer},
		{"200 OK\nrelp_version=0\ncommands=eventlog", KindBusy},
		{"500 too many sessions", KindBusy},
	} {
		t.Run(c.offers, func(t *testing.T) {
			_, s := startFakeRELP(t, &fakeRELP{offers: c.offers})
			outcome := Delivered
			if c.kind != KindNone {
				outcome = Retry
			}
			want(t, send(t, s, makeItems(2)), 2, outcome, c.kind)
		})
	}
}

// TestRELPRejected gives an item up when the receiver takes others, and not before.
func TestRELPRejected(t *testing.T) {
	ofThird := func(n, x int) (string, bool) {
		if x%3 == 0 { // of each session, which opens with 1
			return rsp(x, "500 no"), false
		}
		return rsp(x, "200 OK"), false
	}
	_, s := startFakeRELP(t, &fakeRELP{answer: ofThird})
	items := makeItems(3)
	for try := 1; try <= rejectsBesideOthers; try++ {
		s.dropSession()
		r := send(t, s, items)
		wanted := Retry
		if try == rejectsBesideOthers {
			wanted = Refused
		}
		if r.Outcomes[0] != Delivered || r.Outcomes[1] != wanted || r.Outcomes[2] != Delivered || r.Err == nil {
			t.Errorf("try %d: got %v, %v, want the second item %d", try, r.Outcomes, r.Err, wanted)
		}
		if wanted == Refused && !strings.Contains(r.Reasons[1], `answered 500 "no", 3 times`) {
			t.Errorf("got the reason %q", r.Reasons[1])
		}
	}
	if len(s.rejects) != 0 {
		t.Errorf("%d items are remembered", len(s.rejects))
	}
}

func TestRELPRejectsAll(t *testing.T) {
	_, s := startFakeRELP(t, &fakeRELP{answer: func(_, x int) (string, bool) { return rsp(x, "500"), false }})
	items := makeItems(2)
	for range rejectsAlone - 1 {
		want(t, send(t, s, items), 2, Retry, KindBusy)
	}
	want(t, send(t, s, items), 2, Refused, KindRefused)
}

func TestRELPCertificateRotates(t *testing.T) {
	p := receivers.NewPKI(t)
	server := startRELP(t, p.ServerConfig(t, p.Server), &fakeRELP{})
	s := newSender(t, streamConfig("relp", server.address, p))
	want(t, send(t, s, makeItems(1)), 1, Delivered, KindNone)
	p.Issue(t, "client", receivers.Leaf{Name: receivers.ClientName})
	if !s.(Watcher).Changed() {
		t.Error("the new certificate is not noticed")
	}
	want(t, send(t, s, makeItems(1)), 1, Delivered, KindNone)
	want(t, send(t, s, makeItems(1)), 1, Delivered, KindNone)
	server.mu.Lock()
	defer server.mu.Unlock()
	if len(server.peers) != 2 || server.peers[0] == server.peers[1] {
		t.Errorf("got the client certificates %v, want two", server.peers)
	}
}
