package process

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// TestEvict holds the order in which entries go when there is no room.
func TestEvict(t *testing.T) {
	w := newWorld(t, Limits{Entries: 6})
	w.fork(key(1, 1), key(2, 1))
	w.fork(key(2, 1), key(3, 1))
	w.exit(key(2, 1), key(1, 1)) // held by 3
	w.fork(key(1, 1), key(4, 1))
	w.fork(key(1, 1), key(5, 1))
	w.exit(key(5, 1), key(1, 1))
	w.exit(key(4, 1), key(1, 1))
	w.fork(key(1, 1), key(6, 1)) // full
	order := []event.Key{key(5, 1), key(4, 1), key(2, 1), key(1, 1), key(3, 1), key(6, 1)}
	for i, gone := range order {
		w.wantOn("gone", order[:i]...)
		if w.on(gone) == "gone" {
			t.Errorf("%v went before its time: the order is %v", gone, order)
		}
		w.exec(event.Key{}, key(int32(50+i), 1), key(9, 9), "/bin/x", "x")
		inUse := uint64(max(0, i+1-2)) // the first two had ended and had no children
		if got := w.table.Stats(); got.Evicted != uint64(i+1) || got.EvictedInUse != inUse {
			t.Errorf("evicted %d, %d of them in use; want %d, %d", got.Evicted, got.EvictedInUse, i+1, inUse)
		}
	}
	w.wantOn("gone", order...)
}

// TestOneTooLarge has a process that alone is over the bound in bytes.
func TestOneTooLarge(t *testing.T) {
	w := newWorld(t, Limits{Bytes: 100})
	for i := range uint32(3) {
		ev := w.exec(key(5, i), key(5, i+1), key(1, 1), "/bin/x", "x")
		if ev == nil || ev.Process.Key() != key(5, i+1) {
			t.Fatalf("got %+v", ev)
		}
	}
	if got := w.table.Stats(); got.Live != 1 || got.Dead != 0 {
		t.Errorf("got %+v, want the last one alone", got)
	}
}

// TestAllArguments holds that an event has what its message had, and the table little of it.
func TestAllArguments(t *testing.T) {
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("word%d", i)
	}
	for _, tc := range []struct {
		name  string
		words []string
		kept  int // words
		bytes int
	}{
		{"few", []string{"defaults", "read"}, 2, 12},
		{"many", many, keptWords, 0},
		{"one long", []string{"sh", "-c", strings.Repeat("a", 1<<20)}, 3, keptBytes},
		{"just fits", []string{strings.Repeat("a", keptBytes)}, 1, keptBytes},
		{"nothing fits after it", []string{strings.Repeat("a", keptBytes), "", "b"}, 2, keptBytes},
		{"characters stay whole", []string{strings.Repeat("é", keptBytes)}, 1, keptBytes},
		{"an odd byte before them", []string{"a" + strings.Repeat("é", keptBytes)}, 1, keptBytes - 1},
		{"no characters at all", []string{strings.Repeat("\x80", 2*keptBytes)}, 1, keptBytes},
		{"empty words", make([]string, 5000), keptWords, 0},
	} {
		w := newWorld(t, Limits{})
		ev := w.exec(key(5, 1), key(5, 2), key(1, 1), "/bin/sh", tc.words...)
		equal(t, tc.name+": the event", ev.Process.Exec.Args, tc.words)
		kept := w.table.Lookup(key(5, 2)).Exec
		n := 0
		for i, word := range kept.Args {
			n += len(word)
			if !strings.HasPrefix(tc.words[i], word) || utf8.ValidString(tc.words[i]) && !utf8.ValidString(word) {
				t.Errorf("%s: word %d is kept as %.40q", tc.name, i, word)
			}
		}
		if len(kept.Args) != tc.kept || tc.bytes != 0 && n != tc.bytes || n > keptBytes || kept.ArgsCount != len(tc.words) {
			t.Errorf("%s: %d words of %d bytes, count %d; want %d, %d, %d", tc.name, len(kept.Args), n, kept.ArgsCount, tc.kept, tc.bytes, len(tc.words))
		}
	}
}

// TestLongTexts holds the bounds of everything else a message says.
func TestLongTexts(t *testing.T) {
	p := proc(key(5, 2), key(1, 1), "/deep"+strings.Repeat("/folder", 1500)+"/defaults")
	p.SigningID, p.TeamID, p.CDHash, p.TTY = long(1, 1<<20), long(2, 1<<20), long(3, 1<<20), long(4, 1<<20)
	w := newWorld(t, Limits{})
	ev := w.apply(eslogger.Message{
		Kind: event.ExecKind, Target: p, Args: args("x"), Env: [][]byte{long(5, 1<<20)},
		WorkingDirectory: long(6, 1<<20), Script: long(7, 1<<20), DyldPath: long(8, 1<<20),
	})
	if got, x := ev.Process.Name(), ev.Process.Exec; got != "defaults" || len(x.WorkingDirectory) != 1<<20 || len(x.Script) != 1<<20 || len(x.DyldPath) != 1<<20 {
		t.Errorf("the event: name %q, folder %d, script %d, dyld path %d bytes; want all of it", got, len(x.WorkingDirectory), len(x.Script), len(x.DyldPath))
	}
	if got, most := w.table.bytes, entryCost+keptPath+4*keptWord+5*keptBytes+1024; got > most {
		t.Errorf("the table keeps %d bytes, want at most %d", got, most)
	}
}

