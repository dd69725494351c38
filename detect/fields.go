package detect

import (
	"maps"
	"slices"
	"strconv"

	"hooksnare/detect/eql"
	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// field returns one member of a record.
type field = eql.Field[*Record]

// Fields resolves the names that rules and exceptions may use. Names are ECS's, and
// hooksnare.* for what was derived from an event.
func Fields(name string) (eql.Field[*Record], bool) {
	f, ok := fields[name]
	return f, ok
}

// FieldNames returns every name that Fields knows, sorted.
func FieldNames() []string { return slices.Sorted(maps.Keys(fields)) }

// category is what a rule names before its where.
func category(r *Record) eql.Value {
	if r.Event == nil {
		return eql.String(conditionCategory)
	}
	return eql.String(processCategory)
}

var (
	startType = []string{"start"}
	endType   = []string{"end"}
)

var fields = map[string]field{
	"event.category": category,
	"event.type":     ofEvent(eventType),
	"event.action":   ofEvent(eventAction),
	"event.sequence": ofEvent(func(e *event.Event) eql.Value { return eql.Int(int64(e.GlobalSeq)) }),
	"event.kind":     func(*Record) eql.Value { return eql.String("event") },
	"host.os.type":   func(*Record) eql.Value { return eql.String("macos") },

	"user.id":          ofProcess(func(p *event.Process) eql.Value { return id(p.Token.EUID) }),
	"user.name":        func(r *Record) eql.Value { return text(r.UserName) },
	"user.Ext.real.id": ofProcess(func(p *event.Process) eql.Value { return id(p.Token.RUID) }),
	"group.id":         ofProcess(func(p *event.Process) eql.Value { return id(p.Token.EGID) }),

	"process.pid":        ofProcess(pid),
	"process.executable": ofProcess(executable),
	"process.name":       ofProcess(name),
	"process.args":       ofExec(func(x *event.Exec) eql.Value { return eql.Strings(x.Args) }),
	"process.args_count": ofExec(func(x *event.Exec) eql.Value { return eql.Int(int64(x.ArgsCount)) }),
	"process.command_line": func(r *Record) eql.Value {
		if r.Event == nil || r.Event.Process.Exec == nil {
			return eql.Null()
		}
		return text(r.commandLine.of(r.Event.Process.Exec))
	},
	"process.working_directory": ofExec(func(x *event.Exec) eql.Value { return text(x.WorkingDirectory) }),
	"process.env_vars":          ofExec(func(x *event.Exec) eql.Value { return eql.Strings(x.Env) }),
	"process.tty.name":          ofProcess(func(p *event.Process) eql.Value { return text(p.TTY) }),
	"process.group.id":          ofProcess(func(p *event.Process) eql.Value { return id(p.Token.EGID) }),
	"process.user.id":           ofProcess(func(p *event.Process) eql.Value { return id(p.Token.EUID) }),
	"process.real_user.id":      ofProcess(func(p *event.Process) eql.Value { return id(p.Token.RUID) }),
	"process.group_leader.pid":  ofProcess(func(p *event.Process) eql.Value { return eql.Int(int64(p.GroupID)) }),
	"process.session_leader.pid": ofProcess(func(p *event.Process) eql.Value {
		return eql.Int(int64(p.SessionID))
	}),
	"process.hash.cdhash": ofProcess(func(p *event.Process) eql.Value { return text(p.Image.CDHash) }),
	"process.previous.executable": ofEvent(func(e *event.Event) eql.Value {
		if e.Previous == nil {
			return eql.Null()
		}
		return text(e.Previous.Executable)
	}),
	"process.exit_code": ofEvent(func(e *event.Event) eql.Value {
		if e.Kind != event.Exit {
			return eql.Null()
		}
		return eql.Int(int64(e.ExitStatus))
	}),

	"process.code_signature.exists":     ofProcess(signed),
	"process.code_signature.signing_id": ofProcess(func(p *event.Process) eql.Value { return text(p.Image.SigningID) }),
	"process.code_signature.team_id":    ofProcess(func(p *event.Process) eql.Value { return text(p.Image.TeamID) }),
	"process.code_signature.trusted":    ofProcess(trusted),

	"process.parent.pid":        ofParent(pid),
	"process.parent.executable": ofParent(executable),
	"process.parent.name":       ofParent(name),
	"process.parent.args": ofParent(func(p *event.Process) eql.Value {
		return ofCommand(p, func(x *event.Exec) eql.Value { return eql.Strings(x.Args) })
	}),
	"process.parent.args_count": ofParent(func(p *event.Process) eql.Value {
		return ofCommand(p, func(x *event.Exec) eql.Value { return eql.Int(int64(x.ArgsCount)) })
	}),
	"process.parent.command_line": func(r *Record) eql.Value {
		if r.Event == nil || r.Event.Parent == nil || r.Event.Parent.Exec == nil {
			return eql.Null()
		}
		return text(r.parentCommandLine.of(r.Event.Parent.Exec))
	},
	"process.parent.code_signature.exists":     ofParent(signed),
	"process.parent.code_signature.signing_id": ofParent(func(p *event.Process) eql.Value { return text(p.Image.SigningID) }),
	"process.parent.code_signature.team_id":    ofParent(func(p *event.Process) eql.Value { return text(p.Image.TeamID) }),
	"process.parent.code_signature.trusted":    ofParent(trusted),

	"process.Ext.effective_parent.pid":        ofResponsible(pid),
	"process.Ext.effective_parent.executable": ofResponsible(executable),
	"process.Ext.effective_parent.name":       ofResponsible(name),

	"hooksnare.hook.tool":      ofFact(func(f *hook.Fact) eql.Value { return text(f.Tool) }),
	"hooksnare.hook.verb":      ofFact(func(f *hook.Fact) eql.Value { return text(f.Verb) }),
	"hooksnare.hook.operation": ofFact(func(f *hook.Fact) eql.Value { return text(string(f.Operation)) }),
	"hooksnare.hook.key":       ofFact(func(f *hook.Fact) eql.Value { return text(f.Key) }),
	"hooksnare.hook.value": ofFact(func(f *hook.Fact) eql.Value {
		if !f.HasValue {
			return eql.Null()
		}
		return eql.String(f.Value)
	}),
	"hooksnare.hook.domain":      ofFact(func(f *hook.Fact) eql.Value { return text(f.Domain) }),
	"hooksnare.hook.plist":       ofFact(func(f *hook.Fact) eql.Value { return text(f.Plist) }),
	"hooksnare.hook.scope":       ofFact(func(f *hook.Fact) eql.Value { return text(string(f.Scope)) }),
	"hooksnare.hook.source":      ofFact(func(f *hook.Fact) eql.Value { return text(f.Source) }),
	"hooksnare.hook.source_file": ofFact(func(f *hook.Fact) eql.Value { return text(f.SourceFile) }),

	"hooksnare.health.state": func(r *Record) eql.Value {
		if r.Condition == nil {
			return eql.Null()
		}
		return text(r.Condition.State)
	},
}

func ofEvent(f func(*event.Event) eql.Value) field {
	return func(r *Record) eql.Value {
		if r.Event == nil {
			return eql.Null()
		}
		return f(r.Event)
	}
}

func ofProcess(f func(*event.Process) eql.Value) field {
	return func(r *Record) eql.Value {
		if r.Event == nil {
			return eql.Null()
		}
		return f(r.Event.Process)
	}
}

func ofParent(f func(*event.Process) eql.Value) field {
	return func(r *Record) eql.Value {
		if r.Event == nil || r.Event.Parent == nil {
			return eql.Null()
		}
		return f(r.Event.Parent)
	}
}

func ofResponsible(f func(*event.Process) eql.Value) field {
	return func(r *Record) eql.Value {
		if r.Responsible == nil {
			return eql.Null()
		}
		return f(r.Responsible)
	}
}

func ofExec(f func(*event.Exec) eql.Value) field {
	return ofProcess(func(p *event.Process) eql.Value { return ofCommand(p, f) })
}

func ofCommand(p *event.Process, f func(*event.Exec) eql.Value) eql.Value {
	if p.Exec == nil {
		return eql.Null()
	}
	return f(p.Exec)
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

// id is a user or group id, which ECS writes as a string.
func id(n uint32) eql.Value { return eql.String(strconv.FormatUint(uint64(n), 10)) }

func eventType(e *event.Event) eql.Value {
	switch e.Kind {
	case event.ExecKind, event.Fork:
		return eql.Strings(startType)
	case event.Exit:
		return eql.Strings(endType)
	}
	return eql.Null()
}

func eventAction(e *event.Event) eql.Value {
	if e.Kind == event.Exit {
		return eql.String("end")
	}
	return eql.String(e.Kind.String())
}

func pid(p *event.Process) eql.Value { return eql.Int(int64(p.Token.PID)) }

func executable(p *event.Process) eql.Value { return text(p.Image.Executable) }

func name(p *event.Process) eql.Value { return text(p.Name()) }

func signed(p *event.Process) eql.Value { return eql.Bool(p.Image.Signed()) }

func trusted(p *event.Process) eql.Value { return eql.Bool(p.Image.Trusted()) }
