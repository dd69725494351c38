// Command bench compares hooksnare replay with grep and jq, and hooksnare run with cat, in one
// run: wall time, processor time, wake-ups and peak memory. It makes the streams itself.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

func main() {
	program := flag.String("hooksnare", "bin/hooksnare", "`PROGRAM` to measure")
	lines := flag.Int("lines", 60_000, "lines of the recording")
	times := flag.Int("times", 10, "also measure a recording this many times as long; 0 leaves it out")
	rounds := flag.Int("rounds", 9, "runs of each command, of which the fastest counts; jq runs once")
	from := flag.String("rules", "../shared/eql/rules/macos", "`DIR` of published rules to measure with, too; left out where it is not there")
	load := flag.String("play", "", "play eslogger under a `LOAD`: execs a second, or hostile")
	window := flag.Duration("live", 10*time.Second, "how long each live load is measured; 0 leaves them out")
	flag.Parse()
	if *load != "" {
		_ = play(*load) // until nobody reads it
		return
	}
	if err := bench(*program, *from, *lines, *times, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
	if *window > 0 {
		if err := benchLive(*program, *window); err != nil {
			fmt.Fprintln(os.Stderr, "bench: live: "+err.Error())
			os.Exit(1)
		}
	}
}

func benchLive(program string, window time.Duration) error {
	dir, err := os.MkdirTemp("", "hooksnare-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l := &live{program: program, dir: dir, window: window, warmUp: 3 * time.Second}
	report, err := l.report()
	fmt.Println(strings.Join(report, "\n"))
	return err
}

// filter is what jq does instead of the agent's rules: the published rule's condition.
const filter = `select(.event.exec != null)
 | select(((.event.exec.target.executable.path // "") | endswith("/defaults"))
   and ((.event.exec.args // []) | index("write"))
   and ((.event.exec.args // []) | any(ascii_downcase | . == "loginhook" or . == "logouthook")))`

func bench(program, from string, lines, times, rounds int) error {
	dir, err := os.MkdirTemp("", "hooksnare-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "recording.ndjson")
	size, hooks, err := record(name, lines)
	if err != nil {
		return err
	}
	fmt.Printf("%d lines, %.0f MB, %d commands that set a hook, all synthetic; %s/%s, %d processors\n",
		lines, float64(size)/1e6, hooks, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	grep := command{"grep -c LoginHook", []string{"grep", "-c", "LoginHook", name}}
	replay := command{"hooksnare replay", []string{program, "replay", "--format", "ndjson", name}}
	// In turns, so that what else the machine does hits both alike.
	var fastGrep, fastReplay usage
	for range rounds {
		for _, c := range []struct {
			command
			best *usage
		}{{grep, &fastGrep}, {replay, &fastReplay}} {
			u, err := c.run()
			if err != nil {
				return err
			}
			c.best.keep(u)
		}
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "command\twall s\tprocessor s\tpeak MiB\tMB/s\tlines out\t")
	fastGrep.row(t, grep.name, size)
	fastReplay.row(t, replay.name, size)
	verdict := []string{fmt.Sprintf("hooksnare takes %.2f times grep's wall time (wanted: at most 4)", fastReplay.wall.Seconds()/fastGrep.wall.Seconds())}
	if _, err := exec.LookPath("jq"); err == nil {
		jq := command{"jq", []string{"jq", "-c", filter, name}}
		u, err := jq.run()
		if err != nil {
			return err
		}
		u.row(t, jq.name, size)
		verdict = append(verdict, fmt.Sprintf("hooksnare is %.1f times as fast as jq (wanted: at least 15)", u.wall.Seconds()/fastReplay.wall.Seconds()))
	} else {
		verdict = append(verdict, "jq is not installed: not compared")
	}
	verdict = append(verdict, fmt.Sprintf("%.2f processors in use, peak %.1f MiB (wanted: under 40)",
		fastReplay.cpu.Seconds()/fastReplay.wall.Seconds(), fastReplay.peak))
	if _, err := os.Stat(from); err == nil {
		more, err := costs(dir, program, name, from, rounds)
		if err != nil {
			return err
		}
		verdict = append(verdict, more...)
	}
	if times > 0 {
		long := filepath.Join(dir, "long.ndjson")
		size, _, err := record(long, lines*times)
		if err != nil {
			return err
		}
		c := command{fmt.Sprintf("hooksnare replay, %d times as long", times), []string{program, "replay", "--format", "ndjson", long}}
		u, err := c.run()
		if err != nil {
			return err
		}
		u.row(t, c.name, size)
		verdict = append(verdict, fmt.Sprintf("%d times as long: %.2f times the wall time, peak %.1f MiB", times, u.wall.Seconds()/fastReplay.wall.Seconds(), u.peak))
	}
	t.Flush()
	fmt.Println(strings.Join(verdict, "\n"))
	return nil
}

// record writes the recording and reads it once, so that every command finds it in memory.
func record(name string, lines int) (size int64, hooks int, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	made, err := synthetic.WriteBench(w, lines)
	if err == nil {
		err = w.Flush()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return 0, 0, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return 0, 0, err
	}
	return info.Size(), made.Hooks, exec.Command("cat", name).Run()
}

type command struct {
	name string
	args []string
}

// usage is what one run took.
type usage struct {
	wall, cpu time.Duration
	peak      float64 // MiB
	out       int     // lines
}

func (u *usage) keep(other usage) {
	if u.wall == 0 || other.wall < u.wall {
		*u = other
	}
}

func (u *usage) row(t *tabwriter.Writer, name string, size int64) {
	fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.1f\t%.0f\t%d\t\n", name, u.wall.Seconds(), u.cpu.Seconds(), u.peak, float64(size)/1e6/u.wall.Seconds(), u.out)
}

func (c *command) run() (usage, error) {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return usage{}, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	var u usage
	for s := bufio.NewReader(out); ; u.out++ {
		if _, err := s.ReadString('\n'); err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		return u, fmt.Errorf("%s: %w", c.name, err)
	}
	u.wall = time.Since(begin)
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = float64(r.Maxrss) / 1024
		if runtime.GOOS == "darwin" {
			u.peak /= 1024 // bytes there, KiB elsewhere
		}
	}
	return u, nil
}
