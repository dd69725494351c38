package detect

import (
	"strconv"
	"time"

	"hooksnare/detect/eql"
	"hooksnare/pkg/event"
)

// of finds the process that a field is about, nil without one.
type of func(*Record) *event.Process

func own(r *Record) *event.Process {
	if r.Event == nil {
		return nil
	}
	return r.Event.Process
}

func parent(r *Record) *event.Process {
	if r.Event == nil {
		return nil
	}
	return r.Event.Parent
}

func responsible(r *Record) *event.Process {
	if r.Event == nil {
		return nil
	}
	return r.world.responsible(r.Event.Process)
}

// fromTable says where what is known of a parent comes from.
const fromTable = "as of the process itself, from the table of processes by parent_audit_token"

// processFields are what is known of a process, of that of the event or of its parent.
func processFields(prefix string, p of) map[string]fieldInfo {
	of := func(f func(*event.Process) eql.Value) field {
		return func(r *Record) eql.Value {
			if found := p(r); found != nil {
				return f(found)
			}
			return eql.Null()
		}
	}
	ofExec := func(f func(*event.Exec) eql.Value) field {
		return of(func(p *event.Process) eql.Value {
			if p.Exec == nil {
				return eql.Null()
			}
			return f(p.Exec)
		})
	}
	made := func(which int, append func(r *Record, p *event.Process, to []byte) []byte) field {
		if prefix != "process." {
			which = ofParent[which]
		}
		return func(r *Record) eql.Value {
			found := p(r)
			if found == nil {
				return eql.Null()
			}
			return eql.String(r.make(which, func(to []byte) []byte { return append(r, found, to) }))
		}
	}
	id := func(which int, of func(*event.Process) uint32) field {
		return made(which, func(_ *Record, p *event.Process, to []byte) []byte { return strconv.AppendUint(to, uint64(of(p)), 10) })
	}
	name := func(look func(*World, uint32) string, of func(*event.Process) uint32) field {
		return func(r *Record) eql.Value {
			found := p(r)
			if found == nil {
				return eql.Null()
			}
			return text(look(r.world, of(found)))
		}
	}
	commandLineOf := made(commandLine, func(_ *Record, p *event.Process, to []byte) []byte { return appendCommandLine(to, p.Exec) })
	start := startTime
	if prefix != "process." {
		start = parentStartTime
	}

	list := map[string]fieldInfo{
		"pid":        {of(pid), "long", "target.audit_token.pid", ""},
		"entity_id":  {made(entityID, func(r *Record, p *event.Process, to []byte) []byte { return r.world.entity(to, p.Key()) }), "keyword", "a hash of host id, boot session, pid and pidversion", "each exec makes a new one; in a recording host and boot are not part of it"},
		"executable": {of(executable), "keyword", "target.executable.path", ""},
		"name":       {of(processName), "keyword", "the last element of the executable's path", ""},
		"args":       {ofExec(func(x *event.Exec) eql.Value { return eql.Strings(x.Args) }), "keywords", "exec.args", ""},
		"args_count": {ofExec(func(x *event.Exec) eql.Value { return eql.Int(int64(x.ArgsCount)) }), "long", "the number of exec.args", ""},
		"command_line": {func(r *Record) eql.Value {
			if found := p(r); found == nil || found.Exec == nil || len(found.Exec.Args) == 0 {
				return eql.Null()
			}
			return emptyIsMissing(commandLineOf(r))
		}, "keyword", "args joined by one space", "spaces within an argument look like those between"},
		"working_directory": {ofExec(func(x *event.Exec) eql.Value { return text(x.WorkingDirectory) }), "keyword", "exec.cwd.path", "where it was at its exec"},
		"env_vars":          {ofExec(func(x *event.Exec) eql.Value { return eql.Strings(x.Env) }), "keywords", "exec.env", "HOME, CFFIXED_USER_HOME, SUDO_USER, SUDO_UID and DYLD_* alone: others may hold secrets"},
		"start":             {func(r *Record) eql.Value { return startOf(r, p(r), start) }, "date", "target.start_time", "text in UTC, as in RFC 3339"},
		"tty":               {of(tty), "keyword", "target.tty.path", ""},
		"tty.name":          {of(tty), "keyword", "target.tty.path", ""},
		"interactive":       {of(func(p *event.Process) eql.Value { return eql.Bool(p.TTY != "") }), "boolean", "whether it has a terminal", ""},
		"hash.cdhash":       {of(func(p *event.Process) eql.Value { return text(p.Image.CDHash) }), "keyword", "target.cdhash", ""},

		"code_signature.exists":     {of(signed), "boolean", "CS_SIGNED of codesigning_flags", ""},
		"code_signature.signing_id": {of(func(p *event.Process) eql.Value { return text(p.Image.SigningID) }), "keyword", "target.signing_id", "what the signature claims"},
		"code_signature.team_id":    {of(func(p *event.Process) eql.Value { return text(p.Image.TeamID) }), "keyword", "target.team_id", "absent of platform binaries"},
		"code_signature.trusted":    {of(trusted), "boolean", "codesigning_flags, is_platform_binary, team_id", "CS_VALID, not CS_ADHOC, and a platform binary or with a team id; no certificate is looked at"},

		"user.id":            {id(userID, euid), "keyword", "euid", ""},
		"user.name":          {name((*World).userName, euid), "keyword", "euid, looked up", "absent in a recording"},
		"real_user.id":       {id(realUserID, ruid), "keyword", "ruid", ""},
		"real_user.name":     {name((*World).userName, ruid), "keyword", "ruid, looked up", "absent in a recording"},
		"group.id":           {id(groupID, egid), "keyword", "egid", ""},
		"group.name":         {name((*World).groupName, egid), "keyword", "egid, looked up", "absent in a recording"},
		"group_leader.pid":   {of(func(p *event.Process) eql.Value { return eql.Int(int64(p.GroupID)) }), "long", "group_id", ""},
		"session_leader.pid": {of(func(p *event.Process) eql.Value { return eql.Int(int64(p.SessionID)) }), "long", "session_id", ""},
	}
	out := make(map[string]fieldInfo, len(list))
	for name, f := range list {
		if prefix != "process." {
			f.source = fromTable
		}
		out[prefix+name] = f
	}
	return out
}

