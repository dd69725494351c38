package rules

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"hooksnare/detect/eql"
)

// Load reads one rule file. The error joins an *Error for each fault, in the order of
// their places; one of syntax comes alone, and those of keys and types hide others where
// they leave nothing to look at.
//
// kinds tells of what kind the fields are that a query may ask about.
func Load(name string, text []byte, kinds eql.Kinds) (*Rule, error) {
	var f file
	d, err := open(name, text, &f)
	if err != nil {
		return nil, err
	}
	r := d.rule(&f, kinds)
	if err := d.err(); err != nil {
		return nil, err
	}
	return r, nil
}

var ruleID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// rule checks what was decoded.
func (d *document) rule(f *file, kinds eql.Kinds) *Rule {
	in, r := &f.Rule, f.Rule.Rule
	r.File, r.BuildingBlock, r.Version = d.name, in.BuildingBlock != "", f.Metadata.UpdatedDate
	switch {
	case in.Version > 0:
		r.Version = strconv.Itoa(in.Version)
	case in.Version < 0:
		d.note("rule.version", "version %d: expected 1 or more", in.Version)
	}
	r.NotRunnable = whyNotRunnable(r.Type, r.Language)
	if r.NotRunnable == "" && len(in.Filters) > 0 {
		r.NotRunnable = "it has filters, which a server applies: put them into the query"
	}
	d.required(&r)
	if r.NotRunnable == "" && r.Type != "" {
		d.query(&r, kinds)
	}
	return &r
}

// required fills in max_signals and reports what a rule can't do without.
func (d *document) required(r *Rule) {
	if !ruleID.MatchString(r.ID) {
		d.note("rule.rule_id", "rule_id %q: expected letters, digits, '.', '_' and '-', at most 128", r.ID)
	}
	for _, field := range [...]struct{ key, value string }{{"name", r.Name}, {"type", r.Type}, {"query", r.Text}} {
		if field.value == "" && !(field.key == "query" && r.NotRunnable != "") { // a job or a saved query may stand for it
			d.note("rule."+field.key, "%s is missing", field.key)
		}
	}
	if r.Severity.Number() == 0 {
		d.note("rule.severity", "severity %q: expected low, medium, high or critical", string(r.Severity))
	}
	if r.RiskScore < 1 || r.RiskScore > 100 {
		d.note("rule.risk_score", "risk_score %d: expected 1 to 100", r.RiskScore)
	}
	if r.MaxSignals == 0 && d.find("rule.max_signals") == nil {
		r.MaxSignals = DefaultMaxSignals
	}
	if r.MaxSignals < 1 || r.MaxSignals > 100_000 {
		d.note("rule.max_signals", "max_signals %d: expected 1 to 100000", r.MaxSignals)
	}
}

// query parses the rule's query and places its fault within the file.
func (d *document) query(r *Rule, kinds eql.Kinds) {
	if r.Language != "" && r.Language != "eql" {
		d.note("rule.language", "language %q: a rule of type eql is written in eql", r.Language)
		return
	}
	if r.Text == "" {
		return
	}
	var err error
	if r.Query, err = eql.Parse(r.Text, kinds); err != nil {
		d.queryFault(r.Text, err)
	}
}

func (d *document) queryFault(text string, err error) {
	it := d.find("rule.query")
	var e *eql.Error
	if it == nil || it.kind != kindString || !errors.As(err, &e) {
		d.note("rule.query", "query: %v", err)
		return
	}
	d.faults = append(d.faults, d.fault(d.within(it, text, e.Line, e.Col), "query: %s", e.Msg))
}

// Locate returns err, which came from compiling the rule's query, with its position in the
// rule's file, whose text this is.
func Locate(name string, text []byte, err error) error {
	var f file
	d, openErr := open(name, text, &f)
	if openErr != nil {
		return &Error{File: name, Why: fmt.Sprintf("query: %v", err)}
	}
	d.queryFault(f.Rule.Text, err)
	return d.err()
}
