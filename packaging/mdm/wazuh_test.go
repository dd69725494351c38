package mdm_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// wazuhRules are a file of Wazuh's rules. The test reads no more of the language than the file uses, and
// refuses the rest: Wazuh's own engine is not here.
type wazuhRules struct {
	Rules []wazuhRule `xml:"rule"`
}

type wazuhRule struct {
	ID          string       `xml:"id,attr"`
	Level       int          `xml:"level,attr"`
	DecodedAs   string       `xml:"decoded_as"`
	Parents     string       `xml:"if_sid"`
	Fields      []wazuhField `xml:"field"`
	Description string       `xml:"description"`
	Group       string       `xml:"group"`
	Techniques  []string     `xml:"mitre>id"`
	Unknown     []struct {
		XMLName xml.Name
	} `xml:",any"`
}

type wazuhField struct {
	Name   string `xml:"name,attr"`
	Negate string `xml:"negate,attr"`
	Text   string `xml:",chardata"`
}

// osRegex is all of Wazuh's own expressions that the file may use: plain text, anchored.
var osRegex = regexp.MustCompile(`^\^[a-z0-9_-]+\$?$`)

func loadWazuhRules(t *testing.T) []wazuhRule {
	t.Helper()
	var file wazuhRules
	if err := xml.Unmarshal([]byte(read(t, "wazuh/hooksnare_rules.xml")), &file); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range file.Rules {
		if len(r.Unknown) > 0 || seen[r.ID] || r.Description == "" || (r.DecodedAs == "") == (r.Parents == "") {
			t.Errorf("rule %s: got %+v, want an id of its own, a description, a decoder or parents, and nothing unknown", r.ID, r)
		}
		for parent := range strings.SplitSeq(r.Parents, ", ") {
			if parent != "" && !seen[parent] {
				t.Errorf("rule %s: its parent %q does not stand before it", r.ID, parent)
			}
		}
		for _, f := range r.Fields {
			if !osRegex.MatchString(f.Text) || f.Negate != "" && f.Negate != "yes" {
				t.Errorf("rule %s: field %+v is more than this test understands", r.ID, f)
			}
		}
		seen[r.ID] = true
	}
	return file.Rules
}

// flatten puts the members of a document at their paths, as Wazuh's decoder does.
func flatten(document map[string]any, path string, into map[string]string) {
	for name, value := range document {
		if inner, ok := value.(map[string]any); ok {
			flatten(inner, path+name+".", into)
		} else {
			into[path+name] = fmt.Sprint(value)
		}
	}
}

func (r *wazuhRule) matches(fields map[string]string) bool {
	return !slices.ContainsFunc(r.Fields, func(f wazuhField) bool {
		value, exists := fields[f.Name]
		return !exists || regexp.MustCompile(f.Text).MatchString(value) == (f.Negate == "yes")
	})
}

// apply returns the rule that a document of a decoder ends at: of those below a rule, level 0 is tried
// first and then the highest, and the first that matches decides.
func apply(rules []wazuhRule, decoder string, fields map[string]string) *wazuhRule {
	order := slices.Clone(rules)
	slices.SortStableFunc(order, func(a, b wazuhRule) int {
		rank := func(r wazuhRule) int { return (r.Level + 16) % 17 } // 0 is the highest
		return rank(b) - rank(a)
	})
	var at *wazuhRule
	for {
		i := slices.IndexFunc(order, func(r wazuhRule) bool {
			isNext := at == nil && r.DecodedAs == decoder || at != nil && slices.Contains(strings.Split(r.Parents, ", "), at.ID)
			return isNext && r.matches(fields)
		})
		if i < 0 {
			return at
		}
		at = &order[i]
	}
}

