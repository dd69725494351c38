package eslogger

import "hooksnare/pkg/event"

// process reads a process object.
func (d *Decoder) process(i int, p *Process) (next int) {
	next, p.Present = readMembers(d, i, processMembers, p)
	return next
}

var processMembers = newMembers([]member[Process]{
	{"audit_token", func(d *Decoder, i int, p *Process) (next int) {
		p.Token, p.HasToken, next = d.auditToken(i)
		return next
	}},
	{"parent_audit_token", func(d *Decoder, i int, p *Process) (next int) { p.Parent, _, next = d.auditToken(i); return next }},
	{"responsible_audit_token", func(d *Decoder, i int, p *Process) (next int) {
		p.Responsible, _, next = d.auditToken(i)
		return next
	}},
	{"executable", func(d *Decoder, i int, p *Process) (next int) { p.Executable, next = d.path(i); return next }},
	{"signing_id", func(d *Decoder, i int, p *Process) (next int) { p.SigningID, next = d.string(i); return next }},
	{"team_id", func(d *Decoder, i int, p *Process) (next int) { p.TeamID, next = d.string(i); return next }},
	{"cdhash", func(d *Decoder, i int, p *Process) (next int) { p.CDHash, next = d.string(i); return next }},
	{"tty", func(d *Decoder, i int, p *Process) (next int) { p.TTY, next = d.path(i); return next }},
	{"codesigning_flags", func(d *Decoder, i int, p *Process) (next int) { p.Flags, _, next = d.uint32(i); return next }},
	{"is_platform_binary", func(d *Decoder, i int, p *Process) (next int) { p.Platform, next = d.bool(i); return next }},
	{"is_es_client", func(d *Decoder, i int, p *Process) (next int) { p.IsESClient, next = d.bool(i); return next }},
	{"ppid", func(d *Decoder, i int, p *Process) (next int) { p.PPID, next = d.int32(i); return next }},
	{"original_ppid", func(d *Decoder, i int, p *Process) (next int) { p.OriginalPPID, next = d.int32(i); return next }},
	{"group_id", func(d *Decoder, i int, p *Process) (next int) { p.GroupID, next = d.int32(i); return next }},
	{"session_id", func(d *Decoder, i int, p *Process) (next int) { p.SessionID, next = d.int32(i); return next }},
	{"start_time", func(d *Decoder, i int, p *Process) (next int) { p.Start, next = d.time(i); return next }},
}, "cs_validation_category")

// fileObject is what is read of a file.
type fileObject struct{ path []byte }

var fileMembers = newMembers([]member[fileObject]{
	{"path", func(d *Decoder, i int, f *fileObject) (next int) { f.path, next = d.string(i); return next }},
}, "path_truncated", "stat")

// path reads the path of a file object; nil when it is absent.
func (d *Decoder) path(i int) ([]byte, int) {
	d.file = fileObject{}
	next, _ := readMembers(d, i, fileMembers, &d.file)
	return d.file.path, next
}

// tokenMembers are the members of an audit token in the kernel's order.
var tokenMembers = newNames([]string{"auid", "euid", "egid", "ruid", "rgid", "pid", "asid", "pidversion"})

const (
	tokenWords   = 8
	pidWord      = 5
	asidWord     = 6
	versionWord  = 7
	allTokenBits = 1<<tokenWords - 1
)

// auditToken reads an audit token: an object, or the array of its eight words that one
// beta of macOS 26 wrote. Without a pid and a version there is no token. An id of a user
// or a group that is absent or can't be read is None: 0 would be root's.
func (d *Decoder) auditToken(i int) (t event.Token, ok bool, next int) {
	const none = event.None
	words := [tokenWords]uint32{none, none, none, none, none, 0, 0, 0}
	var read uint32 // bits of the words that are there
	if i < len(d.line) && d.line[i] == '[' {
		read, next = d.tokenArray(i, &words)
	} else {
		read, next = d.tokenObject(i, &words)
	}
	if next < 0 || read&(1<<pidWord) == 0 || read&(1<<versionWord) == 0 {
		return event.Token{}, false, next
	}
	return event.Token{
		AUID: words[0], EUID: words[1], EGID: words[2], RUID: words[3], RGID: words[4],
		PID: int32(words[pidWord]), ASID: words[asidWord], Version: words[versionWord],
	}, true, next
}

func (d *Decoder) tokenObject(i int, words *[tokenWords]uint32) (read uint32, next int) {
	var seen uint32
	i, isMember := d.openObject(i)
	for isMember {
		n, at := d.member(i, tokenMembers, &seen)
		if at < 0 {
			return 0, at
		}
		if n < 0 {
			i = d.skip(at)
		} else {
			i = d.tokenWord(at, n, words, &read)
		}
		i, isMember = d.nextMember(i)
	}
	return read, i
}

// tokenArray reads the words of an audit token. An array of another length is odd, and so is
// one with anything but numbers: which word would be which?
func (d *Decoder) tokenArray(i int, words *[tokenWords]uint32) (read uint32, next int) {
	n, odd := 0, d.odd
	next = d.array(i, func(i int) int {
		n++
		if n > tokenWords {
			return d.skip(i)
		}
		return d.tokenWord(i, n-1, words, &read)
	})
	if next >= 0 && (n != tokenWords || read != allTokenBits) {
		d.odd = odd + 1
		return 0, next
	}
	return read, next
}

func (d *Decoder) tokenWord(i, n int, words *[tokenWords]uint32, read *uint32) (next int) {
	var isNumber bool
	if n == pidWord {
		var pid int32
		pid, isNumber, i = d.signed(i)
		words[n] = uint32(pid)
	} else {
		var word uint32
		if word, isNumber, i = d.uint32(i); isNumber {
			words[n] = word
		}
	}
	if isNumber {
		*read |= 1 << n
	}
	return i
}
