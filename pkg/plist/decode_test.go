package plist

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	howett "howett.net/plist"
)

func TestRoundTrip(t *testing.T) {
	forms := map[string]int{"binary": howett.BinaryFormat, "XML": howett.XMLFormat}
	values := map[string]any{
		"sample":           sample(),
		"string":           "x",
		"empty dictionary": map[string]any{},
		"empty array":      []any{},
		"300 values":       make([]any, 300),
	}
	for i := range values["300 values"].([]any) {
		values["300 values"].([]any)[i] = uint64(i * i)
	}
	for form, format := range forms {
		for name, want := range values {
			got, err := Decode(encode(want, format))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s:\n got %#v, %v\nwant %#v", form, name, got, err, want)
			}
		}
	}
}

// TestWritten has documents as other writers write them.
func TestWritten(t *testing.T) {
	hook := map[string]any{"LoginHook": "/x"}
	tests := []struct {
		name string
		in   []byte
		want any
	}{
		{"XML of Apple", xmlDocument("<dict>\n\t<key>LoginHook</key>\n\t<string>/x</string>\n</dict>"), hook},
		{"XML with a mark, spaces and comments", []byte("\xef\xbb\xbf \n<!-- a --><?pi?><plist>\n<!-- b --><dict ><key>LoginHook</key ><!-- c --><string\n>/x</string></dict></plist><!-- d -->\n"), hook},
		{"XML in one line", []byte("<plist><dict><key>LoginHook</key><string>/x</string></dict></plist>"), hook},
		{"XML with a namespace", []byte(`<plist xmlns="urn:x" version='1.0'><dict><key>LoginHook</key><string>/x</string></dict></plist>`), hook},
		{"XML CDATA and references", []byte("<plist><dict><key>Login<![CDATA[Hook]]></key><string>&#x2f;&#120;</string></dict></plist>"), hook},
		{"XML whole numbers", []byte("<plist><array><integer>-9223372036854775808</integer><integer>18446744073709551615</integer><integer>0x1F</integer></array></plist>"),
			[]any{int64(math.MinInt64), uint64(math.MaxUint64), uint64(31)}},
		{"XML empty leaves", []byte("<plist><array><string/><data/><true></true></array></plist>"), []any{"", []byte{}, true}},
		{"XML data in lines", []byte("<plist><data>\n\tAAEC\n\t/w==\n</data></plist>"), []byte{0, 1, 2, 0xff}},
		{"XML key that looks like a UID", []byte("<plist><dict><key>CF$UID</key><integer>3</integer></dict></plist>"), map[string]any{"CF$UID": uint64(3)}},
		{"binary keys in UTF-16", binaryDocument(1, "\xd1\x01\x02", "\x69\x00L\x00o\x00g\x00i\x00n\x00H\x00o\x00o\x00k", "\x52/x"), hook},
		{"binary counts apart", binaryDocument(2, "\xdf\x10\x01\x00\x01\x00\x02", "\x5f\x10\x09LoginHook", "\x5f\x11\x00\x02/x"), hook},
		{"binary references of 3 bytes", binaryDocument(3, "\xd1\x00\x00\x01\x00\x00\x02", "\x59LoginHook", "\x52/x"), hook},
		{"binary integers", binaryDocument(1, "\xa5\x01\x02\x03\x04\x05", "\x10\xff", "\x11\xff\xff", "\x12\xff\xff\xff\xff", "\x13\xff\xff\xff\xff\xff\xff\xff\xff",
			"\x14"+strings.Repeat("\x00", 8)+strings.Repeat("\xff", 8)),
			[]any{uint64(255), uint64(65535), uint64(math.MaxUint32), int64(-1), uint64(math.MaxUint64)}},
		{"binary reals", binaryDocument(1, "\xa2\x01\x02", "\x22\x3f\xc0\x00\x00", "\x23\x3f\xf8\x00\x00\x00\x00\x00\x00"), []any{1.5, 1.5}},
		{"binary shared string", binaryDocument(1, "\xa3\x01\x01\x01", "\x51s"), []any{"s", "s", "s"}},
		{"binary doubled a little", doubled(3), []any{[]any{[]any{}, []any{}}, []any{[]any{}, []any{}}}},
		{"binary dates", binaryDocument(1, "\xa3\x01\x02\x03", date(0), date(63113904000.5), date(-63113904000)), []any{
			time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(4001, 1, 1, 0, 0, 0, 5e8, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}},
	}
	for _, tt := range tests {
		got, err := Decode(tt.in)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q\n got %#v, %v\nwant %#v", tt.name, tt.in, got, err, tt.want)
		}
	}
}

