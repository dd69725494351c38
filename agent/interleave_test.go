package agent

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

const interleaveWindow = 30 * time.Second

// ending is what an alert ends with.
type ending struct{ rule, verdict, file, key, value string }

// acted is a command of a history, as the model sees it.
type acted struct {
	at    int // seconds
	args  []string
	rule  string
	file  string
	key   string // "" for all
	value string
	kind  string // set, remove, import, names or nothing
	lines [][]byte
}

// became is a change of a history.
type became struct {
	at        int
	file, key string
	old, new  string // "" for nothing
}

// TestInterleavings lets the events of processes and the changes of preferences of a random
// history come in a random order, each of the two in its own. Whatever that is, the alerts
// end as a look at all of the history at once says they must.
func TestInterleavings(t *testing.T) {
	histories := 10_000
	if raceDetector {
		histories = 500
	}
	set := builtinRules(t)
	joined := map[string]int{}
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, 7))
		commands, changes := randomHistory(t, r)
		want := modelOf(commands, changes)
		for e := range want {
			joined[e.rule+" "+e.verdict]++
		}
		got, order := interleaved(t, set, r, commands, changes)
		if !sameEndings(got, want) {
			t.Fatalf("seed %d: got\n%swant\n%sorder of arrival\n%s", seed, endings(got), endings(want), order)
		}
	}
	for _, rule := range []string{
		"hook-set confirmed", "hook-set attempted", "hook-set not_applied", "hook-removed confirmed", "hook-imported-or-edited confirmed",
		"hook-changed-in-file confirmed", "hook-changed-unseen unattributed",
	} {
		if joined[rule] < histories/50 {
			t.Errorf("%s: %d of %d histories have it, too few to say much", rule, joined[rule], histories)
		}
	}
}

func randomHistory(t *testing.T, r *rand.Rand) ([]acted, []became) {
	t.Helper()
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var commands []acted
	for range 1 + r.IntN(6) {
		c := acted{at: r.IntN(60), file: pick(rootPrefs, rootPrefs, rootPrefs, systemPrefs), key: pick("LoginHook", "LoginHook", "LogoutHook")}
		domain := strings.TrimSuffix(c.file, ".plist")
		switch pick("set", "set", "set", "remove", "import", "names", "nothing") {
		case "set":
			c.kind, c.rule, c.value = "set", "hook-set", pick("/a", "/b")
			c.args = []string{"defaults", "write", domain, c.key, c.value}
		case "remove":
			c.kind, c.rule = "remove", "hook-removed"
			c.args = []string{"defaults", "delete", domain, c.key}
		case "import":
			c.kind, c.rule, c.key = "import", "hook-imported-or-edited", ""
			c.args = []string{"defaults", "import", domain, "/tmp/x.plist"}
		case "names":
			c.kind, c.args = "names", []string{"cp", "/tmp/x.plist", c.file}
		default:
			c.kind, c.args = "nothing", []string{"cp", "/tmp/x.plist", "/tmp/y.plist"}
		}
		commands = append(commands, c)
	}
	slices.SortStableFunc(commands, func(a, b acted) int { return a.at - b.at })
	perform(t, commands)
	return commands, randomChanges(r, pick)
}

// randomChanges are changes in order, each from what the one before left.
func randomChanges(r *rand.Rand, pick func(...string) string) []became {
	var changes []became
	is := map[place]string{}
	times := make([]int, r.IntN(6))
	for i := range times {
		times[i] = r.IntN(90)
	}
	slices.Sort(times)
	for _, at := range times {
		c := became{at: at, file: pick(rootPrefs, rootPrefs, systemPrefs), key: pick("LoginHook", "LoginHook", "LogoutHook")}
		c.old, c.new = is[place{c.file, c.key}], pick("/a", "/a", "/b", "")
		if c.old == c.new {
			continue
		}
		is[place{c.file, c.key}] = c.new
		changes = append(changes, c)
	}
	return changes
}

var historyStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// historyTime is that of commands; changes come half a second later.
func historyTime(second int) time.Time {
	return historyStart.Add(time.Duration(second) * time.Second)
}

// perform runs the commands, and keeps what eslogger writes of each.
func perform(t *testing.T, commands []acted) {
	t.Helper()
	var out bytes.Buffer
	host := synthetic.New(&out, synthetic.Options{Start: historyStart.Add(-time.Minute), Pace: time.Microsecond})
	shell := host.Adopt(host.Launchd(), 600, synthetic.Spec{Path: "/bin/sh"})
	for i := range commands {
		c := &commands[i]
		folder := "/usr/bin/"
		if c.args[0] == "cp" {
			folder = "/bin/"
		}
		out.Reset()
		host.SetTime(historyTime(c.at).Add(time.Duration(i) * time.Millisecond))
		host.Run(shell, synthetic.Spec{Path: folder + c.args[0], Args: c.args})
		for line := range bytes.Lines(bytes.Clone(out.Bytes())) {
			c.lines = append(c.lines, line)
		}
	}
	must(t, host.Err())
}

