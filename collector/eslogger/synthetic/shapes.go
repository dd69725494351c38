package synthetic

import "hooksnare/pkg/event"

// The message versions that brought a new member.
const (
	version13_3 = 7  // macOS 13.3
	version26   = 10 // macOS 26
	version27   = 11 // macOS 27
)

// message is one line.
type message struct {
	kind    event.Kind
	time    int64
	mach    uint64
	thread  uint64
	seq     uint64
	global  uint64
	process *state
	target  *state     // fork, exec
	exec    *execution // exec
	status  int32      // exit
}

// state is a process at one instant.
type state struct {
	token        event.Token
	parent       event.Token
	responsible  event.Token
	ppid         int32
	originalPPID int32
	group        int32
	session      int32
	start        int64
	image        *image
	tty          *file
}

// execution is what an exec says beside the two images.
type execution struct {
	args     []string
	env      []string
	cwd      *file
	script   *file
	dyldPath string
	pipe     uint64 // the pipe that standard output is; 0 for none
	image    *image
}

// descriptor is one open file of an exec.
type descriptor struct {
	fd   int
	pipe uint64
}

// The numbers of Apple's es_event_type_t.
var eventTypes = [...]int64{event.ExecKind: 9, event.Fork: 11, event.Exit: 15}

var messageShape = shape[message]{
	{"schema_version", 0, func(e *encoder, _ *message) { e.int(1) }},
	{"version", 0, func(e *encoder, _ *message) { e.int(int64(e.version)) }},
	{"time", 0, func(e *encoder, m *message) { e.nanos(m.time) }},
	{"mach_time", 0, func(e *encoder, m *message) { e.uint(m.mach) }},
	{"seq_num", 0, func(e *encoder, m *message) { e.uint(m.seq) }},
	{"global_seq_num", 0, func(e *encoder, m *message) { e.uint(m.global) }},
	{"thread", 0, func(e *encoder, m *message) { threadShape.append(e, m) }},
	{"event_type", 0, func(e *encoder, m *message) { e.int(eventTypes[m.kind]) }},
	{"action_type", 0, func(e *encoder, _ *message) { e.int(1) }},
	{"action", 0, func(e *encoder, m *message) { actionShape.append(e, m) }},
	{"process", 0, func(e *encoder, m *message) { processShape.append(e, m.process) }},
	{"event", 0, writeEvent},
}

var threadShape = shape[message]{
	{"thread_id", 0, func(e *encoder, m *message) { e.uint(m.thread) }},
}

var actionShape = shape[message]{
	{"result", 0, func(e *encoder, m *message) { resultShape.append(e, m) }},
}

var resultShape = shape[message]{
	{"result_type", 0, func(e *encoder, _ *message) { e.int(0) }},
	{"result", 0, func(e *encoder, _ *message) { e.raw(`{"auth":0}`) }},
}

func writeEvent(e *encoder, m *message) {
	switch m.kind {
	case event.Fork:
		e.raw(`{"fork":{"child":`)
		processShape.append(e, m.target)
	case event.ExecKind:
		e.raw(`{"exec":`)
		execShape.append(e, m)
		e.raw("}")
		return
	case event.Exit:
		e.raw(`{"exit":{"stat":`)
		e.int(int64(m.status))
	}
	e.raw("}}")
}

var execShape = shape[message]{
	{"target", 0, func(e *encoder, m *message) { processShape.append(e, m.target) }},
	{"args", 0, func(e *encoder, m *message) { e.strings(m.exec.args) }},
	{"env", 0, func(e *encoder, m *message) { e.strings(m.exec.env) }},
	{"cwd", 0, func(e *encoder, m *message) { e.file(m.exec.cwd) }},
	{"script", 0, func(e *encoder, m *message) { e.file(m.exec.script) }},
	{"last_fd", 0, func(e *encoder, _ *message) { e.int(2) }},
	{"fds", 0, writeDescriptors},
	{"image_cputype", 0, func(e *encoder, _ *message) { e.int(cpuTypeARM64) }},
	{"image_cpusubtype", 0, func(e *encoder, m *message) { e.int(m.exec.image.cpuSubtype()) }},
	{"dyld_exec_path", version13_3, func(e *encoder, m *message) { e.string(m.exec.dyldPath) }},
	{"entitlements", version27, func(e *encoder, m *message) { entitlements(e, m.exec.image) }},
}

var processShape = shape[state]{
	{"audit_token", 0, func(e *encoder, s *state) { e.token(&s.token) }},
	{"parent_audit_token", 0, func(e *encoder, s *state) { e.token(&s.parent) }},
	{"responsible_audit_token", 0, func(e *encoder, s *state) { e.token(&s.responsible) }},
	{"ppid", 0, func(e *encoder, s *state) { e.int(int64(s.ppid)) }},
	{"original_ppid", 0, func(e *encoder, s *state) { e.int(int64(s.originalPPID)) }},
	{"group_id", 0, func(e *encoder, s *state) { e.int(int64(s.group)) }},
	{"session_id", 0, func(e *encoder, s *state) { e.int(int64(s.session)) }},
	{"start_time", 0, func(e *encoder, s *state) { e.micros(s.start) }},
	{"executable", 0, func(e *encoder, s *state) { e.file(s.image.file) }},
	{"signing_id", 0, func(e *encoder, s *state) { e.text(s.image.signingID) }},
	{"team_id", 0, func(e *encoder, s *state) { e.text(s.image.teamID) }},
	{"cdhash", 0, func(e *encoder, s *state) { e.string(s.image.cdHash) }},
	{"codesigning_flags", 0, func(e *encoder, s *state) { e.uint(uint64(s.image.flags)) }},
	{"is_platform_binary", 0, func(e *encoder, s *state) { e.bool(s.image.platform) }},
	{"is_es_client", 0, func(e *encoder, _ *state) { e.bool(false) }},
	{"tty", 0, func(e *encoder, s *state) { e.file(s.tty) }},
	{"cs_validation_category", version26, func(e *encoder, s *state) { e.int(s.image.category()) }},
}

