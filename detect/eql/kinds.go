package eql

import (
	"cmp"
	"strings"
)

// Kind is the type of a field's values. A list has that of its elements.
type Kind = kind

// The kinds that a field may have.
const (
	AnyKind = kNull // not known: everything may be asked of it
	Boolean = kBool
	Number  = kInt
	Text    = kString
)

// Kinds tells the kind of each field, AnyKind for one that it does not know.
type Kinds func(field string) Kind

func (k Kinds) of(field string) Kind {
	if k == nil {
		return AnyKind
	}
	return k(field)
}

// mayEqual reports whether values of two kinds can be equal.
func mayEqual(a, b kind) bool {
	return a == kNull || b == kNull || a.describe() == b.describe()
}

// describe says what a part of a condition is: of a field its name, too.
func describe(x expr) string {
	if f, ok := x.(*fieldRef); ok {
		return f.Name + " (" + f.Kind.describe() + ")"
	}
	return x.kind().describe()
}

// betterComparison is the end of an error's text: the comparison that people may have meant.
func betterComparison(op string, left, right expr) string {
	if _, ok := constant(left); ok {
		op, left, right = cmp.Or(flipped[op], op), right, left
	}
	f, isField := left.(*fieldRef)
	v, isConstant := constant(right)
	if better, ok := v.as(left.kind()); isField && isConstant && ok {
		return ": write " + f.Name + " " + op + " " + better.String()
	}
	return ""
}

// instead is the end of an error's text: what people may have meant by x where a kind is expected.
func instead(x expr, want kind) string {
	switch x := x.(type) {
	case *literal:
		if better, ok := x.Value.as(want); ok {
			return ": write " + better.String()
		}
	case *fieldRef:
		if want == kString {
			return ": write string(" + x.Name + ")"
		}
		if want == kInt && x.Kind == kString {
			return ": write number(" + x.Name + ")"
		}
	}
	return ""
}

// as returns a value as one of another kind, if people may have meant that.
func (v Value) as(k kind) (Value, bool) {
	switch {
	case k == kString && (v.isNumber() || v.kind == kBool):
		return String(v.String()), true
	case v.kind != kString:
		return Value{}, false
	case k == kInt:
		n := toNumber(false, v, Value{}, Value{}, Value{})
		return n, !n.missing()
	case k == kBool && (strings.EqualFold(v.text, "true") || strings.EqualFold(v.text, "false")):
		return Bool(strings.EqualFold(v.text, "true")), true
	}
	return Value{}, false
}
