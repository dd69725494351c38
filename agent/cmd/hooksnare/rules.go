package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/health"
	"hooksnare/agent/ruleset"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/quote"
)

func newRules() *cobra.Command {
	return newGroup("rules", "List, show and test rules", `  hooksnare rules list
  hooksnare rules show hook-set
  hooksnare rules test --events events.ndjson ./my_rule.toml`,
		newRulesList(), newRulesShow(), newRulesTest())
}

// ruleRow is a rule in a list.
type ruleRow struct {
	ID       string `json:"rule_id"`
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Language string `json:"language"`
	Status   string `json:"status"` // active, disabled or not runnable
	Reason   string `json:"reason,omitempty"`
	File     string `json:"file"`

	// What the agent reports of a rule that runs; absent where no agent has run.
	Matches   *uint64    `json:"matches,omitempty"`
	LastMatch *time.Time `json:"last_match,omitempty"`
	Dropped   uint64     `json:"dropped,omitempty"`
}

func newRuleRow(r *rules.Rule, set *ruleset.Set) ruleRow {
	row := ruleRow{ID: r.ID, Name: r.Name, Severity: string(r.Severity), Language: r.Language, Status: "active", File: r.File}
	if row.Language == "" {
		row.Language = rules.DefaultLanguage(r.Type)
	}
	if slices.Contains(set.Disabled, r) {
		row.Status, row.Reason = "disabled", "it is one of DisabledRules"
	} else if r.NotRunnable != "" {
		row.Status, row.Reason = "not runnable", r.NotRunnable
	}
	return row
}

// addCounts adds what the agent with this state folder reports of the rules that run, if it may
// be read.
func addCounts(rows []ruleRow, dir string) {
	status, err := health.ReadStatus(dir)
	if err != nil {
		return
	}
	for _, s := range status.Rules {
		i := slices.IndexFunc(rows, func(r ruleRow) bool { return r.ID == s.ID && r.Status == "active" })
		if i < 0 {
			continue
		}
		row := &rows[i]
		row.Matches, row.LastMatch, row.Dropped = &s.Matches, s.Last, s.Dropped
		if s.Dropped > 0 {
			row.Reason = fmt.Sprintf("%d times it had to forget something for want of room: a match may be lost", s.Dropped)
		}
	}
}

func newRulesList() *cobra.Command {
	var s settings
	return s.withFlags(&cobra.Command{
		Use: "list", Short: "List every rule, whether it runs or why not, and how often it matched", Args: cobra.NoArgs,
		Long: `Lists every rule: id, severity, language, whether it runs, how often it matched since the
agent started, and its name; then, for each that does not run, why. The numbers are from the
running agent's state folder, which only root may read.`,
		Example: "  sudo hooksnare rules list\n  hooksnare rules list --rules ./our-rules --format ndjson",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, set, faults := s.loadRules()
			var rows []ruleRow
			for _, r := range slices.Concat(set.Rules, set.Disabled) {
				rows = append(rows, newRuleRow(r, &set))
			}
			addCounts(rows, c.StateDir)
			noted, err := noteFaults(cmd, faults)
			return cmp.Or(printRules(s.out, rows), err, noted)
		},
	}, "root", "config", "rules", "state-dir", "format")
}

func printRules(out *output, rows []ruleRow) error {
	if !out.isText {
		return printEach(out, rows, func(*ruleRow) string { return "" })
	}
	table := [][]string{{"ID", "SEVERITY", "LANGUAGE", "STATUS", "MATCHES", "NAME"}}
	for _, row := range rows {
		matches, name := "-", row.Name
		if row.Matches != nil {
			matches = strconv.FormatUint(*row.Matches, 10)
		}
		if row.Reason != "" {
			name += " (" + row.Reason + ")"
		}
		table = append(table, []string{row.ID, row.Severity, row.Language, row.Status, matches, name})
	}
	return out.print(nil, alignColumns(table))
}

func newRulesShow() *cobra.Command {
	var s settings
	return s.withFlags(&cobra.Command{
		Use: "show ID", Short: "Show a rule: what it looks for, why, and what to do about it", Args: cobra.ExactArgs(1),
		Example: "  hooksnare rules show hook-set\n  hooksnare rules show hook-set --format ndjson | jq -r .query",
		RunE: func(cmd *cobra.Command, args []string) error {
			_, set, faults := s.loadRules()
			d := findRule(&set, args[0])
			if d == nil {
				return errors.Join(fmt.Errorf("rule %q: not found; see hooksnare rules list", args[0]), faults)
			}
			rows := &alert.Rows{Width: 12}
			d.addRows(rows)
			return s.out.print(d, sectionText(quote.Printable(d.Name), rows.String())+d.sections())
		},
	}, "root", "config", "rules", "format")
}

