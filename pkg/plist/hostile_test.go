package plist

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	howett "howett.net/plist"
)

// binaryDocument joins objects to a binary property list of which object 0 is the top,
// with offsets of four bytes and references of refSize.
func binaryDocument(refSize int, objects ...string) []byte {
	b := []byte("bplist00")
	var offsets []byte
	for _, o := range objects {
		offsets = binary.BigEndian.AppendUint32(offsets, uint32(len(b)))
		b = append(b, o...)
	}
	table := len(b)
	b = append(b, offsets...)
	return append(b, trailer(4, refSize, uint64(len(objects)), 0, uint64(table))...)
}

func trailer(offsetSize, refSize int, objects, top, table uint64) []byte {
	b := append(make([]byte, 6), byte(offsetSize), byte(refSize))
	for _, v := range []uint64{objects, top, table} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return b
}

// counted returns a tag followed by a count of eight bytes.
func counted(tag byte, n uint64) string {
	return string(binary.BigEndian.AppendUint64([]byte{tag | 0xf, 0x13}, n))
}

// date is a binary date so many seconds from 2001.
func date(seconds float64) string {
	return string(binary.BigEndian.AppendUint64([]byte{0x33}, math.Float64bits(seconds)))
}

// emptyReferences is the shortest killer: references of no size, so that an array of any
// length fits.
func emptyReferences(n uint64) []byte {
	b := append([]byte("bplist00"), counted(0xa0, n)...)
	table := uint64(len(b))
	b = append(b, 8)
	return append(b, trailer(1, 0, 1, 0, table)...)
}

// doubled nests arrays that hold the next one twice: levels of them expand to 2^levels.
func doubled(levels int) []byte {
	var objects []string
	for i := 1; i < levels; i++ {
		objects = append(objects, "\xa2"+string([]byte{byte(i), byte(i)}))
	}
	return binaryDocument(1, append(objects, "\xa0")...)
}

// chained nests arrays that hold the next one once.
func chained(levels int) []byte {
	objects := make([]string, levels)
	for i := range objects {
		objects[i] = "\xa1" + string([]byte{byte((i + 1) >> 8), byte(i + 1)})
	}
	return binaryDocument(2, append(objects, "\xa0")...)
}

// sameForAll is an array of n references to one object.
func sameForAll(n int, object string) []byte {
	return binaryDocument(1, counted(0xa0, uint64(n))+strings.Repeat("\x01", n), object)
}

// manyDicts fills a binary document with references to one dictionary of one key.
func manyDicts(n int) []byte {
	return binaryDocument(1, counted(0xa0, uint64(n))+strings.Repeat("\x01", n), "\xd1\x02\x03", "\x51a", "\x09")
}