var tokenShape = shape[event.Token]{
	{"pid", 0, func(e *encoder, t *event.Token) { e.int(int64(t.PID)) }},
	{"pidversion", 0, func(e *encoder, t *event.Token) { e.uint(uint64(t.Version)) }},
	{"auid", 0, func(e *encoder, t *event.Token) { e.uint(uint64(t.AUID)) }},
	{"euid", 0, func(e *encoder, t *event.Token) { e.uint(uint64(t.EUID)) }},
	{"ruid", 0, func(e *encoder, t *event.Token) { e.uint(uint64(t.RUID)) }},
	{"egid", 0, func(e *encoder, t *event.Token) { e.uint(uint64(t.EGID)) }},
	{"rgid", 0, func(e *encoder, t *event.Token) { e.uint(uint64(t.RGID)) }},
	{"asid", 0, func(e *encoder, t *event.Token) { e.uint(uint64(t.ASID)) }},
}

// token writes an audit token as an object, or as the array that a beta of macOS
// 26 wrote.
func (e *encoder) token(t *event.Token) {
	if !e.arrayTokens {
		tokenShape.append(e, t)
		return
	}
	for i, n := range [...]uint64{
		uint64(t.AUID), uint64(t.EUID), uint64(t.EGID), uint64(t.RUID),
		uint64(t.RGID), uint64(t.PID), uint64(t.ASID), uint64(t.Version),
	} {
		e.b = append(e.b, "[,,,,,,,"[i])
		e.uint(n)
	}
	e.b = append(e.b, ']')
}

var fileShape = shape[file]{
	{"path", 0, func(e *encoder, f *file) { e.string(f.path) }},
	{"path_truncated", 0, func(e *encoder, _ *file) { e.bool(false) }},
	{"stat", 0, func(e *encoder, f *file) { statShape.append(e, f) }},
}

// file writes a file, or null where there is none.
func (e *encoder) file(f *file) {
	if f == nil {
		e.raw("null")
		return
	}
	fileShape.append(e, f)
}

var statShape = shape[file]{
	{"st_dev", 0, func(e *encoder, f *file) { e.int(f.dev) }},
	{"st_ino", 0, func(e *encoder, f *file) { e.uint(f.ino) }},
	{"st_mode", 0, func(e *encoder, f *file) { e.int(f.mode) }},
	{"st_nlink", 0, func(e *encoder, f *file) { e.int(f.nlink) }},
	{"st_uid", 0, func(e *encoder, f *file) { e.int(f.uid) }},
	{"st_gid", 0, func(e *encoder, f *file) { e.int(f.gid) }},
	{"st_rdev", 0, func(e *encoder, f *file) { e.int(f.rdev) }},
	{"st_size", 0, func(e *encoder, f *file) { e.int(f.size) }},
	{"st_blocks", 0, func(e *encoder, f *file) { e.int((f.size + 511) / 512) }},
	{"st_blksize", 0, func(e *encoder, f *file) { e.int(f.blksize) }},
	{"st_flags", 0, func(e *encoder, f *file) { e.int(f.flags) }},
	{"st_gen", 0, func(e *encoder, _ *file) { e.int(0) }},
	{"st_atimespec", 0, func(e *encoder, f *file) { e.nanos(f.atime) }},
	{"st_mtimespec", 0, func(e *encoder, f *file) { e.nanos(f.mtime) }},
	{"st_ctimespec", 0, func(e *encoder, f *file) { e.nanos(f.mtime) }},
	{"st_birthtimespec", 0, func(e *encoder, f *file) { e.nanos(f.birth) }},
}

var plainDescriptor = shape[descriptor]{
	{"fd", 0, func(e *encoder, d *descriptor) { e.int(int64(d.fd)) }},
	{"fdtype", 0, func(e *encoder, _ *descriptor) { e.int(1) }}, // vnode
}

var pipeDescriptor = shape[descriptor]{
	{"fd", 0, func(e *encoder, d *descriptor) { e.int(int64(d.fd)) }},
	{"fdtype", 0, func(e *encoder, _ *descriptor) { e.int(6) }}, // pipe
	{"pipe", 0, func(e *encoder, d *descriptor) {
		e.raw(`{"pipe_id":`)
		e.uint(d.pipe)
		e.raw("}")
	}},
}

func writeDescriptors(e *encoder, m *message) {
	for i := range 3 {
		e.b = append(e.b, "[,,"[i])
		d := descriptor{fd: i}
		if i == 1 && m.exec.pipe != 0 {
			d.pipe = m.exec.pipe
			pipeDescriptor.append(e, &d)
			continue
		}
		plainDescriptor.append(e, &d)
	}
	e.b = append(e.b, ']')
}
