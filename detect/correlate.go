package detect

import (
	"cmp"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// Correlator joins what processes were seen to do with what became of preferences files. It
// goes by the times of the events, so that the order in which they arrive does not matter:
// of all the commands that can have made a change the best one is its cause, whichever came
// first. A command that merely mentions the file, or whose user can't have written it, is a
// candidate and never a cause. C and S are what the caller keeps with a command and with a
// change. It is for one goroutine.
type Correlator[C, S any] struct {
	window   time.Duration
	commands ring[*Command[C]]
	changes  ring[*State[C, S]]
	values   map[slot]string // what is known to be there now
	owners   map[string]owners
}

// slot is a key of a file.
type slot struct{ file, key string }

// owners are who can write a file: its owner and that of its folder.
type owners struct{ file, folder uint32 }

// maxCandidates bounds the candidates that are kept of one change, and maxUnable those of
// them that can't have written the file: nobody crowds out the others.
const (
	maxCandidates = 8
	maxUnable     = 3
)

// Command is a cause and what the caller keeps with it.
type Command[C any] struct {
	Cause
	Of    C
	Joins int // changes that it makes
}

// State is a change and what the caller keeps with it.
type State[C, S any] struct {
	event.Change
	Of         S
	By         *Command[C]   // the cause, nil as long as none is known
	Candidates []*Command[C] // the likelier ones first
}

// Explained is a change that got a cause, or a likelier one than it had.
type Explained[C, S any] struct {
	*State[C, S]
	Before *Command[C] // the cause that it had, nil for none
}

// NewCorrelator joins what lies within a window.
func NewCorrelator[C, S any](window time.Duration) *Correlator[C, S] {
	return &Correlator[C, S]{
		window: window, values: map[slot]string{}, owners: map[string]owners{},
		commands: newRing(func(c *Command[C]) Share { return UserShare(c.EUID) }, func(a, b *Command[C]) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Order, b.Order))
		}),
		changes: newRing(func(s *State[C, S]) Share { return FileShare(s.File, s.Home) }, func(a, b *State[C, S]) int {
			return a.Time.Compare(b.Time)
		}),
	}
}

// Command takes note of a command. It returns the changes that it explains, which had no
// cause or one that is less likely: their By is the command now. And it returns the changes
// without a cause of which it is the first candidate who can have written the file.
func (k *Correlator[C, S]) Command(c Cause, of C) (cmd *Command[C], explained []Explained[C, S], suspected []*State[C, S]) {
	cmd = &Command[C]{Cause: c, Of: of}
	k.commands.insert(cmd)
	for _, s := range k.changes.list {
		if k.suggest(s, cmd) && s.By == nil {
			suspected = append(suspected, s)
		}
		if k.better(cmd, s.By, &s.Change) {
			explained = append(explained, Explained[C, S]{s, s.By})
			if s.By != nil {
				s.By.Joins--
			}
			k.join(s, cmd)
		}
	}
	return cmd, explained, suspected
}

// Change takes note of a change. Its By is the cause, nil if none is known yet.
func (k *Correlator[C, S]) Change(ch event.Change, of S) *State[C, S] {
	s := &State[C, S]{Change: ch, Of: of}
	k.know(&ch)
	var by *Command[C]
	for _, cmd := range k.commands.list {
		k.suggest(s, cmd)
		if k.better(cmd, by, &ch) {
			by = cmd
		}
	}
	if by != nil {
		k.join(s, by)
	}
	k.changes.insert(s)
	return s
}

// join makes a command the cause of a change.
func (k *Correlator[C, S]) join(s *State[C, S], cmd *Command[C]) {
	s.By = cmd
	cmd.Joins++
}

// suggest makes a command a candidate of a change if it mentions the file or would be the
// cause if its user could write it. It reports whether it is the first that can have done it.
func (k *Correlator[C, S]) suggest(s *State[C, S], cmd *Command[C]) bool {
	kind := cmd.matches(&s.Change, k.window)
	able := cmd.able(s.Change.Owner, s.Change.FolderOwner)
	if kind == unrelated || kind > mentions && able {
		return false
	}
	list := s.Candidates
	ables := slices.IndexFunc(list, func(c *Command[C]) bool { return !c.able(s.Change.Owner, s.Change.FolderOwner) })
	if ables < 0 {
		ables = len(list)
	}
	// Both halves hold the latest first.
	from, to := 0, ables
	if !able {
		from, to = ables, len(list)
	}
	at := from
	for at < to && list[at].At.After(cmd.At) {
		at++
	}
	list = slices.Insert(list, at, cmd)
	if able {
		ables++
	}
	if len(list)-ables > maxUnable {
		list = list[:ables+maxUnable]
	}
	if len(list) > maxCandidates {
		list = list[:maxCandidates]
	}
	s.Candidates = list
	return able && ables == 1
}

