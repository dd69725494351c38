package forward

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

// FuzzMessageParses has another's parser, as strict as it can be, read the messages that
// are sent, framed and bare.
func FuzzMessageParses(f *testing.F) {
	for i, text := range []string{
		"plain", "", "a\nb\r\n\tc", `quote " backslash \ bracket ] [x@1 a="b"]`, "\x00\x1b[31m\x7f", "%s %n", "日本語 👍", "\u2028\ufeff\u0085",
		"a\xffb", "<34>1 2026-01-01T00:00:00Z a b - - - x", "\n12 <34>1 - - - -", strings.Repeat("long ", 400), `\`, `"]`,
	} {
		f.Add("host", text, "action", "rule", 47, int64(i)*1e18, []byte(text))
		f.Add(text, "id", text, text, 99, int64(-1), []byte{})
	}
	f.Fuzz(func(t *testing.T, host, id, action, rule string, severity int, at int64, more []byte) {
		doc, err := json.Marshal(map[string]any{"event": map[string]string{"action": action}, "rule": map[string]string{"id": rule}, "more": more, "text": string(more)})
		if err != nil {
			t.Fatal(err)
		}
		item := &Item{ID: id, Sequence: 7, Update: 2, Severity: severity, Time: time.Unix(0, at).UTC(), Document: doc}
		format := newMessageFormat(host)
		raw := format.appendMessage(nil, item)
		for _, option := range [][]syslog.MachineOption{nil, {rfc5424.WithCompliantMsg()}} {
			m, err := rfc5424.NewParser(option...).Parse(raw)
			if err != nil {
				t.Fatalf("%q: %v", raw, err)
			}
			parsed(t, m.(*rfc5424.SyslogMessage), item, raw)
		}
		n := 0
		frames := append(fmt.Appendf(nil, "%d %s", len(raw), raw), fmt.Appendf(nil, "%d %s", len(raw), raw)...)
		octetcounting.NewParser(syslog.WithMaxMessageLength(1<<20), syslog.WithListener(func(r *syslog.Result) {
			if r.Error != nil {
				t.Fatalf("%q: %v", frames, r.Error)
			}
			n++
			parsed(t, r.Message.(*rfc5424.SyslogMessage), item, raw)
		})).Parse(bytes.NewReader(frames))
		if n != 2 {
			t.Fatalf("%q: got %d messages, want 2", frames, n)
		}
	})
}

// parsed checks what the parser made of a message.
func parsed(t *testing.T, m *rfc5424.SyslogMessage, item *Item, raw []byte) {
	t.Helper()
	if m.Message == nil || *m.Message != string(item.Document) {
		t.Fatalf("%q: got another text", raw)
	}
	if *m.Facility != 10 || int(*m.Severity) != levelOf(item.Severity).syslog || *m.Appname != "hooksnare" || m.Timestamp == nil || !m.Timestamp.Equal(item.Time.Truncate(time.Microsecond)) {
		t.Fatalf("%q: got facility %v, severity %v, app %v, time %v", raw, *m.Facility, *m.Severity, *m.Appname, m.Timestamp)
	}
	data := (*m.StructuredData)["hooksnare@32473"]
	if data["eventSequence"] != "2" || data["sequence"] != "7" || plainText(item.ID) && data["eventId"] != item.ID {
		t.Fatalf("%q: got %q, want the id %q", raw, data, item.ID)
	}
}

// plainText says whether a parameter can carry the text as it is.
func plainText(s string) bool {
	return len(s) <= maxParameter && strings.ToValidUTF8(s, "") == s && !strings.ContainsFunc(s, unicode.IsControl) && !strings.ContainsAny(s, "\u2028\u2029")
}
