package forward

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// fakeProxy connects every name to one address.
type fakeProxy struct {
	address string
	target  string
	refuses string // what is answered instead of a tunnel; "silence" is nothing at all
	tls     *tls.Config

	mu    sync.Mutex // guards asked
	asked []string   // targets, and what the request says of its user
}

// startProxy starts a proxy, which ends with the test.
func startProxy(t *testing.T, p *fakeProxy) *fakeProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	var serving sync.WaitGroup
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended); l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				stop := make(chan struct{})
				defer close(stop)
				go func() {
					select {
					case <-ended:
						conn.Close()
					case <-stop:
					}
				}()
				p.serve(conn)
			})
		}
	})
	return p
}

func (p *fakeProxy) serve(conn net.Conn) {
	if p.tls != nil {
		conn = tls.Server(conn, p.tls)
	}
	in := bufio.NewReader(conn)
	request, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, strings.TrimSpace(request.Method+" "+request.RequestURI+" "+request.Header.Get("Proxy-Authorization")))
	p.mu.Unlock()
	if p.refuses == "silence" {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	if p.refuses != "" {
		_, _ = io.WriteString(conn, p.refuses)
		return
	}
	to, err := net.Dial("tcp", p.target)
	if err != nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer to.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		_, _ = io.Copy(to, in)
		_ = to.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(conn, to)
}

func (p *fakeProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// farName is a receiver that only a proxy can reach.
const farName = "collector.example"

// behindProxy starts a receiver of a type, and returns the configuration that reaches it through a
// proxy by its name.
func behindProxy(t *testing.T, kind string, p *receivers.PKI, proxy *fakeProxy) Config {
	t.Helper()
	server := serverConfig(t, p.Issue(t, "far", receivers.Leaf{Name: farName}))
	switch kind {
	case "relp":
		proxy.target = startRELP(t, server, &fakeRELP{}).address
	case "syslog_tls":
		proxy.target = startSyslog(t, server, func(c *tls.Conn) { readAll(c); _ = c.CloseWrite() })
	default:
		proxy.target = strings.TrimPrefix(serveTLS(t, server, receivers.NewFake(kind)), "https://")
	}
	startProxy(t, proxy)
	c := config(kind, "", p)
	if kind == "relp" || kind == "syslog_tls" {
		c.Address = farName + ":6514"
	} else {
		c.URL = "https://" + farName
	}
	return c
}

// TestProxy delivers through a proxy, plain and over TLS, named for one output and for all. The
// receiver proves its own name, behind whatever proxy.
func TestProxy(t *testing.T) {
	p := receivers.NewPKI(t)
	for _, kind := range Types {
		for _, scheme := range []string{"http", "https"} {
			for _, shared := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/shared=%v", kind, scheme, shared), func(t *testing.T) {
					proxy := &fakeProxy{}
					if scheme == "https" {
						proxy.tls = serverConfig(t, p.Server)
					}
					c := behindProxy(t, kind, p, proxy)
					member := &c.Proxy
					if shared {
						member = &c.SharedProxy
					}
					*member = scheme + "://" + proxy.address
					want(t, send(t, newSender(t, c), makeItems(3)), 3, Delivered, KindNone)
					port := map[bool]string{true: "6514", false: "443"}[c.URL == ""]
					if got := proxy.requests(); len(got) == 0 || got[0] != "CONNECT "+farName+":"+port {
						t.Errorf("the proxy was asked for %q, want CONNECT %s:%s", got, farName, port)
					}
				})
			}
		}
	}
}

// TestProxyIsNotTheReceiver has a proxy whose certificate is right, before a receiver whose is not.
func TestProxyIsNotTheReceiver(t *testing.T) {
	p := receivers.NewPKI(t)
	for _, kind := range Types {
		proxy := &fakeProxy{tls: serverConfig(t, p.Server)}
		c := behindProxy(t, kind, p, proxy)
		c.URL, c.Address = strings.Replace(c.URL, farName, "other.example", 1), strings.Replace(c.Address, farName, "other.example", 1)
		c.Proxy = "https://" + proxy.address
		got := send(t, newSender(t, c), makeItems(1))
		want(t, got, 1, Retry, KindName)
		if strings.Contains(got.Err.Text, "proxy") {
			t.Errorf("%s: got %q, want no word of the proxy", kind, got.Err)
		}
	}
}

