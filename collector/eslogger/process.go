package eslogger

import "hooksnare/pkg/event"

// process reads a process object.
func (d *Decoder) process(i int, p *Process) (next int) {
	next, p.Present = readMembers(d, i, processMembers, p)
	return next
}

var processMembers = newMembers(
	member[Process]{"audit_token", func(d *Decoder, i int, p *Process) (next int) {
		p.Token, p.HasToken, next = d.auditToken(i)
		return next
	}},
	member[Process]{"parent_audit_token", func(d *Decoder, i int, p *Process) (next int) { p.Parent, _, next = d.auditToken(i); return next }},
	member[Process]{"responsible_audit_token", func(d *Decoder, i int, p *Process) (next int) {
		p.Responsible, _, next = d.auditToken(i)
		return next
	}},
	member[Process]{"executable", func(d *Decoder, i int, p *Process) (next int) { p.Executable, next = d.path(i); return next }},
	member[Process]{"signing_id", func(d *Decoder, i int, p *Process) (next int) { p.SigningID, next = d.string(i); return next }},
	member[Process]{"team_id", func(d *Decoder, i int, p *Process) (next int) { p.TeamID, next = d.string(i); return next }},
	member[Process]{"cdhash", func(d *Decoder, i int, p *Process) (next int) { p.CDHash, next = d.string(i); return next }},
	member[Process]{"tty", func(d *Decoder, i int, p *Process) (next int) { p.TTY, next = d.path(i); return next }},
	member[Process]{"codesigning_flags", func(d *Decoder, i int, p *Process) (next int) { p.Flags, _, next = d.uint32(i); return next }},
	member[Process]{"is_platform_binary", func(d *Decoder, i int, p *Process) (next int) { p.Platform, next = d.bool(i); return next }},
	member[Process]{"is_es_client", func(d *Decoder, i int, p *Process) (next int) { p.IsESClient, next = d.bool(i); return next }},
	member[Process]{"ppid", func(d *Decoder, i int, p *Process) (next int) { p.PPID, next = d.int32(i); return next }},
	member[Process]{"original_ppid", func(d *Decoder, i int, p *Process) (next int) { p.OriginalPPID, next = d.int32(i); return next }},
	member[Process]{"group_id", func(d *Decoder, i int, p *Process) (next int) { p.GroupID, next = d.int32(i); return next }},
	member[Process]{"session_id", func(d *Decoder, i int, p *Process) (next int) { p.SessionID, next = d.int32(i); return next }},
	member[Process]{"start_time", func(d *Decoder, i int, p *Process) (next int) { p.Start, next = d.time(i); return next }},
)

// fileObject is what is read of a file.
type fileObject struct{ path []byte }

var fileMembers = newMembers(
	member[fileObject]{"path", func(d *Decoder, i int, f *fileObject) (next int) { f.path, next = d.string(i); return next }},
)

// path reads the path of a file object; nil when it is absent.
func (d *Decoder) path(i int) ([]byte, int) {
	d.file = fileObject{}
	next, _ := readMembers(d, i, fileMembers, &d.file)
	return d.file.path, next
}

// tokenObject is an audit token as it is being read.
type tokenObject struct {
	event.Token
	hasPID, hasVersion bool
}

var tokenMembers = newMembers(
	member[tokenObject]{"pid", func(d *Decoder, i int, t *tokenObject) (next int) { t.PID, t.hasPID, next = d.signed(i); return next }},
	member[tokenObject]{"pidversion", func(d *Decoder, i int, t *tokenObject) (next int) {
		t.Version, t.hasVersion, next = d.uint32(i)
		return next
	}},
	member[tokenObject]{"asid", func(d *Decoder, i int, t *tokenObject) (next int) { t.ASID, _, next = d.uint32(i); return next }},
	member[tokenObject]{"auid", func(d *Decoder, i int, t *tokenObject) (next int) { t.AUID, next = d.id(i); return next }},
	member[tokenObject]{"euid", func(d *Decoder, i int, t *tokenObject) (next int) { t.EUID, next = d.id(i); return next }},
	member[tokenObject]{"ruid", func(d *Decoder, i int, t *tokenObject) (next int) { t.RUID, next = d.id(i); return next }},
	member[tokenObject]{"egid", func(d *Decoder, i int, t *tokenObject) (next int) { t.EGID, next = d.id(i); return next }},
	member[tokenObject]{"rgid", func(d *Decoder, i int, t *tokenObject) (next int) { t.RGID, next = d.id(i); return next }},
)

// auditToken reads an audit token: an object, or the array of its eight words that one
// beta of macOS 26 wrote. Without a pid and a version there is no token. An id of a user
// or a group that is absent or can't be read is None: 0 would be root's.
func (d *Decoder) auditToken(i int) (t event.Token, ok bool, next int) {
	if i < len(d.line) && d.line[i] == '[' {
		return d.tokenWords(i)
	}
	d.token = tokenObject{Token: event.Token{AUID: event.None, EUID: event.None, RUID: event.None, EGID: event.None, RGID: event.None}}
	next, _ = readMembers(d, i, tokenMembers, &d.token)
	if !d.token.hasPID || !d.token.hasVersion {
		return event.Token{}, false, next
	}
	return d.token.Token, true, next
}

// tokenWords reads the words of an audit token in the kernel's order. An array of
// another length is odd, and so is one with anything but numbers: which word would be
// which?
func (d *Decoder) tokenWords(i int) (t event.Token, ok bool, next int) {
	words := [...]*uint32{&t.AUID, &t.EUID, &t.EGID, &t.RUID, &t.RGID, nil, &t.ASID, &t.Version}
	n, odd, whole := 0, d.odd, true
	next = d.array(i, func(i int) int {
		isNumber := true
		switch {
		case n >= len(words):
			i = d.skip(i)
		case words[n] == nil:
			t.PID, isNumber, i = d.signed(i)
		default:
			*words[n], isNumber, i = d.uint32(i)
		}
		whole = whole && isNumber
		n++
		return i
	})
	if next >= 0 && (n != len(words) || !whole) {
		d.odd = odd + 1
		return event.Token{}, false, next
	}
	return t, true, next
}
