package eql

import (
	"cmp"
	"math"
	"strings"
)

// arith computes one arithmetic operator. Without a number on both sides, or without
// a number as the result (a division by zero, an overflow), there is no value.
func arith(op byte, a, b Value) Value {
	switch {
	case !a.isNumber() || !b.isNumber():
		return Value{}
	case a.kind == kInt && b.kind == kInt:
		return arithInt(op, a.int(), b.int())
	}
	return arithFloat(op, a.float(), b.float())
}

func arithInt(op byte, a, b int64) Value {
	switch op {
	case '+':
		if c := a + b; (c > a) == (b > 0) {
			return Int(c)
		}
	case '-':
		if c := a - b; (c < a) == (b > 0) {
			return Int(c)
		}
	case '*':
		if a == 0 || b == 0 {
			return Int(0)
		}
		if c := a * b; c/b == a && (c < 0) == ((a < 0) != (b < 0)) {
			return Int(c)
		}
	case '/':
		if b != 0 && (a != math.MinInt64 || b != -1) {
			return Int(a / b)
		}
	case '%':
		if b != 0 {
			return Int(a % b)
		}
	}
	return Value{}
}

func arithFloat(op byte, a, b float64) Value {
	var c float64
	switch op {
	case '+':
		c = a + b
	case '-':
		c = a - b
	case '*':
		c = a * b
	case '/':
		c = a / b
	case '%':
		c = math.Mod(a, b)
	}
	if math.IsInf(c, 0) {
		return Value{}
	}
	return Float(c)
}

// order compares two scalars. ok is false when they have no order: one is missing or
// their types differ. Booleans come out equal or not, which is all that is asked.
func order(a, b Value) (c int, ok bool) {
	switch {
	case a.isNumber() && b.isNumber():
		return orderNumbers(a, b), true
	case a.kind != b.kind:
		return 0, false
	case a.kind == kString:
		return strings.Compare(a.text, b.text), true
	case a.kind == kBool:
		return cmp.Compare(a.bits, b.bits), true
	}
	return 0, false
}

// orderNumbers compares exactly: a conversion of large integers to floating point
// would make different numbers equal.
func orderNumbers(a, b Value) int {
	switch {
	case a.kind == kInt && b.kind == kInt:
		return cmp.Compare(a.int(), b.int())
	case a.kind == kFloat && b.kind == kFloat:
		return cmp.Compare(a.decimal(), b.decimal())
	case a.kind == kFloat:
		return -orderNumbers(b, a)
	}
	return orderMixed(a.int(), b.decimal())
}

// orderMixed compares an integer with a floating point number.
func orderMixed(i int64, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(i, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(whole, f)
}
