package agent_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/agent/inforce"
	"hooksnare/agent/integrity"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/chain"
)

// fileOutput is an output as a property list has it.
func fileOutput(path, more string) string {
	return `<dict><key>Type</key><string>file</string><key>Path</key><string>/` + path + `</string>` + more + `</dict>`
}

// settingsList is a configuration file.
func settingsList(keys ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>` + strings.Join(keys, "\n") + "</dict></plist>\n"
}

var toLog = `<key>Outputs</key><array>` + fileOutput(alertLog, "") + `</array>`

// reconfigured is an agent that takes over what changes in its local file.
type reconfigured struct {
	*stage
	o    agent.Options
	file string
}

func newConfigured(t *testing.T, p plan, keys ...string) *reconfigured {
	t.Helper()
	s, o := setUp(t, p)
	c := &reconfigured{stage: s, file: filepath.Join(s.root, config.LocalFile)}
	c.write(t, settingsList(append(keys, toLog)...))
	o.Source = &config.Options{
		Root: s.root, Env: []string{"HOOKSNARE_CANARY_INTERVAL=0"},
		Flags: config.Flags{Eslogger: o.Config.EsloggerPath, Canary: o.Config.CanaryPath},
	}
	c.o = o
	return c
}

// write replaces the file, as MDM does.
func (c *reconfigured) write(t *testing.T, text string) {
	t.Helper()
	place(t, c.file+".new", text, 0o644)
	if err := os.Rename(c.file+".new", c.file); err != nil {
		t.Fatal(err)
	}
	if err := integrity.Accept(c.root, filepath.Join(c.root, "var/db/hooksnare"), "install", time.Now(), nil, config.LocalFile); err != nil {
		t.Fatal(err)
	}
}

// load reads the configuration as a start does.
func (c *reconfigured) load() agent.Options {
	l, onDisk, faults := inforce.Load(*c.o.Source)
	o := c.o
	o.Config, o.Sources, o.Faults, o.Files, o.OnDisk = l.Config, l.Sources, faults, l.Files, onDisk
	return o
}

// awaitStatus waits until the status is as it should be.
func (c *reconfigured) awaitStatus(t *testing.T, what string, right func(health.Status) bool) health.Status {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		st, err := health.ReadStatus(filepath.Join(c.root, "var/db/hooksnare"))
		if err == nil && st.Health.Configurations != nil && right(st) {
			return st
		}
		if time.Now().After(limit) {
			t.Fatalf("waited %v for %s; status: %v, %+v", patience, what, err, st.Health.Configurations)
		}
	}
}

// command has the stand-in report the n-th command of a test.
func (c *reconfigured) command(t *testing.T, n int, args ...string) {
	t.Helper()
	c.run(t, n, ran{Spec: synthetic.Spec{Path: "/usr/bin/" + args[0], Args: args}})
}

func (c *reconfigured) run(t *testing.T, n int, r ran) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	name := commandFile(c.dir, n)
	place(t, name+".new", string(b), 0o600)
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// digestOfValues is how heartbeats name the values of a configuration.
func digestOfValues(t *testing.T, c config.Config) string {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return digestOf(string(b))
}

// TestConfigureWhileEventsCome exchanges the outputs of an agent again and again while it reads
// commands. Every alert reaches the outputs of its moment, in order, and the chain is whole.
func TestConfigureWhileEventsCome(t *testing.T) {
	t.Parallel()
	c := newConfigured(t, plan{{{Do: "follow"}}}, `<key>RepeatWindow</key><real>0</real>`)
	c.start(t, c.load())
	other := filepath.Join(c.root, "var/log/other.jsonl")
	changes := []string{
		settingsList(`<key>Outputs</key><array>`, fileOutput(alertLog, ""), fileOutput("var/log/other.jsonl", "<key>Name</key><string>other</string>"), `</array>`),
		settingsList(`<key>SpoolMaxAlerts</key><integer>40000</integer>`, toLog),
		settingsList(`<key>SpoolMaxAge</key><real>86400</real>`, `<key>Outputs</key><array>`, fileOutput("var/log/other.jsonl", "<key>Name</key><string>other</string>"), fileOutput(alertLog, ""), `</array>`),
		settingsList(toLog),
	}
	var sent []string
	for i, change := range changes {
		c.write(t, change)
		in := func() bool {
			st, err := health.ReadStatus(filepath.Join(c.root, "var/db/hooksnare"))
			return err == nil && st.Health.Configurations != nil && st.Health.Configurations.InForce.SHA256 == digestOf(change)
		}
		for n, limit := 0, time.Now().Add(patience); n < 10 || !in(); n++ {
			value := fmt.Sprintf("/tmp/change.%d.%d", i, n)
			sent = append(sent, value)
			c.command(t, len(sent), "defaults", "write", "com.apple.loginwindow", "LoginHook", value)
			time.Sleep(time.Duration(20+4*n) * time.Millisecond) // however slow the machine: more than some hundred alerts are held back
			if time.Now().After(limit) {
				t.Fatalf("change %d is not in force", i)
			}
		}
	}
	// Every document passes the local log, which each of the configurations has.
	c.until(t, "the last alert", func(list []*alert.Alert) bool {
		h := hooks(list)
		return len(h) > 0 && h[len(h)-1] == sent[len(sent)-1]
	})
	c.stop(t)
	if got := hooks(alerts(t, c.log)); !slices.Equal(got, sent) {
		t.Errorf("hooks in the local log: got %d, want the %d that were sent, in order", len(got), len(sent))
	}
	if got := hooks(alerts(t, other)); len(got) == 0 || len(got) == len(sent) {
		t.Errorf("the output of some configurations has %d of %d alerts, want some", len(got), len(sent))
	}
	b, err := os.ReadFile(c.log)
	if err != nil {
		t.Fatal(err)
	}
	wholeChain(t, b)
}

func wholeChain(t *testing.T, log []byte) {
	t.Helper()
	var v chain.Verifier
	for line := range strings.Lines(string(log)) {
		var d struct {
			Hooksnare struct{ Delivery chain.Link }
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		v.Add(d.Hooksnare.Delivery, []byte(strings.TrimSuffix(line, "\n")))
	}
	if verdict := v.Verdict(); !verdict.OK() {
		t.Errorf("chain: got %+v, want it whole", verdict)
	}
}

// TestFaultyChange leaves what is in force alone, says so, and is over when the file is in order. After
// a restart what was in force still is.
func TestFaultyChange(t *testing.T) {
	t.Parallel()
	c := newConfigured(t, plan{well(1), well(1)}, `<key>HeartbeatInterval</key><real>100</real>`)
	right, err := os.ReadFile(c.file)
	if err != nil {
		t.Fatal(err)
	}
	faulty := settingsList(`<key>HeartbeatInterval</key><real>200</real>`, `<key>RepeatWindow</key><string>soon</string>`, toLog)
	inForce := func(st health.Status) bool {
		f := st.Health.Configurations
		return st.Health.Interval == 100 && f.InForce.SHA256 == digestOf(string(right)) && f.OnDisk.SHA256 == digestOf(faulty) && f.OnDisk.Faults == 1
	}
	c.start(t, c.load())
	c.awaitStatus(t, "the start", func(st health.Status) bool {
		return st.Health.Interval == 100 && st.Health.Configurations.InForce.SHA256 == digestOf(string(right))
	})
	c.write(t, faulty)
	st := c.awaitStatus(t, "the fault", inForce)
	if got := st.Faults(true, time.Now()); len(got) != 1 || !strings.Contains(got[0], "configuration: "+c.file) || !strings.Contains(got[0], "RepeatWindow: expected seconds") || !strings.Contains(got[0], "before still is") {
		t.Errorf("faults: got %q, want the key's and what is in force", got)
	}
	c.stop(t)
	c.done = make(chan error, 1)
	c.start(t, c.load())
	c.awaitStatus(t, "what was in force before the restart", inForce)
	repaired := settingsList(`<key>HeartbeatInterval</key><real>200</real>`, toLog)
	c.write(t, repaired)
	c.awaitStatus(t, "the repaired file", func(st health.Status) bool {
		return st.Health.Interval == 200 && st.Health.Configurations.InForce.SHA256 == digestOf(repaired) && len(st.Health.Conditions) == 0
	})
	c.stop(t)
	list := alerts(t, c.log)
	if got, want := states(list), []string{"+configuration", "+configuration", "-configuration"}; !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
}

// samples are a value of each key that a running agent takes over.
var samples = map[string]string{
	"HeartbeatInterval": "<real>77</real>", "CorrelationWindow": "<real>5</real>", "RepeatWindow": "<real>60</real>",
	"RuleDirectories": "<array><string>/etc/hooksnare/rules</string></array>", "DisabledRules": "<array><string>hook-removed</string></array>",
	"Exceptions":    "<array><dict><key>ID</key><string>known</string><key>Where</key><string>hooksnare.hook.value == \"/opt/known\"</string><key>Reason</key><string>ours</string></dict></array>",
	"SpoolMaxBytes": "<integer>1000000</integer>", "SpoolMaxAlerts": "<integer>100</integer>", "SpoolMaxAge": "<real>1000</real>",
	"Labels": "<dict><key>site</key><string>room 1</string></dict>",
	"Proxy":  "<string>http://127.0.0.1:3128</string>", "NoProxy": "<array><string>.example.com</string></array>",
	"Outputs": "<array>" + fileOutput(alertLog, "<key>MinSeverity</key><string>high</string>") + "</array>",
}

// restarting are those that make the agent start again.
var restarting = map[string]string{
	"EsloggerEvents": "<array><string>exec</string></array>", "SweepInterval": "<real>3</real>", "ExtraHomes": "<array><string>/Volumes/x</string></array>",
}

// TestEveryKeyArrives changes every key of the configuration below a running agent, which then has
// exactly the configuration that a start would have. A key that nothing here knows fails.
func TestEveryKeyArrives(t *testing.T) {
	t.Parallel()
	fixed := []string{"Root", "StateDir", "CanaryPath"}         // of the command line
	byEnvironment := []string{"EsloggerPath", "CanaryInterval"} // set by the command line or the environment here
	for f := range reflect.TypeFor[config.Config]().Fields() {
		known := samples[f.Name] != "" || restarting[f.Name] != "" || slices.Contains(slices.Concat(fixed, byEnvironment), f.Name)
		if !known {
			t.Errorf("the configuration has %s: say here how a running agent takes it over", f.Name)
		}
	}
	c := newConfigured(t, plan{well(1)})
	place(t, filepath.Join(c.root, "etc/hooksnare/rules/one.toml"), ruleFile("one", "process where process.name == \"x\""), 0o644)
	c.start(t, c.load())
	all := slices.Sorted(maps.Keys(samples))
	for _, set := range agent.Amount([][]string{all, nil}, slices.Collect(slices.Chunk(all, 1))) {
		keys := []string{toLog}
		for _, key := range set {
			keys = append(keys, "<key>"+key+"</key>"+samples[key])
		}
		text := settingsList(keys[min(1, len(keys)-1):]...)
		if !slices.Contains(set, "Outputs") {
			text = settingsList(keys...)
		}
		c.write(t, text)
		key := fmt.Sprint(set)
		st := c.awaitStatus(t, key, func(st health.Status) bool { return st.Health.Configurations.InForce.SHA256 == digestOf(text) })
		l := c.load()
		if got, want := st.Health.Configuration, digestOfValues(t, l.Config); got != want {
			t.Errorf("%s: the agent has a configuration of digest %s, a start gives %s", key, got, want)
		}
		if slices.Contains(set, "RuleDirectories") && !slices.ContainsFunc(st.Rules, func(r health.RuleStatus) bool { return r.ID == "one" }) {
			t.Errorf("%s: the rule of the folder is not in force", key)
		}
		if disabled := !slices.ContainsFunc(st.Rules, func(r health.RuleStatus) bool { return r.ID == "hook-removed" }); disabled != slices.Contains(set, "DisabledRules") {
			t.Errorf("%s: the rule hook-removed is disabled: %v", key, disabled)
		}
		if known := slices.ContainsFunc(st.Exceptions, func(x health.ExceptionStatus) bool { return x.ID == "known" }); known != slices.Contains(set, "Exceptions") {
			t.Errorf("%s: the exception is in force: %v", key, known)
		}
	}
	c.stop(t)
}

// TestRestartingKeys has Run end with ErrRestart, and a new agent has what changed.
func TestRestartingKeys(t *testing.T) {
	t.Parallel()
	for key, sample := range restarting {
		t.Run(key, func(t *testing.T) {
			c := newConfigured(t, plan{well(1), well(1)})
			a, err := agent.New(c.load())
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- a.Run(t.Context()) }()
			text := settingsList("<key>"+key+"</key>"+sample, toLog)
			c.until(t, "the first alert", func(list []*alert.Alert) bool { return len(hooks(list)) == 1 })
			c.write(t, text)
			select {
			case err := <-ended:
				if !errors.Is(err, agent.ErrRestart) {
					t.Fatalf("Run: got %v, want %v", err, agent.ErrRestart)
				}
			case <-time.After(patience):
				t.Fatal("the agent does not start again")
			}
			c.start(t, c.load())
			c.until(t, "the alert of the second start", func(list []*alert.Alert) bool { return len(hooks(list)) == 2 })
			c.awaitStatus(t, "what changed", func(st health.Status) bool { return st.Health.Configurations.InForce.SHA256 == digestOf(text) })
			c.stop(t)
			if got := states(alerts(t, c.log)); len(got) > 0 {
				t.Errorf("states: got %q, want none", got)
			}
		})
	}
}
