package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	howett "howett.net/plist"
)

// TestReadSettings has values as text, over those of a file.
func TestReadSettings(t *testing.T) {
	t.Setenv("HOOKSNARE_SWEEP_INTERVAL", "9") // of this machine, which does not count
	file := xmlFile(t, map[string]any{"SweepInterval": 3.0, "RepeatWindow": 60.0}, t.TempDir(), "c.plist")
	tests := []struct {
		file     string
		assigned []string
		want     map[string]any
		errors   []string
	}{
		{file, nil, map[string]any{"SweepInterval": 3.0, "RepeatWindow": 60.0}, nil},
		{file, []string{"SweepInterval=5"}, map[string]any{"SweepInterval": 5.0, "RepeatWindow": 60.0}, nil},
		{"", []string{"ExtraHomes=/a:/b", "SpoolMaxAlerts=7"}, map[string]any{"ExtraHomes": []any{"/a", "/b"}, "SpoolMaxAlerts": int64(7)}, nil},
		{"", []string{"EsloggerPath=/a=b"}, map[string]any{"EsloggerPath": "/a=b"}, nil},
		{"", []string{"SweepInterval=soon"}, nil, []string{`command line: --set SweepInterval: expected seconds as a number, found the string "soon"`}},
		{"", []string{"SweepInterval"}, nil, []string{`command line: --set: expected KEY=VALUE, found the string "SweepInterval"`}},
		{"", []string{"SweepIntervall=2", "=", ".x=1"}, nil, []string{`unknown key "SweepIntervall" (did you mean SweepInterval?)`, `unknown key ""`, `unknown key ""`}},
		{"", []string{"Outputs=x", "Exceptions.x=y"}, nil, []string{"--set Outputs: can't be given as text", "--set Exceptions.x: can't be given as text"}},
		{"", []string{"SweepInterval.x=2"}, nil, []string{"--set SweepInterval.x: SweepInterval has no members"}},
		{"", []string{"SweepInterval=2", "SweepInterval=3"}, nil, []string{"--set SweepInterval: appears twice"}},
		{"", []string{"Labels.a=x", "Labels.b=y", "Labels.a=z"}, nil, []string{"--set Labels.a: appears twice"}},
		{file, []string{"CanaryInterval=0", "HeartbeatInterval=0", "SweepInterval=0"}, nil, []string{"--set SweepInterval: CanaryInterval, HeartbeatInterval and SweepInterval are all 0"}},
		{"missing", nil, nil, []string{"missing: no such file"}},
	}
	for _, tt := range tests {
		got, err := ReadSettings(Options{File: tt.file}, tt.assigned)
		faults := Faults(err)
		ok := len(faults) == len(tt.errors)
		for i := 0; ok && i < len(faults); i++ {
			ok = strings.Contains(faults[i].Error(), tt.errors[i])
		}
		if !ok {
			t.Errorf("%q %q: got errors %q, want %q", tt.file, tt.assigned, faults, tt.errors)
		}
		if tt.want != nil && !reflect.DeepEqual(got.Values, tt.want) {
			t.Errorf("%q %q: got %#v, want %#v", tt.file, tt.assigned, got.Values, tt.want)
		}
		valid(t, got.Config, "")
	}
}

// TestReadSettingsOfAnyone reads a file that others can write, as a checkout on an admin's machine is;
// what can't be read is named once.
func TestReadSettingsOfAnyone(t *testing.T) {
	dir := t.TempDir()
	file := xmlFile(t, map[string]any{"SweepInterval": 3.0}, dir, "c.plist")
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if s, err := ReadSettings(Options{File: file}, nil); err != nil || s.Config.SweepInterval != 3*time.Second {
		t.Errorf("got %v, %v, want 3s", s.Config.SweepInterval, err)
	}
	large := write(t, make([]byte, maxFile+1), dir, "large")
	for _, name := range []string{filepath.Join(dir, "missing"), dir, large} {
		_, err := ReadSettings(Options{File: name}, nil)
		if err == nil || strings.Count(err.Error(), name) != 1 || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: got %v, want an error that names it once", name, err)
		}
	}
}

// TestAssignedStrings has the strings of a dictionary, of a key that may be any.
func TestAssignedStrings(t *testing.T) {
	var got map[string]string
	keys := []key{{name: "Texts", kind: stringsByName, decode: func(v value) bool { got = readHeaders(v); return true }}}
	d := newDecoder(CommandLine, Options{})
	values := d.decodeAssigned(keys, []string{"Texts.site=Berlin = here", "Texts.team.of=x"})
	if want := map[string]string{"site": "Berlin = here", "team.of": "x"}; !reflect.DeepEqual(got, want) || d.count > 0 || len(values) != 1 {
		t.Errorf("got %v, %v, %v, want %v", got, values, d.sortedErrors(), want)
	}
	d.decodeAssigned(keys, []string{"Texts=x", "Texts.=y"})
	if d.count != 2 || d.faults[0].Why != "expected --set Texts.NAME=VALUE" {
		t.Errorf("got %v, want two faults", d.sortedErrors())
	}
}

