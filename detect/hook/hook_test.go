package hook

import (
	"reflect"
	"strings"
	"testing"
)

const (
	uuid = "01234567-89AB-CDEF-0123-456789ABCDEF"

	loginwindow = "com.apple.loginwindow"
	rootPlist   = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"
	systemPlist = "/Library/Preferences/com.apple.loginwindow.plist"
	userPlist   = "/Users/ann/Library/Preferences/com.apple.loginwindow.plist"
	evil        = "/Users/Shared/evil.sh"
	jamf        = "/Library/Application Support/JAMF/ManagementFrameworkScripts/loginhook.sh"
)

// asRoot and asUser start a tool the way a Mac does.
func asRoot(tool string, args ...string) Input {
	return Input{
		Name: tool, Executable: "/usr/bin/" + tool, SigningID: "com.apple." + tool,
		Args: append([]string{tool}, args...), WorkingDirectory: "/private/tmp", HostUUID: uuid,
	}
}

func asUser(tool string, args ...string) Input {
	in := asRoot(tool, args...)
	in.EUID, in.Home = 501, "/Users/ann"
	return in
}

func (in Input) in(dir string) Input { in.WorkingDirectory = dir; return in }

// analyzed is one command and what it is expected to say.
type analyzed struct {
	name string
	in   Input
	want []Fact
}

func check(t *testing.T, cases []analyzed) {
	t.Helper()
	seen := make(map[string]bool)
	for _, c := range cases {
		name := c.name
		if name == "" {
			name = strings.Join(c.in.Args[min(1, len(c.in.Args)):], " ")
		}
		t.Run(name, func(t *testing.T) {
			if got := Analyze(c.in); !reflect.DeepEqual(got, c.want) {
				t.Errorf("facts differ\n got: %s\nwant: %s\n  in: %+v", show(got), show(c.want), c.in)
			}
		})
		if seen[name] {
			t.Errorf("case twice: %s", name)
		}
		seen[name] = true
	}
}

func show(facts []Fact) string {
	if facts == nil {
		return "none"
	}
	var b strings.Builder
	for _, f := range facts {
		v := reflect.ValueOf(f)
		b.WriteString("{")
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				b.WriteString(" " + v.Type().Field(i).Name + "=" + stringOf(v.Field(i)))
			}
		}
		b.WriteString(" }")
	}
	return b.String()
}

func stringOf(v reflect.Value) string {
	if v.Kind() == reflect.Bool {
		return "true"
	}
	return "`" + v.String() + "`"
}

func TestToolOf(t *testing.T) {
	for _, c := range []struct{ name, id, want string }{
		{"defaults", "com.apple.defaults", "defaults"},
		{"defaults", "", "defaults"},
		{"DEFAULTS", "", "defaults"},
		{"Defaults", "com.example.x", "defaults"},
		{"x", "com.apple.defaults", "defaults"},
		{"", "com.apple.defaults", "defaults"},
		{"PlistBuddy", "com.apple.PlistBuddy", "PlistBuddy"},
		{"plistbuddy", "", "PlistBuddy"},
		{"plutil", "", "plutil"},
		{"pLuTiL", "a.out", "plutil"},
		{"defaults", "com.apple.PlistBuddy", "PlistBuddy"},
		{"bash", "com.apple.bash", ""},
		{"grep", "", ""},
		{"defaultsx", "", ""},
		{"default", "", ""},
		{"/usr/bin/defaults", "", ""},
		{"", "", ""},
		{"\x00efaults", "\xff", ""},
	} {
		if got := ToolOf(c.name, c.id); got != c.want {
			t.Errorf("ToolOf(%q, %q): got %q, want %q", c.name, c.id, got, c.want)
		}
	}
}

func TestToolOfDoesNotAllocate(t *testing.T) {
	n := testing.AllocsPerRun(100, func() {
		ToolOf("PLISTBUDDY", "com.example.tool")
		ToolOf("bash", "com.apple.bash")
	})
	if n != 0 {
		t.Errorf("ToolOf: got %v allocations, want 0", n)
	}
}

