package eslogger

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// reference decodes a line the slow way, through encoding/json, into what Decode should
// have made of it. ok is false where encoding/json refuses the line, or would have to choose
// between two members of the same name.
func reference(line []byte) (want Message, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var top map[string]any
	if !json.Valid(line) || dec.Decode(&top) != nil || top == nil || twice(line) {
		return want, false
	}
	r := &refReader{}
	want.Time = r.time(top["time"])
	want.GlobalSeq, want.HasGlobal = r.uint(top["global_seq_num"])
	want.Seq, _ = r.uint(top["seq_num"])
	want.Version = int(r.int32(top["version"]))
	want.Schema = int(r.int32(top["schema_version"]))
	r.process(top["process"], &want.Process)
	for name, body := range r.object(top["event"]) {
		want.EventName = []byte(name)
		o := map[string]any(nil)
		if name == "exec" || name == "fork" || name == "exit" {
			o = r.object(body)
		}
		switch name {
		case "exec":
			want.Kind = event.ExecKind
			r.process(o["target"], &want.Target)
			want.Args, want.HasArgs = r.strings(o["args"], func([]byte) bool { return true })
			want.Env, _ = r.strings(o["env"], isAllowed)
			want.WorkingDirectory = r.file(o["cwd"])
			want.Script = r.file(o["script"])
			want.DyldPath = r.str(o["dyld_exec_path"])
		case "fork":
			want.Kind = event.Fork
			r.process(o["child"], &want.Target)
		case "exit":
			want.Kind = event.Exit
			want.ExitStatus = r.int32(o["stat"])
		}
		if want.Kind != event.Other {
			break
		}
	}
	want.Odd = r.odd
	return want, true
}

type refReader struct{ odd int }

func (r *refReader) object(v any) map[string]any {
	o, ok := v.(map[string]any)
	if !ok && v != nil {
		r.odd++
	}
	return o
}

func (r *refReader) str(v any) []byte {
	if s, ok := v.(string); ok {
		return []byte(s)
	}
	if v != nil {
		r.odd++
	}
	return nil
}

func (r *refReader) file(v any) []byte { return r.str(r.object(v)["path"]) }

func (r *refReader) time(v any) time.Time {
	s := r.str(v)
	if s == nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(s))
	if err != nil {
		r.odd++
		return time.Time{}
	}
	return t.UTC()
}

func (r *refReader) uint(v any) (uint64, bool) {
	n, isNumber := v.(json.Number)
	if v == nil {
		return 0, false
	}
	if u, err := strconv.ParseUint(strings.TrimPrefix(n.String(), "-0"), 10, 64); err == nil {
		return u, true
	}
	if n == "-0" {
		return 0, true
	}
	_ = isNumber
	r.odd++
	return 0, false
}

func (r *refReader) int64(v any, low, high int64) (int64, bool) {
	if v == nil {
		return 0, false
	}
	n, _ := v.(json.Number)
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || i < low || i > high {
		r.odd++
		return 0, false
	}
	return i, true
}

func (r *refReader) int32(v any) int32 {
	i, _ := r.int64(v, math.MinInt32, math.MaxInt32)
	return int32(i)
}

func (r *refReader) uint32(v any) uint32 {
	i, _ := r.int64(v, math.MinInt32, math.MaxUint32)
	return uint32(i)
}

func (r *refReader) id(v any) uint32 {
	if i, ok := r.int64(v, math.MinInt32, math.MaxUint32); ok {
		return uint32(i)
	}
	return event.None
}

func (r *refReader) bool(v any) bool {
	b, ok := v.(bool)
	if !ok && v != nil {
		r.odd++
	}
	return b
}

func (r *refReader) strings(v any, keep func([]byte) bool) (out [][]byte, ok bool) {
	list, ok := v.([]any)
	if !ok && v != nil {
		r.odd++
	}
	for _, e := range list {
		s, isString := e.(string)
		if !isString && e != nil {
			r.odd++
		}
		if isString && keep([]byte(s)) {
			out = append(out, []byte(s))
		}
	}
	return out, ok
}

