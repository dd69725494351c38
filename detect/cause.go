package detect

import (
	"path"
	"strings"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Cause is what a command does to preferences.
type Cause struct {
	At        time.Time
	Order     uint64 // of those of one time
	EUID      uint32 // the effective user
	File      string // "" if it can't be known
	Domain    string // of preferences whose file is not known: the name of the file without .plist
	Scope     string // where such preferences are: root, user, byhost, global
	Key       string // "" if the command does not show it
	Operation hook.Operation
	Value     *string // what it sets, nil if the command does not show it
	Mentions  bool    // it only mentions the file, or its folder
	Imitates  bool    // its arguments are those of a tool that it does not seem to be
}

// matchKind is how much a command says of a change.
type matchKind uint8

const (
	unrelated matchKind = iota
	mentions            // it mentions the file, or writes another key of it
	imitates            // its arguments say just that, in the language of a tool that it does not seem to be
	edits               // it writes the file, and does not show what
	sets                // it does just that
)

// canWrite reports whether the command's user can write a file of these owners.
func (c *Cause) canWrite(file, folder uint32) bool {
	return c.EUID == 0 || c.EUID != event.None && (c.EUID == file || c.EUID == folder)
}

// matches returns how much a command says of a change, whoever ran it.
func (c *Cause) matches(ch *event.Change, window time.Duration) matchKind {
	if ch.Since != event.SinceSeen || c.At.After(ch.Time) || ch.Time.Sub(c.At) > window {
		return unrelated
	}
	if c.Mentions {
		if c.File == "" || c.File != ch.File && c.File != path.Dir(ch.File) {
			return unrelated
		}
		return mentions
	}
	if !c.isAbout(ch) {
		return unrelated
	}
	switch {
	case c.removes() && c.Key == "" && ch.New != nil:
		return mentions // what removes all keys sets none
	case c.Key == "" || !c.showsValue():
		if c.Key != "" && c.Key != ch.Key {
			return mentions
		}
		return edits
	case c.Key != ch.Key:
		return mentions // it may have replaced all keys
	case c.removes() != (ch.New == nil), ch.New != nil && c.Value != nil && !sameValue(*c.Value, *ch.New):
		return unrelated
	case c.Imitates:
		return imitates
	}
	return sets
}

// isAbout reports whether a command is about the file that changed. One whose file is not
// known can only be about its own user's preferences of that domain.
func (c *Cause) isAbout(ch *event.Change) bool {
	if c.File != "" {
		return c.File == ch.File
	}
	folder, name := path.Split(ch.File)
	byHost := strings.HasSuffix(folder, "/ByHost/")
	if c.Domain == "" || c.Scope == string(hook.Other) || byHost != (c.Scope == string(hook.ByHost)) {
		return false
	}
	if name != c.Domain+".plist" && !(byHost && strings.HasPrefix(name, c.Domain+".")) {
		return false
	}
	if c.EUID == 0 {
		return FileShare(ch.File, ch.Home) == RootShare
	}
	return ch.Home != "" && c.canWrite(ch.Owner, ch.FolderOwner)
}

// showsValue reports whether a command shows what is to be under its key.
func (c *Cause) showsValue() bool { return c.Operation != hook.Import && c.Operation != hook.Edit }

func (c *Cause) removes() bool { return c.Operation == hook.Remove }

// sameValue reports whether what a command is given is what the preferences show of it: a
// truth is written in several ways.
func sameValue(given, shown string) bool {
	return given == shown || truth(given) != "" && truth(given) == truth(shown)
}

func truth(s string) string {
	switch strings.ToLower(s) {
	case "true", "yes":
		return "true"
	case "false", "no":
		return "false"
	}
	return ""
}
