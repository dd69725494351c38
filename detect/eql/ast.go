package eql

// expr is a part of a condition: one of the types of this file. Where a query uses
// several notations for one thing, the parts have one form: what is negated is a negation
// (also != and not in), a literal in a comparison is on the right, and and or with more
// than two terms are one junction.
type expr interface {
	at() int
	kind() kind // of its value; kNull when only a record tells
}

// sourcePos is the byte offset in the text of the query where a part begins.
type sourcePos int

func (a sourcePos) at() int { return int(a) }

// literal is a constant, or what a constant part folded to.
type literal struct {
	sourcePos
	Value Value
}

// fieldRef is a field, by name.
type fieldRef struct {
	sourcePos
	Name     string
	Optional bool
}

// negation negates.
type negation struct {
	sourcePos
	X expr
}

// junction joins terms by and, or by or.
type junction struct {
	sourcePos
	Or    bool
	Terms []expr
}

// operator is an operator that compares.
type operator string

// The operators of comparison.
const (
	opEqual        operator = "=="
	opLess         operator = "<"
	opLessEqual    operator = "<="
	opGreater      operator = ">"
	opGreaterEqual operator = ">="
)

// comparison compares two values.
type comparison struct {
	sourcePos
	Op          operator
	Left, Right expr
	test        predicate // set when Right is a literal
}

// absence asks whether there is no value.
type absence struct {
	sourcePos
	X expr
}

// membership asks for one of a list of constants, verbatim.
type membership struct {
	sourcePos
	X    expr
	Fold bool // any case
	List []literal
	test predicate
}

// patternMatch asks for one of a list of patterns.
type patternMatch struct {
	sourcePos
	X        expr
	Fold     bool // any case
	Regex    bool // regular expressions instead of wildcards
	Patterns []literal
	test     predicate
}

// arithmetic computes. Op is one of + - * / %.
type arithmetic struct {
	sourcePos
	Op          byte
	Left, Right expr
}

func (e *literal) kind() kind      { return e.Value.kind }
func (e *fieldRef) kind() kind     { return kNull }
func (e *negation) kind() kind     { return kBool }
func (e *junction) kind() kind     { return kBool }
func (e *comparison) kind() kind   { return kBool }
func (e *absence) kind() kind      { return kBool }
func (e *membership) kind() kind   { return kBool }
func (e *patternMatch) kind() kind { return kBool }
func (e *arithmetic) kind() kind   { return kInt }
