package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"hooksnare/agent/ruleset"
	"hooksnare/detect/rules"
)

// many are the numbers of rules beside the built-in ones that are measured, and what they
// may cost beside these alone.
var many = []struct {
	rules  int
	wanted float64
}{{47, 1.5}, {500, 3}}

var ruleID = regexp.MustCompile(`(?m)^rule_id *= *"[^"]*"`)

// fill writes n rules about processes into a folder: those of another that run, in EQL, and
// the same again under other ids where they are not enough.
func fill(to, from string, n int) error {
	files, err := filepath.Glob(filepath.Join(from, "*.toml"))
	if err != nil {
		return err
	}
	var texts [][]byte
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		r, err := ruleset.LoadRule(rules.Source{Name: name, Text: text})
		if err != nil {
			return err
		}
		if r.NotRunnable == "" && r.Query != nil {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return fmt.Errorf("%s: no rule that runs here", from)
	}
	for i := range n {
		text := ruleID.ReplaceAll(texts[i%len(texts)], fmt.Appendf(nil, `rule_id = "bench-%d"`, i))
		if err := os.WriteFile(filepath.Join(to, fmt.Sprintf("%d.toml", i)), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// costs measures replay with more and more rules, in turns with the built-in ones alone.
func costs(dir, program, recording, from string, rounds int) ([]string, error) {
	alone := command{"hooksnare replay", []string{program, "replay", "--format", "ndjson", recording}}
	var out []string
	for _, m := range many {
		to := filepath.Join(dir, fmt.Sprintf("rules-%d", m.rules))
		if err := os.Mkdir(to, 0o700); err != nil {
			return nil, err
		}
		if err := fill(to, from, m.rules); err != nil {
			return nil, err
		}
		with := command{fmt.Sprintf("with %d rules", m.rules), append(append([]string{}, alone.args...), "--rules", to)}
		var fastAlone, fastWith usage
		for range rounds {
			u, err := alone.run()
			if err != nil {
				return nil, err
			}
			fastAlone.keep(u)
			if u, err = with.run(); err != nil {
				return nil, err
			}
			fastWith.keep(u)
		}
		out = append(out, fmt.Sprintf("%d more rules: %.3f s, %.2f times the built-in ones alone (wanted: at most %g), peak %.1f MiB",
			m.rules, fastWith.wall.Seconds(), fastWith.wall.Seconds()/fastAlone.wall.Seconds(), m.wanted, fastWith.peak))
	}
	return out, nil
}
