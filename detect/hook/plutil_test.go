package hook

import (
	"reflect"
	"testing"
)

func TestPlutilKeys(t *testing.T) {
	fact := func(verb string, op Operation, key string) Fact { return onFile("plutil", verb, op, key) }
	insert, replace := fact("-insert", Set, "LoginHook"), fact("-replace", Set, "LoginHook")
	on := func(args ...string) Input { return asRoot("plutil", append(args, rootPlist)...) }
	check(t, []analyzed{
		{"", on("-insert", "LoginHook", "-string", "/x"), one(insert.with("/x"))},
		{"", on("-insert", "LogoutHook", "-string", "/x y"), one(fact("-insert", Set, "LogoutHook").with("/x y"))},
		{"", on("-replace", "loginhook", "-string", jamf), one(replace.spelled("loginhook").with(jamf))},
		{"", on("-INSERT", "LoginHook", "-STRING", "/x"), one(insert.with("/x"))},
		{"", on("-insert", "LoginHook", "-xml", "<string>/x</string>"), one(insert.with("/x"))},
		{"", on("-insert", "LoginHook", "-xml", "<array/>"), one(insert)},
		{"", on("-insert", "LoginHook", "-xml", "<string>/x"), one(insert.with("<string>/x"))},
		{"", on("-insert", "LoginHook", "-json", `"\/x\u0020y"`), one(insert.with("/x y"))},
		{"", on("-insert", "LoginHook", "-json", `{"a":1}`), one(insert)},
		{"", on("-insert", "LoginHook", "-json", `"/x`), one(insert.with(`"/x`))},
		{"", on("-insert", "LoginHook", "-data", "L3g="), one(insert.with("L3g="))},
		{"", on("-insert", "LoginHook", "-array"), one(insert)},
		{"", on("-insert", "LoginHook", "-dictionary"), one(insert)},
		{"", on("-insert", "LoginHook", "-string", "/x", "-append"), one(insert.with("/x"))},
		{"", on("-insert", "LoginHook.a", "-string", "/x"), one(fact("-insert", Edit, "LoginHook").with("/x"))},
		{"", on("-replace", "EnableMCXLoginScripts", "-bool", "YES"), one(fact("-replace", Set, "EnableMCXLoginScripts").with("YES"))},
		{"", on("-replace", "MCXScriptTrust", "-json", "1"), one(fact("-replace", Set, "MCXScriptTrust").with("1"))},
		{"", on("-replace", "EnableMCXLoginScripts", "-json", "true"), one(fact("-replace", Set, "EnableMCXLoginScripts").with("true"))},
		{"", on("-replace", "EnableMCXLoginScripts", "-integer", "1"), one(fact("-replace", Set, "EnableMCXLoginScripts").with("1"))},
		{"", on("-remove", "LoginHook"), one(fact("-remove", Remove, "LoginHook"))},
		{"", on("-remove", "logouthook", "-s"), one(fact("-remove", Remove, "logouthook"))},
		{"", on("-remove", "LoginHook.0"), one(fact("-remove", Edit, "LoginHook"))},
		{"", on("-insert", "LoginHook", "-string", "/x", "-s", "-r", "-n", "--"), one(insert.with("/x"))},
		{"", on("-s", "-insert", "LoginHook", "-string", "/x"), one(insert.with("/x"))},
		{"value is an option", on("-insert", "LoginHook", "-string", "-o"), one(insert.with("-o"))},
		{"without type's value", asRoot("plutil", "-insert", "LoginHook", "-string", rootPlist), nil},
		{"", on("-insert", "Foo", "-string", "LoginHook"), nil},
		{"", on("-insert", "Foo.LoginHook", "-string", "/x"), nil},
		{"", on("-insert", `LoginHook\.a`, "-string", "/x"), nil},
		{"", on("-insert", "", "-string", "/x"), nil},
		{"", on("-remove", "GuestEnabled"), nil},
	})
}

