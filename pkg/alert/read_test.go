package alert

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for name, a := range map[string]*Alert{"sample": sample(), "full": full("a \x1b\u202e text")} {
		got, err := Parse(line(t, a))
		if err != nil {
			t.Fatal(err)
		}
		if again := line(t, got); string(again) != string(line(t, a)) {
			t.Errorf("%s: read back as\n%s\nwant\n%s", name, again, line(t, a))
		}
	}
	for _, text := range []string{"", "{}", "null", "[]", `{"event":{"id":""}}`, `{"event":{"id":7}}`, `{"event":{"id":"a"}} x`} {
		if a, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q: got %+v, want an error", text, a)
		}
	}
}

func TestEscaped(t *testing.T) {
	const in, want = "{\"a\":\"x\u009b\u202e\"}", `{"a":"x\u009b\u202e"}`
	if got := string(Escaped([]byte(in))); got != want {
		t.Errorf("%q: got %s, want %s", in, got, want)
	}
}

func TestParseHead(t *testing.T) {
	created := at.Add(time.Millisecond)
	want := Head{Kind: "alert", ID: "0123456789abcdef", RuleID: "hook-set", RuleUUID: "bc6427d8-2f24-55c9-87f9-f8829a4f9c9c", Severity: 47, Sequence: 1, Time: at, Created: created}
	if got, err := ParseHead(line(t, sample())); err != nil || got != want {
		t.Errorf("got %+v, error %v; want %+v", got, err, want)
	}
	for _, tc := range []struct {
		name, line string
		want       Head
	}{
		{"no creation time", `{"@timestamp":"2026-03-04T05:06:07.089012345Z","event":{"id":"a"}}`, Head{ID: "a", Time: at, Created: at}},
		{"times that are none", `{"@timestamp":"9999999","event":{"id":"a","created":"2026"}}`, Head{ID: "a"}},
		{"escapes", `{"event":{"id":"a\u0041\"\\\n"}}`, Head{ID: "aA\"\\\n"}},
		{"in a text", `{"message":"\"event\":{\"id\":\"b\"}","event":{"id":"a"}}`, Head{ID: "a"}},
		{"another id", `{"host":{"id":"b"},"event":{"id":"a"},"user":{"id":"c"}}`, Head{ID: "a"}},
		{"blanks", `  { "event" : { "id" : "a" , "x" : [ 1 , [ ] ] } } `, Head{ID: "a"}},
	} {
		if got, err := ParseHead([]byte(tc.line)); err != nil || got != tc.want {
			t.Errorf("%s: got %+v, error %v; want %+v", tc.name, got, err, tc.want)
		}
	}
}

func TestParseHeadErrors(t *testing.T) {
	for name, text := range map[string]string{
		"event twice":           `{"event":{"id":"b"},"event":{"id":"a"}}`,
		"event in another case": `{"event":{"id":"b"},"Event":{"id":"a"}}`,
		"no id":                 `{"event":{}}`,
		"no event":              `{"id":"a"}`,
		"id is a number":        `{"event":{"id":7}}`,
		"severity is a text":    `{"event":{"id":"a","severity":"x"}}`,
		"sequence too large":    `{"event":{"id":"a","sequence":99999999999999999999}}`,
		"event is an array":     `{"event":["id","a"]}`,
		"not an object":         `["event"]`,
		"empty":                 ``,
		"more behind":           `{"event":{"id":"a"}}x`,
		"control character":     "{\"event\":{\"id\":\"a\"},\"x\":\"\x1b\"}",
		"not UTF-8":             "{\"event\":{\"id\":\"a\"},\"x\":\"\x9b\"}",
		"bad escape":            `{"event":{"id":"a\x"}}`,
		"bad number":            `{"event":{"id":"a"},"x":01}`,
		"bad word":              `{"event":{"id":"a"},"x":nul}`,
		"comma at the end":      `{"event":{"id":"a",}}`,
		"too deep":              `{"event":{"id":"a"},"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	} {
		if h, err := ParseHead([]byte(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, h)
		}
	}
}

// TestParseHeadCut reads whole documents, and refuses them cut after every byte.
func TestParseHeadCut(t *testing.T) {
	for _, name := range []string{"sample.json", "full.json"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		line := bytes.TrimSpace(text)
		if _, err := ParseHead(line); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for n := range line {
			if _, err := ParseHead(line[:n]); err == nil {
				t.Errorf("%s cut to %d bytes: got no error, want one", name, n)
			}
		}
	}
}

// FuzzParseHead has any bytes: a head comes only from a document that is valid as a whole.
func FuzzParseHead(f *testing.F) {
	f.Add([]byte(`{"event":{"kind":"alert","id":"a"},"rule":{"id":"r"}}`))
	f.Add([]byte(`{"event":null}`))
	f.Add([]byte("{\"event\":{\"id\":\"\xff\"}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if h, err := ParseHead(text); err == nil && (h.ID == "" || !json.Valid(text)) {
			t.Errorf("%q: got %+v", text, h)
		}
	})
}

func BenchmarkParseHead(b *testing.B) {
	text := line(b, sample())
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseHead(text); err != nil {
			b.Fatal(err)
		}
	}
}
