package agent

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/detect"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
	"hooksnare/pkg/shared"
)

// The rule that this field has had for years: a program named defaults, the argument
// write, and a hook's key in any case as a whole argument, wherever they stand. On what
// that rule fires one of ours must, whatever the tool would make of the command.

// seedFires is that rule without the paths it lets through.
func seedFires(name string, args []string) bool {
	return name == "defaults" && slices.Contains(args, "write") && slices.ContainsFunc(args, func(a string) bool {
		return strings.EqualFold(a, "LoginHook") || strings.EqualFold(a, "LogoutHook")
	})
}

// seedWords are what commands are made of at random.
var seedWords = []string{
	"write", "write", "write", "LoginHook", "LoginHook", "LogoutHook", "loginhook", "LOGOUTHOOK", "Login\u212aook", "LoginHoo\u212a",
	"WRITE", "writes", "LoginHook ", "LoginHookX", "MCXScriptTrust", "EnableMCXLoginScripts",
	"read", "read-type", "find", "delete", "delete-all", "rename", "import", "export", "help", "domains",
	"com.apple.loginwindow", "com.example.app", "loginwindow", "NSGlobalDomain", "-g", "-globalDomain", "-app", "-currentHost", "-host", "-container", "--", "-",
	"-string", "-data", "-int", "-bool", "-date", "-array", "-array-add", "-dict", "-dict-add", "-x",
	rootPrefs, systemPrefs, "~/Library/Preferences/com.apple.loginwindow", "./com.apple.loginwindow", "/tmp/x", "..", "/", "", " ",
	implant, jamfLogin, jamfLogout, "Support/JAMF/ManagementFrameworkScripts/loginhook.sh",
	`{LoginHook="/x";}`, `{Foo=bar;}`, `{LoginHook=`, "<dict/>", "(LoginHook)", "\"LoginHook\"", "\x00", "\xff", "\n", "defaults", "PlistBuddy", "-c", "Add :LoginHook string /x",
}

var (
	seedPrograms = []string{
		"/usr/bin/defaults", "/usr/bin/defaults", "/tmp/defaults", "/private/var/folders/x y/defaults", "defaults",
		"/tmp/Defaults", "/tmp/cat", "/usr/libexec/PlistBuddy", "/usr/bin/plutil", "/usr/bin/defaults/x", "",
	}
	seedSigners = []string{"com.apple.defaults", "com.apple.defaults", "", "com.apple.PlistBuddy", "com.apple.plutil", "com.example.x", "defaults-5555"}
)

// execOf is the event of a program that is started.
func execOf(program, signer string, args []string) *event.Event {
	return &event.Event{Kind: event.ExecKind, Process: &event.Process{
		Token: event.Token{PID: 500, Version: 900, AUID: 501, EUID: 501, RUID: 501},
		Image: &event.Image{Executable: program, SigningID: signer},
		Exec:  &event.Exec{Args: args, ArgsCount: len(args), WorkingDirectory: "/private/tmp"},
	}}
}

