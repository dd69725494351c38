package safefile

import (
	"errors"
	"fmt"
	"os"
	"path"
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

func foreignOwner(at string, uid uint32) error {
	return &InsecureError{at, fmt.Sprintf("owned by user %d: run chown -h %s", uid, shellQuote(ownerName(), at))}
}

// WritableByOthers reports whether a user other than root (or the one the process runs
// as) could change or replace what name stands for under root, and by which element: the
// first of the root folder, the folders and links on the way and the file itself that such
// a user owns, or that group or others may write. A folder with the sticky bit, such as
// /tmp, counts too. Links are followed as by ReadIn; the path is absolute under root.
//
// It sees owner and mode; access control lists can give more rights than these show.
func WritableByOthers(root, name string) (offending string, writable bool, err error) {
	t, err := OpenTree(root)
	if err != nil {
		return "", false, err
	}
	defer t.Close()
	_, err = PathWalk{Lstat: t.Lstat, Readlink: t.Readlink, Visit: func(s Step) error {
		if !writable && (!isTrusted(s.UID) || s.WritableByOthers()) {
			offending, writable = path.Join("/", s.At), true
		}
		return nil
	}}.Follow(name)
	if writable {
		return offending, true, nil // what is missing below could be put there
	}
	return "", false, err
}

// isTrusted reports whether a user may own what the agent trusts.
func isTrusted(uid uint32) bool { return uid == 0 || int(uid) == os.Geteuid() }

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
