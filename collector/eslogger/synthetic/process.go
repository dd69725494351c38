package synthetic

import (
	"path"

	"hooksnare/pkg/event"
)

// Cred is who a process runs as.
type Cred struct{ EUID, RUID, EGID, RGID uint32 }

// The two users that everything runs as.
var (
	AsRoot = Cred{}
	AsUser = Cred{EUID: userID, RUID: userID, EGID: staff, RGID: staff}
)

// Spec says what an exec runs. What is left out is as a shell would have it.
type Spec struct {
	Path     string   // of the image, resolved
	Args     []string // nil: the last element of Path
	Env      []string // nil: as before the exec
	CWD      string   // "": as before the exec
	Script   string   // interpreter file, of a directly started script
	DyldPath string   // path as given to exec; "": Path
	As       *Cred    // of a set-user-id program; nil: as before the exec

	// The signature. Without any of them programs of the system volume are Apple's
	// own and all others signed ad hoc.
	SigningID string
	TeamID    string
	Flags     uint32
	Platform  bool
	Unsigned  bool
}

// Proc is a process of a Host.
type Proc struct {
	state
	host     *Host
	up       *Proc // its parent; nil for launchd
	blame    *Proc // the responsible process; nil when it is the process itself
	children int
	ended    bool
	jobs     bool // an interactive shell: each command gets its own group
	cwd      string
	env      []string
}

// PID returns the process id.
func (p *Proc) PID() int32 { return p.token.PID }

// Key returns pid and pidversion of the image it runs now.
func (p *Proc) Key() event.Key { return p.token.Key() }

// Token returns its audit token.
func (p *Proc) Token() event.Token { return p.token }

// Parent returns the process that started it, or launchd once that has ended; nil
// for launchd.
func (p *Proc) Parent() *Proc { return p.up }

// Become changes who p runs as, as setuid(2) does: no event tells of it.
func (p *Proc) Become(c Cred) {
	p.token.EUID, p.token.RUID, p.token.EGID, p.token.RGID = c.EUID, c.RUID, c.EGID, c.RGID
}

// snapshot returns p as it is now.
func (p *Proc) snapshot() *state {
	s := p.state
	s.responsible = p.token
	if p.blame != nil {
		s.responsible = p.blame.token
	}
	if p.up != nil {
		s.parent, s.ppid = p.up.token, p.up.token.PID
	}
	if s.tty != nil {
		// A terminal's times move with its use and are kept in microseconds.
		now := p.host.clock / 1000 * 1000
		s.tty.mtime, s.tty.atime = now, now
	}
	return &s
}

// Launchd returns pid 1.
func (h *Host) Launchd() *Proc { return h.launchd }

// Fork starts a child of parent with the next free pid.
func (h *Host) Fork(parent *Proc) *Proc {
	for h.live[h.nextPID] != nil {
		h.stepPID()
	}
	pid := h.nextPID
	h.stepPID()
	return h.ForkPID(parent, pid)
}

func (h *Host) stepPID() {
	if h.nextPID++; h.nextPID > lastPID {
		h.nextPID = 100
	}
}

// ForkPID starts a child of parent with a pid of the caller's choice.
func (h *Host) ForkPID(parent *Proc, pid int32) *Proc {
	if parent.ended {
		h.fail("fork of pid %d, which has ended", parent.PID())
	}
	if h.live[pid] != nil {
		h.fail("fork to pid %d, which is running", pid)
	}
	h.tick()
	p := &Proc{state: parent.state, host: h, up: parent, blame: parent.blame, cwd: parent.cwd, env: parent.env}
	p.token.PID, p.token.Version = pid, h.version()
	p.originalPPID = parent.PID()
	p.start = h.clock
	if p.blame == nil && parent != h.launchd {
		p.blame = parent
	}
	parent.children++
	h.live[pid] = p
	h.emit(event.Fork, parent.snapshot(), func() object {
		return object{{"fork", object{{"child", h.enc.process(p.snapshot())}}}}
	})
	return p
}

func (h *Host) version() uint32 {
	h.nextVersion++
	return h.nextVersion
}

// Exec makes p run another program.
func (h *Host) Exec(p *Proc, s Spec) {
	if p.ended {
		h.fail("exec of pid %d, which has ended", p.PID())
	}
	h.tick()
	if p.up != nil && p.up.jobs && p.group == p.up.group {
		p.group = p.PID()
	}
	before := p.snapshot()
	p.image = newImage(&s)
	p.token.Version = h.version()
	p.jobs = false
	if s.As != nil {
		p.Become(*s.As)
	}
	if s.CWD != "" {
		p.cwd = s.CWD
	}
	if s.Env != nil {
		p.env = s.Env
	}
	if s.Args == nil {
		s.Args = []string{path.Base(s.Path)}
	}
	if s.DyldPath == "" {
		s.DyldPath = s.Path
	}
	x := execution{
		args: s.Args, env: p.env, dyldPath: s.DyldPath,
		cwd: newFile(p.cwd, modeFolder), script: newFile(s.Script, modeProgram),
	}
	if h.rng.IntN(4) == 0 {
		h.nextPipe++
		x.pipe = h.nextPipe
	}
	h.emit(event.ExecKind, before, func() object { return object{{"exec", h.enc.exec(&x, p.snapshot())}} })
}

// Exit ends p with a status as wait(2) reports it: the exit code times 256, or the
// number of a signal. Its children become launchd's.
func (h *Host) Exit(p *Proc, status int32) {
	if p.ended || p == h.launchd {
		h.fail("exit of pid %d, which can't end", p.PID())
		return
	}
	h.tick()
	h.emit(event.Exit, p.snapshot(), func() object { return object{{"exit", object{{"stat", status}}}} })
	p.ended = true
	delete(h.live, p.PID())
	p.up.children--
	if p.children == 0 {
		return
	}
	for _, c := range h.live {
		if c.up == p {
			c.up = h.launchd
			h.launchd.children++
		}
	}
}

// Run is a command from start to end: fork, exec and exit. It returns the process,
// which has ended.
func (h *Host) Run(parent *Proc, s Spec) *Proc {
	p := h.Start(parent, s)
	h.Exit(p, 0)
	return p
}

// Start is fork and exec.
func (h *Host) Start(parent *Proc, s Spec) *Proc {
	p := h.Fork(parent)
	h.Exec(p, s)
	return p
}

// Adopt returns a process that ran before the stream began. Its pid must be free.
func (h *Host) Adopt(parent *Proc, pid int32, s Spec) *Proc {
	var p *Proc
	h.Unseen(func() {
		p = h.ForkPID(parent, pid)
		h.Exec(p, s)
	})
	return p
}
