package eslogger

import "hooksnare/pkg/event"

// process reads a process object, which lies below depth open objects.
func (d *Decoder) process(i int, p *Process, depth int) int {
	var seen members
	i, more := d.object(i, depth)
	p.Present = more
	in := depth + 1
	for more && i >= 0 {
		var member int
		if member, i = d.name(processNames, i); i < 0 {
			return i
		}
		if member > 0 && member < processUnused {
			if i = d.once(&seen, member, i); i < 0 {
				return i
			}
		}
		switch member {
		case processToken:
			p.Token, p.HasToken, i = d.token(i, in)
		case processParent:
			p.Parent, _, i = d.token(i, in)
		case processResponsible:
			p.Responsible, _, i = d.token(i, in)
		case processExecutable:
			p.Executable, i = d.file(i, in)
		case processSigningID:
			p.SigningID, i = d.str(i, in)
		case processTeamID:
			p.TeamID, i = d.str(i, in)
		case processCDHash:
			p.CDHash, i = d.str(i, in)
		case processTTY:
			p.TTY, i = d.file(i, in)
		case processFlags:
			p.Flags, _, i = d.unsigned(i, in)
		case processPlatform:
			p.Platform, i = d.bool(i, in)
		case processClient:
			p.IsESClient, i = d.bool(i, in)
		case processPPID:
			p.PPID, i = d.int32(i, in)
		case processOriginalPPID:
			p.OriginalPPID, i = d.int32(i, in)
		case processGroup:
			p.GroupID, i = d.int32(i, in)
		case processSession:
			p.SessionID, i = d.int32(i, in)
		case processStart:
			var t []byte
			if t, i = d.str(i, in); t != nil {
				p.Start = d.time(t)
			}
		default:
			i = skipValue(d.line, i, in)
		}
		if i >= 0 {
			i, more = d.next(i)
		}
	}
	return i
}

// name reads the name of a member and returns which of the known ones it is, 0 for none.
func (d *Decoder) name(known *nameTable, i int) (member, value int) {
	if member, v := known.find(d.ahead, i); member != 0 && d.ahead[v] > ' ' {
		return member, v
	}
	key, i := d.key(i)
	if i < 0 {
		return 0, i
	}
	return known.named(key), i
}

// file reads the path of a file object; nil when it is absent.
func (d *Decoder) file(i, depth int) (path []byte, next int) {
	var seen members
	i, more := d.object(i, depth)
	for more && i >= 0 {
		var member int
		if member, i = d.name(fileNames, i); i < 0 {
			return nil, i
		}
		switch member {
		case filePath:
			path, i = d.str(d.once(&seen, 0, i), depth+1)
		case fileStat:
			i = skipStatObject(d.line, i, depth+1)
		default:
			i = skipValue(d.line, i, depth+1)
		}
		if i >= 0 {
			i, more = d.next(i)
		}
	}
	return path, i
}

// token reads an audit token: an object, or the array of its eight words that one beta
// of macOS 26 wrote. Without a pid and a version there is no token. An id of a user or a
// group that is absent or can't be read is None: 0 would be root's.
func (d *Decoder) token(i, depth int) (t event.Token, ok bool, next int) {
	if i >= 0 && i < len(d.line) {
		if d.line[i] == '[' {
			return d.tokenWords(i, depth)
		}
		if t, next, ok := fastToken(d.ahead, i); ok {
			return t, true, next
		}
	}
	return d.slowToken(i, depth)
}

// slowToken reads an audit token that is an object, whatever its members are. Where one of
// them stands twice the line is refused, and not the first or the last believed: whoever
// could write into a line would choose.
func (d *Decoder) slowToken(i, depth int) (t event.Token, ok bool, next int) {
	var seen members
	var hasPID, hasVersion bool
	t = event.Token{AUID: event.None, EUID: event.None, RUID: event.None, EGID: event.None, RGID: event.None}
	i, more := d.object(i, depth)
	for more && i >= 0 {
		var key []byte
		if key, i = d.key(i); i < 0 {
			return t, false, i
		}
		member := tokenNames.named(key)
		if member > 0 {
			if i = d.once(&seen, member, i); i < 0 {
				return t, false, i
			}
		}
		switch member {
		case tokenPID:
			t.PID, hasPID, i = d.signed(i, depth+1)
		case tokenVersion:
			t.Version, hasVersion, i = d.unsigned(i, depth+1)
		case tokenASID:
			t.ASID, _, i = d.unsigned(i, depth+1)
		case tokenAUID:
			t.AUID, i = d.id(i, depth+1)
		case tokenEUID:
			t.EUID, i = d.id(i, depth+1)
		case tokenRUID:
			t.RUID, i = d.id(i, depth+1)
		case tokenEGID:
			t.EGID, i = d.id(i, depth+1)
		case tokenRGID:
			t.RGID, i = d.id(i, depth+1)
		default:
			i = skipValue(d.line, i, depth+1)
		}
		if i >= 0 {
			i, more = d.next(i)
		}
	}
	if !hasPID || !hasVersion {
		return event.Token{}, false, i
	}
	return t, true, i
}

// tokenWords reads the words of an audit token in the kernel's order. An array of
// another length is odd, and so is one with anything but numbers: which word would be
// which?
func (d *Decoder) tokenWords(i, depth int) (t event.Token, ok bool, next int) {
	end := skipValue(d.line, i, depth)
	if end < 0 {
		return t, false, end
	}
	words := [...]*uint32{&t.AUID, &t.EUID, &t.EGID, &t.RUID, &t.RGID, nil, &t.ASID, &t.Version}
	n, odd := 0, d.odd
	whole := true
	for i = skipSpace(d.line, i+1); d.line[i] != ']'; n++ {
		there := true
		switch {
		case n >= len(words):
			i = skipValue(d.line, i, depth+1)
		case words[n] == nil:
			t.PID, there, i = d.signed(i, depth+1)
		default:
			*words[n], there, i = d.unsigned(i, depth+1)
		}
		whole = whole && there
		if i = skipSpace(d.line, i); d.line[i] == ',' {
			i = skipSpace(d.line, i+1)
		}
	}
	if n != len(words) || !whole {
		d.odd = odd + 1
		return event.Token{}, false, end
	}
	return t, true, end
}
