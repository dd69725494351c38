package agent

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
)

// Every rule shows at least this many commands that fire it and that do not.
const (
	leastFires  = 4
	leastSilent = 6
)

// TestExamples runs what stands beside each built-in rule through everything from the
// decoder to the alert: what must fire fires that rule alone, with those facts.
func TestExamples(t *testing.T) {
	set := builtinRules(t)
	ids := map[string]string{} // of rules, by the name of their file
	for _, r := range set.Rules {
		ids[strings.TrimSuffix(r.File, ".toml")] = r.ID
	}
	for _, s := range rules.Examples() {
		name := strings.TrimSuffix(s.Name, ".examples.toml")
		rule := ids[name]
		if rule == "" {
			t.Errorf("%s: no rule file %s.toml", s.Name, name)
		}
		delete(ids, name)
		t.Run(path.Base(name), func(t *testing.T) { runExamples(t, set, rule, s) })
	}
	for name := range ids {
		t.Errorf("%s.toml: no examples beside it", name)
	}
}

func runExamples(t *testing.T, set RuleSet, rule string, s rules.Source) {
	list, err := rules.ParseExamples(s)
	if err != nil {
		t.Fatal(err)
	}
	fires, silent := 0, 0
	for i := range list {
		x := &list[i]
		var got []*alert.Alert
		if x.State != "" {
			got = exampleState(t, set, x)
		} else {
			got = exampleCommand(t, set, x)
		}
		said := fmt.Sprintf("%q%s", x.Command, x.State)
		if !x.Fires {
			if silent++; len(got) > 0 {
				t.Errorf("%s: got %s, want silence", said, saying(got))
			}
			continue
		}
		fires++
		if len(got) != 1 {
			t.Errorf("%s: got %d alerts, want one of %s: %s", said, len(got), rule, saying(got))
			continue
		}
		for _, f := range append(exampleFaults(rule, x, got[0]), lineFaults(got[0])...) {
			t.Errorf("%s: %s", said, f)
		}
	}
	if fires < leastFires || silent < leastSilent {
		t.Errorf("%s: got %d examples that fire and %d that are silent, want at least %d and %d", s.Name, fires, silent, leastFires, leastSilent)
	}
}

func exampleFaults(rule string, x *rules.Example, a *alert.Alert) []string {
	if x.State != "" {
		out := differ("rule", a.Rule.ID, rule)
		if h := a.Hooksnare.Health; h == nil || h.State != x.State || !h.Active {
			out = append(out, fmt.Sprintf("health: got %+v, want %s", h, x.State))
		}
		return out
	}
	want := told{
		rule: rule, operation: x.Operation, key: x.Key, value: x.Value, plist: x.Plist, scope: x.Scope,
		source: x.Source, sourceFile: x.SourceFile,
	}
	return want.faults(a)
}

// exampleCommand returns the alerts of a command that some daemon runs.
func exampleCommand(t *testing.T, set RuleSet, x *rules.Example) []*alert.Alert {
	t.Helper()
	var out bytes.Buffer
	h := synthetic.New(&out, synthetic.Options{})
	parent := h.Daemon("com.example.agent", synthetic.AsRoot, synthetic.Spec{Path: "/bin/zsh", Args: []string{"zsh", "-s"}})
	spec := synthetic.Spec{
		Path: x.Program(), Args: x.Command, CWD: x.CWD, SigningID: x.SigningID, Unsigned: x.Unsigned,
		Platform: strings.HasPrefix(x.SigningID, "com.apple."),
		Env:      []string{"PATH=/usr/bin:/bin"},
		As:       &synthetic.Cred{EUID: x.UID, RUID: x.UID, EGID: 20, RGID: 20},
	}
	if spec.CWD == "" {
		spec.CWD = "/"
	}
	if x.Home != "" {
		spec.Env = append(spec.Env, "HOME="+x.Home)
	}
	h.Run(parent, spec)
	if err := h.Err(); err != nil {
		t.Fatal(err)
	}
	return replayed(t, config.Default(), set, out.Bytes())
}

// exampleState returns the alerts of a condition of the sensor.
func exampleState(t *testing.T, set RuleSet, x *rules.Example) []*alert.Alert {
	t.Helper()
	var got []*alert.Alert
	p, err := NewPipeline(PipelineOptions{
		Rules: set.Rules, Exceptions: exceptions(config.Default().Exceptions), Emit: func(a *alert.Alert) { got = append(got, a) },
	})
	must(t, err)
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	st := eslogger.State{Name: eslogger.Condition(x.State), On: !x.Ended, Since: since, Detail: "an example"}
	if x.Ended {
		st.Until = since.Add(time.Minute)
	}
	p.HandleState(st)
	p.Close()
	return got
}
