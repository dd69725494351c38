package eslogger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hooksnare/pkg/event"
	"hooksnare/pkg/shared"
)

// captured returns every event of the real captures, each as the bytes of the file.
func captured(t testing.TB) map[string][]json.RawMessage {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "captures"), "*.json*"))
	more, _ := filepath.Glob(filepath.Join(shared.Path(t, "captures"), "*.ndjson"))
	if files = append(files, more...); err != nil || len(files) == 0 {
		t.Fatalf("captures: %d files, %v", len(files), err)
	}
	out := map[string][]json.RawMessage{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(bytes.NewReader(b))
		for {
			var raw json.RawMessage
			if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out[filepath.Base(name)] = append(out[filepath.Base(name)], raw)
		}
	}
	return out
}

func TestDecodeCaptures(t *testing.T) {
	d, m, events, kinds := new(Decoder), new(Message), 0, map[event.Kind]int{}
	for name, lines := range captured(t) {
		for n, line := range lines {
			want, ok := reference(line)
			if err := d.Decode(line, m); err != nil {
				t.Errorf("%s event %d: %v", name, n+1, err)
				continue
			}
			if !ok {
				t.Fatalf("%s event %d: the reference refuses it", name, n+1)
			}
			for _, difference := range differences(m, &want) {
				t.Errorf("%s event %d: %s", name, n+1, difference)
			}
			if m.Odd != 0 {
				t.Errorf("%s event %d: got %d odd members, want 0", name, n+1, m.Odd)
			}
			if !m.HasGlobal || m.Time.IsZero() || len(m.Process.Executable) == 0 || m.Process.Token.PID == 0 {
				t.Errorf("%s event %d: a field of every event is missing: %+v", name, n+1, m)
			}
			if m.Kind == event.ExecKind && (!m.HasArgs || len(m.Target.Executable) == 0 || m.Target.Token.Version <= m.Process.Token.Version) {
				t.Errorf("%s event %d: exec without its target: %+v", name, n+1, m.Target)
			}
			events++
			kinds[m.Kind]++
		}
	}
	t.Logf("%d events: %d exec, %d fork, %d exit, %d other", events, kinds[event.ExecKind], kinds[event.Fork], kinds[event.Exit], kinds[event.Other])
}