// The tool is known by its program, never by what it is told its name is.
func TestAnalyzeKnowsTheProgram(t *testing.T) {
	args := []string{"defaults", "write", loginwindow, "LoginHook", evil}
	want := []Fact{{
		Tool: "defaults", Verb: "write", Operation: Set, Key: "LoginHook", Value: evil, HasValue: true,
		Domain: loginwindow, Plist: rootPlist, Scope: Root, Strict: true,
	}}
	buddy := []string{"defaults", "-c", "Add :LoginHook string " + evil, rootPlist}
	wantBuddy := []Fact{{
		Tool: "PlistBuddy", Verb: "Add", Operation: Set, Key: "LoginHook", Value: evil, HasValue: true,
		Domain: rootPlist, Plist: rootPlist, Scope: Root, Strict: true,
	}}
	with := func(args []string, argv0 string) []string { return append([]string{argv0}, args[1:]...) }
	check(t, []analyzed{
		{"renamed", Input{Name: "x", Executable: "/tmp/x", SigningID: "com.apple.defaults", Args: args}, want},
		{"unsigned", Input{Name: "defaults", Executable: "/tmp/defaults", Args: args}, want},
		{"other case", Input{Name: "DeFaults", Executable: "/tmp/DeFaults", Args: args}, want},
		{"path alone", Input{Executable: "/opt/my/defaults", Args: args}, want},
		{"argv[0] of another", Input{Name: "defaults", Args: with(args, jamf)}, want},
		{"argv[0] empty", Input{Name: "defaults", Args: with(args, "")}, want},
		{"PlistBuddy named defaults", Input{Name: "defaults", SigningID: "com.apple.PlistBuddy", Args: buddy}, wantBuddy},
		{"defaults signed as PlistBuddy", Input{Name: "defaults", SigningID: "com.apple.PlistBuddy", Args: args}, []Fact{
			{Tool: "PlistBuddy", Verb: "stdin", Operation: Edit, Domain: loginwindow, Scope: Other, Strict: true}, want[0],
		}},
		{"argv[0] alone", Input{Name: "grep", Executable: "/usr/bin/grep", SigningID: "com.apple.grep", Args: args}, nil},
		{"echo", Input{Name: "echo", Args: with(args, "echo")}, nil},
		{"sh -c", Input{Name: "sh", Args: []string{"sh", "-c", strings.Join(args, " ")}}, nil},
		{"man", Input{Name: "man", Args: []string{"man", "defaults"}}, nil},
		{"vim", Input{Name: "vim", Args: []string{"vim", rootPlist}}, nil},
		{"no arguments", Input{Name: "defaults"}, nil},
		{"argv[0] only", Input{Name: "defaults", Args: []string{"defaults"}}, nil},
		{"empty arguments", Input{Name: "defaults", Args: []string{"", "", ""}}, nil},
		{"PlistBuddy without", Input{Name: "PlistBuddy", Args: []string{"PlistBuddy"}}, nil},
		{"plutil without", Input{Name: "plutil", Args: []string{"plutil"}}, nil},
	})
}

// Most commands are about other things, and must cost nothing.
func TestSilenceDoesNotAllocate(t *testing.T) {
	for _, in := range []Input{
		asRoot("defaults", "read", loginwindow, "LoginHook"),
		asUser("defaults", "write", "com.apple.dock", "autohide", "-bool", "true"),
		asUser("defaults", "write", "/Library/Preferences/com.apple.Bluetooth", "a", "b"),
		asRoot("PlistBuddy", "-c", "Print :CFBundleVersion", "/Applications/X.app/Contents/Info.plist"),
		asRoot("PlistBuddy", "-c", "Print :CFBundleVersion", "Info.plist"),
		{Name: "grep", SigningID: "com.apple.grep", Args: []string{"grep", "LoginHook", rootPlist}},
	} {
		if n := testing.AllocsPerRun(100, func() { Analyze(in) }); n != 0 {
			t.Errorf("Analyze(%q): got %v allocations, want 0", in.Args, n)
		}
	}
}

