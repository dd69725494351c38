package program

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"syscall"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// What event.Program.Unread says where an examination was cut short.
const (
	// NoAnswer: the file system takes too long.
	NoAnswer = "no answer"
	// ShareUsedUp: the owner of the hook has more examined than its share allows.
	ShareUsedUp = "share used up"
)

// patience is how long a file system may take for one program: a network volume, or one
// that a user serves, can keep a process waiting without end.
const patience = 2 * time.Second

// View is what one examination of a program found. The alert that describes the program and
// the watch over it get the same View, so that the watch starts from what the alert says.
// Nothing in it may be changed.
type View struct {
	Program event.Program
	// Script is the program, or what an interpreter is given as the first argument, and Content the first
	// 256 KiB of it if it is a script that can be executed, from the same reading as its hash.
	Script  event.Program
	Content []byte
	Time    time.Time // when the examination began

	seen    []element // nil if nothing was learned
	read    int64     // bytes of files
	changed bool      // something changed during the examination
	unsure  bool      // examine it again, even if no file version changes
}

// isBlank reports whether nothing was learned of the program.
func (v *View) isBlank() bool { return v.Program.Unread != "" && !v.Program.Exists }

// allowance bounds one examination.
type allowance struct {
	until time.Time // nobody waits for the result any longer
	bytes int64     // that are hashed
	most  int64     // of one file
	parts int       // of a program
}

// Examine examines what a hook's value points to on the disk below root, in two seconds at
// most. Program.Unread says what it could not find out. It is for commands that ask
// once: the agent has an [Examiner].
func Examine(root, value string) event.Program {
	return commands.examineBelow(root, Root, value, patience).Program
}

// blankView is an examination that found nothing out.
func blankView(value, why string) View {
	return View{Program: unknownProgram(value, why), Time: time.Now(), unsure: true}
}

// unknownProgram is a program of which nothing could be found out.
func unknownProgram(value, why string) event.Program {
	p := event.Program{Value: value, Path: event.ProgramPath(value), Unread: why}
	p.Arguments = argumentsOf(value, p.Path)
	p.Risks = assessRisks(&p, facts{})
	return p
}

// examine examines what a value points to, once more if it changed meanwhile.
func examine(root, value string, a allowance) View {
	v := examineOnce(root, value, a)
	if v.changed {
		again := examineOnce(root, value, a.without(v.read))
		again.read += v.read
		v = again
	}
	return v
}

func (a allowance) without(read int64) allowance {
	a.bytes -= read
	return a
}

func examineOnce(root, value string, a allowance) View {
	v := View{Program: event.Program{Value: value}, Time: time.Now()}
	d, err := openDisk(root)
	if err != nil {
		return blankView(value, reasonOf(err))
	}
	defer d.tree.Close()
	at := d.chooseProgram(&v.Program)
	c, err := d.describeProgram(&v.Program, at, a)
	v.read, v.changed = c.read, errors.Is(cmp.Or(err, at.err), safefile.ErrChanged)
	v.unsure = errors.Is(err, errNoAnswer) || c.short
	if isExecutable(&v.Program) {
		v.Script, v.Content = v.Program, c.text
	}
	f := d.gatherFacts(&v.Program, at, &c)
	f.tooManyParts = d.addParts(&v, c.text, a)
	v.unsure = v.unsure || v.changed
	v.Program.Risks = assessRisks(&v.Program, f)
	v.seen = d.seen
	return v
}

// chooseProgram splits the value at the place where a program is found: the longest path to
// something that can be run, else to anything. It notes the shortest that would be run instead.
func (d *disk) chooseProgram(p *event.Program) location {
	best := location{err: fs.ErrNotExist}
	var open string
	for i, name := range splitValue(p.Value) {
		at := d.locatePath(name)
		if i == 0 || at.rank() > best.rank() || at.rank() == best.rank() && at.exists() {
			p.Path, best = name, at
		}
		if at.isFile() && p.Shadow == "" {
			p.Shadow = name
		}
		if open == "" {
			open = at.writableBy
		}
	}
	if best.isMissing() {
		p.Path = event.ProgramPath(p.Value)
	}
	if p.Shadow == p.Path {
		p.Shadow = ""
	}
	p.Arguments = argumentsOf(p.Value, p.Path)
	if p.WritableBy = best.writableBy; !best.exists() {
		p.WritableBy = open // wherever the program would be, there it can be put
	}
	return best
}

// describeProgram notes what is at a location, and reads it if it is a file.
func (d *disk) describeProgram(p *event.Program, at location, a allowance) (content, error) {
	if at.err != nil {
		if p.Exists = at.astray; at.astray {
			p.Type = typeOf(fs.ModeSymlink)
		}
		if !at.isMissing() {
			p.Unread = reasonOf(at.err)
		}
		return content{}, nil
	}
	p.Exists, p.Resolved, p.Type = true, path.Join("/", at.At), typeOf(at.Mode)
	p.Found = event.Found{
		UID: at.UID, GID: at.GID, Mode: at.Permissions(), Size: at.Size, Inode: at.Inode, ModTime: at.ModTime, ChangeTime: at.ChangeTime,
	}
	if !at.isFile() {
		return content{}, nil
	}
	c, err := d.read(at, a)
	if err != nil {
		p.Unread = reasonOf(err)
		return content{}, err
	}
	if c.short {
		p.Unread = ShareUsedUp
	}
	p.Kind, p.SHA256, p.Hashed = c.kind, c.sum, c.sum != ""
	p.Shebang = shebangOf(c.text)
	if isExecutable(p) {
		p.Excerpt = string(c.text[:min(len(c.text), maxExcerpt)])
	}
	p.SigningID, p.TeamID = c.claim.id, c.claim.team
	return c, nil
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

// reasonOf describes an error in a few words, without the path.
func reasonOf(err error) string {
	var e syscall.Errno
	switch {
	case errors.Is(err, safefile.ErrChanged):
		return "changed while it was read"
	case errors.Is(err, syscall.ELOOP):
		return "too many links"
	case errors.Is(err, safefile.ErrTooDeep):
		return "more than 64 elements"
	case errors.As(err, &e):
		return e.Error()
	}
	return err.Error()
}
