package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show and test rules",
		Example: `  hooksnare rules list
  hooksnare rules show hook-set
  hooksnare rules test --events events.ndjson ./my_rule.toml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesList(), newRulesShow(), newRulesTest())
	return cmd
}

// ruleRow is a rule in a list.
type ruleRow struct {
	ID       string `json:"rule_id"`
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Language string `json:"language"`
	Status   string `json:"status"`
	Reason   string `json:"reason,omitempty"`
	File     string `json:"file"`

	// What the agent tells of a rule that runs; absent where no agent has run.
	Matches   *uint64    `json:"matches,omitempty"`
	LastMatch *time.Time `json:"last_match,omitempty"`
	Dropped   uint64     `json:"dropped,omitempty"`
}

func rowOf(r *rules.Rule, disabled bool, told map[string]health.RuleStatus) ruleRow {
	row := ruleRow{ID: r.ID, Name: r.Name, Severity: string(r.Severity), Language: r.Language, Status: "active", Reason: r.NotRunnable, File: r.File}
	if row.Language == "" {
		row.Language = rules.DefaultLanguage(r.Type)
	}
	switch {
	case disabled:
		row.Status, row.Reason = "disabled", "it is one of DisabledRules"
		return row
	case r.NotRunnable != "":
		row.Status = "not runnable"
		return row
	}
	if s, ok := told[r.ID]; ok {
		row.Matches, row.LastMatch, row.Dropped = &s.Matches, s.Last, s.Dropped
	}
	if row.Dropped > 0 {
		row.Reason = fmt.Sprintf("%d times it had to forget something for want of room: a match may be lost", row.Dropped)
	}
	return row
}

// ruleStatuses returns what the agent tells of its rules, nil where it tells nothing that
// may be read.
func ruleStatuses(dir string) map[string]health.RuleStatus {
	status, err := health.ReadStatus(dir)
	if err != nil {
		return nil
	}
	out := map[string]health.RuleStatus{}
	for _, r := range status.Rules {
		out[r.ID] = r
	}
	return out
}

func newRulesList() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List every rule, whether it runs or why not, and how often it matched",
		Long: `Lists every rule: id, severity, language, whether it runs, how often it matched since the
