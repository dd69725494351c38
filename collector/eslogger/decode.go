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

// Decoder reads one line after the other, in one pass and without allocation once its
// buffers have grown. The zero value is ready. It is for one goroutine.
type Decoder struct {
	line  []byte
	ahead []byte // the line and what comes after it, for the fast readers to look at
	arena []byte // text that differs from the line's bytes
	odd   int
	why   string // reason of a refusal that is not about syntax
}

// NewDecoder returns a decoder.
func NewDecoder() *Decoder { return new(Decoder) }

// arenaKept, in bytes, and wordsKept, in elements, bound what stays allocated after a
// long line.
const (
	arenaKept = 1 << 20
	wordsKept = 4096
)

// reuse empties a list, and lets go of what it pointed to.
func reuse(list [][]byte) [][]byte {
	if cap(list) > wordsKept {
		return nil
	}
	clear(list)
	return list[:0]
}

// Decode reads one line into m, every field of which it sets. The whole line is checked:
// one that encoding/json would reject is rejected, and so is one that names a member
// twice of those that are read, nests deeper than 64, or is not an object. A member of an
// unexpected type is left out and counted in m.Odd. After an error m is undefined.
func (d *Decoder) Decode(line []byte, m *Message) error {
	*m = Message{Args: reuse(m.Args), Env: reuse(m.Env)}
	d.line, d.ahead, d.odd, d.why = line, line, 0, ""
	if n := len(line); cap(line) > n+fastRoom && line[:n+1][n] == '\n' {
		d.ahead = line[:n+1+fastRoom] // no fast reader goes past the line break
	}
	d.arena = d.arena[:0]
	if need := len(line) + 8; cap(d.arena) < need || cap(d.arena) > arenaKept && need < arenaKept {
		d.arena = make([]byte, 0, max(need, 8<<10))
	}
	i := skipSpace(line, 0)
	if i >= len(line) || line[i] != '{' {
		return d.fail(^i)
	}
	if i = d.message(i, m); i < 0 {
		return d.fail(i)
	}
	if i = skipSpace(line, i); i != len(line) {
		return d.fail(^i)
	}
	m.Odd = d.odd
	return nil
}

func (d *Decoder) fail(i int) error {
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

// message reads the outermost object.
func (d *Decoder) message(i int, m *Message) int {
	var seen members
	i, more := d.open(i)
	for more && i >= 0 {
		var member int
		if member, i = d.name(topNames, i); i < 0 {
			return i
		}
		if member > 0 && member < topUnused {
			if i = d.once(&seen, member, i); i < 0 {
				return i
			}
		}
		switch member {
		case topProcess:
			i = d.process(i, &m.Process, 1)
		case topEvent:
			i = d.event(i, m)
		case topTime:
			var t []byte
			if t, i = d.str(i, 1); t != nil {
				m.Time = d.time(t)
			}
		case topGlobalSeq:
			m.GlobalSeq, m.HasGlobal, i = d.uint(i, 1)
		case topSeq:
			m.Seq, _, i = d.uint(i, 1)
		case topVersion:
			m.Version, i = d.small(i, 1)
		case topSchema:
			m.Schema, i = d.small(i, 1)
		case topAction:
			i = d.action(i)
		default:
			i = skipValue(d.line, i, 1)
		}
		if i >= 0 {
			i, more = d.next(i)
		}
	}
	return i
}

// What eslogger writes of the action of a notification, in either order.
const (
	notified      = `{"result":{"result_type":0,"result":{"auth":0}}}`
	notifiedOther = `{"result":{"result":{"auth":0},"result_type":0}}`
)

// action skips what was decided about a message: of a notification, always the same.
func (d *Decoder) action(i int) int {
	if len(d.line)-i > len(notified) {
		if s := d.line[i : i+len(notified)]; string(s) == notified || string(s) == notifiedOther {
			return i + len(notified)
		}
	}
	return skipValue(d.line, i, 1)
}

// event reads the object whose one member names the kind of event.
func (d *Decoder) event(i int, m *Message) int {
	i, more := d.object(i, 1)
	for more && i >= 0 {
		var key []byte
		if key, i = d.key(i); i < 0 {
			return i
		}
		kind := event.Other
		switch string(key) {
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
			m.Kind, m.EventName = kind, key
		}
		switch kind {
		case event.ExecKind:
			i = d.exec(i, m)
		case event.Fork:
			i = d.fork(i, m)
		case event.Exit:
			i = d.exit(i, m)
		default:
			i = skipValue(d.line, i, 2)
		}
		if i >= 0 {
			i, more = d.next(i)
		}
	}
	return i
}

func (d *Decoder) exec(i int, m *Message) int {
	var seen members
	i, more := d.object(i, 2)
	for more && i >= 0 {
		var member int
		if member, i = d.name(execNames, i); i < 0 {
			return i
		}
		if member > 0 && member < execUnused {
			if i = d.once(&seen, member, i); i < 0 {
				return i
			}
		}
		switch member {
		case execTarget:
			i = d.process(i, &m.Target, 3)
		case execArgs:
			m.Args, m.HasArgs, i = d.strings(i, m.Args, nil)
		case execEnv:
			m.Env, _, i = d.strings(i, m.Env, allowed)
		case execCWD:
			m.WorkingDirectory, i = d.file(i, 3)
		case execScript:
			m.Script, i = d.file(i, 3)
		case execDyldPath:
			m.DyldPath, i = d.str(i, 3)
		default:
			i = skipValue(d.line, i, 3)
		}
		if i >= 0 {
			i, more = d.next(i)
		}
	}
	return i
}

func (d *Decoder) fork(i int, m *Message) int {
	var seen members
	i, more := d.object(i, 2)
	for more && i >= 0 {
		var key []byte
		if key, i = d.key(i); i < 0 {
			return i
		}
		if string(key) == "child" {
			i = d.process(d.once(&seen, 0, i), &m.Target, 3)
		} else {
			i = skipValue(d.line, i, 3)
		}
		if i >= 0 {
			i, more = d.next(i)
		}
	}
	return i
}

func (d *Decoder) exit(i int, m *Message) int {
	var seen members
	i, more := d.object(i, 2)
	for more && i >= 0 {
		var key []byte
		if key, i = d.key(i); i < 0 {
			return i
		}
		if string(key) == "stat" {
			m.ExitStatus, i = d.int32(d.once(&seen, 0, i), 3)
		} else {
			i = skipValue(d.line, i, 3)
		}
		if i >= 0 {
			i, more = d.next(i)
		}
	}
	return i
}

// allowed tells whether an environment entry may be kept: HOME and its override say
// which preferences a tool means, SUDO_* who asked, DYLD_* what was injected. All other
// names may hold secrets.
func allowed(entry []byte) bool {
	for _, name := range [...]string{"HOME=", "CFFIXED_USER_HOME=", "SUDO_USER=", "SUDO_UID=", "DYLD_"} {
		if len(entry) >= len(name) && string(entry[:len(name)]) == name {
			return true
		}
	}
	return false
}
