package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// commandBy is a finding about a command of a user.
func commandBy(r *rules.Rule, euid uint32, file, value string) *Finding {
	p := &event.Process{Token: event.Token{EUID: euid}, Image: &event.Image{Executable: "/usr/bin/defaults"}}
	return &Finding{Rule: r, Record: Record{
		Event: &event.Event{Kind: event.ExecKind, Process: p},
		Fact:  &hook.Fact{Operation: hook.Set, Key: hook.LoginHook, Plist: file, Value: value, HasValue: true},
	}}
}

// changeIn is a finding about a change of a file.
func changeIn(r *rules.Rule, file, home, value string) *Finding {
	ch := &event.Change{File: file, Home: home, Key: hook.LoginHook, New: &value}
	return &Finding{Rule: r, Record: Record{State: &Observed{Change: ch}, Fact: FactOf(ch)}}
}

const (
	rootFile = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"
	userFile = "/Users/mallory/Library/Preferences/com.apple.loginwindow.plist"
)

func TestShare(t *testing.T) {
	r := rule(t, "r", "any where true")
	for _, tc := range []struct {
		name     string
		finding  *Finding
		want     Share
		reserved bool
	}{
		{"root's command", commandBy(r, 0, rootFile, "/a"), RootShare, true},
		{"root's command about a user's file", commandBy(r, 0, userFile, "/a"), RootShare, true},
		{"a user's command", commandBy(r, 502, userFile, "/a"), "user:502", false},
		{"a user's command about root's file", commandBy(r, 502, rootFile, "/a"), "user:502", false},
		{"a user's command about another's file", commandBy(r, 503, userFile, "/a"), "user:503", false},
		{"root's preferences", changeIn(r, rootFile, "", "/a"), RootShare, true},
		{"the computer's preferences", changeIn(r, "/Library/Preferences/com.apple.loginwindow.plist", "", "/a"), SystemShare, true},
		{"ttys", changeIn(r, "/private/etc/ttys", "", "/a"), SystemShare, true},
		{"managed preferences", changeIn(r, "/Library/Managed Preferences/mallory/com.apple.loginwindow.plist", "", "/a"), ManagedShare, true},
		{"a home", changeIn(r, userFile, "/Users/mallory", "/a"), "home:/Users/mallory", false},
		{"a home that nobody named", changeIn(r, userFile, "", "/a"), "home:/Users/mallory", false},
		{"a home elsewhere", changeIn(r, "/srv/ann/Library/Preferences/com.apple.loginwindow.plist", "/srv/ann", "/a"), "home:/srv/ann", false},
		{"another volume", changeIn(r, "/Volumes/x/Library/Preferences/com.apple.loginwindow.plist", "", "/a"), "home:/Volumes/x", false},
		{"a folder of homes", &Finding{Rule: r, Record: Record{State: &Observed{Unreadable: &event.Unreadable{Path: "/Users"}}}}, "home:/Users", false},
		{"a name that only begins like root's", changeIn(r, "/private/var/rooted/com.apple.loginwindow.plist", "", "/a"), SystemShare, true},
		{"a user's program", &Finding{Rule: r, Record: Record{State: &Observed{Program: &event.ProgramChange{}, Home: "/Users/mallory"}, Fact: &hook.Fact{Plist: userFile}}}, "home:/Users/mallory", false},
		{"root's program", &Finding{Rule: r, Record: Record{State: &Observed{Program: &event.ProgramChange{}}, Fact: &hook.Fact{Plist: rootFile}}}, RootShare, true},
		{"a condition", &Finding{Rule: r, Record: Record{Condition: &Condition{State: "blind"}}}, "condition:blind", false},
	} {
		if got := tc.finding.Share(); got != tc.want || got.Reserved() != tc.reserved {
			t.Errorf("%s: got %q, reserved %v; want %q, %v", tc.name, got, got.Reserved(), tc.want, tc.reserved)
		}
	}
}

// TestBudgetRule bounds the alerts of one rule, and sums up what it holds back.
func TestBudgetRule(t *testing.T) {
	r, other := rule(t, "r", "any where true"), rule(t, "other", "any where true")
	var b Budget
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	f := func(n int) *Finding { return commandBy(r, 501, userFile, fmt.Sprint("/", n)) }
	for i := range r.MaxSignals {
		if b.Spent(f(i), at(i)) || !b.Allow(f(i), at(i)) {
			t.Fatalf("alert %d was held back", i)
		}
	}
	for i := range 20 {
		if !b.Spent(f(1000+i), at(110+i)) || b.Allow(f(1000+i), at(110+i)) {
			t.Fatalf("alert %d over max_signals was given", i)
		}
	}
	if !b.Allow(commandBy(other, 501, userFile, "/a"), at(14)) {
		t.Error("another rule was held back, too")
	}
	if got := b.Due(at(299), false); got != nil {
		t.Errorf("before the end of the window: got %+v", got[0])
	}
	if got := b.Holding(); len(got) != 1 || got["user:501"] != 20 {
		t.Errorf("holding: got %v, want 20 of user 501", got)
	}
	got := b.Due(at(300), false)
	if len(got) != 1 {
		t.Fatalf("got %d summaries, want 1", len(got))
	}
	h := got[0]
	if h.Rule != r || h.Share != "user:501" || h.Count != 20 || !h.First.Equal(at(110)) || !h.Last.Equal(at(129)) || h.Rules["r"] != 20 {
		t.Errorf("got %+v, want 20 of user 501 from 110 to 129 s", h)
	}
	if len(h.Newest) != maxItems || h.Newest[0].Value != "/1019" || h.Newest[0].User != "501" || h.Newest[maxItems-1].Value != "/1012" {
		t.Errorf("newest: got %+v, want /1019 to /1012", h.Newest)
	}
	if !b.Allow(f(1), at(301)) {
		t.Error("the first of the next window was held back")
	}
	if again := b.Due(at(900), true); again != nil {
		t.Errorf("told twice: %+v", again[0])
	}
}

