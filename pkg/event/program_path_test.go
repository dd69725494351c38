package event

import "testing"

func TestProgramPath(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"", ""},
		{"/usr/local/bin/hook", "/usr/local/bin/hook"},
		{"/Library/Application Support/JAMF/ManagementFrameworkScripts/logouthook.sh", "/Library/Application Support/JAMF/ManagementFrameworkScripts/logouthook.sh"},
		{"/Library/Application Support/LabWarden/util/LoginHook", "/Library/Application Support/LabWarden/util/LoginHook"},
		{"/Library/Application Support/LabWarden/util/LoginHook -v /x", "/Library/Application Support/LabWarden/util/LoginHook"},
		{"/Users/Shared/My Scripts/login hook.sh", "/Users/Shared/My Scripts/login hook.sh"},
		{"/Users/Shared/My Scripts/login hook.sh --x", "/Users/Shared/My Scripts/login hook.sh"},
		{"/Volumes/Macintosh HD/usr/local/hooks/run me.command", "/Volumes/Macintosh HD/usr/local/hooks/run me.command"},
		{"/opt/x.sh a/b c.sh", "/opt/x.sh"},
		{"/bin/sh scripts/x.sh", "/bin/sh"},
		{"/bin/sh /Library/Application Support/x.sh", "/bin/sh"},
		{"/bin/sh -c 'a/b'", "/bin/sh"},
		{"/opt/vendor/hook login now", "/opt/vendor/hook"},
		{"/opt/vendor/hook\tlogin/x", "/opt/vendor/hook\tlogin/x"},
		{"/opt/vendor/hook\x00 Support/x", "/opt/vendor/hook"},
		{"/opt/vendor/hook; /tmp/x", "/opt/vendor/hook;"},
		{"relative path/x", "relative"},
		{" /x", ""},
	} {
		if got := ProgramPath(tt.value); got != tt.want {
			t.Errorf("ProgramPath(%q): got %q, want %q", tt.value, got, tt.want)
		}
	}
}
