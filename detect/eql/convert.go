package eql

import (
	"math"
	"strconv"
	"strings"
)

// toNumber reads a number from text: an integer in a base from 2 to 36, which is 16
// for what begins with 0x and else 10, or a decimal number. What is no number is null.
func toNumber(_ *funcCall, s, base, _, _ Value) Value {
	if s.kind != kString {
		return Value{}
	}
	digits, hex := strings.CutPrefix(s.text, "0x")
	radix := 10
	switch {
	case !base.missing():
		radix = int(base.int())
	case hex:
		radix = 16
	}
	if !hex || radix != 16 {
		digits = s.text
	}
	if radix != 10 {
		return readInteger(digits, radix)
	}
	digits = strings.TrimSpace(digits)
	if v := readInteger(digits, 10); !v.missing() {
		return v
	}
	return readDecimal(digits)
}

// readInteger reads an integer that fits into 64 bits. It looks at every character
// first, since the error about a wrong one would take memory.
func readInteger(s string, base int) Value {
	digits := strings.TrimLeft(s, "+-")
	if digits == "" || len(digits) > 64 || len(s)-len(digits) > 1 {
		return Value{}
	}
	for i := range len(digits) {
		if !isDigitOf(digits[i], base) {
			return Value{}
		}
	}
	i, err := strconv.ParseInt(s, base, 64)
	if err != nil {
		return Value{}
	}
	return Int(i)
}

func isDigitOf(c byte, base int) bool {
	switch c = lower(c); {
	case isDigit(c):
		return int(c-'0') < base
	case 'a' <= c && c <= 'z':
		return int(c-'a')+10 < base
	}
	return false
}

// maxDecimal is the length of the longest text read as a decimal number; its value
// does not need more.
const maxDecimal = 400

func readDecimal(s string) Value {
	if s == "" || len(s) > maxDecimal || strings.Trim(s, "0123456789.+-eE") != "" {
		return Value{}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return Value{}
	}
	return Float(f)
}

// toString writes a value as text.
func toString(_ *funcCall, v, _, _, _ Value) Value {
	switch v.kind {
	case kString:
		return v
	case kNull, kStrings, kList:
		return Value{}
	}
	return String(string(appendText(nil, v)))
}

// concat joins the texts of values; null if any is.
func concat(args []Value) Value {
	n := 0
	for i := range args {
		switch args[i].kind {
		case kNull, kStrings, kList:
			return Value{}
		case kString:
			n += len(args[i].text)
		default:
			n += 8
		}
	}
	text := make([]byte, 0, n)
	for i := range args {
		text = appendText(text, args[i])
	}
	return String(string(text))
}

func appendText(to []byte, v Value) []byte {
	switch v.kind {
	case kString:
		return append(to, v.text...)
	case kBool:
		return strconv.AppendBool(to, v.bool())
	case kInt:
		return strconv.AppendInt(to, v.int(), 10)
	}
	return appendDecimal(to, v.decimal())
}

// appendDecimal writes a decimal number in the way of the language's home: with at
// least one digit on either side of the point, and with an exponent (1.0E7) from ten
// million and below a thousandth.
func appendDecimal(to []byte, f float64) []byte {
	if math.IsInf(f, 0) {
		return append(to, strings.Trim(strconv.FormatFloat(f, 'f', -1, 64), "+")+"inity"...)
	}
	if size := math.Abs(f); f != 0 && (size < 1e-3 || size >= 1e7) {
		text := strconv.FormatFloat(f, 'E', -1, 64)
		mantissa, exponent, _ := strings.Cut(text, "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		sign := ""
		if exponent[0] == '-' {
			sign = "-"
		}
		return append(to, mantissa+"E"+sign+strings.TrimLeft(exponent, "+-0")...)
	}
	n := len(to)
	to = strconv.AppendFloat(to, f, 'f', -1, 64)
	if !strings.Contains(string(to[n:]), ".") {
		to = append(to, ".0"...)
	}
	return to
}
