// Package detect judges what collectors observed: which rule an event matches, which
// exception covers it, what is a repeat and what is too much. It is pure: the same
// events in the same order give the same findings, on any machine and at any time.
package detect

import (
	"strconv"
	"strings"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Condition is a state of a sensor, as it begins.
type Condition struct {
	State  string
	Detail string
	Since  time.Time
}

// Record is what a rule is asked about: an event of a process, one of the facts about a
// hook that were derived from it, what became of preferences, or a condition of a sensor.
// It is for one goroutine.
type Record struct {
	Event     *event.Event // nil for a condition, and for preferences without a known cause
	Fact      *hook.Fact   // nil without
	State     *Observed    // nil for all else
	Condition *Condition   // nil for all else

	at    time.Time // of the event, or of the latest one that says when it was
	world *World
	// composed is nil in a record that is kept: its texts are composed each time.
	composed *composedTexts
}

// Time returns when what the record reports happened.
func (r *Record) Time() time.Time { return r.at }

// knownWorld returns what answers about the record.
func (r *Record) knownWorld() *World {
	if r.world == nil {
		return &unknownWorld
	}
	return r.world
}

// keptArgs bounds the arguments, in bytes, of an event that waits for others to follow: it
// was matched already, and what stays is to report it.
const keptArgs = 512

// kept returns a record that may be kept: the event of this one is good until the next.
func (r *Record) kept() *Record {
	out := &Record{Fact: r.Fact, State: r.State, Condition: r.Condition, at: r.at, world: r.world}
	if r.Event == nil {
		return out
	}
	ev := *r.Event
	out.Event = &ev
	if x := ev.Process.Exec; x != nil && x.Size() > keptArgs {
		p := *ev.Process
		p.Exec = x.Head(keptArgs)
		ev.Process = &p
	}
	return out
}

// home returns the home folder of the process's effective user, "" if not known.
func (r *Record) home() string {
	p := r.Event.Process
	home := r.world.Home(p.Token.EUID)
	if home == "" && p.Exec != nil && p.Token.EUID != 0 {
		home = claimedHome(p.Exec.Getenv("HOME"))
	}
	return home
}

// rootHome is the superuser's home folder, without links.
const rootHome = "/private/var/root"

// claimedHome returns a home folder that a process of an ordinary user names in its
// environment, "" for one that can't be a user's: the superuser's or a folder in that, and
// those whose preferences are the computer's. Anybody can write anything there, and the
// command of a user must not count as one about root's file.
func claimedHome(home string) string {
	if !strings.HasPrefix(home, "/") {
		return ""
	}
	at := hook.CanonicalPath(home)
	if within(foldPath(at), rootHome) || hook.ScopeOf(hook.CanonicalPath(at+"/Library/Preferences/com.apple.loginwindow.plist")) != hook.User {
		return ""
	}
	return home
}

// World answers what rules ask about an event that the event itself does not say. What is
// not set is not known. The answers are for the goroutine of the engine.
type World struct {
	HostID, Hostname          string
	Architecture, OSVersion   string
	UserName, GroupName, Home func(id uint32) string
	Entity                    func(to []byte, key event.Key) []byte // appends process.entity_id
	Lookup                    func(event.Key) *event.Process        // nil if not known
	Ancestors                 func(*event.Process) []*event.Process // the parent first
}

// unknownWorld answers for a record that is of no engine.
var unknownWorld = World{}.withDefaults()

// withDefaults returns a world that can be asked everything.
func (w World) withDefaults() World {
	for _, names := range []*func(uint32) string{&w.UserName, &w.GroupName, &w.Home} {
		if *names == nil {
			*names = func(uint32) string { return "" }
		}
	}
	if w.Entity == nil { // a process's key is unique on one boot of one host
		w.Entity = func(to []byte, key event.Key) []byte {
			to = strconv.AppendInt(to, int64(key.PID), 10)
			return strconv.AppendUint(append(to, '.'), uint64(key.Version), 10)
		}
	}
	if w.Lookup == nil {
		w.Lookup = func(event.Key) *event.Process { return nil }
	}
	if w.Ancestors == nil {
		w.Ancestors = func(*event.Process) []*event.Process { return nil }
	}
	return w
}
