package forward

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func protocolOf(kind string) *protocol {
	switch kind {
	case "elasticsearch":
		return newBulk(DefaultIndex)
	case "splunk_hec":
		return newHEC("mac-1")
	case "otlp":
		return newOTLP(&Config{})
	}
	return newNDJSON()
}

// TestAnswers has two items sent, with the ids a and b.
func TestAnswers(t *testing.T) {
	const d, r, x = Delivered, Retry, Refused
	items := []Item{{Sequence: 1, ID: "a", Update: 1, Document: []byte("{}")}, {Sequence: 2, ID: "b", Update: 1, Document: []byte("{}")}}
	created := func(id string, status int) string {
		return fmt.Sprintf(`{"create":{"_index":"x","_id":%q,"status":%d}}`, id, status)
	}
	bulk := func(faults bool, items ...string) string {
		return fmt.Sprintf(`{"took":3,"errors":%v,"items":[%s]}`, faults, strings.Join(items, ","))
	}
	tests := []struct {
		kind, name string
		status     int
		body       string
		want       []Outcome
		why        Kind
	}{
		{"https", "ok", 200, "", []Outcome{d, d}, KindNone},
		{"https", "accepted, whatever it says", 202, "<html>", []Outcome{d, d}, KindNone},
		{"https", "no content", 204, "", []Outcome{d, d}, KindNone},
		{"https", "bad request", 400, "", []Outcome{r, r}, KindRefused},
		{"https", "gone", 410, "", []Outcome{r, r}, KindRefused},
		{"https", "too large", 413, "", []Outcome{r, r}, KindTooLarge},
		{"https", "no token", 401, "", []Outcome{r, r}, KindDenied},
		{"https", "wrong token", 403, "", []Outcome{r, r}, KindDenied},
		{"https", "proxy", 407, "", []Outcome{r, r}, KindDenied},
		{"https", "slow", 408, "", []Outcome{r, r}, KindBusy},
		{"https", "early", 425, "", []Outcome{r, r}, KindBusy},
		{"https", "many", 429, "", []Outcome{r, r}, KindThrottled},
		{"https", "error", 500, "", []Outcome{r, r}, KindBusy},
		{"https", "storage", 507, "", []Outcome{r, r}, KindBusy},
		{"https", "moved", 302, "", []Outcome{r, r}, KindRedirect},
		{"https", "no status", 700, "", []Outcome{r, r}, KindAnswer},
		{"https", "informational", 101, "", []Outcome{r, r}, KindAnswer},

		{"elasticsearch", "created", 200, bulk(false, created("a", 201), created("b", 201)), []Outcome{d, d}, KindNone},
		{"elasticsearch", "there already", 200, bulk(true, created("a", 409), created("b", 201)), []Outcome{d, d}, KindNone},
		{"elasticsearch", "one is wrong", 200, bulk(true, created("a", 400), created("b", 201)), []Outcome{x, d}, KindRefused},
		{"elasticsearch", "one is wrong, one waits", 200, bulk(true, created("a", 400), created("b", 429)), []Outcome{x, r}, KindThrottled},
		{"elasticsearch", "one is too large", 200, bulk(true, created("a", 413), created("b", 201)), []Outcome{x, d}, KindRefused},
		{"elasticsearch", "no right", 200, bulk(true, created("a", 403), created("b", 201)), []Outcome{r, d}, KindDenied},
		{"elasticsearch", "odd status", 200, bulk(true, created("a", 302), created("b", 201)), []Outcome{r, d}, KindAnswer},
		{"elasticsearch", "errors is a lie", 200, bulk(false, created("a", 400), created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "errors is a lie the other way", 200, bulk(true, created("a", 201), created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "fewer", 200, bulk(false, created("a", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "none", 200, bulk(false), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "more", 200, bulk(false, created("a", 201), created("b", 201), created("c", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "other order", 200, bulk(false, created("b", 201), created("a", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "other id", 200, bulk(false, created("a", 201), created("c", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "other operation", 200, bulk(false, `{"index":{"_id":"a","status":201}}`, created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "two operations", 200, bulk(false, `{"create":{"_id":"a","status":201},"create":{"_id":"a","status":201}}`, created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "two statuses", 200, bulk(false, `{"create":{"_id":"a","status":201,"status":201}}`, created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "empty item", 200, bulk(false, `{}`, created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "no status", 200, bulk(false, `{"create":{"_id":"a"}}`, created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "status is text", 200, bulk(false, `{"create":{"_id":"a","status":"201"}}`, created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "status is a fraction", 200, bulk(false, `{"create":{"_id":"a","status":201.0}}`, created("b", 201)), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "no errors", 200, `{"items":[` + created("a", 201) + `,` + created("b", 201) + `]}`, []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "errors twice", 200, `{"errors":true,"errors":false,"items":[` + created("a", 201) + `,` + created("b", 201) + `]}`, []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "something behind it", 200, bulk(false, created("a", 201), created("b", 201)) + "{}", []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "empty", 200, "", []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "null", 200, "null", []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "array", 200, "[]", []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "deep", 200, strings.Repeat("[", 100_000), []Outcome{r, r}, KindAnswer},
		{"elasticsearch", "no content", 204, "", []Outcome{r, r}, KindAnswer},

		{"splunk_hec", "success", 200, `{"text":"Success","code":0}`, []Outcome{d, d}, KindNone},
		{"splunk_hec", "success, to be acknowledged", 200, `{"text":"Success","code":0,"ackId":7}`, []Outcome{d, d}, KindNone},
		{"splunk_hec", "busy in a 200", 200, `{"text":"Server is busy","code":9}`, []Outcome{r, r}, KindBusy},
		{"splunk_hec", "no code", 200, `{"text":"Success"}`, []Outcome{r, r}, KindAnswer},
		{"splunk_hec", "code is text", 200, `{"text":"Success","code":"0"}`, []Outcome{r, r}, KindAnswer},
		{"splunk_hec", "two codes", 200, `{"code":9,"code":0}`, []Outcome{r, r}, KindAnswer},
		{"splunk_hec", "negative code", 200, `{"code":-1}`, []Outcome{r, r}, KindAnswer},
		{"splunk_hec", "healthy is not received", 200, `{"text":"HEC is healthy","code":17}`, []Outcome{r, r}, KindAnswer},
		{"splunk_hec", "empty", 200, ``, []Outcome{r, r}, KindAnswer},
		{"splunk_hec", "page", 200, `<html>`, []Outcome{r, r}, KindAnswer},
		{"splunk_hec", "invalid event", 400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`, []Outcome{r, x}, KindRefused},
		{"splunk_hec", "invalid event, another one", 400, `{"text":"Invalid data format","code":6,"invalid-event-number":2}`, []Outcome{r, r}, KindRefused},
		{"splunk_hec", "invalid event, not said which", 400, `{"text":"Event field is required","code":12}`, []Outcome{r, r}, KindRefused},
		{"splunk_hec", "wrong index", 400, `{"text":"Incorrect index","code":7}`, []Outcome{r, r}, KindDenied},
		{"splunk_hec", "invalid token", 400, `{"text":"Invalid token","code":4}`, []Outcome{r, r}, KindDenied},
		{"splunk_hec", "success with 400", 400, `{"text":"Success","code":0}`, []Outcome{r, r}, KindRefused},
		{"splunk_hec", "page with 404", 404, `<html>`, []Outcome{r, r}, KindRefused},
		{"splunk_hec", "busy", 503, `{"text":"Server is busy","code":9}`, []Outcome{r, r}, KindBusy},
		{"splunk_hec", "token", 403, `{"text":"Invalid token","code":4}`, []Outcome{r, r}, KindDenied},

		{"otlp", "empty message", 200, "{}", []Outcome{d, d}, KindNone},
		{"otlp", "empty body", 200, "", []Outcome{d, d}, KindNone},
		{"otlp", "nothing rejected", 200, `{"partialSuccess":{"rejectedLogRecords":"0","errorMessage":"deprecated"}}`, []Outcome{d, d}, KindNone},
		{"otlp", "one rejected", 200, `{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"no"}}`, []Outcome{x, x}, KindRefused},
		{"otlp", "all rejected, a number", 200, `{"partialSuccess":{"rejectedLogRecords":2}}`, []Outcome{x, x}, KindRefused},
		{"otlp", "original names", 200, `{"partial_success":{"rejected_log_records":2}}`, []Outcome{x, x}, KindRefused},
		{"otlp", "more rejected than sent", 200, `{"partialSuccess":{"rejectedLogRecords":"3"}}`, []Outcome{r, r}, KindAnswer},
		{"otlp", "less than none", 200, `{"partialSuccess":{"rejectedLogRecords":"-1"}}`, []Outcome{r, r}, KindAnswer},
		{"otlp", "twice", 200, `{"partialSuccess":{"rejectedLogRecords":"1"},"partialSuccess":{}}`, []Outcome{r, r}, KindAnswer},
		{"otlp", "page", 200, `<html>`, []Outcome{r, r}, KindAnswer},
		{"otlp", "array", 200, `[]`, []Outcome{r, r}, KindAnswer},
		{"otlp", "invalid", 400, `{"code":3,"message":"invalid"}`, []Outcome{r, r}, KindRefused},
	}
	for _, test := range tests {
		t.Run(test.kind+" "+test.name, func(t *testing.T) {
			c := &Config{Name: "collector"}
			a := &answer{status: test.status, header: http.Header{}, body: []byte(test.body)}
			got := c.judgeAnswer(protocolOf(test.kind), a, items, time.Now())
			if kind := kindOf(got); !slices.Equal(got.Outcomes, test.want) || kind != test.why {
				t.Errorf("%d %s: got %v, %v, want %v, %v", test.status, test.body, got.Outcomes, got.Err, test.want, test.why)
			}
			cut := *a
			cut.cut = true
			if test.status/100 == 2 && test.kind != "https" {
				want(t, c.judgeAnswer(protocolOf(test.kind), &cut, items, time.Now()), 2, Retry, KindAnswer)
			}
			if test.why == KindRefused && test.want[0] == Retry && test.want[1] == Retry && !strings.Contains(test.body, "event-number") || test.why == KindTooLarge {
				want(t, c.judgeAnswer(protocolOf(test.kind), a, items[:1], time.Now()), 1, Refused, test.why) // alone it is known
			}
		})
	}
}

func kindOf(r Result) Kind {
	if r.Err == nil {
		return KindNone
	}
	return r.Err.Kind
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		text string
		want time.Duration
	}{
		{"", 0}, {"0", 0}, {"120", 2 * time.Minute}, {" 7 ", 7 * time.Second}, {"-5", 0}, {"1.5", 0}, {"soon", 0},
		{"999999", time.Hour}, {"99999999999999999999999999", time.Hour},
		{"Fri, 02 Jan 2026 03:05:05 GMT", time.Minute}, {"Fri, 02 Jan 2026 03:00:05 GMT", 0},
		{"Friday, 02-Jan-26 03:05:05 GMT", time.Minute}, {"Fri, 02 Jan 2099 03:05:05 GMT", time.Hour},
	}
	for _, test := range tests {
		if got := retryAfter(http.Header{"Retry-After": {test.text}}, now); got != test.want {
			t.Errorf("%q: got %v, want %v", test.text, got, test.want)
		}
	}
}

func TestDocumentID(t *testing.T) {
	long := strings.Repeat("x", 401)
	tests := []struct {
		item Item
		want string
	}{
		{Item{ID: "a", Update: 1}, "a"},
		{Item{ID: "a"}, "a"},
		{Item{ID: "a", Update: 2}, "a-2"},
		{Item{Document: []byte("{}")}, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
		{Item{ID: long, Document: []byte("{}")}, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
	}
	for _, test := range tests {
		if got := documentID(&test.item); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.item, got, test.want)
		}
	}
}

func TestReasonsAreTold(t *testing.T) {
	items := []Item{{ID: "a"}, {ID: "b"}}
	body := `{"errors":true,"items":[{"create":{"_id":"a","status":400,"error":{"type":"document_parsing_exception","reason":"line\nbreak \u001b[2J ` + strings.Repeat("x", 5000) + `"}}},{"create":{"_id":"b","status":400,"error":"old"}}]}`
	got := (&Config{Name: "collector"}).judgeAnswer(newBulk("x"), &answer{status: 200, body: []byte(body)}, items, time.Now())
	if len(got.Reasons) != 2 || !strings.Contains(got.Reasons[0], `document_parsing_exception: line\nbreak \x1b[2J`) || len(got.Reasons[0]) > 400 || !strings.Contains(got.Reasons[1], `"old"`) {
		t.Errorf("got %q", got.Reasons)
	}
}
