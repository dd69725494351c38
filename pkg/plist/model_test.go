package plist

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// This file is a second reader: what CoreFoundation's published one takes a document for, written
// down directly and without a thought for cost. It knows only the values of the dictionary at the top.

// modelView returns what stands under each key of the dictionary at the top, nil if the document is
// none or can't be read. What is not a string is "?".
func modelView(b []byte) map[string]string {
	if strings.HasPrefix(string(b), "bplist0") {
		if d := tryModel(func() map[string]string { return modelBinary(b) }); d != nil {
			return d
		}
	}
	text, ok := modelText(b)
	if !ok {
		return nil
	}
	if d := tryModel(func() map[string]string { return (&modelXML{s: text}).document() }); d != nil {
		return d
	}
	return tryModel(func() map[string]string { return (&modelOld{s: []rune(text)}).document() })
}

type modelFault struct{}

func modelNeeds(ok bool) {
	if !ok {
		panic(modelFault{})
	}
}

func tryModel(read func() map[string]string) (d map[string]string) {
	defer func() {
		if r := recover(); r != nil {
			if _, fault := r.(modelFault); !fault {
				panic(r)
			}
			d = nil
		}
	}()
	return read()
}

// modelText decodes by byte order mark, by zeros, by the declaration.
func modelText(b []byte) (string, bool) {
	s := string(b)
	units := func(s string, size int, little bool) string {
		var out []rune
		var wide []uint16
		for ; len(s) >= size; s = s[size:] {
			n := rune(0)
			for i := range size {
				c := s[i]
				if little {
					c = s[size-1-i]
				}
				n = n<<8 | rune(c)
			}
			if out = append(out, n); size == 2 {
				wide = append(wide, uint16(n))
			}
		}
		if size == 2 {
			out = utf16.Decode(wide)
		}
		return string(out)
	}
	switch {
	case strings.HasPrefix(s, "\x00\x00\xfe\xff"):
		return units(s[4:], 4, false), true
	case strings.HasPrefix(s, "\xff\xfe\x00\x00"):
		return units(s[4:], 4, true), true
	case strings.HasPrefix(s, "\xef\xbb\xbf"):
		return s[3:], true
	case strings.HasPrefix(s, "\xff\xfe"):
		return units(s[2:], 2, true), true
	case strings.HasPrefix(s, "\xfe\xff"):
		return units(s[2:], 2, false), true
	case len(s) > 2 && s[0] == 0:
		return units(s, 2, false), true
	case len(s) > 2 && s[1] == 0:
		return units(s, 2, true), true
	case !strings.HasPrefix(s, "<?xml"):
		return s, true
	}
	for i := 5; i < len(s) && s[i] != '?' && s[i] != '>'; i++ {
		if name, found := strings.CutPrefix(s[i:], "encoding="); found {
			if name == "" || name[0] != '"' && name[0] != '\'' {
				return s, true
			}
			name, _, closed := strings.Cut(name[1:], name[:1])
			if !closed {
				return s, true
			}
			switch strings.ToUpper(name) {
			case "UTF-8":
				return s, true
			case "UTF-7":
				return modelUTF7(s), true
			case "ISO-8859-1", "MACINTOSH", "WINDOWS-1252", "SHIFT_JIS", "US-ASCII":
				var out strings.Builder // a key is ASCII in all of them
				for _, c := range b {
					out.WriteRune(rune(c))
				}
				return out.String(), true
			}
			return "", false
		}
	}
	return s, true
}

func modelUTF7(s string) string {
	var out strings.Builder
	for s != "" {
		if s[0] != '+' {
			out.WriteByte(s[0])
			s = s[1:]
			continue
		}
		n := 1
		for n < len(s) && (s[n] == '+' || s[n] >= '/' && s[n] <= '9' || s[n] >= 'A' && s[n] <= 'Z' || s[n] >= 'a' && s[n] <= 'z') {
			n++
		}
		raw, _ := base64.RawStdEncoding.DecodeString(s[1:n])
		var units []uint16
		for ; len(raw) >= 2; raw = raw[2:] {
			units = append(units, uint16(raw[0])<<8|uint16(raw[1]))
		}
		closed := n < len(s) && s[n] == '-'
		if n == 1 {
			out.WriteByte('+')
		}
		out.WriteString(string(utf16.Decode(units)))
		if s = s[n:]; closed {
			s = s[1:]
		}
	}
	return out.String()
}

