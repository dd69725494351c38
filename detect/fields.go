package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hooksnare/detect/eql"
	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// field returns one member of a record.
type field = eql.Field[*Record]

// fieldInfo is a field and what to know about it.
type fieldInfo struct {
	get    field
	kind   string // keyword, keywords, long, boolean or date
	source string // where the value comes from
	note   string // what is approximate about it, "" for nothing
}

// Fields resolves the names that rules and exceptions may use. Names are ECS's, and
// hooksnare.* for what was derived from an event.
func Fields(name string) (eql.Field[*Record], bool) {
	f, ok := fields[name]
	return f.get, ok
}

// FieldNames returns every name that Fields knows, sorted.
func FieldNames() []string { return slices.Sorted(maps.Keys(fields)) }

// FieldDoc returns the fields as a table in Markdown: name, type, source and what is
// approximate.
func FieldDoc() string {
	var b strings.Builder
	b.WriteString("| field | type | from | approximate |\n|---|---|---|---|\n")
	for _, name := range FieldNames() {
		f := fields[name]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, f.kind, f.source, f.note)
	}
	return b.String()
}

// fields holds all there are. What a name with a dot more says of the parent, of the user or
// of the process held responsible is the same question asked of another process.
var fields = merged(eventFields, hostFields, processFields("process.", own), processFields("process.parent.", parent),
	effectiveParentFields, lineageFields, hookFields, stateFields, healthFields)

func merged(groups ...map[string]fieldInfo) map[string]fieldInfo {
	out := map[string]fieldInfo{}
	for _, g := range groups {
		maps.Copy(out, g)
	}
	return out
}

var (
	startType   = []string{"start"}
	endType     = []string{"end"}
	creation    = []string{"creation"}
	change      = []string{"change"}
	deletion    = []string{"deletion"}
	info        = []string{"info"}
	processes   = []string{processCategory}
	conditions  = []string{conditionCategory}
	states      = []string{stateCategory}
	eventFields = map[string]fieldInfo{
		"@timestamp":     {timestamp, "date", "time", "text in UTC, as in RFC 3339"},
		"event.created":  {timestamp, "date", "time", "as @timestamp"},
		"event.kind":     {func(*Record) eql.Value { return eql.String("event") }, "keyword", "always `event`", ""},
		"event.module":   {func(*Record) eql.Value { return eql.String("hooksnare") }, "keyword", "always `hooksnare`", ""},
		"event.category": {category, "keywords", "`process`; `hooksnare` for what became of preferences; `host` for a condition of a sensor", ""},
		"event.type":     {eventType, "keywords", "`start` of exec and fork, `end` of exit; `creation`, `change` or `deletion` of a hook", ""},
		"event.action":   {eventAction, "keyword", "`exec`, `fork`, `end`; `hook-changed`, `hook-program-changed`, `preferences-unreadable`, `hook-excepted`", ""},
		"event.sequence": {ofEvent(func(e *event.Event) eql.Value { return eql.Int(int64(e.GlobalSeq)) }), "long", "global_seq_num", "counts anew with each stream"},
	}
	hostFields = map[string]fieldInfo{
		"host.os.type":      {func(*Record) eql.Value { return eql.String("macos") }, "keyword", "always `macos`", ""},
		"host.os.family":    {func(*Record) eql.Value { return eql.String("macos") }, "keyword", "always `macos`", ""},
		"host.os.platform":  {func(*Record) eql.Value { return eql.String("macos") }, "keyword", "always `macos`", ""},
		"host.os.name":      {func(*Record) eql.Value { return eql.String("macOS") }, "keyword", "always `macOS`", ""},
		"host.os.version":   {ofWorld(func(w *World) string { return w.OSVersion }), "keyword", "the system", "absent in a recording"},
		"host.id":           {func(r *Record) eql.Value { return eql.String(r.world.hostID()) }, "keyword", "the hardware's UUID", "`unknown` in a recording"},
		"host.name":         {func(r *Record) eql.Value { return eql.String(r.world.hostname()) }, "keyword", "the system", "`unknown` in a recording"},
		"host.hostname":     {func(r *Record) eql.Value { return eql.String(r.world.hostname()) }, "keyword", "the system", "`unknown` in a recording"},
		"host.architecture": {ofWorld(func(w *World) string { return w.Architecture }), "keyword", "the agent's own", "absent in a recording"},
	}
	hookFields = map[string]fieldInfo{
		hookPrefix + "tool":      {ofFact(func(f *hook.Fact) eql.Value { return text(f.Tool) }), "keyword", "the command: defaults, PlistBuddy, plutil", ""},
		hookPrefix + "verb":      {ofFact(func(f *hook.Fact) eql.Value { return text(f.Verb) }), "keyword", "the command: the tool's own word", ""},
		hookPrefix + "operation": {ofFact(func(f *hook.Fact) eql.Value { return text(string(f.Operation)) }), "keyword", "the command: `set`, `remove`, `import`, `edit`; `execute` where loginwindow runs the program", ""},
		hookPrefix + "key":       {ofFact(func(f *hook.Fact) eql.Value { return text(f.Key) }), "keyword", "the command", "absent where a command does not show it"},
		hookPrefix + "value": {ofFact(func(f *hook.Fact) eql.Value {
			if !f.HasValue {
				return eql.Null()
			}
			return eql.String(f.Value)
		}), "keyword", "the command, as the tool stores it", "absent where a command does not show it"},
		hookPrefix + "domain":      {ofFact(func(f *hook.Fact) eql.Value { return text(f.Domain) }), "keyword", "the command", ""},
		hookPrefix + "plist":       {ofFact(func(f *hook.Fact) eql.Value { return text(f.Plist) }), "keyword", "the command, its user and its working directory", "absent where it can't be known"},
		hookPrefix + "scope":       {ofFact(func(f *hook.Fact) eql.Value { return text(string(f.Scope)) }), "keyword", "the file", ""},
		hookPrefix + "source":      {ofFact(func(f *hook.Fact) eql.Value { return text(f.Source) }), "keyword", "the command: the key that was renamed or copied", ""},
		hookPrefix + "source_file": {ofFact(func(f *hook.Fact) eql.Value { return text(f.SourceFile) }), "keyword", "the command: the file that is imported", ""},
	}
	stateFields = map[string]fieldInfo{
		verdictField: {ofState(func(o *Observed) string { return o.Verdict }), "keyword", "whether a command was seen that made the change: `confirmed`, `unattributed`; `observed` at the first look", ""},
		statePrefix + "since": {ofState(func(o *Observed) string {
			if o.Change == nil {
				return ""
			}
			return sinceNames[o.Change.Since]
		}), "keyword", "what a change is a difference to: `running`, `stopped` (while the agent did not run), `first_look`", ""},
		statePrefix + "what": {func(r *Record) eql.Value {
			if r.State == nil || r.State.Program == nil {
				return eql.Null()
			}
			return eql.Strings(r.State.Program.What)
		}, "keywords", "what of a hook's program changed: `content`, `owner`, `mode`, `replaced`, `appeared`, `vanished`, `writable`, `shadowed`", ""},
		hookPrefix + "previous_value": {func(r *Record) eql.Value {
			if r.State == nil || r.State.Change == nil || r.State.Change.Old == nil {
				return eql.Null()
			}
			return eql.String(*r.State.Change.Old)
		}, "keyword", "the preferences, before", ""},
		"hooksnare.unreadable.path": {ofState(func(o *Observed) string {
			if o.Unreadable == nil {
				return ""
			}
			return o.Unreadable.Path
		}), "keyword", "the file or folder that can't be read", ""},
		"hooksnare.unreadable.why": {ofState(func(o *Observed) string {
			if o.Unreadable == nil {
				return ""
			}
			return o.Unreadable.Why
		}), "keyword", "why it can't be read", ""},
	}
	healthFields = map[string]fieldInfo{
		healthPrefix + "state": {func(r *Record) eql.Value {
			if r.Condition == nil {
				return eql.Null()
			}
			return text(r.Condition.State)
		}, "keyword", "the condition's name", ""},
	}
)

