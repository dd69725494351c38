package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"hooksnare/agent/config"
	"hooksnare/detect"
	"hooksnare/pkg/safefile"
)

// maxProgram bounds a hook's program that is hashed, in bytes.
const maxProgram = 32 << 20

// pins holds what exceptions ask of a hook's program, and looks at the disk for it.
type pins struct {
	root    string
	require map[string]config.Require // by exception
}

func newPins(root string, list []config.Exception) *pins {
	p := &pins{root: root, require: map[string]config.Require{}}
	if p.root == "" {
		p.root = "/"
	}
	for _, x := range list {
		if !x.Require.IsZero() {
			p.require[x.ID] = x.Require
		}
	}
	return p
}

// check is the detect.Pin of a disk.
func (p *pins) check(exception string, r *detect.Record) (why string, held, checked bool) {
	want := p.require[exception]
	if r.Fact == nil || !r.Fact.HasValue {
		return "the command does not show the hook's program", false, true
	}
	why = p.program(r.Fact.Value, want)
	return why, why == "", true
}

// program returns what about a hook's program is not as required, "" for nothing.
func (p *pins) program(value string, want config.Require) string {
	if !strings.HasPrefix(value, "/") {
		return fmt.Sprintf("the program %q has no absolute path", clipTo(value, wordBytes))
	}
	content, info, err := safefile.ReadIn(p.root, value, maxProgram)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the program is missing"
	case err != nil:
		return "the program can't be read: " + err.Error()
	}
	if want.Owner != "" && !p.owns(want.Owner, info.UID) {
		return fmt.Sprintf("the program belongs to user %d, not to %s", info.UID, want.Owner)
	}
	if want.NotWritableByOthers {
		at, writable, err := safefile.WritableByOthers(p.root, value)
		if err != nil {
			return "the program's folders can't be looked at: " + err.Error()
		}
		if writable {
			return fmt.Sprintf("others than root can write %q", at)
		}
	}
	if len(want.SHA256) > 0 {
		sum := sha256.Sum256(content)
		if got := hex.EncodeToString(sum[:]); !slices.Contains(want.SHA256, got) {
			return "the program's SHA-256 is " + got
		}
	}
	if want.TeamID != "" {
		return "this version can't read the team id of a program" // TeamID pins hold for no one until it can
	}
	if shadow := p.shadowed(value); shadow != "" {
		return fmt.Sprintf("%q is there, which an unquoted %q runs instead", shadow, value)
	}
	return ""
}

// shadowed returns a file that would be run in place of a path with spaces if the value
// were split at its spaces, "" without one.
func (p *pins) shadowed(value string) string {
	for i, c := range value {
		if c != ' ' {
			continue
		}
		if _, _, err := safefile.ReadIn(p.root, value[:i], maxProgram); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, safefile.ErrNotRegular) {
			return value[:i]
		}
	}
	return ""
}

// owns reports whether the wanted owner is the user with that id. Under a root folder
// that stands for a disk, whoever owns the folder plays root.
func (p *pins) owns(owner string, uid uint32) bool {
	if n, err := strconv.ParseUint(owner, 10, 32); err == nil {
		return uint32(n) == uid
	}
	if owner == "root" {
		return uid == 0 || p.root != "/" && uid == ownerOf(p.root)
	}
	if p.root != "/" {
		return false // its users are not this machine's
	}
	u, err := user.Lookup(owner)
	return err == nil && u.Uid == strconv.FormatUint(uint64(uid), 10)
}

func ownerOf(path string) uint32 {
	if st, err := os.Stat(path); err == nil {
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			return sys.Uid
		}
	}
	return 0
}