// TestProvesSomething holds which intervals may be off: any two, and not all three.
func TestProvesSomething(t *testing.T) {
	names := []string{"CanaryInterval", "HeartbeatInterval", "SweepInterval"}
	for off := range 8 {
		values := map[string]any{}
		for i, name := range names {
			values[name] = float64(1 - off>>i&1)
		}
		c, _, err := Load(Options{File: xmlFile(t, values, t.TempDir(), "c.plist")})
		if isFault, want := err != nil, off == 7; isFault != want {
			t.Errorf("%v: got %v, want a fault: %t", values, err, want)
		}
		if d := Default(); off == 7 && (c.CanaryInterval != d.CanaryInterval || c.HeartbeatInterval != d.HeartbeatInterval || c.SweepInterval != d.SweepInterval) {
			t.Errorf("%v: got %v, %v, %v, want the defaults", values, c.CanaryInterval, c.HeartbeatInterval, c.SweepInterval)
		}
	}
}

// TestKeysAreDescribed holds that each key of the table is described with its type, and the choices of
// each string are what its reader takes.
func TestKeysAreDescribed(t *testing.T) {
	described := Keys()
	compareKeys(t, described, configKeys(&Config{}))
	for _, k := range described {
		switch k.Name {
		case "Exceptions":
			compareKeys(t, k.Members, (&Exception{}).memberKeys())
			compareKeys(t, k.Members[slices.IndexFunc(k.Members, func(k Key) bool { return k.Name == "Require" })].Members, (&Require{}).memberKeys())
		case "Outputs":
			compareKeys(t, k.Members, (&Output{}).memberKeys())
		default:
			if len(k.Members) > 0 || k.Kind == Dictionary || k.Kind == Dictionaries {
				t.Errorf("%s: got members %v, want them described like those of Exceptions", k.Name, k.Members)
			}
		}
	}
}

func compareKeys(t *testing.T, described []Key, table []key) {
	t.Helper()
	table = slices.DeleteFunc(table, func(k key) bool { return k.name == "" })
	if len(described) != len(table) {
		t.Fatalf("got %d keys, want the %d of the table", len(described), len(table))
	}
	for i, k := range table {
		got := described[i]
		if got.Name != k.name || got.Unit != k.unit || got.Doc != k.doc || got.Kind == "" {
			t.Errorf("got %+v, want the name, unit, text and a kind of %+v", got, k)
		}
		d := newDecoder(Local, Options{})
		k.decode(value{decoder: d, key: "K", raw: "no such choice"})
		choices := ""
		if d.count > 0 {
			if _, list, found := strings.Cut(d.faults[0].Why, "expected one of "); found {
				choices, _, _ = strings.Cut(list, ", found")
			}
		}
		if list := strings.Join(got.Choices, ", "); list != choices && k.name != "Preset" {
			t.Errorf("%s: got choices %q, want those that its reader takes: %q", k.name, list, choices)
		}
		for _, choice := range got.Choices {
			d := newDecoder(Local, Options{})
			if k.decode(value{decoder: d, key: "K", raw: choice}); d.count > 0 {
				t.Errorf("%s: the choice %q is refused: %v", k.name, choice, d.sortedErrors())
			}
		}
	}
}

// TestDefaultsAreDescribed holds that a property list of all defaults is the default configuration.
func TestDefaultsAreDescribed(t *testing.T) {
	values := map[string]any{}
	for _, k := range Keys() {
		if k.Default != nil {
			values[k.Name] = k.Default
		}
	}
	for _, form := range []int{howett.XMLFormat, howett.BinaryFormat} {
		got, err := ReadSettings(Options{File: write(t, document(t, values, form), t.TempDir(), "c.plist")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Config.Exceptions {
			got.Config.Exceptions[i].Key = ""
		}
		for i := range got.Config.Outputs {
			got.Config.Outputs[i].Key = ""
		}
		if !reflect.DeepEqual(got.Config, Default()) {
			t.Errorf("%v: got %+v, want the default %+v", values, got.Config, Default())
		}
	}
}

// TestEncodeExceptions holds that exceptions that are printed are read as they are.
func TestEncodeExceptions(t *testing.T) {
	many := Exception{
		ID: "b", Rules: []string{"hook-set"}, Where: "hooksnare.hook.value == \"/a<&>b\"\nor false", Reason: `who & "why" <é>`,
		Expires: time.Date(2031, 2, 3, 4, 5, 6, 789, time.FixedZone("", 3600)),
		Require: Require{Owner: "501", NotWritableByOthers: true, SHA256: []string{strings.Repeat("a", 64)}, TeamID: "ABCDE12345"},
	}
	list := []Exception{jamf(), {ID: "a", Where: "true", Reason: "x", Own: true, Key: "Exceptions[7]"}, many}
	b, err := EncodeExceptions(list)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadSettings(Options{File: write(t, b, t.TempDir(), "c.plist")}, nil)
	if err != nil || len(got.Config.Exceptions) != len(list) {
		t.Fatalf("got %+v, %v, want %+v from\n%s", got.Config.Exceptions, err, list, b)
	}
	for i, x := range got.Config.Exceptions {
		if want := list[i].asDecoded(x.Key, false); !reflect.DeepEqual(x, want) {
			t.Errorf("got %+v, want %+v", x, want)
		}
	}
	for _, wrong := range [][]Exception{{{ID: "a", Where: "true"}}, {many, many}, {{ID: "../x", Where: "true", Reason: "x"}}, {{ID: "a", Where: "true", Reason: "x\x00"}}} {
		if b, err := EncodeExceptions(wrong); err == nil {
			t.Errorf("%+v: got %s, want an error", wrong, b)
		}
	}
}
