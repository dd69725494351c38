package forward

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Bounds of one request.
const (
	defaultTimeout = time.Minute      // from dialling to the end of the answer
	dialTimeout    = 10 * time.Second // name, connection and TLS, each
	headerTimeout  = 30 * time.Second // until the answer begins
	drainTimeout   = 2 * time.Second  // for an answer whose status says all
	idleTimeout    = 90 * time.Second // an unused connection is closed

	maxAnswer       = 1 << 20   // bytes of an answer that is about single alerts
	maxDrain        = 64 << 10  // bytes of any other answer
	maxAnswerHeader = 64 << 10  // bytes
	compressFrom    = 1 << 10   // bytes of documents; less fits into a packet anyway
	keepBuffer      = 256 << 10 // bytes kept between requests
)

// protocol is what the receivers of HTTP differ in.
type protocol struct {
	contentType            string
	scheme                 string      // of the Authorization header, before the token
	header                 http.Header // of every request
	before, between, after string      // around the items in the body
	idempotencyKey         func(items []Item) string
	appendItem             func(b []byte, item *Item) []byte

	// confirm returns what the body of a 2xx answer means. Nothing is delivered that it
	// does not confirm. Without it any 2xx delivers all, whatever the body is.
	confirm func(c *Config, body []byte, items []Item) (Result, error)
	// explains says that confirm also reads why a 4xx answer refuses.
	explains bool
}

// httpSender posts to one receiver.
type httpSender struct {
	c        *Config
	protocol *protocol
	url      string
	route    route
	files    credentials // plain for http, to this machine only
	made     *tls.Config // what client was made for
	client   *http.Client
	body     bytes.Buffer // of the last request
	scratch  []byte       // one item
	gzip     *gzip.Writer
}

// newHTTPSender returns the sender of a configuration without faults. URLs without a path
// get the usual one of their type.
func newHTTPSender(c *Config) *httpSender {
	u, _ := parseURL(c.URL)
	s := &httpSender{c: c, route: c.routeTo(u), files: credentials{c: c, plain: u.Scheme == "http"}}
	if s.files.plain {
		s.route = route{c: c, control: c.onlyLoopback}
	}
	bare, path := u.Path == "" || u.Path == "/", ""
	switch c.Type {
	case "https":
		s.protocol, bare = newNDJSON(), false
	case "elasticsearch": // may be served below a path
		s.protocol, path, bare = newBulk(c.Index), "_bulk", !strings.HasSuffix(u.Path, "/_bulk")
	case "splunk_hec":
		s.protocol, path = newHEC(c.Host), "services/collector/event"
	case "otlp":
		s.protocol, path = newOTLP(c), "v1/logs"
	}
	if bare {
		u = u.JoinPath(path)
	}
	s.url = u.String()
	return s
}

// Changed implements Watcher.
func (s *httpSender) Changed() bool { return s.files.hasChanged() }

// Close implements Sender.
func (s *httpSender) Close() error {
	if s.client != nil {
		s.client.CloseIdleConnections()
	}
	return nil
}

// Send implements Sender.
func (s *httpSender) Send(ctx context.Context, items []Item) Result {
	if r, unfit := s.c.refuseUnfit(items); unfit || len(items) == 0 {
		return r
	}
	if fault := s.files.refresh(); fault != nil {
		return uniformResult(len(items), Retry, fault)
	}
	s.ensureClient()
	secret := s.files.secret
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	request, err := s.newRequest(ctx, secret, items)
	if err != nil {
		return uniformResult(len(items), Retry, s.c.newError(KindUnconfigured, err, printableLine(err.Error())))
	}
	a, err := s.roundTrip(request, cancel)
	if err != nil {
		return uniformResult(len(items), Retry, s.diagnoseEnd(ctx, s.c.classifyError(err)))
	}
	r := s.c.judgeAnswer(s.protocol, a, items, time.Now())
	if r.Err != nil && a.status == http.StatusUnsupportedMediaType && request.Header.Get("Content-Encoding") != "" {
		r.Err.Text += ": if it can't read gzip, set Compression to none"
	}
	r.redactSecret(secret)
	return r
}

// redactSecret takes the secret out of texts, for receivers that repeat what they were sent.
func (r *Result) redactSecret(secret secret) {
	if r.Err == nil {
		return
	}
	var pairs []string
	for _, text := range secret.hidden {
		quoted := strconv.Quote(text)
		pairs = append(pairs, text, "[token]", quoted[1:len(quoted)-1], "[token]")
	}
	replacer := strings.NewReplacer(pairs...)
	r.Err.Text = replacer.Replace(r.Err.Text)
	for i := range r.Reasons {
		r.Reasons[i] = replacer.Replace(r.Reasons[i])
	}
}

