package eql

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// arithmetic computes one operator. Without a number on both sides, or without a number as
// the result (a division by zero, an overflow), there is no value.
func arithmetic(op string, a, b Value) Value {
	switch {
	case !a.isNumber() || !b.isNumber():
		return Value{}
	case a.kind == kInt && b.kind == kInt:
		return integerArithmetic(op, a.int(), b.int())
	}
	x, y := a.float(), b.float()
	switch op {
	case "+":
		x += y
	case "-":
		x -= y
	case "*":
		x *= y
	case "/":
		x /= y
	case "%":
		x = math.Mod(x, y)
	}
	if math.IsInf(x, 0) {
		return Value{}
	}
	return Float(x)
}

func integerArithmetic(op string, a, b int64) Value {
	switch {
	case op == "+" && (a+b > a) == (b > 0):
		return Int(a + b)
	case op == "-" && (a-b < a) == (b > 0):
		return Int(a - b)
	case op == "*" && (a == 0 || a*b/a == b && (a != -1 || b != math.MinInt64)):
		return Int(a * b)
	case op == "/" && b != 0 && (a != math.MinInt64 || b != -1):
		return Int(a / b)
	case op == "%" && b != 0:
		return Int(a % b)
	}
	return Value{}
}

// compare compares two scalars. Values of different types are never equal and have no order.
func compare(op string, a, b Value) truth {
	var c int
	ok := a.kind == b.kind
	switch {
	case a.missing() || b.missing():
		return unknown
	case a.isNumber() && b.isNumber():
		c, ok = compareNumbers(a, b), true
	case ok && a.kind == kString:
		c = strings.Compare(a.text, b.text)
	case ok && a.kind == kBool:
		c = cmp.Compare(a.bits, b.bits)
	default:
		return no
	}
	switch op {
	case "==":
		return truthOf(ok && c == 0)
	case "<":
		return truthOf(ok && c < 0)
	case "<=":
		return truthOf(ok && c <= 0)
	case ">":
		return truthOf(ok && c > 0)
	}
	return truthOf(ok && c >= 0)
}

// compareNumbers compares exactly: a conversion of large integers to floating point
// would make different numbers equal.
func compareNumbers(a, b Value) int {
	switch {
	case a.kind == kInt && b.kind == kInt:
		return cmp.Compare(a.int(), b.int())
	case a.kind == kFloat && b.kind == kInt:
		return -compareNumbers(b, a)
	}
	c := cmp.Compare(a.float(), b.float())
	if c != 0 || a.kind == kFloat {
		return c
	}
	if b.decimal() >= 1<<63 { // to which the greatest integers are rounded
		return -1
	}
	return cmp.Compare(a.int(), int64(b.decimal()))
}

// maxNumber is the length of the longest text read as a number; its value does not need
// more.
const maxNumber = 400

// toNumber reads a number from text: an integer in a base from 2 to 36, which is 16
// for what begins with 0x and else 10, or a decimal number. A text without one is null.
func toNumber(_ bool, s, base, _, _ Value) Value {
	digits, hex := strings.CutPrefix(s.text, "0x")
	radix := 10
	switch {
	case !base.missing():
		radix = int(base.int())
	case hex:
		radix = 16
	}
	if radix != 16 {
		digits = s.text
	}
	if radix == 10 {
		digits = strings.TrimSpace(digits)
	}
	// Errors take memory: most of what is not a number shows at once.
	if len(digits) > maxNumber || radix == 10 && strings.Trim(digits, "0123456789.+-eE") != "" {
		return Value{}
	}
	if i, err := strconv.ParseInt(digits, radix, 64); err == nil {
		return Int(i)
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || radix != 10 {
		return Value{}
	}
	return Float(f)
}

// toString writes a value as text.
func toString(_ bool, v, _, _, _ Value) Value {
	if v.kind == kString {
		return v
	}
	return String(string(appendText(nil, v)))
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
	return append(to, decimalText(v.decimal())...)
}

// decimalText writes a decimal number in the way of the language's home: with at least one
// digit on either side of the point, and with an exponent (1.0E7) from ten million and below
// a thousandth.
func decimalText(f float64) string {
	if math.IsInf(f, 0) {
		return strings.Trim(strconv.FormatFloat(f, 'f', -1, 64), "+") + "inity"
	}
	text, exponent := strconv.FormatFloat(f, 'f', -1, 64), ""
	if size := math.Abs(f); f != 0 && (size < 1e-3 || size >= 1e7) {
		text, exponent, _ = strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		sign := strings.Trim(exponent[:1], "+")
		exponent = "E" + sign + strings.TrimLeft(exponent, "+-0")
	}
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text + exponent
}