func TestPlutilFiles(t *testing.T) {
	set := onFile("plutil", "-insert", Set, "LoginHook").with("/x")
	// What is read from another file brings all the other keys of that file along.
	both := func(f Fact) []Fact {
		rest := f
		rest.Operation, rest.Key, rest.Value, rest.HasValue = Import, "", "", false
		return []Fact{f, rest}
	}
	insert := func(args ...string) Input {
		return asRoot("plutil", append([]string{"-insert", "LoginHook", "-string", "/x"}, args...)...)
	}
	check(t, []analyzed{
		{"several", insert("/tmp/a.plist", rootPlist, systemPlist), []Fact{set, set.at(systemPlist, systemPlist)}},
		{"relative", insert("com.apple.loginwindow.plist").in("/var/root/Library/Preferences"), one(set.at("com.apple.loginwindow.plist", rootPlist))},
		{"firmlink", insert("/System/Volumes/Data" + rootPlist), one(set.at("/System/Volumes/Data"+rootPlist, rootPlist))},
		{"output", insert("-o", rootPlist, "/tmp/a.plist"), both(set.fromFile("/private/tmp/a.plist"))},
		{"output last", insert("/tmp/a.plist", "-o", rootPlist), both(set.fromFile("/private/tmp/a.plist"))},
		{"output is the file", insert("-o", rootPlist, rootPlist), one(set)},
		{"output elsewhere", insert("-o", "/tmp/a.plist", rootPlist), nil},
		{"output to stdout", insert("-o", "-", rootPlist), nil},
		{"stdin to output", insert("-o", rootPlist, "-"), both(set.fromFile("-"))},
		{"stdin to stdout", insert("-"), nil},
		{"extension", insert("-e", "plist", "/Library/Preferences/com.apple.loginwindow.x"), both(set.at("/Library/Preferences/com.apple.loginwindow.plist", systemPlist).fromFile("/Library/Preferences/com.apple.loginwindow.x"))},
		{"behind dashes", insert("--", rootPlist), one(set)},
		{"output behind dashes", insert("--", "-o", rootPlist), both(set.fromFile("/private/tmp/-o"))},
		{"by inode", insert("/.vol/1/2"), one(set.at("/.vol/1/2", "/.vol/1/2").loose())},
		{"a copy elsewhere", insert("-o", "/tmp/com.apple.loginwindow.plist", rootPlist), one(set.at("/tmp/com.apple.loginwindow.plist", "/private/tmp/com.apple.loginwindow.plist").fromFile(rootPlist))},
		{"removal with output", asRoot("plutil", "-remove", "LoginHook", "-o", rootPlist, "/tmp/a.plist"), both(onFile("plutil", "-remove", Remove, "LoginHook").fromFile("/private/tmp/a.plist"))},
		{"another file", insert("/tmp/a.plist"), nil},
		{"no file", insert(), nil},
	})
}

