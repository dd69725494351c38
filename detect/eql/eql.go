// Package eql runs the Event Query Language: it turns the text of an event query, of a
// condition or of a sequence into something that answers, event by event, what matches.
//
// Everything about a query is settled when it is loaded. Parse checks the syntax, the
// types and every pattern, folds what is constant and names the line and column of what
// is wrong; Compile and CompileSequence bind the fields to the accessors of a record
// type. What is left per record is a walk over closures. A Matcher keeps no state, may be
// asked from many goroutines at once and allocates nothing, but for the texts that concat
// and string make, what number can't read, and a copy of each text of more than 128 bytes
// in which a function looks in any case for a part that varies. A Sequence remembers what
// has begun, within bounds, and allocates only for that. Patterns and functions take time
// linear in the values that they look at, whatever those are (of more than 64 characters
// between two stars, times their number); a computation on several lists takes the product
// of their lengths, up to a bound.
//
// The semantics are those of Elasticsearch, for which most EQL is written:
//
//   - A condition on a field is true or false, never unknown. It holds if any element
//     of the field's value satisfies it, so a missing field satisfies none; two
//     conditions on one field may be met by different elements. A comparison of two
//     fields holds if any pair of their elements satisfies it.
//   - not is plain negation: f != "x", f not in ("x") and not f == "x" all hold when
//     f is missing, and on a list they mean that no element matches.
//   - f == null means that f is missing, f != null that it is there.
//   - == != and in compare verbatim, in~ compares without regard to case. The
//     operators : and like~ (any case) and like take * for any run of characters and ?
//     for one character; nothing escapes them. regex and regex~ take Lucene's syntax.
//     All of them look at the whole value, and all but the comparisons take a list.
//   - A value computed from fields (arithmetic, a function, or a comparison or match that
//     is itself an operand) is null when a field in it is missing, when it has no operand
//     of the right type, and when the result is not a number that fits; inside it and, or and
//     not follow three-valued logic. A condition on it holds if it does for any choice of
//     elements of the fields. If it is null it does not hold, and neither does its
//     negation: with f missing, both length(f) == 1 and not length(f) == 1 are false.
//     startsWith and cidrMatch of a field and constants are conditions on the field.
//   - Integers divide to integers, truncated. Values of different types are never
//     equal and have no order; a query that compares them, as far as the kinds of its
//     fields are known, is refused. Strings order by their bytes; their lengths and the
//     positions in them count characters. Letters are equal without regard to case by
//     Unicode's simple folding.
//
// A sequence is a machine with a state for each of its events, and one machine for each
// value of the join keys:
//
//   - Each state holds one sequence that got that far, the latest: a newer one takes the
//     place of an older. An event that matches the next state moves it on. An event may
//     match several states; it never moves on a sequence that it has just reached.
//   - maxspan counts from the first event, inclusive. A sequence whose next event comes
//     later is given up.
//   - An event without a value for a join key is passed over, unless the key is marked
//     with ?; then null is a value like any other. A list stands for each of its elements.
//   - until gives up every sequence that has begun for the key, also one that the same
//     event moved on; one that the same event completes is complete.
//   - ![event] must not come between its neighbours. That is decided when all else is
//     there: a sequence into which it came still takes its place among the others. Before
//     the first event it must not have come within maxspan of the last; after the last,
//     not within maxspan of the first, so that such a sequence is told when that time is
//     over. Missing at both ends means that the two are more than maxspan apart.
//   - with runs=n asks for n such events.
//   - head and tail pick from the results of a finite list of records (Run); what
//     matches events as they come passes them over, since the last ones are known only at
//     the end.
package eql

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a query. They are far above what people write and keep the cost of
// loading and of matching a query in proportion.
const (
	maxQuery   = 256 << 10 // bytes of text
	maxNesting = 256       // levels of parentheses, not and signs; operators in one sum or product
	maxList    = 10_000    // elements of one list
)

// Any is the category of a query that looks at events of every category.
const Any = "any"

// Query is a parsed and checked event query, condition or sequence. It never changes.
type Query struct {
	text     string
	events   []event // of a sequence in their order, then the one of until
	sequence bool
	maxspan  time.Duration // 0 for none
	pipes    []pipe
	fields   map[string]mention
}

// event is the description of an event.
type event struct {
	Category    string // Any for every one
	Where       expr   // with constant parts already computed
	anyCategory bool   // Category is not a name but means every one
	at          int
	// Of an event of a sequence:
	By      []*fieldRef // the fields by which the events belong together
	Runs    int         // how many such events follow each other
	Missing bool        // there must be no such event in its place
	Until   bool        // it ends sequences that have begun
}

// pipe keeps some of the results of a query.
type pipe struct {
	tail bool // the last ones instead of the first
	n    int
}

// mention is what a query says about one field.
type mention struct {
	at       int  // of the first mention that is not optional, else of the first
	optional bool // in every mention
}

// Parse reads an event query: a category, the word where, and a condition; or a sequence. What
// asks of a field what a value of its kind can't be is refused, as it would never match, or
// always; nil knows no kinds. Its error is an *Error.
func Parse(text string, kinds Kinds) (*Query, error) {
	return parse(text, kinds, (*parser).query)
}

// ParseCondition reads a condition alone, which applies to events of any category.
// Its error is an *Error.
func ParseCondition(text string, kinds Kinds) (*Query, error) {
	return parse(text, kinds, (*parser).anyQuery)
}

func parse(text string, kinds Kinds, rule func(*parser)) (q *Query, err error) {
	defer recoverFault(text, &err)
	if len(text) > maxQuery {
		fail(0, "the query is longer than %d KiB", maxQuery>>10)
	}
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			fail(i, "the query is not valid UTF-8")
		}
	}
	p := &parser{lexer: lexer{text: text}, kinds: kinds, q: &Query{text: text, fields: map[string]mention{}}}
	rule(p)
	return p.q, nil
}

// Categories returns the category of each event that the query is about, Any for every one.
func (q *Query) Categories() []string {
	var out []string
	for i := range q.events {
		out = append(out, q.events[i].Category)
	}
	return out
}

// IsSequence reports whether the query is about several events.
func (q *Query) IsSequence() bool { return q.sequence }

// EndsMissing reports whether an event must be missing at the end of a sequence, so that
// only time completes it.
func (q *Query) EndsMissing() bool {
	last := q.events[len(q.events)-1]
	if last.Until {
		last = q.events[len(q.events)-2]
	}
	return last.Missing
}

// HasPipes reports whether the query keeps but some of its results.
func (q *Query) HasPipes() bool { return len(q.pipes) > 0 }

// Fields returns the names of all fields that the query mentions, sorted.
func (q *Query) Fields() []string { return slices.Sorted(maps.Keys(q.fields)) }

// Optional reports whether every mention of the field is marked with ?, so that the
// query also makes sense where no such field exists.
func (q *Query) Optional(field string) bool { return q.fields[field].optional }

// mention notes that the query uses a field.
func (q *Query) mention(r *fieldRef) {
	old, seen := q.fields[r.Name]
	switch {
	case !seen:
		q.fields[r.Name] = mention{r.at(), r.Optional}
	case old.optional && !r.Optional:
		q.fields[r.Name] = mention{r.at(), false}
	}
}
