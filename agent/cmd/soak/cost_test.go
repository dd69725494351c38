package soak

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

// What the measurements are made with.
const (
	recordedLines = 60_000
	longTimes     = 10 // as many lines in the long recording
	replayRounds  = 9  // of which the fastest counts
	liveWarmUp    = 3 * time.Second
	liveWindow    = 10 * time.Second // of one measurement
	latencyHooks  = 300
)

// jqFilter is what jq does instead of the agent's rules: the condition of the published rule.
const jqFilter = `select(.event.exec != null)
 | select(((.event.exec.target.executable.path // "") | endswith("/defaults"))
   and ((.event.exec.args // []) | index("write"))
   and ((.event.exec.args // []) | any(ascii_downcase | . == "loginhook" or . == "logouthook")))`

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peak      float64 // MiB
	wakeups   int
}

// BenchmarkReplay compares hooksnare replay with grep and jq. Run it with -benchtime 1x.
func BenchmarkReplay(b *testing.B) {
	program, dir := build(b, "hooksnare", nil), b.TempDir()
	name, long := filepath.Join(dir, "recording.ndjson"), filepath.Join(dir, "long.ndjson")
	record(b, name, recordedLines)
	record(b, long, longTimes*recordedLines)
	replay := []string{program, "replay", "--format", "ndjson", name}
	var grep, ours usage
	for range replayRounds { // in turns, so that what else the machine does hits both alike
		grep = fastest(grep, runProgram(b, "grep", "-c", "LoginHook", name))
		ours = fastest(ours, runProgram(b, replay...))
	}
	times := func(a, b usage) float64 { return a.wall.Seconds() / b.wall.Seconds() }
	fmt.Printf("replay, %d lines: %v, %v of processor time, peak %.1f MiB; %.2f times grep's wall time\n",
		recordedLines, ours.wall, ours.cpu, ours.peak, times(ours, grep))
	u := runProgram(b, append(replay[:4:4], long)...)
	fmt.Printf("replay, %d times as long: %.2f times the wall time, peak %.1f MiB\n", longTimes, times(u, ours), u.peak)
	if _, err := exec.LookPath("jq"); err != nil {
		b.Skip("jq is not installed: not compared")
	}
	fmt.Printf("replay is %.1f times as fast as jq\n", times(runProgram(b, "jq", "-c", jqFilter, name), ours))
}

func fastest(a, b usage) usage {
	if a.wall == 0 || b.wall < a.wall {
		return b
	}
	return a
}

// record writes a recording, and reads it once so that every program finds it in memory.
func record(b *testing.B, name string, lines int) {
	b.Helper()
	f, err := os.Create(name)
	if err == nil {
		_, err = synthetic.WriteBench(f, lines)
		err = errors.Join(err, f.Close(), exec.Command("cat", name).Run())
	}
	if err != nil {
		b.Fatal(err)
	}
}

func runProgram(b *testing.B, args ...string) usage {
	b.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	begin := time.Now()
	if _, err := cmd.Output(); err != nil {
		b.Fatalf("%s: %v", args[0], err)
	}
	u := usage{wall: time.Since(begin), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = float64(r.Maxrss) / 1024 // KiB on Linux
	}
	return u
}

// BenchmarkLive compares hooksnare run with cat on streams that come as from eslogger, one write
// a line, and measures an idle agent, one under a hostile load, and the way from a line to its
// alert. Run it with -benchtime 1x.
func BenchmarkLive(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("reads /proc")
	}
	program, standin := build(b, "hooksnare", nil), build(b, "standin", nil)
	for _, load := range []string{"50", "200", "1000", "0", "hostile"} {
		v := newMeasured(b, program, standin)
		v.playLoad(load)
		v.start()
		agent := measure(b, v.cmd.Process.Pid)
		v.end() // which ends the program that plays the load, too
		fmt.Printf("%7s execs/s: %.1f ms/s, %.1f wake-ups/s, peak %.1f MiB", load, perSecond(agent.cpu), float64(agent.wakeups)/liveWindow.Seconds(), agent.peak)
		if load != "0" && load != "hostile" {
			cat := measureCat(b, load)
			fmt.Printf(", %.2f times cat's %.1f ms/s", agent.cpu.Seconds()/cat.cpu.Seconds(), perSecond(cat.cpu))
		}
		fmt.Println()
	}
	took := newMeasured(b, program, standin).latency()
	fmt.Printf("line to alert in the local log, at 50 execs/s: median %v, p99 %v\n", took[len(took)/2], took[len(took)*99/100])
}

func perSecond(d time.Duration) float64 { return d.Seconds() * 1000 / liveWindow.Seconds() }

