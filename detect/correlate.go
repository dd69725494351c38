package detect

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Correlator joins what processes were seen to do with what became of preferences files. It
// goes by the times of the events, so that the order in which they arrive does not matter:
// of all the commands that may have made a change the best one is its cause, whichever came
// first. C and S are what the caller keeps with a command and with a change. It is for one
// goroutine.
type Correlator[C, S any] struct {
	window   time.Duration
	commands []*Command[C]   // by time
	changes  []*State[C, S]  // by time
	values   map[slot]string // what is known to be there now
	dropped  uint64
}

// maxCorrelated bounds the commands and the changes that are kept, each.
const maxCorrelated = 1024

// slot is a key of a file.
type slot struct{ file, key string }

// Cause is what a command does to preferences.
type Cause struct {
	At        time.Time
	Order     uint64 // of those of one time
	File      string // "" if it can't be known
	Key       string // "" if the command does not tell
	Operation hook.Operation
	Value     *string // what it sets, nil if the command does not tell
	Names     bool    // it does no more than name the file, or its folder
}

// Command is a cause and what the caller keeps with it.
type Command[C any] struct {
	Cause
	Of    C
	Joins int // changes that it makes
}

// State is a change and what the caller keeps with it.
type State[C, S any] struct {
	event.Change
	Of    S
	By    *Command[C] // the cause, nil as long as none is known
	Makes bool        // the cause tells that it makes this change, and does not just name its file
}

// Explained is a change that got a cause, or a likelier one than it had.
type Explained[C, S any] struct {
	*State[C, S]
	Before *Command[C] // the cause that it had, nil for none
	Made   bool        // what Makes was with that
}

// NewCorrelator joins what lies within a window.
func NewCorrelator[C, S any](window time.Duration) *Correlator[C, S] {
	return &Correlator[C, S]{window: window, values: map[slot]string{}}
}

// Command takes note of a command, and returns the changes that it explains: those that had
// no cause, or one that is less likely. Their By is the command now.
func (k *Correlator[C, S]) Command(c Cause, of C) (*Command[C], []Explained[C, S]) {
	cmd := &Command[C]{Cause: c, Of: of}
	k.commands = insert(k.commands, cmd, func(a, b *Command[C]) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Order, b.Order))
	}, &k.dropped)
	var explained []Explained[C, S]
	for _, s := range k.changes {
		if k.better(cmd, s.By, &s.Change) {
			explained = append(explained, Explained[C, S]{s, s.By, s.Makes})
			if s.Makes {
				s.By.Joins--
			}
			k.join(s, cmd)
		}
	}
	return cmd, explained
}

// Change takes note of a change. Its By is the cause, nil if none is known yet.
func (k *Correlator[C, S]) Change(ch event.Change, of S) *State[C, S] {
	s := &State[C, S]{Change: ch, Of: of}
	k.know(&ch)
	var by *Command[C]
	for _, cmd := range k.commands {
		if k.better(cmd, by, &ch) {
			by = cmd
		}
	}
	if by != nil {
		k.join(s, by)
	}
	k.changes = insert(k.changes, s, func(a, b *State[C, S]) int { return a.Time.Compare(b.Time) }, &k.dropped)
	return s
}

// join makes a command the cause of a change.
func (k *Correlator[C, S]) join(s *State[C, S], cmd *Command[C]) {
	s.By, s.Makes = cmd, k.likelihood(&cmd.Cause, &s.Change) > names
	if s.Makes {
		cmd.Joins++
	}
}

// Know takes note of what is under a key of a file without its having changed.
func (k *Correlator[C, S]) Know(file, key, value string) { k.values[slot{file, key}] = value }

func (k *Correlator[C, S]) know(ch *event.Change) {
	if ch.New == nil {
		delete(k.values, slot{ch.File, ch.Key})
		return
	}
	k.values[slot{ch.File, ch.Key}] = *ch.New
}

// insert puts an element in its place; over the bound the oldest goes.
func insert[T any](list []T, v T, compare func(a, b T) int, dropped *uint64) []T {
	at, _ := slices.BinarySearchFunc(list, v, func(a, b T) int { return cmp.Or(compare(a, b), -1) })
	list = slices.Insert(list, at, v)
	if len(list) > maxCorrelated {
		list = slices.Delete(list, 0, 1)
		*dropped++
	}
	return list
}

