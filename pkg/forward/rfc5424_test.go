package forward

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestMessage(t *testing.T) {
	at := time.Date(2026, 1, 2, 4, 4, 5, 678_900_999, time.FixedZone("", 3600))
	doc := `{"event":{"action":"hook-set"},"rule":{"id":"r1"},"host":{"name":"n","hostname":"mac.local"},"a":"é\u0001"}`
	for _, c := range []struct {
		host string
		item Item
		want string
	}{
		{"", Item{Sequence: 7, ID: "i", Update: 2, Severity: 47, Time: at, Document: []byte(doc)},
			`<84>1 2026-01-02T03:04:05.678900Z mac.local hooksnare 42 hook-set [hooksnare@32473 eventId="i" eventSequence="2" ruleId="r1" sequence="7"] ` + doc},
		{"Ann's Mac é", Item{Sequence: 1, Document: []byte("{}")},
			`<86>1 - Ann's_Mac__ hooksnare 42 alert [hooksnare@32473 eventSequence="0" sequence="1"] {}`},
		{"", Item{Severity: 99, Update: 1, ID: "a\"b\\c]d\ne\xffé", Time: at, Document: []byte(`{"event":{"action":7},"rule":{"id":"]"},"host":{"name":"` + strings.Repeat("x", 300) + `"}}`)},
			`<82>1 2026-01-02T03:04:05.678900Z ` + strings.Repeat("x", 255) + ` hooksnare 42 alert [hooksnare@32473 eventId="a\"b\\c\]d_e�é" eventSequence="1" ruleId="\]" sequence="0"] `},
		{"h", Item{Severity: 21, Document: []byte(`{"event":{"action":"` + strings.Repeat("a b", 20) + `"}}`)},
			`<85>1 - h hooksnare 42 a_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ [`},
		{"h", Item{Severity: 73, Document: []byte(`{}`)}, `<83>1 - h `},
		{"h", Item{Time: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), Document: []byte(`{}`)}, `<86>1 - h `},
	} {
		f := messageFormat{host: c.host, pid: "42"}
		got := f.appendMessage(nil, &c.item)
		if !strings.HasPrefix(string(got), c.want) || !bytes.HasSuffix(got, c.item.Document) {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestMessageOfNoDocument(t *testing.T) {
	for _, doc := range []string{"", "{", "[]", "null", "{}\n", "{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", `{"a":1}{}`, ` {}`} {
		if isDocument([]byte(doc)) {
			t.Errorf("%q counts as a document", doc)
		}
	}
}

// headerPattern5424 is the header and structured data of RFC 5424, section 6, as far as
// they are in use here.
var headerPattern5424 = regexp.MustCompile(`^<(8[2-6])>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) hooksnare (\d+) ([!-~]{1,32}) \[hooksnare@32473((?: [a-zA-Z]{1,32}="(?:[^"\\\]]|\\["\\\]])*")+)\] `)

func FuzzMessage(f *testing.F) {
	for _, h := range append(hostile, forgedFrames...) {
		f.Add("host", h, h, h, 47, int64(0), []byte("x"))
		f.Add(h, "id", "", "rule", 99, int64(1<<60), []byte(h))
	}
	f.Fuzz(func(t *testing.T, host, id, action, rule string, severity int, at int64, more []byte) {
		doc, err := json.Marshal(map[string]any{"event": map[string]string{"action": action}, "rule": map[string]string{"id": rule}, "host": map[string]string{"name": host}, "more": more})
		if err != nil {
			t.Fatal(err)
		}
		format := messageFormat{pid: "1"}
		got := format.appendMessage(nil, &Item{ID: id, Severity: severity, Time: time.Unix(0, at), Document: doc})
		header := headerPattern5424.Find(got)
		if header == nil || !bytes.Equal(got[len(header):], doc) || !utf8.Valid(got) || len(header) > 5000 {
			t.Errorf("got %q, want a header and the document %q", got, doc)
		}
		if i := bytes.IndexFunc(got, func(r rune) bool { return r < ' ' }); i >= 0 {
			t.Errorf("got a control character at %d: %q", i, got)
		}
		// And what is no alert at all is refused, never sent and never a panic.
		if isDocument(more) && (!json.Valid(more) || bytes.ContainsAny(format.appendMessage(nil, &Item{Document: more}), "\n\x00")) {
			t.Errorf("%q counts as a document", more)
		}
	})
}