// modelXML reads XML by moving along the rest of the text.
type modelXML struct{ s string }

func (m *modelXML) blank() { m.s = strings.TrimLeft(m.s, " \t\r\n") }

func (m *modelXML) take(prefix string) bool {
	rest, ok := strings.CutPrefix(m.s, prefix)
	m.s = rest
	return ok
}

func (m *modelXML) past(end string) {
	_, rest, found := strings.Cut(m.s, end)
	modelNeeds(found)
	m.s = rest
}

func (m *modelXML) document() map[string]string {
	for {
		m.blank()
		switch {
		case m.take("<!--"):
			modelNeeds(m.s != "")
			m.s = m.s[1:]
			m.past("-->")
		case m.take("<!DOCTYPE"):
			end := strings.IndexAny(m.s, "[>")
			modelNeeds(end >= 0 && m.s[end] == '>')
			m.s = m.s[end+1:]
		case m.take("<?"):
			m.past("?>")
		default:
			modelNeeds(strings.HasPrefix(m.s, "<"))
			d, _ := m.element(0)
			return d
		}
	}
}

// next passes what may stand between elements, and reports whether an element follows.
func (m *modelXML) next() bool {
	for {
		m.blank()
		switch {
		case m.take("<!--"):
			m.past("-->")
		case strings.HasPrefix(m.s, "<?"):
			m.s = m.s[1:]
			m.past("?>")
		case strings.HasPrefix(m.s, "</"):
			return false
		default:
			modelNeeds(strings.HasPrefix(m.s, "<") && !strings.HasPrefix(m.s, "<!"))
			return true
		}
	}
}

func (m *modelXML) close(name string) {
	modelNeeds(m.take("</" + name))
	m.blank()
	modelNeeds(m.take(">"))
}

func (m *modelXML) element(depth int) (d map[string]string, text string) {
	modelNeeds(depth <= 512)
	tag, rest, found := strings.Cut(m.s, ">")
	modelNeeds(found)
	m.s, tag = rest, tag[1:]
	empty := strings.HasSuffix(tag, "/")
	name := strings.TrimSuffix(tag, "/")
	if n := strings.IndexAny(tag, " \t\r\n"); n >= 0 {
		name = tag[:n]
	}
	switch name {
	case "plist":
		modelNeeds(!empty && m.next())
		d, text = m.element(depth + 1)
		modelNeeds(!m.next())
	case "array":
		for !empty && m.next() {
			m.element(depth + 1)
		}
		text = "?"
	case "dict":
		d, text = map[string]string{}, "?"
		for !empty && m.next() {
			modelNeeds(strings.HasPrefix(m.s, "<key>") || strings.HasPrefix(m.s, "<key/>") || strings.HasPrefix(m.s, "<key ") || strings.HasPrefix(m.s, "<key\n"))
			_, key := m.element(depth + 1)
			modelNeeds(m.next())
			_, d[key] = m.element(depth + 1)
		}
	case "key", "string":
		if !empty {
			text = m.text()
		}
	case "true", "false":
		if empty || !strings.HasPrefix(m.s, "</") {
			return nil, "?"
		}
		text = "?"
	case "integer", "real", "date", "data":
		modelNeeds(!empty)
		n := strings.IndexByte(m.s, '<')
		modelNeeds(n >= 0)
		m.s, text = m.s[n:], "?"
	default:
		modelNeeds(false)
	}
	if !empty {
		m.close(name)
	}
	return d, text
}

