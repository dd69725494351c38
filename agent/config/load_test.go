package config

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	howett "howett.net/plist"
)

// complete is what testdata/complete.plist says.
func complete() Config {
	preset := jamf()
	preset.Key = "Exceptions[0]"
	return Config{
		StateDir:          "/var/db/hooksnare",
		EsloggerPath:      "/opt/bin/eslogger",
		EsloggerEvents:    []string{"exec", "exit"},
		CanaryPath:        "/usr/bin/true",
		HeartbeatInterval: 60500 * time.Millisecond,
		SweepInterval:     50 * time.Millisecond,
		CorrelationWindow: 10 * time.Second,
		RepeatWindow:      600 * time.Second,
		ExtraHomes:        []string{"/Volumes/Homes"},
		RuleDirectories:   []string{"/Library/Application Support/Hooksnare/rules"},
		DisabledRules:     []string{"hook-removed"},
		Exceptions: []Exception{preset, {
			Key:   "Exceptions[1]",
			ID:    "labwarden",
			Rules: []string{"hook-set"},
			Where: `hooksnare.hook.value == "/usr/local/LabWarden/bin/LoginHook" // the whole value` + "\n" +
				`and hooksnare.hook.key == "LoginHook"`,
			Reason:  "LabWarden on the Macs of the teaching rooms",
			Expires: parseDate("2030-12-31T00:00:00Z"),
			Require: Require{
				Owner:               "0",
				NotWritableByOthers: true,
				SHA256:              []string{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
				TeamID:              "ABCDE12345",
			},
		}},
		SpoolMaxBytes:  1 << 20,
		SpoolMaxAlerts: 10,
		SpoolMaxAge:    24 * time.Hour,
		Labels:         map[string]string{"site": "room 1", "Größe": "L"},
		Proxy:          "http://proxy.example.com:3128", NoProxy: []string{".example.org", "10.0.0.0/8"},
		Outputs: []Output{
			{Name: "file", Type: "file", Path: "/var/log/alerts.jsonl", MinSeverity: "medium", Enabled: true},
			{Name: "syslog", Type: "syslog", MinSeverity: "low"},
			{
				Name: "collector", Type: "https", URL: "https://logs.example.com:8443/in?source=hooksnare",
				MinSeverity: "low", TokenFile: "/etc/hooksnare/token", CAFile: "/etc/hooksnare/ca.pem",
				CertificateFile: "/etc/hooksnare/cert.pem", KeyFile: "/etc/hooksnare/key.pem",
				Headers: map[string]string{"x-site": "room 1"}, Enabled: true,
			},
			{
				Name: "elasticsearch", Type: "elasticsearch", URL: "http://[::1]:9200",
				BasicAuthFile: "/etc/hooksnare/user", Compression: "none",
				Index: "logs-hooksnare.alert-default", MinSeverity: "high", Enabled: true,
			},
			{
				Name: "splunk_hec", Type: "splunk_hec", URL: "https://10.0.0.1/services/collector",
				MinSeverity: "low", TokenFile: "/etc/hooksnare/hec", Enabled: true,
			},
			{Name: "otlp", Type: "otlp", URL: "http://localhost:4318/v1/logs", MinSeverity: "critical", Enabled: true},
			{Name: "syslog_tls", Type: "syslog_tls", Address: "[fd00::1]:6514", MinSeverity: "low", Enabled: true},
			{Name: "relp", Type: "relp", Address: "logs.example.com:2514", Proxy: "none", MinSeverity: "low", Enabled: true},
		},
	}
}

func TestComplete(t *testing.T) {
	doc := read(t, "complete.plist")
	for form, b := range map[string][]byte{
		"XML":    doc,
		"binary": document(t, generic(t, doc), howett.BinaryFormat),
	} {
		got, sources, err := Load(Options{File: write(t, b, t.TempDir(), "c.plist")})
		if err != nil {
			t.Errorf("%s: got error %v, want none", form, err)
		}
		for i := range got.Outputs {
			if want := "Outputs[" + string(rune('0'+i)) + "]"; got.Outputs[i].Key != want {
				t.Errorf("%s: key of output %d: got %q, want %q", form, i, got.Outputs[i].Key, want)
			}
			got.Outputs[i].Key = ""
		}
		if want := complete(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", form, got, want)
		}
		if own, found := sources.Of("EsloggerPath"); !found || own.Layer != File || len(sources) != 18 {
			t.Errorf("%s: got sources %+v, want the file alone, with all 18 keys", form, sources)
		}
	}
}

// TestAbsent holds that no file, and an empty one, mean the defaults.
func TestAbsent(t *testing.T) {
	root := t.TempDir()
	want := defaultBelow(root)
	got, sources, err := Load(Options{Root: root, Env: []string{"HOME=/root", "HOOKSNARE_SWEEP_INTERVAL="}})
	if err != nil || len(sources) != 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("without files: got %+v, %v, %v\nwant %+v", got, sources, err, want)
	}
	xmlFile(t, map[string]any{}, root, LocalFile)
	got, sources, err = Load(Options{Root: root})
	if err != nil || len(sources) != 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("with an empty file: got %+v, %v, %v\nwant %+v", got, sources, err, want)
	}
	valid(t, got, root)
}