agent started, and its name; then, for each that does not run, why. The numbers are what
the running agent last told in its state folder, which only root may read.`,
		Example: "  sudo hooksnare rules list\n  hooksnare rules list --rules ./our-rules --format ndjson",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := s.newOutput(cmd)
			if err != nil {
				return err
			}
			c, sources, loaded := s.load()
			set, faults := ruleset.Load(c, sources)
			var rows []ruleRow
			told := ruleStatuses(c.StateDir)
			for _, r := range set.Rules {
				rows = append(rows, rowOf(r, false, told))
			}
			for _, r := range set.Disabled {
				rows = append(rows, rowOf(r, true, told))
			}
			if err := printRules(out, rows); err != nil {
				return err
			}
			return errors.Join(loaded, faults)
		},
	}
	s.addFlags(cmd, "root", "config", "rules", "state-dir", "format")
	return cmd
}

func printRules(out *output, rows []ruleRow) error {
	if !out.isText {
		for i := range rows {
			if err := out.print(&rows[i], nil); err != nil {
				return err
			}
		}
		return nil
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
	_, err := io.WriteString(out.w, alignColumns(table))
	return err
}

func newRulesShow() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show a rule: what it looks for, why, and what to do about it",
		Example: "  hooksnare rules show hook-set",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, sources, loaded := s.load()
			set, faults := ruleset.Load(c, sources)
			if r := findRule(set, args[0]); r != nil {
				_, err := io.WriteString(cmd.OutOrStdout(), ruleText(r))
				return err
			}
			return errors.Join(fmt.Errorf("rule %q: not found; see hooksnare rules list", args[0]), loaded, faults)
		},
	}
	s.addFlags(cmd, "root", "config", "rules")
	return cmd
}

// findRule returns the rule with an id, also a disabled one, nil where there is none.
func findRule(set ruleset.Set, id string) *rules.Rule {
	for _, r := range slices.Concat(set.Rules, set.Disabled) {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func ruleText(r *rules.Rule) string {
	rows := alert.Rows{Width: 12}
	rows.Add("id", r.ID)
	rows.Add("version", r.Version)
	rows.Add("severity", fmt.Sprintf("%s (risk score %d)", r.Severity, r.RiskScore))
	rows.Add("type", strings.TrimSpace(r.Type+" "+r.Language))
	rows.Add("not runnable", r.NotRunnable)
	if r.BuildingBlock {
		rows.Add("alerts", "only for other rules to build on: nobody needs to look at them")
	}
	rows.Add("max signals", fmt.Sprintf("%d in five minutes", r.MaxSignals))
	rows.Add("author", strings.Join(r.Author, ", "))
	rows.Add("license", r.License)
	for _, t := range r.Threat {
		for _, technique := range t.Technique {
			rows.Add("technique", strings.TrimSpace(technique.ID+" "+technique.Name))
			for _, sub := range technique.Subtechnique {
				rows.Add("", sub.ID+" "+sub.Name)
			}
		}
	}
	for _, reference := range r.References {
		rows.Add("reference", reference)
	}
	rows.Add("file", r.File)
	return sectionText(quote.Printable(r.Name), rows.String()) +
		sectionText("Description", indentText(r.Description)) +
		sectionText("Query", indentText(r.Text)) +
		sectionText("False positives", indentText(strings.Join(r.FalsePositives, "\n"))) +
		sectionText("Setup", indentText(r.Setup)) +
		sectionText("Investigation guide", indentText(r.Note))
}

func newRulesTest() *cobra.Command {
	var events string
	cmd := &cobra.Command{
		Use:   "test --events FILE RULE...",
		Short: "Ask rules about events from a file",
		Long: `Reads one ECS document a line and prints a line for each match: the rule's id and the
numbers, from 1, of the lines that match. RULE is a rule file or the id of a built-in
rule. event_category_override, timestamp_field and tiebreaker_field of a rule say where its
documents have category, time and order. What a sequence, a query with pipes, or a rule
that remembers finds is printed at the end: such rules take the events by their times.`,
		Example: `  hooksnare rules test --events events.ndjson ./my_rule.toml
  hooksnare rules test --events - hook-set < events.ndjson`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := namedRules(args)
			if err != nil {
				return err
			}
			in := io.Reader(os.Stdin)
			if events != "-" {
				f, err := os.Open(events)
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			if err := ruleset.RunOver(in, list, func(m ruleset.Match) error { return enc.Encode(m) }); err != nil {
				return fmt.Errorf("%s: %w", events, err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&events, "events", "", "`FILE` of ECS documents, one a line; - for standard input")
	cmd.MarkFlagRequired("events")
	return cmd
}

// readRule reads a rule file that the command line names, be it a pipe. One that goes on
// after the bound of rule files is cut behind it, for the loader to refuse.
func readRule(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, rules.MaxFile+1))
}

// namedRules loads rules by file name or by the id of a built-in one.
func namedRules(names []string) ([]*rules.Rule, error) {
	var out []*rules.Rule
	var faults []error
	builtin := map[string]rules.Source{}
	for _, s := range rules.Builtin() {
		if r, err := rules.Load(s.Name, s.Text); err == nil {
			builtin[r.ID] = s
		}
	}
	for _, name := range names {
		source, ok := builtin[name]
		if !ok {
			text, err := readRule(name)
			if err != nil {
				faults = append(faults, fmt.Errorf("rule %s: no file and no built-in rule of that name: %w", name, err))
				continue
			}
			source = rules.Source{Name: name, Text: text}
		}
		r, err := rules.Load(source.Name, source.Text)
		switch {
		case err != nil:
			faults = append(faults, err)
		case r.NotRunnable != "":
			faults = append(faults, fmt.Errorf("%s: %s", name, r.NotRunnable))
		default:
			out = append(out, r)
		}
	}
	return out, errors.Join(faults...)
}