// TestProxyRefuses has proxies that do not connect: the error names the proxy and says what to do.
func TestProxyRefuses(t *testing.T) {
	p, other := receivers.NewPKI(t), receivers.NewPKI(t)
	tests := []struct {
		name  string
		proxy fakeProxy
		kind  Kind
		says  string
	}{
		{"wants a password", fakeProxy{refuses: "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"}, KindDenied, "wants a user and password (407)"},
		{"forbids", fakeProxy{refuses: "HTTP/1.1 403 Forbidden\r\n\r\n"}, KindDenied, "answered 403 Forbidden"},
		{"does not reach it", fakeProxy{refuses: "HTTP/1.1 502 Bad Gateway\r\n\r\n"}, KindNetwork, "answered 502"},
		{"black hole", fakeProxy{refuses: "silence"}, KindNetwork, "no answer in time"},
		{"closes", fakeProxy{refuses: "\r\n"}, KindNetwork, "proxy"},
		{"no proxy", fakeProxy{refuses: "SSH-2.0-OpenSSH_9.9\r\n"}, KindNetwork, "proxy"},
		{"talks first", fakeProxy{refuses: "HTTP/1.1 200 OK\r\n\r\nhello"}, KindAnswer, "sends data before"},
		{"endless header", fakeProxy{refuses: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxAnswerHeader) + "\r\n\r\n"}, KindNetwork, "proxy"},
		{"another's certificate", fakeProxy{tls: serverConfig(t, other.Server)}, KindAuthority, "CAFile"},
	}
	for i := range tests {
		test := &tests[i]
		for _, kind := range []string{"https", "relp"} {
			t.Run(test.name+" "+kind, func(t *testing.T) {
				proxy := &fakeProxy{refuses: test.proxy.refuses, tls: test.proxy.tls}
				c := behindProxy(t, kind, p, proxy)
				c.Timeout, c.Proxy = 10*time.Second, "http://"+proxy.address
				if proxy.tls != nil {
					c.Proxy = "https://" + proxy.address
				}
				if proxy.refuses == "silence" {
					c.Timeout = time.Second
				}
				got := send(t, newSender(t, c), makeItems(1))
				want(t, got, 1, Retry, test.kind)
				if text := got.Err.Text; !strings.Contains(text, test.says) || !strings.Contains(text, "the proxy "+quoteText(proxy.address)) {
					t.Errorf("got %q, want it to name the proxy %s and say %s", text, proxy.address, test.says)
				}
			})
		}
	}
}

// TestProxyIsNotThere has nothing at the proxy's address.
func TestProxyIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c := config("https", "https://"+farName, nil)
	c.Proxy = "http://" + address
	got := send(t, newSender(t, c), makeItems(1))
	want(t, got, 1, Retry, KindNetwork)
	if !strings.Contains(got.Err.Text, "the proxy "+quoteText(address)) {
		t.Errorf("got %q, want it to name the proxy", got.Err)
	}
}

// TestEnvironmentProxy has proxies that only the environment names, with a user, whose password no error
// repeats.
func TestEnvironmentProxy(t *testing.T) {
	p := receivers.NewPKI(t)
	proxy := &fakeProxy{}
	c := behindProxy(t, "https", p, proxy)
	t.Setenv("HTTPS_PROXY", "http://agent:hunter2@"+proxy.address)
	want(t, send(t, newSender(t, c), makeItems(1)), 1, Delivered, KindNone)
	if got, wanted := proxy.requests(), "CONNECT collector.example:443 Basic YWdlbnQ6aHVudGVyMg=="; len(got) != 1 || got[0] != wanted {
		t.Errorf("the proxy was asked for %q, want %q", got, wanted)
	}
	proxy.refuses = "HTTP/1.1 407 No\r\n\r\n"
	if got := send(t, newSender(t, c), makeItems(1)); got.Err == nil || strings.Contains(got.Err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the password", got.Err)
	}
	for _, bad := range []string{"socks5://u:hunter2@127.0.0.1:1", "http://u:hunter2@127.0.0.1:x", "http://"} {
		t.Setenv("HTTPS_PROXY", bad)
		got := send(t, newSender(t, c), makeItems(1))
		want(t, got, 1, Retry, KindUnconfigured)
		if strings.Contains(got.Err.Error(), "hunter2") || !strings.Contains(got.Err.Error(), "HTTPS_PROXY") {
			t.Errorf("%s: got %q, want it to name HTTPS_PROXY and no password", bad, got.Err)
		}
	}
}

