package eql

import "unicode/utf8"

// The functions of text. Positions and lengths count characters. A null argument makes
// the result null, and so does one of a type that the function is not about; where null
// means that an argument was left out, it says so.

func length(_ *funcCall, s, _, _, _ Value) Value {
	if s.kind != kString {
		return Value{}
	}
	return Int(int64(utf8.RuneCountInString(s.text)))
}

func startsWith(c *funcCall, s, part, _, _ Value) Value {
	if s.kind != kString || part.kind != kString {
		return Value{}
	}
	return Bool(hasPrefix(s.text, part.text, c.Fold))
}

func endsWith(c *funcCall, s, part, _, _ Value) Value {
	if s.kind != kString || part.kind != kString {
		return Value{}
	}
	return Bool(hasSuffix(s.text, part.text, c.Fold))
}

// stringContains is false where either string is empty.
func stringContains(c *funcCall, s, part, _, _ Value) Value {
	if s.kind != kString || part.kind != kString {
		return Value{}
	}
	return Bool(s.text != "" && part.text != "" && first(s.text, part.text, c.Fold) >= 0)
}

// indexOf returns where part begins, at or after the character start; null when it does
// not, or when start is behind the end.
func indexOf(c *funcCall, s, part, start, _ Value) Value {
	from, ok := position(start, 0)
	if s.kind != kString || part.kind != kString || !ok {
		return Value{}
	}
	at, ok := offset(s.text, max(from, 0))
	if !ok {
		return Value{}
	}
	i := first(s.text[at:], part.text, c.Fold)
	if i < 0 {
		return Value{}
	}
	return Int(int64(utf8.RuneCountInString(s.text[:at+i])))
}

// substring returns the characters from start up to end, which count from the end of
// the text where they are negative. Null stands for the start and the end of the text.
func substring(_ *funcCall, s, start, end, _ Value) Value {
	if s.kind != kString {
		return Value{}
	}
	from, ok := position(start, 0)
	to, ok2 := position(end, int64(len(s.text)))
	if !ok || !ok2 {
		return Value{}
	}
	if from < 0 || to < 0 {
		n := int64(utf8.RuneCountInString(s.text))
		if from < 0 {
			from = max(from+n, 0)
		}
		if to < 0 {
			to = max(to+n, 0)
		}
	}
	if from >= to {
		return String("")
	}
	i, _ := offset(s.text, from)
	n, _ := offset(s.text[i:], to-from)
	return String(s.text[i : i+n])
}

// between returns the text after the first left and before the first right that
// follows, or the last one if greedy.
func between(c *funcCall, s, left, right, greedy Value) Value {
	if s.kind != kString || left.kind != kString || right.kind != kString || greedy.kind != kBool && !greedy.missing() {
		return Value{}
	}
	if s.text == "" {
		return s
	}
	i := first(s.text, left.text, c.Fold)
	if i < 0 {
		return Value{}
	}
	rest := s.text[i+prefixLen(s.text[i:], left.text, c.Fold):]
	end := first(rest, right.text, c.Fold)
	if greedy.bool() && end >= 0 {
		end = last(rest, right.text, c.Fold)
	}
	if end < 0 {
		return Value{}
	}
	return String(rest[:end])
}

// position reads a number of characters; null is what was left out.
func position(v Value, null int64) (n int64, ok bool) {
	switch v.kind {
	case kNull:
		return null, true
	case kInt:
		return v.int(), true
	case kFloat:
		f := v.decimal()
		return int64(min(max(f, -1<<31), 1<<31-1)), true
	}
	return 0, false
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

// textTest returns the test of a function for one part that is known beforehand.
func textTest(name, part string, fold bool) func(string) bool {
	switch {
	case name == "startsWith":
		return func(s string) bool { return hasPrefix(s, part, fold) }
	case name == "endsWith":
		return func(s string) bool { return hasSuffix(s, part, fold) }
	case part == "":
		return func(string) bool { return false }
	}
	return containing(part, fold)
}
