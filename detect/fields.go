package detect

import (
	"cmp"
	"maps"
	"strings"

	"hooksnare/detect/eql"
	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// field returns one member of a record.
type field = eql.Field[*Record]

// Fields resolves the names that rules and exceptions may use. Names are ECS's, and
// hooksnare.* for what was derived from an event. FIELDS.md describes each.
func Fields(name string) (eql.Field[*Record], bool) {
	f, ok := fields[name]
	return f, ok
}

// FieldKind tells of what kind the values of a field are, as ECS has them.
func FieldKind(name string) eql.Kind {
	if _, ok := fields[name]; !ok {
		return eql.AnyKind
	}
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "pid", "args_count", "exit_code", "sequence":
		return eql.Number
	case "interactive", "exists", "trusted":
		return eql.Boolean
	}
	return eql.Text
}

var fields = allFields()

func allFields() map[string]field {
	out := map[string]field{}
	for _, group := range []map[string]field{
		eventFields, hostFields, hookFields, stateFields,
		processFields("process.", ownProcess), processFields("process.parent.", parentProcess),
	} {
		maps.Copy(out, group)
	}
	responsible := processFields("process.Ext.effective_parent.", responsibleProcess)
	for _, name := range []string{
		"pid", "executable", "name", "entity_id",
		"code_signature.exists", "code_signature.signing_id", "code_signature.team_id", "code_signature.trusted",
	} {
		name = "process.Ext.effective_parent." + name
		out[name] = responsible[name]
	}
	for name, own := range map[string]string{
		"user.id": "process.user.id", "user.name": "process.user.name", "user.Ext.real.id": "process.real_user.id",
		"user.Ext.real.name": "process.real_user.name", "group.id": "process.group.id", "group.name": "process.group.name",
	} {
		out[name] = out[own]
	}
	return out
}

// What is not known of the host: all events are of one, so that a rule that groups by it
// works in a recording, too.
const oneHost = "unknown"

var (
	eventFields = map[string]field{
		"@timestamp":           timestamp,
		"event.created":        timestamp,
		"event.kind":           constant(eql.String("event")),
		"event.module":         constant(eql.String("hooksnare")),
		"event.category":       category,
		"event.type":           eventType,
		"event.action":         eventAction,
		"event.sequence":       ofEvent(func(e *event.Event) eql.Value { return eql.Int(int64(e.GlobalSeq)) }),
		healthPrefix + "state": ofCondition(func(c *Condition) string { return c.State }),
		"process.exit_code":    ofEvent(exitCode),
		"process.Ext.ancestry": func(r *Record) eql.Value {
			if r.Event == nil {
				return eql.Null()
			}
			w := r.knownWorld()
			var out []string
			for _, p := range w.Ancestors(r.Event.Process) {
				out = append(out, string(w.Entity(nil, p.Key())))
			}
			return eql.Strings(out)
		},
		"process.previous.executable": ofEvent(func(e *event.Event) eql.Value {
			if e.Previous == nil {
				return eql.Null()
			}
			return text(e.Previous.Executable)
		}),
	}
	hostFields = map[string]field{
		"host.os.type":      constant(eql.String("macos")),
		"host.os.family":    constant(eql.String("macos")),
		"host.os.platform":  constant(eql.String("macos")),
		"host.os.name":      constant(eql.String("macOS")),
		"host.os.version":   ofWorld(func(w *World) string { return w.OSVersion }),
		"host.id":           ofWorld(func(w *World) string { return cmp.Or(w.HostID, oneHost) }),
		"host.name":         ofWorld(func(w *World) string { return cmp.Or(w.Hostname, oneHost) }),
		"host.hostname":     ofWorld(func(w *World) string { return cmp.Or(w.Hostname, oneHost) }),
		"host.architecture": ofWorld(func(w *World) string { return w.Architecture }),
	}
	hookFields = map[string]field{
		hookPrefix + "tool":        ofFact(func(f *hook.Fact) string { return f.Tool }),
		hookPrefix + "verb":        ofFact(func(f *hook.Fact) string { return f.Verb }),
		hookPrefix + "operation":   ofFact(func(f *hook.Fact) string { return string(f.Operation) }),
		hookPrefix + "key":         ofFact(func(f *hook.Fact) string { return f.Key }),
		hookPrefix + "domain":      ofFact(func(f *hook.Fact) string { return f.Domain }),
		hookPrefix + "plist":       ofFact(func(f *hook.Fact) string { return f.Plist }),
		hookPrefix + "scope":       ofFact(func(f *hook.Fact) string { return string(f.Scope) }),
		hookPrefix + "source":      ofFact(func(f *hook.Fact) string { return f.Source }),
		hookPrefix + "source_file": ofFact(func(f *hook.Fact) string { return f.SourceFile }),
		hookPrefix + "value": func(r *Record) eql.Value {
			if r.Fact == nil || !r.Fact.HasValue {
				return eql.Null()
			}
			return eql.String(r.Fact.Value)
		},
		hookPrefix + "previous_value": func(r *Record) eql.Value {
			if r.State == nil || r.State.Change == nil || r.State.Change.Old == nil {
				return eql.Null()
			}
			return eql.String(*r.State.Change.Old)
		},
	}
	stateFields = map[string]field{
		verdictField: ofState(func(o *Observed) string { return o.Verdict }),
		statePrefix + "since": ofState(func(o *Observed) string {
			if o.Change == nil {
				return ""
			}
			return sinceNames[o.Change.Since]
		}),
		statePrefix + "what": func(r *Record) eql.Value {
			if r.State == nil || r.State.Program == nil {
				return eql.Null()
			}
			return eql.Strings(r.State.Program.What)
		},
		"hooksnare.unreadable.path": ofUnreadable(func(u *event.Unreadable) string { return u.Path }),
		"hooksnare.unreadable.why":  ofUnreadable(func(u *event.Unreadable) string { return u.Why }),
	}
)