func TestFindingsAreBounded(t *testing.T) {
	var noise []string
	for i := range 5000 {
		noise = append(noise, "/tmp/"+strings.Repeat("x", i%50+1)+"/"+string(rune('a'+i%26))+"/com.apple.loginwindow.plist")
	}
	for _, c := range []struct {
		name  string
		files []string
	}{
		{"in front", append([]string{rootPlist}, noise...)},
		{"at the end", append(noise[:len(noise):len(noise)], rootPlist)},
		{"amid", append(append(noise[:2500:2500], rootPlist), noise[2500:]...)},
	} {
		got := Analyze(asRoot("plutil", append([]string{"-replace", "LoginHook", "-string", evil}, c.files...)...))
		if len(got) != maxFacts {
			t.Errorf("%s: got %d facts, want %d", c.name, len(got), maxFacts)
		}
		n := 0
		for _, f := range got {
			if f.Plist == rootPlist {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: got %d facts about %s, want 1", c.name, n, rootPlist)
		}
	}
}

func TestFindingsKeepTheWeightiest(t *testing.T) {
	var f findings
	for i := range maxFacts {
		f.addFact(onRoot("write", Set, "LoginHook").at(loginwindow, "/Users/"+strings.Repeat("u", i+1)+"/Library/Preferences/com.apple.loginwindow.plist"))
	}
	first := f.facts[0]
	f.addFact(onRoot("write", Remove, "MCXScriptTrust").scoped("x", Other))
	if f.facts[0] != first || len(f.facts) != maxFacts {
		t.Errorf("a light fact pushed out a heavy one: got %+v first, want %+v", f.facts[0], first)
	}
	f.addFact(onRoot("write", Set, "LoginHook"))
	if got := f.facts[maxFacts-1]; got.Scope != Root || f.facts[0] == first {
		t.Errorf("a heavy fact was not taken for the oldest light one: got %+v last and %+v first", got, f.facts[0])
	}
}

func TestLaterFactReplacesEarlier(t *testing.T) {
	args := []string{}
	for range 100 {
		args = append(args, "-c", "Set :LoginHook /decoy")
	}
	args = append(args, "-c", "Set :LoginHook "+evil, rootPlist)
	got := Analyze(asRoot("PlistBuddy", args...))
	if n := len(got); n != maxFacts || got[n-1].Value != evil {
		t.Errorf("got %d facts, the last %+v; want %d, the last with %s", n, got[n-1], maxFacts, evil)
	}
}

// Hostile sizes must cost no more than their length.
func TestAnalyzeIsLinear(t *testing.T) {
	huge := strings.Repeat("a/", 1<<19)
	many := func(s string) []string {
		out := make([]string, 100_000)
		for i := range out {
			out[i] = s
		}
		return out
	}
	for _, in := range []Input{
		asRoot("defaults", append([]string{"write", loginwindow, "LoginHook"}, many("a")...)...),
		asRoot("defaults", append([]string{"write"}, many("LoginHook")...)...),
		asRoot("defaults", append([]string{"delete", loginwindow}, many("LoginHook")...)...),
		asRoot("defaults", many("-currentHost")...),
		asRoot("defaults", many("--")...),
		asRoot("defaults", "write", "/"+huge+loginwindow, "LoginHook", huge),
		asRoot("defaults", "write", loginwindow, "{"+strings.Repeat("(", 1<<20)),
		asRoot("defaults", "write", loginwindow, strings.Repeat("<array>", 1<<17)),
		asRoot("defaults", "write", loginwindow, "LoginHook", strings.Repeat("(", 1<<20)),
		asRoot("PlistBuddy", many("-c")...),
		asRoot("PlistBuddy", append(many("com.apple.loginwindow.plist"), many("-c")...)...),
		asRoot("PlistBuddy", "-c", "Add :"+strings.Repeat(`\:`, 1<<19)+" string x", rootPlist),
		asRoot("PlistBuddy", "-c", "Add "+strings.Repeat(":a", 1<<19)+" string x", rootPlist),
		asRoot("PlistBuddy", "-c", "Set LoginHook "+strings.Repeat(`"'\`, 1<<18), rootPlist),
		asRoot("plutil", append([]string{"-convert", "xml1", "-o", "/" + huge + "com.apple.loginwindow.plist"}, many("a")...)...),
		asRoot("plutil", append([]string{"-convert", "xml1", "-e", huge}, many("com.apple.loginwindow.a")...)...),
		asRoot("plutil", append([]string{"-remove", "LoginHook"}, many("com.apple.loginwindow.plist")...)...),
		asRoot("plutil", "-insert", strings.Repeat("a.", 1<<19), "-string", "x", rootPlist),
		asRoot("plutil", "-insert", "LoginHook", "-json", strings.Repeat("[", 1<<20), rootPlist),
		asRoot("plutil", many("-o")...),
		asRoot("plutil", append([]string{"-convert", "xml1", "--"}, many("-o")...)...),
	} {
		if got := Analyze(in); len(got) > maxFacts {
			t.Errorf("%.60q: got %d facts, want at most %d", in.Args[1:3], len(got), maxFacts)
		}
	}
}
