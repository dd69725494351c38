package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/spool"
)

// writeState writes the state folder of a running agent that reports h, and
// returns the folder.
func writeState(t *testing.T, h alert.HeartbeatFacts) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	s, err := spool.Open(spool.Options{Dir: filepath.Join(dir, "spool")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	now := time.Now()
	b, err := json.Marshal(health.Status{PID: os.Getpid(), Written: now, Started: now, Health: h})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "status.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestConditionsShown turns every condition on, each alone, and reads what doctor and status say.
func TestConditionsShown(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, row := range health.Rows() {
		c := health.Condition{Name: health.Name(i + 1)}
		if row.Of != "" {
			c.Subject = "of this"
		}
		dir := writeState(t, alert.HeartbeatFacts{Conditions: []alert.ConditionFacts{{State: c.String(), Detail: "some detail", Since: alert.At(since)}}})
		out, _, err := outcome(t, "doctor", "--root", t.TempDir(), "--state-dir", dir, "--format", "text")
		want := "FAILING  " + c.String() + ": some detail\n"
		if row.Silent {
			want = "UNKNOWN  " + c.String() + ": some detail\n"
		}
		if want += strings.Repeat(" ", 9) + row.Meaning + "\n" + strings.Repeat(" ", 9) + row.Cure + "\n"; !strings.Contains(out, want) {
			t.Errorf("%v: doctor says\n%s\nand not\n%s", c, out, want)
		}
		if !row.Silent && err == nil {
			t.Errorf("%v: doctor finds nothing failing", c)
		}
		out, _, err = outcome(t, "status", "--root", t.TempDir(), "--state-dir", dir, "--format", "text")
		for _, want := range []string{c.String() + ": some detail", c.String() + "  2026-01-02 03:04:05Z"} {
			if !strings.Contains(out, want) {
				t.Errorf("%v: status says\n%s\nand not %q", c, out, want)
			}
		}
		if err == nil {
			t.Errorf("%v: status finds all well", c)
		}
	}
}

// TestFailingOutputShown has an output that fails, and one that failed until a moment ago.
func TestFailingOutputShown(t *testing.T) {
	row := health.OutputFailed.Row()
	h := alert.HeartbeatFacts{Outputs: []alert.OutputFacts{{Name: "siem", Type: "https", Error: "no answer"}, {Name: "local", Type: "file", Healthy: true}}}
	for _, o := range h.Outputs {
		h.Conditions = append(h.Conditions, alert.ConditionFacts{State: health.OutputFailed.Of(o.Name).String(), Detail: "no answer"})
	}
	out, _, _ := outcome(t, "doctor", "--root", t.TempDir(), "--state-dir", writeState(t, h), "--format", "text")
	for _, want := range []string{"FAILING  output siem: no answer; https", "FAILING  output_failed.local: no answer", "well     output local: file"} {
		if strings.Count(out, want) != 1 {
			t.Errorf("doctor says\n%s\nand not once %q", out, want)
		}
	}
	if n := strings.Count(out, row.Cure); n != 2 {
		t.Errorf("doctor says what to do %d times, not for each of the two:\n%s", n, out)
	}
}

// TestLossesShown has some of everything lost, and then nothing.
func TestLossesShown(t *testing.T) {
	h := alert.HeartbeatFacts{Losses: map[string]uint64{"of_a_newer_agent": 7}}
	for _, row := range health.Counters() {
		h.Losses[row.Word] = uint64(len(row.Word))
	}
	out, _, err := outcome(t, "status", "--root", t.TempDir(), "--state-dir", writeState(t, h), "--format", "text")
	if err != nil {
		t.Error(err)
	}
	for _, row := range append(health.Counters(), health.CounterRow{Word: "of_a_newer_agent", Meaning: "of of_a_newer_agent"}) {
		if want := regexp.MustCompile(`(?m)^(losses| {6}) +\d+ ` + regexp.QuoteMeta(row.Meaning) + "$"); !want.MatchString(out) {
			t.Errorf("status says\n%s\nand not %v", out, want)
		}
	}
	out, _, _ = outcome(t, "status", "--root", t.TempDir(), "--state-dir", writeState(t, alert.HeartbeatFacts{}), "--format", "text")
	if !regexp.MustCompile(`(?m)^losses +none$`).MatchString(out) {
		t.Errorf("nothing is lost, and status says\n%s", out)
	}
}

// TestCuresExist looks for what cures name: commands of this program, keys of the configuration.
func TestCuresExist(t *testing.T) {
	reference, err := os.ReadFile("../../../packaging/CONFIGURATION.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range health.Rows() {
		for _, m := range regexp.MustCompile(`hooksnare ([a-z]+(?: [a-z]+)?)`).FindAllStringSubmatch(row.Cure, -1) {
			verb := strings.Fields(m[1])
			cmd, rest, err := newRoot().Find(verb)
			if verb[0] == "program" {
				continue // the hooksnare program
			}
			if err != nil || cmd.Name() == "hooksnare" || cmd.HasSubCommands() && len(rest) > 0 {
				t.Errorf("%s: the cure names %q, which is not a command: %v", row.Word, m[0], err)
			}
		}
		for _, key := range regexp.MustCompile(`\b(?:Eslogger|Canary|Spool|Rule|Extra|Output)[A-Z][A-Za-z]+\b`).FindAllString(row.Cure+row.Meaning, -1) {
			if !strings.Contains(string(reference), "\n| `"+key+"` |") {
				t.Errorf("%s: the text names %q, which is not a key of the configuration", row.Word, key)
			}
		}
	}
}
