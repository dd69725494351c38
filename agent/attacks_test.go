package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"hooksnare/agent/config"
	"hooksnare/agent/offline"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// attack is a scene and the alerts it must raise, in order; none for silence.
type attack struct {
	name string
	play scene
	want []told
}

func attacks() []attack {
	var all []attack
	for _, list := range [][]attack{publishedAttacks(), otherCommands(), evasions(), harmless()} {
		all = append(all, list...)
	}
	return all
}

// benignCommands are run in every recording, spread between the attacks.
const benignCommands = 2000

// moment is an attack that took place.
type moment struct {
	*attack
	played   played
	from, to time.Time
}

// record plays attacks on a Mac and returns what eslogger wrote. Each comes long after the
// one before, so that none is a repeat of it.
func record(t *testing.T, o synthetic.Options, list []attack, benign int) ([]byte, []moment) {
	t.Helper()
	var out bytes.Buffer
	m := &mac{synthetic.New(&out, o), rand.New(rand.NewPCG(o.Seed, 5))}
	moments := make([]moment, 0, len(list))
	done := 0
	for i := range list {
		for ; done < benign*(i+1)/(len(list)+1); done++ {
			synthetic.Benign(m.Host, m.rng)
		}
		m.Advance(2 * config.Default().RepeatWindow)
		from := m.Now()
		played := list[i].play(m)
		moments = append(moments, moment{&list[i], played, from, m.Now()})
		m.Advance(2 * config.Default().RepeatWindow)
	}
	for ; done < benign; done++ {
		synthetic.Benign(m.Host, m.rng)
	}
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), moments
}

// replayed returns the alerts of a recording.
func replayed(t *testing.T, c config.Config, set ruleset.Set, recording []byte) []*alert.Alert {
	t.Helper()
	var out []*alert.Alert
	r, err := offline.NewReplay(c, set, func(a *alert.Alert, _ []byte) { out = append(out, a) })
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Read(context.Background(), bytes.NewReader(recording)); err != nil {
		t.Fatal(err)
	}
	if s := r.Finish(); s.NotEvents+s.TooLong+s.Odd+s.Dropped != 0 || s.Cut != 0 {
		t.Errorf("the recording was not read whole: %+v", s)
	}
	return out
}

