package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// sampleOf adds up the threads of a process.
func sampleOf(pid int) (s sample, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil || len(threads) == 0 {
		return s, fmt.Errorf("process %d: has ended", pid)
	}
	for _, thread := range threads {
		var cpu, ignored int64
		b, err := os.ReadFile(filepath.Join(thread, "schedstat"))
		if err != nil {
			continue // it has ended
		}
		if _, err := fmt.Sscan(string(b), &cpu, &ignored); err != nil {
			return s, err
		}
		s.cpu += time.Duration(cpu)
		s.wakes += number(filepath.Join(thread, "status"), "voluntary_ctxt_switches:")
	}
	s.peak = float64(number(fmt.Sprintf("/proc/%d/status", pid), "VmHWM:")) / 1024
	return s, nil
}

// number returns the number behind a name in a file of lines, 0 where there is none.
func number(file, name string) (n int) {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			_, _ = fmt.Sscan(value, &n)
		}
	}
	return n
}
