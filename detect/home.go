package detect

import (
	"strings"

	"hooksnare/detect/hook"
)

// rootHome is the superuser's home folder, without links.
const rootHome = "/private/var/root"

// claimedHome returns a home folder that a process of an ordinary user names in its
// environment, "" for one that can't be a user's: the superuser's or a folder in that, and
// those whose preferences are the computer's. Anybody can write anything there, and the
// command of a user must not count as one about root's file.
func claimedHome(home string) string {
	if !strings.HasPrefix(home, "/") {
		return ""
	}
	at := hook.CanonicalPath(home)
	if foldPath(at) == rootHome || strings.HasPrefix(foldPath(at), rootHome+"/") {
		return ""
	}
	if hook.ScopeOf(hook.CanonicalPath(at+"/Library/Preferences/com.apple.loginwindow.plist")) != hook.User {
		return ""
	}
	return home
}
