package agent

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/judge"
	"hooksnare/agent/ruleset"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// move is one thing that happens, by root or by an ordinary user.
type move struct {
	words      string
	commands   []acted // one, or none
	change     *event.Change
	unreadable *event.Unreadable
	program    *event.ProgramChange
}

// telling is all that an alert about root's doing says to people.
type telling struct {
	rule, verdict, user, process, file, key, value string
	severity, sequence                             int
}

// TestAdversary plays what root does to hooks alone, and once more with an ordinary user
// doing the worst just before, between and after it, in a random order of arrival. Whatever
// that is, each alert about root's doing exists in both, with the same verdict, severity,
// user, program and number of updates.
func TestAdversary(t *testing.T) {
	t.Parallel()
	histories := Amount(100, 10_000)
	if raceDetector {
		histories = 300
	}
	set := builtinRules(t)
	told := 0
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, 9))
		good, bad := rootsMoves(t, r), mallorysMoves(t, r)
		want := tellings(playMoves(t, set, good))
		told += len(want)
		mixed, order := mixMoves(r, good, bad)
		got := tellings(playMoves(t, set, mixed))
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: with the user:\n%salone:\n%sorder of arrival\n%s", seed, tellingLines(got), tellingLines(want), order)
		}
	}
	if told < 2*histories {
		t.Errorf("%d alerts about root in %d histories: too few to say much", told, histories)
	}
}

func tellingLines(list []telling) string {
	var b strings.Builder
	for _, x := range list {
		fmt.Fprintf(&b, "  %+v\n", x)
	}
	return b.String()
}

// rootsMoves are commands and changes of root, in order of arrival.
func rootsMoves(t *testing.T, r *rand.Rand) []move {
	t.Helper()
	commands, changes := randomHistory(t, r)
	commands = slices.DeleteFunc(commands, func(c acted) bool { return c.euid != 0 || c.file == malloryPrefs })
	changes = slices.DeleteFunc(changes, func(c became) bool { return c.file == malloryPrefs })
	var out []move
	for len(commands)+len(changes) > 0 {
		if len(changes) == 0 || len(commands) > 0 && r.IntN(len(commands)+len(changes)) < len(commands) {
			out = append(out, commandMove(commands[0]))
			commands = commands[1:]
			continue
		}
		out = append(out, changeMove(changes[0]))
		changes = changes[1:]
	}
	if r.IntN(3) == 0 {
		ch := event.ProgramChange{Value: "/a", What: []string{"content"}, Time: historyTime(70)}
		ch.Old.Path, ch.New.Path, ch.New.SHA256 = "/a", "/a", "x"
		out = append(out, move{words: "root's program /a changes", program: &ch})
	}
	return out
}

func commandMove(c acted) move {
	return move{words: fmt.Sprintf("%d: user %d: %s", c.at, c.euid, strings.Join(c.args, " ")), commands: []acted{c}}
}

func changeMove(c became) move {
	return move{
		words: fmt.Sprintf("%d: %s in %s: %q is %q", c.at, c.key, c.file, c.old, c.new),
		change: &event.Change{
			File: c.file, Scope: "root", Key: c.key, Old: orNil(c.old), New: orNil(c.new), Time: historyTime(c.at).Add(time.Second / 2),
			Home: homeOf(c.file), Owner: c.owner, FolderOwner: c.owner,
		},
	}
}

