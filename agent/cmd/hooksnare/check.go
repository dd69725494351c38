package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/checkup"
	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/detect/rules"
	"hooksnare/pkg/quote"
)

func newCheck() *cobra.Command {
	var s settings
	return s.withFlags(&cobra.Command{
		Use: "check", Short: "Find faults in configuration, rules and exceptions", Args: cobra.NoArgs,
		Long: `Reads the configuration, every rule and every exception and prints each fault on a line, with
file and line number where they are known. It also notes rules that can't run here and exceptions
that a running agent has not used for a day. Exits with 1 when there is a fault, with 2 when
--config is not a file or --rules not a folder.`,
		Example: `  hooksnare check
  hooksnare check --config ./com.hooksnare.agent.plist
  hooksnare check --rules ./our-rules --format ndjson`,
		RunE: func(cmd *cobra.Command, _ []string) error { return check(cmd, &s) },
	}, "root", "config", "rules", "format")
}

// checkResult is a line of check.
type checkResult struct {
	State   string `json:"state"`          // fault, note or ok
	File    string `json:"file,omitempty"` // a path, "environment" or "command line"
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Key     string `json:"key,omitempty"`
	Message string `json:"message"`

	text string
}

func check(cmd *cobra.Command, s *settings) error {
	if err := s.checkConfig(); err != nil {
		return err
	}
	c, sources, loaded := s.load()
	now := time.Now()
	set, err := checkup.Check(c, sources, loaded, now)
	faults := config.Faults(err)
	var results []checkResult
	for _, fault := range faults {
		results = append(results, faultResult(fault))
	}
	for _, r := range set.Rules {
		if r.NotRunnable != "" {
			text := fmt.Sprintf("rule %s does not run here: %s", r.ID, r.NotRunnable)
			results = append(results, checkResult{State: "note", File: r.File, Message: text, text: "note: " + r.File + ": " + text})
		}
	}
	idle, err := exceptions.Idle(c, sources, now)                     // not a fault: some hooks are rare
	for _, x := range append(idle, exceptions.Unmet(c, sources)...) { // nor this: the Mac may be another one
		r := faultResult(x)
		r.State, r.text = "note", "note: "+r.text
		results = append(results, r)
	}
	if err != nil {
		note(cmd, "whether exceptions are used is not known: %v", err)
	}
	if len(faults) == 0 {
		text := fmt.Sprintf("%d rules, %d exceptions, %d outputs", len(set.Rules), len(c.Exceptions), len(c.Outputs))
		results = append(results, checkResult{State: "ok", Message: text, text: "ok: " + text})
	}
	err = printEach(s.out, results, func(r *checkResult) string { return quote.Printable(r.text) + "\n" })
	if err == nil && len(faults) > 0 {
		err = &exit{exitNotWell, fmt.Sprintf("check: faults: %d", len(faults))}
	}
	return err
}

// faultResult returns a fault with its place, where that is known.
func faultResult(fault error) checkResult {
	r := checkResult{State: "fault", Message: fault.Error(), text: fault.Error()}
	if e := new(config.Error); errors.As(fault, &e) {
		r.File, r.Line, r.Key, r.Message = e.File, e.Line, e.Key, e.Why
	}
	if e := new(rules.Error); errors.As(fault, &e) {
		r.File, r.Line, r.Column, r.Message = e.File, e.Line, e.Column, e.Why
	}
	return r
}
