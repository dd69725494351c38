package program

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/event"
)

const mallory = "/Users/mallory"

// station is watchers at work, in a bubble whose time the test moves on.
type station struct {
	*Watchers
	t      *testing.T
	root   string
	cancel context.CancelFunc
	hooks  map[string][]string
	done   chan struct{}

	mu    sync.Mutex
	lines []string
	at    []time.Time
}

// newStation runs watchers of the disk below root; change may change their options.
func newStation(t *testing.T, root string, o Options, look func(root, value string, a allowance) View) *station {
	s := &station{t: t, root: root, done: make(chan struct{})}
	o.Sweep = 2 * time.Second
	o.Share = func(sh Share) {
		sign := map[bool]string{true: "+", false: "-"}[sh.On]
		s.say("%s%s %s", sign, sh.Owner, sh.What)
		if sh.Since.IsZero() || sh.On != sh.Until.IsZero() {
			t.Errorf("share %+v, want a beginning and, when it is over, an end", sh)
		}
	}
	x := NewExaminer(root, NewShares())
	if look != nil {
		x.examine = look
	}
	s.Watchers = NewWatchers(x, o, func(owner string, c event.ProgramChange) {
		s.say("%s %s: %s", owner, c.Value, words(c.What))
		if c.Time.IsZero() {
			t.Errorf("%s: a change at no time", c.Value)
		}
	})
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(t.Context())
	go func() {
		defer close(s.done)
		s.Run(ctx)
	}()
	return s
}

func (s *station) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
	s.at = append(s.at, time.Now())
}

func (s *station) stop() {
	s.cancel()
	<-s.done
}

// Set sets the values of one owner.
func (s *station) Set(owner string, values []string) {
	if s.hooks == nil {
		s.hooks = map[string][]string{}
	}
	s.hooks[owner] = values
	s.Watchers.Set(s.hooks)
}

// pass lets time go by and checks what was told.
func (s *station) pass(d time.Duration, what string, want ...string) {
	s.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.lines)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(s.lines, want) {
		s.t.Errorf("%s: told\n\t%s\nwant\n\t%s", what, strings.Join(s.lines, "\n\t"), strings.Join(want, "\n\t"))
	}
	s.lines, s.at = nil, nil
}

// write writes a program below the root.
func (s *station) write(name, content string) {
	s.t.Helper()
	put(s.t, filepath.Join(s.root, name), content, 0o755)
}

// dead has the looks below a folder hang until the channel is closed.
func dead(folder string, hang chan struct{}) func(root, value string, a allowance) View {
	return func(root, value string, a allowance) View {
		if strings.HasPrefix(value, folder) {
			<-hang
		}
		return examine(root, value, a)
	}
}

// TestSwapAfterAlert swaps a program between the examination that was told of and the first
// look of the watch, in every order of events.
func TestSwapAfterAlert(t *testing.T) {
	const value = "/hooks/login.sh -x"
	for _, owner := range []string{Root, mallory} {
		for _, order := range []string{"look learn set swap", "look set learn swap", "look set swap learn", "look swap learn set", "look set swap pass learn", "set pass swap look learn"} {
			t.Run(strings.TrimPrefix(owner, "/Users/")+" "+order, func(t *testing.T) {
				root := newRoot(t)
				synctest.Test(t, func(t *testing.T) {
					s := newStation(t, root, Options{}, nil)
					defer s.stop()
					var sight View
					for _, step := range strings.Fields(order) {
						switch step {
						case "look":
							sight = examineFor(root, value, patience)
						case "learn":
							s.Learn(owner, value, sight)
						case "set":
							s.Set(owner, []string{value})
						case "swap":
							s.write("hooks/login.sh", "#!/bin/sh\necho HOOK\n")
						case "pass":
							s.pass(2*time.Second, "the first look")
						}
						time.Sleep(time.Millisecond)
					}
					s.pass(2*time.Second, order, owner+" "+value+": content")
					s.pass(10*time.Second, "and no more")
				})
			})
		}
	}
}

