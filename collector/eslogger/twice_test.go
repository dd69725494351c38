package eslogger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hooksnare/pkg/event"
)

// objectShape tells which members of an object are read, and what of those that are objects
// themselves, nil where nothing is.
type objectShape map[string]objectShape

// shapes of the objects that eslogger writes, as far as the decoder reads them. Written out
// here, not taken from the decoder's tables: those are what is tested.
var (
	tokenShape = objectShape{"auid": nil, "euid": nil, "egid": nil, "ruid": nil, "rgid": nil, "pid": nil, "asid": nil, "pidversion": nil}
	fileShape  = objectShape{"path": nil}

	processShape = objectShape{
		"audit_token": tokenShape, "parent_audit_token": tokenShape, "responsible_audit_token": tokenShape,
		"executable": fileShape, "tty": fileShape, "signing_id": nil, "team_id": nil, "cdhash": nil, "codesigning_flags": nil,
		"is_platform_binary": nil, "is_es_client": nil, "ppid": nil, "original_ppid": nil, "group_id": nil, "session_id": nil,
		"start_time": nil,
	}
	eventShape = objectShape{
		"exec": objectShape{"target": processShape, "args": nil, "env": nil, "cwd": fileShape, "script": fileShape, "dyld_exec_path": nil},
		"fork": objectShape{"child": processShape},
		"exit": objectShape{"stat": nil},
	}
	lineShape = objectShape{
		"process": processShape, "event": eventShape, "time": nil, "global_seq_num": nil, "seq_num": nil, "version": nil, "schema_version": nil,
	}
)

// twice reports whether a valid line names a member twice of those that are read, or tells
// of two events, by way of encoding/json.
func twice(line []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(line))
	found := false
	var value func(shape objectShape, read bool)
	value = func(shape objectShape, read bool) {
		t, err := dec.Token()
		if err != nil {
			return
		}
		seen := map[string]int{}
		switch t {
		case json.Delim('{'):
			for dec.More() {
				name, _ := dec.Token()
				of, known := shape[name.(string)]
				known = known && read
				seen[name.(string)]++
				found = found || known && seen[name.(string)] > 1
				value(of, known)
			}
		case json.Delim('['):
			for dec.More() {
				value(nil, false)
			}
		default:
			return
		}
		if _, isEvent := shape["fork"]; isEvent && read {
			found = found || seen["exec"]+seen["fork"]+seen["exit"] > 1
		}
		_, _ = dec.Token()
	}
	value(lineShape, true)
	return found
}

// richLine is a line with every member that is read.
func richLine(of string) string {
	const (
		token   = `{"asid":100005,"auid":501,"egid":20,"euid":501,"pid":77,"pidversion":1234,"rgid":20,"ruid":501}`
		stat    = `{"st_dev":16777233,"st_ino":1152921500312525701,"st_uid":0,"st_mtimespec":"2026-11-23T10:00:00.000000000Z"}`
		file    = `{"path":"\/bin\/zsh","path_truncated":false,"stat":` + stat + `}`
		process = `{"audit_token":` + token + `,"parent_audit_token":` + token + `,"responsible_audit_token":` + token +
			`,"executable":` + file + `,"tty":` + file + `,"signing_id":"com.apple.zsh","team_id":null,"cdhash":"00FF","codesigning_flags":570556931` +
			`,"is_platform_binary":true,"is_es_client":false,"ppid":1,"original_ppid":1,"group_id":5,"session_id":5,"cs_validation_category":1` +
			`,"start_time":"2026-11-23T10:00:00.000001Z"}`
	)
	body := map[string]string{
		"exec": `{"target":` + process + `,"args":["defaults","write"],"env":["HOME=\/Users\/ann"],"cwd":` + file + `,"script":` + file +
			`,"dyld_exec_path":"defaults","last_fd":2}`,
		"fork": `{"child":` + process + `}`,
		"exit": `{"stat":256}`,
	}[of]
	return `{"schema_version":1,"version":9,"time":"2026-11-23T10:00:00.123456789Z","seq_num":4,"global_seq_num":12,"mach_time":5` +
		`,"action":{"result":{"result_type":0,"result":{"auth":0}}},"thread":{"thread_id":1},"process":` + process + `,"event":{"` + of + `":` + body + `}}`
}

// place is a member of a line.
type place struct {
	path       []string // the names that lead to it
	start, end int      // from its name's quote to behind its value
	object     [2]int   // where the members of its object begin, and end
	name       string
}

