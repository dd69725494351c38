package plist

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeText(t *testing.T) {
	hook := map[string]any{"LoginHook": "/x"}
	tests := []struct {
		in   string
		want any
	}{
		{`{LoginHook="/x";}`, hook},
		{`{ LoginHook = /x; }`, hook},
		{`{'LoginHook'='/x';}`, hook},
		{"{\r\n\t\"LoginHook\" = \"/x\";\n}\n", hook},
		{"\xef\xbb\xbf{LoginHook=/x;}", hook},
		{"{\u2028LoginHook\u2029=\u2028/x;}", hook},
		{"// a\n/* b */{/* c */LoginHook /* d */=// e\r/x /* f */;}/* g", hook},
		{`LoginHook = "/x";`, hook},
		{`"LoginHook" = "/x"; /* no braces */`, hook},
		{`LoginHook;`, map[string]any{"LoginHook": "LoginHook"}},
		{`{LoginHook;a=b;}`, map[string]any{"LoginHook": "LoginHook", "a": "b"}},
		{`{LoginHook="/y";LoginHook="/x";}`, hook},
		{`{LoginHook="/bin/sh -c 'a b'";}`, map[string]any{"LoginHook": "/bin/sh -c 'a b'"}},
		{`{LoginHook='say "a"';}`, map[string]any{"LoginHook": `say "a"`}},
		{`{a={b={c=(1,"2",(x),{},);};};}`, map[string]any{"a": map[string]any{"b": map[string]any{"c": []any{"1", "2", []any{"x"}, map[string]any{}}}}}},
		{`()`, []any{}},
		{`(a, b)`, []any{"a", "b"}},
		{`(a, "", b)`, []any{"a", "b"}},
		{`{}`, map[string]any{}},
		{" \n ", map[string]any{}},
		{`/x`, "/x"},
		{`"two words"`, "two words"},
		{`http://a//b`, "http://a//b"},
		{`<>`, []byte{}},
		{`<0fbd 77
		1C>`, []byte{0x0f, 0xbd, 0x77, 0x1c}},
		{`{"<plist><dict/></plist>"="<true/>";}`, map[string]any{"<plist><dict/></plist>": "<true/>"}},

		// XML, whole or only the value.
		{string(xmlDocument("<dict><key>LoginHook</key><string>/x</string></dict>")), hook},
		{`<dict><key>LoginHook</key><string>/x</string></dict>`, hook},
		{` <!-- a --><dict><key>LoginHook</key><string>/y</string><key>LoginHook</key><string>/x</string></dict>`, hook},
		{`<string>/x</string>`, "/x"},
		{`<array/>`, []any{}},
		{`<data>AAEC</data>`, []byte{0, 1, 2}},
		{`<da>`, []byte{0xda}},
	}
	for _, tt := range tests {
		got, err := DecodeText([]byte(tt.in))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("DecodeText(%q)\n got %#v, %v\nwant %#v", tt.in, got, err, tt.want)
		}
	}
}

// TestEscapes has every escape as CoreFoundation resolves it, each as a key and as a
// value, in both quotes.
func TestEscapes(t *testing.T) {
	tests := []struct{ in, want string }{
		{`Logo\utHook`, "LogoutHook"},
		{`Log\inHook`, "Logi" + "nHook"},
		{`\114oginHook`, "LoginHook"},
		{`\U004coginHook`, "LoginHook"},
		{`\U4c;`, "L;"},
		{`Login\x48ook`, "Loginx48ook"},
		{`\a\b\f\n\r\t\v`, "\a\b\f\n\r\t\v"},
		{`\\ \" \'`, `\ " '`},
		{"\\\nx", "\nx"},
		{`\0009 \79 \1011`, "\x009 \a9 A1"},
		{`\341\222`, "Æ\u00d2"},
		{`\777`, "\ufffd"},
		{`\Ud83d\Ude00`, "\U0001f600"},
		{`\Ud83dx\Ude00`, "\ufffdx\ufffd"},
		{`\Ud83d\U0041`, "\ufffdA"},
		{`\U`, "\x00"},
		{`\ü`, "ü"},
		{"\xe2\x80\xa8", "\u2028"},
	}
	for _, tt := range tests {
		for _, quote := range []string{`"`, `'`} {
			in := "{" + quote + tt.in + quote + "=" + quote + tt.in + quote + ";}"
			want := map[string]any{tt.want: tt.want}
			got, err := DecodeText([]byte(in))
			if err != nil || !reflect.DeepEqual(got, any(want)) {
				t.Errorf("DecodeText(%q)\n got %q, %v\nwant %q", in, got, err, want)
			}
		}
	}
}

