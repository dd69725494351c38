package main

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var write = flag.Bool("write", false, "write the figures into FLEET.md and fleet.svg")

const document = "../FLEET.md"

// TestDocument compares the figures of FLEET.md with what the commands print that it names.
// They run as programs of their own: the race detector would take minutes for them.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	picture := filepath.Join(t.TempDir(), "fleet.svg")
	program := filepath.Join(t.TempDir(), "fleet")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, c := range []struct {
		mark string
		args []string
	}{
		{"go run ./packaging/collectors/fleet -load", []string{"-load"}},
		{"go run ./packaging/collectors/fleet -svg packaging/collectors/fleet.svg", []string{"-svg", picture}},
	} {
		var stderr bytes.Buffer
		cmd := exec.Command(program, c.args...)
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.mark, err, stderr.String())
		}
		text = compare(t, text, c.mark, out)
	}
	want, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if *write {
		if err := os.WriteFile(document, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("../fleet.svg", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("../fleet.svg"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("fleet.svg is not what the program draws (%v): run go test . -write", err)
	}
}

// compare looks for the block that begins with the command, and puts into it what the
// command prints.
func compare(t *testing.T, text []byte, command string, out []byte) []byte {
	t.Helper()
	before, behind, found := bytes.Cut(text, []byte("```\n$ "+command+"\n"))
	got, rest, closed := bytes.Cut(behind, []byte("```\n"))
	if !found || !closed {
		t.Fatalf("%s: has no block for %q", document, command)
	}
	if !*write && !bytes.Equal(got, out) {
		t.Errorf("%s: %q prints otherwise: run go test . -write\ngot:\n%s\nwant:\n%s", document, command, got, out)
	}
	return bytes.Join([][]byte{before, []byte("```\n$ " + command + "\n"), out, []byte("```\n"), rest}, nil)
}

func small(name string) Scenario {
	for _, s := range Scenarios(100000) {
		if s.Name == name {
			s.Scale, s.Length = 100, min(s.Length, 40*time.Minute)
			return s
		}
	}
	panic("no scenario " + name)
}

func TestSameSeed(t *testing.T) {
	s := small("day")
	first, second, other := Simulate(s, 1), Simulate(s, 1), Simulate(s, 2)
	if !reflect.DeepEqual(first, second) {
		t.Error("the same seed gives another result")
	}
	if reflect.DeepEqual(first, other) {
		t.Error("another seed gives the same result")
	}
}

// TestNothingLost counts documents: all that were queued were acknowledged, are queued
// still, or are on their way.
func TestNothingLost(t *testing.T) {
	// What was taken and is being answered too late is queued still, and not a repeat yet.
	const answered = 30
	for _, name := range []string{"start", "storm", "day", "day-hasty", "day-endless"} {
		s := small(name).scaled()
		sim := simulate(s, 1)
		acknowledged := sim.Documents - sim.Repeats
		beats := int64(s.Backlog*s.Macs) + int64(s.Length/agent.Heartbeat)*int64(s.Macs)
		least := beats - int64(s.Macs) + int64(s.Alerts*s.Macs)
		most := beats + 2*int64(s.Macs) + int64(s.Alerts*s.Macs)
		if got := acknowledged + sim.Queued; got < least || got > most+answered*int64(s.Receiver.Documents) {
			t.Errorf("%s: %d documents acknowledged and %d queued, want %d to %d together", name, acknowledged, sim.Queued, least, most)
		}
	}
}

// TestShapes holds what FLEET.md concludes, at another scale and seed.
func TestShapes(t *testing.T) {
	run := func(name string) *Seen { return Simulate(small(name), 7) }
	late := func(s *Seen) (sum int64) {
		for _, n := range s.Requests[len(s.Requests)*3/4:] {
			sum = max(sum, n)
		}
		return sum
	}
	if naive, host := late(run("start-naive")), late(run("start")); naive < 2*host {
		t.Errorf("heartbeats from the start peak at %d/s, by host at %d/s: want the first more than twice as much", naive, host)
	}
	day, hasty := run("day"), run("day-hasty")
	if hasty.Throttled < 5*day.Throttled {
		t.Errorf("429: %d as it is, %d when it recovers faster: want the second 5 times as much", day.Throttled, hasty.Throttled)
	}
	if endless := run("day-endless"); endless.Repeats < 1e6 || day.Repeats != 0 {
		t.Errorf("repeats: %d without 429, %d with: want millions and 0", endless.Repeats, day.Repeats)
	}
}

func TestPauses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	m := mac{window: 64}
	for i := 1; i <= 20; i++ {
		most := min(time.Second<<min(i, 16), agent.MostWait)
		if got := time.Duration(m.failed(Pace{}, r)) * time.Microsecond; got < time.Second || got > most {
			t.Errorf("pause after %d failures: got %v, want 1s to %v", i, got, most)
		}
	}
	if m.window != 1 {
		t.Errorf("window after failures: got %d, want 1", m.window)
	}
	for want := int32(1); want < int32(agent.Batch); want *= 2 {
		if m.window != want {
			t.Errorf("window: got %d, want %d", m.window, want)
		}
		m.sent = m.window
		if got := time.Duration(m.well(0, Pace{}, r)) * time.Microsecond; got > agent.RecoverPause {
			t.Errorf("pause while it grows: got %v, want at most %v", got, agent.RecoverPause)
		}
	}
	m.window, m.throttled, m.failures = 64, true, 5
	m.failed(Pace{}, r)
	m.sent = 1
	m.well(0, Pace{}, r)
	if m.window != 32 || m.failures != 5 {
		t.Errorf("as it is: got window %d and %d failures, want 32 and 5", m.window, m.failures)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"-macs 10", "bounds"}, {"-scale 1000", "bounds"}, {"-scenario none", "no scenario"}, {"what", "bounds"},
	} {
		var out, errs bytes.Buffer
		if code := run(strings.Fields(c.args), &out, &errs); code != 2 || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: got exit %d and %q, want 2 and %q", c.args, code, errs.String(), c.says)
		}
	}
}