// ofParent tells which text of the parent's is made for one of the process's own.
var ofParent = map[int]int{
	commandLine: parentCommandLine, entityID: parentEntityID,
	userID: parentUserID, realUserID: parentRealUserID, groupID: parentGroupID,
}

var effectiveParentFields = map[string]fieldInfo{
	"process.Ext.effective_parent.pid":        {ofResponsible(pid), "long", "responsible_audit_token", "absent where that is the process itself"},
	"process.Ext.effective_parent.executable": {ofResponsible(executable), "keyword", "the table of processes by responsible_audit_token", ""},
	"process.Ext.effective_parent.name":       {ofResponsible(processName), "keyword", "the table of processes by responsible_audit_token", ""},
	"process.Ext.effective_parent.entity_id": {func(r *Record) eql.Value {
		p := responsible(r)
		if p == nil {
			return eql.Null()
		}
		return eql.String(r.make(responsibleEntityID, func(to []byte) []byte { return r.world.entity(to, p.Key()) }))
	}, "keyword", "responsible_audit_token", "as process.entity_id"},
	"process.Ext.effective_parent.code_signature.exists":     {ofResponsible(signed), "boolean", "the table of processes by responsible_audit_token", ""},
	"process.Ext.effective_parent.code_signature.signing_id": {ofResponsible(func(p *event.Process) eql.Value { return text(p.Image.SigningID) }), "keyword", "the table of processes by responsible_audit_token", ""},
	"process.Ext.effective_parent.code_signature.team_id":    {ofResponsible(func(p *event.Process) eql.Value { return text(p.Image.TeamID) }), "keyword", "the table of processes by responsible_audit_token", ""},
	"process.Ext.effective_parent.code_signature.trusted":    {ofResponsible(trusted), "boolean", "the table of processes by responsible_audit_token", "as process.code_signature.trusted"},
}

