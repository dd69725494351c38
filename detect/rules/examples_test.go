package rules

import (
	"reflect"
	"strings"
	"testing"
)

func TestBuiltinExamplesAreRight(t *testing.T) {
	all := Examples()
	if len(all) != len(Builtin()) {
		t.Errorf("got %d files of examples, want one for each of %d rules", len(all), len(Builtin()))
	}
	for _, s := range all {
		if list, err := ParseExamples(s); err != nil || len(list) == 0 {
			t.Errorf("%s: got %d examples and error %v", s.Name, len(list), err)
		}
	}
}

func TestParseExamples(t *testing.T) {
	empty := ""
	const text = `
[[fires]]
command = ["defaults", "write", "D", "K", ""]
executable = "/tmp/x"
signing_id = "com.example.x"
uid = 501
home = "/Users/ann"
cwd = "/tmp"
operation = "set"
key = "K"
value = ""
plist = "/p"
scope = "root"
source = "s"
source_file = "/f"

[[silent]]
command = ["./x"]
unsigned = true

[[fires]]
state = "blind"

[[silent]]
state = "blind"
ended = true
`
	want := []Example{
		{
			Fires: true, Command: []string{"defaults", "write", "D", "K", ""}, Executable: "/tmp/x", SigningID: "com.example.x",
			UID: 501, Home: "/Users/ann", CWD: "/tmp", Operation: "set", Key: "K", Value: &empty, Plist: "/p", Scope: "root",
			Source: "s", SourceFile: "/f",
		},
		{Fires: true, State: "blind"},
		{Command: []string{"./x"}, Unsigned: true},
		{State: "blind", Ended: true},
	}
	got, err := ParseExamples(Source{"x.toml", []byte(text)})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestParseExamplesFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[[fires]]\ncommand = [\"a\"]\noperation = \"set\"\nkye = \"K\"", `x.toml:4:1: unknown key "fires.kye"`},
		{"[[fire]]\ncommand = [\"a\"]", `x.toml:1:1: unknown key "fire"`},
		{"other = 1", `x.toml:1:1: unknown key "other"`},
		{"[[fires]]\n\n[[fires]]\nstate = \"blind\"", "x.toml: fires[0]: neither a command nor a state"},
		{"[[silent]]\ncommand = []", "x.toml: silent[0]: neither a command nor a state"},
		{"[[fires]]\ncommand = [\"a\"]\nstate = \"blind\"", "x.toml: fires[0]: both a command and a state"},
		{"[[fires]]\nstate = \"blind\"\nkey = \"K\"", "x.toml: fires[0]: a state says nothing of a hook"},
		{"[[fires]]\nstate = \"blind\"\nended = true", "x.toml: fires[0]: a state that has ended without having begun is silent"},
		{"[[silent]]\ncommand = [\"a\"]\nended = true", "x.toml: silent[0]: ended: only a state ends"},
		{"[[silent]]\ncommand = [\"a\"]\nvalue = \"\"", "x.toml: silent[0]: what is silent says nothing of a hook"},
		{"[[fires]]\ncommand = [\"a\"]", `x.toml: fires[0]: operation "": want set, remove, import or edit`},
		{"[[fires]]\ncommand = [\"a\"]\noperation = \"Set\"", `x.toml: fires[0]: operation "Set": want set, remove, import or edit`},
		{"[[silent]]\ncommand = [\"a\"]\nunsigned = true\nsigning_id = \"x\"", "x.toml: silent[0]: unsigned, but with a signing_id"},
		{"[[silent]]\ncommand = \"a\"", "x.toml:2"},
		{"[[silent]]\ncommand = [\"a\"]\nuid = -1", "x.toml:3"},
		{"[[silent", "x.toml:1"},
		{"a = \"\xff\"", "x.toml:1:6: not UTF-8"},
		{"# " + strings.Repeat("x", MaxFile), "x.toml: 1048578 bytes: want at most 1048576"},
	} {
		got, err := ParseExamples(Source{"x.toml", []byte(c.text)})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || got != nil {
			t.Errorf("%.80q: got %v, error %v, want %s", c.text, got, err, c.want)
		}
	}
}

func TestExampleProgram(t *testing.T) {
	for _, c := range []struct {
		in   Example
		want string
	}{
		{Example{Command: []string{"defaults"}}, "/usr/bin/defaults"},
		{Example{Command: []string{"plutil", "-lint"}}, "/usr/bin/plutil"},
		{Example{Command: []string{"PlistBuddy"}}, "/usr/libexec/PlistBuddy"},
		{Example{Command: []string{"/bin/echo"}}, "/bin/echo"},
		{Example{Command: []string{"./defaults"}}, "/usr/bin/defaults"},
		{Example{Command: []string{"/bin/echo"}, Executable: "/tmp/x"}, "/tmp/x"},
	} {
		if got := c.in.Program(); got != c.want {
			t.Errorf("%q: got %s, want %s", c.in.Command, got, c.want)
		}
	}
}

func FuzzParseExamples(f *testing.F) {
	for _, s := range Examples() {
		f.Add(s.Text)
	}
	f.Add([]byte("[[fires]]\nstate = 'x'\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ParseExamples(Source{"x.toml", text})
		if err != nil && list != nil {
			t.Errorf("got %d examples beside the error %v: %q", len(list), err, text)
		}
		for i := range list {
			if e := &list[i]; (len(e.Command) == 0) == (e.State == "") {
				t.Errorf("got %+v, want a command or a state: %q", e, text)
			}
		}
	})
}