func xmlDocument(body string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
` + body + "\n</plist>\n")
}

// xmlDict writes n entries of an XML dictionary.
func xmlDict(n int, value string) string {
	var s strings.Builder
	s.WriteString("<dict>")
	for i := range n {
		fmt.Fprintf(&s, "<key>%x</key>%s", i, value)
	}
	return s.String() + "</dict>"
}

// hostileFiles are documents that kill an unguarded decoder, or come near it.
func hostileFiles() map[string][]byte {
	const million = 1_000_000
	huge := strings.Repeat("x", MaxSize-400)
	return map[string][]byte{
		"no reference size, 2^33":     emptyReferences(1 << 33),
		"no reference size, 2^63":     emptyReferences(1 << 63),
		"array of 2^63-1":             binaryDocument(1, counted(0xa0, 1<<63-1)),
		"array of 2^63":               binaryDocument(1, counted(0xa0, 1<<63)),
		"array of 2^64-1":             binaryDocument(1, counted(0xa0, 1<<64-1)),
		"dictionary of 2^63":          binaryDocument(1, counted(0xd0, 1<<63)),
		"data of 2^64-1":              binaryDocument(1, counted(0x40, 1<<64-1)),
		"string of 2^63":              binaryDocument(1, counted(0x50, 1<<63)),
		"UTF-16 of 2^63":              binaryDocument(1, counted(0x60, 1<<63)),
		"28 doubled levels":           doubled(28),
		"120 doubled levels":          doubled(120),
		"4000 nested arrays":          chained(4000),
		"array that holds itself":     binaryDocument(1, "\xa1\x00"),
		"two that hold each other":    binaryDocument(1, "\xa1\x01", "\xa1\x00"),
		"2 million references":        sameForAll(2_000_000, "\x09"),
		"60000 strings of 60 KB":      sameForAll(60_000, counted(0x50, 60_000)+strings.Repeat("x", 60_000)),
		"60000 dictionaries":          manyDicts(60_000),
		"all the dictionaries":        manyDicts(maxContainers - 1),
		"one string of 2 MB":          binaryDocument(1, counted(0x50, uint64(len(huge)))+huge),
		"one UTF-16 string of 2 MB":   binaryDocument(1, counted(0x60, uint64(len(huge)/2))+huge),
		"data of 2 MB":                binaryDocument(1, counted(0x40, uint64(len(huge)))+huge),
		"XML million arrays":          []byte("<plist>" + strings.Repeat("<array>", MaxSize/8)),
		"XML million dicts":           []byte("<plist>" + strings.Repeat("<dict><key/>", MaxSize/13)),
		"XML nested plists":           []byte(strings.Repeat("<plist>", MaxSize/8)),
		"XML million booleans":        xmlDocument("<array>" + strings.Repeat("<true/>", MaxSize/8) + "</array>"),
		"XML million empty dicts":     xmlDocument("<array>" + strings.Repeat("<dict/>", MaxSize/8) + "</array>"),
		"XML all the dicts":           xmlDocument("<array>" + strings.Repeat("<dict/>", maxContainers-2) + "</array>"),
		"XML all the values":          xmlDocument(xmlDict(maxValues/2-2, "<string>v</string>")),
		"XML one string of 2 MB":      xmlDocument("<string>" + huge + "</string>"),
		"XML entities for 2 MB":       xmlDocument("<string>" + strings.Repeat("&#120;", len(huge)/6) + "</string>"),
		"XML data of 2 MB":            xmlDocument("<data>" + strings.Repeat("AAAA", len(huge)/4) + "</data>"),
		"XML key of 2 MB":             xmlDocument("<dict><key>" + huge[:len(huge)-50] + "</key><true/></dict>"),
		"XML comment of 2 MB":         xmlDocument("<!--" + huge + "--><true/>"),
		"XML attributes of 2 MB":      []byte("<plist " + strings.Repeat(`a="" `, MaxSize/6) + "><true/></plist>"),
		"XML name of 2 MB":            []byte("<" + huge + "/>"),
		"XML end of 2 MB":             []byte("<plist></plist" + huge),
		"XML instruction of 2 MB":     []byte("<?" + huge),
		"XML declaration of 2 MB":     []byte("<!DOCTYPE " + huge),
		"XML million laughs":          []byte(`<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><plist><string>&b;</string></plist>`),
		"XML then nested text":        []byte("<plist>" + strings.Repeat("(", million) + "</plist>"),
		"million parentheses":         bytes.Repeat([]byte("("), million),
		"million parentheses after <": append([]byte("<"), bytes.Repeat([]byte("("), million)...),
	}
}

// hostileTexts are the same for text.
func hostileTexts() map[string][]byte {
	const million = 1_000_000
	return map[string][]byte{
		"parentheses":             bytes.Repeat([]byte("("), million),
		"parentheses after <":     append([]byte("<"), bytes.Repeat([]byte("("), million)...),
		"dictionaries":            bytes.Repeat([]byte("{a="), million/3),
		"braces":                  bytes.Repeat([]byte("{"), million),
		"both":                    bytes.Repeat([]byte("({a="), million/4),
		"XML in a string":         []byte(`{a="<plist>` + strings.Repeat("<array>", million/8) + `";}`),
		"XML in a comment":        []byte(`/*` + strings.Repeat("<array>", million/8) + `*/{a=b;}`),
		"XML after hexadecimal":   []byte(`<ab><plist>` + strings.Repeat("<array>", million/8)),
		"XML arrays":              bytes.Repeat([]byte("<array>"), million/8),
		"escapes":                 []byte(`{a="` + strings.Repeat(`\\`, million/2) + `";}`),
		"quotes":                  []byte(`{a='` + strings.Repeat(`"`, million) + `';}`),
		"many strings of escapes": []byte(`(` + strings.Repeat(`"`+strings.Repeat(`\\`, 1000)+`",`, 500) + `)`),
		"empty dictionaries":      []byte("(" + strings.Repeat("{},", million/3) + ")"),
		"all the dictionaries":    []byte("(" + strings.Repeat("{},", maxContainers-1) + ")"),
		"all the values":          []byte("(" + strings.Repeat("a,", maxValues-1) + ")"),
		"comments":                bytes.Repeat([]byte("/**/"), million/4),
		"open comments":           bytes.Repeat([]byte("/*"), million/2),
		"slashes":                 bytes.Repeat([]byte("/ "), million/2),
		"data":                    []byte("<" + strings.Repeat("0", million) + ">"),
		"open data":               bytes.Repeat([]byte("<"), million),
		"base64":                  []byte("<[" + strings.Repeat("A", million) + "]>"),
		"long number":             []byte("<*I" + strings.Repeat("1", million) + ">"),
		"long real":               []byte("<*R" + strings.Repeat("1", 200) + "e999>"),
		"strings file":            bytes.Repeat([]byte("a;"), million/2),
		"short form":              []byte(strings.Repeat("k", million-1) + ";"),
	}
}

// sample is a value with every type that both forms can hold.
func sample() map[string]any {
	return map[string]any{
		"LoginHook": "/bin/sh -c 'echo \"<&>\" \u00fc\u2028\U0001f600'",
		"empty":     "",
		"yes":       true,
		"no":        false,
		"small":     uint64(7),
		"large":     uint64(1<<63 + 1),
		"negative":  int64(-5),
		"real":      1.5,
		"data":      []byte{0, 1, 0xff},
		"date":      time.Date(2024, 2, 29, 12, 30, 15, 0, time.UTC),
		"array":     []any{"a", uint64(1), []any{}, map[string]any{}},
		"dict":      map[string]any{"k": map[string]any{"k": []any{true, false}}},
		"uid":       map[string]any{"CF$UID": uint64(12)},
	}
}

// encode has the library write a value.
func encode(v any, format int) []byte {
	if d, ok := v.(map[string]any); ok && d["uid"] != nil {
		c := make(map[string]any)
		for k, v := range d {
			c[k] = v
		}
		c["uid"] = howett.UID(12)
		v = c
	}
	b, err := howett.Marshal(v, format)
	if err != nil {
		panic(err)
	}
	return b
}
