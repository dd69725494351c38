package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/detect/rules"
)

// live measures the agent at work on streams that come as from eslogger, one write a line.
type live struct {
	program string
	dir     string
	window  time.Duration // of one measurement
	warmUp  time.Duration
}

// sample is what a process has used since it began.
type sample struct {
	cpu   time.Duration
	wakes int // times it went to sleep
	peak  float64
}

func (l *live) report() ([]string, error) {
	out := []string{"execs/s   cat ms/s   hooksnare ms/s   times cat (wanted: at most 1.5)   wake-ups/s"}
	var peak float64
	for _, rate := range []string{"50", "200", "1000"} {
		cat, err := l.cat(rate)
		if err != nil {
			return nil, err
		}
		agent, err := l.agent(rate)
		if err != nil {
			return nil, err
		}
		perSecond := func(d time.Duration) float64 { return d.Seconds() * 1000 / l.window.Seconds() }
		out = append(out, fmt.Sprintf("%7s   %8.1f   %14.1f   %32.2f   %10.0f", rate, perSecond(cat.cpu), perSecond(agent.cpu),
			agent.cpu.Seconds()/cat.cpu.Seconds(), float64(agent.wakes)/l.window.Seconds()))
		peak = max(peak, agent.peak)
	}
	idle, err := l.agent("0")
	if err != nil {
		return nil, err
	}
	hostile, err := l.agent("hostile")
	if err != nil {
		return nil, err
	}
	latency, err := l.latency()
	if err != nil {
		return nil, err
	}
	return append(out,
		fmt.Sprintf("idle: %.1f wake-ups a second, %.2f ms/s", float64(idle.wakes)/l.window.Seconds(), idle.cpu.Seconds()*1000/l.window.Seconds()),
		fmt.Sprintf("peak memory: %.1f MiB, under a hostile load %.1f MiB (wanted: under 24)", peak, hostile.peak),
		fmt.Sprintf("line to alert in the local log, at 50 execs/s: median %v, p99 %v (wanted: under 20ms)",
			latency[len(latency)/2].Round(10*time.Microsecond), latency[len(latency)*99/100].Round(10*time.Microsecond)),
	), nil
}

// cat measures cat.
func (l *live) cat(rate string) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	player, cat := exec.Command(self, "-play", rate), exec.Command("cat")
	pipe, err := player.StdoutPipe()
	if err != nil {
		return sample{}, err
	}
	cat.Stdin = pipe
	if err := errors.Join(player.Start(), cat.Start()); err != nil {
		return sample{}, err
	}
	s, err := l.watch(cat.Process.Pid)
	_ = player.Process.Kill()
	_ = player.Wait()
	return s, errors.Join(err, cat.Wait())
}

// agent measures hooksnare run.
func (l *live) agent(load string) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	cmd, _, err := l.start("exec '"+self+"' -play "+load, "")
	if err != nil {
		return sample{}, err
	}
	s, err := l.watch(cmd.Process.Pid)
	return s, errors.Join(err, stop(cmd))
}

// start starts an agent with a shell command for eslogger, and returns its local log.
func (l *live) start(eslogger, settings string) (cmd *exec.Cmd, log string, err error) {
	dir, err := os.MkdirTemp(l.dir, "live-")
	if err != nil {
		return nil, "", err
	}
	program, config, log := filepath.Join(dir, "eslogger"), filepath.Join(dir, "config.plist"), filepath.Join(dir, "alerts.jsonl")
	text := `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>CanaryInterval</key><real>0</real>` + settings +
		`<key>Outputs</key><array><dict><key>Name</key><string>file</string><key>Type</key><string>file</string><key>Path</key><string>` +
		log + `</string></dict></array></dict></plist>`
	err = errors.Join(os.WriteFile(program, []byte("#!/bin/sh\n"+eslogger+"\n"), 0o700), os.WriteFile(config, []byte(text), 0o600))
	if err != nil {
		return nil, "", err
	}
	cmd = exec.Command(l.program, "run", "--eslogger", program, "--config", config, "--state-dir", filepath.Join(dir, "state"))
	return cmd, log, cmd.Start()
}

func stop(cmd *exec.Cmd) error {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	return cmd.Wait()
}

// watch returns what a process uses during the window.
func (l *live) watch(pid int) (sample, error) {
	time.Sleep(l.warmUp)
	before, err := sampleOf(pid)
	if err != nil {
		return sample{}, err
	}
	time.Sleep(l.window)
	after, err := sampleOf(pid)
	return sample{after.cpu - before.cpu, after.wakes - before.wakes, after.peak}, err
}

// latency measures the time from a line's write to its alert in the local log, synced, while
// other lines come at 50 execs a second. The list is sorted.
func (l *live) latency() ([]time.Duration, error) {
	folder, err := unboundedRule(l.dir)
	if err != nil {
		return nil, err
	}
	fifo := filepath.Join(l.dir, "stream")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		return nil, err
	}
	cmd, log, err := l.start("exec cat '"+fifo+"'",
		"<key>RuleDirectories</key><array><string>"+folder+"</string></array><key>DisabledRules</key><array><string>hook-set</string></array>")
	if err != nil {
		return nil, err
	}
	w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	stream := &shared{to: w}
	go func() { _, _ = synthetic.WriteBench(newPaced(stream, 150), 1<<30) }() // until w is closed
	time.Sleep(l.warmUp)
	list, err := measureHooks(stream, log)
	slices.Sort(list)
	return list, errors.Join(err, w.Close(), stop(cmd))
}

// shared is a writer for several goroutines.
type shared struct {
	mu sync.Mutex
	to *os.File
}

func (s *shared) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(line)
}

const hooks = 300

func measureHooks(stream *shared, log string) (list []time.Duration, err error) {
	host := synthetic.New(stream, synthetic.Options{Seed: 1})
	parent := host.Adopt(host.Launchd(), 99_000, synthetic.Spec{Path: "/bin/zsh"})
	sizeOf := func() int64 {
		info, err := os.Stat(log)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for n := range hooks {
		time.Sleep(time.Duration(20+n%17) * time.Millisecond)
		host.SetTime(time.Now())
		p := host.Fork(parent)
		size := sizeOf()
		begin := time.Now()
		host.Exec(p, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{
			"defaults", "write", "com.apple.loginwindow", "LoginHook", fmt.Sprintf("/tmp/%d.sh", n)}})
		for sizeOf() == size {
			if time.Since(begin) > 10*time.Second {
				return list, fmt.Errorf("hook %d: no alert in 10 seconds", n)
			}
			time.Sleep(100 * time.Microsecond)
		}
		list = append(list, time.Since(begin))
	}
	return list, host.Err()
}

// unboundedRule writes the rule for hooks that are set without its bound on alerts.
func unboundedRule(dir string) (folder string, err error) {
	const id = `rule_id = "hook-set"`
	folder = filepath.Join(dir, "unbounded")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	for _, s := range rules.Builtin() {
		if strings.Contains(string(s.Text), id) {
			text := strings.Replace(string(s.Text), id, "rule_id = \"bench\"\nmax_signals = 100000", 1)
			return folder, os.WriteFile(filepath.Join(folder, "bench.toml"), []byte(text), 0o600)
		}
	}
	return "", errors.New("no built-in rule hook-set")
}