func constant(v eql.Value) field { return func(*Record) eql.Value { return v } }

func ofEvent(get func(*event.Event) eql.Value) field {
	return func(r *Record) eql.Value {
		if r.Event == nil {
			return eql.Null()
		}
		return get(r.Event)
	}
}

func ofWorld(get func(*World) string) field {
	return func(r *Record) eql.Value { return text(get(r.knownWorld())) }
}

func ofFact(get func(*hook.Fact) string) field {
	return func(r *Record) eql.Value {
		if r.Fact == nil {
			return eql.Null()
		}
		return text(get(r.Fact))
	}
}

func ofCondition(get func(*Condition) string) field {
	return func(r *Record) eql.Value {
		if r.Condition == nil {
			return eql.Null()
		}
		return text(get(r.Condition))
	}
}

func ofState(get func(*Observed) string) field {
	return func(r *Record) eql.Value {
		if r.State == nil {
			return eql.Null()
		}
		return text(get(r.State))
	}
}

func ofUnreadable(get func(*event.Unreadable) string) field {
	return ofState(func(o *Observed) string {
		if o.Unreadable == nil {
			return ""
		}
		return get(o.Unreadable)
	})
}

// text is a string that is absent when empty.
func text(s string) eql.Value {
	if s == "" {
		return eql.Null()
	}
	return eql.String(s)
}

// The lists that fields have, made once.
var (
	processes  = eql.Strings([]string{processCategory})
	conditions = eql.Strings([]string{conditionCategory})
	states     = eql.Strings([]string{stateCategory})
	startType  = eql.Strings([]string{"start"})
	endType    = eql.Strings([]string{"end"})
)

// category is what a rule names before its where.
func category(r *Record) eql.Value {
	switch {
	case r.State != nil:
		return states
	case r.Event == nil:
		return conditions
	}
	return processes
}

func eventType(r *Record) eql.Value {
	switch {
	case r.State != nil:
		return r.State.eventType()
	case r.Event == nil || r.Event.Kind == event.Other:
		return eql.Null()
	case r.Event.Kind == event.Exit:
		return endType
	}
	return startType
}

func eventAction(r *Record) eql.Value {
	switch {
	case r.State != nil:
		return eql.String(situations[r.State.situation()].action)
	case r.Event == nil:
		return eql.Null()
	case r.Event.Kind == event.Exit:
		return eql.String("end")
	}
	return eql.String(r.Event.Kind.String())
}

// exitCode reads a status as wait(2) reports it.
func exitCode(e *event.Event) eql.Value {
	if e.Kind != event.Exit {
		return eql.Null()
	}
	if signal := e.ExitStatus & 0x7f; signal != 0 {
		return eql.Int(int64(128 + signal)) // as shells have it
	}
	return eql.Int(int64(e.ExitStatus >> 8 & 0xff))
}

// timestamp is when what a record reports happened, as text in UTC.
var timestamp = composed(func(to []byte, r *Record) []byte {
	switch {
	case r.State != nil:
		return appendTime(to, r.State.Time())
	case r.Event != nil:
		return appendTime(to, r.Event.Time)
	case r.Condition != nil:
		return appendTime(to, r.Condition.Since)
	}
	return to
})