// category is what a rule names before its where.
func category(r *Record) eql.Value {
	switch {
	case r.State != nil:
		return eql.Strings(states)
	case r.Event == nil:
		return eql.Strings(conditions)
	}
	return eql.Strings(processes)
}

// verdictField is what became known of a change.
const verdictField = "hooksnare.verdict"

func ofState(f func(*Observed) string) field {
	return func(r *Record) eql.Value {
		if r.State == nil {
			return eql.Null()
		}
		return text(f(r.State))
	}
}

func timestamp(r *Record) eql.Value {
	switch {
	case r.State != nil:
		return r.date(eventTime, r.State.Time())
	case r.Event != nil:
		return r.date(eventTime, r.Event.Time)
	case r.Condition != nil:
		return r.date(eventTime, r.Condition.Since)
	}
	return eql.Null()
}

func eventType(r *Record) eql.Value {
	switch {
	case r.State != nil:
		return eql.Strings(r.State.types())
	case r.Event == nil:
		return eql.Null()
	}
	switch r.Event.Kind {
	case event.ExecKind, event.Fork:
		return eql.Strings(startType)
	case event.Exit:
		return eql.Strings(endType)
	}
	return eql.Null()
}

// types is what ECS has for what became of preferences.
func (o *Observed) types() []string {
	switch {
	case o.Change == nil:
		return info
	case o.Change.New == nil:
		return deletion
	case o.Change.Old == nil:
		return creation
	}
	return change
}

func eventAction(r *Record) eql.Value {
	switch {
	case r.State != nil:
		return eql.String(r.State.action())
	case r.Event == nil:
		return eql.Null()
	case r.Event.Kind == event.Exit:
		return eql.String("end")
	}
	return eql.String(r.Event.Kind.String())
}

func ofEvent(f func(*event.Event) eql.Value) field {
	return func(r *Record) eql.Value {
		if r.Event == nil {
			return eql.Null()
		}
		return f(r.Event)
	}
}

func ofWorld(f func(*World) string) field {
	return func(r *Record) eql.Value {
		if r.world == nil {
			return eql.Null()
		}
		return text(f(r.world))
	}
}

func ofFact(f func(*hook.Fact) eql.Value) field {
	return func(r *Record) eql.Value {
		if r.Fact == nil {
			return eql.Null()
		}
		return f(r.Fact)
	}
}

// text is a string that is absent when empty.
func text(s string) eql.Value {
	if s == "" {
		return eql.Null()
	}
	return eql.String(s)
}
