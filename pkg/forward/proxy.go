package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Direct is the Proxy of a receiver that is reached without one, whatever others say.
const Direct = "none"

// parseProxy returns the address of a proxy, nil for none. The error does not repeat the text: it may
// hold a secret.
func parseProxy(s string) (*url.URL, error) {
	if s == "" || s == Direct {
		return nil, nil
	}
	u, err := url.Parse(s)
	switch {
	case len(s) > maxURL:
		return nil, fmt.Errorf("expected at most %d bytes, found %d", maxURL, len(s))
	case err == nil && u.User != nil:
		return nil, errors.New("holds a user or password, which everybody could read here: name a proxy that asks for none, or one on this Mac that logs in to the other, such as http://127.0.0.1:3128")
	case err != nil || !isProxy(u) || strings.ContainsAny(s, "?#"):
		return nil, errors.New("expected http://host:port or https://host:port of a proxy, or none")
	}
	return u, nil
}

// isProxy says whether a URL names a proxy and nothing else.
func isProxy(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && validHost(u.Hostname()) && !strings.HasSuffix(u.Host, ":") &&
		(u.Port() == "" || validPort(u.Port())) && strings.Trim(u.Path, "/") == ""
}

// CheckProxy reports why a text is not a Proxy.
func CheckProxy(s string) error {
	_, err := parseProxy(s)
	return err
}

// CheckNoProxy reports why a text is not an element of NoProxy.
func CheckNoProxy(s string) error {
	if _, err := netip.ParsePrefix(s); err == nil || s == "*" {
		return nil
	}
	host := s
	if h, port, err := net.SplitHostPort(s); err == nil && validPort(port) {
		host = h
	}
	if !validHost(strings.TrimPrefix(strings.TrimPrefix(host, "*."), ".")) {
		return fmt.Errorf("expected a host, a .domain or an address, each with or without :port, or a network such as 10.0.0.0/8, found %s", quoteText(s))
	}
	return nil
}

// checkProxies adds what is wrong with the proxies.
func (c *Config) checkProxies(f *Faults) {
	for member, text := range map[string]string{"Proxy": c.Proxy, "SharedProxy": c.SharedProxy} {
		if err := CheckProxy(text); err != nil {
			f.addFault(member, "%v", err)
		}
	}
	if u, _ := parseURL(c.URL); u != nil && u.Scheme == "http" && c.Proxy != "" && c.Proxy != Direct {
		f.addFault("Proxy", "does not apply to plain http, which does not leave this machine: take it out")
	}
	for _, element := range c.NoProxy {
		if err := CheckNoProxy(element); err != nil {
			f.addFault("NoProxy", "%v", err)
		}
	}
}

// route is the way to a receiver: directly, or through a proxy.
type route struct {
	c       *Config
	proxy   *url.URL // nil: directly
	fault   *Error   // why there is no way
	control func(network, address string, _ syscall.RawConn) error
}

// routeTo returns the way to a receiver. Its own proxy always counts; that of all receivers, and the
// environment's, not for an address of this machine or one that NoProxy names. What is not HTTP has
// never been a matter of the environment.
func (c *Config) routeTo(receiver *url.URL) route {
	r := route{c: c}
	if c.Proxy != "" {
		r.proxy, _ = parseProxy(c.Proxy) // which Check accepts
		return r
	}
	all := httpproxy.FromEnvironment()
	if c.URL == "" {
		all.HTTPSProxy = ""
	}
	if c.SharedProxy != "" {
		all.HTTPSProxy = strings.TrimPrefix(c.SharedProxy, Direct)
	}
	if c.NoProxy != nil {
		all.NoProxy = strings.Join(c.NoProxy, ",")
	}
	proxy, err := all.ProxyFunc()(&url.URL{Scheme: "https", Host: receiver.Host})
	if err != nil || proxy != nil && !isProxy(proxy) {
		r.fault = c.newError(KindUnconfigured, nil, "HTTPS_PROXY of the environment: expected http://host:port or https://host:port of a proxy")
	}
	r.proxy = proxy
	return r
}

// dial connects to an address of the receiver. authorities is the TLS configuration of the receiver,
// whose authorities a proxy's certificate is verified by, too.
func (r *route) dial(ctx context.Context, address string, authorities *tls.Config) (*rawConn, error) {
	if r.fault != nil {
		return nil, r.fault
	}
	most := min(dialTimeout, r.c.Timeout)
	if r.proxy != nil {
		most = min(most, r.c.Timeout/2) // what is late is the proxy, and not the request that waits for it
	}
	tcp := net.Dialer{Timeout: most, KeepAlive: 30 * time.Second, Control: r.control}
	if r.proxy == nil {
		conn, err := tcp.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return newRawConn(conn), nil
	}
	conn, err := tcp.DialContext(ctx, "tcp", proxyAddress(r.proxy))
	if err != nil {
		return nil, r.proxyError(err)
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	raw := newRawConn(conn)
	if err := r.openTunnel(ctx, raw, address, authorities); err != nil {
		_ = conn.Close()
		return nil, r.proxyError(err)
	}
	return raw, nil
}

// proxyAddress returns host:port.
func proxyAddress(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[proxy.Scheme]
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}

// openTunnel has the proxy connect to an address.
func (r *route) openTunnel(ctx context.Context, raw *rawConn, address string, authorities *tls.Config) error {
	if r.proxy.Scheme == "https" {
		secured := tls.Client(raw.Conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: r.proxy.Hostname(), RootCAs: authorities.RootCAs})
		if err := secured.HandshakeContext(ctx); err != nil {
			return err
		}
		raw.Conn = secured
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	err := r.askProxy(raw.Conn, address)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	return err
}

// askProxy asks for a tunnel, and reads the answer.
func (r *route) askProxy(conn net.Conn, address string) error {
	if host, port, err := net.SplitHostPort(address); err == nil {
		address = net.JoinHostPort(host, port) // a name in brackets is none in HTTP
	}
	request := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: " + userAgent(r.c.Version) + "\r\n"
	if user := r.proxy.User; user != nil { // the environment may name one
		password, _ := user.Password()
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		return err
	}
	in := bufio.NewReader(io.LimitReader(conn, maxAnswerHeader))
	response, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusOK && in.Buffered() > 0:
		return r.refusal(KindAnswer, "sends data before the receiver was asked for any")
	case response.StatusCode == http.StatusOK:
		return nil
	}
	return r.refusedBy(response.StatusCode)
}

// refusedBy says why a proxy does not connect. What the receiver or the network may be the cause of
// passes by itself.
func (r *route) refusedBy(status int) *Error {
	text := strings.TrimSpace(fmt.Sprintf("answered %d %s", status, http.StatusText(status)))
	switch {
	case status == http.StatusProxyAuthRequired:
		return r.refusal(KindDenied, "wants a user and password (407), which can't be configured: have it admit this Mac without, or name one on this Mac that logs in to it")
	case status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests:
		return r.refusal(KindDenied, text+": have it allow CONNECT to the receiver, or set Proxy to none for this output")
	}
	return r.refusal(KindNetwork, text+" when it was to connect to the receiver")
}

func (r *route) refusal(kind Kind, text string) *Error {
	return r.c.newError(kind, nil, "the proxy "+quoteText(r.proxy.Host)+" "+text)
}

// proxyError says that it is the proxy that can't be used.
func (r *route) proxyError(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	kind, text := describeError(err)
	return r.c.newError(kind, err, "the proxy "+quoteText(r.proxy.Host)+": "+text)
}
