package detect

import (
	"cmp"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// Correlator joins what processes were seen to do with what became of preferences files, by
// the times of the events, so that the order in which they arrive does not matter: of all the
// commands that can have made a change the best one is its cause, whichever came first. A
// command that only mentions the file, or whose user can't have written it, is a candidate
// and never a cause. C and S are what the caller keeps with a command and with a change. It
// is for one goroutine.
type Correlator[C, S any] struct {
	window   time.Duration
	commands ring[*Command[C]]
	changes  ring[*TrackedChange[C, S]]
	values   map[event.PreferenceKey]string // what is known to be there now
	owners   map[string]owners              // by file
}

// owners are who can write a file: its owner and that of its folder.
type owners struct{ file, folder uint32 }

// maxCandidates bounds the candidates that are kept of one change, and maxUnable those of
// them that can't have written the file, so that nobody crowds out the others.
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

// TrackedChange is a change and what the caller keeps with it.
type TrackedChange[C, S any] struct {
	event.Change
	Of         S
	By         *Command[C]   // the cause, nil as long as none is known
	Candidates []*Command[C] // the likelier ones first
}

// SetWindow sets the window of what waits, too.
func (k *Correlator[C, S]) SetWindow(window time.Duration) { k.window = window }

// NewCorrelator joins what lies within a window.
func NewCorrelator[C, S any](window time.Duration) *Correlator[C, S] {
	return &Correlator[C, S]{
		window: window, values: map[event.PreferenceKey]string{}, owners: map[string]owners{},
		commands: ring[*Command[C]]{count: map[Share]int{}}, changes: ring[*TrackedChange[C, S]]{count: map[Share]int{}},
	}
}

// AddCommand takes a command. It returns the changes whose cause it is, which had none or one
// that is less likely, and the changes without a cause of which it is the first candidate who
// can have written the file.
func (k *Correlator[C, S]) AddCommand(c Cause, of C) (explained, suspected []*TrackedChange[C, S]) {
	cmd := &Command[C]{Cause: c, Of: of}
	k.commands.insert(ringElement[*Command[C]]{UserShare(c.EUID), c.At, c.Order, cmd})
	for _, e := range k.changes.list {
		s := e.value
		if k.addCandidate(s, cmd) && s.By == nil {
			suspected = append(suspected, s)
		}
		if !k.isBetter(cmd, s.By, &s.Change) {
			continue
		}
		explained = append(explained, s)
		if s.By != nil {
			s.By.Joins--
		}
		s.By = cmd
		cmd.Joins++
	}
	return explained, suspected
}

// AddChange takes a change. Its By is the cause, nil if none is known yet.
func (k *Correlator[C, S]) AddChange(ch event.Change, of S) *TrackedChange[C, S] {
	s := &TrackedChange[C, S]{Change: ch, Of: of}
	k.SetValue(&ch)
	for _, e := range k.commands.list {
		k.addCandidate(s, e.value)
		if k.isBetter(e.value, s.By, &ch) {
			s.By = e.value
		}
	}
	if s.By != nil {
		s.By.Joins++
	}
	k.changes.insert(ringElement[*TrackedChange[C, S]]{share: FileShare(ch.File, ch.Home), at: ch.Time, value: s})
	return s
}

// addCandidate makes a command a candidate of a change if it mentions the file or would be the
// cause if its user could write it. It reports whether it is the first that can have done it.
func (k *Correlator[C, S]) addCandidate(s *TrackedChange[C, S], cmd *Command[C]) bool {
	kind := cmd.matches(&s.Change, k.window)
	can := func(c *Command[C]) bool { return c.canWrite(s.Owner, s.FolderOwner) }
	able := can(cmd)
	if kind == unrelated || kind > mentions && able {
		return false
	}
	// Those who can come first, and the latest first among them and among the others.
	list := s.Candidates
	at := slices.IndexFunc(list, func(c *Command[C]) bool {
		return able && !can(c) || able == can(c) && !c.At.After(cmd.At)
	})
	if at < 0 {
		at = len(list)
	}
	list = slices.Insert(list, at, cmd)
	ables := 0
	for ables < len(list) && can(list[ables]) {
		ables++
	}
	s.Candidates = list[:min(len(list), ables+maxUnable, maxCandidates)]
	return able && ables == 1
}

// SetValue sets what is under a key of a file, and who can write the file.
func (k *Correlator[C, S]) SetValue(ch *event.Change) {
	k.owners[ch.File] = owners{ch.Owner, ch.FolderOwner}
	if ch.New == nil {
		delete(k.values, ch.PreferenceKey())
		return
	}
	k.values[ch.PreferenceKey()] = *ch.New
}

// isBetter reports whether a command is the likelier cause of a change than another, which
// may be nil: it says more of what happened, or it was the later one.
func (k *Correlator[C, S]) isBetter(c, than *Command[C], ch *event.Change) bool {
	n := c.matches(ch, k.window)
	if n <= mentions || !c.canWrite(ch.Owner, ch.FolderOwner) || c == than {
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

// ClosedCommand is a command whose window has passed.
type ClosedCommand[C any] struct {
	*Command[C]
	Outcome Outcome
}

// CloseCommands forgets what is older than the window, and returns the commands of which
// nothing was seen, oldest first, without those that only mention a file. watched reports
// whether changes of a file are seen at all.
func (k *Correlator[C, S]) CloseCommands(now time.Time, watched func(file string) bool) []ClosedCommand[C] {
	var out []ClosedCommand[C]
	begin := now.Add(-k.window)
	for i, e := range k.commands.list {
		c := e.value
		if !c.At.Before(begin) {
			break
		}
		if c.Joins == 0 && !c.Mentions && c.File != "" && watched(c.File) {
			out = append(out, ClosedCommand[C]{c, k.outcome(c, k.commands.list[i+1:])})
		}
	}
	k.commands.dropBefore(begin)
	k.changes.dropBefore(begin)
	return out
}

func (k *Correlator[C, S]) outcome(c *Command[C], later []ringElement[*Command[C]]) Outcome {
	who, known := k.owners[c.File]
	if !known {
		who = owners{event.None, event.None}
	}
	if !c.canWrite(who.file, who.folder) {
		return NothingChanged
	}
	for _, e := range later {
		o := e.value
		if !o.Mentions && o.File == c.File && (o.Key == "" || o.Key == c.Key) && o.At.Sub(c.At) <= k.window && o.canWrite(who.file, who.folder) {
			return Overridden
		}
	}
	value, there := k.values[event.PreferenceKey{File: c.File, Key: c.Key}]
	isSo := there && c.Value != nil && sameValue(*c.Value, value)
	if c.removes() {
		isSo = !there
	}
	if c.Key != "" && c.showsValue() && isSo {
		return SoBefore
	}
	return NothingChanged
}

// Forgotten returns how many commands and changes were forgotten for want of room.
func (k *Correlator[C, S]) Forgotten() uint64 { return k.commands.forgotten + k.changes.forgotten }
