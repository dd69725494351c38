package detect

import "hooksnare/detect/eql"

// indexed are the fields by which rules are found, whose values say most first.
var indexed = [...]string{"process.name", "process.executable", "process.parent.name", "process.args"}

// index finds the rules that can match an event, so that an event costs as much as there are
// such rules, not as there are rules. A rule is found by the first of the indexed fields that must
// have one of a few values; a rule that requires none is asked about every event.
type index struct {
	always []bool // by the rule's number
	fields [len(indexed)]fieldIndex
	found  []bool // for the latest record
}

// fieldIndex finds the rules that require a value of a field; nil where no rule does.
type fieldIndex struct {
	get   field
	rules map[uint64][]int // by folded hash of the value
}

// addRule files the rule of the next number under what its query requires; one without a
// query is never found.
func (x *index) addRule(q *eql.Query) {
	n := len(x.always)
	x.always = append(x.always, false)
	if q == nil {
		return
	}
	for i, name := range indexed {
		values, ok := q.Required(name)
		if !ok {
			continue
		}
		if x.fields[i].rules == nil {
			x.fields[i] = fieldIndex{fields[name], map[uint64][]int{}}
		}
		for _, v := range values {
			h := eql.FoldedHash(v)
			x.fields[i].rules[h] = append(x.fields[i].rules[h], n)
		}
		return
	}
	x.always[n] = true
}

// rulesFor returns, by number, which rules to ask about a record. The slice holds until the
// next call.
func (x *index) rulesFor(r *Record) []bool {
	x.found = append(x.found[:0], x.always...)
	for i := range x.fields {
		f := &x.fields[i]
		if f.rules == nil {
			continue
		}
		v := f.get(r)
		if s, ok := v.Text(); ok {
			x.findValue(f, s)
		}
		for _, s := range v.Strings() {
			x.findValue(f, s)
		}
	}
	return x.found
}

func (x *index) findValue(f *fieldIndex, s string) {
	for _, n := range f.rules[eql.FoldedHash(s)] {
		x.found[n] = true
	}
}
