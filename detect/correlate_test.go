package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

const correlateWindow = 30 * time.Second

func to[T any](v T) *T { return &v }

// second is a time from now on.
func second(n int) time.Time { return now.Add(time.Duration(n) * time.Second) }

func TestMatches(t *testing.T) {
	set := event.Change{File: "/p", Key: "LoginHook", New: to("/a"), Time: second(10)}
	gone := event.Change{File: "/p", Key: "LoginHook", Old: to("/a"), Time: second(10)}
	rootFile, annFile := "/private/var/root/Library/Preferences/com.apple.loginwindow.plist", "/Users/ann/Library/Preferences/com.apple.loginwindow.plist"
	ofRoot := event.Change{File: rootFile, Scope: "root", Key: "LoginHook", New: to("/a"), Time: second(10)}
	ofAnn := event.Change{File: annFile, Scope: "user", Home: "/Users/ann", Owner: 501, FolderOwner: 501, Key: "LoginHook", New: to("/a"), Time: second(10)}
	unknown := func(euid uint32, domain, scope string) Cause {
		return Cause{At: second(9), EUID: euid, Domain: domain, Scope: scope, Key: "LoginHook", Operation: hook.Set, Value: to("/a")}
	}
	const domain = "com.apple.loginwindow"
	for _, tc := range []struct {
		name  string
		cause Cause
		ch    event.Change
		want  matchKind
	}{
		{"sets the value", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, sets},
		{"sets some value", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set}, set, sets},
		{"sets another value", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/b")}, set, unrelated},
		{"sets what is gone", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, gone, unrelated},
		{"sets another key", Cause{At: second(9), File: "/p", Key: "LogoutHook", Operation: hook.Set, Value: to("/a")}, set, mentions},
		{"of another file", Cause{At: second(9), File: "/q", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, unrelated},
		{"of a file and a key that are not known", Cause{At: second(9), Operation: hook.Import}, set, unrelated},
		{"removes it", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Remove}, gone, sets},
		{"removes all", Cause{At: second(9), File: "/p", Operation: hook.Remove}, gone, edits},
		{"removes all, and it is set", Cause{At: second(9), File: "/p", Operation: hook.Remove}, set, mentions},
		{"imitates a tool that sets it", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a"), Imitates: true}, set, imitates},
		{"imitates a tool that sets another", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/b"), Imitates: true}, set, unrelated},
		{"imitates a tool that removes it", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Remove, Imitates: true}, gone, imitates},
		{"removes what is set", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Remove}, set, unrelated},
		{"imports", Cause{At: second(9), File: "/p", Operation: hook.Import}, set, edits},
		{"imports a key", Cause{At: second(9), File: "/p", Key: "LoginHook", Operation: hook.Import}, set, edits},
		{"edits another key", Cause{At: second(9), File: "/p", Key: "LogoutHook", Operation: hook.Edit}, set, mentions},
		{"mentions it", Cause{At: second(9), File: "/p", Mentions: true}, set, mentions},
		{"mentions its folder", Cause{At: second(9), File: "/", Mentions: true}, set, mentions},
		{"mentions another", Cause{At: second(9), File: "/q", Mentions: true}, set, unrelated},
		{"mentions nothing", Cause{At: second(9), Mentions: true, Key: "LoginHook"}, set, unrelated},
		{"afterwards", Cause{At: second(11), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, unrelated},
		{"at the same time", Cause{At: second(10), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, sets},
		{"long before", Cause{At: second(-21), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, unrelated},
		{"at the edge of the window", Cause{At: second(-20), File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}, set, sets},
		{"while the agent did not run", Cause{At: second(9), File: "/p", Mentions: true}, event.Change{File: "/p", Key: "LoginHook", New: to("/a"), Time: second(10), Since: event.SinceStop}, unrelated},

		{"an unknown file, root's own", unknown(0, domain, "root"), ofRoot, sets},
		{"an unknown file, ann's own", unknown(501, domain, "user"), ofAnn, sets},
		{"an unknown file of ann, root's", unknown(501, domain, "user"), ofRoot, unrelated},
		{"an unknown file of another user, ann's", unknown(502, domain, "user"), ofAnn, unrelated},
		{"an unknown file of root, ann's", unknown(0, domain, "root"), ofAnn, unrelated},
		{"an unknown file of root, the computer's", unknown(0, domain, "root"), event.Change{File: "/Library/Preferences/com.apple.loginwindow.plist", Key: "LoginHook", New: to("/a"), Time: second(10)}, unrelated},
		{"an unknown file of another domain", unknown(0, "", "other"), ofRoot, unrelated},
		{"an unknown file in a container", unknown(0, domain, "other"), ofRoot, unrelated},
		{"an unknown file of the global domain", unknown(501, ".GlobalPreferences", "global"), ofAnn, unrelated},
		{"an unknown file of this host", unknown(501, domain, "byhost"), ofAnn, unrelated},
		{"an unknown file of this host, and such a one", unknown(501, domain, "byhost"),
			event.Change{File: "/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.5EED.plist", Home: "/Users/ann", Owner: 501, FolderOwner: 501, Key: "LoginHook", New: to("/a"), Time: second(10)}, sets},
	} {
		if got := tc.cause.matches(&tc.ch, correlateWindow); got != tc.want {
			t.Errorf("%s: got %d, want %d", tc.name, got, tc.want)
		}
	}
}

// TestAble says who can write a file: root, its owner and that of its folder.
func TestAble(t *testing.T) {
	for _, tc := range []struct {
		euid, file, folder uint32
		want               bool
	}{
		{0, 0, 0, true}, {0, 501, 501, true}, {0, event.None, event.None, true},
		{501, 501, 501, true}, {501, 501, 0, true}, {501, 0, 501, true}, {501, event.None, 501, true},
		{501, 0, 0, false}, {501, 502, 502, false}, {501, event.None, event.None, false}, {event.None, event.None, event.None, false},
	} {
		c := Cause{EUID: tc.euid}
		if got := c.canWrite(tc.file, tc.folder); got != tc.want {
			t.Errorf("user %d, a file of %d in a folder of %d: got %v, want %v", tc.euid, tc.file, tc.folder, got, tc.want)
		}
	}
}

// TestCandidates has users mention a file or try what they can't, before a change or seen
// after it.
func TestCandidates(t *testing.T) {
	mention := func(at int, euid uint32) Cause { return Cause{At: second(at), EUID: euid, File: "/p", Mentions: true} }
	try := func(at int, euid uint32) Cause {
		return Cause{At: second(at), EUID: euid, File: "/p", Key: "LoginHook", Operation: hook.Set, Value: to("/a")}
	}
	names := func(s *TrackedChange[string, string]) string {
		var out []string
		for _, c := range s.Candidates {
			out = append(out, c.Of)
		}
		return strings.Join(out, " ")
	}
	for _, tc := range []struct {
		name      string
		commands  []Cause // named c0, c1 ...
		want      string
		by        string
		suspected int
	}{
		{"nobody", nil, "", "", 0},
		{"root mentions it", []Cause{mention(1, 0)}, "c0", "", 1},
		{"a user mentions it", []Cause{mention(1, 502)}, "c0", "", 0},
		{"a user tries", []Cause{try(1, 502)}, "c0", "", 0},
		{"root and then a user", []Cause{mention(1, 0), mention(2, 502), try(3, 502)}, "c0 c2 c1", "", 1},
		{"a user floods", []Cause{mention(1, 0), try(2, 502), try(3, 502), try(4, 502), try(5, 502), try(6, 502)}, "c0 c5 c4 c3", "", 1},
		{"root does it, a user tries later", []Cause{try(1, 0), try(2, 502)}, "c1", "c0", 0},
		{"root mentions it and does it", []Cause{mention(1, 0), try(2, 0)}, "c0", "c1", 1},
		{"root mentions it often", []Cause{mention(1, 0), mention(2, 0), mention(3, 502)}, "c1 c0 c2", "", 1},
	} {
		for _, late := range []bool{false, true} {
			k := NewCorrelator[string, string](correlateWindow)
			ch := event.Change{File: "/p", Key: "LoginHook", New: to("/a"), Time: second(10)}
			suspected := 0
			var s *TrackedChange[string, string]
			if late {
				s = k.AddChange(ch, "")
			}
			for i, c := range tc.commands {
				_, list := k.AddCommand(c, fmt.Sprint("c", i))
				suspected += len(list)
			}
			if !late {
				s = k.AddChange(ch, "")
				suspected = tc.suspected
			}
			by := ""
			if s.By != nil {
				by = s.By.Of
			}
			if got := names(s); got != tc.want || by != tc.by || suspected != tc.suspected {
				t.Errorf("%s, the commands late: %v: got candidates %q, cause %q, told %d times; want %q, %q, %d", tc.name, late, got, by, suspected, tc.want, tc.by, tc.suspected)
			}
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
	of := func(euid uint32, c Cause) Cause { c.EUID = euid; return c }
	owned := func(ch event.Change) event.Change { ch.Owner, ch.FolderOwner = 501, 501; return ch }
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
		{"set and removed", []Cause{set(1, "/a"), remove(2)}, nil, all, "1 overridden;2 applied;"},
		{"set, and a user tries to remove", []Cause{set(1, "/a"), of(502, remove(2))}, nil, all, "1 not applied;2 not applied;"},
		{"a user tries what is so", []Cause{of(502, set(1, "/a"))}, []event.Change{is(0, "/a")}, all, "1 not applied;"},
		{"the owner sets what is so", []Cause{of(501, set(1, "/a"))}, []event.Change{owned(is(0, "/a"))}, all, "1 applied;"},
		{"removed what is there", []Cause{remove(2)}, []event.Change{is(1, "/a")}, all, "2 not applied;"},
		{"set twice", []Cause{set(1, "/a"), set(2, "/a")}, []event.Change{is(3, "/a")}, all, "1 overridden;"},
		{"of a file that nobody watches", []Cause{set(1, "/a")}, nil, func(string) bool { return false }, ""},
		{"an import", []Cause{{At: second(1), File: "/p", Operation: hook.Import}}, nil, all, "1 not applied;"},
		{"a mention", []Cause{{At: second(1), File: "/p", Mentions: true}}, nil, all, ""},
		{"not known where", []Cause{{At: second(1), Key: "LoginHook", Operation: hook.Set}}, nil, all, ""},
	} {
		k := NewCorrelator[int, int](correlateWindow)
		for _, c := range tc.commands {
			k.AddCommand(c, 0)
		}
		for _, ch := range tc.changes {
			k.AddChange(ch, 0)
		}
		early := k.CloseCommands(second(1).Add(correlateWindow), tc.watched)
		got := ""
		for _, c := range k.CloseCommands(second(100), tc.watched) {
			got += fmt.Sprint(int(c.At.Sub(now).Seconds()), map[Outcome]string{SoBefore: " applied;", NothingChanged: " not applied;", Overridden: " overridden;"}[c.Outcome])
		}
		if got != tc.want || len(early) > 0 {
			t.Errorf("%s: got %q and %d too early, want %q", tc.name, got, len(early), tc.want)
		}
		if len(k.commands.list)+len(k.changes.list) != 0 {
			t.Errorf("%s: %d commands and %d changes are kept", tc.name, len(k.commands.list), len(k.changes.list))
		}
	}
}

// TestCorrelateBound holds that memory is bounded, that what is forgotten is counted, and that
// one user's flood makes nothing of another's forgotten.
func TestCorrelateBound(t *testing.T) {
	k := NewCorrelator[int, int](time.Hour)
	value := "/root"
	k.AddCommand(Cause{At: now, File: "/p", Key: "LoginHook", Operation: hook.Set, Value: &value}, -1)
	const flood = 4 * maxReserved
	for i := range flood {
		at := now.Add(time.Duration(i))
		k.AddCommand(Cause{At: at, EUID: 502, File: "/p", Mentions: true}, 0)
		k.AddChange(event.Change{File: "/q", Home: "/Users/mallory", Key: "LoginHook", New: to("/a"), Time: at}, 0)
	}
	if len(k.commands.list) != maxShared+1 || len(k.changes.list) != maxShared || k.Forgotten() != 2*(flood-maxShared) {
		t.Errorf("got %d commands, %d changes, %d forgotten", len(k.commands.list), len(k.changes.list), k.Forgotten())
	}
	s := k.AddChange(event.Change{File: "/p", Key: "LoginHook", New: &value, Time: now.Add(time.Second)}, 0)
	if s.By == nil || s.By.Of != -1 {
		t.Errorf("root's change: got cause %+v, want root's command", s.By)
	}
	for home := range 40 {
		for range maxShared {
			k.AddChange(event.Change{File: "/q", Home: fmt.Sprint("/Users/", home), Key: "LoginHook", New: to("/a"), Time: now.Add(time.Minute)}, 0)
		}
	}
	if len(k.changes.list) != maxRing {
		t.Errorf("40 homes: got %d changes, want %d", len(k.changes.list), maxRing)
	}
	if i := slices.IndexFunc(k.changes.list, func(e ringElement[*TrackedChange[int, int]]) bool { return e.value.File == "/p" }); i < 0 {
		t.Error("root's change was forgotten for those of homes")
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
				k.AddCommand(commands[i], i)
			} else {
				k.AddChange(changes[i-len(commands)], i-len(commands))
			}
		}
		got := make([]int, len(changes))
		joins := map[int]int{}
		for _, e := range k.changes.list {
			s := e.value
			got[s.Of] = -1
			if s.By != nil {
				got[s.Of] = s.By.Of
				joins[s.By.Of]++
				joined++
			}
		}
		for _, e := range k.commands.list {
			c := e.value
			if c.Joins != joins[c.Of] {
				t.Fatalf("seed %d: command %d makes %d changes and counts %d", seed, c.Of, joins[c.Of], c.Joins)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d, order %v: causes: got %v, want %v\ncommands %+v\nchanges %+v", seed, order, got, want, commands, changes)
		}
	}
	if joined < 4000 {
		t.Errorf("%d changes have a cause: the test tries too little", joined)
	}
}

func randomHistory(r *rand.Rand) (commands []Cause, changes []event.Change) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for i := range 1 + r.IntN(8) {
		c := Cause{At: second(r.IntN(50)), Order: uint64(i), File: pick("/p", "/p", "/q", ""), Key: pick("LoginHook", "LoginHook", "LogoutHook", "")}
		c.Operation = []hook.Operation{hook.Set, hook.Set, hook.Remove, hook.Import, hook.Edit}[r.IntN(5)]
		c.EUID = []uint32{0, 0, 501, 502}[r.IntN(4)]
		if c.Mentions = r.IntN(4) == 0; c.Operation == hook.Set && r.IntN(4) > 0 {
			c.Value = to(pick("/a", "/b"))
		}
		commands = append(commands, c)
	}
	for range 1 + r.IntN(6) {
		ch := event.Change{File: pick("/p", "/q"), Key: pick("LoginHook", "LogoutHook"), Time: second(r.IntN(60))}
		ch.Owner = []uint32{0, 0, 501}[r.IntN(3)]
		ch.FolderOwner = ch.Owner
		if v := pick("/a", "/b", ""); v != "" {
			ch.New = &v
		}
		changes = append(changes, ch)
	}
	return commands, changes
}

// model looks for the cause of each change among all commands, in one look.
func model(commands []Cause, changes []event.Change) []int {
	out := make([]int, len(changes))
	for i := range changes {
		out[i] = -1
		best := unrelated
		for n := range commands {
			c, ch := &commands[n], &changes[i]
			l := c.matches(ch, correlateWindow)
			if l < edits || c.EUID != 0 && c.EUID != ch.Owner {
				continue
			}
			if b := out[i]; b < 0 || l > best || l == best && (c.At.After(commands[b].At) || c.At.Equal(commands[b].At) && c.Order > commands[b].Order) {
				out[i], best = n, l
			}
		}
	}
	return out
}
