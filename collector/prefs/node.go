package prefs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"syscall"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/plist"
	"hooksnare/pkg/safefile"
)

// Why a file or a folder can't be read as it should.
const (
	aLink      = "a link"
	notFile    = "not a file"
	notFolder  = "not a folder"
	tooLarge   = "too large"
	tooMany    = "too many"
	permission = "permission"
	malformed  = "malformed"
	hostile    = "hostile"
	changing   = "changing"
	noAnswer   = "no answer"
	notThere   = "not there"
	notWatched = "not watched"
	failed     = "error"
)

// problem is what is wrong with a file or a folder; none has an empty reason.
type problem struct {
	path, why, detail string
	found             event.Found
	by                hands
}

// same tells whether nothing new is to be said.
func (p problem) same(o problem) bool {
	return p.path == o.path && p.why == o.why && p.content() == o.content()
}

// content tells the contents of a file apart that can't be read as it should: what it holds
// may be a hook, and so may what it holds next. Of a file that is too large the times tell.
func (p problem) content() event.Found {
	switch f := &p.found; {
	case f.SHA256 != "":
		return event.Found{SHA256: f.SHA256}
	case p.why == tooLarge:
		return event.Found{Size: f.Size, Inode: f.Inode, ModTime: f.ModTime}
	}
	return event.Found{}
}

// outcome is what a look at a file came to.
type outcome struct {
	stands bool // nothing is known of the values: the old ones stand
	vals   values
	found  event.Found // of what holds the values
	by     hands       // of the same moment as the values; of a file that is gone its folder's alone
	bad    problem
}

// node is a file that is looked at. It belongs to the look at its place.
type node struct {
	shown string // its path as a Mac knows it
	host  string // its path here
	name  string // its path below the root, here
	max   int64
	parse func([]byte) (values, error)

	st, target stamp // when last read; target is of what a link leads to
	since      time.Time
	settled    bool // it is the same for longer than a step of its times
	hash       [sha256.Size]byte
	read       bool // hash is of what the last outcome came from
	told       bool
	last       outcome
}

// tries is how often a file that changes under the reader is read anew at once.
const tries = 3

// look looks at the file and tells what is new.
func (l *look) node(n *node) {
	for range tries {
		st, err := l.disk.lstat(n.host)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			n.forget()
			l.tell(n, outcome{by: hands{folder: l.dir}})
			return
		case err != nil:
			l.unread(n, reason(err, n.shown), stamp{})
			return
		}
		target, link := st, problem{}
		if st.is(syscall.S_IFLNK) {
			w, err := l.disk.walk(n.name, maxElements)
			to, _ := l.disk.readlink(n.host)
			link = problem{path: n.shown, why: aLink, detail: "leads to " + to, found: st.found(), by: hands{l.disk.holderOf(st), l.dir}}
			if err != nil {
				link.detail += ": " + reason(err, "").detail
				l.unread(n, link, st)
				return
			}
			target = w.st
			l.target = w.real
		}
		if n.settled && n.st == st && n.target == target {
			return
		}
		if l.content(n, st, target, link) {
			return
		}
	}
	l.unread(n, problem{path: n.shown, why: changing, detail: "changes while it is read", found: n.st.found()}, stamp{})
}

// content reads a file that target was seen of. false says that it is another by now.
func (l *look) content(n *node, st, target stamp, link problem) bool {
	if bad := unfit(n, target); bad.why != "" {
		l.unread(n, link.or(bad), st)
		return true
	}
	if !l.afford(target.size) {
		return true // in a later look
	}
	if n.st != st || n.target != target {
		n.st, n.target, n.since, n.settled = st, target, l.at, false
	}
	// Only what was read a step of the clock after the first look is sure to be the last.
	settled := l.at.Sub(n.since) >= l.granule
	b, info, err := l.disk.read(n.name, n.max)
	switch {
	case errors.Is(err, safefile.ErrChanged), errors.Is(err, fs.ErrNotExist), err == nil && !target.read(info):
		n.st = stamp{}
		return false
	case err != nil:
		l.unread(n, link.or(reason(err, n.shown)), st)
		return true
	}
	n.settled = settled
	l.reads++
	l.bytes += uint64(len(b))
	hash := sha256.Sum256(b)
	by := hands{l.disk.holder(info.UID), l.folderOf(link)}
	if n.told && n.read && n.hash == hash && n.last.bad.why == link.why && n.last.by == by {
		return true
	}
	n.hash, n.read = hash, true
	o := outcome{bad: link, found: foundOf(info, hash), by: by}
	if o.vals, err = n.parse(b); err != nil {
		bad := reason(err, n.shown)
		bad.found, bad.by = o.found, by
		o = outcome{stands: true, bad: link.or(bad), by: by}
	}
	l.tell(n, o)
	return true
}

