package forward

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a receiver can ask for: an hour is long enough to recover
// in, and short enough not to be how alerts are switched off.
const maxRetryAfter = time.Hour

// judge tells what an answer means for the items that were sent.
func judge(c *Config, d dialect, a *answer, items []Item, now time.Time) Result {
	var r Result
	switch a.status / 100 {
	case 2:
		r = d.read(c, a, items)
	case 3:
		r = all(len(items), Retry, c.fail(KindRedirect, nil, redirected(a)))
	case 4:
		r = ofClient(c, d, a, items)
	case 5:
		r = all(len(items), Retry, c.fail(KindBusy, nil, "answered "+said(a)))
	default:
		r = all(len(items), Retry, c.fail(KindAnswer, nil, fmt.Sprintf("answered with status %d, which is none", a.status)))
	}
	if r.Err != nil && r.RetryAfter == 0 {
		r.RetryAfter = retryAfter(a.header, now)
	}
	return r
}

// ofClient tells what a 4xx means.
func ofClient(c *Config, d dialect, a *answer, items []Item) Result {
	n := len(items)
	switch a.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return all(n, Retry, c.fail(KindDenied, nil, "does not let us in: "+said(a)+": look at TokenFile and what its token may do"))
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return all(n, Retry, c.fail(KindBusy, nil, "answered "+said(a)))
	case http.StatusTooManyRequests:
		return all(n, Retry, c.fail(KindThrottled, nil, "takes no more for now: "+said(a)))
	case http.StatusRequestEntityTooLarge:
		return one(n, c.fail(KindTooLarge, nil, "too large: "+said(a)))
	}
	if r, ok := d.refused(c, a, items); ok {
		return r
	}
	return one(n, c.fail(KindRefused, nil, "refused: "+said(a)))
}

// one returns the result of a request that was refused as a whole: only when one item
// was in it, it is known which one was meant.
func one(n int, err *Error) Result {
	if n == 1 {
		return all(n, Refused, err)
	}
	return all(n, Retry, err)
}

// said repeats an answer, bounded.
func said(a *answer) string {
	text := strconv.Itoa(a.status)
	if name := http.StatusText(a.status); name != "" {
		text += " " + name
	}
	if body := strings.TrimSpace(string(a.body[:min(len(a.body), 4*maxQuoted)])); body != "" {
		text += ", " + quote(body)
	}
	return text
}

// redirected tells where a redirect would have gone, without the path: it may hold a
// secret.
func redirected(a *answer) string {
	text := fmt.Sprintf("redirects (%d)", a.status)
	if u, err := url.Parse(a.header.Get("Location")); err == nil && u.Host != "" {
		text += " to " + quote(u.Scheme+"://"+u.Host)
	}
	return text + ", which is not followed: put the final address into URL"
}

// retryAfter returns what the header asks for, in either of its forms, and 0 when it is
// absent or makes no sense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
