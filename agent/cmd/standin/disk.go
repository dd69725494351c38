package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hooksnare/collector/eslogger/synthetic"
)

const (
	admin  = 0
	user   = 501
	staff  = 20
	folder = fs.ModeDir | 0o755
	script = "#!/bin/sh\n# A harmless stand-in.\nexit 0\n"

	preferences = "/Library/Preferences"
	home        = synthetic.Home
)

// entry is a folder, a file or a link of the fake disk.
type entry struct {
	path  string
	mode  fs.FileMode
	owner int
	text  string // of a file; where a link points to
}

// disk is a Mac's disk as far as login hooks go. No preferences file has a hook.
var disk = []entry{
	{"/private/var/root" + preferences, folder, admin, ""},
	{"/private/var/root", fs.ModeDir | 0o750, admin, ""},
	{"/private/var/db", folder, admin, ""},
	{"/private/var/log", folder, admin, ""},
	{"/private/var/run", folder, admin, ""},
	{"/private/tmp", fs.ModeDir | fs.ModeSticky | 0o777, admin, ""},
	{"/private/etc", folder, admin, ""},
	{"/var", fs.ModeSymlink, admin, "private/var"},
	{"/tmp", fs.ModeSymlink, admin, "private/tmp"},
	{"/etc", fs.ModeSymlink, admin, "private/etc"},
	{"/usr/bin", folder, admin, ""},
	{preferences, folder, admin, ""},
	{"/Library/Managed Preferences", folder, admin, ""},
	{"/Users/Shared", fs.ModeDir | fs.ModeSticky | 0o777, admin, ""},
	{home, fs.ModeDir | 0o750, user, ""},
	{home + "/Library", fs.ModeDir | 0o700, user, ""},
	{home + preferences, fs.ModeDir | 0o700, user, ""},
	{home + preferences + "/ByHost", fs.ModeDir | 0o700, user, ""},
	{filepath.Dir(synthetic.JamfHook), folder, admin, ""},

	{"/private/var/root" + preferences + "/com.apple.loginwindow.plist", 0o600, admin, plistWith("<key>TALLogoutSavesState</key>\n\t<false/>")},
	{preferences + "/com.apple.loginwindow.plist", 0o644, admin, plistWith("<key>GuestEnabled</key>\n\t<false/>\n\t<key>lastUserName</key>\n\t<string>" + synthetic.User + "</string>")},
	{home + preferences + "/com.apple.loginwindow.plist", 0o600, user, plistWith("<key>TALLogoutSavesState</key>\n\t<true/>")},
	{home + preferences + "/ByHost/com.apple.loginwindow.5EED5EED-0000-4000-8000-000000000001.plist", 0o600, user,
		plistWith("<key>TALAppsToRelaunchAtLogin</key>\n\t<array/>")},
	{synthetic.DemoHook, 0o755, user, script},
	{synthetic.JamfHook, 0o755, admin, script},
	{filepath.Dir(synthetic.JamfHook) + "/logouthook.sh", 0o755, admin, script},
}

func plistWith(body string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	` + body + `
</dict>
</plist>
`
}

// layDisk lays the fake disk in dir, with this program as its eslogger and its
// canary, and returns the path of the eslogger.
func layDisk(dir string, speed float64) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		if err == nil {
			err = fmt.Errorf("%s: not empty", dir)
		}
		return "", err
	}
	r, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer r.Close()
	for _, e := range disk {
		if err := e.create(r); err != nil {
			return "", err
		}
	}
	bin, err := filepath.Abs(filepath.Join(dir, "usr/bin"))
	if err != nil {
		return "", err
	}
	for _, name := range []string{"eslogger", canaryName, defaultsName} {
		if err := placeSelf(filepath.Join(bin, name)); err != nil {
			return "", err
		}
	}
	return filepath.Join(bin, "eslogger"), r.WriteFile("usr/bin/"+speedName, fmt.Append(nil, speed), 0o644)
}

// create makes the entry, and the folders above it.
func (e entry) create(r *os.Root) error {
	name := e.path[1:]
	if e.mode.Type() == fs.ModeSymlink {
		return r.Symlink(e.text, name)
	}
	var err error
	if e.mode.IsDir() {
		err = r.MkdirAll(name, 0o755)
	} else {
		err = r.WriteFile(name, []byte(e.text), 0o600)
	}
	if err != nil {
		return err
	}
	if os.Geteuid() == admin {
		group := admin
		if e.owner == user {
			group = staff
		}
		if err := r.Chown(name, e.owner, group); err != nil {
			return err
		}
	}
	// After the owner, and whatever the umask says.
	return r.Chmod(name, e.mode&(fs.ModePerm|fs.ModeSticky))
}

// placeSelf puts this program at path: a hard link where it can be, else a copy.
func placeSelf(path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if os.Link(self, path) == nil {
		return nil
	}
	program, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	return os.WriteFile(path, program, 0o755)
}
