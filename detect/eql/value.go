package eql

import (
	"math"
	"strconv"
	"unsafe"
)

// kind is the type of a Value.
type kind uint8

const (
	kNull kind = iota
	kBool
	kInt
	kFloat
	kString
	kStrings
	kList
)

// describe names a kind in messages.
func (k kind) describe() string {
	switch k {
	case kNull:
		return "null"
	case kBool:
		return "true or false"
	case kInt, kFloat:
		return "a number"
	case kString:
		return "a string"
	}
	return "a list"
}

// Value is what a field of a record holds: a boolean, a number, a string, a list of
// them, or nothing. The zero Value is nothing. A Value refers to the slice it was made
// from, which must not change while the record is matched.
type Value struct {
	kind kind
	bits uint64 // boolean, integer, decimal; the length of a list
	text string
	// first is the first element of a list, whose type the kind tells. Values are handed from
	// function to function for every condition of every rule: two slices here would make
	// that twice as much to copy.
	first unsafe.Pointer
}

func (v Value) texts() []string { return unsafe.Slice((*string)(v.first), v.bits) }

func (v Value) list() []Value { return unsafe.Slice((*Value)(v.first), v.bits) }

// Null returns the value of a field that is not there.
func Null() Value { return Value{} }

// Bool returns a boolean.
func Bool(b bool) Value {
	if b {
		return Value{kind: kBool, bits: 1}
	}
	return Value{kind: kBool}
}

// Int returns an integer.
func Int(i int64) Value { return Value{kind: kInt, bits: uint64(i)} }

// Float returns a decimal number. What is not a number is nothing.
func Float(f float64) Value {
	if math.IsNaN(f) {
		return Value{}
	}
	return Value{kind: kFloat, bits: math.Float64bits(f)}
}

// String returns a string, which may be empty and yet is there.
func String(s string) Value { return Value{kind: kString, text: s} }

// Strings returns a list of strings. An empty list is nothing.
func Strings(s []string) Value {
	if len(s) == 0 {
		return Value{}
	}
	return Value{kind: kStrings, bits: uint64(len(s)), first: unsafe.Pointer(unsafe.SliceData(s))}
}

// List returns a list of values that are not lists. A list without any value that is
// there is nothing.
func List(v []Value) Value {
	for i := range v {
		if v[i].kind != kNull {
			return Value{kind: kList, bits: uint64(len(v)), first: unsafe.Pointer(unsafe.SliceData(v))}
		}
	}
	return Value{}
}

// Text returns the string that v holds, and whether it holds one.
func (v Value) Text() (string, bool) { return v.text, v.kind == kString }

// Strings returns the strings of a list of strings, nil for anything else. They must not
// be changed.
func (v Value) Strings() []string {
	if v.kind != kStrings {
		return nil
	}
	return v.texts()
}

func (v Value) missing() bool    { return v.kind == kNull }
func (v Value) isNumber() bool   { return v.kind == kInt || v.kind == kFloat }
func (v Value) bool() bool       { return v.bits != 0 }
func (v Value) int() int64       { return int64(v.bits) }
func (v Value) decimal() float64 { return math.Float64frombits(v.bits) }

// float returns a number of either kind.
func (v Value) float() float64 {
	if v.kind == kInt {
		return float64(v.int())
	}
	return v.decimal()
}

// len returns the number of elements; what is not a list is its own only element.
func (v Value) len() int {
	switch v.kind {
	case kNull:
		return 0
	case kStrings, kList:
		return int(v.bits)
	}
	return 1
}

// at returns an element.
func (v Value) at(i int) Value {
	switch v.kind {
	case kStrings:
		return String(v.texts()[i])
	case kList:
		return v.list()[i]
	}
	return v
}

// String returns the value as a query would write it.
func (v Value) String() string {
	switch v.kind {
	case kNull:
		return "null"
	case kBool:
		return strconv.FormatBool(v.bool())
	case kInt:
		return strconv.FormatInt(v.int(), 10)
	case kFloat:
		return strconv.FormatFloat(v.decimal(), 'g', -1, 64)
	case kString:
		return strconv.Quote(v.text)
	}
	s := "("
	for i := range v.len() {
		if i > 0 {
			s += ", "
		}
		s += v.at(i).String()
	}
	return s + ")"
}
