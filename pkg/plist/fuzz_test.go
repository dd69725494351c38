package plist

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	howett "howett.net/plist"
)

// maxSeed keeps the fuzzer from spending its time on copying the large seeds, which
// TestHostile runs anyway.
const maxSeed = 4 << 10

// FuzzDecode: every input ends in a bounded value or a known error.
func FuzzDecode(f *testing.F) {
	for _, b := range hostileFiles() {
		if len(b) <= maxSeed {
			f.Add(b)
		}
	}
	for _, format := range []int{howett.BinaryFormat, howett.XMLFormat} {
		f.Add(encode(sample(), format))
		f.Add(encode(map[string]any{"LoginHook": "/x"}, format))
	}
	f.Add([]byte("<plist><!---><dict/><?y --><?z ?></plist>"))
	f.Add(binaryDocument(2, "\xdf\x10\x01\x00\x01\x00\x02", "\x69\x00L\x00o\x00g\x00i\x00n\x00H\x00o\x00o\x00k", "\x52/x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(b)
		checkResult(t, v, err)
	})
}

// FuzzFind: Find is never silent about a key that CoreFoundation sees, nor sure of another value.
func FuzzFind(f *testing.F) {
	g := generator{rand.New(rand.NewPCG(1, 1))}
	for range 200 {
		f.Add(g.document())
	}
	for _, doc := range hookForms() {
		if len(doc) <= maxSeed {
			f.Add([]byte(doc))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { compareFound(t, b) })
}

// FuzzSearcher: where a search in two pieces finds a key, a search in one finds it, too.
func FuzzSearcher(f *testing.F) {
	for _, doc := range hookForms() {
		if len(doc) <= maxSeed {
			f.Add([]byte(doc), len(doc)/2)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		at = max(0, min(at, len(b)))
		one, two := NewSearcher(hookKeys...), NewSearcher(hookKeys...)
		one.Write(b)
		two.Write(b[:at])
		two.Write(b[at:])
		if got, want := two.Found(), one.Found(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q, cut at %d: got %v, want %v", b, at, got, want)
		}
	})
}

// FuzzDecodeText: every input ends in a bounded value or a known error; and where the
// library's own idea of text can't differ, it reads the same from the text as it was.
func FuzzDecodeText(f *testing.F) {
	for _, b := range hostileTexts() {
		if len(b) <= maxSeed {
			f.Add(b)
		}
	}
	for _, s := range []string{
		`{LoginHook="/x";}`, `{'LoginHook'='say "a"';}`, `LoginHook = /x;`, `({a=(b,c,);}, <0fbd 77>)`,
		`{"Logo\utHook"="\341\U004c\Ud83d\Ude00";}`, `/* a */{n=<05>;} // b`,
		`<dict><key>LoginHook</key><string>/x</string></dict>`, `((((`, `<((((`, `{a={a=`, `"<plist><array>"`,
	} {
		f.Add([]byte(s))
	}
	f.Add(encode(sample(), howett.XMLFormat))
	f.Add(encode(map[string]any{"a": []any{"b", []byte{1}}}, howett.OpenStepFormat))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := DecodeText(b)
		checkResult(t, v, err)
		if err != nil || bytes.ContainsAny(b, "\\'<\x00") || bytes.Contains(b, []byte("//")) || bytes.Contains(b, []byte("/*")) {
			return
		}
		var raw any
		if _, err := howett.Unmarshal(b, &raw); err != nil {
			return // CoreFoundation and this take more
		}
		if !reflect.DeepEqual(v, raw) {
			t.Errorf("DecodeText(%q)\n got %#v\nthe library %#v", b, v, raw)
		}
	})
}
