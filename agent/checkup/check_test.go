package checkup

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger/synthetic"
)

// TestCheck looks at exceptions that are wrong each in its own way.
func TestCheck(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	jamf := `hooksnare.hook.value == "` + synthetic.JamfHook + `"`
	tests := []struct {
		name      string
		exception config.Exception
		want      []string
	}{
		{"as it must be", config.Exception{Where: jamf}, nil},
		{"not expired", config.Exception{Where: jamf, Expires: now.Add(time.Second)}, nil},
		{"expired", config.Exception{Where: jamf, Expires: now}, []string{"Exceptions.Expires: exception x has ended on 2027-01-01: remove or renew it"}},
		{"of a rule", config.Exception{Where: jamf, Rules: []string{"hook-set"}}, nil},
		{"of no rule", config.Exception{Where: jamf, Rules: []string{"hook-set", "hook-sett"}}, []string{`Exceptions.Rules: exception x: no rule has the id "hook-sett"`}},
		{"of all hooks", config.Exception{Where: "true"}, []string{"hides every hook"}},
		{"of a key", config.Exception{Where: `hooksnare.hook.key == "LoginHook"`}, []string{"hides every hook"}},
		{"of what is not", config.Exception{Where: `not hooksnare.hook.value : "/evil*"`}, []string{"hides every hook"}},
		{"of any value", config.Exception{Where: `hooksnare.hook.value : "*"`}, []string{"hides every hook"}},
		{"of a folder", config.Exception{Where: `hooksnare.hook.value : "/Library/Application Support/JAMF/*"`}, nil},
		{
			"all at once", config.Exception{Where: "true", Rules: []string{"a", "b"}, Expires: now.Add(-time.Hour)},
			[]string{"has ended", `"a"`, `"b"`, "hides every hook"},
		},
	}
	for _, tt := range tests {
		c := config.Default()
		tt.exception.ID = "x"
		c.Exceptions = []config.Exception{tt.exception}
		_, err := Check(c, nil, nil, now, ThisMac)
		got := config.Faults(err)
		ok := len(got) == len(tt.want)
		for i := 0; ok && i < len(got); i++ {
			ok = strings.Contains(got[i].Error(), tt.want[i])
		}
		if !ok {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestUseless has configurations with which an agent could not do its work.
func TestUseless(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte("#!/bin/sh\n"), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program, text := put("eslogger", 0o755), put("text", 0o644)
	owned := func(owner string) string {
		return "<key>Exceptions</key><array><dict><key>ID</key><string>x</string><key>Reason</key><string>r</string>" +
			"<key>Where</key><string>hooksnare.hook.value == \"/x\"</string>\n<key>Require</key><dict>\n<key>Owner</key>" + owner + "</dict></dict></array>"
	}
	output := "<key>Outputs</key><array><dict><key>Type</key><string>https</string><key>URL</key><string>https://siem.example.com</string>" +
		"\n<key>TokenFile</key><string>" + filepath.Join(dir, "token") + "</string></dict></array>"
	ids := ""
	for _, r := range allRules(t) {
		ids += "<string>" + r + "</string>"
	}
	tests := []struct {
		name, settings string
		want           string // the beginning of the one fault behind the file's name, "" for none
		onlyHere       bool   // it is no fault for another Mac
	}{
		{"a program", "<key>EsloggerPath</key><string>" + program + "</string>", "", false},
		{"no such program", "<key>EsloggerPath</key><string>" + dir + "/none</string>", ":1: EsloggerPath: \"" + dir, true},
		{"not a program", "<key>EsloggerPath</key><string>" + text + "</string>", ":1: EsloggerPath: ", true},
		{"a folder", "<key>EsloggerPath</key><string>" + dir + "</string>", ":1: EsloggerPath: ", true},
		{"root", owned("<string>root</string>"), "", false},
		{"a number", owned("<integer>4242</integer>"), "", false},
		{"nobody's name", owned("<string>no-such-user-here</string>"), ":3: Exceptions[0].Require.Owner: exception x covers nothing: neither this Mac nor a directory", true},
		{"no token", output, ":2: Outputs[0].TokenFile: ", true},
		{"a token of another type", strings.ReplaceAll(output, "<string>"+dir+"/token</string>", "<integer>1</integer>"), ":2: Outputs[0].TokenFile: ", false},
		{"no rules", "<key>DisabledRules</key><array>" + ids + "</array>", ":1: DisabledRules: leaves no rule that runs", false},
		{"rules that only the Mac has", "<key>RuleDirectories</key><array><string>" + dir + "/none</string></array>", ":1: RuleDirectories[0]: ", true},
		{"an unknown event", "<key>EsloggerEvents</key><array><string>exec</string><string>exce</string></array>", ":1: EsloggerEvents[1]: ", false},
	}
	for _, tt := range tests {
		file := filepath.Join(dir, "c.plist")
		if err := os.WriteFile(file, []byte(`<plist version="1.0"><dict>`+tt.settings+`</dict></plist>`), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, place := range []Place{ThisMac, AnotherMac} {
			s, loaded := config.ReadSettings(config.Options{File: file}, nil)
			s.Config.StateDir = dir
			_, err := Check(s.Config, s.Sources, loaded, time.Now(), place)
			want := tt.want
			if place == AnotherMac && tt.onlyHere {
				want = ""
			}
			got := config.Faults(err)
			if len(got) > 1 || want == "" != (len(got) == 0) || want != "" && !strings.HasPrefix(got[0].Error(), file+want) {
				t.Errorf("%s, place %d: got %q, want %q", tt.name, place, got, want)
			}
		}
	}
}

// TestRulesElsewhere holds that rules are not missed which may be in folders of the other Mac.
func TestRulesElsewhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.plist")
	text := `<plist version="1.0"><dict><key>RuleDirectories</key><array><string>/Library/rules</string></array>
<key>DisabledRules</key><array><string>site-rule</string></array><key>Exceptions</key><array><dict><key>ID</key><string>x</string>
<key>Where</key><string>hooksnare.hook.value == "/x"</string><key>Reason</key><string>r</string><key>Rules</key><array><string>site-rule</string></array></dict></array></dict></plist>`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, loaded := config.ReadSettings(config.Options{File: file}, nil)
	if _, err := Check(s.Config, s.Sources, loaded, time.Now(), AnotherMac); err != nil {
		t.Errorf("got %v, want no fault", err)
	}
	if _, err := Check(s.Config, s.Sources, loaded, time.Now(), ThisMac); len(config.Faults(err)) != 3 {
		t.Errorf("got %v, want faults of the folder, the disabled rule and the exception", err)
	}
}

func allRules(t *testing.T) (ids []string) {
	t.Helper()
	set, err := ruleset.Load(config.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules {
		ids = append(ids, r.ID)
	}
	return ids
}

// TestCheckDefault has nothing to say of what nobody changed.
func TestCheckDefault(t *testing.T) {
	if set, err := Check(config.Default(), nil, nil, time.Now(), ThisMac); err != nil || len(set.Rules) == 0 {
		t.Errorf("got %d rules, %v; want some and no fault", len(set.Rules), err)
	}
}