// newRequest makes the request that carries the items.
func (s *httpSender) newRequest(ctx context.Context, secret secret, items []Item) (*http.Request, error) {
	packed, err := s.encodeBody(items)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(s.body.Bytes()))
	if err != nil {
		return nil, err
	}
	h := request.Header
	h.Set("User-Agent", userAgent(s.c.Version))
	for name, value := range s.c.Headers {
		h.Set(name, value)
	}
	for name, values := range s.protocol.header {
		h[name] = values
	}
	h.Set("Content-Type", s.protocol.contentType)
	if packed {
		h.Set("Content-Encoding", "gzip")
	}
	if secret.sent != "" {
		h.Set("Authorization", cmp.Or(secret.scheme, s.protocol.scheme)+" "+secret.sent)
	}
	// Present and empty it is not sent, and makes net/http repeat the request when a kept
	// connection turns out to be closed.
	h["Idempotency-Key"] = nil
	if s.protocol.idempotencyKey != nil {
		h.Set("Idempotency-Key", s.protocol.idempotencyKey(items))
	}
	return request, nil
}

func userAgent(version string) string {
	if !headerText(version) {
		return "hooksnare"
	}
	return "hooksnare/" + version
}

// encodeBody makes the body of a request, which is valid until the next one, and says whether it
// is compressed.
func (s *httpSender) encodeBody(items []Item) (packed bool, err error) {
	if s.body.Cap() > keepBuffer && len(items) == 1 {
		s.body, s.scratch, s.gzip = bytes.Buffer{}, nil, nil // the backlog is empty
	}
	size := 0
	for i := range items {
		size += len(items[i].Document)
	}
	s.body.Reset()
	var out io.Writer = &s.body
	if packed = size > compressFrom && s.c.Compression != "none"; packed {
		if s.gzip == nil {
			s.gzip, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed)
		}
		s.gzip.Reset(&s.body)
		out = s.gzip
	}
	before := s.protocol.before
	for i := range items {
		s.scratch = s.protocol.appendItem(append(s.scratch[:0], before...), &items[i])
		if before = s.protocol.between; i == len(items)-1 {
			s.scratch = append(s.scratch, s.protocol.after...)
		}
		if _, err := out.Write(s.scratch); err != nil {
			return false, err
		}
	}
	if packed {
		err = s.gzip.Close()
	}
	return packed, err
}

// roundTrip sends the request and reads as much of the answer as counts.
func (s *httpSender) roundTrip(request *http.Request, cancel context.CancelFunc) (*answer, error) {
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, header: response.Header}
	most := int64(maxAnswer)
	if a.status/100 != 2 || s.protocol.confirm == nil {
		most = maxDrain
		defer time.AfterFunc(drainTimeout, cancel).Stop()
	}
	a.body, err = io.ReadAll(io.LimitReader(response.Body, most+1))
	a.cut = err != nil || int64(len(a.body)) > most
	return a, nil
}

// ensureClient makes a client, or another one when a file of TLS changed.
func (s *httpSender) ensureClient() {
	made := s.files.tls
	if s.client != nil && made == s.made {
		return
	}
	_ = s.Close()
	transport := &http.Transport{
		TLSClientConfig:        made,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  min(headerTimeout, s.c.Timeout),
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    1,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true, // an answer that unpacks to gigabytes is not unpacked
		Protocols:              new(http.Protocols),
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return s.dial(ctx, address, made)
		},
	}
	// There is one request at a time, so HTTP/2 would add nothing but connections that die
	// silently, and hide why a handshake failed.
	transport.Protocols.SetHTTP1(true)
	s.made = made
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dial returns no connection that is a typed nil.
func (s *httpSender) dial(ctx context.Context, address string, made *tls.Config) (net.Conn, error) {
	conn, err := s.route.dial(ctx, address, made)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// diagnoseEnd connects again to learn why a connection ended without an answer. With TLS 1.3 a
// receiver that wants another certificate of us says so after the handshake, and that it
// closed the connection may be noticed first.
func (s *httpSender) diagnoseEnd(ctx context.Context, failed *Error) *Error {
	ended := errors.Is(failed, syscall.ECONNRESET) || errors.Is(failed, syscall.EPIPE) || errors.Is(failed, io.EOF) || errors.Is(failed, net.ErrClosed)
	u, err := url.Parse(s.url)
	if s.files.plain || !ended || err != nil {
		return failed
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	raw, err := s.route.dial(ctx, net.JoinHostPort(u.Hostname(), port), s.made)
	if err != nil {
		return failed
	}
	defer raw.Close()
	made := s.made.Clone()
	made.ServerName = u.Hostname()
	conn := tls.Client(raw, made)
	if err = conn.HandshakeContext(ctx); err == nil {
		_ = conn.SetReadDeadline(time.Now().Add(drainTimeout / 2))
		_, err = conn.Read(make([]byte, 1))
	}
	if err == nil {
		return failed
	}
	if again := s.c.classifyError(err); again.Kind != KindNetwork {
		return again
	}
	return failed
}

// onlyLoopback keeps plain http on this machine, whatever the name was resolved to.
func (c *Config) onlyLoopback(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Unmap().IsLoopback() {
		return c.newError(KindPlain, nil, "plain http goes to this machine only, and the name is "+quoteText(address)+": use https")
	}
	return nil
}
