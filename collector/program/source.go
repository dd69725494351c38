package program

import (
	"errors"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"time"

	"hooksnare/pkg/safefile"
)

// maxSource bounds a file that a command reads: no larger preferences are read.
const maxSource = 2 << 20

var errLater = errors.New("changed after the command began")

// ReadSource returns the content of a regular file below root as a command that began at a time
// finds it. A file that changed after that, or that a link which did leads to, is refused: the
// command may have read something else. Change times tell, which no user can set.
func ReadSource(root, name string, began time.Time) ([]byte, error) {
	d, err := openDisk(filepath.Join("/", root))
	if err != nil {
		return nil, err
	}
	defer d.tree.Close()
	at := d.locatePath(name)
	switch {
	case at.err != nil:
		return nil, at.err
	case !at.isFile():
		return nil, safefile.ErrNotRegular
	case at.Size > maxSource:
		return nil, safefile.ErrTooLarge
	}
	for i := range d.seen {
		if e := &d.seen[i]; !e.version.Mode.IsDir() && e.version.ChangeTime.After(began) {
			return nil, errLater
		}
	}
	f, err := d.tree.Open(at.At, at.FileVersion)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSource))
	if err == nil {
		err = safefile.Unchanged(f, at.FileVersion)
	}
	return b, err
}

// identifier finds the identifier in the properties of a bundle, as XML.
var identifier = regexp.MustCompile(`<key>CFBundleIdentifier</key>\s*<string>([^<]*)</string>`)

// Target returns what a path below root is that a command which began at a time writes to: the path
// without links, or the identifier of the bundle that lies there; "" if that can't be known.
func Target(root, name string, began time.Time) string {
	d, err := openDisk(filepath.Join("/", root))
	if err != nil {
		return ""
	}
	defer d.tree.Close()
	at := d.locatePath(name)
	switch {
	case at.err != nil:
		return ""
	case !at.Mode.IsDir():
		return path.Join("/", at.At)
	}
	b, err := ReadSource(root, path.Join("/", at.At, "Contents/Info.plist"), began)
	if found := identifier.FindSubmatch(b); err == nil && found != nil {
		return string(found[1])
	}
	return ""
}