// TestLearnProperty has a program change, be examined, learned of at once or later, set and
// swept at random. Whatever was told last, by an examination or as a change, is what is there.
func TestLearnProperty(t *testing.T) {
	const value = "/hooks/login.sh"
	for seed := range uint64(slowly(50, 150)) {
		r := rand.New(rand.NewPCG(seed, 9))
		root := t.TempDir()
		name := filepath.Join(root, value)
		w := newSweeper(root, State{})
		var log []string
		var late []View
		said := "" // the content told of last
		for range 40 {
			switch r.IntN(6) {
			case 0, 1:
				content := fmt.Sprintf("#!/bin/sh\n%d\n", r.IntN(3))
				put(t, name, content, 0o755)
				log = append(log, "write "+content[10:11])
			case 2, 3:
				s := examineFor(root, value, patience)
				said = s.Program.SHA256
				if r.IntN(2) == 0 {
					late = append(late, s)
					log = append(log, "look")
				} else {
					for _, s := range append(late, s) {
						w.Learn(Root, value, s)
					}
					late = nil
					log = append(log, "look and learn")
				}
			case 4:
				for _, s := range late {
					w.Learn(Root, value, s)
				}
				late = nil
				log = append(log, "learn")
			case 5:
				log = append(log, "sweep")
				for _, c := range w.Sweep([]string{value}, noon) {
					said = c.New.SHA256
				}
			}
		}
		for _, s := range late {
			w.Learn(Root, value, s)
		}
		for _, c := range w.Sweep([]string{value}, noon) {
			said = c.New.SHA256
		}
		if is := Examine(root, value).SHA256; said != "" && said != is {
			t.Fatalf("seed %d: %s: told last of %.8s, but %.8s is there", seed, strings.Join(log, ", "), said, is)
		}
	}
}

// TestDeadMountOfOneUser has all hooks of one user and some programs of root's hang: the rest
// of root's is looked at as if they did not.
func TestDeadMountOfOneUser(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		s := newStation(t, root, Options{}, dead("/dead/", hang))
		var hung []string
		for i := range 90 {
			hung = append(hung, fmt.Sprint("/dead/", i))
		}
		s.Set(mallory, append(slices.Clone(hung), "/a"))
		s.Set(Root, []string{"/dead/root", "/hooks/login.sh"})
		s.Set(System, []string{"/hooks/plain.sh"})
		s.Set("/Users/ann", []string{"/Users/sam/x.sh"})
		s.pass(6*time.Second, "the first looks", "+"+mallory+" answers")
		for i := range 5 {
			s.write("hooks/login.sh", fmt.Sprint("#!/bin/sh\n", i))
			s.write("hooks/plain.sh", fmt.Sprint("#!/bin/sh\n", i))
			s.write("Users/sam/x.sh", fmt.Sprint("#!/bin/sh\n", i))
			s.pass(2*time.Second, "a change", "root /hooks/login.sh: content", "root /hooks/plain.sh: content", "/Users/ann /Users/sam/x.sh: content")
		}
		if ignored, unread := s.Stats(); ignored != 0 || unread != 92 {
			t.Errorf("%d ignored and %d unread, expected 0 and 92", ignored, unread)
		}
		if p, ok := programOf(s.Watchers, mallory, "/dead/1"); !ok || p.Unread != NoAnswer {
			t.Errorf("%+v, want no answer", p)
		}
		close(hang)
		s.pass(3*time.Minute, "answered", "-"+mallory+" answers")
		s.write("a", "#!/bin/sh\n2")
		s.pass(4*time.Second, "alive", mallory+" /a: content")
		s.stop()
	})
}

// TestShareOfTime has the looks at 90 programs of one user take long: a tenth of the time goes
// there, and root's is looked at as often as ever.
func TestShareOfTime(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		var spent, looks atomic.Int64
		s := newStation(t, root, Options{}, func(root, value string, a allowance) View {
			if value == "/hooks/login.sh" {
				looks.Add(1)
			} else {
				time.Sleep(20 * time.Millisecond)
				spent.Add(int64(20 * time.Millisecond))
			}
			out := examine(root, value, a)
			out.unsure = true
			return out
		})
		defer s.stop()
		var values []string
		for i := range 90 {
			values = append(values, fmt.Sprint("/hooks/", i))
		}
		s.Set(mallory, values)
		s.Set(Root, []string{"/hooks/login.sh"})
		s.pass(time.Hour, "an hour", "+"+mallory+" time")
		if got := time.Duration(spent.Load()); got > time.Hour/9 {
			t.Errorf("%v of an hour for one user, want a tenth at most", got)
		}
		if got := looks.Load(); got < 1790 {
			t.Errorf("%d looks for root in an hour, want one in two seconds", got)
		}
		s.Set(mallory, nil)
		s.pass(2*time.Minute, "over", "-"+mallory+" time")
	})
}

