package detect

import (
	"slices"
	"strings"

	"hooksnare/detect/eql"
)

// index finds the rules that can match an event, so that an event costs as much as there are
// such rules, not as there are rules. A rule is found by one field that must have one of a
// few values; a rule that requires no such thing is asked about every event.
type index struct {
	always []bool // by the rule's number
	fields []fieldIndex
	found  []bool // for the latest record
}

// fieldIndex finds the rules that require a value of a field.
type fieldIndex struct {
	name  string
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
	needs := q.Requires(worth)
	if slices.ContainsFunc(needs, func(r eql.Requirement) bool { return r.Field == "" }) {
		x.always[n] = true
		return
	}
	for _, r := range needs {
		i := slices.IndexFunc(x.fields, func(f fieldIndex) bool { return f.name == r.Field })
		if i < 0 {
			i = len(x.fields)
			x.fields = append(x.fields, fieldIndex{r.Field, fields[r.Field], map[uint64][]int{}})
		}
		for _, v := range r.Values {
			h := eql.FoldedHash(v)
			x.fields[i].rules[h] = append(x.fields[i].rules[h], n)
		}
	}
}

// rulesFor returns, by number, which rules to ask about a record. The slice holds until the
// next call.
func (x *index) rulesFor(r *Record) []bool {
	x.found = append(x.found[:0], x.always...)
	for i := range x.fields {
		f := &x.fields[i]
		v := f.get(r)
		if s, ok := v.Text(); ok {
			x.findValue(f, s)
			continue
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

// fieldWorths rank the fields by which rules are found: how few events have a given value in
// them. Others cost too much to be read of every event.
var fieldWorths = map[string]int{
	"process.name": 7, "process.executable": 6, "process.parent.name": 5, "process.parent.executable": 4, "process.args": 3, "process.parent.args": 1,
}

// interpreters are programs that are so often run, or run others, that they say little.
var interpreters = []string{"bash", "csh", "dash", "env", "fish", "ksh", "launchd", "login", "node", "perl", "python", "python3", "ruby", "sh", "sudo", "tcsh", "xpcproxy", "zsh"}

// worth is how much it says of an event that a field has a value.
func worth(field, value string) int {
	w := fieldWorths[field]
	if w > 2 && slices.Contains(interpreters, strings.ToLower(value)) {
		w = 2
	}
	return w
}
