package program

import (
	"errors"
	"math"
	"time"

	"hooksnare/pkg/event"
)

// What event.Program.Unread says where an examination was cut short.
const (
	// NoAnswer: the file system takes too long.
	NoAnswer = "no answer"
	// ShareUsedUp: the owner of the hook has more examined than its share allows.
	ShareUsedUp = "share used up"
)

var errLate = errors.New(NoAnswer)

// patience is how long a file system may take for one program: a network volume, or one
// that a user serves, can keep a process waiting for ever.
const patience = 2 * time.Second

// Sight is what one examination of a program found, and all that it came by on the way. It
// can be handed on, so that whoever tells of the program and whoever watches it start from
// the same look. Nothing in it may be changed.
type Sight struct {
	Program event.Program
	// Content is the first 256 KiB of the program if it is a script that can be executed,
	// from the same reading as its hash.
	Content []byte
	Time    time.Time // when the examination began

	seen    []element // nil if nothing was learned
	read    int64     // bytes of files
	changed bool      // something changed while it was looked at
	unsure  bool      // it is worth another look, whatever lstat says
}

// allowance bounds one examination.
type allowance struct {
	until time.Time // to read on after that is of no use
	bytes int64     // of a file that is hashed
}

// ample is an allowance of all there can be.
func ample(limit time.Duration) allowance {
	return allowance{time.Now().Add(limit), math.MaxInt64}
}

// blank is an examination that found nothing out.
func blank(value, why string) Sight {
	return Sight{Program: unknown(value, why), Time: time.Now(), unsure: true}
}

// commands bounds the examinations of commands that look once, those that nobody waits for
// any more included: each keeps a thread. The agent's have pools of their own.
var commands = make(chan struct{}, 64)

// Examine looks at what a hook's value points to on the disk below root. It takes no longer
// than the limit; what it could not find out is said in Program.Unread, and never an error.
func Examine(root, value string, limit time.Duration) Sight {
	s, _, ok := answer(commands, limit, func() Sight { return see(root, value, ample(limit)) })
	if !ok {
		return blank(value, NoAnswer)
	}
	return s
}