// TestDecodeRefuses has what CoreFoundation does not read either, or not with a value that anything
// could be made of.
func TestDecodeRefuses(t *testing.T) {
	dict := func(s string) []byte { return []byte("<plist>\n<dict>" + s + "</dict></plist>") }
	tests := []struct {
		name string
		in   []byte
		kind error
		want string // part of the message
	}{
		{"nothing", nil, ErrFormat, "empty"},
		{"zeros", make([]byte, 100), ErrFormat, "neither binary"},
		{"text", []byte(`{LoginHook="/x";}`), ErrFormat, "neither binary"},
		{"JSON", []byte(`{"LoginHook":"/x"}`), ErrFormat, "neither binary"},
		{"half of UTF-16", []byte("\xff\xfe<\x00p\x00"), ErrMalformed, "tag without its >"},
		{"another root", []byte("<?xml?><html><body/></html>"), ErrMalformed, `element "html" is not one`},
		{"no root", []byte("<?xml version='1.0'?>"), ErrFormat, "no element"},
		{"too large", make([]byte, MaxSize+1), ErrTooLarge, "2097153 bytes"},

		{"empty plist", []byte("<plist></plist>"), ErrMalformed, "<plist> without a value"},
		{"closed plist", []byte("<plist/>"), ErrMalformed, "<plist> without a value"},
		{"two values", []byte("<plist><true/>\n<true/></plist>"), ErrMalformed, "line 2: second value"},
		{"unclosed", []byte("<plist><true/>"), ErrMalformed, "ends within"},
		{"wrongly closed", []byte("<plist><array></dict></array></plist>"), ErrMalformed, "<array> is not closed"},
		{"closed by a longer name", []byte("<plist><array></arrays></plist>"), ErrMalformed, "<array> is not closed"},
		{"unknown element", dict("<key>a</key><null/>"), ErrMalformed, `line 2: element "null"`},
		{"name of another case", dict("<Key>a</Key><true/>"), ErrMalformed, `element "Key"`},
		{"prefixed element", dict("<x:key>a</x:key>"), ErrMalformed, `element "x:key"`},
		{"blank behind the slash", []byte("<plist><true/ ></plist>"), ErrMalformed, `element "true/"`},
		{"value for a key", dict("<string>a</string>"), ErrMalformed, "where a key is due"},
		{"key alone", dict("<key>LoginHook</key>"), ErrMalformed, "key without a value"},
		{"element in a key", dict("<key>Login<true/>Hook</key>"), ErrMalformed, "<key> is not closed"},
		{"comment in a key", dict("<key>Login<!-- -->Hook</key>"), ErrMalformed, "within text"},
		{"text in a dictionary", dict("LoginHook"), ErrMalformed, `text "LoginHook</dict></plist>" between`},
		{"unknown entity", []byte("<plist><string>&x;</string></plist>"), ErrMalformed, `"&x;</string>" is not`},
		{"nine digits", []byte("<plist><string>&#x000000041;</string></plist>"), ErrMalformed, "is not a character"},
		{"other encoding", []byte(`<?xml version="1.0" encoding="x-none"?><plist><true/></plist>`), ErrMalformed, "encoding"},
		{"bad integer", []byte("<plist><integer>1e3</integer></plist>"), ErrMalformed, "parsing"},
		{"bad date", []byte("<plist><date>yesterday</date></plist>"), ErrMalformed, "parsing time"},
		{"bad data", []byte("<plist><data>!</data></plist>"), ErrMalformed, "illegal base64"},
		{"521 arrays", []byte("<plist>" + strings.Repeat("<array>", 521) + strings.Repeat("</array>", 521) + "</plist>"), ErrTooDeep, "more than 520"},
		{"document type with declarations", []byte(`<!DOCTYPE p [<!ENTITY x "y">]><plist><true/></plist>`), ErrMalformed, "declarations"},
		{"comment that does not end", []byte("<!-- <plist><true/></plist>"), ErrMalformed, "without its -->"},
		{"comment of its marks alone", []byte("<!----><plist><true/></plist>"), ErrMalformed, "without its -->"},
		{"instruction that does not end", []byte("<?x <plist><true/></plist>"), ErrMalformed, "without its ?>"},
	}
	for _, tt := range tests {
		v, err := Decode(tt.in)
		if !errors.Is(err, tt.kind) || v != nil || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Decode(%.80q) = %v, %v; want %v with %q", tt.name, tt.in, v, err, tt.kind, tt.want)
		}
	}
}