// TestLayers sets one key in each place and lets one place after another fall silent.
func TestLayers(t *testing.T) {
	rules := func(name string) map[string]any { return map[string]any{"RuleDirectories": []string{name}} }
	tests := []struct {
		name                            string
		flag, managed, env, file, local bool
		want                            string
		layer                           Layer
	}{
		{"flag", true, true, true, false, true, "/0 /1", CommandLine},
		{"managed", false, true, true, false, true, "ROOT/2", Managed},
		{"environment", false, false, true, false, true, "/3", Environment},
		{"local", false, false, false, false, true, "ROOT/5", Local},
		{"none", false, false, false, false, false, "", ""},
		{"flag over file", true, true, true, true, true, "/0 /1", CommandLine},
		{"environment over file", false, true, true, true, true, "/3", Environment},
		{"file replaces both", false, true, false, true, true, "ROOT/4", File},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Root: t.TempDir()}
			if tt.flag {
				o.Flags.Rules = []string{"/0", "/1"}
			}
			if tt.managed {
				xmlFile(t, rules("/2"), o.Root, ManagedFile)
			}
			if tt.env {
				o.Env = []string{"HOOKSNARE_RULE_DIRECTORIES=/3", "HOOKSNARE_RULE_DIRECTORIES=/9"}
			}
			if tt.file {
				o.File = xmlFile(t, rules("/4"), t.TempDir(), "c.plist")
			}
			if tt.local {
				xmlFile(t, rules("/5"), o.Root, LocalFile)
			}
			c, sources, err := Load(o)
			if got := strings.ReplaceAll(strings.Join(c.RuleDirectories, " "), o.Root, "ROOT"); err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			if s, found := sources.Of("RuleDirectories"); s.Layer != tt.layer || found != (tt.layer != "") {
				t.Errorf("got it from %q, want from %q", s.Layer, tt.layer)
			}
			if tt.flag {
				valid(t, c, "")
			} else if !tt.env {
				valid(t, c, o.Root)
			}
		})
	}
}

