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

// InsecureError tells of a file that someone other than root could have written or, if
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
func ReadTrusted(path string, max int64, owners ...uint32) ([]byte, Info, error) {
	return Disk{}.ReadTrusted(path, max, owners...)
}

// ReadSecret is [Disk.ReadSecret] on the machine's own disk.
func ReadSecret(path string, max int64, owners ...uint32) ([]byte, Info, error) {
	return Disk{}.ReadSecret(path, max, owners...)
}

// readGuarded reads a file that gives others none of the permissions in deny.
func (d Disk) readGuarded(path string, max int64, owners []uint32, deny fs.FileMode, remedy, why string) ([]byte, Info, error) {
	p, err := d.parent(path, owners)
	if err != nil {
		return nil, Info{}, err
	}
	defer p.close()
	b, i, err := read(path, max, p.lstat, p.open)
	switch {
	case err != nil:
		return nil, Info{}, err
	case !trusted(i.UID, p.owners):
		return nil, Info{}, &InsecureError{path, fmt.Sprintf("owned by user %d: run chown %s", i.UID, shellQuote(ownerName(), path))}
	case i.Mode.Perm()&deny != 0:
		return nil, Info{}, &InsecureError{path, fmt.Sprintf("%s (mode %04o): run chmod %s", why, i.Mode.Perm(), shellQuote(remedy, path))}
	case i.Nlink > 1:
		return nil, Info{}, secondName(path, i.Nlink)
	}
	return b, i, nil
}

// trusted reports whether a user may own what the agent trusts.
func trusted(uid uint32, owners []uint32) bool {
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