func TestBinaryRefuses(t *testing.T) {
	good := binaryDocument(1, "\xa1\x01", "\x09")
	patch := func(fromEnd int, s string) []byte {
		b := append([]byte(nil), good...)
		copy(b[len(b)-fromEnd:], s)
		return b
	}
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"header alone", []byte("bplist00"), "fewer than"},
		{"no offset size", patch(26, "\x00"), "offsets of no bytes"},
		{"offset size 9", patch(26, "\x09"), "do not fill"},
		{"no reference size", patch(25, "\x00"), "references of no bytes"},
		{"more objects", patch(17, "\x03"), "do not fill"},
		{"fewer objects", patch(17, "\x01"), "do not fill"},
		{"no objects", patch(17, "\x00"), "do not fill"},
		{"objects that overflow", patch(24, "\x40"), "do not fill"},
		{"top out of range", patch(9, "\x02"), "top object 2 of only 2"},
		{"table in the header", patch(1, "\x08"), "outside the file"},
		{"table beyond the file", patch(2, "\xff"), "outside the file"},
		{"offset in the header", patch(40, "\x00\x00\x00\x07"), "object 0 starts at byte 7"},
		{"offset in the table", patch(40, "\x00\x00\x00\x0b"), "object 0 starts at byte 11"},
		{"reference out of range", binaryDocument(1, "\xa1\x01"), "reference to object 1 of only 1"},
		{"null", binaryDocument(1, "\x00"), "object type 0x00"},
		{"fill", binaryDocument(1, "\x0f"), "object type 0x0f"},
		{"URL", binaryDocument(1, "\x0c\x51x"), "object type 0x0c"},
		{"set", binaryDocument(1, "\xc0"), "object type 0xc0"},
		{"ordered set", binaryDocument(1, "\xb0"), "object type 0xb0"},
		{"half real", binaryDocument(1, "\x21\x00\x00"), "object type 0x21"},
		{"date of 4 bytes", binaryDocument(1, "\x32\x00\x00\x00\x00"), "object type 0x32"},
		{"date that is no number", binaryDocument(1, date(math.NaN())), "date NaN"},
		{"date far away", binaryDocument(1, date(1e300)), "date 1e+300"},
		{"date in the year 10005", binaryDocument(1, date(252_600_000_000)), "outside the years"},
		{"integer of 32 bytes", binaryDocument(1, "\x15"+strings.Repeat("\x00", 32)), "integer of 2^5"},
		{"integer cut", binaryDocument(1, "\x13\x00"), "reach beyond"},
		{"real cut", binaryDocument(1, "\x23\x00"), "reach beyond"},
		{"UID cut", binaryDocument(1, "\x83\x00"), "reach beyond"},
		{"string cut", binaryDocument(1, "\x55abcd"), "reach beyond"},
		{"UTF-16 cut", binaryDocument(1, "\x62\x00a\x00"), "reach beyond"},
		{"count cut", binaryDocument(1, "\x5f"), "reach beyond"},
		{"count of another type", binaryDocument(1, "\x5f\x51a"), "count of type 0x51"},
		{"number as key", binaryDocument(1, "\xd1\x01\x01", "\x10\x01"), "dictionary key of type 0x10"},
		{"dictionary as key", binaryDocument(1, "\xd1\x01\x02", "\xd0", "\x09"), "dictionary key of type 0xd0"},
	}
	if v, err := Decode(good); err != nil {
		t.Fatalf("Decode of the document that is spoilt below = %v, %v", v, err)
	}
	for _, tt := range tests {
		v, err := Decode(tt.in)
		if !errors.Is(err, ErrMalformed) || v != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Decode(%.80q) = %v, %v; want %v with %q", tt.name, tt.in, v, err, ErrMalformed, tt.want)
		}
	}
}

// TestSpoilt cuts a document after every byte and changes every byte to several others.
func TestSpoilt(t *testing.T) {
	for _, format := range []int{howett.BinaryFormat, howett.XMLFormat} {
		b := encode(sample(), format)
		for i := range b {
			v, err := Decode(b[:i])
			if _, dict := v.(map[string]any); dict && len(skipSpace(b[i:])) > 0 && !bytes.HasPrefix(skipSpace(b[i:]), []byte("</plist")) {
				t.Errorf("cut after byte %d of %d: Decode = %v", i, len(b), v)
			}
			checkResult(t, v, err)
			for _, by := range []byte{0xff, b[i] + 1, b[i] ^ 0x10} {
				c := append([]byte(nil), b...)
				c[i] = by
				v, err := Decode(c)
				checkResult(t, v, err)
			}
		}
	}
}

// TestOwnMemory makes sure that a result does not change with the input.
func TestOwnMemory(t *testing.T) {
	for _, format := range []int{howett.BinaryFormat, howett.XMLFormat} {
		b := encode(sample(), format)
		got, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		clear(b)
		if !reflect.DeepEqual(got, any(sample())) {
			t.Errorf("%s: result changed with the input: %v", howett.FormatNames[format], got)
		}
	}
}
