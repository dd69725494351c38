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
	var noSecrets bool
	cmd := s.withFlags(&cobra.Command{
		Use: "check", Short: "Find faults in configuration, rules and exceptions", Args: cobra.NoArgs,
		Long: `Reads the configuration, every rule and every exception and prints each fault on a line, with
file and line number where they are known. It also notes rules that can't run here and exceptions
that a running agent has not used for a day. Exits with 1 when there is a fault, with 2 when
--config is not a file or --rules not a folder.

--config also takes a configuration profile, signed or not, and reads its payload of
` + config.Domain + `. A signature is not verified.

With --no-secrets it checks a configuration for other Macs: tokens, certificates, folders,
programs, users, and folders of rules that the configuration names are not looked for here, nor is
what this machine has of its own (environment, exceptions, a running agent).`,
		Example: `  hooksnare check
  hooksnare check --config ./com.hooksnare.agent.plist
  hooksnare check --config ./hooksnare.mobileconfig --no-secrets
  hooksnare check --rules ./our-rules --format ndjson`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if noSecrets {
				return check(cmd, &s, checkup.AnotherMac)
			}
			return check(cmd, &s, checkup.ThisMac)
		},
	}, "root", "config", "rules", "format")
	cmd.Flags().BoolVar(&noSecrets, "no-secrets", false, "check for other Macs: look for nothing that only those have")
	return cmd
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

func check(cmd *cobra.Command, s *settings, place checkup.Place) error {
	if err := s.checkConfig(); err != nil {
		return err
	}
	c, sources, loaded := s.loadFor(place)
	now := time.Now()
	set, err := checkup.Check(c, sources, loaded, now, place)
	faults := config.Faults(err)
	var results []checkResult
	for _, fault := range faults {
		results = append(results, faultResult(fault))
	}
	results = append(results, profileNotes(s.config, sources)...)
	for _, r := range set.Rules {
		if r.NotRunnable != "" {
			text := fmt.Sprintf("rule %s does not run here: %s", r.ID, r.NotRunnable)
			results = append(results, checkResult{State: "note", File: r.File, Message: text, text: "note: " + r.File + ": " + text})
		}
	}
	if place == checkup.ThisMac {
		results = append(results, exceptionNotes(cmd, c, sources, now)...)
	}
	if len(faults) == 0 {
		text := fmt.Sprintf("%d rules, %d exceptions, %d outputs", len(set.Rules), len(c.Exceptions), len(c.Outputs))
		if place == checkup.AnotherMac {
			text += "; not looked at: what only the Mac has"
		}
		results = append(results, checkResult{State: "ok", Message: text, text: "ok: " + text})
	}
	err = printEach(s.out, results, func(r *checkResult) string { return quote.Printable(r.text) + "\n" })
	if err == nil && len(faults) > 0 {
		err = &exit{exitNotWell, fmt.Sprintf("check: faults: %d", len(faults))}
	}
	return err
}

// loadFor reads the configuration for a place.
func (s *settings) loadFor(place checkup.Place) (config.Config, config.Sources, error) {
	if place == checkup.ThisMac || s.config == "" || s.root != "" {
		return s.load()
	}
	r, err := config.ReadSettings(config.Options{File: s.config, Flags: config.Flags{Rules: s.rules}}, nil)
	return r.Config, r.Sources, err
}

// profileNotes says how the file that was named was read, where it is a profile.
func profileNotes(file string, sources config.Sources) []checkResult {
	text := map[string]string{
		config.Profile:       "read as a configuration profile, which is not signed",
		config.SignedProfile: "read as a signed configuration profile; the signature was not verified",
	}[sources.Form()]
	if text == "" {
		return nil
	}
	return []checkResult{{State: "note", File: file, Message: text, text: "note: " + file + ": " + text}}
}

// exceptionNotes are the exceptions that cover nothing as things are. That is not a fault: some hooks
// are rare, and the Mac may be another one.
func exceptionNotes(cmd *cobra.Command, c config.Config, sources config.Sources, now time.Time) (notes []checkResult) {
	idle, err := exceptions.Idle(c, sources, now)
	if err != nil {
		note(cmd, "whether exceptions are used is not known: %v", err)
	}
	for _, x := range append(idle, exceptions.Unmet(c, sources)...) {
		r := faultResult(x)
		r.State, r.text = "note", "note: "+r.text
		notes = append(notes, r)
	}
	return notes
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
