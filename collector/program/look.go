package program

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// Look looks at what a hook's value points to on the disk below root, in two seconds at most.
// It is for commands that look once: the agent has an [Examiner].
func Look(root, value string) event.Program { return Examine(root, value, patience).Program }

// see looks at what a value points to, once more if it changed meanwhile.
func see(root, value string, a allowance) Sight {
	s := seeOnce(root, value, a)
	if s.changed {
		again := seeOnce(root, value, allowance{a.until, a.bytes - s.read})
		again.read += s.read
		s = again
	}
	return s
}

func seeOnce(root, value string, a allowance) Sight {
	now := time.Now()
	r, err := os.OpenRoot(orSlash(root))
	if err != nil {
		return Sight{Program: unknown(value, why(err)), unsure: true, Time: now}
	}
	defer r.Close()
	d := newDisk(r, root)
	d.may = a
	s := Sight{Program: event.Program{Value: value}, Time: now}
	where := d.choose(&s.Program)
	c, err := d.fill(&s.Program, where)
	s.Content, s.read, s.changed = c.text, c.read, errors.Is(err, safefile.ErrChanged)
	s.unsure = s.changed || errors.Is(err, errLate) || c.short
	d.judge(&s.Program, where, c)
	s.seen = d.seen
	return s
}

// orSlash names the root folder of the machine itself.
func orSlash(root string) string {
	if root == "" {
		return "/"
	}
	return root
}

// unknown is a program that could not be looked at.
func unknown(value, why string) event.Program {
	p := event.Program{Value: value, Path: firstWord(value), Unread: why}
	p.Arguments = arguments(value, p.Path)
	p.Risks = said(&p)
	return p
}

// choose splits the value at the place where a program is found: the longest path to
// something that is run, else to anything. It notes the shortest that would be run instead.
func (d *disk) choose(p *event.Program) place {
	p.Path = firstWord(p.Value)
	var best place
	var open string
	for i, name := range splits(p.Value) {
		at := d.walk(name)
		if i == 0 || at.rank() > best.rank() || at.rank() == best.rank() && at.exists() {
			p.Path, best = name, at
		}
		if at.file() && p.Shadow == "" {
			p.Shadow = name
		}
		if open == "" {
			open = at.writableBy
		}
	}
	if p.Shadow == p.Path {
		p.Shadow = ""
	}
	p.Arguments = arguments(p.Value, p.Path)
	if p.WritableBy = best.writableBy; !best.exists() {
		p.WritableBy = open // wherever the program would be, there it can be put
	}
	return best
}

// fill notes what is at a place, and reads it if it is a file.
func (d *disk) fill(p *event.Program, at place) (content, error) {
	if at.err != nil || at.at == "" {
		if p.Exists = at.astray; at.astray {
			p.Type = typeOf(fs.ModeSymlink)
		}
		if at.err != nil && !at.missing() {
			p.Unread = why(at.err)
		}
		return content{}, nil
	}
	p.Exists, p.Resolved, p.Type, p.Found = true, path.Join("/", at.at), typeOf(at.info.Mode()), found(at.info)
	if !at.file() {
		return content{}, nil
	}
	c, err := d.read(at)
	if err != nil {
		p.Unread = why(err)
		return content{}, err
	}
	if c.short {
		p.Unread = ShareUsedUp
	}
	p.Kind, p.SHA256, p.Hashed = c.kind, c.sum, c.sum != ""
	p.Shebang = shebang(c.text)
	if !executable(p) {
		c.text = nil
	}
	p.Excerpt = string(c.text[:min(len(c.text), maxExcerpt)])
	p.SigningID, p.TeamID = c.claim.id, c.claim.team
	return c, nil
}

// found takes over what the kernel said of a file.
func found(info fs.FileInfo) event.Found {
	f := event.Found{Mode: modeOf(info.Mode()), Size: info.Size(), ModTime: info.ModTime()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		f.UID, f.GID, f.Inode, f.ChangeTime = s.Uid, s.Gid, s.Ino, changeTime(s)
	}
	return f
}

// modeOf returns permissions with set-user-id, set-group-id and sticky bits as chmod(1)
// counts them.
func modeOf(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		mode |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		mode |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		mode |= 0o1000
	}
	return mode
}

// typeOf names the type of a file as event.Program does.
func typeOf(m fs.FileMode) string {
	switch m.Type() {
	case 0:
		return "file"
	case fs.ModeDir:
		return "directory"
	case fs.ModeSymlink:
		return "link"
	case fs.ModeNamedPipe:
		return "fifo"
	case fs.ModeSocket:
		return "socket"
	}
	return "device"
}

// why says in a few words what went wrong, without the path.
func why(err error) string {
	var e syscall.Errno
	switch {
	case errors.Is(err, safefile.ErrChanged):
		return "changed while it was read"
	case errors.Is(err, syscall.ELOOP):
		return "too many links"
	case errors.As(err, &e):
		return e.Error()
	}
	return err.Error()
}