// TestEsloggerOfAnotherDisk holds that the files of a disk that is looked at do not say what
// is run, while what is wrong in them is told.
func TestEsloggerOfAnotherDisk(t *testing.T) {
	tests := []struct {
		name  string
		env   []string
		flag  string
		want  string
		layer Layer
	}{
		{"files alone", nil, "", "/usr/bin/eslogger", ""},
		{"environment", []string{"HOOKSNARE_ESLOGGER_PATH=/3", "HOOKSNARE_ESLOGGER_PATH=/9"}, "", "/3", Environment},
		{"flag", []string{"HOOKSNARE_ESLOGGER_PATH=/3"}, "/0", "/0", CommandLine},
	}
	for _, tt := range tests {
		for _, named := range []bool{false, true} {
			o := Options{Root: t.TempDir(), Env: tt.env}
			o.Flags.Eslogger = tt.flag
			for _, name := range []string{ManagedFile, LocalFile} {
				o.File = xmlFile(t, map[string]any{"EsloggerPath": "/evil"}, o.Root, name)
			}
			if !named {
				o.File = ""
			}
			c, sources, err := Load(o)
			if err != nil || c.EsloggerPath != tt.want {
				t.Errorf("%s, --config %q: got %q, %v, want %q", tt.name, o.File, c.EsloggerPath, err, tt.want)
			}
			if s, _ := sources.Of("EsloggerPath"); s.Layer != tt.layer {
				t.Errorf("%s: got it from %q, want from %q", tt.name, s.Layer, tt.layer)
			}
			xmlFile(t, map[string]any{"EsloggerPath": "evil"}, o.Root, LocalFile)
			if _, _, err := Load(o); err == nil || !strings.Contains(err.Error(), "EsloggerPath: expected") {
				t.Errorf("%s: a relative path: got %v, want it told", tt.name, err)
			}
		}
	}
	file := xmlFile(t, map[string]any{"EsloggerPath": "/4"}, t.TempDir(), "c.plist")
	for _, root := range []string{"", "/"} {
		if c, _, err := Load(Options{Root: root, File: file}); err != nil || c.EsloggerPath != "/4" || c.Root != "" {
			t.Errorf("root %q: got %q below %q, %v, want /4 of the disk itself", root, c.EsloggerPath, c.Root, err)
		}
	}
}

// TestMerge holds that layers are merged by key, that a list counts as a whole, and
// that a wrong value leaves the one below in place.
func TestMerge(t *testing.T) {
	root := t.TempDir()
	local := xmlFile(t, map[string]any{
		"SweepInterval": 5, "CanaryInterval": 7, "DisabledRules": []string{"a", "b"}, "RepeatWindow": "x",
	}, root, LocalFile)
	managed := xmlFile(t, map[string]any{
		"SweepInterval": "often", "DisabledRules": []string{"c"}, "PayloadUUID": "1", "PayloadVersion": 1,
	}, root, ManagedFile)
	c, sources, err := Load(Options{Root: root})
	if c.SweepInterval != 5*time.Second || c.CanaryInterval != 7*time.Second || c.RepeatWindow != time.Hour {
		t.Errorf("got %v, %v, %v, want 5s, 7s, 1h", c.SweepInterval, c.CanaryInterval, c.RepeatWindow)
	}
	if want := []string{"c"}; !reflect.DeepEqual(c.DisabledRules, want) {
		t.Errorf("got %q, want %q", c.DisabledRules, want)
	}
	want := managed + `:13: SweepInterval: expected seconds as a number, found the string "often"` + "\n" +
		local + `:12: RepeatWindow: expected seconds as a number, found the string "x"`
	if err == nil || err.Error() != want {
		t.Errorf("got error\n%v\nwant\n%s", err, want)
	}
	files := map[string]string{}
	for key, source := range sources {
		files[key] = source.Name
	}
	if want := map[string]string{"CanaryInterval": local, "SweepInterval": local, "DisabledRules": managed}; !maps.Equal(files, want) {
		t.Errorf("got sources %v, want %v", files, want)
	}
}

