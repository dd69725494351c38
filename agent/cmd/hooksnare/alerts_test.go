package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"hooksnare/pkg/alert"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata/alerts.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "alerts", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

var alertTime = time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)

// nasty acts on a terminal that shows it as it is.
const nasty = "a\x1b[2J\u202e\u009b\nb"

// hookAlert is an alert as the agent writes it of a hook that was set.
func hookAlert() alert.Alert {
	value, latency := "/Users/Shared/.x", 3.25
	root, ann := &alert.User{ID: "0", Name: "root"}, &alert.User{ID: "501", Name: "ann"}
	command := "defaults write com.apple.loginwindow LoginHook /Users/Shared/.x"
	return alert.Alert{
		Timestamp: alert.At(alertTime), ECS: alert.ECS{Version: alert.ECSVersion},
		Message: `Hook of a site: defaults sets LoginHook to "/Users/Shared/.x"`,
		Event: alert.Event{
			Kind: "alert", ID: "0123456789abcdef0123456789abcdef", Sequence: 1, Module: "hooksnare", Severity: 73, RiskScore: 73,
			Created: alert.At(alertTime.Add(3 * time.Millisecond)),
		},
		Rule: alert.Rule{ID: "site-hook", UUID: "u", Name: "Hook of a site", Version: "1", Description: "As the alert has it.", Reference: []string{"https://old.example"}},
		Threat: &alert.Threat{Technique: &alert.Technique{
			Named:        alert.Named{ID: []string{"T1037"}, Name: []string{"Boot or Logon Initialization Scripts"}},
			Subtechnique: &alert.Named{ID: []string{"T1037.002"}, Name: []string{"Login Hook"}},
		}},
		User:    root,
		Process: &alert.Process{PID: 70, Executable: "/usr/bin/defaults", Name: "defaults", CommandLine: command, User: root},
		Hooksnare: &alert.Hooksnare{
			Verdict: alert.Attempted, Signals: []string{"process"},
			Hook: &alert.Hook{Operation: "set", Key: "LoginHook", Value: &value, Domain: "com.apple.loginwindow", Plist: "/p.plist", Scope: "root", Tool: "defaults", Verb: "write"},
			Evidence: &alert.Evidence{
				LoginUser: ann,
				Lineage: []alert.Command{
					{PID: 69, Executable: "/usr/bin/sudo", CommandLine: "sudo defaults", User: root},
					{PID: 60, Executable: "/bin/zsh", CommandLine: "-zsh", User: ann},
					{PID: 1, Executable: "/sbin/launchd", User: root},
				},
				Recent: []alert.Command{{PID: 61, Time: alert.At(alertTime.Add(-time.Second)), CommandLine: "chmod +x /Users/Shared/.x"}},
			},
			Exception:   &alert.Exception{ID: "ours", Failed: "the program belongs to user 501, not to root"},
			Remediation: "sudo /usr/bin/defaults delete /p LoginHook", LatencyMS: &latency,
		},
	}
}

// confirmed is the update that says the preferences have the value.
func confirmed(a alert.Alert) alert.Alert {
	h := *a.Hooksnare
	h.Verdict, h.Signals, h.Evidence, h.LatencyMS = alert.Confirmed, []string{"process", "state"}, nil, nil
	a.Hooksnare, a.Event.Sequence, a.Event.Created = &h, 2, alert.At(alertTime.Add(2*time.Second))
	return a
}

// extra are members of a document that have no name in an alert.
const extra = `"program":{"path":"/Users/Shared/.x","exists":true,"size":9007199254740993,"excerpt":"#!/bin/sh\n\u001b[2Jrm\n","risks":["hidden","shell"]},` +
	`"triage":{"who":"ann","signed":false,"none":null},`

