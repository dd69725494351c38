package plist

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf16"
)

// generator makes documents in every form that CoreFoundation reads, and some that it does not.
type generator struct{ *rand.Rand }

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// chance is true once in n times.
func (g generator) chance(n int) bool { return g.IntN(n) == 0 }

func (g generator) document() []byte {
	var b []byte
	switch g.IntN(3) {
	case 0:
		b = g.encode(g.mutate(g.xml()))
	case 1:
		b = g.encode(g.mutate(g.oldStyle()))
	default:
		b = g.binary()
	}
	if g.chance(3) {
		b = []byte(g.mutate(string(b)))
	}
	return b
}

func (g generator) key() string {
	return g.pick("LoginHook", "LogoutHook", "EnableMCXLoginScripts", "MCXScriptTrust", "LoginHook", "loginhook", "LoginHook2", "LoginwindowText")
}

func (g generator) path() string { return fmt.Sprintf("/tmp/%d.sh", g.IntN(1000)) }

// mutate spoils a text now and then.
func (g generator) mutate(s string) string {
	for g.chance(3) && len(s) > 2 {
		i, j := g.IntN(len(s)), g.IntN(len(s))
		i, j = min(i, j), max(i, j)
		switch g.IntN(5) {
		case 0:
			s = s[:i] + s[min(i+1+g.IntN(4), len(s)):]
		case 1:
			s = s[:i] + g.pick("<", ">", "/", "-->", "<!--", "<!---->", "?>", "<?", "=", ";", "\"", "'", "\\", "/*", "*/", "//", "\x00", "&#65608;", "]]>", "<![CDATA[", "\xff", "<plist>", "<true>", "\u2028", "{", "}") + s[i:]
		case 2:
			s = s[:i] + s[j:]
		case 3:
			s = s[:j] + s[i:min(j, i+40)] + s[j:]
		default:
			s = s[:i] + string(rune(g.IntN(256))) + s[i+1:]
		}
	}
	return s
}

// decoy is markup that sets a hook where it may or may not be read.
func (g generator) decoy() string {
	return "<plist><dict><key>" + g.key() + "</key><string>" + g.path() + "</string></dict></plist>"
}

func (g generator) betweenXML() string {
	return g.pick("", "", "", " ", "\n\t", "<!-- a -->", "<!---->", "<!--->", "<!-->", "<!-- > -- -->", "<!--"+g.decoy()+"-->", "<?x?>", "<?>", "<?x -->", "<?x "+g.decoy()+"?>")
}

func (g generator) attributes() string {
	return g.pick("", "", "", "", " ", "\n", ` a="b"`, ` a="b>c"`, ` a='/'`, " a", ` a="/>`)
}

func (g generator) xml() string {
	var s strings.Builder
	s.WriteString(g.pick("", `<?xml version="1.0" encoding="UTF-8"?>`, `<?xml-x?>`, `<?xml version='1.0'?>`))
	for range g.IntN(3) {
		s.WriteString(g.pick(g.betweenXML(), g.betweenXML(), "<!DOCTYPE plist>", `<!DOCTYPE plist PUBLIC "a" "b">`, `<!DOCTYPE p "a>b">`, `<!DOCTYPE p [<!ENTITY a "b">]>`))
	}
	body := g.dictXML(0)
	if !g.chance(4) {
		body = "<plist" + g.attributes() + ">" + g.betweenXML() + body + g.betweenXML() + "</plist>"
	}
	return s.String() + body + g.pick("", "\n", "junk", g.decoy(), "<!--", "<?x?>")
}

func (g generator) dictXML(depth int) string {
	if g.chance(12) {
		return "<dict/>"
	}
	var s strings.Builder
	s.WriteString("<dict" + g.attributes() + ">")
	for range g.IntN(4) {
		s.WriteString(g.betweenXML() + "<key" + g.attributes() + ">" + g.spellXML(g.key()) + "</key" + g.pick("", "", " ") + ">" + g.betweenXML() + g.valueXML(depth+1))
	}
	return s.String() + g.betweenXML() + "</dict>"
}

func (g generator) valueXML(depth int) string {
	if depth < 3 && g.chance(5) {
		return g.pick(g.dictXML(depth), "<array>"+g.valueXML(depth+1)+g.valueXML(depth+1)+"</array>", "<array/>")
	}
	if g.chance(4) {
		return g.pick("<true/>", "<true>", "<false></false>", "<integer>0x1F</integer>", "<real>1.5</real>", "<data>AAEC</data>", "<date>2024-02-29T12:30:15Z</date>", "<string/>", "<integer>x</integer>", "<null/>")
	}
	name := g.pick("string", "string", "string", "key")
	return "<" + name + g.attributes() + ">" + g.spellXML(g.path()) + "</" + name + ">"
}