func (m *modelXML) text() string {
	var out strings.Builder
	for {
		modelNeeds(m.s != "")
		switch {
		case m.take("<![CDATA["):
			inner, rest, found := strings.Cut(m.s, "]]>")
			modelNeeds(found)
			out.WriteString(inner)
			m.s = rest
		case strings.HasPrefix(m.s, "<"):
			modelNeeds(!strings.HasPrefix(m.s, "<!") && utf8.ValidString(out.String()))
			return out.String()
		case m.take("&"):
			name, rest, found := strings.Cut(m.s, ";")
			modelNeeds(found)
			m.s = rest
			number, numeric := strings.CutPrefix(name, "#")
			base := 10
			if hex, isHex := strings.CutPrefix(number, "x"); isHex {
				number, base = hex, 16
			}
			if numeric {
				n, err := strconv.ParseUint("0"+number, base, 64)
				modelNeeds(err == nil && len(number) <= 8)
				out.WriteRune(rune(n))
				continue
			}
			plain, known := map[string]string{"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": `"`}[name]
			modelNeeds(known)
			out.WriteString(plain)
		default:
			out.WriteByte(m.s[0])
			m.s = m.s[1:]
		}
	}
}

// modelOld reads old-style text.
type modelOld struct {
	s []rune
	i int
}

func (m *modelOld) at(i int) rune {
	if m.i+i < len(m.s) {
		return m.s[m.i+i]
	}
	return -1
}

func (m *modelOld) blank() {
	for m.i < len(m.s) {
		switch c := m.at(0); {
		case c >= 9 && c <= 13, c == ' ', c == 0x2028, c == 0x2029:
			m.i++
		case c == '/' && m.at(1) == '/':
			for m.i < len(m.s) && m.at(0) != '\n' && m.at(0) != '\r' && m.at(0) != 0x2028 && m.at(0) != 0x2029 {
				m.i++
			}
		case c == '/' && m.at(1) == '*':
			for m.i += 2; m.i < len(m.s) && (m.at(0) != '*' || m.at(1) != '/'); {
				m.i++
			}
			m.i = min(m.i+2, len(m.s))
		default:
			return
		}
	}
}

func modelWord(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c > 0 && strings.ContainsRune("_$/:.-", c)
}

func (m *modelOld) document() map[string]string {
	modelNeeds(utf8.ValidString(string(m.s)) && len(m.s) > 0)
	if m.blank(); m.i == len(m.s) {
		return map[string]string{}
	}
	d, _ := m.value(0)
	m.blank()
	switch {
	case m.i == len(m.s):
		return d
	case d != nil:
		panic(modelFault{})
	}
	m.i = 0
	return m.entries(0)
}

func (m *modelOld) value(depth int) (d map[string]string, text string) {
	modelNeeds(depth <= 512)
	m.blank()
	switch c := m.at(0); {
	case c == '{':
		m.i++
		d = m.entries(depth)
		m.blank()
		modelNeeds(m.at(0) == '}')
		m.i++
		return d, "?"
	case c == '(':
		m.i++
		for m.blank(); m.at(0) != ')'; m.blank() {
			m.value(depth + 1)
			if m.blank(); m.at(0) != ',' {
				break
			}
			m.i++
		}
		modelNeeds(m.at(0) == ')')
		m.i++
		return map[string]string{"?": "?"}, "?" // no string; of no interest
	case c == '<':
		for m.i++; m.at(0) != '>'; m.i++ {
			modelNeeds(m.at(0) > 0 && strings.ContainsRune("0123456789abcdefABCDEF \n\t\r\u2028\u2029", m.at(0)))
		}
		m.i++
		return map[string]string{"?": "?"}, "?"
	}
	return nil, m.text()
}

