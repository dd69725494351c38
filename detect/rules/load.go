package rules

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"hooksnare/detect/eql"
)

// maxFile bounds a rule file, in bytes. The largest published ones have 20 KiB.
const maxFile = 1 << 20

// Error is one fault of a rule file.
type Error struct {
	File         string
	Line, Column int // from 1; 0 where it is about the file as a whole
	Why          string
}

// Error names file, line and column, as compilers do.
func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Why)
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Why)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Why)
}

// file is the TOML shape. A member of type any is known and not used here.
type file struct {
	Metadata struct {
		CreationDate     string   `toml:"creation_date"`
		UpdatedDate      string   `toml:"updated_date"`
		Maturity         string   `toml:"maturity"`
		Integration      any      `toml:"integration"`
		MinStackVersion  string   `toml:"min_stack_version"`
		MinStackComments string   `toml:"min_stack_comments"`
		Promotion        bool     `toml:"promotion"`
		Bypass           any      `toml:"bypass_bbr_timing"`
		DeprecationDate  string   `toml:"deprecation_date"`
		OSTypeList       []string `toml:"os_type_list"`
		Comments         string   `toml:"comments"`
		QuerySchema      any      `toml:"query_schema_validation"`
		Extended         any      `toml:"extended"`
	} `toml:"metadata"`
	Rule struct {
		ID                 string   `toml:"rule_id"`
		Name               string   `toml:"name"`
		Description        string   `toml:"description"`
		Version            int      `toml:"version"`
		Type               string   `toml:"type"`
		Language           string   `toml:"language"`
		Query              string   `toml:"query"`
		Severity           string   `toml:"severity"`
		RiskScore          int      `toml:"risk_score"`
		MaxSignals         int      `toml:"max_signals"`
		BuildingBlock      string   `toml:"building_block_type"`
		Author             []string `toml:"author"`
		License            string   `toml:"license"`
		References         []string `toml:"references"`
		FalsePositives     []string `toml:"false_positives"`
		Tags               []string `toml:"tags"`
		Note               string   `toml:"note"`
		Setup              string   `toml:"setup"`
		Threat             []threat `toml:"threat"`
		From               any      `toml:"from"`
		To                 any      `toml:"to"`
		Interval           any      `toml:"interval"`
		Index              any      `toml:"index"`
		DataView           any      `toml:"data_view_id"`
		Enabled            any      `toml:"enabled"`
		TimestampOverride  any      `toml:"timestamp_override"`
		TimestampField     string   `toml:"timestamp_field"`
		EventCategory      string   `toml:"event_category_override"`
		Tiebreaker         string   `toml:"tiebreaker_field"`
		TimelineID         any      `toml:"timeline_id"`
		TimelineTitle      any      `toml:"timeline_title"`
		Threshold          any      `toml:"threshold"`
		NewTerms           any      `toml:"new_terms"`
		AlertSuppression   any      `toml:"alert_suppression"`
		InvestigationField any      `toml:"investigation_fields"`
		RelatedIntegration any      `toml:"related_integrations"`
		RequiredFields     any      `toml:"required_fields"`
		RiskScoreMapping   any      `toml:"risk_score_mapping"`
		SeverityMapping    any      `toml:"severity_mapping"`
		RuleNameOverride   any      `toml:"rule_name_override"`
		ExceptionsList     any      `toml:"exceptions_list"`
		Filters            any      `toml:"filters"`
		Meta               any      `toml:"meta"`
		Output             any      `toml:"output_index"`
		Throttle           any      `toml:"throttle"`
		Actions            any      `toml:"actions"`
		ResponseActions    any      `toml:"response_actions"`
		JobID              any      `toml:"machine_learning_job_id"`
		AnomalyThreshold   any      `toml:"anomaly_threshold"`
		ThreatQuery        any      `toml:"threat_query"`
		ThreatIndex        any      `toml:"threat_index"`
		ThreatMapping      any      `toml:"threat_mapping"`
		ThreatFilters      any      `toml:"threat_filters"`
		ThreatLanguage     any      `toml:"threat_language"`
		ThreatPath         any      `toml:"threat_indicator_path"`
	} `toml:"rule"`
	Transform any `toml:"transform"`
	Internal  any `toml:"internal"`
}

type threat struct {
	Framework string `toml:"framework"`
	Tactic    Named  `toml:"tactic"`
	Technique []struct {
		Named
		Subtechnique []Named `toml:"subtechnique"`
	} `toml:"technique"`
}

