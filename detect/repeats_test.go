package detect

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// TestSame holds what makes two findings one: everything is the same, or only what is no
// matter.
func TestSame(t *testing.T) {
	base := hooked(t, nil).Same()
	for name, change := range map[string]func(f *Finding){
		"nothing":            func(*Finding) {},
		"the rule's name":    func(f *Finding) { f.Rule.Name = "x" },
		"the time":           func(f *Finding) { f.Record.Event.Time = now.Add(time.Hour) },
		"the pid":            func(f *Finding) { f.Record.Event.Process.Token.PID++ },
		"argv[0]":            func(f *Finding) { f.Record.Event.Process.Exec.Args[0] = "x" },
		"whether it is seen": func(f *Finding) { f.Unpinned = true },
	} {
		if hooked(t, change).Same() != base {
			t.Errorf("%s differs: got another finding, want the same", name)
		}
	}
	fact := func(change func(k *hook.Fact)) func(f *Finding) {
		return func(f *Finding) { change(f.Record.Fact) }
	}
	unknown := func(f *Finding) { f.Record.Fact.Plist = "" }
	different := map[string]func(f *Finding){
		"rule":             func(f *Finding) { f.Rule.ID = "x" },
		"broken exception": func(f *Finding) { f.Broken = "x" },
		"why it is broken": func(f *Finding) { f.Why = "x" },
		"kind":             func(f *Finding) { f.Record.Event.Kind = event.Exit },
		"user":             func(f *Finding) { f.Record.Event.Process.Token.EUID++ },
		"parent program": func(f *Finding) {
			f.Record.Event.Parent = &event.Process{Image: &event.Image{Executable: "/usr/bin/sudo"}}
		},
		"another parent program": func(f *Finding) {
			f.Record.Event.Parent = &event.Process{Image: &event.Image{Executable: "/bin/sh"}}
		},
		"program":            func(f *Finding) { f.Record.Event.Process.Image.Executable = "/tmp/defaults" },
		"tool":               fact(func(k *hook.Fact) { k.Tool = "plutil" }),
		"verb":               fact(func(k *hook.Fact) { k.Verb = "rename" }),
		"operation":          fact(func(k *hook.Fact) { k.Operation = hook.Remove }),
		"key":                fact(func(k *hook.Fact) { k.Key = hook.LogoutHook }),
		"value":              fact(func(k *hook.Fact) { k.Value = "/b" }),
		"empty value":        fact(func(k *hook.Fact) { k.Value = "" }),
		"no value":           fact(func(k *hook.Fact) { k.Value, k.HasValue = "", false }),
		"source":             fact(func(k *hook.Fact) { k.Source = "x" }),
		"source file":        fact(func(k *hook.Fact) { k.SourceFile = "x" }),
		"domain":             fact(func(k *hook.Fact) { k.Domain = "x" }),
		"file":               fact(func(k *hook.Fact) { k.Plist = "/q" }),
		"file not known":     unknown,
		"user, no file":      func(f *Finding) { unknown(f); f.Record.Event.Process.Token.EUID = 502 },
		"no fact":            func(f *Finding) { f.Record.Fact = nil },
		"no fact, arguments": func(f *Finding) { f.Record.Fact = nil; f.Record.Event.Process.Exec.Args[1] = "read" },
		"no fact, one argument": func(f *Finding) {
			f.Record.Fact, f.Record.Event.Process.Exec.Args = nil, []string{"defaults write"}
		},
		"no fact, no command":       func(f *Finding) { f.Record.Fact, f.Record.Event.Process.Exec = nil, nil },
		"condition":                 func(f *Finding) { f.Record = Record{Condition: &Condition{State: "exec", Detail: "/usr/bin/defaults"}} },
		"condition's state":         func(f *Finding) { f.Record = Record{Condition: &Condition{State: "exe", Detail: "c/usr/bin/defaults"}} },
		"condition's begin":         func(f *Finding) { f.Record = Record{Condition: &Condition{State: "exec", Since: now}} },
		"condition's detail":        func(f *Finding) { f.Record = Record{Condition: &Condition{State: "exec", Detail: "x", Since: now}} },
		"text moved to a neighbour": fact(func(k *hook.Fact) { k.Tool, k.Verb = "default", "swrite" }),
		"text moved to another":     fact(func(k *hook.Fact) { k.Domain, k.Plist = "com.apple.loginwindow/p", "" }),
	}
	seen := map[Sameness]string{base: "nothing"}
	for name, change := range different {
		same := hooked(t, change).Same()
		if other, ok := seen[same]; ok {
			t.Errorf("%s differs and %s does: got the same finding, want two", name, other)
		}
		seen[same] = name
	}
}

// TestSameCondition holds that a moment is the same in every zone, with a clock or without.
func TestSameCondition(t *testing.T) {
	at := time.Now()
	same := func(since time.Time) Sameness {
		return (&Finding{Rule: rule(t, "r", "any where true"), Record: Record{Condition: &Condition{State: "s", Since: since}}}).Same()
	}
	if want := same(at); same(at.Round(0)) != want || same(at.In(time.FixedZone("x", 3600))) != want {
		t.Error("got different findings for one moment")
	}
}

