package forward

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
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
)

// Bounds of one request.
const (
	defaultTimeout = time.Minute      // from dialling to the end of the answer
	dialTimeout    = 10 * time.Second // name, connection and TLS, each
	headerTimeout  = 30 * time.Second // until the answer begins
	drainTimeout   = 2 * time.Second  // for an answer whose status says all
	idleTimeout    = 90 * time.Second // an unused connection is closed

	maxAnswer       = 1 << 20   // bytes of an answer that tells of single alerts
	maxDrain        = 64 << 10  // bytes of any other answer
	maxAnswerHeader = 64 << 10  // bytes
	compressFrom    = 1 << 10   // bytes of documents; less fits into a packet anyway
	keepBuffer      = 256 << 10 // bytes kept between requests
)

// httpSender posts to one receiver; its dialect makes the body and reads the answer.
type httpSender struct {
	c       *Config
	dialect dialect
	url     string
	plain   bool // http, to this machine only
	token   token
	tls     *tlsFiles
	made    *tls.Config // what client was made for
	client  *http.Client
	packed  bytes.Buffer
	scratch []byte
	gzip    *gzip.Writer
}

// dialect is how one kind of receiver is spoken to.
type dialect interface {
	// prepare sets the headers of a request that carries the items.
	prepare(h http.Header, token string, items []Item)
	// frame returns what stands before, between and behind the items in the body.
	frame() (before, between, behind string)
	// appendItem appends what stands for one item in the body.
	appendItem(b []byte, item *Item) []byte
	// read tells what a 2xx answer means. Nothing is delivered that it does not confirm.
	read(c *Config, a *answer, items []Item) Result
	// refused tells what a 4xx answer means where its body knows more than its status.
	refused(c *Config, a *answer, items []Item) (Result, bool)
	// silent says that the body of a 2xx answer means nothing.
	silent() bool
}

// answer is what came back, already bounded.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the body is longer, or broke off
}

// Changed implements Watcher.
func (s *httpSender) Changed() bool {
	return s.token.file.changed() || !s.plain && s.tls.changed()
}

// Close implements Sender.
func (s *httpSender) Close() error {
	if s.client != nil {
		s.client.CloseIdleConnections()
	}
	return nil
}

// Send implements Sender.
func (s *httpSender) Send(ctx context.Context, items []Item) Result {
	for i := range items {
		if !oneLine(items[i].Document) {
			return s.sendFit(ctx, items)
		}
	}
	return s.send(ctx, items)
}

// sendFit sends only what can be framed, and refuses the rest itself.
func (s *httpSender) sendFit(ctx context.Context, items []Item) Result {
	var fit []Item
	for _, item := range items {
		if oneLine(item.Document) {
			fit = append(fit, item)
		}
	}
	bad := s.c.fail(KindRefused, nil, "not sent: the document is not a JSON object on one line")
	sent := Result{Err: bad}
	if len(fit) > 0 {
		sent = s.send(ctx, fit)
	}
	r := Result{Outcomes: make([]Outcome, len(items)), Reasons: make([]string, len(items)), Err: sent.Err, RetryAfter: sent.RetryAfter}
	if r.Err == nil {
		r.Err = bad
	}
	next := 0
	for i, item := range items {
		if !oneLine(item.Document) {
			r.Outcomes[i], r.Reasons[i] = Refused, bad.Text
			continue
		}
		r.Outcomes[i], r.Reasons[i] = sent.Outcomes[next], sent.reason(next)
		next++
	}
	return r
}

// oneLine says whether the document can be framed by line breaks and braces.
func oneLine(doc []byte) bool {
	return len(doc) >= 2 && doc[0] == '{' && doc[len(doc)-1] == '}' && bytes.IndexByte(doc, '\n') < 0
}

// reason returns why item i was refused.
func (r *Result) reason(i int) string {
	if i < len(r.Reasons) && r.Reasons[i] != "" {
		return r.Reasons[i]
	}
	if r.Err != nil {
		return r.Err.Text
	}
	return ""
}

