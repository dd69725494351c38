package agent

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/host"
	"hooksnare/agent/judge"
	"hooksnare/agent/offline"
	"hooksnare/agent/ruleset"
	"hooksnare/agent/watch"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// silenceCase is an attempt of somebody on the Mac to silence, steal or bend an alert, and
// what a careful reader expects to be told all the same.
type silenceCase struct {
	name string
	rule []string // rules of the site, beside the built-in ones: id and query
	pins []config.Exception
	// look answers what the disk has; nil: nothing is examined.
	look func(judge.Question) *document.Examination
	does func(m *peopledMac)
	// want are the alerts that matter, as told says them; the case names which with about.
	about func(*alert.Alert) bool
	want  []string
	// most bounds all documents, 0 for no bound.
	most int

	// hold is a case of another part than the judgement: it returns what does not hold, "" for
	// nothing.
	hold func(t *testing.T) string
}

// peopledMac is a Mac that people share who do not trust each other: root, mallory and ann.
type peopledMac struct {
	*synthetic.Host
	t       *testing.T
	p       *judge.Judge
	got     []*alert.Alert
	decoder *eslogger.Decoder
	message eslogger.Message
	shells  map[uint32]*synthetic.Proc
}

const (
	ann      = 503
	annHome  = "/Users/ann"
	annPrefs = annHome + "/Library/Preferences" + plistName
	evil     = "/Library/.evil"
)

func newPeopledMac(t *testing.T, c *silenceCase) *peopledMac {
	t.Helper()
	m := &peopledMac{t: t, decoder: new(eslogger.Decoder), shells: map[uint32]*synthetic.Proc{}}
	conf := config.Default()
	if len(c.rule) > 0 {
		conf.RuleDirectories = []string{t.TempDir()}
		for i := 0; i+1 < len(c.rule); i += 2 {
			layRule(t, conf.RuleDirectories[0], c.rule[i], "high", c.rule[i+1])
		}
	}
	set, err := ruleset.Load(conf, nil)
	must(t, err)
	list := slices.Concat(conf.Exceptions, c.pins)
	o := judge.Options{
		Rules: set.Rules, Exceptions: exceptions.ForEngine(list), Host: host.Identity{ID: "host-1"}, RepeatWindow: time.Hour,
		Watching: &judge.Watching{Window: 30 * time.Second, Watched: watch.IsWatched, Wake: func() {}},
	}
	given := map[string]int{}
	o.Emit = func(a *alert.Alert, _ []byte) {
		if given[a.Event.ID]++; a.Event.Sequence != given[a.Event.ID] {
			t.Errorf("event.sequence: got %d, want %d: %s", a.Event.Sequence, given[a.Event.ID], a.Message)
		}
		m.got = append(m.got, a)
	}
	if c.look != nil {
		o.Pins, o.Examine = exceptions.NewPins("", list), offline.AtOnce(c.look)
	}
	m.p, err = judge.New(o)
	must(t, err)
	m.Host = synthetic.New(m, synthetic.Options{})
	for pid, cred := range map[int32]synthetic.Cred{600: {}, 601: {EUID: mallory, RUID: mallory}, 602: {EUID: ann, RUID: ann}} {
		m.shells[cred.EUID] = m.Adopt(m.Launchd(), pid, synthetic.Spec{Path: "/bin/zsh", As: &cred})
	}
	return m
}

// Write takes a line of the Mac.
func (m *peopledMac) Write(line []byte) (int, error) {
	if err := m.decoder.Decode(slices.Clone(line), &m.message); err != nil {
		m.t.Fatalf("line %q: %v", line, err)
	}
	m.p.HandleMessage(&m.message)
	return len(line), nil
}

// as has a user run a command.
func (m *peopledMac) as(uid uint32, args ...string) {
	m.Run(m.shells[uid], synthetic.Spec{Path: run(args...).Path, Args: args})
}

// becomes has a key of a file change, now, without a command.
func (m *peopledMac) becomes(file, key, old, is string) {
	ch := event.Change{File: file, Scope: exampleScope(file), Key: key, Old: orNil(old), New: orNil(is), Time: m.Now()}
	for home, uid := range map[string]uint32{malloryHome: mallory, annHome: ann} {
		if strings.HasPrefix(file, home+"/") {
			ch.Home, ch.Owner, ch.FolderOwner = home, uid, uid
		}
	}
	m.p.HandleChange(ch)
	m.Advance(time.Millisecond)
}

// unread has a file be unreadable, or readable again.
func (m *peopledMac) unread(file, home, why string, on bool) {
	m.p.HandleUnreadable(event.Unreadable{Path: file, Home: home, Why: why, On: on, Since: m.Now(), Until: m.Now()})
	m.Advance(time.Millisecond)
}

// swapped has the program of a hook hold something else.
func (m *peopledMac) swapped(home, value, content string) {
	ch := event.ProgramChange{Value: value, What: []string{"content"}, Time: m.Now()}
	ch.Old.Value, ch.New.Value, ch.Old.Path, ch.New.Path = value, value, value, value
	ch.New.SHA256, ch.New.Hashed, ch.New.Exists = content, true, true
	m.p.HandleProgram(home, ch, nil)
	m.Advance(time.Millisecond)
}