// alike is a sameness by number.
func alike(n int) Sameness { return Sameness{byte(n), byte(n >> 8)} }

func TestRepeats(t *testing.T) {
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	r := NewRepeats[string](time.Minute)
	if _, again := r.CountAgain(RootShare, alike(1), at(0)); again {
		t.Error("the first is a repeat")
	}
	if got := r.AddFirst(RootShare, alike(1), at(0), "one"); got != nil {
		t.Errorf("the first: got %+v to tell, want nothing", got)
	}
	for _, tc := range []struct {
		n, at int
		want  bool
	}{{1, 0, true}, {2, 1, false}, {1, 59, true}, {1, 30, true}, {1, -5, true}, {1, 60, false}} {
		if got := again(r, alike(tc.n), at(tc.at)); got != tc.want {
			t.Errorf("%d after %d s: got %v, want %v", tc.n, tc.at, got, tc.want)
		}
	}
	want := []Repeat[string]{{Of: "one", Count: 4, First: at(0), Last: at(59), share: RootShare, order: 1}}
	if got := r.AddFirst(RootShare, alike(1), at(61), "one again"); !reflect.DeepEqual(got, want) {
		t.Errorf("the next window: got %+v to tell, want %+v", got, want)
	}
	if got := r.CloseWindows(at(120), false); got != nil {
		t.Errorf("the window is open: got %+v", got)
	}
	if got := r.CloseWindows(at(121), false); got != nil {
		t.Errorf("a window without repeats: got %+v", got)
	}
	if _, again := r.CountAgain(RootShare, alike(1), at(122)); again {
		t.Error("a closed window still counts")
	}
}

// TestRepeatsOff has no window at all.
func TestRepeatsOff(t *testing.T) {
	r := NewRepeats[int](0)
	if got := r.AddFirst(RootShare, alike(1), now, 1); got != nil || again(r, alike(1), now) || r.CloseWindows(now, true) != nil {
		t.Errorf("got something of no window: %v", got)
	}
}

// TestRepeatsDue tells repeats in the order in which their windows began, also of those
// that began at the same time.
func TestRepeatsDue(t *testing.T) {
	for _, all := range []bool{false, true} {
		r := NewRepeats[int](time.Minute)
		for i := range 100 {
			r.AddFirst(RootShare, alike(i), now.Add(time.Duration(i/10)), i)
			again(r, alike(i), now)
		}
		r.AddFirst(RootShare, alike(999), now.Add(time.Hour), 999)
		again(r, alike(999), now.Add(time.Hour))
		var got, want []int
		for _, repeat := range r.CloseWindows(now.Add(2*time.Minute), all) {
			got = append(got, repeat.Of)
		}
		for i := range 100 {
			want = append(want, i)
		}
		if all {
			want = append(want, 999)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("all %v: got %v, want %v", all, got, want)
		}
	}
}

// TestRepeatsBound has more findings than are remembered: the oldest goes, and its count
// is told.
func TestRepeatsBound(t *testing.T) {
	r := NewRepeats[int](time.Hour)
	for i := range maxRepeats {
		r.AddFirst(RootShare, alike(i), now, i)
	}
	again(r, alike(1), now)
	if got := r.AddFirst(RootShare, alike(5000), now, 5000); got != nil {
		t.Errorf("the oldest had no repeats: got %+v to tell", got)
	}
	got := r.AddFirst(RootShare, alike(5001), now, 5001)
	if len(got) != 1 || got[0].Of != 1 || got[0].Count != 1 {
		t.Errorf("got %+v to tell, want one of 1", got)
	}
	for i, want := range map[int]bool{0: false, 1: false, 2: true, maxRepeats - 1: true, 5000: true, 5001: true} {
		if got := again(r, alike(i), now); got != want {
			t.Errorf("%d: got %v, want %v", i, got, want)
		}
	}
	if got := len(r.open[RootShare]); got != maxRepeats {
		t.Errorf("%d are remembered, want %d", got, maxRepeats)
	}
}

func ExampleRepeats() {
	r := NewRepeats[string](time.Hour)
	for _, value := range []string{"/a", "/a", "/b", "/a"} {
		same := Sameness{value[1]}
		if _, again := r.CountAgain(RootShare, same, now); again {
			fmt.Println(value, "again")
			continue
		}
		fmt.Println(value)
		r.AddFirst(RootShare, same, now, value)
	}
	for _, repeat := range r.CloseWindows(now, true) {
		fmt.Println(repeat.Of, repeat.Count, "more")
	}
	// Output:
	// /a
	// /a again
	// /b
	// /a again
	// /a 2 more
}

func again[T any](r *Repeats[T], same Sameness, at time.Time) bool {
	_, seen := r.CountAgain(RootShare, same, at)
	return seen
}