func (s *httpSender) send(ctx context.Context, items []Item) Result {
	word, err := s.token.current(s.c)
	if err == nil {
		err = s.connect()
	}
	if err != nil {
		return all(len(items), Retry, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	request, plain := s.request(ctx, word, items)
	if plain != nil {
		return all(len(items), Retry, s.c.fail(KindUnconfigured, plain, line(plain.Error())))
	}
	a, failed := s.roundTrip(request, cancel)
	if failed != nil {
		return all(len(items), Retry, s.diagnose(ctx, s.c.classify(failed)))
	}
	r := judge(s.c, s.dialect, a, items, time.Now())
	r.hide(word)
	return r
}

// hide takes the token out of texts, for receivers that repeat what they were sent.
func (r *Result) hide(word string) {
	if word == "" || r.Err == nil {
		return
	}
	r.Err.Text = strings.ReplaceAll(r.Err.Text, word, "[token]")
	for i := range r.Reasons {
		r.Reasons[i] = strings.ReplaceAll(r.Reasons[i], word, "[token]")
	}
}

// request makes the request that carries the items.
func (s *httpSender) request(ctx context.Context, word string, items []Item) (*http.Request, error) {
	body, packed, err := s.body(items)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	h := request.Header
	h.Set("User-Agent", userAgent(s.c.Version))
	for name, value := range s.c.Headers {
		h.Set(name, value)
	}
	// Present and empty it is not sent, and tells net/http that the request may be
	// repeated when a kept connection turns out to be closed.
	h["Idempotency-Key"] = nil
	s.dialect.prepare(h, word, items)
	if packed {
		h.Set("Content-Encoding", "gzip")
	}
	return request, nil
}

func userAgent(version string) string {
	if !headerText(version) {
		return "hooksnare"
	}
	return "hooksnare/" + version
}

// body returns the body of a request. It is good until the next one.
func (s *httpSender) body(items []Item) (body []byte, packed bool, err error) {
	if s.packed.Cap() > keepBuffer && len(items) == 1 {
		s.packed, s.scratch, s.gzip = bytes.Buffer{}, nil, nil // the rush is over
	}
	size := 0
	for i := range items {
		size += len(items[i].Document)
	}
	s.packed.Reset()
	var out io.Writer = &s.packed
	if packed = size > compressFrom; packed {
		if s.gzip == nil {
			s.gzip, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed)
		}
		s.gzip.Reset(&s.packed)
		out = s.gzip
	}
	before, between, behind := s.dialect.frame()
	for i := range items {
		s.scratch = append(s.scratch[:0], before...)
		s.scratch = s.dialect.appendItem(s.scratch, &items[i])
		if before = between; i == len(items)-1 {
			s.scratch = append(s.scratch, behind...)
		}
		if _, err := out.Write(s.scratch); err != nil {
			return nil, false, err
		}
	}
	if packed {
		err = s.gzip.Close()
	}
	return s.packed.Bytes(), packed, err
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
	if a.status/100 != 2 || s.dialect.silent() {
		most = maxDrain
		defer time.AfterFunc(drainTimeout, cancel).Stop()
	}
	a.body, err = io.ReadAll(io.LimitReader(response.Body, most+1))
	a.cut = err != nil || int64(len(a.body)) > most
	return a, nil
}

// connect makes a client, or another one when a file of TLS changed.
func (s *httpSender) connect() *Error {
	var made *tls.Config
	if !s.plain {
		var err *Error
		if made, err = s.tls.config(); err != nil {
			return err
		}
	}
	if s.client != nil && made == s.made {
		return nil
	}
	if s.client != nil {
		s.client.CloseIdleConnections()
	}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		TLSClientConfig:        made,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  min(headerTimeout, s.c.Timeout),
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    1,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true, // an answer that unpacks to gigabytes is not unpacked
		Protocols:              new(http.Protocols),
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: s.proxied,
	}
	// There is one request at a time, so HTTP/2 would add nothing but connections that die
	// silently, and hide why a handshake failed.
	transport.Protocols.SetHTTP1(true)
	if s.plain {
		transport.Proxy = nil
		dialer.Control = s.c.onlyLoopback
	}
	transport.DialContext = dialer.DialContext
	s.made = made
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return nil
}

// diagnose asks again why a connection ended without an answer. With TLS 1.3 a receiver
// that wants another certificate of us says so behind the handshake, and its closing the
// connection may be noticed first.
func (s *httpSender) diagnose(ctx context.Context, failed *Error) *Error {
	ended := errors.Is(failed, syscall.ECONNRESET) || errors.Is(failed, syscall.EPIPE) || errors.Is(failed, io.EOF) || errors.Is(failed, net.ErrClosed)
	u, err := url.Parse(s.url)
	if s.plain || !ended || err != nil {
		return failed
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); proxy != nil || err != nil {
		return failed
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	dialer := tls.Dialer{Config: s.made}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err == nil {
		_ = conn.SetReadDeadline(time.Now().Add(drainTimeout / 2))
		_, err = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
	if err == nil {
		return failed
	}
	if again := s.c.classify(err); again.Kind != KindNetwork {
		return again
	}
	return failed
}

// proxied names the proxy as the one who refused.
func (s *httpSender) proxied(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	switch status := response.StatusCode; {
	case status == http.StatusOK:
		return nil
	case status == http.StatusProxyAuthRequired:
		return s.c.fail(KindDenied, nil, "the proxy wants a user and password (407)")
	default:
		return s.c.fail(KindNetwork, nil, fmt.Sprintf("the proxy answered %d", status))
	}
}

// onlyLoopback keeps plain http on this machine, whatever the name was resolved to.
func (c *Config) onlyLoopback(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Unmap().IsLoopback() {
		return c.fail(KindPlain, nil, "plain http goes to this machine only, and the name is "+quote(address)+": use https")
	}
	return nil
}