func TestPlutilConvert(t *testing.T) {
	into := onFile("plutil", "-convert", Import, "")
	plutil := func(args ...string) Input { return asRoot("plutil", args...) }
	convert := func(args ...string) Input { return plutil(append([]string{"-convert", "binary1"}, args...)...) }
	const a = "/private/tmp/a.plist"
	verb := func(v string) Fact { f := into.fromFile(a); f.Verb = v; return f }
	check(t, []analyzed{
		{"to the hook file", convert("-o", rootPlist, "/tmp/a.plist"), one(into.fromFile(a))},
		{"options behind", convert("/tmp/a.plist", "-r", "-o", rootPlist), one(into.fromFile(a))},
		{"options in front", plutil("-o", rootPlist, "-s", "-convert", "xml1", a), one(into.fromFile(a))},
		{"from stdin", convert("-o", rootPlist, "-"), one(into.fromFile("-"))},
		{"dashes", convert("-o", rootPlist, "--", a), one(into.fromFile(a))},
		{"several", convert("-o", rootPlist, a, rootPlist), one(into.fromFile(a))},
		{"header", plutil("-convert", "objc", "-header", "-o", rootPlist, a), one(into.fromFile(a))},
		{"extension", convert("-e", "plist", "/Library/Preferences/com.apple.loginwindow.new"), one(into.at("/Library/Preferences/com.apple.loginwindow.plist", systemPlist).fromFile("/Library/Preferences/com.apple.loginwindow.new"))},
		{"in place", convert(rootPlist), nil},
		{"onto itself", convert("-o", "/var/root/Library/Preferences/com.apple.loginwindow.plist", rootPlist), nil},
		{"onto itself in other case", convert("-o", systemPlist, "/library/preferences/com.apple.LOGINWINDOW.plist"), nil},
		{"to stdout", plutil("-convert", "xml1", "-o", "-", rootPlist), nil},
		{"to a device", plutil("-convert", "xml1", "-o", "/dev/stdout", rootPlist), nil},
		{"to a descriptor", plutil("-convert", "xml1", "-o", "/dev/fd/1", rootPlist), nil},
		{"a copy elsewhere", plutil("-convert", "xml1", "-o", "/tmp/com.apple.loginwindow.plist", rootPlist), nil},
		{"a file made ready elsewhere", convert("-o", "/tmp/com.apple.loginwindow.plist", a), one(into.at("/tmp/com.apple.loginwindow.plist", "/private/tmp/com.apple.loginwindow.plist").fromFile(a))},
		{"no file", convert("-o", rootPlist), nil},
		{"nothing", plutil("-convert"), nil},
		{"other key into the hook file", plutil("-insert", "a", "-string", "b", "-o", rootPlist, a), one(verb("-insert"))},
		{"removal into the hook file", plutil("-remove", "a", "-o", rootPlist, a), one(verb("-remove"))},
		{"part into the hook file", plutil("-extract", "a", "xml1", "-o", rootPlist, a), one(verb("-extract"))},
		{"part, type expected", plutil("-extract", "a", "xml1", "-expect", "dictionary", "-o", rootPlist, a), one(verb("-extract"))},
		{"type into the hook file", plutil("-type", "a", "-o", rootPlist, a), one(verb("-type"))},
		{"create", plutil("-create", "xml1", rootPlist), one(onFile("plutil", "-create", Remove, ""))},
		{"create takes no output", plutil("-create", "xml1", "-o", "-", rootPlist), one(onFile("plutil", "-create", Remove, ""))},
		{"create by inode", plutil("-create", "xml1", "/.vol/1/2"), nil},
		{"create to stdout", plutil("-create", "xml1", "-"), nil},
		{"create elsewhere", plutil("-create", "xml1", a), nil},
	})
}

func TestPlutilSilent(t *testing.T) {
	var cases []analyzed
	for _, args := range [][]string{
		{"-lint", rootPlist},
		{"-lint", "-s", "--", rootPlist},
		{rootPlist},
		{"-p", rootPlist},
		{"-help"},
		{"-extract", "LoginHook", "raw", rootPlist},
		{"-extract", "LoginHook", "xml1", rootPlist},
		{"-extract", "LoginHook", "xml1", "-o", "-", rootPlist},
		{"-extract", "LoginHook", "raw", "-expect", "string", rootPlist},
		{"-type", "LoginHook", rootPlist},
		{"-type", "LoginHook", "-expect", "string", rootPlist},
		{"-insert"},
		{"-insert", "LoginHook"},
		{"-remove"},
		{"-remove", "LoginHook"},
		{"-extract", "LoginHook"},
		{"-o"},
		{"-o", rootPlist},
		{"-"},
		{"--"},
		{"-insert LoginHook -string /x", rootPlist},
	} {
		cases = append(cases, analyzed{in: asRoot("plutil", args...)})
	}
	check(t, cases)
}

func TestSplitKeyPath(t *testing.T) {
	for _, c := range []struct {
		in   string
		want entry
	}{
		{"", entry{""}},
		{"a", entry{"a"}},
		{"a.b", entry{"a", "b"}},
		{`a\.b.c`, entry{"a.b", "c"}},
		{`a\b`, entry{`a\b`}},
		{`a\`, entry{`a\`}},
		{".", entry{"", ""}},
	} {
		if got := splitKeyPath(c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("splitKeyPath(%q): got %q, want %q", c.in, got, c.want)
		}
	}
}