// TestWazuhRules takes the documents of an agent that saw an attack, lost its sensor and was tampered
// with, and wants of each what its severity and kind stand for.
func TestWazuhRules(t *testing.T) {
	t.Parallel() // most of it waits
	bin := t.TempDir()
	m := newMac(t, build(t, bin, "hooksnare"), build(t, bin, "standin"))
	m.start(m.path("usr/bin/eslogger"))
	m.awaitDocument(`"id":"hook-removed"`)
	m.write(m.path("private/var/root/Library/Preferences/com.apple.loginwindow.plist"),
		`<?xml version="1.0"?><plist version="1.0"><dict><key>LoginHook</key><string>/x</string></dict></plist>`, 0o644)
	m.awaitDocument(`"id":"hook-changed-unseen"`)
	m.await("var/db/hooksnare/own-files.json", "com.hooksnare.agent.plist")
	m.stop()
	m.write(m.path("refused"), "#!/bin/sh\nexit 1\n", 0o755)
	m.write(m.path("Library/LaunchDaemons/com.hooksnare.agent.plist"), "changed", 0o644)
	m.start(m.path("refused"))
	m.awaitDocument(`"action":"eslogger_exited"`)
	m.awaitDocument(`"action":"tampered`)
	m.stop()

	rules := loadWazuhRules(t)
	levels := map[string]int{"21": 5, "47": 8, "73": 12, "99": 15}
	used, known := map[string]bool{}, map[string]bool{}
	check := func(fields map[string]string, decoder string) {
		t.Helper()
		got := apply(rules, decoder, fields)
		if got == nil {
			t.Fatalf("no rule for %v by the decoder %s", fields, decoder)
		}
		used[got.ID] = true
		want, technique := levels[fields["event.severity"]], "T1037.002"
		switch {
		case fields["event.dataset"] == "hooksnare.heartbeat":
			want, technique = 0, ""
		case fields["event.sequence"] != "1":
			want, technique = 3, ""
		case strings.HasPrefix(fields["event.action"], "tampered"):
			technique = "T1562.001"
		case fields["rule.id"] == "sensor-degraded" || fields["rule.id"] == "hook-simulated":
			technique = ""
		}
		if got.Level != want || strings.Join(got.Techniques, " ") != technique {
			t.Errorf("rule %s, event %s, severity %s, sequence %s: got Wazuh's rule %s, level %d, techniques %q, want level %d, %q", fields["rule.id"],
				fields["event.action"], fields["event.severity"], fields["event.sequence"], got.ID, got.Level, got.Techniques, want, technique)
		}
	}
	for line := range strings.Lines(m.log()) {
		var document map[string]any
		if err := json.Unmarshal([]byte(line), &document); err != nil {
			t.Fatal(err)
		}
		fields := map[string]string{}
		flatten(document, "", fields)
		for name := range fields {
			known[name] = true
		}
		check(fields, "json")
		check(fields, "hooksnare")
		if fields["rule.id"] != "hook-removed" {
			continue
		}
		for severity := range levels { // also those that no built-in rule has
			fields["event.severity"] = severity
			check(fields, "json")
		}
		fields["event.severity"], fields["event.sequence"] = "21", "2"
		check(fields, "json")
		fields["event.sequence"], fields["rule.id"] = "1", "hook-simulated"
		check(fields, "json")
		fields["event.module"] = "other"
		if got := apply(rules, "json", fields); got != nil {
			t.Errorf("a document of another program: got Wazuh's rule %s, want none", got.ID)
		}
	}
	for _, r := range rules {
		if !used[r.ID] && r.DecodedAs == "" {
			t.Errorf("Wazuh's rule %s: no document ends there", r.ID)
		}
		for _, f := range r.Fields {
			if !known[f.Name] {
				t.Errorf("Wazuh's rule %s: no document has the field %s", r.ID, f.Name)
			}
		}
		for _, name := range regexp.MustCompile(`\$\(([^)]+)\)`).FindAllStringSubmatch(r.Description, -1) {
			if !known[name[1]] {
				t.Errorf("Wazuh's rule %s: no document has the field %s of its description", r.ID, name[1])
			}
		}
	}
}

// TestWazuhFiles wants the localfile to be where the agent writes, and a decoder that the rules name.
func TestWazuhFiles(t *testing.T) {
	var conf struct {
		Files []struct {
			Location string `xml:"location"`
			Format   string `xml:"log_format"`
		} `xml:"localfile"`
	}
	if err := xml.Unmarshal([]byte(read(t, "wazuh/ossec.conf")), &conf); err != nil || len(conf.Files) != 1 ||
		conf.Files[0].Location != "/var/log/hooksnare/alerts.jsonl" || conf.Files[0].Format != "json" {
		t.Errorf("ossec.conf: got %+v, %v, want the agent's log as json", conf, err)
	}
	var decoder struct {
		Name string `xml:"name,attr"`
	}
	if err := xml.Unmarshal([]byte(read(t, "wazuh/hooksnare_decoder.xml")), &decoder); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(loadWazuhRules(t), func(r wazuhRule) bool { return r.DecodedAs == decoder.Name }) {
		t.Errorf("decoder %q: no rule names it", decoder.Name)
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not on this machine")
	}
	files, _ := filepath.Glob("wazuh/*")
	if out, err := exec.Command("xmllint", append([]string{"--noout"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("xmllint %q: %v\n%s", files, err, out)
	}
}
