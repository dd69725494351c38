package chain

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func hashOf(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])
}

func TestAppend(t *testing.T) {
	l := Link{Chain: strings.Repeat("0a", 16), Sequence: 7, Previous: hashOf(nil)}
	for _, c := range []struct{ give, want string }{
		{`{"a":1,"hooksnare":{"b":2}}`, `{"a":1,"hooksnare":{"b":2,"delivery":{"chain":"` + l.Chain + `","sequence":7,"previous":"` + l.Previous + `"}}}`},
		{`{"hooksnare":{}}`, ""},
		{`{"a":1}`, ""},
		{``, ""},
	} {
		got, err := Append([]byte(c.give), l)
		if string(got) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("Append(%q) = %q, %v; want %q", c.give, got, err, c.want)
		}
		if found, ok := Find(got); ok != (err == nil) || ok && found != l {
			t.Errorf("Find(%q) = %+v, %v; want %+v", got, found, ok, l)
		}
	}
	hostile := `{"message":",\"delivery\":{\"chain\":\"x\"}","hooksnare":{"b":{}}}`
	if l, ok := Find([]byte(hostile)); ok {
		t.Errorf("Find(%q) = %+v, want none: it is text", hostile, l)
	}
}

func TestCheck(t *testing.T) {
	good := Link{Chain: NewID(), Sequence: 1}
	for _, c := range []struct {
		give Link
		want string // "" for none
	}{
		{good, ""},
		{Link{good.Chain, 1 << 63, hashOf(nil)}, ""},
		{Link{good.Chain[1:], 1, ""}, "32 hex digits"},
		{Link{strings.ToUpper("ab" + good.Chain[2:]), 1, ""}, "32 hex digits"},
		{Link{good.Chain, 0, ""}, "1 or more"},
		{Link{good.Chain, 1, "00"}, "SHA-256"},
	} {
		err := c.give.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.give, err, c.want)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(`{"hooksnare":{"b":2,"delivery":{"chain":"00","sequence":7}}}`))
	f.Add([]byte(`{"hooksnare":{"delivery":}}`))
	f.Add([]byte(`,"delivery":}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if l, ok := Find(document); ok {
			_ = l.Check()
		}
	})
}