// Know takes note of what is under a key of a file without its having changed, and of who
// can write that.
func (k *Correlator[C, S]) Know(ch event.Change) { k.know(&ch) }

func (k *Correlator[C, S]) know(ch *event.Change) {
	k.owners[ch.File] = owners{ch.Owner, ch.FolderOwner}
	if ch.New == nil {
		delete(k.values, slot{ch.File, ch.Key})
		return
	}
	k.values[slot{ch.File, ch.Key}] = *ch.New
}

// better reports whether a command is the likelier cause of a change than another, which
// may be nil: it says more of what happened, or it was the later one.
func (k *Correlator[C, S]) better(c, than *Command[C], ch *event.Change) bool {
	n := c.matches(ch, k.window)
	if n <= mentions || !c.able(ch.Owner, ch.FolderOwner) || c == than {
		return false
	}
	if than == nil {
		return true
	}
	return cmp.Or(cmp.Compare(n, than.matches(ch, k.window)), c.At.Compare(than.At), cmp.Compare(c.Order, than.Order)) > 0
}

// Outcome says what came of a command that made no change.
type Outcome uint8

const (
	NothingChanged Outcome = iota // what it was to do did not come
	SoBefore                      // what it was to do is so, though nothing changed
	Overridden                    // a later command says what is to be in the same place
)

// Closed is a command whose window has passed.
type Closed[C any] struct {
	*Command[C]
	Outcome Outcome
}

// Due forgets what is older than the window, and returns the commands of which nothing was
// seen, oldest first. A command that merely mentions a file has no say. watched tells whether
// changes of a file are seen at all.
func (k *Correlator[C, S]) Due(now time.Time, watched func(file string) bool) []Closed[C] {
	var out []Closed[C]
	old := func(at time.Time) bool { return now.Sub(at) > k.window }
	commands := k.commands.list
	for i, c := range commands {
		if !old(c.At) {
			break
		}
		if c.Joins == 0 && !c.Mentions && c.File != "" && watched(c.File) {
			out = append(out, Closed[C]{c, k.outcome(c, commands[i+1:])})
		}
	}
	k.commands.drop(func(c *Command[C]) bool { return old(c.At) })
	k.changes.drop(func(s *State[C, S]) bool { return old(s.Time) })
	return out
}

func (k *Correlator[C, S]) outcome(c *Command[C], later []*Command[C]) Outcome {
	who, known := k.owners[c.File]
	if !known {
		who = owners{event.None, event.None}
	}
	switch {
	case !c.able(who.file, who.folder):
		return NothingChanged
	case slices.ContainsFunc(later, func(o *Command[C]) bool { return k.overrides(o, c, who) }):
		return Overridden
	case k.isSo(&c.Cause):
		return SoBefore
	}
	return NothingChanged
}

// overrides reports whether a later command says what is to be in the same place, of
// somebody who can.
func (k *Correlator[C, S]) overrides(o, c *Command[C], who owners) bool {
	return !o.Mentions && o.File == c.File && (o.Key == "" || o.Key == c.Key) && o.At.Sub(c.At) <= k.window && o.able(who.file, who.folder)
}

// isSo reports whether what a command was to do is so.
func (k *Correlator[C, S]) isSo(c *Cause) bool {
	value, there := k.values[slot{c.File, c.Key}]
	switch {
	case c.Key == "" || !c.tellsValue():
		return false
	case c.removes():
		return !there
	}
	return there && c.Value != nil && sameValue(*c.Value, value)
}

// Value returns what is known to be under a key of a file.
func (k *Correlator[C, S]) Value(file, key string) (value string, there bool) {
	value, there = k.values[slot{file, key}]
	return value, there
}

// Forgotten returns how many commands and changes were forgotten for want of room.
func (k *Correlator[C, S]) Forgotten() uint64 { return k.commands.forgotten + k.changes.forgotten }