func TestDecodeTextRefuses(t *testing.T) {
	tests := []struct {
		in   string
		kind error
		want string
	}{
		{``, ErrFormat, "empty"},
		{`{"LoginHook": "/x"}`, ErrMalformed, `key "LoginHook" without = or ;`},
		{`["a"]`, ErrMalformed, `"[" where a value is due`},
		{"{\nLoginHook=/x\n}", ErrMalformed, `line 3: value of key "LoginHook" without ;`},
		{`{LoginHook=;}`, ErrMalformed, `";" where a value is due`},
		{`{LoginHook=`, ErrMalformed, "ends where a value is due"},
		{`{LoginHook`, ErrMalformed, "without = or ;"},
		{`{LoginHook=/x;`, ErrMalformed, "dictionary without its }"},
		{`{(a)=b;}`, ErrMalformed, `"(" in a dictionary`},
		{`{a=b;} x`, ErrMalformed, "text after the end"},
		{`a b`, ErrMalformed, "without = or ;"},
		{`a=b;}`, ErrMalformed, "text after the end"},
		{`(a b)`, ErrMalformed, `"b" in an array`},
		{`(a,`, ErrMalformed, "ends where a value is due"},
		{`(a`, ErrMalformed, "array without its )"},
		{`(,a)`, ErrMalformed, `"," where a value is due`},
		{`{a="b;}`, ErrMalformed, `string without its closing "`},
		{`'a\'`, ErrMalformed, "string without its closing '"},
		{`"a\`, ErrMalformed, `string without its closing "`},
		{`<0f`, ErrMalformed, "data without its >"},
		{`<0f0>`, ErrMalformed, "odd length hex string"},
		{`<0g>`, ErrMalformed, `'g'`},
		{`<*I5>`, ErrMalformed, "data: "},
		{"{a=\xff;}", ErrMalformed, "not UTF-8"},
		{"\x00", ErrMalformed, "where a value is due"},
		{strings.Repeat("(", 600), ErrTooDeep, "more than 520"},
		{strings.Repeat("x", MaxTextSize+1), ErrTooLarge, "1048577 bytes"},
		{`<dict><key>a</key></dict>`, ErrMalformed, "key without a value"},
		{`<?xml version="1.0"?><html/>`, ErrMalformed, "not one of a property list"},
		{`bplist00`, nil, ""}, // only a word, in text
	}
	for _, tt := range tests {
		v, err := DecodeText([]byte(tt.in))
		if tt.kind == nil && err == nil {
			continue
		}
		if !errors.Is(err, tt.kind) || v != nil || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("DecodeText(%.80q) = %v, %v; want %v with %q", tt.in, v, err, tt.kind, tt.want)
		}
	}
}

// TestTextSpoilt cuts a text after every byte and changes every byte to several others.
func TestTextSpoilt(t *testing.T) {
	text := []byte(`{ 'a b' = ("c\U00e9", <0fbd>, {d=/e;}); /* f */ g; }`)
	if _, err := DecodeText(text); err != nil {
		t.Fatalf("DecodeText(%q) = %v", text, err)
	}
	for i := range text {
		v, err := DecodeText(text[:i])
		if err == nil && i > 0 {
			t.Errorf("cut after byte %d: DecodeText(%q) = %v, no error", i, text[:i], v)
		}
		checkResult(t, v, err)
		for by := range 256 {
			c := append([]byte(nil), text...)
			c[i] = byte(by)
			v, err := DecodeText(c)
			checkResult(t, v, err)
		}
	}
}