// TestPlainNeedsNoProxy: what stays on this machine is not shown to another.
func TestPlainNeedsNoProxy(t *testing.T) {
	proxy := startProxy(t, &fakeProxy{})
	t.Setenv("HTTPS_PROXY", "http://"+proxy.address)
	t.Setenv("HTTP_PROXY", "http://"+proxy.address)
	c := config("https", plain(t, receivers.NewFake("https")), nil)
	c.SharedProxy = "http://" + proxy.address
	want(t, send(t, newSender(t, c), makeItems(1)), 1, Delivered, KindNone)
	if got := proxy.requests(); len(got) > 0 {
		t.Errorf("the proxy was asked for %q, want nothing", got)
	}
	c.Proxy = c.SharedProxy
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "Proxy: does not apply to plain http") {
		t.Errorf("a proxy of its own: got %v, want it refused", err)
	}
}

// TestRoute has which proxy counts for which receiver.
func TestRoute(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://env:1")
	t.Setenv("HTTP_PROXY", "")
	t.Setenv("NO_PROXY", "quiet.example")
	https := func(host string) Config { return Config{Type: "https", URL: "https://" + host} }
	relp := func(host string) Config { return Config{Type: "relp", Address: host} }
	with := func(c Config, own, shared string, no ...string) Config {
		c.Proxy, c.SharedProxy, c.NoProxy = own, shared, no
		return c
	}
	const own, all, env = "http://own:1", "http://all:1", "http://env:1"
	for _, test := range []struct {
		c    Config
		want string
	}{
		{https("far.example"), env},
		{https("quiet.example"), ""},
		{with(https("far.example"), "", all), all},
		{with(https("quiet.example"), "", all), ""},
		{with(https("quiet.example"), "", all, "other.example"), all},
		{with(https("far.example"), "", "none"), ""},
		{with(https("far.example"), own, all), own},
		{with(https("far.example"), own, all, "far.example"), own},
		{with(https("far.example"), "none", all), ""},
		{with(https("127.0.0.1"), "", all), ""},
		{with(https("localhost"), "", all), ""},
		{with(https("[::1]:9200"), "", all), ""},
		{with(https("127.0.0.1"), own, all), own},
		{with(https("far.example"), "", "", "far.example"), ""},
		{with(https("far.example"), "", all, "*"), ""},
		{with(https("a.far.example"), "", all, "far.example"), ""},
		{with(https("far.example"), "", all, ".far.example"), all},
		{with(https("a.far.example"), "", all, ".far.example"), ""},
		{with(https("a.far.example"), "", all, "*.far.example"), ""},
		{with(https("notfar.example"), "", all, "far.example"), all},
		{with(https("10.1.2.3"), "", all, "10.0.0.0/8"), ""},
		{with(https("11.1.2.3"), "", all, "10.0.0.0/8"), all},
		{with(https("[fd00::1]"), "", all, "fd00::/8"), ""},
		{with(https("far.example:8443"), "", all, "far.example:8443"), ""},
		{with(https("far.example:9443"), "", all, "far.example:8443"), all},
		{with(https("far.example"), "", all, "far.example:443"), ""},
		{relp("far.example:6514"), ""},
		{with(relp("far.example:6514"), "", all), all},
		{with(relp("quiet.example:6514"), "", all), ""},
		{with(relp("far.example:6514"), "", all, "far.example:6514"), ""},
		{with(relp("127.0.0.1:6514"), "", all), ""},
		{with(relp("127.0.0.1:6514"), own, all), own},
	} {
		if err := test.c.Check(); err != nil {
			t.Errorf("%+v: %v", test.c, err)
			continue
		}
		target := &url.URL{Host: test.c.Address}
		if test.c.URL != "" {
			target, _ = url.Parse(test.c.URL)
		}
		got := ""
		if r := test.c.routeTo(target); r.fault != nil {
			got = r.fault.Error()
		} else if r.proxy != nil {
			got = r.proxy.String()
		}
		if got != test.want {
			t.Errorf("Proxy %q, SharedProxy %q, NoProxy %q, %s%s: got %q, want %q", test.c.Proxy, test.c.SharedProxy, test.c.NoProxy, test.c.URL, test.c.Address, got, test.want)
		}
	}
}

