package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
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

func rowOf(r *rules.Rule, disabled bool, told map[string]agent.RuleStatus) ruleRow {
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
func ruleStatuses(dir string) map[string]agent.RuleStatus {
	status, err := agent.ReadStatus(dir)
	if err != nil {
		return nil
	}
	out := map[string]agent.RuleStatus{}
	for _, r := range status.Rules {
		out[r.ID] = r
	}
	return out
}

func newRulesList() *cobra.Command {
	var s settings
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List every rule, whether it runs or why not, and how often it matched",
		Long: `Lists every rule: id, severity, language, whether it runs, how often it matched since the
agent started, and its name; then, for each that does not run, why. The numbers are what
the running agent last told in its state folder, which only root may read.`,
		Example: "  sudo hooksnare rules list\n  hooksnare rules list --rules ./our-rules --format ndjson",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := chosen(format, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			c, sources, loaded := s.load()
			set, faults := agent.LoadRules(c, sources)
			var rows []ruleRow
			told := ruleStatuses(c.StateDir)
			for _, r := range set.Rules {
				rows = append(rows, rowOf(r, false, told))
			}
			for _, r := range set.Disabled {
				rows = append(rows, rowOf(r, true, told))
			}
			if err := printRows(cmd.OutOrStdout(), format, rows); err != nil {
				return err
			}
			if err := errors.Join(loaded, faults); err != nil {
				return err
			}
			return nil
		},
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	s.rulesFlag(cmd)
	s.stateFlag(cmd)
	formatFlag(cmd, &format)
	return cmd
}

func printRows(w io.Writer, format string, rows []ruleRow) error {
	if format == formatNDJSON {
		enc := json.NewEncoder(w)
		for _, row := range rows {
			if err := enc.Encode(row); err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tSEVERITY\tLANGUAGE\tSTATUS\tMATCHES\tNAME")
	for _, row := range rows {
		matches := "-"
		if row.Matches != nil {
			matches = strconv.FormatUint(*row.Matches, 10)
		}
		name := alert.Printable(row.Name)
		if row.Reason != "" {
			name += " (" + alert.Printable(row.Reason) + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", row.ID, row.Severity, row.Language, row.Status, matches, name)
	}
	return t.Flush()
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
			set, faults := agent.LoadRules(c, sources)
			for _, r := range append(set.Rules, set.Disabled...) {
				if r.ID == args[0] {
					return showRule(cmd.OutOrStdout(), r)
				}
			}
			return errors.Join(fmt.Errorf("rule %q: not found; see hooksnare rules list", args[0]), loaded, faults)
		},
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	s.rulesFlag(cmd)
	return cmd
}

func showRule(w io.Writer, r *rules.Rule) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", alert.Printable(r.Name))
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s %s\n", name, alert.Printable(value))
		}
	}
	row("id", r.ID)
	row("version", r.Version)
	row("severity", fmt.Sprintf("%s (risk score %d)", r.Severity, r.RiskScore))
	row("type", strings.TrimSpace(r.Type+" "+r.Language))
	row("not runnable", r.NotRunnable)
	if r.BuildingBlock {
		row("alerts", "building blocks: for other rules to build on, not to be looked at as such")
	}
	row("max signals", fmt.Sprintf("%d in five minutes", r.MaxSignals))
	row("author", strings.Join(r.Author, ", "))
	row("license", r.License)
	for _, t := range r.Threat {
		for _, tech := range t.Technique {
			row("technique", strings.TrimSpace(tech.ID+" "+tech.Name))
			for _, sub := range tech.Subtechnique {
				row("", sub.ID+" "+sub.Name)
			}
		}
	}
	for _, ref := range r.References {
		row("reference", ref)
	}
	row("file", r.File)
	block := func(title, text string) {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(&b, "\n%s\n\n", title)
			for _, line := range strings.Split(text, "\n") {
				fmt.Fprintf(&b, "  %s\n", alert.Printable(strings.ReplaceAll(line, "\t", "    ")))
			}
		}
	}
	block("Description", r.Description)
	block("Query", r.Text)
	block("False positives", strings.Join(r.FalsePositives, "\n"))
	block("Setup", r.Setup)
	block("Investigation guide", r.Note)
	_, err := io.WriteString(w, b.String())
	return err
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
			if err := agent.TestRules(in, list, func(m agent.RuleMatch) error { return enc.Encode(m) }); err != nil {
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