func (m *modelOld) text() string {
	m.blank()
	if q := m.at(0); q == '"' || q == '\'' {
		var units []uint16
		for m.i++; m.at(0) != q; {
			modelNeeds(m.i < len(m.s))
			if m.at(0) != '\\' {
				units = utf16.AppendRune(units, m.at(0))
				m.i++
				continue
			}
			m.i++
			modelNeeds(m.i < len(m.s))
			c := m.at(0)
			switch {
			case c >= '0' && c <= '7':
				n := 0
				for k := 0; k < 3 && m.at(0) >= '0' && m.at(0) <= '7'; k++ {
					n = n*8 + int(m.at(0)-'0')
					m.i++
				}
				units = append(units, uint16(nextStep(byte(n))))
			case c == 'U':
				n := 0
				m.i++
				for k := 0; k < 4 && m.at(0) > 0 && strings.ContainsRune("0123456789abcdefABCDEF", m.at(0)); k++ {
					v, _ := strconv.ParseUint(string(m.at(0)), 16, 8)
					n = n*16 + int(v)
					m.i++
				}
				units = append(units, uint16(n))
			default:
				if k := strings.IndexRune("abfnrtv", c); k >= 0 {
					c = rune("\a\b\f\n\r\t\v"[k])
				}
				units = utf16.AppendRune(units, c)
				m.i++
			}
		}
		m.i++
		return string(utf16.Decode(units))
	}
	from := m.i
	for modelWord(m.at(0)) {
		m.i++
	}
	modelNeeds(m.i > from)
	return string(m.s[from:m.i])
}

func (m *modelOld) entries(depth int) map[string]string {
	d := map[string]string{}
	for {
		m.blank()
		if c := m.at(0); c != '"' && c != '\'' && !modelWord(c) {
			return d
		}
		key := m.text()
		value := key
		if m.blank(); m.at(0) == '=' {
			m.i++
			_, value = m.value(depth + 1)
		}
		m.blank()
		modelNeeds(m.at(0) == ';')
		m.i++
		d[key] = value
	}
}

// modelBinary reads the dictionary at the top of a binary property list.
func modelBinary(b []byte) map[string]string {
	modelNeeds(len(b) > 40)
	number := func(from, size int) int {
		modelNeeds(from >= 8 && size > 0 && from+size <= len(b))
		n := uint64(0)
		for _, c := range b[from : from+size] {
			n = n<<8 | uint64(c)
		}
		modelNeeds(n < 1<<40)
		return int(n)
	}
	t := len(b) - 32
	offsets, refs, count, top, table := int(b[t+6]), int(b[t+7]), number(t+8, 8), number(t+16, 8), number(t+24, 8)
	modelNeeds(offsets > 0 && refs > 0 && top < count && table > 8 && table < t && table+count*offsets == t)
	at := func(ref int) int {
		modelNeeds(ref < count)
		off := number(table+ref*offsets, offsets)
		modelNeeds(off >= 8 && off < table)
		return off
	}
	length := func(off int) (n, start int) {
		if n = int(b[off] & 15); n < 15 {
			return n, off + 1
		}
		modelNeeds(b[off+1]>>4 == 1)
		size := 1 << (b[off+1] & 15)
		return number(off+2, size), off + 2 + size
	}
	text := func(off int) (string, bool) {
		n, start := length(off)
		switch b[off] >> 4 {
		case 5:
			modelNeeds(start+n <= table)
			return string(b[start : start+n]), true
		case 6:
			modelNeeds(start+2*n <= table)
			units := make([]uint16, n)
			for i := range units {
				units[i] = uint16(number(start+2*i, 2))
			}
			return string(utf16.Decode(units)), true
		}
		return "?", false
	}
	off := at(top)
	modelNeeds(b[off]>>4 == 13)
	n, start := length(off)
	modelNeeds(start+2*n*refs <= table)
	d := map[string]string{}
	for i := range n {
		key, isText := "", false
		if o := at(number(start+i*refs, refs)); b[o]>>4 == 5 || b[o]>>4 == 6 {
			key, isText = text(o)
		}
		value := "?"
		if o := at(number(start+(n+i)*refs, refs)); b[o]>>4 == 5 || b[o]>>4 == 6 {
			value, _ = text(o)
		}
		if isText {
			d[key] = value
		}
	}
	return d
}
