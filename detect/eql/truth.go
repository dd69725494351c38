package eql

// truth is a truth value of three-valued logic. The order of the values makes and the
// smaller and or the greater of two.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth { return yes - t }

func and(a, b truth) truth { return min(a, b) }

func or(a, b truth) truth { return max(a, b) }

// value is the truth as a scalar.
func (t truth) value() Value {
	if t == unknown {
		return Value{}
	}
	return Bool(t == yes)
}

// truthOfValue reads a scalar as a condition. What is no boolean satisfies nothing.
func truthOfValue(v Value) truth {
	switch v.kind {
	case kNull:
		return unknown
	case kBool:
		return truthOf(v.bool())
	}
	return no
}