func (r *refReader) token(v any) (t event.Token, ok bool) {
	list, isList := v.([]any)
	if !isList {
		o := r.object(v)
		pid, hasPID := r.int64(o["pid"], math.MinInt32, math.MaxInt32)
		version, hasVersion := r.int64(o["pidversion"], math.MinInt32, math.MaxUint32)
		t = event.Token{
			PID: int32(pid), Version: uint32(version), AUID: r.id(o["auid"]), EUID: r.id(o["euid"]), RUID: r.id(o["ruid"]),
			EGID: r.id(o["egid"]), RGID: r.id(o["rgid"]), ASID: r.uint32(o["asid"]),
		}
		if !hasPID || !hasVersion {
			return event.Token{}, false
		}
		return t, true
	}
	odd := r.odd
	if len(list) == 8 {
		t = event.Token{
			AUID: r.uint32(list[0]), EUID: r.uint32(list[1]), EGID: r.uint32(list[2]), RUID: r.uint32(list[3]),
			RGID: r.uint32(list[4]), PID: r.int32(list[5]), ASID: r.uint32(list[6]), Version: r.uint32(list[7]),
		}
	}
	if len(list) != 8 || r.odd != odd || slices.Contains(list, nil) {
		r.odd = odd + 1
		return event.Token{}, false
	}
	return t, true
}

func (r *refReader) process(v any, p *Process) {
	o := r.object(v)
	p.Present = len(o) > 0
	p.Token, p.HasToken = r.token(o["audit_token"])
	p.Parent, _ = r.token(o["parent_audit_token"])
	p.Responsible, _ = r.token(o["responsible_audit_token"])
	p.Executable = r.file(o["executable"])
	p.SigningID = r.str(o["signing_id"])
	p.TeamID = r.str(o["team_id"])
	p.CDHash = r.str(o["cdhash"])
	p.TTY = r.file(o["tty"])
	p.Flags = r.uint32(o["codesigning_flags"])
	p.Platform = r.bool(o["is_platform_binary"])
	p.IsESClient = r.bool(o["is_es_client"])
	p.PPID = r.int32(o["ppid"])
	p.OriginalPPID = r.int32(o["original_ppid"])
	p.GroupID = r.int32(o["group_id"])
	p.SessionID = r.int32(o["session_id"])
	p.Start = r.time(o["start_time"])
}

// differences lists the fields in which two messages differ. EventName is compared only
// for known kinds: an event object of several unknown members has no first one in a map.
func differences(got, want *Message) []string {
	var out []string
	diff("", reflect.ValueOf(*got), reflect.ValueOf(*want), &out, got.Kind == event.Other)
	return out
}

func diff(name string, got, want reflect.Value, out *[]string, other bool) {
	if name == "EventName" && other {
		return
	}
	switch v := got.Interface().(type) {
	case time.Time:
		if w := want.Interface().(time.Time); !v.Equal(w) {
			*out = append(*out, name+": got "+v.String()+", want "+w.String())
		}
		return
	case []byte:
		if w := want.Interface().([]byte); !bytes.Equal(v, w) || (v == nil) != (w == nil) {
			*out = append(*out, name+": got "+strconv.Quote(string(v))+", want "+strconv.Quote(string(w)))
		}
		return
	}
	switch got.Kind() {
	case reflect.Struct:
		for i := range got.NumField() {
			diff(strings.TrimPrefix(name+"."+got.Type().Field(i).Name, "."), got.Field(i), want.Field(i), out, other)
		}
	case reflect.Slice:
		if got.Len() != want.Len() {
			*out = append(*out, name+": got "+strconv.Itoa(got.Len())+" elements, want "+strconv.Itoa(want.Len()))
			return
		}
		for i := range got.Len() {
			diff(name+"["+strconv.Itoa(i)+"]", got.Index(i), want.Index(i), out, other)
		}
	default:
		if !got.Equal(want) {
			*out = append(*out, name+": got "+strconv.Quote(toString(got))+", want "+strconv.Quote(toString(want)))
		}
	}
}

func toString(v reflect.Value) string {
	b, _ := json.Marshal(v.Interface())
	return string(b)
}