// places returns every member of a compact line.
func places(line string) (out []place) {
	dec := json.NewDecoder(strings.NewReader(line))
	var value func(path []string)
	value = func(path []string) {
		t, err := dec.Token()
		if err != nil {
			return
		}
		switch t {
		case json.Delim('{'):
			open, first := int(dec.InputOffset()), len(out)
			for dec.More() {
				from := int(dec.InputOffset())
				if line[from] == ',' {
					from++
				}
				name, _ := dec.Token()
				at := len(out)
				out = append(out, place{path: path, start: from, name: name.(string)})
				value(append(slices.Clone(path), name.(string)))
				out[at].end = int(dec.InputOffset())
			}
			_, _ = dec.Token()
			for i := first; i < len(out); i++ {
				if slices.Equal(out[i].path, path) {
					out[i].object = [2]int{open, int(dec.InputOffset()) - 1}
				}
			}
		case json.Delim('['):
			for dec.More() {
				value(append(slices.Clone(path), "[]"))
			}
			_, _ = dec.Token()
		}
	}
	value(nil)
	return out
}

// spellings are ways to write a member a second time.
var spellings = []struct {
	name  string
	write func(name, value string) string
}{
	{"alike", func(name, value string) string { return `"` + name + `":` + value }},
	{"null", func(name, value string) string { return `"` + name + `":null` }},
	{"zero", func(name, value string) string { return `"` + name + `":0` }},
	{"a text", func(name, value string) string { return `"` + name + `":"0"` }},
	{"white space", func(name, value string) string { return ` "` + name + `" : ` + value + ` ` }},
	{"first letter escaped", func(name, value string) string {
		return fmt.Sprintf(`"\u%04x%s":%s`, name[0], name[1:], value)
	}},
	{"last letter escaped", func(name, value string) string {
		n := len(name) - 1
		return fmt.Sprintf(`"%s\u%04X":%s`, name[:n], name[n], value)
	}},
}

// TestDecodeTwice writes every member of a line a second time, in every spelling, before
// and behind all others of its object. A line with two of one that is read is refused by
// every reader; of one that is not read, it says the same as without.
func TestDecodeTwice(t *testing.T) {
	refused := 0
	for _, kind := range []string{"exec", "fork", "exit"} {
		line := richLine(kind)
		compare(t, []byte(line))
		for _, p := range places(line) {
			if kind != "exec" && len(p.path) > 2 {
				continue // as in an exec
			}
			_, value, _ := strings.Cut(line[p.start:p.end], `":`)
			for _, s := range spellings {
				member := s.write(p.name, value)
				for _, double := range []string{
					line[:p.object[0]] + member + "," + line[p.object[0]:],
					line[:p.end] + "," + member + line[p.end:],
					line[:p.object[1]] + "," + member + line[p.object[1]:],
				} {
					compare(t, []byte(double))
					if twice([]byte(double)) {
						refused++
					}
				}
			}
			if t.Failed() {
				t.Fatalf("%s: member %s of %v", kind, p.name, p.path)
			}
		}
	}
	if refused < 1500 {
		t.Errorf("got %d lines that must be refused, want 1500 at least", refused)
	}
}

// TestDecodeOtherCase writes every member a second time in another case: it is another
// member, and is not read. encoding/json would take it for the same if it filled a struct.
func TestDecodeOtherCase(t *testing.T) {
	for _, kind := range []string{"exec", "fork", "exit"} {
		line := richLine(kind)
		want, _ := reference([]byte(line))
		for _, p := range places(line) {
			if kind != "exec" && len(p.path) > 2 {
				continue // as in an exec
			}
			for _, name := range []string{strings.ToUpper(p.name), strings.ToUpper(p.name[:1]) + p.name[1:], strings.Replace(p.name, "s", "ſ", 1), p.name + " ", p.name + `\u0000`} {
				if name == p.name {
					continue
				}
				for _, double := range []string{
					line[:p.object[0]] + `"` + name + `":0,` + line[p.object[0]:],
					line[:p.object[1]] + `,"` + name + `":{"euid":0,"path":"x"}` + line[p.object[1]:],
				} {
					compareOne(t, []byte(double), &want, true)
				}
			}
		}
	}
}

