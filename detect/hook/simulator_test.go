package hook

import (
	"reflect"
	"testing"
)

// TestSimulators runs the tools of simulated devices, and those of the Mac on a device's disk:
// neither sets a hook of the Mac. A copy where anyone can put one is the Mac's own tool.
func TestSimulators(t *testing.T) {
	const runtime = "/Library/Developer/CoreSimulator/Volumes/iOS_22A3351/Library/Developer/CoreSimulator/Profiles/Runtimes/iOS 18.0.simruntime/Contents/Resources/RuntimeRoot/usr/bin/"
	const xcode = "/Applications/Xcode-beta.app/Contents/Developer/Platforms/iPhoneOS.platform/Library/Developer/CoreSimulator/Profiles/Runtimes/iOS.simruntime/Contents/Resources/RuntimeRoot/usr/bin/"
	const device = "/Users/ann/Library/Developer/CoreSimulator/Devices/" + uuid + "/data/Library/Preferences/com.apple.loginwindow"
	at := func(folder string, in Input) Input { in.Executable = folder + in.Name; return in }
	write := []string{"write", loginwindow, "LoginHook", evil}
	set := onRoot("write", Set, "LoginHook").with(evil)
	check(t, []analyzed{
		{"a runtime's", at(runtime, asUser("defaults", write...)), nil},
		{"a runtime's by another spelling", at("/System/Volumes/Data"+runtime, asRoot("defaults", write...)), nil},
		{"a runtime in Xcode", at(xcode, asUser("defaults", "import", loginwindow, "-")), nil},
		{"a runtime's PlistBuddy", at(runtime, asRoot("PlistBuddy", "-c", "Add :LoginHook string /x", rootPlist)), nil},
		{"the Mac's on a device's disk", asUser("defaults", "write", device, "LoginHook", evil), nil},
		{"a file of a device", asUser("defaults", "import", device+".plist", "/tmp/x.plist"), nil},
		{"plutil on a device's disk", asUser("plutil", "-replace", "LoginHook", "-string", evil, device+".plist"), nil},
		{"PlistBuddy on a device's disk", asUser("PlistBuddy", "-c", "Set :LoginHook "+evil, device+".plist"), nil},
		{"a copy at a user's", at("/Users/ann/Library/Developer/CoreSimulator/x.simruntime/Contents/Resources/RuntimeRoot/usr/bin/", asRoot("defaults", write...)), one(set)},
		{"a copy in /tmp", at("/tmp/Library/Developer/CoreSimulator"+runtime, asRoot("defaults", write...)), one(set)},
		{"out of a runtime", at(runtime+"../../../../../../../../../../../../../../../tmp/", asRoot("defaults", write...)), one(set)},
		{"out of a device", asRoot("defaults", "write", device+"/../../../../../../../../../../../../"+rootPlist, "LoginHook", evil),
			one(set.at(device+"/../../../../../../../../../../../../"+rootPlist, rootPlist))},
	})
}

// TestImitate has programs that are none of the tools, with the arguments of one.
func TestImitate(t *testing.T) {
	buddy, util := onRoot("Add", Set, "LoginHook").at(rootPlist, rootPlist), onRoot("-remove", Remove, "LogoutHook").at(rootPlist, rootPlist)
	buddy.Tool, util.Tool = toolPlistBuddy, toolPlutil
	for _, tt := range []struct {
		args []string
		want []Fact
	}{
		{[]string{"write", loginwindow, "LoginHook", evil}, one(onRoot("write", Set, "LoginHook").with(evil))},
		{[]string{"delete", loginwindow, "LoginHook"}, one(onRoot("delete", Remove, "LoginHook"))},
		{[]string{"write", loginwindow, "LoginHook", ""}, one(onRoot("write", Remove, "LoginHook"))},
		{[]string{"-c", "Add :LoginHook string /x", rootPlist}, one(buddy.with("/x"))},
		{[]string{"-remove", "LogoutHook", rootPlist}, one(util)},
		{[]string{"import", loginwindow, "/tmp/x.plist"}, nil}, // what it would do does not show
		{[]string{rootPlist}, nil},
		{[]string{"write", "com.example.app", "LoginHook", evil}, nil},
		{[]string{"-n", "write", loginwindow, "LoginHook", evil}, nil},
	} {
		in := asRoot("x", tt.args...)
		in.SigningID = "x-555"
		if got := Imitate(in); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Imitate(%q):\n got %s\nwant %s", tt.args, show(got), show(tt.want))
		}
		if got := Analyze(in); got != nil {
			t.Errorf("Analyze(%q): got %s, want nothing", tt.args, show(got))
		}
	}
}
