package detect

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// Sameness is what makes two alerts one: rule, key, value, file, program, user and parent
// program.
type Sameness [sha256.Size]byte

// Same identifies a finding. Two of one rule are the same when nothing that an analyst
// would look at differs; another value, file or program is another finding.
func (f *Finding) Same() Sameness {
	h := newSameness()
	h.addTexts("rule", f.Rule.ID, f.Broken, f.Why)
	if c := f.Record.Condition; c != nil {
		h.addTexts("condition", c.State, c.Detail, c.Since.UTC().Format(time.RFC3339Nano))
	}
	if o := f.Record.State; o != nil {
		if k := f.Record.Fact; k != nil {
			h.addTexts("hook", k.Key, k.Plist)
		}
		o.addSameness(h)
	} else if e := f.Record.Event; e != nil {
		kind := e.Kind
		if kind == event.Fork {
			kind = event.ExecKind // the child runs what its parent was started as: there is nothing new to look at
		}
		h.addTexts("event", kind.String(), e.Process.Image.Executable)
		h.addNumber(int(e.Process.Token.EUID))
		by := e.Parent
		if e.Kind == event.Fork && by != nil { // whose child goes on with its parent's program: its parent
			by = f.Record.knownWorld().Lookup(by.Parent)
		}
		if by != nil {
			h.addTexts(by.Image.Executable)
		} else {
			h.addTexts()
		}
		if f.Record.Fact == nil && e.Process.Exec != nil {
			h.addTexts(e.Process.Exec.Args...)
		}
	}
	for _, r := range f.Events {
		h.addTexts("before", r.Event.Kind.String(), r.Event.Process.Image.Executable)
		if r.Event.Process.Exec != nil {
			h.addTexts(r.Event.Process.Exec.Args...)
		}
	}
	if k := f.Record.Fact; k != nil && f.Record.State == nil {
		h.addTexts("fact", k.Tool, k.Verb, string(k.Operation), k.Key, k.Source, k.SourceFile, k.Domain, k.Plist)
		if k.HasValue {
			h.addTexts("value", k.Value)
		}
	}
	return h.sum()
}

// addSameness adds what makes two observations one.
func (o *Observed) addSameness(h sameness) {
	switch {
	case o.Change != nil:
		h.addTexts("change", o.Verdict, sinceNames[o.Change.Since], o.Change.File, o.Change.Key)
		for _, v := range [...]*string{o.Change.Old, o.Change.New} {
			if v != nil {
				h.addTexts(*v)
			} else {
				h.addTexts()
			}
		}
	case o.Program != nil:
		h.addTexts("program", o.Program.Value, o.Program.New.Resolved, o.Program.New.SHA256, o.Program.New.WritableBy)
		h.addTexts(o.Program.What...)
		h.addNumber(int(o.Program.New.UID))
		h.addNumber(int(o.Program.New.Mode))
	case o.Excepted != "":
		h.addTexts("excepted", o.Excepted)
	case o.Unreadable != nil:
		h.addTexts("unreadable", o.Unreadable.Path, o.Unreadable.Why)
	}
}

// sameness hashes lists of texts, so that no two different ones look alike.
type sameness struct{ hash.Hash }

func newSameness() sameness { return sameness{sha256.New()} }

func (h sameness) sum() (out Sameness) {
	h.Sum(out[:0])
	return out
}

func (h sameness) addTexts(list ...string) {
	h.addNumber(len(list))
	for _, s := range list {
		h.addNumber(len(s))
		io.WriteString(h, s)
	}
}

func (h sameness) addNumber(n int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

// maxRepeats bounds the findings that repeats of one share are counted for.
const maxRepeats = 256

// Repeats holds back equal findings for a time and counts them, for each share by itself. T is
// what the caller needs to report them later. It is for one goroutine.
type Repeats[T any] struct {
	window time.Duration
	open   map[Share]map[Sameness]*Repeat[T]
	added  uint64
}

// Repeat is a finding and how often it came again.
type Repeat[T any] struct {
	Of          T
	Count       int // beside the first
	First, Last time.Time
	share       Share
	order       uint64 // of the beginnings: times may be equal
}

// SetWindow sets the window of what is open, too.
func (r *Repeats[T]) SetWindow(window time.Duration) { r.window = window }

// NewRepeats holds findings back for a window after the first; 0 means never.
func NewRepeats[T any](window time.Duration) *Repeats[T] {
	return &Repeats[T]{window: window, open: map[Share]map[Sameness]*Repeat[T]{}}
}

func (r *Repeats[T]) isOver(open *Repeat[T], at time.Time) bool {
	return !at.Before(open.First.Add(r.window))
}

// CountAgain counts a finding that came again, and returns what was added of the first one.
func (r *Repeats[T]) CountAgain(share Share, same Sameness, at time.Time) (of T, again bool) {
	open := r.open[share][same]
	if open == nil || r.isOver(open, at) {
		return of, false
	}
	open.Count++
	if at.After(open.Last) {
		open.Last = at
	}
	return open.Of, true
}

// AddFirst opens the window of a finding that was not seen. It returns the repeats of an
// earlier window of the same, or of the oldest one of the share where there is no room, to be
// reported.
func (r *Repeats[T]) AddFirst(share Share, same Sameness, at time.Time, of T) []Repeat[T] {
	if r.window <= 0 {
		return nil
	}
	windows := r.open[share]
	if windows == nil {
		windows = map[Sameness]*Repeat[T]{}
		r.open[share] = windows
	}
	closing := same
	if windows[same] == nil && len(windows) == maxRepeats {
		for other, open := range windows {
			if oldest := windows[closing]; oldest == nil || open.order < oldest.order {
				closing = other
			}
		}
	}
	var closed []Repeat[T]
	if old := windows[closing]; old != nil && old.Count > 0 {
		closed = append(closed, *old)
	}
	delete(windows, closing)
	r.added++
	windows[same] = &Repeat[T]{Of: of, First: at, Last: at, share: share, order: r.added}
	return closed
}

// CloseWindows returns the repeats of every window that has ended, by share and in order of
// their beginning; with all set, of every window.
func (r *Repeats[T]) CloseWindows(now time.Time, all bool) []Repeat[T] {
	var closed []Repeat[T]
	for share, windows := range r.open {
		for same, open := range windows {
			if !all && !r.isOver(open, now) {
				continue
			}
			delete(windows, same)
			if open.Count > 0 {
				closed = append(closed, *open)
			}
		}
		if len(windows) == 0 {
			delete(r.open, share)
		}
	}
	slices.SortFunc(closed, func(a, b Repeat[T]) int {
		return cmp.Or(cmp.Compare(a.share, b.share), cmp.Compare(a.order, b.order))
	})
	return closed
}
