package process

import (
	"fmt"
	"testing"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

func (w *world) run(user uint32, i int, words ...string) {
	w.Helper()
	p := proc(key(int32(i+2), uint32(i)), key(1, 1), "/bin/sh")
	p.Token.AUID = user
	w.apply(eslogger.Message{Kind: event.ExecKind, Target: p, Args: args(words...)})
}

// TestRecent has the commands of users among each other.
func TestRecent(t *testing.T) {
	w := newWorld(t, Limits{})
	equal(t, "nobody", commands(w.table.Recent(501)), nil)
	for i := range 200 {
		w.run(501+uint32(i%2), i, "cmd", fmt.Sprint(i))
	}
	var want []string
	for i := 200 - 2*recentCommands; i < 200; i += 2 {
		want = append(want, fmt.Sprintf("cmd %d", i))
	}
	equal(t, "the last ones, oldest first", commands(w.table.Recent(501)), want)
}

// TestRecentUser tells whose command one is: of who logged in, also behind sudo.
func TestRecentUser(t *testing.T) {
	w := newWorld(t, Limits{})
	p := proc(key(5, 1), key(1, 1), "/usr/bin/defaults")
	p.Token.AUID, p.Token.EUID, p.Token.RUID = 501, 0, 0
	w.apply(eslogger.Message{Kind: event.ExecKind, Target: p, Args: args("behind sudo")})
	p.Token.AUID = event.None
	w.apply(eslogger.Message{Kind: event.ExecKind, Target: p, Args: args("a daemon")})
	equal(t, "501", commands(w.table.Recent(501)), []string{"behind sudo"})
	equal(t, "root", commands(w.table.Recent(0)), []string{"a daemon"})
}

// TestRecentUsers has more users than are remembered: who was quiet the longest goes.
func TestRecentUsers(t *testing.T) {
	w := newWorld(t, Limits{})
	for user := range uint32(recentUsers) {
		w.run(user, int(user), "first")
	}
	w.run(0, 100, "second")
	w.run(900, 101, "new")
	equal(t, "who came back", commands(w.table.Recent(0)), []string{"first", "second"})
	equal(t, "who did not", commands(w.table.Recent(1)), nil)
	equal(t, "who did not, later", commands(w.table.Recent(2)), []string{"first"})
	if got := len(w.table.recent.users); got != recentUsers {
		t.Errorf("%d users, want %d", got, recentUsers)
	}
}

// TestRecentBytes has commands that are long: there are fewer of them.
func TestRecentBytes(t *testing.T) {
	w := newWorld(t, Limits{Entries: 1})
	for i := range 100 {
		p := proc(key(5, uint32(i)), key(1, 1), "/bin/sh")
		p.Executable = long(i, 16<<10)
		w.apply(eslogger.Message{Kind: event.ExecKind, Target: p, Args: args(fmt.Sprint(i))})
		bytes := 0
		h := w.table.recent.users[501]
		for _, e := range h.commands {
			bytes += e.cost
		}
		if bytes != h.bytes || bytes > recentBytes {
			t.Fatalf("after %d commands: %d bytes, counted %d, want at most %d", i, bytes, h.bytes, recentBytes)
		}
	}
	equal(t, "the last ones", commands(w.table.Recent(501)), []string{"93", "94", "95", "96", "97", "98", "99"})
}