// TestBudgetShares has every share used up by one finding after the other: none takes
// anything from another, and the first of each value in preferences that users can't write
// is never held back.
func TestBudgetShares(t *testing.T) {
	r := rule(t, "r", "any where true")
	finding := map[string]func(value string) *Finding{
		"a user's commands":          func(v string) *Finding { return commandBy(r, 502, rootFile, v) },
		"another user's commands":    func(v string) *Finding { return commandBy(r, 503, rootFile, v) },
		"a home":                     func(v string) *Finding { return changeIn(r, userFile, "/Users/mallory", v) },
		"another home":               func(v string) *Finding { return changeIn(r, "/x", "/Users/ann", v) },
		"root's commands":            func(v string) *Finding { return commandBy(r, 0, rootFile, v) },
		"root's preferences":         func(v string) *Finding { return changeIn(r, rootFile, "", v) },
		"the computer's preferences": func(v string) *Finding { return changeIn(r, "/Library/Preferences/x", "", v) },
		"management's preferences":   func(v string) *Finding { return changeIn(r, "/Library/Managed Preferences/x", "", v) },
		"a condition": func(v string) *Finding {
			return &Finding{Rule: r, Record: Record{Condition: &Condition{State: "blind"}}}
		},
		"another condition": func(v string) *Finding { return &Finding{Rule: r, Record: Record{Condition: &Condition{State: "gap"}}} },
		"a file of root that is no list": func(v string) *Finding {
			return &Finding{Rule: r, Record: Record{State: &Observed{Unreadable: &event.Unreadable{Path: rootFile, Why: v}}}}
		},
	}
	for spent := range finding {
		for name, f := range finding {
			if f("").Share() == finding[spent]("").Share() {
				continue
			}
			var b Budget
			for i := range 1000 {
				b.Allow(finding[spent](fmt.Sprint("/junk", i)), now)
				b.Update(finding[spent]("").Share(), now)
			}
			if !b.Allow(f("/a"), now) || !b.Update(f("/a").Share(), now) {
				t.Errorf("%s were used up: %s is held back", spent, name)
			}
		}
		var b Budget
		given := 0
		for i := range 1000 {
			if b.Allow(finding[spent](fmt.Sprint("/junk", i)), now) {
				given++
			}
		}
		f := finding[spent]("/junk")
		if f.NeverHeld() != (given == 1000) || !f.NeverHeld() && given > maxUserDocuments {
			t.Errorf("%s: got %d of 1000 different alerts, never held: %v", spent, given, f.NeverHeld())
		}
		repeats := 0
		for range 1000 {
			if b.Allow(finding[spent]("/junk"), now) {
				repeats++
			}
		}
		if repeats > 1 {
			t.Errorf("%s: the same again after 1000: got %d more, want 1 at most", spent, repeats)
		}
	}
}

// TestBudgetUser holds that one user's worst in a window stays below 200 documents, of how
// many rules ever, updates included.
func TestBudgetUser(t *testing.T) {
	var b Budget
	documents := 0
	for i := range 50 {
		r := rule(t, fmt.Sprint("r", i), "any where true")
		for n := range 100 {
			for _, f := range []*Finding{commandBy(r, 502, rootFile, fmt.Sprint(n)), changeIn(r, userFile, "/Users/mallory", fmt.Sprint(n))} {
				if b.Allow(f, now) {
					documents++
				}
				if b.Update(f.Share(), now) {
					documents++
				}
			}
		}
	}
	documents += len(b.Due(now.Add(budgetWindow), false))
	if documents >= 200 {
		t.Errorf("got %d documents, want fewer than 200", documents)
	}
}

// TestBudgetSummary has alerts of several rules held back: the most severe are shown, however
// many come after them.
func TestBudgetSummary(t *testing.T) {
	low, high := rule(t, "low", "any where true"), rule(t, "high", "any where true")
	low.Severity, high.Severity, low.MaxSignals, high.MaxSignals = rules.Low, rules.High, 1, 1
	var b Budget
	b.Allow(changeIn(low, userFile, "/Users/mallory", "/first"), now)
	b.Allow(changeIn(high, userFile, "/Users/mallory", "/first"), now)
	b.Allow(changeIn(high, userFile, "/Users/mallory", "/evil"), now)
	for i := range 500 {
		b.Allow(changeIn(low, userFile, "/Users/mallory", fmt.Sprint("/junk", i)), now.Add(time.Second))
	}
	b.Allow(changeIn(low, userFile, "/Users/mallory", strings.Repeat("é", 5000)), now.Add(time.Second))
	got := b.Due(now, true)
	if len(got) != 1 || got[0].Rule != high || got[0].Count != 502 {
		t.Fatalf("got %+v, want one summary of 502 in the name of the rule high", got)
	}
	h := got[0]
	if i := slices.IndexFunc(h.Severest, func(x Item) bool { return x.Value == "/evil" }); i != 0 {
		t.Errorf("the most severe: got %+v, want /evil first", h.Severest)
	}
	if n := len(h.Newest[0].Value); n > maxItemBytes || n < maxItemBytes-1 || len(h.Newest) > maxItems || len(h.Severest) > maxItems {
		t.Errorf("got a value of %d bytes among %d and %d items", n, len(h.Newest), len(h.Severest))
	}
}