// interleaved plays a history and returns how its alerts end, and in which order it came.
func interleaved(t *testing.T, set RuleSet, r *rand.Rand, commands []acted, changes []became) (map[ending]bool, string) {
	t.Helper()
	last := map[string]*alert.Alert{}
	p, err := NewPipeline(PipelineOptions{
		Rules: set.Rules, Exceptions: exceptions(config.Default().Exceptions), Host: Identity{ID: "host-1"}, RepeatWindow: time.Hour,
		Emit: func(a *alert.Alert) {
			sequence := 1
			if was := last[a.Event.ID]; was != nil {
				sequence = was.Event.Sequence + 1
			}
			if a.Event.Sequence != sequence {
				t.Errorf("event.sequence: got %d, want %d: %s", a.Event.Sequence, sequence, a.Message)
			}
			last[a.Event.ID] = a
		},
		Watching: &Watching{
			Window: interleaveWindow, Watched: func(string) bool { return true }, Wake: func() {},
			Look: func(string) *alert.Program { return nil },
		},
	})
	must(t, err)
	var order strings.Builder
	var m eslogger.Message
	decoder := eslogger.NewDecoder()
	for len(commands)+len(changes) > 0 {
		if len(changes) == 0 || len(commands) > 0 && r.IntN(len(commands)+len(changes)) < len(commands) {
			fmt.Fprintf(&order, "  %d: %s\n", commands[0].at, strings.Join(commands[0].args, " "))
			for _, line := range commands[0].lines {
				must(t, decoder.Decode(line, &m))
				p.HandleMessage(&m)
			}
			commands = commands[1:]
			continue
		}
		c := changes[0]
		changes = changes[1:]
		fmt.Fprintf(&order, "  %d: %s in %s: %q is %q\n", c.at, c.key, c.file, c.old, c.new)
		p.HandleChange(event.Change{
			File: c.file, Scope: "root", Key: c.key, Old: orNil(c.old), New: orNil(c.new), Time: historyTime(c.at).Add(time.Second / 2),
		})
	}
	p.closeCommands(historyTime(3600))
	got := map[ending]bool{}
	for _, a := range last {
		e := ending{rule: a.Rule.ID, verdict: string(a.Hooksnare.Verdict)}
		if k := a.Hooksnare.Hook; k != nil {
			e.file, e.key = k.Plist, k.Key
			if k.Value != nil {
				e.value = *k.Value
			}
		}
		got[e] = true
	}
	return got, order.String()
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func sameEndings(got, want map[ending]bool) bool {
	for e := range got {
		if !want[e] {
			return false
		}
	}
	return len(got) == len(want)
}

func endings(set map[ending]bool) string {
	var out []string
	for e := range set {
		out = append(out, fmt.Sprintf("  %+v\n", e))
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// modelOf says how the alerts of a history must end, from a look at all of it at once.
func modelOf(commands []acted, changes []became) map[ending]bool {
	out := map[ending]bool{}
	made := map[string]map[place]string{} // what equal commands made of places, by what they are
	joined := make([]bool, len(commands))
	is := map[place]string{}
	for _, ch := range changes {
		at := place{ch.file, ch.key}
		is[at] = ch.new
		by, says := causeIn(commands, ch)
		switch says {
		case 0:
			out[ending{"hook-changed-unseen", "unattributed", ch.file, ch.key, ch.new}] = true
		case 1:
			out[ending{"hook-changed-in-file", "confirmed", ch.file, ch.key, ch.new}] = true
		default:
			joined[by] = true
			what := strings.Join(commands[by].args, "\x00")
			if made[what] == nil {
				made[what] = map[place]string{}
			}
			made[what][at] = ch.new
		}
	}
	for i, c := range commands {
		what := strings.Join(c.args, "\x00")
		for at, value := range made[what] {
			out[ending{c.rule, "confirmed", at.file, at.key, value}] = true
		}
		if c.rule == "" || made[what] != nil {
			continue
		}
		out[ending{c.rule, conclusion(commands, joined, is, i), c.file, c.key, c.value}] = true
	}
	return out
}

// causeIn returns the likeliest cause of a change, and how much it says of that: 0 for none,
// 1 if it names the file, 2 if it writes it, 3 if it does just that.
func causeIn(commands []acted, ch became) (by, says int) {
	for i, c := range commands {
		n := 0
		switch {
		case c.file != ch.file || c.at > ch.at || ch.at-c.at >= int(interleaveWindow/time.Second):
		case c.kind == "names":
			n = 1
		case c.kind == "import":
			n = 2
		case c.kind == "nothing":
		case c.key != ch.key:
			n = 1
		case c.kind == "set" && c.value == ch.new, c.kind == "remove" && ch.new == "":
			n = 3
		}
		if n > 0 && n >= says { // the later one, if they say as much
			by, says = i, n
		}
	}
	return by, says
}

// conclusion is the verdict on a command that made no change, nor did any that is equal.
func conclusion(commands []acted, joined []bool, is map[place]string, i int) string {
	verdict := "attempted"
	for n, c := range commands {
		if !slices.Equal(c.args, commands[i].args) || joined[n] || overridden(commands, n) {
			continue
		}
		now := is[place{c.file, c.key}]
		switch {
		case c.kind != "import" && now == c.value:
			return "confirmed"
		default:
			verdict = "not_applied"
		}
	}
	return verdict
}

// overridden reports whether a later command says what is to be in the same place.
func overridden(commands []acted, i int) bool {
	c := commands[i]
	return slices.ContainsFunc(commands[i+1:], func(o acted) bool {
		return o.rule != "" && o.file == c.file && (o.key == "" || o.key == c.key) && o.at-c.at < int(interleaveWindow/time.Second)
	})
}
