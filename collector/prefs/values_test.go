package prefs

import (
	"strings"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{"", ""}, {"/x y", "/x y"}, {"\x00\n\xff", "\x00\n\xff"},
		{true, "true"}, {uint64(1), "1"}, {int64(-1), "-1"}, {1.0, "1"}, {1.5, "1.5"},
		{time.Unix(0, 0), "1970-01-01T00:00:00Z"}, {[]byte{1, 0xfe}, "<01fe>"},
		{[]any{}, "[]"}, {map[string]any{}, "{}"},
		{map[string]any{"b": "x\n", "a": []any{true, "y"}}, `{"a": [true, "y"], "b": "x\n"}`},
	}
	for _, tt := range tests {
		if got := valueText(tt.in); got != tt.want {
			t.Errorf("text(%#v) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestTextBound holds that a long value is cut, at a rune, and still told from another.
func TestTextBound(t *testing.T) {
	exact := strings.Repeat("x", maxValue)
	if got := valueText(exact); got != exact {
		t.Errorf("text of %d bytes has %d", len(exact), len(got))
	}
	a, b := valueText(exact+"a"), valueText(exact+"b")
	if a == b || len(a) > maxValue+128 || !strings.HasPrefix(a, exact[:maxValue-1]) || !strings.Contains(a, "(8193 bytes, sha256 ") {
		t.Errorf("text of two long values: %d and %d bytes, equal: %v, ending %.100q", len(a), len(b), a == b, a[len(a)-100:])
	}
	for shift := range 4 {
		s := valueText(strings.Repeat("x", shift) + strings.Repeat("\U0001F600", maxValue))
		if head, _, _ := strings.Cut(s, "..."); strings.ToValidUTF8(head, "") != head || len(head) < maxValue-4 {
			t.Errorf("shift %d: cut amid a rune, or too early: %d bytes, ending %q", shift, len(head), head[len(head)-4:])
		}
	}
	if got := valueText(strings.Repeat("\x80", 2*maxValue)); len(got) < maxValue-8 {
		t.Errorf("text of %d continuation bytes has %d", 2*maxValue, len(got))
	}
	list := []any{strings.Repeat("y", maxValue), "z"}
	if got := valueText(list); len(got) > maxValue+128 {
		t.Errorf("text of a long list has %d bytes", len(got))
	}
}

func TestParseTTYs(t *testing.T) {
	const lw = "/System/Library/CoreServices/loginwindow.app/Contents/MacOS/loginwindow"
	tests := []struct{ in, login, logout string }{
		{"", "", ""},
		{`console "` + lw + `" vt100 on secure`, "", ""},
		{`console "` + lw + ` -LoginHook /a" vt100 on secure onoption="/usr/libexec/getty std.9600"`, "/a", ""},
		{"\tconsole\t\"" + lw + " -LogoutHook /b\t-LoginHook /a\" vt100 on secure\r\n", "/a", "/b"},
		{`# console "` + lw + ` -LoginHook /a" vt100 on secure`, "", ""},
		{`console "` + lw + ` -LoginHook /a#b" vt100 on secure # -LogoutHook /x`, "/a#b", ""},
		{`console "` + lw + ` -LoginHook \"/a b\"" vt100 on secure`, "/a b", ""},
		{`console "` + lw + ` -LoginHook"`, "", ""},
		{`console "` + lw + ` -loginhook /a"`, "", ""},
		{`console "getty -LoginHook /a" x window="` + lw + ` -LogoutHook /b"`, "", "/b"},
		{`console "` + lw + ` -LoginHook /a`, "/a", ""}, // never closed
		{"a \"" + lw + " -LoginHook /a\"\nb \"" + lw + " -LoginHook /b\"\nc \"" + lw + " -LoginHook /a\"", "/a\n/b", ""},
		{`x "` + strings.Repeat(lw+" -LoginHook /a ", 1000) + `"`, "/a", ""},
	}
	for _, tt := range tests {
		v, _, err := parseTTYs([]byte(tt.in))
		if err != nil || v[0].text != tt.login || v[1].text != tt.logout || v[0].set != (tt.login != "") || v[2].set || v[3].set {
			t.Errorf("parseTTYs(%.200q) = %+v, %v; want %q and %q", tt.in, v, err, tt.login, tt.logout)
		}
	}
}

func TestScopeOf(t *testing.T) {
	for name, want := range map[string]string{
		rootPlist: "root", libPlist: "system", annPlist: "user", annHost: "byhost", mcxPlist: "managed", ttysFile: "ttys",
		"/private/var/root/Library/Preferences/ByHost/.GlobalPreferences.x.plist":  "byhost",
		"/Library/Preferences/.GlobalPreferences.plist":                            "global",
		"/private/var/home/Library/Preferences/loginwindow.plist":                  "user",
		"/Users/Library/Managed Preferences/Library/Preferences/loginwindow.plist": "user",
	} {
		if got := ScopeOf(name); got != want {
			t.Errorf("ScopeOf(%s) = %s, want %s", name, got, want)
		}
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"/Users/x/": "/Users/x", "/var/home": "/private/var/home", "/private/var/home": "/private/var/home",
		"/System/Volumes/Data/Users/x": "/Users/x", "/Volumes/Macintosh HD/var/x": "/private/var/x",
		"/variable": "/variable", "/a/../tmp": "/private/tmp", "/System/Volumes/Data": "/",
		"/System/Volumes/Data/System/Volumes/Data": "/",
	} {
		if got := canonicalPath(in); got != want {
			t.Errorf("canonical(%s) = %s, want %s", in, got, want)
		}
	}
}

// FuzzFile reads arbitrary bytes as either kind of file.
func FuzzFile(f *testing.F) {
	for _, s := range []string{
		"", "{", "<", "bplist00", killer(), xml(), xml("LoginHook", "/x"), xml("LoginHook", "<array><true/></array>"),
		`{ LoginHook = "/x"; }`, "console \"loginwindow -LoginHook /x -LogoutHook \\\"/y\\\"\" #", strings.Repeat("(", 10000),
		binary(f, map[string]any{"LoginHook": "/x", "LogoutHook": []any{1.5, true, []byte("x")}, "EnableMCXLoginScripts": true}),
		"\ufeff {LoginHook=(" + strings.Repeat("a,", 5000) + ");}", "<plist><dict><key>LoginHook</key><data>" + strings.Repeat("AAAA", 5000) + "</data></dict></plist>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, parse := range map[string]func([]byte) (values, bool, error){"preferences": parsePreferences, "ttys": parseTTYs} {
			v, uncertain, err := parse(b)
			if err != nil && v != (values{}) && !uncertain {
				t.Errorf("%s %.100q: certain values and error %v", name, b, err)
			}
			if again, _, _ := parse(b); again != v {
				t.Errorf("%s %.100q: %+v, then %+v", name, b, v, again)
			}
			for i := range v {
				if len(v[i].text) > maxValue+128 || !v[i].set && v[i].text != "" {
					t.Errorf("%s %.100q: value of %d bytes, set: %v", name, b, len(v[i].text), v[i].set)
				}
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("%s %.100q: error of %d bytes", name, b, len(err.Error()))
			}
		}
	})
}
