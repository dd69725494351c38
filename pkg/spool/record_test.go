package spool

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

func sample() record {
	return record{seq: 42, ms: when.UnixMilli(), size: 5, sev: 73, sum: sha256.Sum256([]byte("hello"))}
}

func TestName(t *testing.T) {
	r := sample()
	const want = "00000000000000000042-073-1772600767000-5-2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824-"
	if got := r.fileName(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ".json") || len(got) != len(want)+8+5 {
		t.Errorf("got %q, want %q, a checksum and .json", got, want)
	}
	r.share = "502"
	if got, old := r.fileName(), strings.Replace(want, "1772600767000-5-", "1772600767000-5-502-", 1); !strings.HasPrefix(got, old) {
		t.Errorf("of share 502: got %q, want %q first", got, old)
	}
	for _, big := range []record{
		{seq: 1<<64 - 1, ms: maxMillis, size: maxDocument, sev: maxSeverity},
		{seq: 1<<64 - 1, ms: maxMillis, size: maxDocument, sev: maxSeverity, share: strings.Repeat("x", maxShare)},
		{seq: 1, size: 1},
	} {
		if got, ok := parseName(big.fileName()); !ok || got != big || len(big.fileName()) > maxName {
			t.Errorf("parseName(%q) = %+v, %v; want %+v", big.fileName(), got, ok, big)
		}
	}
}

// TestEventOf has documents of any shape.
func TestEventOf(t *testing.T) {
	for _, c := range []struct {
		document, id string // "" for the hash
		update       int
	}{
		{`{"message":"\"event\":{\"id\":\"x\"}","ecs":{"event":{"id":"y"}},"event":{"kind":"alert","id":"a","sequence":3},"event":{"id":"b"}}`, "a", 3},
		{`{"event":{"id":"a"},"hooksnare":{}}`, "a", 1},
		{`{"event":{"id":"a","sequence":-1}}`, "a", 1},
		{`{"event":{"id":7}}`, "", 1},
		{`{"event":{}}`, "", 1},
		{`{"event":`, "", 1},
		{`{"x":[{"event":{"id":"a"}}],"y"`, "", 1},
		{`[]`, "", 1},
		{``, "", 1},
	} {
		if c.id == "" {
			c.id = hashOf([]byte(c.document))[:32]
		}
		if id, update := EventOf([]byte(c.document)); id != c.id || update != c.update {
			t.Errorf("EventOf(%s) = %q, %d; want %q, %d", c.document, id, update, c.id, c.update)
		}
	}
}

// TestNameOld reads a name that was written before there were shares.
func TestNameOld(t *testing.T) {
	const old = "00000000000000000042-073-1772600767000-5-2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824-411df11f.json"
	if got, ok := parseName(old); !ok || got != sample() {
		t.Errorf("parseName(%q) = %+v, %v; want %+v", old, got, ok, sample())
	}
}

// TestShareName has names that a file's name can hold for any share, and others for others.
func TestShareName(t *testing.T) {
	seen := map[string]string{}
	for _, share := range []string{"", "502", "root", "a.b_C", strings.Repeat("x", maxShare), strings.Repeat("x", maxShare+1), "-", "a-b", "../x", "a/b", "ü", "\x00", "~", "~~", "a~", " ", "~0123456789abcdef"} {
		name := shareName(share)
		if was, twice := seen[name]; twice {
			t.Errorf("shareName(%q) = shareName(%q) = %q", share, was, name)
		}
		seen[name] = share
		if len(name) > maxShare || strings.ContainsAny(name, "-/\x00 ü") || shareName(name) != name {
			t.Errorf("shareName(%q) = %q, which no file name can have", share, name)
		}
	}
}

// TestNameChanged changes every byte of a name in several ways: none is taken.
func TestNameChanged(t *testing.T) {
	for _, share := range []string{"", "502"} {
		r := sample()
		r.share = share
		changeName(t, r)
	}
}

func changeName(t *testing.T, r record) {
	t.Helper()
	good := r.fileName()
	if got, ok := parseName(good); !ok || got != r {
		t.Fatalf("parseName(%q) = %+v, %v; want %+v", good, got, ok, r)
	}
	for i := range good {
		for _, c := range []byte{'0', '1', '9', 'a', 'F', '-', '.', ' ', 0, good[i] ^ 1} {
			changed := good[:i] + string(rune(c)) + good[i+1:]
			if got, ok := parseName(changed); ok && changed != good {
				t.Errorf("parseName(%q) = %+v, want it refused: byte %d of %q was changed", changed, got, i, good)
			}
		}
		for _, cut := range []string{good[:i], good[i+1:], good[:i] + good[i+1:]} {
			if _, ok := parseName(cut); ok {
				t.Errorf("parseName(%q) is taken", cut)
			}
		}
	}
}

func TestClamped(t *testing.T) {
	for _, tt := range []struct {
		sev  int
		want uint16
	}{{-5, 0}, {0, 0}, {99, 99}, {1000, 999}, {1 << 40, 999}} {
		if got := clampSeverity(tt.sev); got != tt.want {
			t.Errorf("clampSeverity(%d) = %d, want %d", tt.sev, got, tt.want)
		}
	}
	for _, tt := range []struct {
		at   time.Time
		want int64
	}{{time.Time{}, 0}, {time.UnixMilli(7), 7}, {time.Unix(1<<50, 0), maxMillis}} {
		if got := toMillis(tt.at); got != tt.want {
			t.Errorf("toMillis(%v) = %d, want %d", tt.at, got, tt.want)
		}
	}
}

func FuzzName(f *testing.F) {
	r := sample()
	f.Add(r.fileName())
	f.Add(r.fileName() + ".7")
	r.share = "root"
	f.Add(r.fileName())
	f.Add("")
	f.Add("-----.json")
	f.Add("../" + r.fileName())
	f.Fuzz(func(t *testing.T, s string) {
		if r, ok := parseName(s); ok && r.fileName() != s {
			t.Errorf("parseName(%q) is taken, but its name is %q", s, r.fileName())
		}
		if r, ok := parseTmp(s); ok && !strings.HasPrefix(s, r.fileName()) {
			t.Errorf("parseTmp(%q) is taken, but its name is %q", s, r.fileName())
		}
	})
}

func FuzzNameRoundTrip(f *testing.F) {
	f.Add(uint64(1), int64(0), uint32(1), uint16(0), []byte("x"), "502")
	f.Fuzz(func(t *testing.T, seq uint64, ms int64, size uint32, sev uint16, content []byte, share string) {
		r := record{seq: max(seq, 1), ms: ms & (1<<49 - 1), size: size%maxDocument + 1, sev: sev % 1000, sum: sha256.Sum256(content), share: shareName(share)}
		if got, ok := parseName(r.fileName()); !ok || got != r {
			t.Errorf("parseName(%q) = %+v, %v; want %+v", r.fileName(), got, ok, r)
		}
	})
}
