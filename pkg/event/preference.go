package event

import "time"

// Change is the value of a key of a preferences file that is not what it was.
type Change struct {
	File  string  // as a Mac knows it, without links: /private/var/root/Library/Preferences/...
	Scope string  // root, system, user, byhost, managed, global, ttys
	Key   string  // LoginHook, LogoutHook, EnableMCXLoginScripts, MCXScriptTrust
	Old   *string // nil: it was not there
	New   *string // nil: it is not there any more
	Since Since
	Time  time.Time // when it was seen
	Found Found     // the file that holds it; zero if there is none any more
	// Uncertain says that the file can't be read as it should, or not in one way alone: New only
	// seems to be there.
	Uncertain bool

	// Who can write the file, beside root, at the moment when it was read. Below another root
	// folder than / its owner plays root: that id is given as 0.
	Home        string // the home folder it lies in, as a Mac knows it; "" for root's, the computer's and managed places
	Owner       uint32 // of the file, of a file that is gone when it was last seen; None if never known
	FolderOwner uint32 // of its folder; of a link, that of the folder it leads to if that is not root's; None if not known
}

// PreferenceKey is a key of a preferences file.
type PreferenceKey struct{ File, Key string }

// PreferenceKey returns where the change is.
func (c *Change) PreferenceKey() PreferenceKey { return PreferenceKey{c.File, c.Key} }

// Since says what a change is a difference to.
type Since uint8

const (
	SinceSeen  Since = iota // to what the agent saw a moment ago
	SinceStop               // to what it saw before it was stopped
	SinceNever              // to nothing: it is the first look there ever was
)

// Found is what a file was when it was read.
type Found struct {
	UID, GID   uint32
	Mode       uint32 // permission bits
	Size       int64  // bytes
	Inode      uint64
	ModTime    time.Time
	ChangeTime time.Time
	SHA256     string // of the content, lower-case hex
}

// Unreadable is a preferences file, or a folder of them, that can't be read as it should.
type Unreadable struct {
	Path   string
	Why    string // malformed, hostile, a link, not a file, too large, permission, no answer, ...
	Detail string
	On     bool // false: it can be read again
	Since  time.Time
	Until  time.Time // zero while it is on
	Found  Found     // as far as known
	Head   []byte    // the beginning of the content, as it begins to be unreadable; nil where that is nobody's to see
	Again  bool      // it was reported before the agent was stopped

	Home               string // as in Change
	Owner, FolderOwner uint32 // as in Change, of what lies at Path
}

// Program is what a hook points to, as it was looked at.
type Program struct {
	Value      string // the hook's value
	Path       string // the program in it, as it stands there
	Arguments  string // the rest of the value, "" without
	Resolved   string // the path without links, "" if there is nothing
	Exists     bool
	Type       string // file, directory, link, fifo, socket, device; "" if it does not exist
	Found             // of the file
	Kind       string // script, mach-o, empty, data: what the content is
	Shebang    string // the interpreter line's program and argument, "" without
	Excerpt    string // the first bytes of a text, as they are
	Hashed     bool   // false: too large, or it could not be read; SHA256 is "" then
	Unread     string // why it could not be read, "" if it was
	TeamID     string // of its signature, as the file claims; "" without
	SigningID  string
	Risks      []string // see package program
	WritableBy string   // the first element of the path that others than root can change, "" for none
	Shadow     string   // a file that would be run instead if the value were split at an earlier space, "" for none

	Parts     []Program // files and folders beside it that it runs what is in, by path; nil if nobody looked
	Unwatched []string  // programs that its script names and that are none of these
}

// ProgramChange is a program of a hook that is not what it was.
type ProgramChange struct {
	Value    string
	What     []string // content, owner, mode, replaced, appeared, vanished, writable, shadowed, parts
	Old, New Program
	Since    Since
	Time     time.Time
}
