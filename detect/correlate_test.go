package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

const correlateWindow = 30 * time.Second

func to[T any](v T) *T { return &v }

// second is a time from now on.
func second(n int) time.Time { return now.Add(time.Duration(n) * time.Second) }

func TestLikelihood(t *testing.T) {
	k := NewCorrelator[string, string](correlateWindow)
	set := event.Change{File: "/p", Key: "LoginHook", New: to("/a"), Time: second(10)}
	gone := event.Change{File: "/p", Key: "LoginHook", Old: to("/a"), Time: second(10)}
	for _, tc := range []struct {
		name  string
		cause Cause
		ch    event.Change
		want  int
	}{
		{"sets the value", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, sets},
		{"sets some value", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set}, set, sets},
		{"sets another value", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/b")}, set, unlikely},
		{"sets what is gone", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, gone, unlikely},
		{"sets another key", Cause{At: second(9), File: "/p", Key: "LogoutHook", Operation: hook.Set, Value: to("/a")}, set, names},
		{"of another file", Cause{At: second(9), File: "/q", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, unlikely},
		{"of a file that is not known", Cause{At: second(9), Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, sets},
		{"of a file and a key that are not known", Cause{At: second(9), Operation: hook.Import}, set, unlikely},
		{"removes it", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Remove}, gone, sets},
		{"removes all", Cause{At: second(9), File: "/p", Operation: hook.Remove}, gone, edits},
		{"removes what is set", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Remove}, set, unlikely},
		{"imports", Cause{At: second(9), File: "/p", Operation: hook.Import}, set, edits},
		{"imports a key", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Import}, set, edits},
		{"edits another key", Cause{At: second(9), File: "/p", Key: "LogoutHook", Operation: hook.Edit}, set, names},
		{"names it", Cause{At: second(9), File: "/p", Names: true}, set, names},
		{"names another", Cause{At: second(9), File: "/q", Names: true}, set, unlikely},
		{"names nothing", Cause{At: second(9), Names: true, Key: "LoginHook"}, set, unlikely},
		{"afterwards", Cause{At: second(11), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, unlikely},
		{"at the same time", Cause{At: second(10), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, sets},
		{"long before", Cause{At: second(-21), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, unlikely},
		{"at the edge of the window", Cause{At: second(-20), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, sets},
		{"while the agent did not run", Cause{At: second(9), File: "/p", Names: true}, event.Change{File: "/p", Key: "LoginHook", New: to("/a"), Time: second(10), Since: event.SinceStop}, unlikely},
	} {
		if got := k.likelihood(&tc.cause, &tc.ch); got != tc.want {
			t.Errorf("%s: got %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestDue(t *testing.T) {
	all := func(string) bool { return true }
	set := func(at int, value string) Cause {
		return Cause{At: second(at), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: &value}
	}
	remove := func(at int) Cause {
		return Cause{At: second(at), File: "/p", Key: "LoginHook", Operation: hook.Remove}
	}
	is := func(at int, value string) event.Change {
		return event.Change{File: "/p", Key: "LoginHook", New: &value, Time: second(at)}
	}
	for _, tc := range []struct {
		name     string
		commands []Cause
		changes  []event.Change
		watched  func(string) bool
		want     string
	}{
		{"nothing came of it", []Cause{set(1, "/a")}, nil, all, "1 not applied;"},
		{"it came", []Cause{set(1, "/a")}, []event.Change{is(2, "/a")}, all, ""},
		{"it was so before", []Cause{set(1, "/a")}, []event.Change{is(0, "/a")}, all, "1 applied;"},
		{"another value is there", []Cause{set(1, "/a")}, []event.Change{is(2, "/b")}, all, "1 not applied;"},
		{"set and removed", []Cause{set(1, "/a"), remove(2)}, nil, all, "2 applied;"},
		{"removed what is there", []Cause{remove(2)}, []event.Change{is(1, "/a")}, all, "2 not applied;"},
		{"set twice", []Cause{set(1, "/a"), set(2, "/a")}, []event.Change{is(3, "/a")}, all, ""},
		{"of a file that nobody watches", []Cause{set(1, "/a")}, nil, func(string) bool { return false }, ""},
		{"an import", []Cause{{At: second(1), File: "/p", Operation: hook.Import}}, nil, all, "1 not applied;"},
		{"a name", []Cause{{At: second(1), File: "/p", Names: true}}, nil, all, ""},
		{"not known where", []Cause{{At: second(1), Key: "LoginHook", Operation: hook.Set}}, nil, all, ""},
	} {
		k := NewCorrelator[int, int](correlateWindow)
		for _, c := range tc.commands {
			k.Command(c, 0)
		}
		for _, ch := range tc.changes {
			k.Change(ch, 0)
		}
		early := k.Due(second(1).Add(correlateWindow), tc.watched)
		got := ""
		for _, c := range k.Due(second(100), tc.watched) {
			got += fmt.Sprint(int(c.At.Sub(now).Seconds()), map[bool]string{true: " applied;", false: " not applied;"}[c.Applied])
		}
		if got != tc.want || len(early) > 0 {
			t.Errorf("%s: got %q and %d too early, want %q", tc.name, got, len(early), tc.want)
		}
		if len(k.commands)+len(k.changes) != 0 {
			t.Errorf("%s: %d commands and %d changes are kept", tc.name, len(k.commands), len(k.changes))
		}
	}
}

// TestCorrelateBound holds that memory is bounded, and that what is forgotten is counted.
func TestCorrelateBound(t *testing.T) {
	k := NewCorrelator[int, int](time.Hour)
	for i := range 3 * maxCorrelated {
		k.Command(Cause{At: now.Add(time.Duration(i)), File: "/p", Names: true}, 0)
		k.Change(event.Change{File: "/q", Key: "LoginHook", New: to("/a"), Time: now.Add(time.Duration(i))}, 0)
	}
	if len(k.commands) != maxCorrelated || len(k.changes) != maxCorrelated || k.Dropped() != 4*maxCorrelated {
		t.Errorf("got %d commands, %d changes, %d dropped", len(k.commands), len(k.changes), k.Dropped())
	}
}

// TestInterleavings lets random commands and changes arrive in random order. Whatever that
// is, each change ends with the cause that a look at all of them at once gives it, and the
// same commands are closed.
func TestInterleavings(t *testing.T) {
	joined := 0
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 4))
		commands, changes := randomHistory(r)
		want := model(commands, changes)
		k := NewCorrelator[int, int](correlateWindow)
		order := r.Perm(len(commands) + len(changes))
		for _, i := range order {
			if i < len(commands) {
				k.Command(commands[i], i)
			} else {
				k.Change(changes[i-len(commands)], i-len(commands))
			}
		}
		got := make([]int, len(changes))
		joins := map[int]int{}
		for _, s := range k.changes {
			got[s.Of] = -1
			if s.By != nil {
				got[s.Of] = s.By.Of
				joined++
			}
			if s.Makes {
				joins[s.By.Of]++
			}
		}
		for _, c := range k.commands {
			if c.Joins != joins[c.Of] {
				t.Fatalf("seed %d: command %d makes %d changes and counts %d", seed, c.Of, joins[c.Of], c.Joins)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d, order %v: causes: got %v, want %v\ncommands %+v\nchanges %+v", seed, order, got, want, commands, changes)
		}
	}
	if joined < 5000 {
		t.Errorf("%d changes have a cause: the test tries too little", joined)
	}
}

func randomHistory(r *rand.Rand) (commands []Cause, changes []event.Change) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for i := range 1 + r.IntN(8) {
		c := Cause{At: second(r.IntN(50)), Order: uint64(i), File: pick("/p", "/p", "/q", ""), Key: pick("LoginHook", "LoginHook", "LogoutHook", "")}
		c.Operation = []hook.Operation{hook.Set, hook.Set, hook.Remove, hook.Import, hook.Edit}[r.IntN(5)]
		if c.Names = r.IntN(4) == 0; c.Operation == hook.Set && r.IntN(4) > 0 {
			c.Value = to(pick("/a", "/b"))
		}
		commands = append(commands, c)
	}
	for range 1 + r.IntN(6) {
		ch := event.Change{File: pick("/p", "/q"), Key: pick("LoginHook", "LogoutHook"), Time: second(r.IntN(60))}
		if v := pick("/a", "/b", ""); v != "" {
			ch.New = &v
		}
		changes = append(changes, ch)
	}
	return commands, changes
}

// model looks for the cause of each change among all commands, in one look.
func model(commands []Cause, changes []event.Change) []int {
	k := NewCorrelator[int, int](correlateWindow)
	out := make([]int, len(changes))
	for i := range changes {
		out[i] = -1
		best := 0
		for n := range commands {
			c := &commands[n]
			l := k.likelihood(c, &changes[i])
			if l == 0 {
				continue
			}
			if b := out[i]; b < 0 || l > best || l == best && (c.At.After(commands[b].At) || c.At.Equal(commands[b].At) && c.Order > commands[b].Order) {
				out[i], best = n, l
			}
		}
	}
	return out
}
