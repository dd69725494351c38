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

// FuzzDecode: every input ends in a bounded value or a known error, and an accepted one
// has as many values as the check has counted, so that check and library read the same.
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
		if err != nil {
			return
		}
		got, _ := measure(t, v, 0)
		if want, uids := checked(t, b, v); got+2*uids != want {
			t.Errorf("Decode(%q) = %#v: %d values and %d UIDs, the check counted %d", b, v, got, uids, want)
		}
	})
}

// checked returns the values that the check counts, and how many dictionaries the
// library made UIDs of: in XML each stands for a dictionary, a key and a number.
func checked(t *testing.T, b []byte, v any) (values, uids int) {
	t.Helper()
	if bytes.HasPrefix(b, []byte("bplist")) {
		c := &binaryCheck{document: document{b: b}}
		top, err := c.readTrailer()
		if err == nil {
			err = c.checkObject(top)
		}
		if err != nil {
			t.Fatalf("check refuses what Decode took: %v", err)
		}
		return c.values, 0
	}
	c := &xmlCheck{document: document{b: withoutMark(b)}}
	if err := c.readTokens(); err != nil {
		t.Fatalf("check refuses what Decode took: %v", err)
	}
	return c.values, countUIDs(v)
}

func countUIDs(v any) (n int) {
	switch v := v.(type) {
	case UID:
		return 1
	case []any:
		for _, e := range v {
			n += countUIDs(e)
		}
	case map[string]any:
		for _, e := range v {
			n += countUIDs(e)
		}
	}
	return n
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
		want, err := ownValue(raw)
		if err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("DecodeText(%q)\n got %#v\nthe library %#v, %v", b, v, want, err)
		}
	})
}
