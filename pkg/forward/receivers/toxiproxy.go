package receivers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Toxiproxy is a proxy for connections that spoils them on demand.
type Toxiproxy struct {
	*Receiver
	links int
}

// Link is one way through the proxy.
type Link struct {
	Address string // to connect to instead of the receiver
	proxy   *Toxiproxy
	name    string
}

// StartToxiproxy starts a proxy without any link.
func StartToxiproxy(t testing.TB) *Toxiproxy {
	t.Helper()
	daemon := program(t, "toxiproxy", filepath.Join(Cache(), "bin", "toxiproxy-server"))
	port := freePort(t)
	r := &Receiver{Address: fmt.Sprintf("127.0.0.1:%d", port), name: "toxiproxy"}
	r.command = func() *exec.Cmd {
		cmd := exec.Command(daemon, "-host", "127.0.0.1", "-port", fmt.Sprint(port))
		cmd.Env = append(os.Environ(), "LOG_LEVEL=warn")
		return cmd
	}
	r.run(t)
	return &Toxiproxy{Receiver: r}
}

// Link opens a way to a receiver.
func (p *Toxiproxy) Link(t testing.TB, upstream string) *Link {
	t.Helper()
	p.links++
	port := freePort(t)
	l := &Link{Address: address(port), proxy: p, name: fmt.Sprintf("link%d", p.links)}
	p.call(t, http.MethodPost, "/proxies", map[string]any{
		"name": l.name, "listen": fmt.Sprintf("127.0.0.1:%d", port), "upstream": upstream, "enabled": true,
	})
	return l
}

// Enable opens the way again, or closes it with all its connections.
func (l *Link) Enable(t testing.TB, on bool) {
	t.Helper()
	l.proxy.call(t, http.MethodPost, "/proxies/"+l.name, map[string]any{"enabled": on})
}

// Toxic spoils the way: kind and attributes are toxiproxy's (timeout, reset_peer,
// limit_data, latency, bandwidth, ...), stream is upstream (what is sent) or downstream
// (what is answered).
func (l *Link) Toxic(t testing.TB, kind, stream string, attributes map[string]int) {
	t.Helper()
	l.proxy.call(t, http.MethodPost, "/proxies/"+l.name+"/toxics", map[string]any{
		"name": kind + "_" + stream, "type": kind, "stream": stream, "toxicity": 1.0, "attributes": attributes,
	})
}

// Heal takes a toxic away.
func (l *Link) Heal(t testing.TB, kind, stream string) {
	t.Helper()
	l.proxy.call(t, http.MethodDelete, "/proxies/"+l.name+"/toxics/"+kind+"_"+stream, nil)
}

// call asks the proxy for something that it can do.
func (p *Toxiproxy) call(t testing.TB, method, path string, body any) {
	t.Helper()
	data, err := json.Marshal(body)
	must(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.Address+path, bytes.NewReader(data))
	must(t, err)
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	must(t, err)
	defer response.Body.Close()
	if text, _ := io.ReadAll(io.LimitReader(response.Body, 4096)); response.StatusCode/100 != 2 {
		t.Fatalf("toxiproxy %s %s: %s: %s", method, path, response.Status, text)
	}
}
