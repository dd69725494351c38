package detect

import (
	"testing"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// TestHomeOfEvent lets a user say where home is. Where nobody else knows, that counts, but
// never as a home that is root's or leads to the computer's preferences: a command would be
// one about their files, which the user can't write.
func TestHomeOfEvent(t *testing.T) {
	const file = "/Library/Preferences/com.apple.loginwindow.plist"
	tests := []struct {
		name  string
		uid   uint32
		known string // what the directory says
		home  string // what the environment says
		want  string // the file that a command without a path means
	}{
		{"a user's own", 502, "", "/Users/bob", "/Users/bob" + file},
		{"elsewhere", 502, "", "/Volumes/x/bob", "/Volumes/x/bob" + file},
		{"the directory knows better", 502, "/Users/bob", "/private/var/root", "/Users/bob" + file},
		{"root's", 502, "", "/private/var/root", ""},
		{"root's by its link", 502, "", "/var/root", ""},
		{"root's by the data volume", 502, "", "/System/Volumes/Data/private/var/root", ""},
		{"root's on a volume by the name of this", 502, "", "/Volumes/Macintosh HD/var/root", ""},
		{"root's in another case", 502, "", "/PRIVATE/Var/Root", ""},
		{"root's with a slash", 502, "", "/private/var/root/", ""},
		{"root's with dots", 502, "", "/Users/bob/../../var/./root//", ""},
		{"below root's", 502, "", "/var/root/x", ""},
		{"far below root's", 502, "", "/var/root/Library/Preferences/x", ""},
		{"the root folder", 502, "", "/", ""},
		{"the root folder with dots", 502, "", "/Users/..", ""},
		{"the data volume alone", 502, "", "/System/Volumes/Data", ""},
		{"managed", 502, "", "/Library/Managed Preferences", ""},
		{"managed for a user", 502, "", "/Library/Managed Preferences/ann", ""},
		{"relative", 502, "", "var/root", ""},
		{"relative with dots", 502, "", "../../var/root", ""},
		{"empty", 502, "", "", ""},
		{"nobody's", event.None, "", "/private/var/root", ""},
		{"root's name is not followed by more", 502, "", "/var/rooted", "/private/var/rooted" + file},
		{"root is root, whatever is said", 0, "", "/Users/bob", "/private/var/root" + file},
		{"root is root, also by the directory", 0, "/Users/bob", "/Users/bob", "/private/var/root" + file},
	}
	for _, tt := range tests {
		e := engineIn(t, World{Home: func(uint32) string { return tt.known }}, `process where hooksnare.hook.operation == "set"`)
		ev := setsHook("/a")
		ev.Process.Token.EUID = tt.uid
		ev.Process.Exec.Env = []string{"HOME=" + tt.home}
		got := e.Examine(ev)
		if len(got) != 1 {
			t.Errorf("%s: got %d findings, want one", tt.name, len(got))
			continue
		}
		f := got[0].Record.Fact
		if f.Plist != tt.want {
			t.Errorf("%s: user %d with HOME=%s: got a command about %q, want %q", tt.name, tt.uid, tt.home, f.Plist, tt.want)
		}
		if tt.uid != 0 && (f.Scope == hook.Root || f.Scope == hook.System || f.Scope == hook.Managed) {
			t.Errorf("%s: user %d with HOME=%s: got scope %s, want a user's or none", tt.name, tt.uid, tt.home, f.Scope)
		}
	}
}
