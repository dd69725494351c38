package eslogger

import (
	"time"

	"hooksnare/pkg/event"
)

// Message is one decoded line of eslogger. Its byte slices point into the line and
// into the decoder: they hold until the next call of Decode and must be copied to
// be kept.
type Message struct {
	Kind      event.Kind
	EventName []byte    // the one key of "event": exec, fork, exit, create, ...
	Time      time.Time // zero when absent or not a time
	Seq       uint64
	GlobalSeq uint64
	HasGlobal bool // GlobalSeq was there
	Version   int  // 6 for macOS 13.0; never a reason to refuse a line
	Schema    int

	Process Process // exec: the image before; fork: the parent; exit: the one that ended
	Target  Process // exec: the image after; fork: the child

	Args             [][]byte // exec
	HasArgs          bool
	Env              [][]byte // exec: allow-listed names only
	WorkingDirectory []byte   // exec
	Script           []byte   // exec
	DyldPath         []byte   // exec
	ExitStatus       int32    // exit

	// Odd counts members that this decoder reads and that were of another type than
	// known: the line was used without them. It is how a new eslogger shows itself.
	Odd int
}

// Process is the process object of a message. A field is zero when the line had
// none, or null.
type Process struct {
	Present      bool
	Token        event.Token
	HasToken     bool
	Parent       event.Token
	Responsible  event.Token
	PPID         int32
	OriginalPPID int32
	GroupID      int32
	SessionID    int32
	Executable   []byte
	SigningID    []byte
	TeamID       []byte
	CDHash       []byte
	TTY          []byte
	Flags        uint32
	Platform     bool
	IsESClient   bool
	Start        time.Time
}
