// Package ruleset loads the rules that the configuration names, counts those in force, and runs
// rules over files of events.
package ruleset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"hooksnare/agent/config"
	"hooksnare/detect"
	"hooksnare/detect/rules"
	"hooksnare/pkg/quote"
	"hooksnare/pkg/safefile"
)

// maxRuleFiles bounds what a rule folder may hold.
const maxRuleFiles = 10_000

// Set is the rules the agent works with.
type Set struct {
	Rules    []*rules.Rule // enabled ones, built-in ones first
	Disabled []*rules.Rule
}

// Load reads the built-in rules and those of the configuration's folders. A file
// that is wrong leaves itself out, alone; the error joins all that is wrong, by file and
// line. The set that comes with it is usable all the same.
func Load(c config.Config, sources config.Sources) (Set, error) {
	var set Set
	var faults []error
	seen := map[string]string{}
	add := func(name string, r *rules.Rule, err error) {
		if err != nil {
			faults = append(faults, err)
			return
		}
		if other := seen[r.ID]; other != "" {
			faults = append(faults, &rules.Error{File: name, Why: fmt.Sprintf("rule_id %q: is also the id of %s", r.ID, other)})
			return
		}
		seen[r.ID] = name
		if slices.Contains(c.DisabledRules, r.ID) {
			set.Disabled = append(set.Disabled, r)
			return
		}
		set.Rules = append(set.Rules, r)
	}
	for _, s := range rules.Builtin() {
		r, err := LoadRule(s)
		add(s.Name, r, err)
	}
	for i, dir := range c.RuleDirectories {
		files, err := ruleFiles(c.Disk(), dir)
		if err != nil {
			faults = append(faults, sources.Problem(fmt.Sprintf("RuleDirectories[%d]", i), err.Error()))
		}
		for n, l := range loadFiles(c.Disk(), files) {
			add(files[n], l.rule, l.err)
		}
	}
	for i, id := range c.DisabledRules {
		if seen[id] == "" {
			faults = append(faults, sources.Problem(fmt.Sprintf("DisabledRules[%d]", i), "no rule has the id "+quote.Bounded(id, 80)+": see hooksnare rules list"))
		}
	}
	if !slices.ContainsFunc(set.Rules, func(r *rules.Rule) bool { return r.NotRunnable == "" && !slices.Contains(noHook, r.ID) }) {
		faults = append(faults, sources.Problem("DisabledRules", "leaves no rule that runs and finds hooks, and is not used: no hook would ever be an alert"))
		set.Rules, set.Disabled = append(set.Disabled, set.Rules...), nil
	}
	return set, errors.Join(faults...)
}

type loaded struct {
	rule *rules.Rule
	err  error
}

// Files returns the rule files that a configuration names, as paths of the Mac, by their folder. A
// folder that can't be read has none.
func Files(c config.Config) map[string][]string {
	inner := func(path string) string { return strings.TrimPrefix(path, c.Root) }
	out := map[string][]string{}
	for _, dir := range c.RuleDirectories {
		files, _ := ruleFiles(c.Disk(), dir)
		for i := range files {
			files[i] = inner(files[i])
		}
		out[inner(dir)] = files
	}
	return out
}

// noHook are the built-in rules that find no hook: they are about the agent, and about what it was told
// or could not read.
var noHook = []string{"agent-tampered", "exceptions-changed", "hook-excepted", "hook-simulated", "preferences-unreadable", "sensor-degraded"}

// loadFiles loads rule files, on all processors: reading TOML takes nearly a millisecond a
// rule, and there may be many.
func loadFiles(disk safefile.Disk, names []string) []loaded {
	out := make([]loaded, len(names))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(names); i = int(next.Add(1)) - 1 {
				text, _, err := disk.ReadTrusted(names[i], rules.MaxFile)
				if err != nil {
					out[i].err = fmt.Errorf("rule file: %w", err)
					continue
				}
				out[i].rule, out[i].err = LoadRule(rules.Source{Name: names[i], Text: text})
			}
		})
	}
	wg.Wait()
	return out
}

// LoadRule reads one rule, checks that it compiles, and notes why it can't run here if so.
func LoadRule(s rules.Source) (*rules.Rule, error) {
	r, err := rules.Load(s.Name, s.Text, detect.FieldKind)
	if err != nil {
		return nil, err
	}
	why, err := detect.Runnable(r)
	if err != nil {
		return nil, rules.Locate(s.Name, s.Text, err)
	}
	r.NotRunnable = why
	return r, nil
}

// ruleFiles returns the rule files of a folder and the folders below it, by name. A folder
// that others can write holds none.
func ruleFiles(disk safefile.Disk, dir string) ([]string, error) {
	real, err := disk.RealFolder(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	err = filepath.WalkDir(real, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !d.Type().IsRegular() || !strings.HasSuffix(path, ".toml") || strings.HasPrefix(d.Name(), "."):
			return nil
		case len(out) == maxRuleFiles:
			return fmt.Errorf("%s: more than %d rule files", dir, maxRuleFiles)
		}
		out = append(out, filepath.Join(dir, strings.TrimPrefix(path, real)))
		return nil
	})
	return out, err
}
