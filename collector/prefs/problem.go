package prefs

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

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
	failed     = "error"

	// Of these no scan can report itself.
	noAnswer   = "no answer"
	notThere   = "not there"
	notWatched = "not watched"
	// ShareUsedUp is the reason of an event.Unreadable for a home of which there is more to
	// scan or to report than its share allows; the path is the home.
	ShareUsedUp = "share used up"
)

// problem is what is wrong with a file or a folder; without a reason nothing is.
type problem struct {
	path, why, detail string
	found             event.Found
	by                owners
	content           string  // SHA-256 of what can't be read, which for a link nobody is told
	head              *[]byte // its beginning, until that is reported; nil where nobody may see it
}

// takeHead returns the beginning of what can't be read, once.
func (p *problem) takeHead() (head []byte) {
	if p.head != nil {
		head, *p.head = *p.head, nil
	}
	return head
}

// problemKey tells one problem from another.
type problemKey struct{ path, why string }

func (p *problem) key() problemKey { return problemKey{p.path, p.why} }

// fromScan reports whether scans find such problems.
func (k problemKey) fromScan() bool {
	return k.why != noAnswer && k.why != notThere && k.why != notWatched && k.why != ShareUsedUp
}

// sameAs reports whether there is nothing new to report.
func (p *problem) sameAs(o *problem) bool {
	return p.path == o.path && p.why == o.why && p.contentKey() == o.contentKey()
}

// contentKey tells apart what an unreadable file holds: it may be a hook, and so may what it
// holds next. Of a file that is too large to be looked through its size and times tell.
func (p *problem) contentKey() string {
	if p.content == "" && p.why == tooLarge {
		return fmt.Sprint(p.found.Size, p.found.Inode, p.found.ModTime.UnixNano())
	}
	return p.content
}

// or returns the problem of a link, else that of the file. What is wrong with the file that a
// link leads to is given by its kind alone: its content may be none of the link owner's to see.
func (p problem) or(other problem) problem {
	if p.why == "" {
		return other
	}
	p.detail += ": " + other.why
	p.content = other.content
	return p
}

// problemOf returns what an error means.
func problemOf(err error, path string) problem {
	why := failed
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			why = r.why
			break
		}
	}
	// The path is reported beside it, and may be the host's here.
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return problem{path: path, why: why, detail: err.Error()}
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
	{plist.ErrTrailing, malformed},
}
