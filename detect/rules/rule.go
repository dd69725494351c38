// Package rules loads detection rules: TOML files in the shape in which Elastic
// publishes its own, so that a file from there loads as it is. A file is taken whole or
// refused with every fault in it, by line and column; nothing in it is run.
package rules

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"hooksnare/detect/eql"
	"hooksnare/pkg/event"
)

// Severity is how much a match matters.
type Severity = event.Severity

// The severities.
const (
	Low      = event.Low
	Medium   = event.Medium
	High     = event.High
	Critical = event.Critical
)

// DefaultMaxSignals is how many alerts a rule that does not say may give in five
// minutes.
const DefaultMaxSignals = 100

// Rule is one rule. It never changes once loaded.
type Rule struct {
	File           string     `toml:"-"` // where it comes from
	ID             string     `toml:"rule_id"`
	Name           string     `toml:"name"`
	Description    string     `toml:"description"`
	Version        string     `toml:"-"`    // "" when the file has none
	Type           string     `toml:"type"` // eql, query, new_terms, threshold, ...
	Language       string     `toml:"language"`
	Text           string     `toml:"query"` // the query's text
	Query          *eql.Query `toml:"-"`     // nil where it is not runnable
	Severity       Severity   `toml:"severity"`
	RiskScore      int        `toml:"risk_score"`
	MaxSignals     int        `toml:"max_signals"`
	BuildingBlock  bool       `toml:"-"`
	Author         []string   `toml:"author"`
	License        string     `toml:"license"`
	References     []string   `toml:"references"`
	FalsePositives []string   `toml:"false_positives"`
	Tags           []string   `toml:"tags"`
	Note           string     `toml:"note"` // the investigation guide
	Setup          string     `toml:"setup"`
	Threat         []Threat   `toml:"threat"`
	EventCategory  string     `toml:"event_category_override"` // "" for event.category
	TimestampField string     `toml:"timestamp_field"`         // "" for @timestamp
	Tiebreaker     string     `toml:"tiebreaker_field"`        // "" for the order of the events
	NotRunnable    string     `toml:"-"`                       // why this version can't run it; "" when it can
}

// Threat is a tactic and its techniques.
type Threat struct {
	Framework string      `toml:"framework"`
	Tactic    Named       `toml:"tactic"`
	Technique []Technique `toml:"technique"`
}

// Technique is a technique and its parts.
type Technique struct {
	Named
	Subtechnique []Named `toml:"subtechnique"`
}

// Named is an entry of the framework.
type Named struct {
	ID        string `toml:"id"`
	Name      string `toml:"name"`
	Reference string `toml:"reference"`
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// UUID returns the rule's id where that is a UUID, otherwise one derived from it
// (version 5, in a name space of this project's).
func (r *Rule) UUID() string {
	if id := strings.ToLower(r.ID); uuidForm.MatchString(id) {
		return id
	}
	space, _ := hex.DecodeString("6b1f0a569d0f4d5ba1b4a3a2c7e0d1f2")
	sum := sha1.Sum(append(space, r.ID...))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Fields returns the names of all fields that the rule looks at, sorted. A rule
// whose query can't be read here has none.
func (r *Rule) Fields() []string {
	if r.Query == nil {
		return nil
	}
	return r.Query.Fields()
}

// Mentions reports whether the rule looks at a field whose name begins with prefix.
func (r *Rule) Mentions(prefix string) bool {
	for _, f := range r.Fields() {
		if strings.HasPrefix(f, prefix) {
			return true
		}
	}
	return false
}
