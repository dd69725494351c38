package eslogger

import (
	"fmt"

	"hooksnare/pkg/event"
)

// SyntaxError says that a line is not the JSON that eslogger writes.
type SyntaxError struct {
	Offset int // in bytes from the start of the line
	Length int // of the line
	Why    string
}

// Error names the place and the reason, never the text.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("eslogger line: %s at byte %d of %d", e.Why, e.Offset, e.Length)
}

// Decoder reads one line after the other, in one pass and without allocation. The zero
// value is ready. It is for one goroutine.
type Decoder struct {
	line  []byte
	depth int    // objects and arrays open at the current place
	odd   int    // see Message.Odd
	why   string // reason of a refusal that is not about syntax

	file fileObject // that is being read, kept here so that reading it needs no allocation
}

// wordsKept bounds, in elements, the lists that stay allocated after a long line.
const wordsKept = 4096

// reuseList empties a list, and lets go of what it pointed to.
func reuseList(list [][]byte) [][]byte {
	if cap(list) > wordsKept {
		return nil
	}
	clear(list)
	return list[:0]
}

// Decode reads one line into m, every field of which it sets. It decodes escaped text in
// place: m points into the line, whose bytes are of no more use otherwise. The whole line
// is checked: one that encoding/json would reject is rejected, and so is one that names a
// member twice of those that are read, nests deeper than 64, or is not an object. A member
// of an unexpected type is left out and counted in m.Odd. After an error m is undefined.
func (d *Decoder) Decode(line []byte, m *Message) error {
	rest, err := d.decodeFirst(line, m)
	if err == nil && len(rest) > 0 {
		return d.refuse(^(len(line) - len(rest)))
	}
	return err
}

// decodeFirst reads the object with which a text begins, as Decode does, and returns what is behind it
// and its white space.
func (d *Decoder) decodeFirst(line []byte, m *Message) (rest []byte, err error) {
	args, env := reuseList(m.Args), reuseList(m.Env)
	*m = Message{}
	m.Args, m.Env = args, env
	d.line, d.depth, d.odd, d.why = line, 0, 0, ""
	i := skipSpace(line, 0)
	if i >= len(line) || line[i] != '{' {
		return nil, d.refuse(^i)
	}
	if i, _ = readMembers(d, i, messageMembers, m); i < 0 {
		return nil, d.refuse(i)
	}
	m.Odd = d.odd
	return line[skipSpace(line, i):], nil
}

func (d *Decoder) refuse(i int) error {
	e := &SyntaxError{Offset: ^i, Length: len(d.line), Why: d.why}
	switch {
	case e.Why != "":
	case e.Offset >= e.Length:
		e.Why = "text ends too early"
	default:
		e.Why = "not JSON"
	}
	return e
}

// The readers below take the index of a value and return the index after it or, on an
// error, the complement of the offending index, a negative number.

// member is a member of an object that is read into a T.
type member[T any] struct {
	name string
	read func(d *Decoder, i int, to *T) (next int)
}

// members are the members of an object that are read into a T.
type members[T any] struct {
	names *names
	read  []func(d *Decoder, i int, to *T) (next int)
}

// newMembers takes the members that are read, and the names of those that eslogger writes
// beside them.
func newMembers[T any](list []member[T], skipped ...string) *members[T] {
	known := new(members[T])
	var all []string
	for _, m := range list {
		all = append(all, m.name)
		known.read = append(known.read, m.read)
	}
	known.names = newNames(all, skipped...)
	return known
}

// readMembers reads an object into a value, and skips the members that are not known.
func readMembers[T any](d *Decoder, i int, known *members[T], to *T) (next int, hasMembers bool) {
	i, hasMembers = d.openObject(i)
	if !hasMembers {
		return i, false
	}
	var seen uint32
	for hasMembers {
		n, at := d.member(i, known.names, &seen)
		if at < 0 {
			return at, false
		}
		if n < 0 {
			i = d.skip(at)
		} else {
			i = known.read[n](d, at, to)
		}
		if uint(i) < uint(len(d.line)) && d.line[i] == ',' {
			i = skipSpace(d.line, i+1)
		} else if i, hasMembers = d.nextMember(i); i < 0 {
			return i, false
		}
	}
	return i, true
}

// member reads the name of a member and ends at its value; n is its index among the names
// that are read, -1 where it is none of them. It refuses a name that the object has twice:
// readers disagree which of the two counts, and whoever could write into a line must not
// choose for us.
func (d *Decoder) member(i int, known *names, seen *uint32) (n, next int) {
	n, next = known.match(d.line, i)
	if n < 0 {
		var name []byte
		if name, next = d.name(i); next < 0 {
			return -1, next
		}
		n = known.find(name)
	}
	if n >= known.read {
		return -1, next
	}
	if n >= 0 {
		if *seen&(1<<n) != 0 {
			d.why = "a member is there twice"
			return -1, ^next
		}
		*seen |= 1 << n
	}
	return n, next
}

// openObject goes to the first member of an object. null counts as an absent object, any
// other value as odd.
func (d *Decoder) openObject(i int) (next int, hasMembers bool) {
	b := d.line
	if i >= len(b) || b[i] != '{' {
		return d.skipOdd(i), false
	}
	if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1, false
	}
	d.depth++
	return i, true
}