func builtinRules(t testing.TB) ruleset.Set {
	t.Helper()
	set, err := ruleset.Load(config.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// recordings are all forms in which macOS writes events.
func recordings() []synthetic.Options {
	var all []synthetic.Options
	for version := 6; version <= 11; version++ {
		for _, arrays := range []bool{false, true} {
			all = append(all, synthetic.Options{Seed: uint64(version), Version: version, ArrayTokens: arrays})
		}
	}
	return all
}

func formName(o synthetic.Options) string {
	return fmt.Sprintf("version %d, tokens as %s", o.Version, map[bool]string{false: "objects", true: "arrays"}[o.ArrayTokens])
}

// TestAttacks plays every case between thousands of harmless commands, in every form that
// macOS writes, and wants the alerts of the case and no other alert at all. Under the race
// detector, which has nothing to find in the forms, the cases are dealt out to them.
func TestAttacks(t *testing.T) {
	t.Parallel()
	all := attacks()
	uniqueNames(t, all)
	set, verdicts, forms := builtinRules(t), map[string]string{}, recordings()
	for i, o := range forms {
		t.Run(formName(o), func(t *testing.T) {
			list, benign := all, benignCommands
			if raceDetector || Amount(true, false) { // each case in one form, not in all
				list, benign = dealt(all, i, len(forms)), benignCommands/len(forms)
			}
			recording, moments := record(t, o, list, benign)
			got := replayed(t, config.Default(), set, recording)
			judgeCase(t, moments, got, verdicts)
			if i == 0 {
				checkIDs(t, got, replayed(t, config.Default(), set, recording))
			}
		})
	}
	if testing.Verbose() {
		for _, a := range all {
			fmt.Fprintf(os.Stdout, "%-72s %s\n", printable(a.name, 72), verdicts[a.name])
		}
	}
}

// dealt is every n-th of the cases.
func dealt(all []attack, first, n int) []attack {
	var out []attack
	for i := first; i < len(all); i += n {
		out = append(out, all[i])
	}
	return out
}

func uniqueNames(t *testing.T, list []attack) {
	t.Helper()
	seen := map[string]bool{}
	for _, a := range list {
		if seen[a.name] {
			t.Errorf("case twice: %q", a.name)
		}
		seen[a.name] = true
	}
}

// printable is a name that fits a line of a terminal.
func printable(s string, n int) string {
	s = strings.Trim(fmt.Sprintf("%+q", s), `"`)
	return s[:min(len(s), n)]
}

// judgeCase compares alerts with the attacks they belong to, by time, and notes for each what
// came of it.
func judgeCase(t *testing.T, moments []moment, got []*alert.Alert, verdicts map[string]string) {
	t.Helper()
	for i := range moments {
		m := &moments[i]
		var mine []*alert.Alert
		for len(got) > 0 && !got[0].Timestamp.After(m.to) {
			if !got[0].Timestamp.After(m.from) {
				t.Errorf("before %q: got an alert for a harmless command: %s", m.name, got[0].Message)
			} else {
				mine = append(mine, got[0])
			}
			got = got[1:]
		}
		verdict := m.compare(t, mine)
		if old := verdicts[m.name]; old != "" && old != verdict {
			verdict = "differs between forms: " + old + "; " + verdict
		}
		verdicts[m.name] = verdict
	}
	for _, a := range got {
		t.Errorf("after the last case: got an alert for a harmless command: %s", a.Message)
	}
}

// compare reports where the alerts of an attack are not as wanted, and says what they are.
func (m *moment) compare(t *testing.T, got []*alert.Alert) string {
	t.Helper()
	if len(got) != len(m.want) {
		t.Errorf("%q: got %d alerts, want %d\n got: %s\nargs: %.300q", m.name, len(got), len(m.want), saying(got), strings.Join(m.played.args, " "))
		return "FAILED"
	}
	if len(got) == 0 {
		return "silent"
	}
	var verdicts []string
	p := &m.played
	for i, a := range got {
		if i > 0 && p.after != nil {
			p = p.after
		}
		faults := append(m.want[i].faults(a), p.faults(a)...)
		faults = append(faults, lineFaults(a)...)
		for _, f := range faults {
			t.Errorf("%q, alert %d: %s\nargs: %.300q", m.name, i, f, strings.Join(p.args, " "))
		}
		if len(faults) > 0 {
			return "FAILED"
		}
		verdicts = append(verdicts, a.Rule.ID+" "+string(a.Hooksnare.Verdict))
	}
	return strings.Join(verdicts, ", ")
}

func saying(list []*alert.Alert) string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s: %.200s", a.Rule.ID, a.Message))
	}
	return strings.Join(out, "; ")
}

// differ names what is not as wanted.
func differ(what, got, want string) []string {
	if got == want {
		return nil
	}
	return []string{fmt.Sprintf("%s: got %.300q, want %.300q", what, got, want)}
}

// faults are the facts of an alert that are not those wanted.
func (w *told) faults(a *alert.Alert) []string {
	h := a.Hooksnare.Hook
	if h == nil {
		return []string{"no facts about a hook"}
	}
	out := differ("rule", a.Rule.ID, w.rule)
	out = append(out, differ("operation", h.Operation, w.operation)...)
	out = append(out, differ("key", h.Key, w.key)...)
	out = append(out, differ("plist", h.Plist, w.plist)...)
	out = append(out, differ("scope", h.Scope, w.scope)...)
	out = append(out, differ("source", h.Source, w.source)...)
	out = append(out, differ("source file", h.SourceFile, w.sourceFile)...)
	out = append(out, differ("verdict", string(a.Hooksnare.Verdict), string(alert.Attempted))...)
	switch {
	case (h.Value == nil) != (w.value == nil):
		out = append(out, fmt.Sprintf("value: got one: %v, want one: %v", h.Value != nil, w.value != nil))
	case h.Value != nil:
		cut := slices.Contains(a.Hooksnare.Truncated, "hooksnare.hook.value")
		out = append(out, differ("value", whole(*h.Value, *w.value, cut), *w.value)...)
	}
	file := ""
	if a.File != nil {
		file = a.File.Path
	}
	out = append(out, differ("file.path", file, w.plist)...)
	if undo := w.operation == "set" && w.plist != ""; undo != (a.Hooksnare.Remediation != "") {
		out = append(out, fmt.Sprintf("remediation: got %q, want one: %v", a.Hooksnare.Remediation, undo))
	}
	return out
}

