package detect

import (
	"strconv"

	"hooksnare/detect/eql"
	"hooksnare/pkg/event"
)

func ownProcess(r *Record) *event.Process {
	if r.Event == nil {
		return nil
	}
	return r.Event.Process
}

func parentProcess(r *Record) *event.Process {
	if r.Event == nil {
		return nil
	}
	return r.Event.Parent
}

// responsibleProcess returns the process that macOS holds responsible for that of the event,
// nil where that is the process itself or not known.
func responsibleProcess(r *Record) *event.Process {
	p := ownProcess(r)
	if p == nil || p.Responsible.PID == 0 || p.Responsible.PID == p.Token.PID {
		return nil
	}
	return r.knownWorld().Lookup(p.Responsible)
}

// processFields are what is known of a process: of that of the event or of another.
func processFields(prefix string, find func(*Record) *event.Process) map[string]field {
	of := func(get func(*event.Process) eql.Value) field {
		return func(r *Record) eql.Value {
			if p := find(r); p != nil {
				return get(p)
			}
			return eql.Null()
		}
	}
	textOf := func(get func(*event.Process) string) field { // read of every event: one call less
		return func(r *Record) eql.Value {
			if p := find(r); p != nil {
				return text(get(p))
			}
			return eql.Null()
		}
	}
	ofExec := func(get func(*event.Exec) eql.Value) field {
		return of(func(p *event.Process) eql.Value {
			if p.Exec == nil {
				return eql.Null()
			}
			return get(p.Exec)
		})
	}
	composedOf := func(appendText func(to []byte, r *Record, p *event.Process) []byte) field {
		return composed(func(to []byte, r *Record) []byte {
			if p := find(r); p != nil {
				return appendText(to, r, p)
			}
			return to
		})
	}
	id := func(get func(*event.Process) uint32) field {
		return composedOf(func(to []byte, _ *Record, p *event.Process) []byte { return strconv.AppendUint(to, uint64(get(p)), 10) })
	}
	name := func(names func(*World) func(uint32) string, get func(*event.Process) uint32) field {
		return func(r *Record) eql.Value {
			if p := find(r); p != nil {
				return text(names(r.knownWorld())(get(p)))
			}
			return eql.Null()
		}
	}
	users := func(w *World) func(uint32) string { return w.UserName }
	groups := func(w *World) func(uint32) string { return w.GroupName }
	euid := func(p *event.Process) uint32 { return p.Token.EUID }
	ruid := func(p *event.Process) uint32 { return p.Token.RUID }
	egid := func(p *event.Process) uint32 { return p.Token.EGID }
	tty := textOf(func(p *event.Process) string { return p.TTY })

	out := map[string]field{}
	for name, f := range map[string]field{
		"pid":               of(func(p *event.Process) eql.Value { return eql.Int(int64(p.Token.PID)) }),
		"entity_id":         composedOf(func(to []byte, r *Record, p *event.Process) []byte { return r.knownWorld().Entity(to, p.Key()) }),
		"executable":        textOf(func(p *event.Process) string { return p.Image.Executable }),
		"name":              textOf((*event.Process).Name),
		"args":              ofExec(func(x *event.Exec) eql.Value { return eql.Strings(x.Args) }),
		"args_count":        ofExec(func(x *event.Exec) eql.Value { return eql.Int(int64(x.ArgsCount)) }),
		"command_line":      composedOf(appendCommandLine),
		"working_directory": ofExec(func(x *event.Exec) eql.Value { return text(x.WorkingDirectory) }),
		"env_vars":          ofExec(func(x *event.Exec) eql.Value { return eql.Strings(x.Env) }),
		"start":             composedOf(func(to []byte, _ *Record, p *event.Process) []byte { return appendTime(to, p.Start) }),
		"tty":               tty,
		"tty.name":          tty,
		"interactive":       of(func(p *event.Process) eql.Value { return eql.Bool(p.TTY != "") }),
		"hash.cdhash":       textOf(func(p *event.Process) string { return p.Image.CDHash }),

		"code_signature.exists":     of(func(p *event.Process) eql.Value { return eql.Bool(p.Image.Signed()) }),
		"code_signature.signing_id": textOf(func(p *event.Process) string { return p.Image.SigningID }),
		"code_signature.team_id":    textOf(func(p *event.Process) string { return p.Image.TeamID }),
		"code_signature.trusted":    of(func(p *event.Process) eql.Value { return eql.Bool(p.Image.Trusted()) }),

		"user.id":            id(euid),
		"user.name":          name(users, euid),
		"real_user.id":       id(ruid),
		"real_user.name":     name(users, ruid),
		"group.id":           id(egid),
		"group.name":         name(groups, egid),
		"group_leader.pid":   of(func(p *event.Process) eql.Value { return eql.Int(int64(p.GroupID)) }),
		"session_leader.pid": of(func(p *event.Process) eql.Value { return eql.Int(int64(p.SessionID)) }),
	} {
		out[prefix+name] = f
	}
	return out
}

func appendCommandLine(to []byte, _ *Record, p *event.Process) []byte {
	if p.Exec == nil {
		return to
	}
	for i, arg := range p.Exec.Args {
		if i > 0 {
			to = append(to, ' ')
		}
		to = append(to, arg...)
	}
	return to
}
