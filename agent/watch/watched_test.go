package watch

import (
	"os"
	"path/filepath"
	"testing"

	"hooksnare/collector/prefs"
)

// TestIsWatched holds that a file is said to be watched where a scan finds a hook in it, and nowhere else.
func TestIsWatched(t *testing.T) {
	const plist = `<plist version="1.0"><dict><key>LoginHook</key><string>/x</string></dict></plist>`
	for _, folder := range []string{
		"/private/var/root/Library/Preferences", "/Library/Preferences", "/Library/Managed Preferences", "/Library/Managed Preferences/ann",
		"/Users/ann/Library/Preferences", "/Users/Shared/Library/Preferences", "/private/tmp", "/Users/ann/Library",
	} {
		for _, name := range []string{
			"com.apple.loginwindow.plist", "loginwindow.plist", ".GlobalPreferences.plist", "com.apple.dock.plist",
			"ByHost/com.apple.loginwindow.01234567-89AB-CDEF-0123-456789ABCDEF.plist", "ByHost/.GlobalPreferences.0123456789ab.plist",
			"ByHost/com.apple.dock.0123456789ab.plist",
		} {
			root, file := t.TempDir(), filepath.Join(folder, name)
			if err := os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, file), []byte(plist), 0o644); err != nil {
				t.Fatal(err)
			}
			found, _, err := prefs.Scan(root, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := IsWatched(file), len(found) > 0; got != want {
				t.Errorf("%s: watched %v, found by a scan %v", file, got, want)
			}
		}
	}
}
