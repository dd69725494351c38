package hook

import "testing"

func TestCanonicalPath(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"/", "/"},
		{"//", "/"},
		{"/..", "/"},
		{"/Library/Preferences/x", "/Library/Preferences/x"},
		{"/library/PREFERENCES/x", "/library/PREFERENCES/x"},
		{"//Library///Preferences//x/", "/Library/Preferences/x"},
		{"/Library/./Preferences/../Preferences/x", "/Library/Preferences/x"},
		{"/tmp/../Library/x", "/Library/x"},
		{"/var/root/x", "/private/var/root/x"},
		{"/VAR/root/x", "/private/var/root/x"},
		{"/Private/Var/root/x", "/private/var/root/x"},
		{"/private/var/root/x", "/private/var/root/x"},
		{"/var", "/private/var"},
		{"/tmp", "/private/tmp"},
		{"/tmp/", "/private/tmp"},
		{"/etc/x", "/private/etc/x"},
		{"/variable/x", "/variable/x"},
		{"/private/variable", "/private/variable"},
		{"/private", "/private"},
		{"/var/../var/root", "/private/var/root"},
		{"/etc/ssl/../../var/root/x", "/private/var/root/x"},
		{"/System/Volumes/Data/Library/x", "/Library/x"},
		{"/System/Volumes/Data/private/var/root/x", "/private/var/root/x"},
		{"/System/Volumes/Data/var/root/x", "/private/var/root/x"},
		{"/system/volumes/DATA/Users/ann", "/Users/ann"},
		{"//System//Volumes/./Data//Users", "/Users"},
		{"/System/Volumes/Data", "/"},
		{"/System/Volumes/Data/", "/"},
		{"/System/Volumes/Data/..", "/System/Volumes"},
		{"/System/Volumes/Data/System/Volumes/Data/x", "/x"},
		{"/System/Volumes/Database/x", "/System/Volumes/Database/x"},
		{"/System/Volumes/Preboot/x", "/System/Volumes/Preboot/x"},
		{"/.nofollow/var/root/x", "/private/var/root/x"},
		{"/.nofollow/System/Volumes/Data/var/x", "/private/var/x"},
		{"/Volumes/Macintosh HD/Library/x", "/Library/x"},
		{"/Volumes/macintosh hd/System/Volumes/Data/x", "/x"},
		{"/Volumes/Macintosh HD 1/x", "/Volumes/Macintosh HD 1/x"},
		{"/Volumes/Other/x", "/Volumes/Other/x"},
		{"/a\x00b", "/a\x00b"},
		{"/\xff/x", "/\xff/x"},
		{"a//b/../c", "a/c"},
		{"../x", "../x"},
		{".", "."},
		{"var/root", "var/root"},
	} {
		if got := CanonicalPath(c.in); got != c.want {
			t.Errorf("CanonicalPath(%q): got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestScopeOf(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Scope
	}{
		{rootPlist, Root},
		{systemPlist, System},
		{userPlist, User},
		{"/private/var/_svc/Library/Preferences/com.apple.loginwindow.plist", User},
		{"/Volumes/Homes/ann/Library/Preferences/com.apple.loginwindow.plist", User},
		{"/library/preferences/com.apple.loginwindow.plist", System},
		{"/Library/Managed Preferences/com.apple.loginwindow.plist", Managed},
		{"/Library/Managed Preferences/ann/com.apple.loginwindow.plist", Managed},
		{"/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow." + uuid + ".plist", ByHost},
		{"/private/var/root/Library/Preferences/ByHost/com.apple.loginwindow." + uuid + ".plist", ByHost},
		{"/private/var/root/Library/Preferences/.GlobalPreferences.plist", Global},
		{"/Library/Preferences/.GlobalPreferences.plist", Global},
		{"/Volumes/Other/Library/Preferences/com.apple.loginwindow.plist", Other},
		{"/Volumes/Other/private/var/root/Library/Preferences/com.apple.loginwindow.plist", Other},
		{"/Volumes/Other/var/root/Library/Preferences/com.apple.loginwindow.plist", Other},
		{"/private/tmp/com.apple.loginwindow.plist", Other},
		{"/private/tmp/ByHost/com.apple.loginwindow.plist", Other},
		{"/Library/Preferences/sub/com.apple.loginwindow.plist", Other},
		{"com.apple.loginwindow.plist", Other},
		{"/", Other},
		{"", Other},
	} {
		if got := ScopeOf(c.in); got != c.want {
			t.Errorf("ScopeOf(%q): got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestPreferencesName(t *testing.T) {
	for _, c := range []struct{ in, domain, host string }{
		{"com.apple.loginwindow.plist", domainLoginwindow, ""},
		{"com.apple.loginwindow", domainLoginwindow, ""},
		{"COM.Apple.LoginWindow.PLIST", domainLoginwindow, ""},
		{"loginwindow.plist", domainLegacy, ""},
		{"LOGINWINDOW", domainLegacy, ""},
		{".GlobalPreferences.plist", domainGlobal, ""},
		{".globalpreferences", domainGlobal, ""},
		{"com.apple.loginwindow." + uuid + ".plist", domainLoginwindow, uuid},
		{"com.apple.loginwindow.0016cbab12cd.plist", domainLoginwindow, "0016cbab12cd"},
		{".GlobalPreferences." + uuid + ".plist", domainGlobal, uuid},
		{"com.apple.loginwindow.plist.bak", "", ""},
		{"com.apple.loginwindow.backup.plist", "", ""},
		{"com.apple.loginwindowx.plist", "", ""},
		{"xcom.apple.loginwindow.plist", "", ""},
		{"com.apple.loginwindow.", "", ""},
		{"com.apple.loginwindow.0016cbab12cx.plist", "", ""},
		{"com.apple.loginwindow.0016-bab12cd.plist", "", ""},
		{"com.apple.dock.plist", "", ""},
		{".plist", "", ""},
		{"", "", ""},
	} {
		domain, host := preferencesName(c.in)
		if domain != c.domain || host != c.host {
			t.Errorf("preferencesName(%q): got %q, %q; want %q, %q", c.in, domain, host, c.domain, c.host)
		}
	}
}

func TestResolve(t *testing.T) {
	ann := Input{EUID: 501, Home: "/Users/ann", WorkingDirectory: "/var/x"}
	nobody := Input{EUID: 501, Home: "relative", WorkingDirectory: "relative"}
	for _, c := range []struct {
		in   Input
		path string
		want string
	}{
		{ann, "", ""},
		{ann, "a", "/private/var/x/a"},
		{ann, "../../..", "/"},
		{ann, "~", "/Users/ann"},
		{ann, "~/../bob", "/Users/bob"},
		{ann, "~ANN/x", "/Users/ann/x"},
		{ann, "~bob/x", "/Users/bob/x"},
		{ann, "~root", "/private/var/root"},
		{ann, "~../x", ""},
		{ann, "~./x", ""},
		{Input{Home: "/Users/ann"}, "~/x", "/private/var/root/x"},
		{Input{Home: "/Users/ann"}, "~ann/x", "/Users/ann/x"},
		{nobody, "a", ""},
		{nobody, "~/a", ""},
		{nobody, "~bob/a", "/Users/bob/a"},
		{nobody, "/a", "/a"},
	} {
		if got := resolve(&c.in, c.path); got != c.want {
			t.Errorf("resolve(%q) of %+v: got %q, want %q", c.path, c.in, got, c.want)
		}
	}
}
