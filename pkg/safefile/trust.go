package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// ErrInsecure is what every *InsecureError is.
var ErrInsecure = errors.New("insecure file")

// InsecureError is the error of a file that someone other than root could have written or, if
// it is a secret, read.
type InsecureError struct {
	Path string
	Why  string // what is wrong and what to do about it
}

// Error names the path, the reason and the remedy.
func (e *InsecureError) Error() string { return e.Path + ": " + e.Why }

// Is reports whether target is ErrInsecure.
func (e *InsecureError) Is(target error) bool { return target == ErrInsecure }

// ReadTrusted is [Disk.ReadTrusted] on the machine's own disk.
func ReadTrusted(name string, limit int64, owners ...uint32) ([]byte, FileVersion, error) {
	return Disk{}.ReadTrusted(name, limit, owners...)
}

// readGuarded reads a file that gives others none of the permissions in deny.
func (d Disk) readGuarded(name string, limit int64, owners []uint32, deny fs.FileMode, remedy, why string) ([]byte, FileVersion, error) {
	f, err := d.openParent(name, owners)
	if err != nil {
		return nil, FileVersion{}, err
	}
	defer f.Close()
	v, err := f.lstat()
	if err != nil {
		return nil, FileVersion{}, err
	}
	b, v, err := read(name, v, limit, func() (*os.File, error) { return f.open(openFlags, 0) })
	switch {
	case err != nil:
		return nil, FileVersion{}, err
	case !isTrusted(v.UID, f.owners):
		return nil, FileVersion{}, &InsecureError{name, fmt.Sprintf("owned by user %d: run chown %s", v.UID, shellQuote(ownerName(), name))}
	case v.Mode.Perm()&deny != 0:
		return nil, FileVersion{}, &InsecureError{name, fmt.Sprintf("%s (mode %04o): run chmod %s", why, v.Mode.Perm(), shellQuote(remedy, name))}
	case v.Nlink > 1:
		return nil, FileVersion{}, secondName(name, v.Nlink)
	}
	return b, v, nil
}

// isTrusted reports whether a user may own what the agent trusts.
func isTrusted(uid uint32, owners []uint32) bool {
	return uid == 0 || int(uid) == os.Geteuid() || slices.Contains(owners, uid)
}

// ownerName names the user that should own a file.
func ownerName() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	return fmt.Sprint(os.Geteuid())
}

// shellQuote shows the arguments of a command as a shell takes them.
func shellQuote(args ...string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-"
	for i, a := range args {
		if a == "" || strings.Trim(a, plain) != "" {
			args[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(args, " ")
}