// flood is a stream that wants to be remembered.
type flood struct {
	name string
	n    int
	send func(t *Table, i int)
}

func floods() []flood {
	send := func(t *Table, kind event.Kind, before, after eslogger.Process, m eslogger.Message) {
		m.Kind, m.Process, m.Target = kind, before, after
		t.Apply(&m)
	}
	none := eslogger.Process{}
	pid := func(i int) event.Key { return key(int32(i%90_000+2), uint32(i)) }
	big := func(i int) eslogger.Process {
		p := proc(pid(i), key(1, 1), "/bin/x")
		p.Executable, p.SigningID, p.TTY = long(i, 400), long(i, 100), long(i, 500)
		return p
	}
	return []flood{
		{"fork bomb", 100_000, func(t *Table, i int) {
			send(t, event.Fork, proc(pid(i/2), key(1, 1), "/bin/sh"), proc(pid(i+1), pid(i/2), "/bin/sh"), eslogger.Message{})
		}},
		{"fork bomb of a long command", 40_000, func(t *Table, i int) {
			if i == 0 {
				send(t, event.ExecKind, none, proc(pid(0), key(1, 1), "/bin/sh"), eslogger.Message{Args: [][]byte{long(0, 2000)}})
			}
			send(t, event.Fork, proc(pid(i), key(1, 1), "/bin/sh"), proc(pid(i+1), pid(i), "/bin/sh"), eslogger.Message{})
		}},
		{"chain of forks and exits", 200_000, func(t *Table, i int) {
			send(t, event.Fork, proc(pid(i), key(1, 1), "/bin/sh"), proc(pid(i+1), pid(i), "/bin/sh"), eslogger.Message{})
			send(t, event.Exit, proc(pid(i), key(1, 1), "/bin/sh"), none, eslogger.Message{})
		}},
		{"execs of 1 MiB", 150, func(t *Table, i int) {
			send(t, event.ExecKind, none, proc(pid(i), key(1, 1), "/bin/sh"), eslogger.Message{Args: [][]byte{long(i, 1<<20)}})
		}},
		{"strings below what is shared", 20_000, func(t *Table, i int) {
			send(t, event.ExecKind, none, big(i), eslogger.Message{
				Args: [][]byte{long(i, 10)}, WorkingDirectory: long(i, 511), Script: long(i, 510), DyldPath: long(i, 509),
			})
		}},
		{"one pid that never rests", 30_000, func(t *Table, i int) {
			send(t, event.ExecKind, none, proc(key(7, uint32(i)), key(7, uint32(i)-1), "/bin/sh"), eslogger.Message{Args: [][]byte{long(i, 2000)}})
		}},
		{"users", 4_000, func(t *Table, i int) {
			p := big(i)
			p.Token.AUID, p.Executable = uint32(i%40), long(i, 16<<10)
			send(t, event.ExecKind, none, p, eslogger.Message{Args: [][]byte{long(i, 2000)}, Env: [][]byte{long(i, 2000)}})
		}},
	}
}

// TestFloods bounds the memory that a stream can make a table keep.
func TestFloods(t *testing.T) {
	const most = 36 << 20
	for _, f := range floods() {
		t.Run(f.name, func(t *testing.T) {
			before := heap()
			table := New(Limits{})
			for i := range f.n {
				f.send(table, i)
			}
			used := heap() - before
			if err := table.check(); err != nil {
				t.Fatal(err)
			}
			s := table.Stats()
			t.Logf("%d KiB for %+v", used>>10, s)
			if used > most {
				t.Errorf("the table keeps %d bytes, want at most %d: %+v", used, most, s)
			}
			if left := s.Live + s.Dead; left < f.n && left >= table.limits.Dead && f.name != "one pid that never rests" && s.Evicted == 0 {
				t.Errorf("%d of %d are left and none was counted as evicted", left, f.n)
			}
			runtime.KeepAlive(table)
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestEntries holds the bound in entries where bytes are no bound.
func TestEntries(t *testing.T) {
	table := New(Limits{Bytes: 1 << 30})
	for i := range int32(70_000) {
		p := proc(key(i+1, 1), event.Key{}, "/bin/sh")
		table.Apply(&eslogger.Message{Kind: event.ExecKind, Target: p})
	}
	got, want := table.Stats(), Stats{Live: 65536, Evicted: 70_000 - 65536, EvictedInUse: 70_000 - 65536}
	want.Bytes = got.Bytes
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for i := range int32(70_000) {
		table.Apply(&eslogger.Message{Kind: event.Exit, Process: proc(key(i+1, 1), event.Key{}, "/bin/sh")})
	}
	got = table.Stats()
	if got.Live != 0 || got.Dead != 1024 {
		t.Errorf("after the end of all: got %+v, want 1024 dead", got)
	}
	if err := table.check(); err != nil {
		t.Error(err)
	}
}