// ruleDocument is all that is known of a rule.
type ruleDocument struct {
	ruleRow
	Version        string   `json:"version,omitempty"`
	Type           string   `json:"type,omitempty"`
	RiskScore      int      `json:"risk_score"`
	MaxSignals     int      `json:"max_signals"` // alerts in five minutes
	BuildingBlock  bool     `json:"building_block,omitempty"`
	Author         []string `json:"author,omitempty"`
	License        string   `json:"license,omitempty"`
	Techniques     []string `json:"techniques,omitempty"` // each an id and a name
	References     []string `json:"references,omitempty"`
	Description    string   `json:"description,omitempty"`
	Query          string   `json:"query,omitempty"`
	FalsePositives []string `json:"false_positives,omitempty"`
	Setup          string   `json:"setup,omitempty"`
	Note           string   `json:"note,omitempty"` // the investigation guide
}

// findRule returns the rule with an id, also a disabled one, nil where there is none.
func findRule(set *ruleset.Set, id string) *ruleDocument {
	all := slices.Concat(set.Rules, set.Disabled)
	i := slices.IndexFunc(all, func(r *rules.Rule) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	r := all[i]
	d := &ruleDocument{
		ruleRow: newRuleRow(r, set), Version: r.Version, Type: r.Type, RiskScore: r.RiskScore, MaxSignals: r.MaxSignals,
		BuildingBlock: r.BuildingBlock, Author: r.Author, License: r.License, References: r.References, Description: r.Description,
		Query: r.Text, FalsePositives: r.FalsePositives, Setup: r.Setup, Note: r.Note,
	}
	for _, t := range r.Threat {
		for _, technique := range t.Technique {
			d.Techniques = append(d.Techniques, strings.TrimSpace(technique.ID+" "+technique.Name))
			for _, sub := range technique.Subtechnique {
				d.Techniques = append(d.Techniques, strings.TrimSpace(sub.ID+" "+sub.Name))
			}
		}
	}
	return d
}

func (d *ruleDocument) addRows(rows *alert.Rows) {
	rows.Add("id", d.ID)
	rows.Add("version", d.Version)
	if d.Severity != "" {
		rows.Add("severity", fmt.Sprintf("%s (risk score %d)", d.Severity, d.RiskScore))
		rows.Add("limit", fmt.Sprintf("%d alerts in five minutes", d.MaxSignals))
	}
	rows.Add("type", d.Type)
	if d.Language != d.Type {
		rows.Add("language", d.Language)
	}
	if d.Reason != "" {
		rows.Add("status", d.Status+": "+d.Reason)
	}
	if d.BuildingBlock {
		rows.Add("alerts", "only for other rules to build on: nobody needs to read them")
	}
	rows.Add("author", strings.Join(d.Author, ", "))
	rows.Add("license", d.License)
	rows.AddList("technique", d.Techniques)
	rows.AddList("reference", d.References)
	rows.Add("file", d.File)
}

// sections are the long texts.
func (d *ruleDocument) sections() string {
	return sectionText("Description", indentText(d.Description)) +
		sectionText("Query", indentText(d.Query)) +
		sectionText("False positives", indentText(strings.Join(d.FalsePositives, "\n"))) +
		sectionText("Setup", indentText(d.Setup)) +
		sectionText("Investigation guide", indentText(d.Note))
}

func newRulesTest() *cobra.Command {
	var s settings
	var events string
	cmd := &cobra.Command{
		Use: "test --events FILE RULE...", Short: "Run rules over events from a file", Args: cobra.MinimumNArgs(1),
		Long: `Reads one ECS document a line, or an array of them, and prints a line for each match: the rule's
id and the numbers, from 1, of the lines that match, or of the elements. RULE is a rule file or the id of a built-in
rule. event_category_override, timestamp_field and tiebreaker_field of a rule say where its
documents have category, time and order. The matches of a sequence, of a query with pipes, and
of a rule that remembers come at the end: such rules take the events in the order of their times.`,
		Example: `  hooksnare rules test --events events.ndjson ./my_rule.toml
  hooksnare rules test --events - hook-set < events.ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, faults := ruleset.Named(args)
			if len(list) == 0 {
				return faults
			}
			noted, _ := noteFaults(cmd, faults)
			hint, err := ruleset.RunOver(cmd.Context(), events, list, func(m ruleset.Match) error {
				lines := strings.Trim(strings.ReplaceAll(fmt.Sprint(m.Events), " ", ", "), "[]")
				return s.out.print(m, quote.Printable(m.RuleID)+": lines "+lines+"\n")
			})
			if err != nil {
				return err
			}
			if hint != "" {
				note(cmd, "%s: %s", events, hint)
			}
			return noted
		},
	}
	s.withFlags(cmd, "format")
	cmd.Flags().StringVar(&events, "events", "", "`FILE` of ECS documents, one a line; - for standard input")
	cmd.MarkFlagRequired("events")
	return cmd
}
