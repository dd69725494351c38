package synthetic

import (
	"math/rand/v2"
	"strconv"
	"time"
	"unicode/utf8"

	"hooksnare/pkg/event"
)

// The message versions that brought a new member.
const (
	version13_3 = 7  // macOS 13.3
	version26   = 10 // macOS 26
	version27   = 11 // macOS 27
)

// encoder writes one line. Its buffer is kept between lines.
type encoder struct {
	b           []byte
	order       *rand.Rand // decides the order of members
	version     int
	arrayTokens bool
}

// object is a JSON object. eslogger writes its members in an order that differs from object to
// object, and so does the encoder.
type object []member

type member struct {
	key   string
	value any // nil, bool, an integer, text, string, or a list or object of these
}

// text is a string, or null for an empty one: eslogger has no empty team id.
type text string

func (e *encoder) write(v any) {
	switch v := v.(type) {
	case nil:
		e.b = append(e.b, "null"...)
	case text:
		if v == "" {
			e.write(nil)
		} else {
			e.string(string(v))
		}
	case string:
		e.string(v)
	case bool:
		e.b = strconv.AppendBool(e.b, v)
	case int:
		e.b = strconv.AppendInt(e.b, int64(v), 10)
	case int32:
		e.b = strconv.AppendInt(e.b, int64(v), 10)
	case int64:
		e.b = strconv.AppendInt(e.b, v, 10)
	case uint32:
		e.b = strconv.AppendUint(e.b, uint64(v), 10)
	case uint64:
		e.b = strconv.AppendUint(e.b, v, 10)
	case []string:
		writeList(e, v)
	case []uint32:
		writeList(e, v)
	case []object:
		writeList(e, v)
	case object:
		e.order.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		e.b = append(e.b, '{')
		for i, m := range v {
			if i > 0 {
				e.b = append(e.b, ',')
			}
			e.b = append(append(append(e.b, '"'), m.key...), '"', ':')
			e.write(m.value)
		}
		e.b = append(e.b, '}')
	}
}

func writeList[T any](e *encoder, list []T) {
	e.b = append(e.b, '[')
	for i, v := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.write(v)
	}
	e.b = append(e.b, ']')
}

// string writes s as eslogger does: slashes escaped, other characters as they are, a byte that is
// not UTF-8 as U+FFFD.
func (e *encoder) string(s string) {
	e.b = append(e.b, '"')
	for _, r := range s {
		switch r {
		case '"', '\\', '/':
			e.b = append(e.b, '\\', byte(r))
		case '\b':
			e.b = append(e.b, `\b`...)
		case '\f':
			e.b = append(e.b, `\f`...)
		case '\n':
			e.b = append(e.b, `\n`...)
		case '\r':
			e.b = append(e.b, `\r`...)
		case '\t':
			e.b = append(e.b, `\t`...)
		default:
			if r < 0x20 {
				const hex = "0123456789abcdef"
				e.b = append(e.b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
			} else {
				e.b = utf8.AppendRune(e.b, r)
			}
		}
	}
	e.b = append(e.b, '"')
}

// nanos and micros are times, given in nanoseconds since 1970, as the event's own time and as a
// process's start time are written.
func nanos(t int64) string  { return time.Unix(0, t).UTC().Format("2006-01-02T15:04:05.000000000Z") }
func micros(t int64) string { return time.Unix(0, t).UTC().Format("2006-01-02T15:04:05.000000Z") }

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

func (e *encoder) process(s *state) object {
	o := object{
		{"audit_token", e.token(&s.token)},
		{"parent_audit_token", e.token(&s.parent)},
		{"responsible_audit_token", e.token(&s.responsible)},
		{"ppid", s.ppid},
		{"original_ppid", s.originalPPID},
		{"group_id", s.group},
		{"session_id", s.session},
		{"start_time", micros(s.start)},
		{"executable", s.image.file.object()},
		{"signing_id", text(s.image.signingID)},
		{"team_id", text(s.image.teamID)},
		{"cdhash", s.image.cdHash},
		{"codesigning_flags", s.image.flags},
		{"is_platform_binary", s.image.platform},
		{"is_es_client", false},
		{"tty", s.tty.object()},
	}
	if e.version >= version26 {
		o = append(o, member{"cs_validation_category", s.image.category()})
	}
	return o
}

// token is an audit token as an object, or as the array that a beta of macOS 26 wrote.
func (e *encoder) token(t *event.Token) any {
	if e.arrayTokens {
		return []uint32{t.AUID, t.EUID, t.EGID, t.RUID, t.RGID, uint32(t.PID), t.ASID, t.Version}
	}
	return object{
		{"pid", t.PID}, {"pidversion", t.Version}, {"auid", t.AUID}, {"euid", t.EUID},
		{"ruid", t.RUID}, {"egid", t.EGID}, {"rgid", t.RGID}, {"asid", t.ASID},
	}
}

// object is null where there is no file.
func (f *file) object() any {
	if f == nil {
		return nil
	}
	return object{{"path", f.path}, {"path_truncated", false}, {"stat", object{
		{"st_dev", f.dev}, {"st_ino", f.ino}, {"st_mode", f.mode}, {"st_nlink", f.nlink},
		{"st_uid", f.uid}, {"st_gid", f.gid}, {"st_rdev", f.rdev}, {"st_size", f.size},
		{"st_blocks", (f.size + 511) / 512}, {"st_blksize", f.blksize}, {"st_flags", f.flags}, {"st_gen", 0},
		{"st_atimespec", nanos(f.atime)}, {"st_mtimespec", nanos(f.mtime)},
		{"st_ctimespec", nanos(f.mtime)}, {"st_birthtimespec", nanos(f.birth)},
	}}}
}

// execution is what an exec says beside the two images.
type execution struct {
	args, env   []string
	cwd, script *file
	dyldPath    string
	pipe        uint64 // the pipe that standard output is; 0 for none
}

func (e *encoder) exec(x *execution, target *state) object {
	const vnode, pipe = 1, 6
	fds := make([]object, 3)
	for i := range fds {
		fds[i] = object{{"fd", i}, {"fdtype", vnode}}
	}
	if x.pipe != 0 {
		fds[1] = object{{"fd", 1}, {"fdtype", pipe}, {"pipe", object{{"pipe_id", x.pipe}}}}
	}
	o := object{
		{"target", e.process(target)},
		{"args", x.args},
		{"env", x.env},
		{"cwd", x.cwd.object()},
		{"script", x.script.object()},
		{"last_fd", 2},
		{"fds", fds},
		{"image_cputype", cpuTypeARM64},
		{"image_cpusubtype", target.image.cpuSubtype()},
	}
	if e.version >= version13_3 {
		o = append(o, member{"dyld_exec_path", x.dyldPath})
	}
	if e.version >= version27 {
		o = append(o, member{"entitlements", target.image.entitlements()})
	}
	return o
}