// lineageFields are of the process of the event, too, but not of its parent.
var lineageFields = map[string]fieldInfo{
	"user.id":            processFields("process.", own)["process.user.id"],
	"user.name":          processFields("process.", own)["process.user.name"],
	"user.Ext.real.id":   processFields("process.", own)["process.real_user.id"],
	"user.Ext.real.name": processFields("process.", own)["process.real_user.name"],
	"group.id":           processFields("process.", own)["process.group.id"],
	"group.name":         processFields("process.", own)["process.group.name"],
	"process.Ext.ancestry": {func(r *Record) eql.Value {
		if r.Event == nil {
			return eql.Null()
		}
		var out []string
		for _, p := range r.world.ancestors(r.Event.Process) {
			out = append(out, string(r.world.entity(nil, p.Key())))
		}
		return eql.Strings(out)
	}, "keywords", "entity ids from the parent upwards, from the table of processes", "as far as known, at most 32; a rule that asks for it costs memory for each event"},
	"process.previous.executable": {ofEvent(func(e *event.Event) eql.Value {
		if e.Previous == nil {
			return eql.Null()
		}
		return text(e.Previous.Executable)
	}), "keyword", "process.executable.path: the image before", ""},
	"process.exit_code": {ofEvent(func(e *event.Event) eql.Value {
		if e.Kind != event.Exit {
			return eql.Null()
		}
		return eql.Int(int64(exitCode(e.ExitStatus)))
	}), "long", "exit.stat", "128 and the signal's number for a process that a signal ended, as shells have it"},
}

// exitCode reads a status as wait(2) reports it.
func exitCode(status int32) int32 {
	if signal := status & 0x7f; signal != 0 {
		return 128 + signal
	}
	return status >> 8 & 0xff
}

func ofResponsible(f func(*event.Process) eql.Value) field {
	return func(r *Record) eql.Value {
		if p := responsible(r); p != nil {
			return f(p)
		}
		return eql.Null()
	}
}

// date is a time as text.
func (r *Record) date(which int, t time.Time) eql.Value {
	if t.IsZero() {
		return eql.Null()
	}
	return eql.String(r.make(which, func(to []byte) []byte { return t.UTC().AppendFormat(to, time.RFC3339Nano) }))
}

func startOf(r *Record, p *event.Process, which int) eql.Value {
	if p == nil {
		return eql.Null()
	}
	return r.date(which, p.Start)
}

func emptyIsMissing(v eql.Value) eql.Value {
	if s, ok := v.Text(); ok && s == "" {
		return eql.Null()
	}
	return v
}

// appendKey writes a process's identity on one boot of one host.
func appendKey(to []byte, key event.Key) []byte {
	to = strconv.AppendInt(to, int64(key.PID), 10)
	return strconv.AppendUint(append(to, '.'), uint64(key.Version), 10)
}

func euid(p *event.Process) uint32 { return p.Token.EUID }
func ruid(p *event.Process) uint32 { return p.Token.RUID }
func egid(p *event.Process) uint32 { return p.Token.EGID }

func pid(p *event.Process) eql.Value { return eql.Int(int64(p.Token.PID)) }

func executable(p *event.Process) eql.Value { return text(p.Image.Executable) }

func processName(p *event.Process) eql.Value { return text(p.Name()) }

func tty(p *event.Process) eql.Value { return text(p.TTY) }

func signed(p *event.Process) eql.Value { return eql.Bool(p.Image.Signed()) }

func trusted(p *event.Process) eql.Value { return eql.Bool(p.Image.Trusted()) }