// TestShareOfReports changes all of a user's programs all the time.
func TestShareOfReports(t *testing.T) {
	root := newRoot(t)
	rounds := slowly(25, 60)
	synctest.Test(t, func(t *testing.T) {
		s := newStation(t, root, Options{}, nil)
		defer s.stop()
		var values []string
		for i := range 70 {
			values = append(values, fmt.Sprint("/hooks/", i))
			s.write(values[i], "#!/bin/sh\n")
		}
		s.Set(mallory, values)
		s.Set(Root, values[:1])
		time.Sleep(3 * time.Second)
		counts := map[string]int{}
		for round := range rounds {
			for _, v := range values {
				s.write(v, fmt.Sprint("#!/bin/sh\n", round))
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
		}
		s.mu.Lock()
		for _, line := range s.lines {
			who, _, _ := strings.Cut(line, " ")
			counts[who]++
		}
		s.lines = nil
		s.mu.Unlock()
		if most := int(userLimits.reports.most + float64(2*rounds+5)*userLimits.reports.rate); counts[mallory] > most || counts[mallory] < 100 || counts[Root] != rounds || counts["+"+mallory] != 1 {
			t.Errorf("%v, want root's %d and at most %d of the user's", counts, rounds, most)
		}
		time.Sleep(3 * time.Minute) // all that is not told yet is now
		synctest.Wait()
		last := map[string]string{}
		for _, v := range values {
			p, _ := programOf(s.Watchers, mallory, v)
			last[p.SHA256] = v
		}
		if len(last) != 1 || last[sumOf(fmt.Sprint("#!/bin/sh\n", rounds-1))] == "" {
			t.Errorf("%d contents are known at the end, want the last alone", len(last))
		}
	})
}

// TestShareOfValues sets more hooks than are watched, and none.
func TestShareOfValues(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		s := newStation(t, root, Options{}, nil)
		defer s.stop()
		var values []string
		for i := range 2 * reservedLimits.values {
			values = append(values, fmt.Sprint("/hooks/", i))
		}
		s.Set(mallory, values)
		s.Set(Managed, values[:10])
		s.pass(2*time.Second, "too many", "+"+mallory+" values")
		if got := s.State(); len(got) != 2 || len(got[mallory]) != userLimits.values || len(got[Root]) != 10 {
			t.Errorf("%d owners, %d reserved; want %d of one user's and 10", len(got), len(got[Root]), userLimits.values)
		}
		s.Set(mallory, nil)
		s.Set(Managed, nil)
		s.pass(2*time.Minute, "none", "-"+mallory+" values")
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.owners) != 0 {
			t.Errorf("%d owners without hooks are kept", len(s.owners))
		}
	})
}

// TestWatchersState stops and starts.
func TestWatchersState(t *testing.T) {
	root := newRoot(t)
	values := map[string][]string{Root: {"/hooks/login.sh"}, mallory: {"/hooks/login.sh", "/a"}}
	run := func(before State, want ...string) (after State) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := newStation(t, root, Options{Previous: before}, nil)
			s.Set(Root, values[Root])
			s.Set(mallory, values[mallory])
			s.pass(3*time.Second, "after a start", want...)
			after = s.State()
			s.stop()
		})
		b, err := json.Marshal(after)
		must(t, err)
		var out State
		must(t, json.Unmarshal(b, &out))
		return out
	}
	first := run(State{})
	put(t, filepath.Join(root, "hooks/login.sh"), "#!/bin/sh\n", 0o755)
	put(t, filepath.Join(root, "a"), "#!/bin/sh\n", 0o755)
	all := []string{"root /hooks/login.sh: content", mallory + " /hooks/login.sh: content", mallory + " /a: content"}
	run(run(first, all...))
	synctest.Test(t, func(t *testing.T) { // a home that is not there yet
		s := newStation(t, root, Options{Previous: first}, nil)
		defer s.stop()
		s.Set(Root, values[Root])
		s.pass(3*time.Second, "without mallory", all[0])
		if got := s.State(); len(got[mallory]) != 2 {
			t.Errorf("of a home that is not there yet %+v is known, want what was", got)
		}
		s.Set(mallory, values[mallory])
		s.pass(3*time.Second, "with mallory", all[1:]...)
	})
}

// TestLocated has links change without the content.
func TestLocated(t *testing.T) {
	root := newRoot(t)
	must(t, os.Symlink("hooks", filepath.Join(root, "over")))
	must(t, os.MkdirAll(filepath.Join(root, "other"), 0o755))
	put(t, filepath.Join(root, "other/login.sh"), hookScript, 0o755)
	synctest.Test(t, func(t *testing.T) {
		var s *station
		s = newStation(t, root, Options{Located: func(owner string, p event.Program) { s.say("%s %s > %s", owner, p.Value, p.Resolved) }}, nil)
		defer func() { s.stop() }()
		s.Set(mallory, []string{"/over/login.sh"})
		s.pass(2*time.Second, "at first", mallory+" /over/login.sh > /hooks/login.sh")
		s.pass(10*time.Second, "nothing")
		must(t, os.Remove(filepath.Join(root, "over")))
		must(t, os.Symlink("other", filepath.Join(root, "over")))
		s.pass(2*time.Second, "the folder is another", mallory+" /over/login.sh > /other/login.sh")
		state := s.State()
		s.stop()
		s = newStation(t, root, Options{Previous: state, Located: func(owner string, p event.Program) { s.say("%s %s > %s", owner, p.Value, p.Resolved) }}, nil)
		s.Set(mallory, []string{"/over/login.sh"})
		s.pass(2*time.Second, "after a restart", mallory+" /over/login.sh > /other/login.sh")
	})
}

