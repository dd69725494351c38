package hook

import "testing"

func BenchmarkToolOf(b *testing.B) {
	for _, c := range []struct{ name, program, id string }{
		{"none", "com.apple.WebKit.Networking", "com.apple.WebKit.Networking"},
		{"same length", "launchct", "com.apple.xpc.launchctl"},
		{"defaults", "defaults", "com.apple.defaults"},
		{"unsigned", "plistbuddy", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				ToolOf(c.program, c.id)
			}
		})
	}
}

func BenchmarkAnalyze(b *testing.B) {
	for _, c := range []struct {
		name string
		in   Input
	}{
		{"read", asRoot("defaults", "read", loginwindow, "LoginHook")},
		{"other domain", asUser("defaults", "write", "com.apple.dock", "autohide", "-bool", "true")},
		{"write", asRoot("defaults", "write", loginwindow, "LoginHook", evil)},
		{"dictionary", asRoot("defaults", "write", loginwindow, `{LoginHook="/x";}`)},
		{"PlistBuddy", buddyRoot("Add :LoginHook string " + evil)},
		{"plutil", asRoot("plutil", "-insert", "LoginHook", "-string", evil, rootPlist)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				Analyze(c.in)
			}
		})
	}
}