// later lets time pass and what is due be told.
func (m *peopledMac) later(d time.Duration) {
	m.Advance(d)
	m.as(ann, "true")
	m.p.Advance(m.Now().Add(judge.EventDelay))
}

// TestAttacksSilence plays every case, and prints what became of it.
func TestAttacksSilence(t *testing.T) {
	t.Parallel()
	cases := slices.Concat(budgetCases(), exceptionCases(), causeCases(), repeatCases(), otherSilenceCases(), partCases())
	if lines := 16; len(cases) < lines+40 {
		t.Errorf("got %d cases, expected %d at least", len(cases), lines+40)
	}
	verdicts := make([]string, len(cases))
	for i := range cases {
		c := &cases[i]
		t.Run(c.name, func(t *testing.T) { verdicts[i] = c.play(t) })
	}
	if testing.Verbose() {
		fmt.Fprintf(os.Stdout, "\nsilence: %d attempts of people who share a Mac against each other's alerts, by line of attack\n", len(cases))
		for i := range cases {
			fmt.Fprintf(os.Stdout, "%-86s %s\n", cases[i].name, verdicts[i])
		}
	}
}

func (c *silenceCase) play(t *testing.T) string {
	if c.hold != nil {
		if why := c.hold(t); why != "" {
			t.Error(why)
			return "FAILED"
		}
		return "held"
	}
	m := newPeopledMac(t, c)
	c.does(m)
	must(t, m.Err())
	m.p.Advance(m.Now())
	about := c.about
	if about == nil {
		about = aboutRoot
	}
	var got []string
	last := map[string]*alert.Alert{}
	for _, a := range m.got {
		last[a.Event.ID] = a
	}
	for _, a := range last {
		if about(a) {
			got = append(got, silenceWords(a))
		}
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(c.want))
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		return "FAILED"
	}
	if c.most > 0 && len(m.got) > c.most {
		t.Errorf("got %d documents, want %d at most", len(m.got), c.most)
		return "FAILED"
	}
	return fmt.Sprintf("told: %d of %d documents", len(got), len(m.got))
}

// aboutRoot chooses the alerts about what root did: in preferences that only root can write,
// by root or by nobody that was seen.
func aboutRoot(a *alert.Alert) bool {
	k := a.Hooksnare.Hook
	return k != nil && (k.Plist == rootPrefs || k.Plist == systemPrefs) && (a.User == nil || a.User.ID == "0")
}

// aboutAll chooses all alerts about hooks.
func aboutAll(a *alert.Alert) bool { return a.Hooksnare.Hook != nil }

// ofRule chooses the alerts of some rules.
func ofRule(ids ...string) func(*alert.Alert) bool {
	return func(a *alert.Alert) bool { return slices.Contains(ids, a.Rule.ID) && a.Hooksnare.HeldBack == nil }
}

// ofValue chooses the alerts about some values, whoever is behind them.
func ofValue(values ...string) func(*alert.Alert) bool {
	return func(a *alert.Alert) bool {
		return a.Hooksnare.Hook != nil && a.Hooksnare.Hook.Value != nil && slices.Contains(values, *a.Hooksnare.Hook.Value)
	}
}

// silenceWords say of an alert what an attacker would want to bend.
func silenceWords(a *alert.Alert) string {
	h := a.Hooksnare
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %s", a.Rule.ID, a.Event.Severity, h.Verdict)
	if a.User != nil {
		b.WriteString(" user " + a.User.ID)
	}
	if a.Process != nil {
		b.WriteString(" " + a.Process.Name)
	}
	if k := h.Hook; k != nil && k.Value != nil {
		b.WriteString(" " + *k.Value)
	}
	if e := h.Evidence; e != nil && len(e.Candidates) > 0 {
		b.WriteString(" candidates")
		for _, c := range e.Candidates {
			b.WriteString(" " + c.User.ID + ":" + strings.Fields(c.CommandLine)[0])
		}
	}
	if u := h.Unreadable; u != nil {
		fmt.Fprintf(&b, " %s %v", u.Why, u.Active)
	}
	if h.Repeat != nil {
		fmt.Fprintf(&b, " again %d", h.Repeat.Count)
	}
	return b.String()
}

// The words of the alerts that most cases want.
func unseenBy(value, candidates string) string {
	return strings.TrimSuffix("hook-changed-unseen 73 unattributed "+value+" candidates "+candidates, " candidates ")
}

func attemptedByRoot(value string) string { return "hook-set 47 attempted user 0 defaults " + value }

func confirmedByRoot(value string) string { return "hook-set 47 confirmed user 0 defaults " + value }

// goodProgram finds every program as an exception would have it.
func goodProgram(q judge.Question) *document.Examination { return managedMac(q) }

// onValue is an exception for one value, whoever sets it.
func onValue(value string) []config.Exception {
	return []config.Exception{{ID: "site", Where: fmt.Sprintf("hooksnare.hook.value == %q", value), Reason: "test", Require: config.Require{Owner: "root"}}}
}

func onProcess(where string) []config.Exception {
	return []config.Exception{{ID: "site", Where: where, Reason: "test"}}
}
