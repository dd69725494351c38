package hook

import (
	"reflect"
	"testing"
)

// onFile is a fact of a tool about root's loginwindow file.
func onFile(tool, verb string, op Operation, key string) Fact {
	f := onRoot(verb, op, key)
	f.Tool, f.Domain = tool, rootPlist
	return f
}

func buddyRoot(commands ...string) Input {
	var args []string
	for _, c := range commands {
		args = append(args, "-c", c)
	}
	return asRoot("PlistBuddy", append(args, rootPlist)...)
}

func TestPlistBuddyCommands(t *testing.T) {
	fact := func(verb string, op Operation, key string) Fact { return onFile("PlistBuddy", verb, op, key) }
	add, set := fact("Add", Set, "LoginHook"), fact("Set", Set, "LoginHook")
	check(t, []analyzed{
		{"add", buddyRoot("Add :LoginHook string /x"), one(add.with("/x"))},
		{"add logout", buddyRoot("Add :LogoutHook string /x"), one(fact("Add", Set, "LogoutHook").with("/x"))},
		{"lower case", buddyRoot("add :loginhook STRING /x"), one(add.spelled("loginhook").with("/x"))},
		{"upper case", buddyRoot("ADD :LOGINHOOK string /x"), one(add.spelled("LOGINHOOK").with("/x"))},
		{"no colon", buddyRoot("Add LoginHook string /x"), one(add.with("/x"))},
		{"two colons", buddyRoot("Add ::LoginHook string /x"), one(add.with("/x"))},
		{"white space", buddyRoot(" \tAdd  :LoginHook\t string   /x  "), one(add.with("/x"))},
		{"value with spaces", buddyRoot("Add :LoginHook string /bin/sh -c  id"), one(add.with("/bin/sh -c  id"))},
		{"value quoted", buddyRoot(`Add :LoginHook string "` + jamf + `"`), one(add.with(jamf))},
		{"value in single quotes", buddyRoot("Add :LoginHook string '/x y'"), one(add.with("/x y"))},
		{"value escaped", buddyRoot(`Add :LoginHook string /x\ y\'s\n\t.`), one(add.with("/x y's\n\t."))},
		{"value with quotes inside", buddyRoot(`Set :LoginHook /bin/sh -c "a 'b'"`), one(set.with("/bin/sh -c a 'b'"))},
		{"value with an open quote", buddyRoot(`Set :LoginHook "/x y`), one(set.with("/x y"))},
		{"value ends in a backslash", buddyRoot(`Set :LoginHook /x\`), one(set.with(`/x\`))},
		{"key in double quotes", buddyRoot(`Add ":LoginHook" string /x`), one(add.with("/x"))},
		{"key quoted behind its colon", buddyRoot(`Add :"LoginHook" string /x`), one(add.with("/x"))},
		{"key in single quotes", buddyRoot(`Add :'LoginHook' string /x`), one(add.with("/x"))},
		{"key quoted in part", buddyRoot(`Add :Login"Hook" string /x`), one(add.with("/x"))},
		{"key escaped", buddyRoot(`Add :Login\Hook string /x`), one(add.with("/x"))},
		{"verb quoted", buddyRoot(`"Add" :LoginHook string /x`), one(add.with("/x"))},
		{"no value", buddyRoot("Add :LoginHook string"), one(fact("Add", Remove, "LoginHook"))},
		{"no type", buddyRoot("Add :LoginHook"), one(add)},
		{"wrong type", buddyRoot("Add :LoginHook /x y"), one(add.with("/x y"))},
		{"array", buddyRoot("Add :LoginHook array"), one(add)},
		{"dict", buddyRoot("Add :LoginHook dict"), one(add)},
		{"below the key", buddyRoot("Add :LoginHook:0 string /x"), one(fact("Add", Edit, "LoginHook").with("/x"))},
		{"trailing colon", buddyRoot("Add :LoginHook: string /x"), one(fact("Add", Edit, "LoginHook").with("/x"))},
		{"short add", buddyRoot("+ :LoginHook string /x"), one(add.with("/x"))},
		{"boolean", buddyRoot("Add :EnableMCXLoginScripts bool true"), one(fact("Add", Set, "EnableMCXLoginScripts").with("true"))},
		{"trust", buddyRoot("Set MCXScriptTrust Anonymous"), one(fact("Set", Set, "MCXScriptTrust").with("Anonymous"))},
		{"set", buddyRoot("Set :LoginHook /x"), one(set.with("/x"))},
		{"short set", buddyRoot("= :LoginHook /x"), one(set.with("/x"))},
		{"set to nothing", buddyRoot("Set :LoginHook"), one(fact("Set", Remove, "LoginHook"))},
		{"delete", buddyRoot("Delete :LoginHook"), one(fact("Delete", Remove, "LoginHook"))},
		{"short delete", buddyRoot("rm LogoutHook"), one(fact("Delete", Remove, "LogoutHook"))},
		{"minus", buddyRoot("- :LogoutHook"), one(fact("Delete", Remove, "LogoutHook"))},
		{"delete below", buddyRoot("Delete :LoginHook:0"), one(fact("Delete", Edit, "LoginHook"))},
		{"delete the root", buddyRoot("Delete :"), one(fact("Delete", Remove, ""))},
		{"clear", buddyRoot("Clear"), one(fact("Clear", Remove, ""))},
		{"clear to dict", buddyRoot("clear dict"), one(fact("Clear", Remove, ""))},
		{"merge", buddyRoot("Merge /tmp/x.plist"), one(fact("Merge", Import, "").fromFile("/private/tmp/x.plist"))},
		{"merge into root", buddyRoot("Merge x.plist :"), one(fact("Merge", Import, "").fromFile("/private/tmp/x.plist"))},
		{"merge quoted", buddyRoot(`Merge "/Users/ann/a b.plist"`), one(fact("Merge", Import, "").fromFile("/Users/ann/a b.plist"))},
		{"merge into the key", buddyRoot("Merge /x :LoginHook"), one(fact("Merge", Edit, "LoginHook").fromFile("/x"))},
		{"import", buddyRoot("Import :LoginHook /x.txt"), one(fact("Import", Set, "LoginHook").fromFile("/x.txt"))},
		{"import of root", buddyRoot("Import : /x.plist"), one(fact("Import", Import, "").fromFile("/x.plist"))},
		{"copy", buddyRoot("Copy :Foo :LoginHook"), one(fact("Copy", Set, "LoginHook").from("Foo"))},
		{"short copy", buddyRoot("cp a:b LogoutHook"), one(fact("Copy", Set, "LogoutHook").from("a:b"))},
		{"several", buddyRoot("Print", "Delete :LoginHook", "Add :LoginHook string /x", "Save"), []Fact{fact("Delete", Remove, "LoginHook"), add.with("/x")}},
	})
}

func TestPlistBuddySilent(t *testing.T) {
	var cases []analyzed
	for _, c := range []string{
		"", " ", "Print", "Print :LoginHook", "print LogoutHook", "ls", "Save", "Exit", "Revert", "Help",
		"Add", "Set", "Delete", "Merge", "Import", "Copy", "Copy :LoginHook :Foo",
		"Add :LoginwindowText string LoginHook", "Set :GuestEnabled false", "Delete :Foo",
		`Add :a\:LoginHook string /x`, `Add :LoginHook\:a string /x`, "Add :a:LoginHook string /x",
		"Add :LoginHookX string /x", "Merge /x :Foo", "Import :Foo /x", "AddX :LoginHook string /x",
		`Add ":a b" string /x`, "Unknown :LoginHook",
	} {
		cases = append(cases, analyzed{name: "-c " + c, in: buddyRoot(c)})
	}
	for _, args := range [][]string{
		{rootPlist, "-c"},
		{"-h", rootPlist},
		{"-h"},
		{"-x"},
		{"-c", rootPlist},
		{"/tmp/other.plist"},
		{"-c", "Add :LoginHook string /x", "/tmp/other.plist"},
		{"-c", "Add :LoginHook string /x", "other.plist"},
		{"-c", "Clear", "/.vol/1/2"},
		{"-c", "Add :LoginHook string /x"},
		{"/.vol/1/2"},
		{""},
	} {
		cases = append(cases, analyzed{in: asRoot("PlistBuddy", args...)})
	}
	check(t, cases)
}

func TestPlistBuddyFiles(t *testing.T) {
	const add = "Add :LoginHook string /x"
	fact := onFile("PlistBuddy", "Add", Set, "LoginHook").with("/x")
	stdin := onFile("PlistBuddy", "stdin", Edit, "")
	buddy := func(args ...string) Input { return asRoot("PlistBuddy", args...) }
	at := func(file, plist string) []Fact { return one(fact.at(file, plist)) }
	byHost := "/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow." + uuid + ".plist"
	check(t, []analyzed{
		{"flags", buddy("-x", "-l", "-c", add, rootPlist), one(fact)},
		{"joined flags", buddy("-xc", add, rootPlist), one(fact)},
		{"file first", buddy(rootPlist, "-c", add), one(fact)},
		{"help with a command", buddy("-h", "-c", add, rootPlist), one(fact)},
		{"a second file", buddy("-c", add, rootPlist, "x"), one(fact)},
		{"double dash", buddy("-c", add, "--", rootPlist), one(fact)},
		{"/var", buddy("-c", add, "/var/root/Library/Preferences/com.apple.loginwindow.plist"), at("/var/root/Library/Preferences/com.apple.loginwindow.plist", rootPlist)},
		{"firmlink", buddy("-c", add, "/System/Volumes/Data"+systemPlist), at("/System/Volumes/Data"+systemPlist, systemPlist)},
		{"slashes and dots", buddy("-c", add, "//Library/./x/..//Preferences/com.apple.loginwindow.plist"), at("//Library/./x/..//Preferences/com.apple.loginwindow.plist", systemPlist)},
		{"relative", buddy("-c", add, "com.apple.loginwindow.plist").in("/Library/Preferences"), at("com.apple.loginwindow.plist", systemPlist)},
		{"relative to nothing known", buddy("-c", add, "com.apple.loginwindow.plist").in(""), one(fact.scoped("com.apple.loginwindow.plist", Other))},
		{"without extension", buddy("-c", add, "/Library/Preferences/com.apple.loginwindow"), at("/Library/Preferences/com.apple.loginwindow", "/Library/Preferences/com.apple.loginwindow")},
		{"global", buddy("-c", add, "/Library/Preferences/.GlobalPreferences.plist"), at("/Library/Preferences/.GlobalPreferences.plist", "/Library/Preferences/.GlobalPreferences.plist")},
		{"ByHost", buddy("-c", add, byHost), at(byHost, byHost)},
		{"tilde", asUser("PlistBuddy", "-c", add, "~/Library/Preferences/com.apple.loginwindow.plist"), at("~/Library/Preferences/com.apple.loginwindow.plist", userPlist)},
		{"by inode", buddy("-c", add, "//.vol/16777220/4711"), one(fact.at("//.vol/16777220/4711", "/.vol/16777220/4711").loose())},
		{"by inode of the folder", buddy("-c", add, "/.vol/16777220/4711/com.apple.loginwindow.plist"), at("/.vol/16777220/4711/com.apple.loginwindow.plist", "/.vol/16777220/4711/com.apple.loginwindow.plist")},
		{"by descriptor", buddy("-c", add, "/dev/fd/3"), one(fact.at("/dev/fd/3", "/dev/fd/3").loose())},
		{"stdin", buddy(rootPlist), one(stdin)},
		{"stdin with flags", buddy("-x", systemPlist), one(stdin.at(systemPlist, systemPlist))},
		{"stdin to global", buddy("/Library/Preferences/.GlobalPreferences.plist"), one(stdin.at("/Library/Preferences/.GlobalPreferences.plist", "/Library/Preferences/.GlobalPreferences.plist"))},
	})
}

func TestBuddyEntry(t *testing.T) {
	for _, c := range []struct {
		in   string
		want entry
	}{
		{"", nil},
		{":", nil},
		{"a", entry{"a"}},
		{":a:b", entry{"a", "b"}},
		{":a:", entry{"a", ""}},
		{`:a\:b:c`, entry{"a:b", "c"}},
		{`\:a`, entry{":a"}},
		{`:"a b":c`, entry{"a b", "c"}},
		{`":a":'b'`, entry{"a", "b"}},
		{`:a\\:b`, entry{`a\`, "b"}},
		{`:\:\::\:`, entry{"::", ":"}},
	} {
		l := buddyLine(c.in)
		if got := l.entry(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("entry of %q: got %q, want %q", c.in, got, c.want)
		}
	}
}