// mallorysMoves are what an ordinary user does against the judgement.
func mallorysMoves(t *testing.T, r *rand.Rand) []move {
	t.Helper()
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var commands []acted
	var out []move
	n := 1 + r.IntN(12)
	if r.IntN(20) == 0 {
		n = 400 // more than any share holds
	}
	for i := range n {
		file, key, value := pick(rootPrefs, rootPrefs, systemPrefs, malloryPrefs), pick("LoginHook", "LogoutHook"), pick("/a", "/b", "/a", fmt.Sprint("/junk", i))
		domain := strings.TrimSuffix(file, ".plist")
		c := acted{at: r.IntN(90), euid: mallory, file: file}
		switch r.IntN(12) {
		case 0, 1:
			c.args = []string{"defaults", "write", domain, key, value}
		case 2:
			c.args = []string{"defaults", "delete", domain, key}
		case 3:
			c.args = []string{"defaults", "import", domain, "/tmp/x.plist"}
		case 4:
			c.args = []string{pick("echo", "cp", "vim"), file, path.Dir(file)}
		case 5:
			c.args = []string{"plutil", "-replace", pick("LoginHook", "LoginHook.x"), "-string", value, file}
		case 6:
			c.args = []string{"PlistBuddy", file}
		case 7:
			c.args = []string{"defaults", "write", "-app", pick("loginwindow", "com.hooksnare.simulation"), key, value}
		case 8:
			c.args = []string{"defaults", "-container", "com.apple.loginwindow", "write", "com.apple.loginwindow", key, value}
		case 9:
			c.args = []string{"defaults", "write", "com.hooksnare.simulation", key, value}
		case 10:
			m := changeMove(became{at: c.at, owner: mallory, file: malloryPrefs, key: key, old: pick("", "/z"), new: value})
			m.change.Time = m.change.Time.Add(time.Duration(i)) // no two at the same time
			out = append(out, m)
			continue
		default:
			u := &event.Unreadable{Path: malloryPrefs, Home: malloryHome, Why: pick("not a file", "malformed", "a link"), On: r.IntN(2) == 0, Since: historyTime(c.at).Add(time.Duration(i)), Until: historyTime(c.at)}
			out = append(out, move{words: fmt.Sprintf("%d: %s is %s: %v", c.at, u.Path, u.Why, u.On), unreadable: u})
			continue
		}
		commands = append(commands, c)
	}
	perform(t, commands, time.Millisecond/2)
	for _, c := range commands {
		out = append(out, commandMove(c))
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// mixMoves puts a user's moves between root's, whose order stays.
func mixMoves(r *rand.Rand, good, bad []move) (all []move, order string) {
	var b strings.Builder
	for len(good)+len(bad) > 0 {
		from := &bad
		if len(bad) == 0 || len(good) > 0 && r.IntN(len(good)+len(bad)) < len(good) {
			from = &good
		}
		all = append(all, (*from)[0])
		fmt.Fprintf(&b, "  %s\n", (*from)[0].words)
		*from = (*from)[1:]
	}
	return all, b.String()
}

// playMoves has a pipeline judge moves, and returns all that it gives.
func playMoves(t *testing.T, set ruleset.Set, moves []move) []*alert.Alert {
	t.Helper()
	f := newPlayer(t, set)
	for i := range moves {
		m := &moves[i]
		for _, c := range m.commands {
			f.lines(t, c.lines)
		}
		if m.change != nil {
			f.p.HandleChange(*m.change)
		}
		if m.unreadable != nil {
			f.p.HandleUnreadable(*m.unreadable)
		}
		if m.program != nil {
			f.p.HandleProgram("", *m.program, nil)
		}
	}
	f.p.Advance(historyTime(3600).Add(judge.EventDelay))
	f.p.Close()
	return f.got
}

// tellings are those about root's doing: in files that only root can write, and begun by
// another than the user, or telling of a change. Each as its last update has it, in an order
// of their own.
func tellings(list []*alert.Alert) []telling {
	last, roots := map[string]*alert.Alert{}, map[string]bool{}
	for _, a := range list {
		k := a.Hooksnare.Hook
		if k == nil || k.Plist != rootPrefs && k.Plist != systemPrefs {
			continue
		}
		byUser := a.User != nil && a.User.ID == fmt.Sprint(mallory)
		roots[a.Event.ID] = roots[a.Event.ID] || !byUser || a.Hooksnare.Change != nil || a.Hooksnare.Verdict == alert.Confirmed
		last[a.Event.ID] = a
	}
	var out []telling
	for id, a := range last {
		if !roots[id] {
			continue // it is about what the user tried
		}
		k := a.Hooksnare.Hook
		x := telling{rule: a.Rule.ID, verdict: string(a.Hooksnare.Verdict), file: k.Plist, key: k.Key, severity: a.Event.Severity, sequence: a.Event.Sequence}
		if k.Value != nil {
			x.value = *k.Value
		}
		if a.User != nil {
			x.user = a.User.ID
		}
		if a.Process != nil {
			x.process = a.Process.Executable
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b telling) int { return strings.Compare(fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b)) })
	return out
}
