package agent

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseExamples(t *testing.T) {
	empty, value := "", "/x"
	const text = `
[[fires]]
command = ["defaults", "write", "D", "K", ""]
executable = "/tmp/x"
script = "/s"
parent = "/sbin/launchd"
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

[[fires]]
command = ["cp", "/a", "/b"]
change = { file = "/b", key = "LoginHook", old = "", new = "/x", since = "running", after = 2 }
verdict = "confirmed"

[[silent]]
hooks = [{ key = "LoginHook", value = "/x" }, { file = "/f", key = "LogoutHook", value = "/x -a", program = "/x" }]
program_change = { value = "/y", what = ["content", "mode"], since = "stopped" }

[[silent]]
unreadable = { path = "/p", why = "malformed", detail = "an example" }
ended = true
`
	want := []example{
		{true, exampleCase{
			Command: []string{"defaults", "write", "D", "K", ""}, Executable: "/tmp/x", Script: "/s", Parent: "/sbin/launchd",
			SigningID: "com.example.x", UID: 501, Home: "/Users/ann", CWD: "/tmp",
			Operation: "set", Key: "K", Value: &empty, Plist: "/p", Scope: "root", Source: "s", SourceFile: "/f",
		}},
		{true, exampleCase{State: "blind"}},
		{true, exampleCase{
			Command: []string{"cp", "/a", "/b"}, Verdict: "confirmed",
			Change: &exampleChange{File: "/b", Key: "LoginHook", Old: &empty, New: &value, Since: "running", After: 2},
		}},
		{false, exampleCase{Command: []string{"./x"}, Unsigned: true}},
		{false, exampleCase{State: "blind", Ended: true}},
		{false, exampleCase{
			Hooks:         []hookSetBefore{{Key: "LoginHook", Value: "/x"}, {File: "/f", Key: "LogoutHook", Value: "/x -a", Program: "/x"}},
			ProgramChange: &exampleProgramChange{Value: "/y", What: []string{"content", "mode"}, Since: "stopped"},
		}},
		{false, exampleCase{Unreadable: &exampleUnreadable{Path: "/p", Why: "malformed", Detail: "an example"}, Ended: true}},
	}
	got, err := parseExamples("x.toml", []byte(text))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestParseExamplesFaults(t *testing.T) {
	const command = "command = [\"a\"]\n"
	for _, c := range []struct{ text, want string }{
		{"[[fires]]\ncommand = [\"a\"]\noperation = \"set\"\nkye = \"K\"", "x.toml: strict mode"},
		{"[[fire]]\ncommand = [\"a\"]", "x.toml: strict mode"},
		{"[[silent]]\ncommand = \"a\"", "x.toml: toml: "},
		{"[[silent", "x.toml: toml: "},

		{"[[fires]]\n\n[[fires]]\nstate = \"blind\"", "x.toml: fires[0]: neither a command nor a change"},
		{"[[silent]]\ncommand = []", "x.toml: silent[0]: neither a command nor a change"},
		{"[[silent]]\nhooks = [{ key = \"LoginHook\", value = \"/x\" }]", "x.toml: silent[0]: neither a command nor a change"},
		{"[[fires]]\nstate = \"blind\"\n" + command, "x.toml: fires[0]: both a command and state"},
		{"[[fires]]\nunreadable = {}\n" + command, "x.toml: fires[0]: both a command and unreadable"},
		{"[[fires]]\nstate = \"blind\"\nchange = {}", "x.toml: fires[0]: more than one of change, state"},
		{"[[fires]]\nstate = \"blind\"\nkey = \"K\"", "x.toml: fires[0]: state says no more of a hook than what it is"},
		{"[[silent]]\nstate = \"blind\"\nhooks = [{}]", "x.toml: silent[0]: a state has nothing to do with hooks"},
		{"[[fires]]\nstate = \"blind\"\nended = true", "x.toml: fires[0]: what has ended without having begun is silent"},
		{"[[silent]]\nended = true\n" + command, "x.toml: silent[0]: ended: only a state ends, or that a file is unreadable"},

		{"[[silent]]\nvalue = \"\"\n" + command, "x.toml: silent[0]: what is silent says nothing of a hook"},
		{"[[silent]]\nverdict = \"observed\"\n" + command, "x.toml: silent[0]: what is silent says nothing of a hook"},
		{"[[fires]]\n" + command, `x.toml: fires[0]: operation "": want set, remove, import, edit or execute`},
		{"[[fires]]\noperation = \"Set\"\n" + command, `x.toml: fires[0]: operation "Set": want set, remove, import, edit or execute`},
		{"[[fires]]\noperation = \"set\"\nverdict = \"attempted\"\n" + command, "x.toml: fires[0]: verdict: only a change has one to choose"},
		{"[[silent]]\nunsigned = true\nsigning_id = \"x\"\n" + command, "x.toml: silent[0]: unsigned, but with a signing_id"},
		{"[[silent]]\nstate = \"blind\"\nparent = \"/x\"", "x.toml: silent[0]: how a command is run, without a command"},
		{"[[silent]]\nhooks = [{ key = \"LoginHook\" }]\n" + command, "x.toml: silent[0]: hooks[0]: want a value of LoginHook or LogoutHook"},
		{"[[silent]]\nhooks = [{ key = \"MCXScriptTrust\", value = \"x\" }]\n" + command, "x.toml: silent[0]: hooks[0]: want a value of LoginHook or LogoutHook"},

		{"[[silent]]\nchange = { key = \"loginhook\", new = \"/x\" }", `x.toml: silent[0]: change: key "loginhook": want one of LoginHook`},
		{"[[silent]]\nchange = { key = \"LoginHook\" }", "x.toml: silent[0]: change: changes nothing"},
		{"[[silent]]\nchange = { key = \"LoginHook\", old = \"/x\", new = \"/x\" }", "x.toml: silent[0]: change: changes nothing"},
		{"[[silent]]\nchange = { key = \"LoginHook\", new = \"/x\", since = \"start\" }", `x.toml: silent[0]: change: since "start": want running, stopped or first_look`},
		{"[[silent]]\nchange = { key = \"LoginHook\", old = \"/x\", since = \"first_look\" }", "x.toml: silent[0]: change: nothing is known from before the first look"},
		{"[[silent]]\nchange = { key = \"LoginHook\", new = \"/x\", after = 1 }", "x.toml: silent[0]: change: after: want seconds after a command"},
		{"[[silent]]\nchange = { key = \"LoginHook\", new = \"/x\", after = -1 }\n" + command, "x.toml: silent[0]: change: after: want seconds after a command"},
		{"[[fires]]\nchange = { key = \"LoginHook\", new = \"/x\" }", `x.toml: fires[0]: verdict "": want confirmed, unattributed or observed`},
		{"[[fires]]\nchange = { key = \"LoginHook\", new = \"/x\" }\nverdict = \"confirmed\"\nkey = \"LoginHook\"", "x.toml: fires[0]: what an alert says of a change is in the change"},
		{"[[fires]]\nchange = { key = \"LoginHook\", new = \"/x\" }\nverdict = \"confirmed\"\nsource = \"K\"", "x.toml: fires[0]: what a command says, without a command"},
		{"[[fires]]\nchange = { key = \"LoginHook\", new = \"/x\" }\nverdict = \"confirmed\"\nsource = \"K\"\n" + command, `x.toml: fires[0]: operation ""`},

		{"[[silent]]\nprogram_change = { value = \"/x\" }", "x.toml: silent[0]: program_change: want a value and what changed"},
		{"[[silent]]\nprogram_change = { value = \"/x\", what = [\"size\"] }", `x.toml: silent[0]: program_change: what "size": want some of appeared`},
		{"[[silent]]\nprogram_change = { value = \"/x\", what = [\"mode\"], since = \"first_look\" }", `x.toml: silent[0]: program_change: since "first_look"`},
		{"[[fires]]\nprogram_change = { value = \"/x\", what = [\"mode\"] }", "x.toml: fires[0]: program_change: no hook has that value"},
		{"[[silent]]\nunreadable = { path = \"/p\" }", "x.toml: silent[0]: unreadable: want a path and why"},
	} {
		got, err := parseExamples("x.toml", []byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || got != nil {
			t.Errorf("%.120q: got %v, error %v, want %s", c.text, got, err, c.want)
		}
	}
}

func TestExampleProgram(t *testing.T) {
	for _, c := range []struct {
		in   exampleCase
		want string
	}{
		{exampleCase{Command: []string{"defaults"}}, "/usr/bin/defaults"},
		{exampleCase{Command: []string{"plutil", "-lint"}}, "/usr/bin/plutil"},
		{exampleCase{Command: []string{"PlistBuddy"}}, "/usr/libexec/PlistBuddy"},
		{exampleCase{Command: []string{"/bin/echo"}}, "/bin/echo"},
		{exampleCase{Command: []string{"./defaults"}}, "/usr/bin/defaults"},
		{exampleCase{Command: []string{"/bin/echo"}, Executable: "/tmp/x"}, "/tmp/x"},
	} {
		if got := c.in.Program(); got != c.want {
			t.Errorf("%q: got %s, want %s", c.in.Command, got, c.want)
		}
	}
}