// read reports whether what was read is the file that was looked at, in the hands it was in.
func (s stamp) read(i safefile.FileVersion) bool { return s.ino == i.Inode && s.uid == i.UID }

// folderOf returns the owner of the folder that the file just read lies in. Of a link it is
// that of the folder it leads to, unless only root can write there.
func (l *look) folderOf(link problem) holder {
	if link.why == "" {
		return l.dir
	}
	st, err := l.disk.lstat(l.disk.root + cmp.Or(parent(l.target), "/"))
	if err != nil {
		return l.dir
	}
	if h := l.disk.holderOf(st); h.uid != 0 {
		return h
	}
	return l.dir
}

// unfit says why a file is not read at all.
func unfit(n *node, st stamp) problem {
	switch {
	case !st.is(syscall.S_IFREG):
		return problem{path: n.shown, why: notFile, detail: st.kind(), found: st.found()}
	case st.size > n.max:
		return problem{path: n.shown, why: tooLarge, detail: "larger than is read", found: st.found()}
	}
	return problem{}
}

// or returns what is wrong with a link, and otherwise what is wrong with the file. Of what a
// link leads to only the kind of the trouble is told: it may be a file whose content is nobody's
// business.
func (p problem) or(other problem) problem {
	if p.why == "" {
		return other
	}
	p.detail += ": " + other.why
	return p
}

// unread tells that the values can't be known; st is the link's or the file's.
func (l *look) unread(n *node, bad problem, st stamp) {
	n.forget()
	if bad.found == (event.Found{}) && st != (stamp{}) {
		bad.found = st.found()
	}
	bad.by = bad.by.or(hands{l.disk.holderOf(st), l.dir})
	l.tell(n, outcome{stands: true, bad: bad, by: bad.by})
}

// forget has the file read again in the next look.
func (n *node) forget() { n.st, n.target, n.settled, n.read = stamp{}, stamp{}, false, false }

// tell adds an outcome to the news if it is any.
func (l *look) tell(n *node, o outcome) {
	if n.told && o.stands == n.last.stands && o.vals == n.last.vals && o.by == n.last.by && o.bad.same(n.last.bad) {
		return
	}
	n.told, n.last = true, o
	l.news = append(l.news, news{file: n.shown, outcome: o})
}

func foundOf(i safefile.FileVersion, hash [sha256.Size]byte) event.Found {
	mode := uint32(i.Mode.Perm())
	for bit, sys := range map[fs.FileMode]uint32{fs.ModeSetuid: syscall.S_ISUID, fs.ModeSetgid: syscall.S_ISGID, fs.ModeSticky: syscall.S_ISVTX} {
		if i.Mode&bit != 0 {
			mode |= sys
		}
	}
	return event.Found{
		UID: i.UID, GID: i.GID, Mode: mode, Size: i.Size, Inode: i.Inode,
		ModTime: i.ModTime.UTC(), ChangeTime: i.ChangeTime.UTC(), SHA256: hex.EncodeToString(hash[:]),
	}
}

// reason says what an error means.
func reason(err error, at string) problem {
	why := failed
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			why = r.why
			break
		}
	}
	// The path is told apart, and may be the host's here.
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return problem{path: at, why: why, detail: err.Error()}
}

var reasons = []struct {
	err error
	why string
}{
	{fs.ErrPermission, permission},
	{safefile.ErrNotRegular, notFile},
	{safefile.ErrTooLarge, tooLarge},
	{safefile.ErrChanged, changing},
	{syscall.ENOTDIR, notFolder},
	{plist.ErrTooDeep, hostile},
	{plist.ErrTooLarge, hostile},
	{plist.ErrFormat, malformed},
	{plist.ErrMalformed, malformed},
}
