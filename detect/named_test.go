package detect

import (
	"slices"
	"testing"

	"hooksnare/pkg/event"
)

func TestNamed(t *testing.T) {
	const root = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"cp", "/tmp/x", root}, []string{root}},
		{[]string{"sh", "-c", "plutil -p '" + root + "'; mv x " + root}, []string{root, root}},
		{[]string{"osascript", "-e", `do("com.apple.loginwindow")`}, []string{root}},
		{[]string{"vi", "/var/root/Library/Preferences/com.apple.loginwindow.plist"}, []string{root}},
		{[]string{"true", "x"}, nil},

		{[]string{"cat", root}, nil},
		{[]string{"grep", "LoginHook", root}, nil},
		{[]string{"defaults", "read", "com.apple.loginwindow"}, nil},
		{[]string{"defaults", "write", "com.apple.loginwindow", "LoginwindowText", "x"}, nil},
		{[]string{"plutil", "-p", root}, nil},
		{[]string{"plutil", "-lint", root}, nil},
		{[]string{"plutil", "-extract", "K", "xml1", root}, []string{root}}, // overwrites it
		{[]string{"PlistBuddy", "-c", "Print :LoginHook", root}, nil},
		{[]string{"PlistBuddy", "-c", "Print", "-c", "Save", root}, []string{root}},
		{[]string{"PlistBuddy", root}, []string{root}}, // commands on its standard input
	} {
		ev := &event.Event{Kind: event.ExecKind, Process: &event.Process{
			Image: &event.Image{Executable: "/bin/" + c.args[0]},
			Exec:  &event.Exec{Args: c.args, WorkingDirectory: "/"},
		}}
		if got := Named(ev, ""); !slices.Equal(got, c.want) {
			t.Errorf("Named(%q) = %q, want %q", c.args, got, c.want)
		}
	}
}
