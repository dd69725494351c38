package detect

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

func TestSentence(t *testing.T) {
	long := strings.Repeat("é", 300)
	fact := func(change func(k *hook.Fact)) func(f *Finding) {
		return func(f *Finding) { change(f.Record.Fact) }
	}
	ofEvent := func(e *event.Event) func(f *Finding) { return func(f *Finding) { f.Record = Record{Event: e} } }
	ofCondition := func(c Condition) func(f *Finding) { return func(f *Finding) { f.Record = Record{Condition: &c} } }
	for _, tc := range []struct {
		name   string
		change func(f *Finding)
		want   string
	}{
		{"set", nil, `defaults sets LoginHook to "/a" in "/p"`},
		{"set, empty", fact(func(k *hook.Fact) { k.Value = "" }), `defaults sets LoginHook to "" in "/p"`},
		{"set, not shown", fact(func(k *hook.Fact) { k.HasValue = false }), `defaults sets LoginHook in "/p"`},
		{"renamed", fact(func(k *hook.Fact) { k.HasValue, k.Source = false, "Foo" }), `defaults sets LoginHook from the key "Foo" in "/p"`},
		{"no file", fact(func(k *hook.Fact) { k.Plist = "" }), `defaults sets LoginHook to "/a" in "com.apple.loginwindow"`},
		{"no file, no domain", fact(func(k *hook.Fact) { k.Plist, k.Domain = "", "" }), `defaults sets LoginHook to "/a"`},
		{"removed", fact(func(k *hook.Fact) { k.Operation = hook.Remove }), `defaults removes LoginHook in "/p"`},
		{"all removed", fact(func(k *hook.Fact) { k.Operation, k.Key = hook.Remove, "" }), `defaults removes all keys in "/p"`},
		{"imported", fact(func(k *hook.Fact) { k.Operation, k.SourceFile = hook.Import, "-" }), `defaults imports "-" in "/p"`},
		{"imported from somewhere", fact(func(k *hook.Fact) { k.Operation = hook.Import }), `defaults imports in "/p"`},
		{"edited", fact(func(k *hook.Fact) { k.Operation = hook.Edit }), `defaults edits the preferences in "/p"`},
		{"started", ofEvent(exec("/bin/ls", "ls", "-l")), `ls was run as "ls -l"`},
		{"a password", ofEvent(exec("/usr/bin/sudo", "sudo", "--password=secret", "ls")), `sudo was run as "sudo --password=[redacted] ls"`},
		{"forked", ofEvent(&event.Event{Kind: event.Fork, Process: process("/bin/ls", "x")}), `fork of "/bin/ls"`},
		{"ended", ofEvent(&event.Event{Kind: event.Exit, Process: process("/bin/ls", "x")}), `exit of "/bin/ls"`},
		{"a condition", ofCondition(Condition{State: "blind"}), `blind`},
		{"a condition's detail", ofCondition(Condition{State: "blind", Detail: "no canary in 30s"}), `blind: no canary in 30s`},
		{"nothing", func(f *Finding) { f.Record = Record{} }, ""},

		{"a name that reads as more", func(f *Finding) { f.Record.Event.Process.Image.Executable = "/tmp/x\nHIGH: \x1b[31mdefaults" },
			`"x\nHIGH: \x1b[31mdefaults" sets LoginHook to "/a" in "/p"`},
		{"no name", func(f *Finding) { f.Record.Event.Process.Image.Executable = "/tmp/" }, `"" sets LoginHook to "/a" in "/p"`},
		{"a value that ends its quotes", fact(func(k *hook.Fact) { k.Value = "\" in \"/q\u202e" }), `defaults sets LoginHook to "\" in \"/q\u202e" in "/p"`},
		{"a long value", fact(func(k *hook.Fact) { k.Value = long }), `defaults sets LoginHook to "` + long[:200] + `"… in "/p"`},
		{"a long value, cut within a character", fact(func(k *hook.Fact) { k.Value = "x" + long }), `defaults sets LoginHook to "x` + long[:198] + `"… in "/p"`},
		{"a long value, not UTF-8", fact(func(k *hook.Fact) { k.Value = strings.Repeat("\x80", 300) }), `defaults sets LoginHook to "` + strings.Repeat(`\x80`, 196) + `"… in "/p"`},
		{"a condition's detail from outside", ofCondition(Condition{State: "blind", Detail: "it said\n\"x\""}), `blind: "it said\n\"x\""`},
	} {
		want := "Rule r"
		if tc.want != "" {
			want += ": " + tc.want
		}
		if got := hooked(t, tc.change).Sentence(); got != want {
			t.Errorf("%s: got %s\nwant %s", tc.name, got, want)
		}
	}
}

// FuzzSentence puts any text wherever there can be text from outside: one bounded line
// that shows and does nothing.
func FuzzSentence(f *testing.F) {
	f.Add("/bin/ls", "a value", "LoginHook", 0)
	f.Add("x\x00\x1b]0;\a\u2028", "\u202e\"\\\n\xff", strings.Repeat("\U0001f600", 99), 3)
	f.Fuzz(func(t *testing.T, a, b, c string, n int) {
		changes := []func(f *Finding){
			func(*Finding) {},
			func(f *Finding) { f.Record.Fact.Operation = hook.Import },
			func(f *Finding) { f.Record.Fact.Operation = hook.Remove },
			func(f *Finding) { f.Record.Fact = nil },
			func(f *Finding) { f.Record.Fact, f.Record.Event.Kind = nil, event.Exit },
			func(f *Finding) { f.Record = Record{Condition: &Condition{State: a, Detail: b}} },
		}
		got := hooked(t, func(f *Finding) {
			p, k := f.Record.Event.Process, f.Record.Fact
			p.Image.Executable, p.Exec.Args = a, []string{a, b, c}
			k.Key, k.Value, k.Plist, k.Domain, k.Source, k.SourceFile = c, b, a, c, b, c
			changes[uint(n)%uint(len(changes))](f)
		}).Sentence()
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("got %q, which does more than show", got)
		}
		if most := 100 + 6*(4*quoteBytes+3); len(got) > most {
			t.Errorf("got %d bytes, want at most %d", len(got), most)
		}
	})
}
