package eql

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// The functions of text. Positions and lengths count characters.

func length(_ bool, s, _, _, _ Value) Value {
	return Int(int64(utf8.RuneCountInString(s.text)))
}

func startsWith(fold bool, s, part, _, _ Value) Value {
	if !fold {
		return Bool(strings.HasPrefix(s.text, part.text))
	}
	n, ok := offset(s.text, int64(utf8.RuneCountInString(part.text)))
	return Bool(ok && strings.EqualFold(s.text[:n], part.text))
}

func endsWith(fold bool, s, part, _, _ Value) Value {
	if !fold {
		return Bool(strings.HasSuffix(s.text, part.text))
	}
	n := utf8.RuneCountInString(s.text) - utf8.RuneCountInString(part.text)
	at, ok := offset(s.text, int64(n))
	return Bool(ok && strings.EqualFold(s.text[at:], part.text))
}

// stringContains is false where either string is empty.
func stringContains(fold bool, s, part, _, _ Value) Value {
	at, _ := find(s.text, part.text, fold, false)
	return Bool(s.text != "" && part.text != "" && at >= 0)
}

// indexOf returns where part begins, at or after the character start; null when it does
// not, or when start is behind the end.
func indexOf(fold bool, s, part, start, _ Value) Value {
	from, ok := offset(s.text, max(position(start, 0), 0))
	if !ok {
		return Value{}
	}
	at, _ := find(s.text[from:], part.text, fold, false)
	if at < 0 {
		return Value{}
	}
	return Int(int64(utf8.RuneCountInString(s.text[:from+at])))
}

// substring returns the characters from start up to end, which count from the end of
// the text where they are negative. Null stands for the start and the end of the text.
func substring(_ bool, s, start, end, _ Value) Value {
	from, to := position(start, 0), position(end, int64(len(s.text)))
	n := int64(utf8.RuneCountInString(s.text))
	if from < 0 {
		from = max(from+n, 0)
	}
	if to < 0 {
		to = max(to+n, 0)
	}
	if from >= to {
		return String("")
	}
	i, _ := offset(s.text, from)
	j, _ := offset(s.text[i:], to-from)
	return String(s.text[i : i+j])
}

// between returns the text after the first left and before the first right that
// follows, or the last one if greedy.
func between(fold bool, s, left, right, greedy Value) Value {
	if s.text == "" {
		return s
	}
	at, after := find(s.text, left.text, fold, false)
	if at < 0 {
		return Value{}
	}
	rest := s.text[after:]
	end, _ := find(rest, right.text, fold, greedy.bool())
	if end < 0 {
		return Value{}
	}
	return String(rest[:end])
}

// position reads a number of characters; null is what was left out.
func position(v Value, null int64) int64 {
	switch v.kind {
	case kInt:
		return v.int()
	case kFloat:
		return int64(min(max(v.decimal(), -1<<31), 1<<31-1))
	}
	return null
}

// offset returns the byte at which the character n begins; the end of the text, and
// not ok, where there are fewer.
func offset(s string, n int64) (at int, ok bool) {
	for i := range s {
		if n == 0 {
			return i, true
		}
		n--
	}
	return len(s), n == 0
}

// concat joins the texts of values that are not null.
func concat(args []Value) Value {
	var text []byte
	for i := range args {
		text = appendText(text, args[i])
	}
	return String(string(text))
}

// maxAddress is the length of the longest text of an address.
const maxAddress = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

// inBlocks returns the predicate of cidrMatch: the address is in one of the ranges. One of
// IPv6 holds an IPv4 address as ::ffff:a.b.c.d.
func inBlocks(ranges []expr) predicate {
	var blocks []netip.Prefix
	for _, x := range ranges {
		v, _ := constant(x)
		b, ok := readBlock(v.text)
		if !ok {
			fail(x.at(), "cidrMatch: not an address or range: %s", v)
		}
		blocks = append(blocks, b)
	}
	return predicate{strict: true, settled: true, text: func(s string) bool {
		// The error about a text that is not an address takes memory: most of these show
		// at once.
		if s == "" || len(s) > maxAddress || strings.Trim(s, "0123456789abcdefABCDEF:.") != "" {
			return false
		}
		a, err := netip.ParseAddr(s)
		if err != nil {
			return false
		}
		a = a.Unmap()
		for _, b := range blocks {
			if b.Contains(a) || a.Is4() && b.Contains(netip.AddrFrom16(a.As16())) {
				return true
			}
		}
		return false
	}}
}

// readBlock reads a range, or a single address.
func readBlock(s string) (b netip.Prefix, ok bool) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), err == nil && a.Zone() == ""
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, false
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}
