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
	"hooksnare/agent/exceptions"
	"hooksnare/agent/host"
	"hooksnare/agent/judge"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

const interleaveWindow = 30 * time.Second

// ending is what an alert ends with.
type ending struct{ rule, verdict, user, file, key, value string }

// acted is a command of a history, as the model sees it.
type acted struct {
	at    int // seconds
	euid  uint32
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
	owner     uint32 // of the file and its folder
	file, key string
	old, new  string // "" for nothing
}

// TestInterleavings lets the events of processes and the changes of preferences of a random
// history come in a random order, each of the two in its own. Whatever that is, the alerts
// end as a look at all of the history at once says they must.
func TestInterleavings(t *testing.T) {
	t.Parallel()
	histories := Amount(200, 10_000)
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
		"hook-set confirmed", "hook-set not_applied", "hook-removed confirmed", "hook-imported-or-edited confirmed",
		"hook-changed-unseen unattributed",
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
	for range 1 + r.IntN(8) {
		c := acted{at: r.IntN(60), file: pick(rootPrefs, rootPrefs, rootPrefs, systemPrefs, malloryPrefs), key: pick("LoginHook", "LoginHook", "LogoutHook")}
		c.euid = []uint32{0, 0, mallory}[r.IntN(3)]
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
	perform(t, commands, 0)
	return commands, randomChanges(r, pick)
}

// randomChanges are changes in order, each from what the one before left.
func randomChanges(r *rand.Rand, pick func(...string) string) []became {
	var changes []became
	is := map[event.PreferenceKey]string{}
	times := make([]int, r.IntN(6))
	for i := range times {
		times[i] = r.IntN(90)
	}
	slices.Sort(times)
	for _, at := range times {
		c := became{at: at, file: pick(rootPrefs, rootPrefs, systemPrefs, malloryPrefs), key: pick("LoginHook", "LoginHook", "LogoutHook")}
		if c.file == malloryPrefs {
			c.owner = mallory
		}
		c.old, c.new = is[event.PreferenceKey{File: c.file, Key: c.key}], pick("/a", "/a", "/b", "")
		if c.old == c.new {
			continue
		}
		is[event.PreferenceKey{File: c.file, Key: c.key}] = c.new
		changes = append(changes, c)
	}
	return changes
}

var historyStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// historyTime is that of commands; changes come half a second later.
func historyTime(second int) time.Time {
	return historyStart.Add(time.Duration(second) * time.Second)
}

// perform runs the commands, so much after the full second, and keeps what eslogger writes of
// each.
func perform(t *testing.T, commands []acted, after time.Duration) {
	t.Helper()
	var out bytes.Buffer
	host := synthetic.New(&out, synthetic.Options{Start: historyStart.Add(-time.Minute), Pace: time.Microsecond})
	shells := map[uint32]*synthetic.Proc{
		0:       host.Adopt(host.Launchd(), 600, synthetic.Spec{Path: "/bin/sh"}),
		mallory: host.Adopt(host.Launchd(), 601, synthetic.Spec{Path: "/bin/sh", As: &synthetic.Cred{EUID: mallory, RUID: mallory}}),
	}
	for i := range commands {
		c := &commands[i]
		folder := "/usr/bin/"
		if c.args[0] == "cp" {
			folder = "/bin/"
		}
		out.Reset()
		host.SetTime(historyTime(c.at).Add(time.Duration(i)*time.Millisecond + after))
		host.Run(shells[c.euid], synthetic.Spec{Path: folder + c.args[0], Args: c.args})
		for line := range bytes.Lines(bytes.Clone(out.Bytes())) {
			c.lines = append(c.lines, line)
		}
	}
	must(t, host.Err())
}

// player is a pipeline without a disk that watches preferences.
type player struct {
	p       *judge.Judge
	got     []*alert.Alert
	decoder *eslogger.Decoder
	message eslogger.Message
}

func newPlayer(t *testing.T, set ruleset.Set) *player {
	t.Helper()
	f := &player{decoder: new(eslogger.Decoder)}
	given := map[string]int{}
	var err error
	f.p, err = judge.New(judge.Options{
		Rules: set.Rules, Exceptions: exceptions.ForEngine(config.Default().Exceptions), Host: host.Identity{ID: "host-1"}, RepeatWindow: time.Hour,
		Emit: func(a *alert.Alert, _ []byte) {
			if given[a.Event.ID]++; a.Event.Sequence != given[a.Event.ID] {
				t.Errorf("event.sequence: got %d, want %d: %s", a.Event.Sequence, given[a.Event.ID], a.Message)
			}
			f.got = append(f.got, a)
		},
		Watching: &judge.Watching{Window: interleaveWindow, Watched: func(string) bool { return true }, Wake: func() {}},
	})
	must(t, err)
	return f
}

// lines has the pipeline read what eslogger writes.
func (f *player) lines(t *testing.T, list [][]byte) {
	t.Helper()
	for _, line := range list {
		must(t, f.decoder.Decode(slices.Clone(line), &f.message))
		f.p.HandleMessage(&f.message)
	}
}

// interleaved plays a history and returns how its alerts end, and in which order it came.
func interleaved(t *testing.T, set ruleset.Set, r *rand.Rand, commands []acted, changes []became) (map[ending]bool, string) {
	t.Helper()
	f := newPlayer(t, set)
	p := f.p
	var order strings.Builder
	for len(commands)+len(changes) > 0 {
		if len(changes) == 0 || len(commands) > 0 && r.IntN(len(commands)+len(changes)) < len(commands) {
			fmt.Fprintf(&order, "  %d: %s\n", commands[0].at, strings.Join(commands[0].args, " "))
			f.lines(t, commands[0].lines)
			commands = commands[1:]
			continue
		}
		c := changes[0]
		changes = changes[1:]
		fmt.Fprintf(&order, "  %d: %s in %s: %q is %q\n", c.at, c.key, c.file, c.old, c.new)
		p.HandleChange(event.Change{
			File: c.file, Scope: "root", Key: c.key, Old: orNil(c.old), New: orNil(c.new), Time: historyTime(c.at).Add(time.Second / 2),
			Home: homeOf(c.file), Owner: c.owner, FolderOwner: c.owner,
		})
	}
	p.Advance(historyTime(3600).Add(judge.EventDelay))
	last := map[string]*alert.Alert{}
	for _, a := range f.got {
		last[a.Event.ID] = a
	}
	got := map[ending]bool{}
	for _, a := range last {
		e := ending{rule: a.Rule.ID, verdict: string(a.Hooksnare.Verdict)}
		if a.User != nil {
			e.user = a.User.ID
		}
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
	made := map[string]map[event.PreferenceKey]string{} // what equal commands made of places, by what they are
	joined := make([]bool, len(commands))
	is := map[event.PreferenceKey]string{}
	for _, ch := range changes {
		at := event.PreferenceKey{File: ch.file, Key: ch.key}
		is[at] = ch.new
		by := causeIn(commands, ch)
		if by < 0 {
			out[ending{"hook-changed-unseen", "unattributed", "", ch.file, ch.key, ch.new}] = true
			continue
		}
		joined[by] = true
		what := commands[by].what()
		if made[what] == nil {
			made[what] = map[event.PreferenceKey]string{}
		}
		made[what][at] = ch.new
	}
	for i, c := range commands {
		user := fmt.Sprint(c.euid)
		for at, value := range made[c.what()] {
			out[ending{c.rule, "confirmed", user, at.File, at.Key, value}] = true
		}
		if c.rule != "" && made[c.what()] == nil {
			out[ending{c.rule, conclusion(commands, joined, changes, is, i), user, c.file, c.key, c.value}] = true
		}
	}
	return out
}

// what is the same of commands that are repeats of each other.
func (c *acted) what() string { return fmt.Sprint(c.euid, strings.Join(c.args, "\x00")) }

// could reports whether a command's user can write the file that it is about.
func (c *acted) could() bool { return c.euid == 0 || c.file == malloryPrefs }

// causeIn returns the likeliest of the commands that can have made a change and tell that
// they do, -1 for none: who merely mentions the file is no cause.
func causeIn(commands []acted, ch became) int {
	by, says := -1, 0
	for i, c := range commands {
		n := 0
		switch {
		case c.file != ch.file || c.at > ch.at || ch.at-c.at >= int(interleaveWindow/time.Second) || !c.could():
		case c.kind == "import":
			n = 1
		case c.kind == "set" && c.key == ch.key && c.value == ch.new, c.kind == "remove" && c.key == ch.key && ch.new == "":
			n = 2
		}
		if n > 0 && n >= says { // the later one, if they say as much
			by, says = i, n
		}
	}
	return by
}

// conclusion is the verdict on a command that made no change, nor did any that is equal.
func conclusion(commands []acted, joined []bool, changes []became, is map[event.PreferenceKey]string, i int) string {
	verdict := "attempted"
	for n, c := range commands {
		if c.what() != commands[i].what() || joined[n] {
			continue
		}
		if c.known(changes) && !overridden(commands, changes, n) && c.kind != "import" && is[event.PreferenceKey{File: c.file, Key: c.key}] == c.value {
			return "confirmed"
		}
		verdict = "not_applied"
	}
	return verdict
}

// known reports whether a command's user is known to be able to write its file: whose one is
// that nobody has looked at is not.
func (c *acted) known(changes []became) bool {
	return c.euid == 0 || c.could() && slices.ContainsFunc(changes, func(ch became) bool { return ch.file == c.file })
}

// overridden reports whether a later command says what is to be in the same place, of
// somebody who can.
func overridden(commands []acted, changes []became, i int) bool {
	c := commands[i]
	return slices.ContainsFunc(commands[i+1:], func(o acted) bool {
		return o.rule != "" && o.known(changes) && o.file == c.file && (o.key == "" || o.key == c.key) && o.at-c.at < int(interleaveWindow/time.Second)
	})
}

// mallory is an ordinary user, whose preferences are these.
const (
	mallory      = 502
	malloryHome  = "/Users/mallory"
	malloryPrefs = malloryHome + "/Library/Preferences/com.apple.loginwindow.plist"
)

func homeOf(file string) string {
	if strings.HasPrefix(file, malloryHome+"/") {
		return malloryHome
	}
	return ""
}