// Load reads one rule file. The error joins an *Error for each fault.
func Load(name string, text []byte) (*Rule, error) {
	if len(text) > maxFile {
		return nil, &Error{File: name, Why: fmt.Sprintf("%d bytes: a rule file has at most %d", len(text), maxFile)}
	}
	if !utf8.Valid(text) {
		return nil, &Error{File: name, Why: "not UTF-8"}
	}
	var f file
	md, err := decode(text, &f)
	if err != nil {
		return nil, tomlError(name, err)
	}
	l := &loader{name: name, text: string(text), where: locate(string(text))}
	for _, key := range md.Undecoded() {
		l.fault(key.String(), 0, "unknown key %q", key.String())
	}
	r := l.rule(&f)
	if err := errors.Join(l.faults...); err != nil {
		return nil, err
	}
	return r, nil
}

// decode is toml.Decode, which must not take the process down whatever the text.
func decode(text []byte, f *file) (md toml.MetaData, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not TOML: %v", p)
		}
	}()
	return toml.Decode(string(text), f)
}

func tomlError(name string, err error) error {
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		return &Error{File: name, Line: syntax.Position.Line, Column: syntax.Position.Col, Why: syntax.Message}
	}
	return &Error{File: name, Why: err.Error()}
}

type loader struct {
	name, text string
	where      map[string]place
	faults     []error
}

func (l *loader) fault(key string, column int, format string, args ...any) {
	l.faults = append(l.faults, &Error{File: l.name, Line: l.where[key].line, Column: column, Why: fmt.Sprintf(format, args...)})
}

var ruleID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// rule checks what was decoded.
func (l *loader) rule(f *file) *Rule {
	in := &f.Rule
	r := &Rule{
		File: l.name, ID: in.ID, Name: in.Name, Description: in.Description, Type: in.Type, Language: in.Language,
		Text: in.Query, Severity: Severity(in.Severity), RiskScore: in.RiskScore, MaxSignals: in.MaxSignals,
		BuildingBlock: in.BuildingBlock != "", Author: in.Author, License: in.License, References: in.References,
		FalsePositives: in.FalsePositives, Tags: in.Tags, Note: in.Note, Setup: in.Setup, Version: f.Metadata.UpdatedDate,
		EventCategory: in.EventCategory, TimestampField: in.TimestampField, Tiebreaker: in.Tiebreaker,
	}
	if in.Version > 0 {
		r.Version = strconv.Itoa(in.Version)
	}
	for _, t := range in.Threat {
		out := Threat{Framework: t.Framework, Tactic: t.Tactic}
		for _, tech := range t.Technique {
			out.Technique = append(out.Technique, Technique{tech.Named, tech.Subtechnique})
		}
		r.Threat = append(r.Threat, out)
	}
	l.required(r)
	if r.MaxSignals == 0 {
		r.MaxSignals = DefaultMaxSignals
	}
	switch {
	case r.Type == "eql" && (r.Language == "eql" || r.Language == ""):
		l.query(r)
	case r.Type == "eql":
		l.fault("rule.language", 0, "language %q: a rule of type eql is written in eql", r.Language)
	default:
		r.NotRunnable = fmt.Sprintf("this version runs rules of type eql, not %s", r.Type)
	}
	return r
}

// required reports what a rule can't do without.
func (l *loader) required(r *Rule) {
	if !ruleID.MatchString(r.ID) {
		l.fault("rule.rule_id", 0, "rule_id %q: want letters, digits, '.', '_' and '-', at most 128", r.ID)
	}
	for _, field := range [...]struct{ key, value string }{{"name", r.Name}, {"type", r.Type}, {"query", r.Text}} {
		if field.value == "" {
			l.fault("rule."+field.key, 0, "%s is missing", field.key)
		}
	}
	if r.Severity.Number() == 0 {
		l.fault("rule.severity", 0, "severity %q: want low, medium, high or critical", string(r.Severity))
	}
	if r.RiskScore < 1 || r.RiskScore > 100 {
		l.fault("rule.risk_score", 0, "risk_score %d: want 1 to 100", r.RiskScore)
	}
	if r.MaxSignals < 0 || r.MaxSignals > 100_000 {
		l.fault("rule.max_signals", 0, "max_signals %d: want 1 to 100000", r.MaxSignals)
	}
}

// query parses the rule's query and places its fault within the file.
func (l *loader) query(r *Rule) {
	if r.Text == "" {
		return
	}
	q, err := eql.Parse(r.Text)
	if err == nil {
		r.Query = q
		return
	}
	l.faults = append(l.faults, l.queryError(err))
}

func (l *loader) queryError(err error) error {
	var at *eql.Error
	if !errors.As(err, &at) {
		return &Error{File: l.name, Line: l.where["rule.query"].line, Why: "query: " + err.Error()}
	}
	start := l.where["rule.query"]
	e := &Error{File: l.name, Line: start.textLine + at.Line - 1, Column: at.Col, Why: "query: " + at.Msg}
	if at.Line == 1 {
		e.Column += start.textColumn
	}
	return e
}

// Locate returns err, which came from compiling the rule's query, with its place in the
// rule's file, whose text this is.
func Locate(name string, text []byte, err error) error {
	l := &loader{name: name, where: locate(string(text))}
	return l.queryError(err)
}