// someAlerts is a log: a hook that is confirmed, a sensor that was blind for a while, alerts
// held back, and one whose every text is hostile.
func someAlerts(t *testing.T) string {
	t.Helper()
	a := hookAlert()
	u := confirmed(a)
	blind := alert.Alert{
		Timestamp: alert.At(alertTime.Add(time.Minute)), Message: "Sensor blind or degraded: eslogger ended",
		Event: alert.Event{Kind: "alert", ID: "fedcba98765432100000000000000001", Sequence: 1, Severity: 73},
		Rule:  alert.Rule{ID: "sensor-degraded", Name: "Sensor blind or degraded"}, Hooksnare: &alert.Hooksnare{Health: &alert.Health{State: "blind", Active: true}},
	}
	over := blind
	over.Hooksnare, over.Message, over.Event.Sequence = &alert.Hooksnare{Health: &alert.Health{State: "blind", Detail: "eslogger ended", Until: alert.At(alertTime.Add(time.Hour))}}, "Sensor blind or degraded: blind has ended after 2s", 2
	held := alert.Alert{
		Timestamp: alert.At(alertTime.Add(2 * time.Minute)), Message: "Site: 7 more alerts were held back",
		Event: alert.Event{Kind: "alert", ID: "fedcba98765432100000000000000002", Sequence: 1, Severity: 21},
		Rule:  alert.Rule{ID: "site", Name: "Site"}, Hooksnare: &alert.Hooksnare{Verdict: alert.Observed, HeldBack: &alert.HeldBack{Count: 7}},
	}
	hostile := hookAlert()
	value, process := nasty, *hostile.Process
	process.CommandLine, process.Executable, process.Name = nasty, "/"+nasty, nasty
	hostile.Timestamp, hostile.Message, hostile.Process = alert.At(alertTime.Add(3*time.Minute)), nasty+strings.Repeat("x", 500), &process
	hostile.Event.ID, hostile.Rule = nasty, alert.Rule{ID: nasty, Name: nasty, Description: nasty, Reference: []string{nasty}}
	hostile.Hooksnare = &alert.Hooksnare{
		Verdict: nasty, Hook: &alert.Hook{Key: nasty, Value: &value},
		Evidence: &alert.Evidence{Lineage: []alert.Command{{PID: 9, Executable: nasty, CommandLine: nasty}}},
	}
	var lines []string
	for _, doc := range []*alert.Alert{&a, &blind, &over, &u, &held, &hostile} {
		line, err := doc.Line()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Replace(string(line), `"hooksnare":{`, `"hooksnare":{`+extra, 1))
	}
	lines[3] = strings.Replace(lines[3], `"hook":{`, `"hook":{"previous_value":"",`, 1)
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// outcome runs a command line and returns what it wrote.
func outcome(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

func TestAlertsText(t *testing.T) {
	t.Setenv("LC_ALL", "en_US.UTF-8")
	log := someAlerts(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		golden string
		args   []string
	}{
		{"list.txt", []string{"list"}},
		{"list_limit.txt", []string{"list", "--limit", "2"}},
		{"list_severity.txt", []string{"list", "--severity", "high", "--rule", "site-hook"}},
		{"show.txt", []string{"show", "0123", "--rules", "testdata/alerts/rules"}},
		{"show_no_rule.txt", []string{"show", "0123"}},
		{"show_health.txt", []string{"show", "fedcba98765432100000000000000001", "--rules", "testdata/alerts/rules"}},
	} {
		args := append([]string{"alerts", "--format", "text", "--file", log}, tc.args...)
		args = append(append([]string{"alerts"}, tc.args...), args[1:5]...)
		got, _, err := outcome(t, args...)
		if err != nil {
			t.Errorf("%q: %v", args, err)
		}
		if tc.golden == "show_health.txt" {
			got, _, _ = strings.Cut(got, "Description\n") // of a built-in rule, which has tests of its own
		}
		golden(t, tc.golden, strings.ReplaceAll(got, here, "."))
		if strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("%q: the text has characters that act: %q", args, got)
		}
	}
	t.Setenv("LC_ALL", "C")
	got, _, err := outcome(t, "alerts", "show", "0123", "--file", log, "--format", "text")
	if err != nil || !strings.Contains(got, "  launchd (1) root (0)  /sbin/launchd\n  `- zsh (60)") {
		t.Errorf("without UTF-8: error %v, got\n%s", err, got)
	}
}