// engineOf is the built-in rules, and perhaps others, without an exception.
func engineOf(t testing.TB, more ...*rules.Rule) *detect.Engine {
	t.Helper()
	engine, err := detect.New(append(slices.Clone(builtinRules(t).Rules), more...), detect.Options{World: detect.World{Home: func(uint32) string { return "/Users/ann" }}})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// covered reports a command on which the seed fires and no rule of ours.
func covered(t *testing.T, engine *detect.Engine, program, signer string, args []string) (fires bool) {
	t.Helper()
	ev := execOf(program, signer, args)
	fires = seedFires(ev.Process.Name(), args)
	found := engine.Examine(ev)
	ours, published := 0, false
	for _, f := range found {
		if f.Rule.ID == publishedRule {
			published = true
		} else {
			ours++
		}
	}
	if (fires || published) && ours == 0 {
		t.Errorf("got silence, want an alert: %q, signed %q, started as %q", program, signer, args)
	}
	if published && !fires {
		t.Errorf("the published rule fires on what this test says it does not: %q %q", program, args)
	}
	return fires
}

func TestSeedIsCovered(t *testing.T) {
	engine := engineOf(t)
	r := rand.New(rand.NewPCG(2, 7))
	fired := 0
	const commands = 50_000
	for range commands {
		args := make([]string, r.IntN(9))
		for i := range args {
			args[i] = seedWords[r.IntN(len(seedWords))]
		}
		if covered(t, engine, seedPrograms[r.IntN(len(seedPrograms))], seedSigners[r.IntN(len(seedSigners))], args) {
			fired++
		}
		if t.Failed() {
			return
		}
	}
	if fired < commands/100 {
		t.Errorf("the seed fired on %d of %d commands: too few to say anything", fired, commands)
	}
}

func FuzzSeed(f *testing.F) {
	f.Add("/usr/bin/defaults", "com.apple.defaults", "defaults\x00write\x00com.apple.loginwindow\x00LoginHook\x00/x", []byte{})
	f.Add("/tmp/defaults", "", "/tmp/defaults\x00write\x00LoginHook", []byte{})
	f.Add("/tmp/defaults", "com.apple.PlistBuddy", "x", []byte{0, 3, 30})
	f.Add("/usr/bin/defaults", "com.apple.defaults", "defaults", []byte{29, 0, 31, 4, 60})
	f.Add("/usr/bin/defaults", "com.apple.plutil", "defaults\x00-insert", []byte{3, 40, 0, 50})
	engine := engineOf(f)
	f.Fuzz(func(t *testing.T, program, signer, line string, words []byte) {
		args := strings.Split(line, "\x00")
		for _, w := range words {
			args = append(args, seedWords[int(w)%len(seedWords)])
		}
		covered(t, engine, program, signer, args)
	})
}

// publishedRule is the id of the seed as it is published.
const publishedRule = "5d0265bf-dea9-41a9-92ad-48a8dcd05080"

func loadPublished(t *testing.T) *rules.Rule {
	t.Helper()
	name := shared.Path(t, "eql", "rules", "macos", "persistence_login_logout_hooks_defaults.toml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	rule, err := ruleset.LoadRule(rules.Source{Name: name, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	if rule.ID != publishedRule || rule.NotRunnable != "" {
		t.Fatalf("got rule %s, not runnable %q, want %s", rule.ID, rule.NotRunnable, publishedRule)
	}
	return rule
}

func TestPublishedRuleIsCovered(t *testing.T) {
	engine := engineOf(t, loadPublished(t))
	r := rand.New(rand.NewPCG(3, 7))
	for range 20_000 {
		args := make([]string, 2+r.IntN(7))
		for i := range args {
			args[i] = seedWords[r.IntN(len(seedWords))]
		}
		if covered(t, engine, "/usr/bin/defaults", seedSigners[r.IntN(len(seedSigners))], args); t.Failed() {
			return
		}
	}
	if !slices.ContainsFunc(engine.Activities(), func(a detect.Activity) bool { return a.Rule.ID == publishedRule && a.Matches > 0 }) {
		t.Error("the published rule never fired")
	}
}

// TestPublishedRuleOnAttacks plays the attacks to both: the published rule, unmodified,
// fires on none that ours miss.
func TestPublishedRuleOnAttacks(t *testing.T) {
	t.Parallel()
	rule := loadPublished(t)
	set := builtinRules(t)
	set.Rules = append(set.Rules, rule)
	recording, moments := record(t, synthetic.Options{Version: 10}, attacks(), 0)
	got := replayed(t, config.Default(), set, recording)
	ours, published := 0, 0
	for i := range moments {
		m := &moments[i]
		var fired, missed bool
		missed = true
		for len(got) > 0 && !got[0].Timestamp.After(m.to) {
			if got[0].Rule.ID == publishedRule {
				fired = true
			} else {
				missed = false
			}
			got = got[1:]
		}
		if fired {
			published++
		}
		if !missed {
			ours++
		}
		if fired && missed {
			t.Errorf("%q: the published rule fires and no built-in one: %.300q", m.name, strings.Join(m.played.args, " "))
		}
		if len(m.want) > 0 && missed {
			t.Errorf("%q: no built-in rule fires", m.name)
		}
	}
	if published == 0 {
		t.Error("the published rule never fired")
	}
	t.Logf("of %d cases a built-in rule fires on %d, the published rule on %d", len(moments), ours, published)
}