func TestDecodeShapes(t *testing.T) {
	tests := []struct {
		name, line string
		check      func(*Message) bool
	}{
		{"slashes", `{"event":{"exec":{"args":["\/bin\/ls","a\/b"]}}}`,
			func(m *Message) bool { return string(m.Args[0]) == "/bin/ls" && string(m.Args[1]) == "a/b" }},
		{"escapes", `{"event":{"exec":{"args":["\b\f\n\r\t\"\\\/\u0041\u00e9\u20AC"]}}}`,
			func(m *Message) bool { return string(m.Args[0]) == "\b\f\n\r\t\"\\/Aé€" }},
		{"surrogate pair", `{"event":{"exec":{"args":["\ud83d\ude00"]}}}`,
			func(m *Message) bool { return string(m.Args[0]) == "😀" }},
		{"lone surrogates", `{"event":{"exec":{"args":["\ud83d","\ude00x","\ud83d\u0041","\ud83d\ud83d\ude00"]}}}`,
			func(m *Message) bool {
				return string(bytes.Join(m.Args, []byte("|"))) == "\uFFFD|\uFFFDx|\uFFFDA|\uFFFD😀"
			}},
		{"invalid UTF-8", "{\"event\":{\"exec\":{\"args\":[\"a\xffb\xc3\",\"\\/\xe2\x82\"]}}}",
			func(m *Message) bool {
				return string(m.Args[0]) == "a\uFFFDb\uFFFD" && string(m.Args[1]) == "/\uFFFD\uFFFD"
			}},
		{"escaped member name", `{"\u0065vent":{"\u0065xec":{"arg\u0073":["x"]}}}`,
			func(m *Message) bool { return m.Kind == event.ExecKind && string(m.Args[0]) == "x" }},
		{"object token", `{"process":{"audit_token":{"pid":7,"pidversion":8,"auid":4294967295,"euid":1,"ruid":2,"egid":3,"rgid":4,"asid":5}}}`,
			func(m *Message) bool {
				return m.Process.Token == event.Token{PID: 7, Version: 8, AUID: event.None, EUID: 1, RUID: 2, EGID: 3, RGID: 4, ASID: 5}
			}},
		{"array token", `{"process":{"audit_token":[4294967295,1,3,2,4,7,5,8]}}`,
			func(m *Message) bool {
				return m.Process.Token == event.Token{PID: 7, Version: 8, AUID: event.None, EUID: 1, RUID: 2, EGID: 3, RGID: 4, ASID: 5}
			}},
		{"array token of another length", `{"process":{"audit_token":[1,2,3]}}`,
			func(m *Message) bool { return !m.Process.HasToken && m.Odd == 1 }},
		{"nulls are absent", `{"process":{"team_id":null,"tty":null,"executable":null},"event":{"exec":{"script":null,"args":null}}}`,
			func(m *Message) bool { return m.Odd == 0 && m.Process.TeamID == nil && !m.HasArgs }},
		{"wrong types are odd", `{"version":"9","time":5,"event":{"exec":{"args":[1,"a",{}],"cwd":"x"}}}`,
			func(m *Message) bool { return m.Odd == 5 && len(m.Args) == 1 && m.Version == 0 }},
		{"numbers", `{"global_seq_num":18446744073709551615,"seq_num":1.5,"version":-3}`,
			func(m *Message) bool {
				return m.GlobalSeq == 1<<64-1 && m.HasGlobal && m.Seq == 0 && m.Odd == 1 && m.Version == -3
			}},
		{"allowed environment only", `{"event":{"exec":{"env":["HOME=\/var\/root","AWS_SECRET=x","SUDO_USER=ann","HOMER=1","DYLD_INSERT_LIBRARIES=a","\u0048OME=y"]}}}`,
			func(m *Message) bool {
				return string(bytes.Join(m.Env, []byte(" "))) == "HOME=/var/root SUDO_USER=ann DYLD_INSERT_LIBRARIES=a HOME=y"
			}},
		{"unknown newer version", `{"schema_version":2,"version":99,"new":{"a":[{}]},"event":{"exit":{"stat":9,"x":1}}}`,
			func(m *Message) bool { return m.Kind == event.Exit && m.ExitStatus == 9 && m.Version == 99 }},
		{"unknown event", `{"event":{"lookup":{"a":1}}}`,
			func(m *Message) bool { return m.Kind == event.Other && string(m.EventName) == "lookup" }},
		{"white space", " {\t\"version\" :\r 9 , \"event\" : { \"exit\" : { } } } ",
			func(m *Message) bool { return m.Kind == event.Exit && m.Version == 9 }},
		{"time with offset", `{"time":"2026-01-31T01:00:00.5+01:00"}`,
			func(m *Message) bool { return m.Time.UnixNano() == 1769817600500000000 }},
	}
	d, m := new(Decoder), new(Message)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := d.Decode([]byte(test.line), m); err != nil {
				t.Fatalf("%s: got %v, want no error", test.line, err)
			}
			if !test.check(m) {
				t.Errorf("%s: got %+v", test.line, m)
			}
			compare(t, []byte(test.line))
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
	tests := []struct{ line, want string }{
		{``, "text ends too early at byte 0"},
		{`{`, "text ends too early at byte 1"},
		{`[]`, "not JSON at byte 0"},
		{`{"a":1}x`, "not JSON at byte 7"},
		{`{"a":01}`, "not JSON at byte 6"},
		{`{"a":1.}`, "not JSON at byte 7"},
		{`{"a":+1}`, "not JSON at byte 5"},
		{`{"a":tru}`, "not JSON at byte 5"},
		{`{"a":[1,]}`, "not JSON at byte 8"},
		{`{"a":1,}`, "not JSON at byte 7"},
		{`{"a" 1}`, "not JSON at byte 5"},
		{`{a:1}`, "not JSON at byte 1"},
		{`{"a":"\x"}`, "not JSON at byte 6"},
		{`{"a":{"exi\":{"b":2}},"global_seq_num":0}`, "not JSON at byte 15"}, // the quote is part of the name
		{`{"a":"\u12g4"}`, "not JSON at byte 6"},
		{"{\"a\":\"line\nbreak\"}", "not JSON at byte 10"},
		{"{\"time\":\"tab\there\"}", "not JSON at byte 12"},
		{`{"process":{"audit_token":b"auid":1,"euid":1,"egid":1,"ruid":1,"rgid":1,"pid":1,"asid":1,"pidversion":1},"p":{"ppid":1}}}`, "not JSON at byte 26"},
		{`{"event":{"exec":{"args":["x"`, "text ends too early at byte 29"},
		{`{"event":{"exec":{},"fork":{}}}`, "two events in one line at byte 27"},
		{`{"event":{"exec":{"args":[],"args":["x"]}}}`, "a member is there twice at byte 35"},
		{`{"a":` + deep + `}`, "not JSON at byte 68"},
	}
	d, m := new(Decoder), new(Message)
	for _, test := range tests {
		err := d.Decode([]byte(test.line), m)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want an error with %q", test.line, err, test.want)
		}
	}
}

