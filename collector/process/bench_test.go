package process

import (
	"testing"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// BenchmarkApply is the cost of a message in a table as full as that of a busy host.
func BenchmarkApply(b *testing.B) {
	b.Run("life", func(b *testing.B) {
		h := busy()
		b.ReportAllocs()
		for b.Loop() {
			h.fork()
			h.exec()
			h.exit(2)
		}
	})
	b.Run("fork", func(b *testing.B) {
		h := busy()
		b.ReportAllocs()
		for b.Loop() {
			h.fork()
		}
	})
	b.Run("exec", func(b *testing.B) {
		h := busy()
		b.ReportAllocs()
		for b.Loop() {
			h.exec()
		}
	})
	b.Run("exit", func(b *testing.B) {
		h := busy()
		b.ReportAllocs()
		for n := 0; n < b.N; n++ {
			if n%4000 == 0 {
				b.StopTimer()
				for range 4000 {
					h.fork()
				}
				h.n -= 4000
				b.StartTimer()
			}
			h.n++
			h.exit(1)
		}
	})
}

// TestAllocations holds what a message costs beside the time: the entry, for an exec also
// the command, its text and its words; and nothing for an end.
func TestAllocations(t *testing.T) {
	h := busy()
	forks := testing.AllocsPerRun(2000, h.fork)
	execs := testing.AllocsPerRun(2000, h.exec)
	exits := testing.AllocsPerRun(2000, func() { h.exit(1); h.n-- })
	if forks > 1 || execs > 4 || exits > 0 {
		t.Errorf("got %v allocations for a fork, %v for an exec, %v for an exit; want 1, 4, 0", forks, execs, exits)
	}
}

// host is a Mac on which one command after another is run.
type host struct {
	table   *Table
	message eslogger.Message
	n       uint32
}

// busy returns a host that has run commands for a while.
func busy() *host {
	h := &host{table: New(Limits{}), message: eslogger.Message{
		Args:             args("/usr/bin/grep", "-r", "--include=*.swift", "needle", "/Users/someone/Projects"),
		WorkingDirectory: []byte("/Users/someone/Projects/thing"),
	}}
	for range 12_000 {
		h.fork()
		h.exec()
		h.exit(2)
	}
	return h
}

var shell = key(90, 1)

// child is the process of now, in its first, second, ... image.
func (h *host) child(image uint32) eslogger.Process {
	return eslogger.Process{
		HasToken: true, Token: token(key(int32(h.n%90_000+100), 4*h.n+image)), Parent: token(shell),
		Executable: h.message.Args[0],
	}
}

func (h *host) fork() {
	h.n++
	h.message.Kind, h.message.Process, h.message.Target = event.Fork, eslogger.Process{HasToken: true, Token: token(shell)}, h.child(1)
	h.table.Apply(&h.message)
}

func (h *host) exec() {
	h.message.Kind, h.message.Process, h.message.Target = event.ExecKind, h.child(1), h.child(2)
	h.table.Apply(&h.message)
}

func (h *host) exit(image uint32) {
	h.message.Kind, h.message.Process = event.Exit, h.child(image)
	h.table.Apply(&h.message)
}