// newMeasured is an agent with nothing but its local log.
func newMeasured(b *testing.B, program, standin string) *victim {
	v := newVictim(b, program, standin)
	v.configure(map[string]any{"HeartbeatInterval": 300.0}, []*place{{config: map[string]any{"Name": "file", "Type": "file", "Path": "/alerts.jsonl"}}})
	return v
}

func (v *victim) alertLog() string { return filepath.Join(v.root, "alerts.jsonl") }

// playLoad puts this test's program, playing a load, in the place of eslogger.
func (v *victim) playLoad(load string) {
	v.t.Helper()
	self, err := os.Executable()
	if err != nil {
		v.t.Fatal(err)
	}
	v.placeEslogger(loadVariable + "=" + load + " exec '" + self + "'")
}

func (v *victim) placeEslogger(command string) {
	v.t.Helper()
	name := filepath.Join(v.root, "usr/bin/eslogger")
	err := errors.Join(os.Remove(name), os.WriteFile(name, []byte("#!/bin/sh\n"+command+"\n"), 0o700))
	if err != nil {
		v.t.Fatal(err)
	}
}

// measureCat measures cat reading what an agent would.
func measureCat(b *testing.B, load string) usage {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	player, cat := exec.Command(self), exec.Command("cat")
	player.Env = append(os.Environ(), loadVariable+"="+load)
	if cat.Stdin, err = player.StdoutPipe(); err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(player.Start(), cat.Start()); err != nil {
		b.Fatal(err)
	}
	u := measure(b, cat.Process.Pid)
	_ = player.Process.Kill()
	_ = player.Wait()
	_ = cat.Wait()
	return u
}

// measure returns what a process takes in the window.
func measure(b *testing.B, pid int) usage {
	b.Helper()
	time.Sleep(liveWarmUp)
	before := usageOf(b, pid)
	time.Sleep(liveWindow)
	after := usageOf(b, pid)
	return usage{cpu: after.cpu - before.cpu, wakeups: after.wakeups - before.wakeups, peak: after.peak}
}

// usageOf adds up the threads of a process.
func usageOf(b *testing.B, pid int) (u usage) {
	b.Helper()
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if len(threads) == 0 {
		b.Fatalf("process %d has ended", pid)
	}
	for _, thread := range threads {
		var cpu int64
		stat, _ := os.ReadFile(filepath.Join(thread, "schedstat")) // of a thread that has ended: nothing
		_, _ = fmt.Sscan(string(stat), &cpu)
		u.cpu += time.Duration(cpu)
		u.wakeups += int(procNumber(filepath.Join(thread, "status"), "voluntary_ctxt_switches"))
	}
	u.peak = procNumber(fmt.Sprintf("/proc/%d/status", pid), "VmHWM") / 1024
	return u
}

// procNumber returns the number behind a name in a file of lines, 0 where there is none.
func procNumber(file, name string) (n float64) {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			_, _ = fmt.Sscan(value, &n)
		}
	}
	return n
}

// latency measures the time from a line's write to its alert in the local log, synced, while
// other lines come at 50 execs a second. The list is sorted.
func (v *victim) latency() (took []time.Duration) {
	fifo := filepath.Join(v.root, "stream")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		v.t.Fatal(err)
	}
	v.placeEslogger("exec cat '" + fifo + "'")
	v.start()
	defer v.end()
	w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		v.t.Fatal(err)
	}
	defer w.Close() // ends the other lines
	go func() { _, _ = synthetic.WriteBench(newPaced(w, 3*50), 1<<30) }()
	time.Sleep(liveWarmUp)
	var line bytes.Buffer
	host := synthetic.New(&line, synthetic.Options{Seed: 1})
	parent := host.Adopt(host.Launchd(), 99_000, synthetic.Spec{Path: "/bin/zsh"})
	size := func() (n int64) {
		if info, err := os.Stat(v.alertLog()); err == nil {
			n = info.Size()
		}
		return n
	}
	for n := range latencyHooks {
		time.Sleep(time.Duration(20+n%17) * time.Millisecond)
		host.SetTime(time.Now())
		line.Reset()
		host.Start(parent, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{
			"defaults", "write", "com.apple.loginwindow", "LoginHook", fmt.Sprint(marker, n)}})
		before, begin := size(), time.Now()
		if _, err := w.Write(line.Bytes()); err != nil {
			v.t.Fatal(err)
		}
		for size() == before {
			if time.Since(begin) > patience {
				v.t.Fatalf("hook %d: no alert in %v:\n%s", n, patience, v.said())
			}
			time.Sleep(100 * time.Microsecond)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took
}
