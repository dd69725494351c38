// Package event holds what collectors observe: facts about processes, without
// opinion. Its values are plain data that never change once handed out, so they
// may be kept, shared and read from any goroutine.
package event

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Key identifies one image of one process on one boot. A pid is reused and a
// process changes its image at every exec; pid and pidversion together do neither.
type Key struct {
	PID     int32
	Version uint32
}

// None is the value of a user or group id that is not set (auid of a daemon).
const None = ^uint32(0)

// Token is an audit token: who a process is to the kernel.
type Token struct {
	PID     int32
	Version uint32 // pidversion
	AUID    uint32 // the login user, None without one
	EUID    uint32
	RUID    uint32
	EGID    uint32
	RGID    uint32
	ASID    uint32 // audit session
}

// Key returns the identity part of the token.
func (t Token) Key() Key { return Key{t.PID, t.Version} }

// Code-signing flags, as in the kernel's cs_blobs.h.
const (
	CSValid   = 0x1
	CSAdhoc   = 0x2
	CSRuntime = 0x10000
	CSSigned  = 0x20000000
)

// Image is the program a process runs. Images are shared between processes.
type Image struct {
	Executable string // resolved path
	SigningID  string // as the signature claims; "" without one
	TeamID     string
	CDHash     string // upper-case hex as observed
	Flags      uint32 // code-signing flags
	Platform   bool   // signed by Apple as part of the system
}

// Name returns the last element of the executable's path.
func (i *Image) Name() string {
	if n := strings.LastIndexByte(i.Executable, '/'); n >= 0 {
		return i.Executable[n+1:]
	}
	return i.Executable
}

// Signed reports whether it has a signature.
func (i *Image) Signed() bool { return i.Flags&CSSigned != 0 }

// Trusted approximates what a look at the signature's certificates would say: the kernel
// holds it for valid, and it is Apple's or a team's, not ad hoc.
func (i *Image) Trusted() bool {
	return i.Flags&CSValid != 0 && i.Flags&CSAdhoc == 0 && (i.Platform || i.TeamID != "")
}

// Exec is what a process was started with. A forked child shares its parent's.
type Exec struct {
	Args             []string
	ArgsCount        int      // the real number, also when Args was cut
	Env              []string // NAME=value, of few names that hold no secrets
	WorkingDirectory string
	Script           string // interpreter file of a directly started script
	DyldPath         string // path as given to exec; may be relative
	Time             time.Time
}

// Getenv returns the value of an environment variable that was kept, "" without one.
func (e *Exec) Getenv(name string) string {
	for _, entry := range e.Env {
		if value, ok := strings.CutPrefix(entry, name); ok && strings.HasPrefix(value, "=") {
			return value[1:]
		}
	}
	return ""
}

// Size returns the bytes of arguments and environment.
func (e *Exec) Size() int {
	n := 0
	for _, list := range [...][]string{e.Args, e.Env} {
		for _, s := range list {
			n += len(s)
		}
	}
	return n
}

// Head returns a copy that holds no more than the first n bytes of the arguments, and none
// of the environment.
func (e *Exec) Head(n int) *Exec {
	out := *e
	out.Args, out.Env = nil, nil
	for _, arg := range e.Args {
		if n <= 0 {
			break
		}
		end := min(len(arg), n)
		for end > 0 && end < len(arg) && !utf8.RuneStart(arg[end]) {
			end--
		}
		out.Args = append(out.Args, strings.Clone(arg[:end]))
		n -= max(len(arg), 1)
	}
	return &out
}

// Bounded returns e itself where its texts take at most n bytes, and otherwise its Head.
func (e *Exec) Bounded(n int) *Exec {
	if e.Size() <= n {
		return e
	}
	return e.Head(n)
}

// CommandLine returns the arguments joined by one space, as ECS has it.
func (e *Exec) CommandLine() string { return strings.Join(e.Args, " ") }

// Process is one image of one process.
type Process struct {
	Token        Token
	Parent       Key // zero when not known
	Responsible  Key // zero when not known
	PPID         int32
	OriginalPPID int32
	GroupID      int32
	SessionID    int32
	Start        time.Time // zero when not known
	TTY          string
	Image        *Image // never nil
	Exec         *Exec  // nil when its exec was not seen
}

// Key returns the identity of the process.
func (p *Process) Key() Key { return p.Token.Key() }

// User returns the id of the user that a process acts for: who logged in, also behind
// sudo, or else who started it.
func (p *Process) User() uint32 {
	if p.Token.AUID != None {
		return p.Token.AUID
	}
	return p.Token.RUID
}

// Name returns the name of the program it runs.
func (p *Process) Name() string { return p.Image.Name() }

// Kind says what happened to a process.
type Kind uint8

// The kinds of events. Other stands for any event that is decoded but not used.
const (
	Other Kind = iota
	Fork
	ExecKind
	Exit
)

// String returns the name eslogger uses.
func (k Kind) String() string {
	switch k {
	case Fork:
		return "fork"
	case ExecKind:
		return "exec"
	case Exit:
		return "exit"
	}
	return "other"
}

// Event is one thing that happened to one process.
type Event struct {
	Kind      Kind
	Time      time.Time // when the kernel saw it
	Seq       uint64    // per kind of event and stream
	GlobalSeq uint64    // per stream
	Version   int       // of the Endpoint Security message

	Process    *Process // exec: the image after; fork: the child; exit: the one that ended
	Previous   *Image   // exec: the image before; nil when not known
	Parent     *Process // nil when never seen
	ExitStatus int32    // exit: as wait(2) reports it
}
