package plist

import (
	"bytes"
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
		`{"Logo\utHook"="\341\U004c\Ud83d\Ude00";}`, `/* a */{n=<*I5>;x=<[AAEC]>;} // b`,
		`<dict><key>LoginHook</key><string>/x</string></dict>`, `((((`, `<((((`, `{a={a=`, `"<plist><array>"`,
	} {
		f.Add([]byte(s))
	}
	f.Add(encode(sample(), howett.XMLFormat))
	f.Add(encode(map[string]any{"a": []any{"b", []byte{1}}}, howett.OpenStepFormat))
	f.Add(encode(map[string]any{"n": uint64(5), "r": 1.5, "b": true, "d": []byte{1, 2}}, howett.GNUStepFormat))
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
