package hook

import (
	"path"
	"strings"
	"testing"
)

// looseCondition is the rule that must never be silent, put the plainest way.
func looseCondition(args []string) bool {
	verb, key := false, false
	for _, a := range args {
		verb = verb || a == "write"
		key = key || strings.EqualFold(a, "LoginHook") || strings.EqualFold(a, "LogoutHook")
	}
	return verb && key
}

func seeds() [][]string {
	return [][]string{
		{"defaults", "write", loginwindow, "LoginHook", evil},
		{"defaults", "write", "LoginHook"},
		{"defaults", "-currentHost", "write", "-g", "LogoutHook", "-string", "a", "b"},
		{"defaults", "write", "/var/../System/Volumes/Data//x/com.apple.loginwindow", `{LoginHook="/x";}`},
		{"defaults", "write", "~ann/com.apple.loginwindow", `<dict><key>LoginHook</key><string/></dict>`},
		{"defaults", "rename", loginwindow, "a", "LoginHook"},
		{"defaults", "import", "-app", "loginwindow", "-"},
		{"defaults", "delete-all"},
		{"defaults", "export", "a", rootPlist},
		{"PlistBuddy", "-x", "-c", `Add :"Login\Hook" string '/x y'`, "-c", "Clear", rootPlist},
		{"PlistBuddy", "-c", "Merge a :LoginHook", "-c", "Copy :a :LogoutHook", "com.apple.loginwindow.plist"},
		{"PlistBuddy", rootPlist},
		{"plutil", "-insert", `LoginHook\.a.b`, "-json", `{"a":[1]}`, "--", "-o", rootPlist},
		{"plutil", "-replace", "LoginHook", "-xml", "<string>/x</string>", rootPlist},
		{"plutil", "-convert", "xml1", "-e", "plist", "-o", "/.vol/1/2", "/dev/fd/3"},
		{"", "write", "LogoutHook"},
		{"defaults", "write", loginwindow, "MCXScriptTrust", "LoginHook"},
	}
}

func FuzzAnalyze(f *testing.F) {
	for i, s := range seeds() {
		f.Add(uint8(i), uint32(i%2), "/tmp", "/Users/ann", uuid, strings.Join(s, "\x01"))
	}
	tools := []string{toolDefaults, toolPlistBuddy, toolPlutil, ""}
	f.Fuzz(func(t *testing.T, tool uint8, euid uint32, dir, home, host, joined string) {
		in := Input{
			Name: tools[tool%4], EUID: euid, WorkingDirectory: dir, Home: home, HostUUID: host,
			Args: strings.Split(joined, "\x01"),
		}
		if tool&4 != 0 {
			in.SigningID = "com.apple." + tools[tool>>3%4]
		}
		facts := Analyze(in)
		set := false
		for _, fact := range facts {
			set = set || RunsProgram(fact.Key) && (fact.Operation == Set || fact.Verb == "write")
			checkFact(t, &in, &fact)
		}
		known := in.Name == toolDefaults || in.SigningID == "com.apple.defaults"
		if known && looseCondition(in.Args) && !set && !strings.Contains(strings.Join(in.Args, " "), "CoreSimulator") {
			t.Errorf("Analyze(%+v): got %s, want a hook set", in, show(facts))
		}
		if len(facts) > maxFacts {
			t.Errorf("Analyze(%+v): got %d facts, want at most %d", in, len(facts), maxFacts)
		}
	})
}

func checkFact(t *testing.T, in *Input, f *Fact) {
	t.Helper()
	if f.Key != "" && f.Key != hookKey(f.Key) {
		t.Errorf("Analyze(%+v): got key %q, want %q", in, f.Key, hookKey(f.Key))
	}
	if p := f.Plist; p != "" && (p[0] != '/' || p != path.Clean(p) || p != CanonicalPath(p) || p != spell(p)) {
		t.Errorf("Analyze(%+v): plist %q is not absolute, clean and canonical", in, p)
	}
	if f.Plist != "" && f.Scope != ScopeOf(f.Plist) {
		t.Errorf("Analyze(%+v): got scope %q for %q, want %q", in, f.Scope, f.Plist, ScopeOf(f.Plist))
	}
	switch f.Operation {
	case Set, Remove, Import, Edit:
	default:
		t.Errorf("Analyze(%+v): got operation %q", in, f.Operation)
	}
	if f.Tool == "" || f.Verb == "" || f.Scope == "" {
		t.Errorf("Analyze(%+v): incomplete fact %s", in, show([]Fact{*f}))
	}
	if f.Value != "" && !f.HasValue {
		t.Errorf("Analyze(%+v): value without HasValue: %s", in, show([]Fact{*f}))
	}
}

func FuzzCanonicalPath(f *testing.F) {
	for _, s := range []string{
		"", "/", "//var//root/../x", "/System/Volumes/Data/.nofollow/VAR", "a/../..", "/private/tmp/", "/Volumes/Macintosh HD",
		"/\xff\x00", "/private/var/../var", "/SYSTEM/volumes/data/System/Volumes/Data/etc",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		once := CanonicalPath(p)
		if twice := CanonicalPath(once); twice != once {
			t.Errorf("CanonicalPath(%q): got %q, and of that %q", p, once, twice)
		}
		if (p != "" && p[0] == '/') != (once != "" && once[0] == '/') {
			t.Errorf("CanonicalPath(%q): got %q, absolute and not", p, once)
		}
		if s := spell(once); once != "" && once[0] == '/' && spell(s) != s {
			t.Errorf("spell(%q): got %q, and of that %q", once, s, spell(s))
		}
	})
}