// TestCheckProxies has what may be written, and what not.
func TestCheckProxies(t *testing.T) {
	for text, right := range map[string]bool{
		"http://proxy.example:3128": true, "https://proxy.example": true, "http://[fd00::1]:8080/": true, "none": true, "http://127.0.0.1:3128": true,
		"proxy.example:3128": false, "None": false, "socks5://proxy.example": false, "http://agent:hunter2@proxy.example": false, "http://agent@proxy.example": false,
		"http://": false, "http://:3128": false, "http://proxy.example:": false, "http://proxy.example:0": false, "http://proxy.example/hunter2": false,
		"http://proxy.example?hunter2": false, "http://proxy.example#hunter2": false, "http://a b": false, "http://a\r\nX: y": false, "http://[fe80::1%25en0]:1": false,
	} {
		if err := CheckProxy(text); (err == nil) != right || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("CheckProxy(%q): got %v, want it right: %v", text, err, right)
		}
	}
	for text, right := range map[string]bool{
		"logs.example.com": true, ".example.com": true, "*.example.com": true, "*": true, "10.0.0.0/8": true, "fd00::/8": true, "10.1.2.3": true, "fd00::1": true,
		"logs.example.com:8443": true, "10.1.2.3:443": true, "[fd00::1]:443": true,
		"": false, "a,b": false, "a b": false, "10.0.0.0/33": false, "a:0": false, "a:b": false, "[fd00::1]": false, "*x": false, "http://a": false, "a\n": false, ".": false,
	} {
		if err := CheckNoProxy(text); (err == nil) != right {
			t.Errorf("CheckNoProxy(%q): got %v, want it right: %v", text, err, right)
		}
	}
}

// FuzzProxy holds that what is accepted asks the proxy for one tunnel, to the receiver alone.
func FuzzProxy(f *testing.F) {
	f.Add("http://127.0.0.1:3128", "logs.example.com:6514")
	f.Add("https://[fd00::1]", "[::1]:514")
	f.Add("http://a\r\nX: y", "h:1\r\nX: y")
	f.Add("http://a", "[h]:1")
	f.Fuzz(func(t *testing.T, proxy, address string) {
		c := Config{Type: "relp", Address: address, Proxy: proxy, Timeout: time.Second, ReadTrusted: os.ReadFile}
		if c.Check() != nil || proxy == "" || proxy == Direct {
			return
		}
		r := c.routeTo(&url.URL{Host: address})
		ours, theirs := net.Pipe()
		defer ours.Close()
		host, port, _ := net.SplitHostPort(address)
		address = net.JoinHostPort(host, port)
		asked := make(chan error, 1)
		go func() { asked <- r.askProxy(ours, address); ours.Close() }()
		in := bufio.NewReader(theirs)
		request, err := http.ReadRequest(in)
		if err != nil || request.Method != http.MethodConnect || request.RequestURI != address || len(request.Header) != 1 || in.Buffered() > 0 {
			t.Fatalf("%q, %q: got %+v, %v, want CONNECT to the address alone", proxy, address, request, err)
		}
		if _, err := io.WriteString(theirs, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := <-asked; err != nil {
			t.Errorf("%q, %q: got %v, want a tunnel", proxy, address, err)
		}
	})
}
