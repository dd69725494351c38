package prefs

import "testing"

// FuzzRecord reads what may be an account: each home that it names is one that may be scanned.
func FuzzRecord(f *testing.F) {
	for _, home := range []string{"/Volumes/Big/eve", "/Users/ann", "/var/root", "/dev/null", "../x", "/", "/a/../../b", "/x\x00y", ""} {
		f.Add([]byte(binary(f, map[string]any{"home": []any{home, home}})))
	}
	f.Add([]byte(`<plist><dict><key>home</key><string>/Volumes/Big/eve/</string></dict></plist>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		homes, err := parseRecord(content)
		if err != nil && len(homes) > 0 {
			t.Errorf("parseRecord(%q): got %q beside the error %v", content, homes, err)
		}
		for _, home := range homes {
			if home != canonicalPath(home) || CheckHome(home) != nil || home == rootHome || isListedHome(home) {
				t.Errorf("parseRecord(%q): got the home %q, want one that may be scanned and is not anyway", content, home)
			}
		}
	})
}