func (g generator) spellXML(s string) string {
	var out strings.Builder
	for i, c := range []byte(s) {
		switch g.IntN(20) {
		case 0:
			fmt.Fprintf(&out, "&#%d;", c)
		case 1:
			fmt.Fprintf(&out, "&#x%X;", c)
		case 2:
			out.WriteString("<![CDATA[" + s[i:i+1] + "]]>")
		case 3:
			if g.chance(8) {
				fmt.Fprintf(&out, "&#%d;", 0x10000*g.IntN(3)+int(c))
				continue
			}
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

func (g generator) blank() string {
	return g.pick("", "", "", " ", "\n", "/* a */", "// b\n", "\u2028", "/* {LoginHook=/d;} */", "/**/")
}

func (g generator) oldStyle() string {
	var s strings.Builder
	for range g.IntN(4) {
		s.WriteString(g.blank() + g.spellOld(g.key()))
		if !g.chance(10) {
			s.WriteString(g.blank() + "=" + g.blank() + g.valueOld(0))
		}
		s.WriteString(g.blank() + ";")
	}
	if g.chance(2) {
		return g.pick("", "", "bplist0;", "a=b;") + s.String() + g.blank() + g.pick("", "", "", "*", "}", "\"open", "junk")
	}
	return g.blank() + "{" + s.String() + g.blank() + "}" + g.blank() + g.pick("", "", "", "", "x")
}

func (g generator) valueOld(depth int) string {
	if depth < 3 && g.chance(4) {
		v := g.valueOld(depth + 1)
		return g.pick("{"+g.spellOld(g.key())+"="+v+";}", "("+v+","+v+")", "("+v+",)", "()", "<0fbd 77>", "{}", "<0f")
	}
	return g.spellOld(g.path())
}

func (g generator) spellOld(s string) string {
	if g.chance(2) {
		return s
	}
	quote := g.pick(`"`, `'`)
	var out strings.Builder
	for _, c := range []byte(s) {
		switch g.IntN(20) {
		case 0:
			fmt.Fprintf(&out, `\%03o`, c)
		case 1:
			fmt.Fprintf(&out, `\U%04x`, c)
		case 2:
			if strings.IndexByte("abfnrtvU01234567", c) < 0 {
				out.WriteByte('\\')
			}
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
	}
	return quote + out.String() + quote
}

// encode writes a text in one of the encodings.
func (g generator) encode(s string) []byte {
	units := utf16.Encode([]rune(s))
	wide := func(order binary.AppendByteOrder, mark string) []byte {
		b := []byte(mark)
		for _, u := range units {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	widest := func(order binary.AppendByteOrder, mark string) []byte {
		b := []byte(mark)
		for _, c := range s {
			b = order.AppendUint32(b, uint32(c))
		}
		return b
	}
	switch g.IntN(16) {
	case 0:
		return wide(binary.LittleEndian, "\xff\xfe")
	case 1:
		return wide(binary.BigEndian, "\xfe\xff")
	case 2:
		return wide(binary.LittleEndian, "")
	case 3:
		return wide(binary.BigEndian, "")
	case 4:
		return widest(binary.LittleEndian, "\xff\xfe\x00\x00")
	case 5:
		return widest(binary.BigEndian, "\x00\x00\xfe\xff")
	case 6:
		return append([]byte("\xef\xbb\xbf"), s...)
	case 7:
		return g.utf7(s)
	case 8:
		name := g.pick("ISO-8859-1", "macintosh", "Shift_JIS", "windows-1252", "us-ascii", "EBCDIC-CP-US", "x-none", "UTF-16")
		return []byte(`<?xml version="1.0" encoding="` + name + `"?>` + s)
	}
	return []byte(s)
}

func (g generator) utf7(s string) []byte {
	out := []byte(g.pick(`<?xml version="1.0" encoding="UTF-7"?>`, `<?xml-x encoding='utf-7'?>`, `<?xmlencoding="Utf-7"?>`))
	for _, c := range s {
		if c < 0x80 && c != '+' && !g.chance(6) {
			out = append(out, byte(c))
			continue
		}
		var raw []byte
		for _, u := range utf16.Encode([]rune{c}) {
			raw = binary.BigEndian.AppendUint16(raw, u)
		}
		out = append(append(append(out, '+'), base64.RawStdEncoding.EncodeToString(raw)...), '-')
	}
	return out
}

// binary makes a binary document of random widths with keys that are shared, repeated, no strings...
func (g generator) binary() []byte {
	refSize, offsetSize := 1+g.IntN(8), 2+g.IntN(7)
	ref := func(n int) string {
		return string(binary.BigEndian.AppendUint64(nil, uint64(n)))[8-refSize:]
	}
	text := func(s string) string {
		wide := g.chance(3)
		units := utf16.Encode([]rune(s))
		head := string([]byte{byte(0x50 + len(s))})
		if len(s) > 14 || g.chance(5) {
			head = "\x5f\x10" + string([]byte{byte(len(s))})
		}
		if !wide {
			return head + s
		}
		b := []byte(head)
		b[0] += 0x10
		for _, u := range units {
			b = binary.BigEndian.AppendUint16(b, u)
		}
		return string(b)
	}
	n := g.IntN(5)
	objects := []string{""}
	var keys, values string
	for range n {
		if g.chance(10) {
			keys += ref(g.IntN(len(objects) + 2)) // something, which may not be a string, or not be there
		} else {
			keys += ref(len(objects))
			objects = append(objects, text(g.key()))
		}
		if g.chance(10) {
			values += ref(g.IntN(len(objects) + 2))
		} else {
			values += ref(len(objects))
			value := g.pick(text(g.path()), text(g.path()), text(g.path()), "\x09", "\x10\x07")
			if g.chance(8) { // one that can't be read, or that is read in another place
				value = g.pick("\xa1"+ref(0), "\xd1"+ref(1)+ref(1), "\x00", "\xc0", "\x33\x00")
			}
			objects = append(objects, value)
		}
	}
	objects[0] = string([]byte{byte(0xd0 + n)}) + keys + values
	b := []byte("bplist0" + g.pick("0", "0", "1", "x", ";", "\x00"))
	var offsets []byte
	for _, o := range objects {
		offsets = append(offsets, binary.BigEndian.AppendUint64(nil, uint64(len(b)))[8-offsetSize:]...)
		b = append(b, o...)
	}
	table := len(b)
	b = append(b, offsets...)
	return append(b, trailer(offsetSize, refSize, uint64(len(objects)), 0, uint64(table))...)
}