// TestDecodeToken says what becomes of each unusual audit token. A number that can't be
// read is never 0, which is root.
func TestDecodeToken(t *testing.T) {
	whole := event.Token{PID: 77, Version: 1234, AUID: 501, EUID: 502, RUID: 503, EGID: 20, RGID: 21, ASID: 9}
	with := func(change func(*event.Token)) *event.Token {
		out := whole
		change(&out)
		return &out
	}
	noEUID := with(func(t *event.Token) { t.EUID = event.None })
	const others = `"auid":501,"ruid":503,"egid":20,"rgid":21,"asid":9,"pid":77,"pidversion":1234`
	none := &event.Token{}
	refused := (*event.Token)(nil)
	tests := []struct {
		name, token string
		want        *event.Token // none: the line is used without a token; refused: the line is not used
		odd         int
	}{
		{"all members", `{"euid":502,` + others + `}`, &whole, 0},
		{"a member of the future", `{"euid":502,` + others + `,"persona":0}`, &whole, 0},
		{"a member of the future, twice", `{"persona":1,"euid":502,` + others + `,"persona":0}`, &whole, 0},
		{"white space", `{ "euid" : 502 , ` + others + ` } `, &whole, 0},
		{"an escaped name", `{"e\u0075id":502,` + others + `}`, &whole, 0},
		{"another case beside it", `{"euid":502,"EUID":0,` + others + `,"Euid":0}`, &whole, 0},
		{"twice", `{"euid":502,` + others + `,"euid":0}`, refused, 0},
		{"twice, root first", `{"euid":0,` + others + `,"euid":502}`, refused, 0},
		{"twice, alike", `{"euid":502,` + others + `,"euid":502}`, refused, 0},
		{"twice, one after the other", `{"euid":502,"euid":0,` + others + `}`, refused, 0},
		{"twice, in place of another", `{"euid":502,"euid":0,"ruid":503,"egid":20,"rgid":21,"asid":9,"pid":77,"pidversion":1234}`, refused, 0},
		{"twice, with an escape", `{"euid":502,"e\u0075id":0,` + others + `}`, refused, 0},
		{"twice, with white space", `{"euid":502,"euid" :0,` + others + `}`, refused, 0},
		{"twice, null", `{"euid":502,"euid":null,` + others + `}`, refused, 0},
		{"pid twice", `{"euid":502,` + others + `,"pid":1}`, refused, 0},
		{"all twice", `{"euid":502,` + others + `,"euid":502,` + others + `}`, refused, 0},
		{"absent", `{` + others + `}`, noEUID, 0},
		{"null", `{"euid":null,` + others + `}`, noEUID, 0},
		{"a text", `{"euid":"502",` + others + `}`, noEUID, 1},
		{"an empty text", `{"euid":"",` + others + `}`, noEUID, 1},
		{"false", `{"euid":false,` + others + `}`, noEUID, 1},
		{"an object", `{"euid":{"euid":0},` + others + `}`, noEUID, 1},
		{"an array", `{"euid":[0],` + others + `}`, noEUID, 1},
		{"an exponent", `{"euid":1e0,` + others + `}`, noEUID, 1},
		{"zero with an exponent", `{"euid":0e0,` + others + `}`, noEUID, 1},
		{"a fraction", `{"euid":0.0,` + others + `}`, noEUID, 1},
		{"2^32", `{"euid":4294967296,` + others + `}`, noEUID, 1},
		{"2^32+1", `{"euid":4294967297,` + others + `}`, noEUID, 1},
		{"2^64", `{"euid":18446744073709551616,` + others + `}`, noEUID, 1},
		{"below -2^31", `{"euid":-2147483649,` + others + `}`, noEUID, 1},
		{"-0 is 0 in JSON", `{"euid":-0,` + others + `}`, with(func(t *event.Token) { t.EUID = 0 }), 0},
		{"with its sign", `{"euid":-2,` + others + `}`, with(func(t *event.Token) { t.EUID = 4294967294 }), 0},
		{"none", `{"euid":4294967295,` + others + `}`, noEUID, 0},
		{"a zero too many", `{"euid":01,` + others + `}`, refused, 0},
		{"two zeros", `{"euid":00,` + others + `}`, refused, 0},
		{"a plus sign", `{"euid":+1,` + others + `}`, refused, 0},
		{"hexadecimal", `{"euid":0x0,` + others + `}`, refused, 0},
		{"nothing", `{"euid":,` + others + `}`, refused, 0},
		{"no auid is no login user", `{"euid":502,"ruid":503,"egid":20,"rgid":21,"asid":9,"pid":77,"pidversion":1234}`, with(func(t *event.Token) { t.AUID = event.None }), 0},
		{"no pid", `{"euid":502,"auid":501,"ruid":503,"egid":20,"rgid":21,"asid":9,"pidversion":1234}`, none, 0},
		{"no pidversion", `{"euid":502,"auid":501,"ruid":503,"egid":20,"rgid":21,"asid":9,"pid":77}`, none, 0},
		{"pid null", `{"euid":502,"auid":501,"ruid":503,"egid":20,"rgid":21,"asid":9,"pid":null,"pidversion":1234}`, none, 0},
		{"pid of 2^31", `{"euid":502,"auid":501,"ruid":503,"egid":20,"rgid":21,"asid":9,"pid":2147483648,"pidversion":1234}`, none, 1},
		{"pid a text", `{"euid":502,"auid":501,"ruid":503,"egid":20,"rgid":21,"asid":9,"pid":"1","pidversion":1234}`, none, 1},
		{"empty", `{}`, none, 0},
		{"null for the whole", `null`, none, 0},
		{"a number for the whole", `0`, none, 1},
		{"array", `[501,502,20,503,21,77,9,1234]`, &whole, 0},
		{"array with white space", `[ 501 , 502,20,503,21,77,9,1234 ]`, &whole, 0},
		{"array, one too few", `[501,502,20,503,21,77,9]`, none, 1},
		{"array, one too many", `[501,502,20,503,21,77,9,1234,0]`, none, 1},
		{"array, far too many", `[501,502,20,503,21,77,9,1234,501,0,20,0,20,1,9,1]`, none, 1},
		{"array, empty", `[]`, none, 1},
		{"array of nulls", `[null,null,null,null,null,null,null,null]`, none, 1},
		{"array with a null", `[501,null,20,503,21,77,9,1234]`, none, 1},
		{"array with a null for the pid", `[501,502,20,503,21,null,9,1234]`, none, 1},
		{"array with a text", `[501,"0",20,503,21,77,9,1234]`, none, 1},
		{"array with an exponent", `[501,1e0,20,503,21,77,9,1234]`, none, 1},
		{"array with 2^32+1", `[501,4294967297,20,503,21,77,9,1234]`, none, 1},
		{"array with an object", `[501,{"euid":0},20,503,21,77,9,1234]`, none, 1},
		{"array in an array", `[[501,502,20,503,21,77,9,1234]]`, none, 1},
		{"array with a zero too many", `[501,00,20,503,21,77,9,1234]`, refused, 0},
	}
	for _, tt := range tests {
		for _, pad := range []string{"", strings.Repeat(" ", 144)} { // also where words of eight bytes can be read
			line := `{"process":{"audit_token":` + tt.token + `}}` + pad
			{
				d, m := new(Decoder), new(Message)
				err := d.Decode([]byte(line), m)
				switch {
				case (err != nil) != (tt.want == refused):
					t.Errorf("%s: %s: got error %v, want refused %v", tt.name, line, err, tt.want == refused)
				case err != nil:
				case m.Process.Token != *tt.want || m.Process.HasToken != (tt.want != none) || m.Odd != tt.odd:
					t.Errorf("%s: %s: got %+v, there %v, odd %d, want %+v, odd %d", tt.name, line, m.Process.Token, m.Process.HasToken, m.Odd, *tt.want, tt.odd)
				}
			}
			compare(t, []byte(line))
		}
	}
}