// TestAlertsNDJSON compares with the log: its own lines come back, but for what acts.
func TestAlertsNDJSON(t *testing.T) {
	log := someAlerts(t)
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.SplitAfter(string(b), "\n")
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"list"}, line[3] + line[2] + line[4] + line[5]},
		{[]string{"show", "0123456789abcdef0123456789abcdef"}, line[0] + line[3]},
		{[]string{"show", "fedcba98765432100000000000000001"}, line[1] + line[2]},
	} {
		args := append(append([]string{"alerts"}, tc.args...), "--file", log)
		got, _, err := outcome(t, args...)
		if err != nil || got != tc.want {
			t.Errorf("%q: error %v, got\n%s\nwant\n%s", args, err, got, tc.want)
		}
	}
	raw := strings.Replace(line[0], "Hook of", "\u202eHook of", 1)
	if err := os.WriteFile(log, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _, err := outcome(t, "alerts", "list", "--file", log); err != nil || got != strings.Replace(raw, "\u202e", `\u202e`, 1) {
		t.Errorf("a line that acts: error %v, got %q", err, got)
	}
}

func TestAlertsShowErrors(t *testing.T) {
	log := someAlerts(t)
	for _, tc := range []struct {
		id, want string
		code     int
	}{
		{"ffff", `alert "ffff": not found; see hooksnare alerts list`, exitNotWell},
		{"fedc", "alert \"fedc\": more than one begins with it:\n  fedcba98765432100000000000000001  2026-03-04 05:07:07Z  high", exitUsage},
	} {
		_, _, err := outcome(t, "alerts", "show", tc.id, "--file", log)
		code := exitUsage
		if e := new(exit); errors.As(err, &e) {
			code = e.code
		}
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) || code != tc.code {
			t.Errorf("%s: got %v, status %d; want %s, status %d", tc.id, err, code, tc.want, tc.code)
		}
	}
}

func TestSinceTime(t *testing.T) {
	zone := time.FixedZone("there", 3600)
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, zone)
	for text, want := range map[string]string{
		"2026-03-01":                "2026-03-01T00:00:00+01:00",
		"2026-03-01 15:04":          "2026-03-01T15:04:00+01:00",
		"2026-03-01 15:04:05":       "2026-03-01T15:04:05+01:00",
		"2026-03-01T15:04":          "2026-03-01T15:04:00+01:00",
		"2026-03-01T15:04:05":       "2026-03-01T15:04:05+01:00",
		"2026-03-01 15:04:05Z":      "2026-03-01T15:04:05Z",
		"2026-03-01 15:04:05.123Z":  "2026-03-01T15:04:05Z",
		"2026-03-01T15:04:05Z":      "2026-03-01T15:04:05Z",
		"2026-03-01T15:04:05+05:00": "2026-03-01T15:04:05+05:00",
		"90m":                       "2026-03-04T10:30:00+01:00",
		"0s":                        "2026-03-04T12:00:00+01:00",
		"7d":                        "2026-02-25T12:00:00+01:00",
		"1d12h":                     "2026-03-03T00:00:00+01:00",
		"1w":                        "2026-02-25T12:00:00+01:00",
		"1w1d1h":                    "2026-02-24T11:00:00+01:00",
	} {
		got, err := sinceTime(text, now)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: got %s, error %v; want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
	for _, text := range []string{"", "x", "7", "-7d", "-1h", "d", "1d1d", "1d1w", "99999999999d", "2026-13-01", "1.5d", fmt.Sprint(1<<62, "w")} {
		if got, err := sinceTime(text, now); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}
