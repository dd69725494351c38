package eql

// Expr is a part of a condition: one of the types of this file. Where a query uses
// several notations for one thing, the parts have one form: what is negated is a Not
// (also != and not in), a literal in a comparison is on the right, and and or with more
// than two terms are one Logic.
type Expr interface {
	at() int
	kind() kind // of its value; kNull when only a record tells
}

// At is the byte offset in the text of the query where a part begins.
type At int

func (a At) at() int { return int(a) }

// Literal is a constant, or what a constant part folded to.
type Literal struct {
	At
	Value Value
}

// Ref is a field, by name.
type Ref struct {
	At
	Name     string
	Optional bool
}

// Not negates.
type Not struct {
	At
	X Expr
}

// Logic joins terms by and, or by or.
type Logic struct {
	At
	Or    bool
	Terms []Expr
}

// Op is an operator that compares.
type Op string

// The operators of Compare.
const (
	Equal        Op = "=="
	Less         Op = "<"
	LessEqual    Op = "<="
	Greater      Op = ">"
	GreaterEqual Op = ">="
)

// Compare compares two values.
type Compare struct {
	At
	Op          Op
	Left, Right Expr
	test        predicate // set when Right is a literal
}

// Missing asks whether there is no value.
type Missing struct {
	At
	X Expr
}

// In asks for one of a list of constants, verbatim.
type In struct {
	At
	X    Expr
	Fold bool // any case
	List []Literal
	test predicate
}

// Match asks for one of a list of patterns.
type Match struct {
	At
	X        Expr
	Fold     bool // any case
	Regex    bool // regular expressions instead of wildcards
	Patterns []Literal
	test     predicate
}

// Arith computes. Op is one of + - * / %.
type Arith struct {
	At
	Op          byte
	Left, Right Expr
}

func (e *Literal) kind() kind { return e.Value.kind }
func (e *Ref) kind() kind     { return kNull }
func (e *Not) kind() kind     { return kBool }
func (e *Logic) kind() kind   { return kBool }
func (e *Compare) kind() kind { return kBool }
func (e *Missing) kind() kind { return kBool }
func (e *In) kind() kind      { return kBool }
func (e *Match) kind() kind   { return kBool }
func (e *Arith) kind() kind   { return kInt }
