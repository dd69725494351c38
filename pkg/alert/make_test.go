package alert

import (
	"reflect"
	"time"
)

var at = time.Date(2026, 3, 4, 5, 6, 7, 89_012_345, time.UTC)

// sample is an alert as the agent gives it.
func sample() *Alert {
	ptr := func(s string) *string { return &s }
	latency := 3.25
	root, ann := &User{ID: "0", Name: "root"}, &User{ID: "501", Name: "ann"}
	return &Alert{
		Timestamp: At(at), ECS: ECS{Version: ECSVersion},
		Message: `Login or logout hook set by a command: defaults sets LoginHook to "/Users/Shared/.x" in "/p"`,
		Event: Event{
			Kind: "alert", Category: []string{"process"}, Type: []string{"start"}, Action: "exec", ID: "0123456789abcdef",
			Sequence: 1, Module: "hooksnare", Severity: 47, RiskScore: 47, Created: At(at.Add(time.Millisecond)), Start: At(at),
		},
		Rule: Rule{
			ID: "hook-set", UUID: "bc6427d8-2f24-55c9-87f9-f8829a4f9c9c", Name: "Login or logout hook set by a command", Version: "1",
			Description: "A command sets a hook.", Reference: []string{"https://attack.mitre.org/techniques/T1037/002/"},
			Author: []string{"Hooksnare"}, License: "Apache-2.0",
		},
		Threat: &Threat{
			Framework: "MITRE ATT&CK",
			Tactic:    &Named{ID: []string{"TA0003"}, Name: []string{"Persistence"}, Reference: []string{"https://attack.mitre.org/tactics/TA0003/"}},
			Technique: &Technique{
				Named:        Named{ID: []string{"T1037"}, Name: []string{"Boot or Logon Initialization Scripts"}},
				Subtechnique: &Named{ID: []string{"T1037.002"}, Name: []string{"Login Hook"}},
			},
		},
		Origin: Origin{
			Agent:  AgentInfo{Type: "hooksnare", Version: "1.2.3"},
			Host:   Host{ID: "H", Name: "mac", Hostname: "mac.local", Architecture: "arm64", OS: OS{Type: "macos", Name: "macOS", Version: "15.1", Build: "24B83"}, Boot: &Boot{ID: "B"}},
			Device: &Device{SerialNumber: "C02XG0AAJGH5"}, Labels: map[string]string{"site": "room \u202e1", "owner": "teaching"},
		},
		User: root,
		Process: &Process{
			PID: 70, EntityID: "e70", Executable: "/usr/bin/defaults", Name: "defaults",
			Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/Users/Shared/.x"}, ArgsCount: 5,
			CommandLine:      "defaults write com.apple.loginwindow LoginHook /Users/Shared/.x",
			WorkingDirectory: "/private/tmp", Start: At(at), TTY: &TTY{Name: "/dev/ttys001"},
			CodeSignature: &CodeSignature{Exists: true, SigningID: "com.apple.defaults", Trusted: true},
			Hash:          &Hash{CDHash: "AB12"}, User: root, RealUser: root, Group: &Group{ID: "0", Name: "wheel"},
			GroupLeader: &Leader{PID: 69}, SessionLeader: &Leader{PID: 60}, Previous: &Previous{Executable: "/usr/bin/sudo"},
			Parent: &Process{PID: 69, EntityID: "e69", Executable: "/usr/bin/sudo", Name: "sudo"},
			Ext:    &Ext{Ancestry: []string{"e69", "e60"}, EffectiveParent: &Process{PID: 50, EntityID: "e50", Executable: "/Terminal", Name: "Terminal"}},
		},
		File: &File{Path: "/private/var/root/Library/Preferences/com.apple.loginwindow.plist", Name: "com.apple.loginwindow.plist",
			Directory: "/private/var/root/Library/Preferences"},
		Hooksnare: &Hooksnare{
			Verdict: Attempted, Signals: []string{"process"},
			Hook: &Hook{Operation: "set", Key: "LoginHook", Value: ptr("/Users/Shared/.x"), Domain: "com.apple.loginwindow",
				Plist: "/private/var/root/Library/Preferences/com.apple.loginwindow.plist", Scope: "root", Tool: "defaults", Verb: "write"},
			Evidence: &Evidence{
				LoginUser: ann,
				Lineage:   []Command{{PID: 69, EntityID: "e69", Executable: "/usr/bin/sudo", CommandLine: "sudo -S defaults", User: root}, {PID: 60, Executable: "/bin/zsh", CommandLine: "-zsh", User: ann}},
				Recent: []Command{
					{PID: 61, Time: At(at.Add(-3 * time.Second)), Executable: "/bin/chmod", CommandLine: "chmod +x /Users/Shared/.x", User: ann},
					{PID: 62, Executable: "/bin/echo", CommandLine: "echo [redacted]", User: ann},
				},
				Redacted: 1,
			},
			Exception:   &Exception{ID: "ours", Failed: "the program belongs to user 501, not to root"},
			Remediation: "sudo /usr/bin/defaults delete com.apple.loginwindow LoginHook",
			LatencyMS:   &latency, Truncated: []string{"process.args"},
		},
	}
}

// full is an alert in which every member is there: each text is the next of the given
// ones, each number the next of all.
func full(texts ...string) *Alert {
	f := filler{texts: texts}
	var a Alert
	f.fill(reflect.ValueOf(&a).Elem(), 0)
	return &a
}

type filler struct {
	texts []string
	n     int
}

// deepest is how many processes are within each other: a process has a parent.
const deepest = 2

func (f *filler) fill(v reflect.Value, depth int) {
	f.n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.texts[f.n%len(f.texts)])
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Uint64:
		v.SetUint(uint64(f.n))
	case reflect.Float64:
		v.SetFloat(float64(f.n) + 0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i), depth)
		}
	case reflect.Pointer:
		if v.Type() == reflect.TypeFor[*Process]() {
			if depth++; depth > deepest {
				return
			}
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), depth)
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*Time); ok {
			t.Time = at.Add(time.Duration(f.n))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" { // no part of the document
				f.fill(v.Field(i), depth)
			}
		}
	case reflect.Map: // of labels
		f.n++
		v.Set(reflect.ValueOf(map[string]string{"site": f.texts[f.n%len(f.texts)]}))
	default:
		panic("a member of a kind that alerts do not have: " + v.Type().String())
	}
}
