package soak

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// moody is a fake that answers as it is set.
type moody struct {
	*receivers.Fake
	kind string

	mu     sync.Mutex
	mood   mood
	bodies [][]byte
	size   int64
	asked  int
}

// mood is how a receiver answers.
type mood string

const (
	well      mood = ""
	throttled mood = "429"
	broken    mood = "500"
	away      mood = "503"
	garbage   mood = "garbage"
	noHTTP    mood = "no HTTP"
	half      mood = "half an answer"
	forgetful mood = "takes it and hangs up" // the agent can't know
	slow      mood = "slow"
	picky     mood = "429 for some" // of a _bulk
)

// slowness is how long a slow receiver takes.
const slowness = 400 * time.Millisecond

// newMoody starts a fake behind the proxy.
func newMoody(t testing.TB, proxy *receivers.Toxiproxy, name, kind string) *place {
	t.Helper()
	m := &moody{Fake: receivers.NewFake(kind), kind: kind}
	m.Item = m.item
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	link := proxy.Link(t, server.Listener.Addr().String())
	p := &place{
		name: name, config: map[string]any{"Name": name, "Type": kind, "URL": "http://" + link.Address},
		documents: m.taken, size: m.grown, faults: linkFaults(t, link),
	}
	moods := []mood{throttled, broken, away, garbage, noHTTP, half, forgetful, slow}
	if kind == "elasticsearch" {
		moods = append(moods, picky)
	}
	for _, mood := range moods {
		p.faults = append(p.faults, fault{string(mood), func() { m.set(mood) }, func() { m.set(well) }})
	}
	t.Cleanup(func() {
		for _, v := range m.Violations() {
			if !strings.HasPrefix(v, "body: ") { // the proxy cut that one
				t.Errorf("%s: %s", name, v)
			}
		}
	})
	return p
}

func (m *moody) set(to mood) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mood = to
}

// item sees every document that the fake is about to take.
func (m *moody) item(d receivers.Document) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asked++; m.mood == picky && m.asked%3 == 0 {
		return http.StatusTooManyRequests
	}
	m.bodies = append(m.bodies, bytes.Clone(d.Body))
	m.size++
	return 0
}

func (m *moody) taken() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bodies[:len(m.bodies):len(m.bodies)]
}

func (m *moody) grown() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size
}

// ServeHTTP answers in the mood of now.
func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	mood := m.mood
	m.mu.Unlock()
	const nonsense = "\x00\xff{\"took\": <html>"
	switch mood {
	case throttled:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case broken:
		http.Error(w, "no", http.StatusInternalServerError)
	case away:
		http.Error(w, "not now", http.StatusServiceUnavailable)
	case garbage:
		status := http.StatusOK
		if m.kind == "https" { // there any 2xx acknowledges, whatever comes with it
			status = http.StatusBadGateway
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, nonsense)
	case noHTTP:
		hangUp(w, nonsense)
	case half:
		if m.kind == "https" {
			hangUp(w, "HTTP/1.1 20")
			return
		}
		hangUp(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"took\":1,")
	case forgetful:
		m.Fake.ServeHTTP(httptest.NewRecorder(), r)
		hangUp(w, "")
	case slow:
		time.Sleep(slowness)
		fallthrough
	default:
		m.Fake.ServeHTTP(w, r)
	}
}

// hangUp says something and closes the connection.
func hangUp(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, text)
	_ = conn.Close()
}

// linkFaults are what the proxy can do to a way. Its latency is not among them: taken away
// from a connection whose client was killed, it hangs the proxy for good.
func linkFaults(t testing.TB, link *receivers.Link) []fault {
	faults := []fault{{"down", func() { link.Enable(t, false) }, func() { link.Enable(t, true) }}}
	for _, toxic := range []struct {
		kind, stream string
		attributes   map[string]int
	}{
		{"reset_peer", "upstream", map[string]int{"timeout": 0}},
		{"reset_peer", "downstream", map[string]int{"timeout": 20}},
		{"timeout", "upstream", map[string]int{"timeout": 0}}, // a black hole
		{"timeout", "downstream", map[string]int{"timeout": 0}},
		{"limit_data", "upstream", map[string]int{"bytes": 1500}},
		{"limit_data", "downstream", map[string]int{"bytes": 60}},
	} {
		faults = append(faults, fault{
			fmt.Sprintf("%s %s", toxic.kind, toxic.stream),
			func() { link.Toxic(t, toxic.kind, toxic.stream, toxic.attributes) },
			func() {
				// With its connections: those of a black hole are stuck in it.
				link.Enable(t, false)
				link.Heal(t, toxic.kind, toxic.stream)
				link.Enable(t, true)
			},
		})
	}
	return faults
}

// port returns the address of a receiver as the proxy reaches it.
func port(t testing.TB, address string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", p)
}
