package forward

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a receiver can ask for: an hour is long enough to recover in, and
// too short to switch alerts off.
const maxRetryAfter = time.Hour

// statusKinds are the statuses of HTTP that mean something else than their class does.
var statusKinds = map[int]Kind{
	http.StatusUnauthorized: KindDenied, http.StatusForbidden: KindDenied, http.StatusProxyAuthRequired: KindDenied,
	http.StatusRequestTimeout: KindBusy, http.StatusTooEarly: KindBusy,
	http.StatusTooManyRequests: KindThrottled, http.StatusRequestEntityTooLarge: KindTooLarge,
}

// statusKind returns what a status of HTTP means, KindNone for success.
func statusKind(status int) Kind {
	if kind, ok := statusKinds[status]; ok {
		return kind
	}
	switch status / 100 {
	case 2:
		return KindNone
	case 3:
		return KindRedirect
	case 4:
		return KindRefused
	case 5:
		return KindBusy
	}
	return KindAnswer
}

// answer is what came back, already bounded.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the body is longer, or broke off
}

// judgeAnswer returns what an answer means for the items that were sent: what its body says, where
// that counts, or its status.
func (c *Config) judgeAnswer(p *protocol, a *answer, items []Item, now time.Time) (r Result) {
	kind := statusKind(a.status)
	reads := p.confirm != nil && (kind == KindNone || kind == KindRefused && p.explains)
	err := errors.New("it is cut, or too long")
	if reads && !a.cut {
		r, err = p.confirm(c, a.body, items)
	}
	switch {
	case kind == KindNone && !reads:
		return uniformResult(len(items), Delivered, nil)
	case kind == KindNone && err != nil:
		r = uniformResult(len(items), Retry, c.answerError(KindAnswer, printableLine(err.Error())))
	case kind != KindNone && (err != nil || r.Err == nil):
		r = wholeResult(len(items), c.answerError(kind, a.String()))
	}
	if r.Err != nil {
		r.RetryAfter = retryAfter(a.header, now)
	}
	return r
}

// String repeats the answer, bounded and quoted. Of a redirect it has the target without the
// path, which may be a secret, as the body may.
func (a *answer) String() string {
	text := strings.TrimSpace(strconv.Itoa(a.status) + " " + http.StatusText(a.status))
	if a.status/100 == 3 {
		if u, err := url.Parse(a.header.Get("Location")); err == nil && u.Host != "" {
			text += " to " + quoteText(u.Scheme+"://"+u.Host)
		}
		return text
	}
	if body := bytes.TrimSpace(a.body[:min(len(a.body), 4*maxQuoted)]); len(body) > 0 {
		text += ", " + quoteText(string(body))
	}
	return text
}

// retryAfter returns what the header asks for, in either of its forms, and 0 when it is
// absent or makes no sense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