// TestRoot holds which paths lie below the root.
func TestRoot(t *testing.T) {
	root := t.TempDir()
	write(t, read(t, "complete.plist"), root, LocalFile)
	c, _, err := Load(Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	valid(t, c, root)
	if got, want := c.StateDir, filepath.Join(root, "var/db/hooksnare"); got != want {
		t.Errorf("StateDir: got %q, want %q", got, want)
	}
	if got, want := c.EsloggerPath, "/usr/bin/eslogger"; got != want {
		t.Errorf("EsloggerPath: got %q, want %q", got, want)
	}
	if got, want := c.Outputs[2].TokenFile, filepath.Join(root, "etc/hooksnare/token"); got != want {
		t.Errorf("TokenFile: got %q, want %q", got, want)
	}

	// What the command line and the environment name is taken as it is.
	dir := t.TempDir()
	c, _, err = Load(Options{
		Root:  root,
		Flags: Flags{StateDir: "state", Rules: []string{dir, "rules"}},
		Env:   []string{"HOOKSNARE_EXTRA_HOMES=/a:" + dir},
	})
	wd, _ := os.Getwd()
	if err != nil || c.StateDir != filepath.Join(wd, "state") {
		t.Errorf("StateDir: got %q, %v, want state in the working directory", c.StateDir, err)
	}
	if want := []string{dir, filepath.Join(wd, "rules")}; !reflect.DeepEqual(c.RuleDirectories, want) {
		t.Errorf("RuleDirectories: got %q, want %q", c.RuleDirectories, want)
	}
	if want := []string{"/a", dir}; !reflect.DeepEqual(c.ExtraHomes, want) {
		t.Errorf("ExtraHomes: got %q, want %q", c.ExtraHomes, want)
	}
}

// TestCommandLine has values of every type, right and wrong.
func TestCommandLine(t *testing.T) {
	tests := []struct {
		name  string
		env   []string
		flags Flags
		want  string // the errors
	}{
		{"right", []string{
			"HOOKSNARE_STATE_DIR=/s", "HOOKSNARE_SWEEP_INTERVAL=0.5", "HOOKSNARE_CANARY_INTERVAL=0",
			"HOOKSNARE_SPOOL_MAX_ALERTS=7", "HOOKSNARE_ESLOGGER_EVENTS=exec:fork", "HOOKSNARE=1", "XHOOKSNARE_A=1",
		}, Flags{}, ""},
		{"wrong", []string{
			"HOOKSNARE_SWEEP_INTERVAL=2s", "HOOKSNARE_CANARY_INTERVAL=NaN", "HOOKSNARE_HEARTBEAT_INTERVAL=1e999",
			"HOOKSNARE_SPOOL_MAX_ALERTS=1e3", "HOOKSNARE_ESLOGGER_PATH=./eslogger", "HOOKSNARE_EXTRA_HOMES=/a::/b",
			"HOOKSNARE_ESLOGGER_EVENTS=fork",
		}, Flags{}, `environment: HOOKSNARE_ESLOGGER_PATH: expected the absolute path of a program, found the string "./eslogger"
environment: HOOKSNARE_ESLOGGER_EVENTS: expected exec among the events: without it no command is seen
environment: HOOKSNARE_CANARY_INTERVAL: expected 0.05 to 86400 seconds, or 0 for off, found the real number NaN
environment: HOOKSNARE_HEARTBEAT_INTERVAL: expected seconds as a number, found the string "1e999"
environment: HOOKSNARE_SWEEP_INTERVAL: expected seconds as a number, found the string "2s"
environment: HOOKSNARE_EXTRA_HOMES[1]: expected the absolute path of a home folder, found the string ""
environment: HOOKSNARE_SPOOL_MAX_ALERTS: expected an integer, found the string "1e3"`},
		{"unknown", []string{
			"HOOKSNARE_SWEEP=2", "HOOKSNARE_ROOT=/x", "HOOKSNARE_CONFIG=/x", "HOOKSNARE_OUTPUTS=file", "HOOKSNARE_CANARY_INTERVALL=1",
		}, Flags{}, `environment: unknown variable "HOOKSNARE_CONFIG" (only --config on the command line can set it)
environment: unknown variable "HOOKSNARE_ROOT" (only --root on the command line can set it)
environment: unknown variable "HOOKSNARE_OUTPUTS" (only Outputs in a property list can set it)
environment: unknown variable "HOOKSNARE_CANARY_INTERVALL" (did you mean HOOKSNARE_CANARY_INTERVAL?)
environment: unknown variable "HOOKSNARE_SWEEP"`},
		{"flags", nil, Flags{StateDir: "a\x00b", Rules: []string{"/a", ""}},
			`command line: --state-dir: expected the absolute path of a folder without control characters
command line: --rules[1]: expected the absolute path of a folder, found the string ""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			c, _, err := Load(Options{Root: root, Env: tt.env, Flags: tt.flags})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if tt.want == "" && (c.SweepInterval != 500*time.Millisecond || c.CanaryInterval != 0 || c.SpoolMaxAlerts != 7 ||
				c.StateDir != "/s" || strings.Join(c.EsloggerEvents, " ") != "exec fork") {
				t.Errorf("got %+v, want what %q says", c, tt.env)
			}
		})
	}
}

// TestExceptions holds when the preset counts, and that an exception that is wrong in
// one place is not used at all.
func TestExceptions(t *testing.T) {
	mine := map[string]any{"ID": "mine", "Where": "true", "Reason": "r", "Expires": "2030-01-01T00:00:00+01:00"}
	preset := map[string]any{"Preset": "jamf"}
	broken := map[string]any{"ID": "broken", "Where": "true", "Reason": "r", "Require": map[string]any{"Owner": "root", "TeamID": "x"}}
	tests := []struct {
		name string
		list []any
		want string
	}{
		{"none", []any{}, ""},
		{"own", []any{mine}, "mine"},
		{"preset", []any{preset}, "jamf-framework-scripts"},
		{"both", []any{mine, preset}, "mine jamf-framework-scripts"},
		{"preset twice", []any{preset, preset}, "jamf-framework-scripts"},
		{"broken", []any{broken, mine}, "mine"},
	}
	for _, tt := range tests {
		c, _, _ := Load(Options{File: xmlFile(t, map[string]any{"Exceptions": tt.list}, t.TempDir(), "c.plist")})
		ids := []string{}
		for _, e := range c.Exceptions {
			ids = append(ids, e.ID)
			if e.ID == "mine" && !e.Expires.Equal(parseDate("2029-12-31T23:00:00Z")) {
				t.Errorf("%s: Expires: got %v", tt.name, e.Expires)
			}
		}
		if got := strings.Join(ids, " "); got != tt.want {
			t.Errorf("%s: got exceptions %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestExpired(t *testing.T) {
	end := parseDate("2026-03-01T00:00:00Z")
	tests := []struct {
		expires, now time.Time
		want         bool
	}{
		{time.Time{}, end, false},
		{end, end.Add(-1), false},
		{end, end, true},
		{end, end.Add(1), true},
	}
	for _, tt := range tests {
		if got := (&Exception{Expires: tt.expires}).Expired(tt.now); got != tt.want {
			t.Errorf("expires %v at %v: got %v, want %v", tt.expires, tt.now, got, tt.want)
		}
	}
}

// TestOutsideState holds that no log lies where the agent keeps its state, wherever each of
// the two is named.
func TestOutsideState(t *testing.T) {
	output := func(name, path string) any { return map[string]any{"Name": name, "Type": "file", "Path": path} }
	tests := []struct {
		path string
		ok   bool
	}{
		{"/s/status.json", false}, {"/S/Preferences.json", false}, {"/s/spool/out/x.jsonl", false}, {"/s/x", false},
		{"/s/alerts.jsonl", true}, {"/s/alerts.log", true}, {"/sx/status.json", true}, {"/var/db/hooksnare/status.json", true},
	}
	for _, tt := range tests {
		file := xmlFile(t, map[string]any{"Outputs": []any{output("a", tt.path), output("b", "/b")}}, t.TempDir(), "c.plist")
		c, _, err := Load(Options{File: file, Env: []string{"HOOKSNARE_STATE_DIR=/s"}})
		want := 1
		if tt.ok {
			want = 2
		}
		if told := err != nil && strings.Contains(err.Error(), ":10: Outputs[0].Path: lies in the state folder"); len(c.Outputs) != want || told == tt.ok {
			t.Errorf("%s: got %d outputs, %v, want %d", tt.path, len(c.Outputs), err, want)
		}
	}
}