// TestStateOfWhatIsReported asks for the state while changes are being reported: they are not
// in it before they are.
func TestStateOfWhatIsReported(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{}, 10)
		w := NewWatchers(NewExaminer(root, nil), Options{Sweep: 2 * time.Second}, func(string, event.ProgramChange) { <-hold })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx) }()
		w.Set(map[string][]string{Root: {"/hooks/login.sh"}})
		wait := func(what string, want string) {
			t.Helper()
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if got := w.State()[Root][0].Found.SHA256; got != want {
				t.Errorf("%s: the state has %.8s, want %.8s", what, got, want)
			}
		}
		wait("at first", sumOf(hookScript))
		put(t, filepath.Join(root, "hooks/login.sh"), "#!/bin/sh\n1", 0o755)
		wait("a change is being reported", sumOf(hookScript))
		put(t, filepath.Join(root, "hooks/login.sh"), "#!/bin/sh\n2", 0o755)
		w.Learn(Root, "/hooks/login.sh", examineFor(root, "/hooks/login.sh", patience))
		wait("and another waits", sumOf(hookScript))
		hold <- struct{}{}
		wait("one is reported", sumOf("#!/bin/sh\n1"))
		hold <- struct{}{}
		wait("both are", sumOf("#!/bin/sh\n2"))
		cancel()
		<-done
	})
}

// TestKeepHangs has the disk for copies hang: changes are told still.
func TestKeepHangs(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		s := newStation(t, root, Options{Keep: func(string, event.Program, []byte) { <-hang }}, nil)
		s.Set(Root, []string{"/hooks/login.sh", "/a"})
		s.pass(6*time.Second, "the first looks")
		s.write("hooks/login.sh", "#!/bin/sh\n")
		s.write("a", "#!/bin/sh\n")
		s.pass(2*time.Second, "changes", "root /hooks/login.sh: content", "root /a: content")
		close(hang)
		s.stop()
	})
}

// TestVersion sweeps programs of which none changes: there is nothing new to save.
func TestVersion(t *testing.T) {
	root := newRoot(t)
	w := newSweeper(root, State{})
	values := []string{"/hooks/login.sh", "/a", "/gone"}
	w.Sweep(values, noon)
	before := w.Version()
	for range 3 {
		w.Sweep(values, noon)
	}
	if got := w.Version(); got != before {
		t.Errorf("after sweeps without a change the version is %d, expected %d", got, before)
	}
	put(t, filepath.Join(root, "a"), "#!/bin/sh\n2", 0o755)
	w.Sweep(values, noon)
	if w.Version() == before {
		t.Error("after a change the version is the same")
	}
}

// TestSweepBeforeSet has the sweeps begin before anybody says what is set: a change from before the
// start is still reported.
func TestSweepBeforeSet(t *testing.T) {
	root := t.TempDir()
	name := filepath.Join(root, "hook")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	changes := make(chan event.ProgramChange, 1)
	x := NewExaminer(root, NewShares())
	before := NewWatchers(x, Options{}, nil)
	before.Set(map[string][]string{Root: {"/hook"}})
	before.Learn(Root, "/hook", x.Examine(Root, "/hook", time.Minute))
	if err := os.WriteFile(name, []byte("#!/bin/sh\nid\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := NewWatchers(x, Options{Previous: before.State(), Sweep: time.Hour}, func(_ string, ch event.ProgramChange) { changes <- ch })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx) }()
	for begun := false; !begun; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		begun = w.running != nil
		w.mu.Unlock()
	}
	w.beginSweeps(time.Now())
	w.Set(map[string][]string{Root: {"/hook"}})
	w.beginSweeps(time.Now())
	select {
	case ch := <-changes:
		if ch.Since != event.SinceStop {
			t.Errorf("got a change since %v, expected one since the stop", ch.Since)
		}
	case <-time.After(time.Minute):
		t.Error("the change was not reported")
	}
	stop()
	<-ended
}