// nextMember goes from the end of a member's value to the next member, or behind the object.
func (d *Decoder) nextMember(i int) (next int, isMember bool) {
	if i < 0 {
		return i, false
	}
	b := d.line
	if i = skipSpace(b, i); i >= len(b) {
		return ^i, false
	}
	switch b[i] {
	case ',':
		return skipSpace(b, i+1), true
	case '}':
		d.depth--
		return i + 1, false
	}
	return ^i, false
}

// name reads a member's name and ends at its value.
func (d *Decoder) name(i int) ([]byte, int) {
	b := d.line
	if i >= len(b) || b[i] != '"' {
		return nil, ^i
	}
	i++
	if end := plainEnd(b, i); len(b)-end >= 2 && b[end] == '"' && b[end+1] == ':' {
		return b[i:end], skipSpace(b, end+2)
	}
	name, i := d.text(i)
	if i < 0 {
		return nil, i
	}
	return name, skipColon(b, i)
}

// skip skips a value, whatever it is.
func (d *Decoder) skip(i int) int { return skipValue(d.line, i, d.depth) }

// skipOdd skips a value of a type that was not expected, unless it is null.
func (d *Decoder) skipOdd(i int) int {
	if i < len(d.line) && d.line[i] != 'n' {
		d.odd++
	}
	return d.skip(i)
}

var messageMembers = newMembers([]member[Message]{
	{"process", func(d *Decoder, i int, m *Message) int { return d.process(i, &m.Process) }},
	{"event", (*Decoder).event},
	{"time", func(d *Decoder, i int, m *Message) (next int) { m.Time, next = d.time(i); return next }},
	{"global_seq_num", func(d *Decoder, i int, m *Message) (next int) {
		m.GlobalSeq, m.HasGlobal, next = d.uint64(i)
		return next
	}},
	{"seq_num", func(d *Decoder, i int, m *Message) (next int) { m.Seq, _, next = d.uint64(i); return next }},
	{"version", func(d *Decoder, i int, m *Message) (next int) { m.Version, next = d.int(i); return next }},
	{"schema_version", func(d *Decoder, i int, m *Message) (next int) { m.Schema, next = d.int(i); return next }},
}, "event_type", "action", "action_type", "mach_time", "thread")

// event reads the object whose one member names the kind of event.
func (d *Decoder) event(i int, m *Message) int {
	i, isMember := d.openObject(i)
	for isMember {
		var name []byte
		if name, i = d.name(i); i < 0 {
			return i
		}
		kind := event.Other
		switch string(name) {
		case "exec":
			kind = event.ExecKind
		case "fork":
			kind = event.Fork
		case "exit":
			kind = event.Exit
		}
		if kind != event.Other && m.Kind != event.Other {
			d.why = "two events in one line"
			return ^i
		}
		if m.Kind == event.Other {
			m.Kind, m.EventName = kind, name
		}
		switch kind {
		case event.ExecKind:
			i, _ = readMembers(d, i, execMembers, m)
		case event.Fork:
			i, _ = readMembers(d, i, forkMembers, m)
		case event.Exit:
			i, _ = readMembers(d, i, exitMembers, m)
		default:
			i = d.skip(i)
		}
		i, isMember = d.nextMember(i)
	}
	return i
}

var execMembers = newMembers([]member[Message]{
	{"target", func(d *Decoder, i int, m *Message) int { return d.process(i, &m.Target) }},
	{"args", func(d *Decoder, i int, m *Message) (next int) {
		m.Args, m.HasArgs, next = d.strings(i, m.Args, nil)
		return next
	}},
	{"env", func(d *Decoder, i int, m *Message) (next int) {
		m.Env, _, next = d.strings(i, m.Env, isAllowed)
		return next
	}},
	{"cwd", func(d *Decoder, i int, m *Message) (next int) { m.WorkingDirectory, next = d.path(i); return next }},
	{"script", func(d *Decoder, i int, m *Message) (next int) { m.Script, next = d.path(i); return next }},
	{"dyld_exec_path", func(d *Decoder, i int, m *Message) (next int) { m.DyldPath, next = d.string(i); return next }},
}, "last_fd", "fds", "image_cputype", "image_cpusubtype", "entitlements")

var forkMembers = newMembers([]member[Message]{
	{"child", func(d *Decoder, i int, m *Message) int { return d.process(i, &m.Target) }},
})

var exitMembers = newMembers([]member[Message]{
	{"stat", func(d *Decoder, i int, m *Message) (next int) { m.ExitStatus, next = d.int32(i); return next }},
})

// isAllowed reports whether an environment entry may be kept: HOME and its override say
// which preferences a tool means, SUDO_* who asked, DYLD_* what was injected. All other
// names may hold secrets.
func isAllowed(entry []byte) bool {
	for _, name := range [...]string{"HOME=", "CFFIXED_USER_HOME=", "SUDO_USER=", "SUDO_UID=", "DYLD_"} {
		if len(entry) >= len(name) && string(entry[:len(name)]) == name {
			return true
		}
	}
	return false
}
