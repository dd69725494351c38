package spool

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Variables by which the test binary becomes the process that is killed.
const (
	victimDir = "HOOKSNARE_SPOOL_VICTIM"
	victimRun = "HOOKSNARE_SPOOL_VICTIM_RUN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		victim(dir, os.Getenv(victimRun))
		return
	}
	os.Exit(m.Run())
}

// victim puts and delivers without an end, and writes what it was promised and what it
// was given to stdout, which outlives it.
func victim(dir, run string) {
	s, err := Open(Options{Dir: dir, Outputs: crashOutputs, ballast: 4096})
	if err != nil {
		fmt.Println("open", err)
		os.Exit(1)
	}
	for _, q := range s.queues[:2] {
		go func() {
			for {
				items, err := q.Next(context.Background(), 5, 1<<20)
				if err != nil {
					fmt.Println("next", err)
					return
				}
				for _, it := range items {
					fmt.Printf("got %s %s\n", q.name, it.Document)
				}
				q.Ack(items)
			}
		}()
	}
	for worker := range 3 {
		go func() {
			for i := 0; ; i += 2 {
				one, two := fmt.Sprintf("%s-%d-%d", run, worker, i), fmt.Sprintf("%s-%d-%d", run, worker, i+1)
				if err := s.Put(entry(one, 21, 50), entry(two, 73, 50)); err != nil {
					fmt.Println("put", err)
					return
				}
				fmt.Printf("put %s %s\n", one, two)
			}
		}()
	}
	select {}
}

// TestKilled kills a process that uses a spool, again and again: nothing it was promised
// is lost, no number has two contents, and the chain has no gap.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	w := newWorld()
	rng := rand.New(rand.NewPCG(5, 5))
	kills := number(8, 200)
	given := 0
	for run := range kills {
		given += killed(t, w, dir, run, 5+rng.IntN(60))
	}
	s, log := open(t, Options{Dir: dir, Outputs: crashOutputs})
	for i := range crashOutputs {
		for s.queues[i].Stats().Depth > 0 {
			before := s.queues[i].Stats().Depth
			w.deliver(t, s, i, 100, false)
			given += before - s.queues[i].Stats().Depth
		}
	}
	closeSpool(t, s)
	if m := w.missing(); len(m) > 0 || w.clash != "" {
		t.Errorf("of %d alerts lost %v, %s; events:\n%s", len(w.promised), m, w.clash, log)
	}
	if v := w.links.Verdict(); !v.OK() || len(v.Chains) != 1 {
		t.Errorf("chain %+v, want one without a gap", v)
	}
	once := len(w.got[0]) + len(w.got[1])
	t.Logf("%d kills, %d alerts promised, %d deliveries of which %d were repeats (%.1f %%)",
		kills, len(w.promised), given, given-once, 100*float64(given-once)/float64(given))
}

// killed runs a victim until it has written some lines, and kills it; it returns how many
// deliveries there were.
func killed(t *testing.T, w *world, dir string, run, lines int) (given int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir, fmt.Sprintf("%s=%d", victimRun, run))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	scan := bufio.NewScanner(out)
	for n := 0; scan.Scan(); n++ {
		if n == lines {
			must(t, cmd.Process.Kill())
		}
		given += w.readLine(t, scan.Text())
	}
	cmd.Wait()
	return given
}

// readLine takes a line of a victim; the last may be cut.
func (w *world) readLine(t *testing.T, line string) int {
	t.Helper()
	what, rest, _ := strings.Cut(line, " ")
	switch what {
	case "put":
		if one, two, ok := strings.Cut(rest, " "); ok {
			w.promised[one] = 21
			w.promised[two] = 73
		}
		return 0
	case "got":
		name, doc, _ := strings.Cut(rest, " ")
		if !json.Valid([]byte(doc)) {
			return 0 // cut
		}
		w.see(t, strings.Index("ab", name), []Item{{Sequence: parse(t, []byte(doc)).Sequence, Document: []byte(doc)}})
		return 1
	}
	t.Fatalf("the victim says %q", line)
	return 0
}