// better reports whether a command is the likelier cause of a change than another, which
// may be nil: it says more of what happened, or it was the later one.
func (k *Correlator[C, S]) better(c, than *Command[C], ch *event.Change) bool {
	n := k.likelihood(&c.Cause, ch)
	if n == 0 || than == nil || c == than {
		return n > 0 && c != than
	}
	return cmp.Or(cmp.Compare(n, k.likelihood(&than.Cause, ch)), c.At.Compare(than.At), cmp.Compare(c.Order, than.Order)) > 0
}

// How much a command says of a change.
const (
	unlikely = iota // it can't be the cause
	names           // it names the file
	edits           // it writes the file, and does not tell what
	sets            // it does just that
)

// likelihood returns how much a command says of a change.
func (k *Correlator[C, S]) likelihood(c *Cause, ch *event.Change) int {
	if ch.Since != event.SinceSeen || c.At.After(ch.Time) || ch.Time.Sub(c.At) > k.window {
		return unlikely
	}
	switch {
	case c.Names:
		if c.File == "" || c.File != ch.File && c.File != path.Dir(ch.File) {
			return unlikely
		}
		return names
	case c.File != ch.File && (c.File != "" || c.Key != ch.Key):
		return unlikely
	}
	switch {
	case c.Key == "" || c.Operation == hook.Import || c.Operation == hook.Edit:
		if c.Key != "" && c.Key != ch.Key {
			return names
		}
		return edits
	case c.Key != ch.Key:
		return names // it may have replaced all keys
	case c.Operation == hook.Remove && ch.New == nil:
		return sets
	case c.Operation == hook.Set && ch.New != nil && (c.Value == nil || sameValue(*c.Value, *ch.New)):
		return sets
	}
	return unlikely
}

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

// Closed is a command whose window has passed.
type Closed[C any] struct {
	*Command[C]
	Applied bool // what it was to do is so, though nothing changed
}

// Due forgets what is older than the window, and returns the commands of which nothing was
// seen, oldest first: where the value is what they were to make it, they are applied. A
// command that a later one overrode has no say, nor has one that does no more than name a
// file. watched tells whether changes of a file are seen at all.
func (k *Correlator[C, S]) Due(now time.Time, watched func(file string) bool) []Closed[C] {
	var out []Closed[C]
	keep := 0
	for i, c := range k.commands {
		if now.Sub(c.At) <= k.window {
			break
		}
		keep = i + 1
		if c.Joins > 0 || c.Names || c.File == "" || !watched(c.File) || k.overridden(c, k.commands[i+1:]) {
			continue
		}
		out = append(out, Closed[C]{c, k.isSo(&c.Cause)})
	}
	k.commands = slices.Delete(k.commands, 0, keep)
	old := slices.IndexFunc(k.changes, func(s *State[C, S]) bool { return now.Sub(s.Time) <= k.window })
	if old < 0 {
		old = len(k.changes)
	}
	k.changes = slices.Delete(k.changes, 0, old)
	return out
}

// overridden reports whether a later command says what is to be in the same place.
func (k *Correlator[C, S]) overridden(c *Command[C], later []*Command[C]) bool {
	return slices.ContainsFunc(later, func(o *Command[C]) bool {
		return !o.Names && o.File == c.File && (o.Key == "" || o.Key == c.Key) && o.At.Sub(c.At) <= k.window
	})
}

// isSo reports whether what a command was to do is so.
func (k *Correlator[C, S]) isSo(c *Cause) bool {
	value, there := k.values[slot{c.File, c.Key}]
	switch {
	case c.Key == "" || c.Operation == hook.Import || c.Operation == hook.Edit:
		return false
	case c.Operation == hook.Remove:
		return !there
	}
	return there && c.Value != nil && sameValue(*c.Value, value)
}

// Value returns what is known to be under a key of a file.
func (k *Correlator[C, S]) Value(file, key string) (value string, there bool) {
	value, there = k.values[slot{file, key}]
	return value, there
}

// Dropped returns how many commands and changes were forgotten for want of room.
func (k *Correlator[C, S]) Dropped() uint64 { return k.dropped }
