package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hooksnare/pkg/alertlog"
)

func newAlertsVerify() *cobra.Command {
	var l alertLog
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that no alert is missing or was changed", Args: cobra.NoArgs,
		Long: `Checks the chain of the local log's documents. Each has a number, without gaps, and the
SHA-256 of the document before, which proves that none in between was removed or changed.
It cannot prove that the newest are there, nor those that rotation has deleted: compare the
last number and hash with hooksnare status, or with what a collector has.

It also checks documents that a collector received, in any order, if their lines are
unchanged: name their file with --file. Exits with 1 when something is missing, changed or
damaged.`,
		Example: `  sudo hooksnare alerts verify
  hooksnare alerts verify --file ./received.jsonl --format ndjson`,
		RunE: func(cmd *cobra.Command, _ []string) error { return verifyAlerts(cmd, &l) },
	}
	l.addLogFlags(cmd)
	return cmd
}

func verifyAlerts(cmd *cobra.Command, l *alertLog) error {
	alerts, err := l.openLog(cmd)
	if err != nil {
		return err
	}
	v, err := alerts.Verify(cmd.Context())
	isDamaged := len(alerts.Damage()) > 0
	closeLog(cmd, alerts)
	if err != nil {
		return err
	}
	ok := v.OK() && !isDamaged
	document := struct {
		OK      bool `json:"ok"`
		Damaged bool `json:"damaged"`
		*alertlog.Verdict
	}{ok, isDamaged, v}
	return cmp.Or(l.out.print(document, verdictText(v)), exitIf(!ok, exitNotWell))
}

func verdictText(v *alertlog.Verdict) string {
	var b strings.Builder
	for i := range v.Chains {
		c := &v.Chains[i]
		verdict := "whole"
		if !c.OK() {
			verdict = "NOT WHOLE"
		}
		fmt.Fprintf(&b, "chain %s: %s: numbers %d to %d, %d documents\n", c.Chain, verdict, c.First, c.Last, c.Documents)
		for _, g := range c.Gaps {
			fmt.Fprintf(&b, "  missing: numbers %d to %d\n", g.First, g.Last)
		}
		for _, n := range c.Conflicts {
			fmt.Fprintf(&b, "  number %d: different documents have it\n", n)
		}
		for _, n := range c.Broken {
			fmt.Fprintf(&b, "  number %d: does not follow the document that is number %d here\n", n, n-1)
		}
		if c.Missing > 0 {
			fmt.Fprintf(&b, "  %d are missing in all\n", c.Missing)
		}
	}
	if len(v.Chains) == 0 {
		b.WriteString("no documents with a place in a chain\n")
	}
	for _, n := range []struct {
		count int
		what  string
	}{
		{v.Repeats, "documents occur more than once, which is not a fault: they were sent again"},
		{v.Unchained, "documents have no place in a chain: this agent did not write them"},
		{v.Malformed, "documents have an invalid place"},
		{v.Overflow, "documents were not checked: there are too many"},
	} {
		if n.count > 0 {
			fmt.Fprintf(&b, "%d %s\n", n.count, n.what)
		}
	}
	return b.String()
}