// TestDecodeCut cuts a line after every byte: no part of it is a line.
func TestDecodeCut(t *testing.T) {
	d, m := new(Decoder), new(Message)
	for _, line := range seeds {
		for n := range len(line) {
			if err := d.Decode([]byte(line[:n]), m); err == nil {
				t.Errorf("%q: got no error, want one: it is cut", line[:n])
			}
		}
	}
}

// TestDecodeKeepsNothing decodes a poor line after a rich one.
func TestDecodeKeepsNothing(t *testing.T) {
	d, m := new(Decoder), new(Message)
	for _, line := range seeds {
		if err := d.Decode([]byte(line), m); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode([]byte(`{}`), m); err != nil {
			t.Fatal(err)
		}
		if got := differences(m, &Message{}); len(got) > 0 {
			t.Errorf("after %s: %v", line, got)
		}
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	d, m := new(Decoder), new(Message)
	for _, line := range seeds[:3] {
		b := make([]byte, len(line))
		if n := testing.AllocsPerRun(100, func() {
			copy(b, line)
			if err := d.Decode(b, m); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: got %v allocations, want 0", line, n)
		}
	}
}

func TestDecodeGivesMemoryBack(t *testing.T) {
	d, m := new(Decoder), new(Message)
	long := `{"event":{"exec":{"args":["` + strings.Repeat(`\/`, 3<<20) + `"` + strings.Repeat(`,""`, 100_000) + `]}}}`
	if err := d.Decode([]byte(long), m); err != nil || len(m.Args) != 100_001 || len(m.Args[0]) != 3<<20 {
		t.Fatalf("a line of %d bytes: got %d arguments, %v", len(long), len(m.Args), err)
	}
	if err := d.Decode([]byte(seeds[0]), m); err != nil {
		t.Fatal(err)
	}
	if cap(m.Args) > wordsKept {
		t.Errorf("kept a list of %d, want at most %d", cap(m.Args), wordsKept)
	}
}

// compare decodes a line both alone and as it lies in a reader's buffer, where another
// line follows it.
func compare(t *testing.T, line []byte) {
	t.Helper()
	want, ok := reference(line)
	compareOne(t, slices.Clip(slices.Clone(line)), &want, ok)
	for _, next := range []string{seeds[0], temptation} {
		buffer := append(append(slices.Clone(line), '\n'), next...)
		compareOne(t, buffer[:len(line)], &want, ok)
		if string(buffer[len(line):]) != "\n"+next {
			t.Fatalf("%q: wrote behind the line", line)
		}
	}
}

// temptation continues in a likely way what a line that is cut might have begun.
var temptation = `"pid":1,"path":"x","stat":{}}}}}}}}}}}` + strings.Repeat("1", 144)

func compareOne(t *testing.T, line []byte, want *Message, ok bool) {
	t.Helper()
	text := string(line) // Decode writes into the line
	d, m := new(Decoder), new(Message)
	err := d.Decode(line, m)
	if err != nil {
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(line) {
			t.Fatalf("%q: got error %#v", text, err)
		}
		if ok && depth([]byte(text)) <= maxDepth {
			t.Fatalf("%q: got %v, want it accepted as encoding/json does", text, err)
		}
		return
	}
	if !ok {
		t.Fatalf("%q: accepted, but encoding/json refuses it, or a member is there twice", text)
	}
	for _, difference := range differences(m, want) {
		t.Errorf("%q: %s", text, difference)
	}
}

// depth returns how deep a valid JSON text nests.
func depth(line []byte) int {
	dec, now, deepest := json.NewDecoder(bytes.NewReader(line)), 0, 0
	for {
		token, err := dec.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			now++
			deepest = max(deepest, now)
		case json.Delim('}'), json.Delim(']'):
			now--
		}
	}
}

// seeds are synthetic lines, shortened, in the shapes of every version.
var seeds = []string{
	`{"schema_version":1,"version":9,"time":"2026-11-23T10:00:00.123456789Z","seq_num":4,"global_seq_num":12,"mach_time":5,"action_type":1,"action":{"result":{"result_type":0,"result":{"auth":0}}},"thread":{"thread_id":1},"event_type":9,"process":{"ppid":1,"original_ppid":1,"group_id":5,"session_id":5,"signing_id":"com.apple.zsh","team_id":null,"cdhash":"00FF","codesigning_flags":570556931,"is_platform_binary":true,"is_es_client":false,"start_time":"2026-11-23T10:00:00.000001Z","tty":{"path":"\/dev\/ttys001","path_truncated":false,"stat":{"st_dev":-5,"st_ino":1152921500312525701}},"executable":{"path":"\/bin\/zsh","path_truncated":false},"audit_token":{"pid":9,"pidversion":10,"auid":501,"euid":501,"ruid":501,"egid":20,"rgid":20,"asid":1},"parent_audit_token":{"pid":1,"pidversion":2},"responsible_audit_token":{"pid":3,"pidversion":4}},"event":{"exec":{"target":{"executable":{"path":"\/usr\/bin\/defaults"},"audit_token":[501,0,20,0,20,9,1,11]},"args":["defaults","write","com.apple.loginwindow","LoginHook","\/tmp\/x y.sh"],"env":["HOME=\/Users\/ann","TOKEN=secret"],"cwd":{"path":"\/Users\/ann"},"script":null,"dyld_exec_path":"defaults","last_fd":2,"image_cputype":16777228,"image_cpusubtype":-2147483646}}}`,
	`{"event":{"fork":{"child":{"audit_token":{"pid":2,"pidversion":3},"executable":{"path":"\/bin\/sh"}}}},"version":11,"process":{"audit_token":[4294967295,0,0,0,0,1,0,1],"entitlements":{"a":[true,false,null,-1.5e+3]}}}`,
	`{"version":6,"event":{"exit":{"stat":256}},"global_seq_num":0}`,
	`{"event":{"exec":{"args":["\ud83d\ude00","\ud83d","é\u0000"],"env":["\u0048OME=a"]}}}`,
	`{"event":{"rename":{"destination_type":1}},"a":[],"b":{},"c":[[{"d":[1,2]}]]}`,
}

func FuzzDecode(f *testing.F) {
	for _, line := range seeds {
		f.Add([]byte(line))
	}
	for _, kind := range []string{"exec", "fork", "exit"} {
		f.Add([]byte(richLine(kind)))
		f.Add([]byte(strings.Replace(richLine(kind), `"euid":501`, `"euid":501,"euid":0`, 1)))
	}
	f.Fuzz(compare)
}

// TestSkipString puts every short run of the characters that matter at every offset
// within a word, against encoding/json.
func TestSkipString(t *testing.T) {
	const alphabet = "a/\\\"\n\xff"
	for before := range 18 {
		for n := range len(alphabet) * len(alphabet) * len(alphabet) {
			run := string([]byte{alphabet[n%6], alphabet[n/6%6], alphabet[n/36]})
			text := []byte(`"` + strings.Repeat("x", before) + run + `y\/z":1,"q":"` + strings.Repeat(`w`, 20))
			want := 1
			for want <= len(text) && !json.Valid(text[:want]) {
				want++
			}
			if got := skipString(text, 1); got >= 0 && got != want || got < 0 && want <= len(text) {
				t.Errorf("%q: got %d, want %d", text, got, want)
			}
		}
	}
}

// TestSkipValue compares what skipValue takes of damaged objects and arrays with what
// encoding/json makes of it.
func TestSkipValue(t *testing.T) {
	g := &flatValues{rand.New(rand.NewPCG(4, 5))}
	valid := 0
	for n := range *randomLines {
		text := g.object()
		if n%2 == 0 {
			text = g.array()
		}
		b, i := g.damaged(text)
		if b[i] != '{' && b[i] != '[' {
			continue
		}
		var want json.RawMessage
		dec := json.NewDecoder(bytes.NewReader(b[i:]))
		err := dec.Decode(&want)
		switch got := skipValue(b, i, 1); {
		case got < 0 && err == nil:
			t.Fatalf("%q from %d: got an error at %d, want %q", b, i, ^got, want)
		case got >= 0 && (err != nil || !bytes.Equal(b[i:got], want)):
			t.Fatalf("%q from %d: got %q, want %q, %v", b, i, b[i:got], want, err)
		case got >= 0:
			valid++
		}
	}
	if valid < *randomLines/4 {
		t.Errorf("got %d valid values of %d, want a quarter at least", valid, *randomLines)
	}
}
