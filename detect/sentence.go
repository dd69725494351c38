package detect

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
	"hooksnare/pkg/redact"
)

// Sentence says in words what was found, for an alert's message.
func (f *Finding) Sentence() string {
	var what string
	switch r := &f.Record; {
	case r.State != nil:
		what = r.State.sentence(r.Event)
	case r.Fact != nil && r.Fact.Operation == hook.Execute:
		what = "loginwindow runs " + quote(r.Fact.Value) + ", the " + word(r.Fact.Key) + " of " + quote(r.Fact.Plist)
	case r.Fact != nil:
		what = factSentence(r.Event.Process, r.Fact)
	case r.Event != nil:
		what = f.eventSentence()
	case r.Condition != nil:
		what = word(r.Condition.State)
		if r.Condition.Detail != "" {
			what += ": " + word(r.Condition.Detail)
		}
	}
	if what == "" {
		return f.Rule.Name
	}
	return f.Rule.Name + ": " + what
}

// eventsShown bounds the events that a message names; the members hold all of them.
const eventsShown = 4

// eventSentence describes the event and those before it in a sequence.
func (f *Finding) eventSentence() string {
	var parts []string
	for i, r := range f.Events {
		if i == eventsShown-1 && len(f.Events) > eventsShown {
			parts = append(parts, fmt.Sprintf("%d more", len(f.Events)-eventsShown))
			break
		}
		if i < len(f.Events)-1 {
			parts = append(parts, eventSentence(r.Event))
		}
	}
	return strings.Join(append(parts, eventSentence(f.Record.Event)), ", then ")
}

// maxSentenceArgs bounds the arguments, in bytes, that a sentence is made of: more than it shows.
const maxSentenceArgs = 16 << 10

func eventSentence(e *event.Event) string {
	p := e.Process
	if e.Kind == event.ExecKind && p.Exec != nil {
		args, _ := redact.Args(p.Exec.Bounded(maxSentenceArgs).Args)
		return word(p.Name()) + " was run as " + quote(redact.CommandLine(args))
	}
	return e.Kind.String() + " of " + quote(p.Image.Executable)
}

func factSentence(p *event.Process, f *hook.Fact) string {
	var b strings.Builder
	b.WriteString(word(p.Name()))
	switch f.Operation {
	case hook.Set:
		b.WriteString(" sets " + word(f.Key))
		if f.HasValue {
			b.WriteString(" to " + quote(f.Value))
		}
		if f.Source != "" {
			b.WriteString(" from the key " + quote(f.Source))
		}
	case hook.Remove:
		b.WriteString(" removes " + orAll(f.Key))
	case hook.Import:
		b.WriteString(" imports")
		if f.SourceFile != "" {
			b.WriteString(" " + quote(f.SourceFile))
		}
		if f.HasValue && strings.HasPrefix(f.SourceFile, "/") { // it was read
			b.WriteString(", which has " + word(f.Key) + " " + quote(f.Value) + ",")
		}
	case hook.Edit:
		b.WriteString(" edits the preferences")
	}
	where := f.Plist
	if where == "" {
		where = f.Domain
	}
	if where != "" {
		b.WriteString(" in " + quote(where))
	}
	return b.String()
}

// sentence says what became of preferences; by is the event of the likeliest cause.
func (o *Observed) sentence(by *event.Event) string {
	switch {
	case o.Change != nil:
		return o.Change.Key + " " + changeWords(o.Change) + " in " + quote(o.Change.File) + causeWords(o.Change, by) + uncertainWords(o.Change)
	case o.Program != nil:
		return quote(o.Program.Value) + ": " + strings.Join(o.Program.What, ", ")
	case o.Covered != nil:
		return "the exception " + word(o.Excepted) + " covers " + o.Covered.Sentence()
	}
	what := quote(o.Unreadable.Path) + ": " + word(o.Unreadable.Why)
	if o.Unreadable.Detail != "" {
		what += " (" + word(o.Unreadable.Detail) + ")"
	}
	return what
}

func changeWords(ch *event.Change) string {
	switch {
	case ch.New == nil && ch.Old == nil:
		return "is not there"
	case ch.New == nil:
		return "was removed, it was " + quote(*ch.Old)
	case ch.Since == event.SinceNever:
		return "is " + quote(*ch.New)
	case ch.Old == nil:
		return "was set to " + quote(*ch.New)
	}
	return "was changed from " + quote(*ch.Old) + " to " + quote(*ch.New)
}

func causeWords(ch *event.Change, by *event.Event) string {
	switch {
	case by != nil:
		return ", which " + word(by.Process.Name()) + " names"
	case ch.Since == event.SinceStop:
		return " while the agent did not run"
	case ch.Since == event.SinceNever:
		return ""
	}
	return "; no command was seen that does this"
}

func uncertainWords(ch *event.Change) string {
	if ch.Uncertain {
		return " (uncertain: the file can't be read in one way alone)"
	}
	return ""
}

func orAll(key string) string {
	if key == "" {
		return "all keys"
	}
	return word(key)
}

// quoteBytes bounds text from outside in a message; the members hold all of it.
const quoteBytes = 200

// quote shows text from outside so that it can't be taken for ours: in quotes, what does
// not print as an escape, and no more than so much of it.
func quote(s string) string {
	if len(s) <= quoteBytes {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q…", wholeRunes(s, quoteBytes))
}

// wholeRunes returns the first n bytes of a text, without a character that is cut at the end.
func wholeRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	from := max(n-utf8.UTFMax, 0)
	for n > from && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// word shows the name of a program, a key or a state as it is if it looks like one, and
// in quotes otherwise.
func word(s string) string {
	plain := s != "" && len(s) <= quoteBytes
	for _, r := range s {
		plain = plain && r != '"' && r != utf8.RuneError && unicode.IsPrint(r)
	}
	if plain {
		return s
	}
	return quote(s)
}