// TestDecodeArguments tries to say with arguments who ran a program. Written as JSON they
// say nothing; written as they are, which eslogger does not do, no such line is used.
func TestDecodeArguments(t *testing.T) {
	const root = `{"asid":1,"auid":0,"egid":0,"euid":0,"pid":77,"pidversion":1234,"rgid":0,"ruid":0}`
	target := `"target":{"audit_token":` + root + `,"executable":{"path":"\/bin\/ls"}}`
	line := richLine("exec")
	want, _ := reference([]byte(line))
	for _, arg := range []string{
		`x"],` + target + `,"args":["x`,
		`x"],` + target + `,"arg":["x`,
		`x"],"target":{"audit_token":` + root + `},"x":["`,
		`x"]}},"process":{"audit_token":` + root + `},"event":{"exec":{"args":["x`,
		`x"]},"exec":{` + target + `,"args":["x`,
		`x"]},"fork":{"child":{"audit_token":` + root + `},"x":["`,
		`x"]}},"x":{"exec":{"args":["`,
		`\`, `\"`, `"`, `\\"]`, "\u2028\",\"euid\":0", `euid":0,"`,
	} {
		text, err := json.Marshal(arg)
		if err != nil {
			t.Fatal(err)
		}
		written := strings.Replace(line, `"write"`, string(text), 1)
		m := new(Message)
		if err := new(Decoder).Decode([]byte(written), m); err != nil {
			t.Errorf("argument %q: got %v, want the line accepted", arg, err)
		}
		if m.Target.Token != want.Target.Token || m.Process.Token != want.Process.Token || string(m.Args[1]) != arg {
			t.Errorf("argument %q: got %+v and %q, want %+v", arg, m.Target.Token, m.Args, want.Target.Token)
		}
		compare(t, []byte(written))

		raw := strings.Replace(line, `"write"`, `"`+arg+`"`, 1)
		compare(t, []byte(raw))
		if err := new(Decoder).Decode([]byte(raw), m); err == nil && (m.Target.Token != want.Target.Token || m.Process.Token != want.Process.Token) {
			t.Errorf("%s: got %+v, want it refused, or %+v", raw, m.Target.Token, want.Target.Token)
		}
	}
}