// faults are what an alert says wrongly of the process.
func (p *played) faults(a *alert.Alert) []string {
	q := a.Process
	if q == nil {
		return []string{"no process"}
	}
	var out []string
	if q.PID != p.proc.PID() {
		out = append(out, fmt.Sprintf("pid: got %d, want %d", q.PID, p.proc.PID()))
	}
	out = append(out, differ("executable", q.Executable, p.program)...)
	if q.ArgsCount != len(p.args) {
		out = append(out, fmt.Sprintf("args_count: got %d, want %d", q.ArgsCount, len(p.args)))
	}
	args, cut := textual(p.args), slices.Contains(a.Hooksnare.Truncated, "process.args")
	if !cut {
		out = append(out, differ("args", strings.Join(q.Args, "\x00"), strings.Join(args, "\x00"))...)
	} else if small := len(strings.Join(args, "")); small < 1024 {
		out = append(out, fmt.Sprintf("args: got %d bytes of %d", len(strings.Join(q.Args, "")), small))
	}
	line := strings.Join(args, " ")
	out = append(out, differ("command line", whole(q.CommandLine, line, cut), line)...)
	return append(out, p.lineageFaults(a)...)
}

// whole is a text that may have been cut: the wanted one, if it begins like that.
func whole(got, want string, cut bool) string {
	begin := strings.TrimSuffix(got, "…")
	if cut && len(begin) >= 512 && strings.HasPrefix(want, begin) {
		return want
	}
	return got
}

// textual is arguments as eslogger writes them: what is no text is not told.
func textual(args []string) []string {
	out := slices.Clone(args)
	for i, a := range out {
		var b strings.Builder
		for _, r := range a { // a byte that is no text comes as U+FFFD, one for each
			b.WriteRune(r)
		}
		out[i] = b.String()
	}
	return out
}

func (p *played) lineageFaults(a *alert.Alert) []string {
	var got []int32
	lineage := a.Hooksnare.Evidence.Lineage
	for _, up := range lineage {
		got = append(got, up.PID)
	}
	switch {
	case !slices.Equal(got, p.parents):
		return []string{fmt.Sprintf("lineage: got pids %v, want %v", got, p.parents)}
	case len(got) == 0:
		return []string{"lineage: got none"}
	}
	out := differ("end of the lineage", lineage[len(lineage)-1].Executable, "/sbin/launchd")
	if a.Process.Parent == nil || a.Process.Parent.PID != got[0] {
		out = append(out, fmt.Sprintf("parent: got %+v, want pid %d", a.Process.Parent, got[0]))
	}
	if len(a.Process.Ext.Ancestry) != len(got) {
		out = append(out, fmt.Sprintf("ancestry: got %d, want %d", len(a.Process.Ext.Ancestry), len(got)))
	}
	return out
}

// maxLine is what every collector takes as one event.
const maxLine = 128 << 10

// lineFaults are what is wrong with an alert as it is written.
func lineFaults(a *alert.Alert) []string {
	line, err := a.Line()
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	if !json.Valid(line) || !utf8.Valid(line) {
		out = append(out, fmt.Sprintf("line: not JSON: %.300q", line))
	}
	if i := bytes.IndexFunc(line, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
	}); i >= 0 {
		out = append(out, fmt.Sprintf("line: a control character at byte %d: %.40q", i, line[i:]))
	}
	if bytes.Contains(line, []byte(password)) {
		out = append(out, fmt.Sprintf("line: has the password: %s", line))
	}
	if len(line) > maxLine {
		out = append(out, fmt.Sprintf("line: got %d bytes, want at most %d", len(line), maxLine))
	}
	return out
}

// checkIDs makes sure that ids tell alerts apart and are the same the second time.
func checkIDs(t *testing.T, first, second []*alert.Alert) {
	t.Helper()
	if len(first) != len(second) {
		t.Fatalf("second replay: got %d alerts, want %d", len(second), len(first))
	}
	seen := map[string]string{}
	for i, a := range first {
		if a.Event.ID != second[i].Event.ID {
			t.Errorf("event.id the second time: got %s, want %s: %s", second[i].Event.ID, a.Event.ID, a.Message)
		}
		if a.Event.Sequence != 1 {
			t.Errorf("event.sequence: got %d, want 1: %s", a.Event.Sequence, a.Message)
		}
		if other, known := seen[a.Event.ID]; known {
			t.Errorf("event.id %s: got for %q and for %q", a.Event.ID, other, a.Message)
		}
		seen[a.Event.ID] = a.Message
	}
}
