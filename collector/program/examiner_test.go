package program

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hanging is an examiner below whose folder /dead no look returns before hang is closed.
func hanging(root string, shares *Shares) (x *Examiner, hang chan struct{}, calls *atomic.Int32) {
	x, hang, calls = NewExaminer(root, shares), make(chan struct{}), new(atomic.Int32)
	x.examine = func(root, value string, a allowance) View {
		if strings.HasPrefix(value, "/dead") {
			calls.Add(1)
			<-hang
		}
		return examine(root, value, a)
	}
	return x, hang, calls
}

// TestExaminerHangs has one user's examinations hang: each waits its time, then no more are
// begun, and nobody else's wait.
func TestExaminerHangs(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		shares := NewShares()
		x, hang, calls := hanging(root, shares)
		look := func(owner, value, unread string, wait time.Duration) {
			t.Helper()
			begin := time.Now()
			s := x.Examine(owner, value, time.Second)
			if took := time.Since(begin); s.Program.Unread != unread || took != wait || s.Program.Value != value {
				t.Errorf("%s, %s: got %q after %v, want %q after %v", owner, value, s.Program.Unread, took, unread, wait)
			}
		}
		for i := range userLimits.hung {
			look(mallory, fmt.Sprint("/dead/", i), NoAnswer, time.Second)
			look(mallory, fmt.Sprint("/dead/", i), NoAnswer, 0) // hangs already
			look(Root, fmt.Sprint("/dead/", i), NoAnswer, time.Second)
			look(Root, fmt.Sprint("/dead/", i), NoAnswer, 0)
		}
		for i := range 100 {
			look(mallory, fmt.Sprint("/dead/more", i), NoAnswer, 0)
			look(mallory, "/hooks/login.sh", NoAnswer, 0)
			look(Root, fmt.Sprint("/DEAD/more", i), NoAnswer, 0) // in the same area
			for _, owner := range []string{Root, System, Managed, "", "/Users/ann"} {
				look(owner, "/hooks/login.sh", "", 0)
			}
		}
		if got := int(calls.Load()); got != userLimits.hung+maxAreaHung {
			t.Errorf("%d looks hang, want %d", got, userLimits.hung+maxAreaHung)
		}
		if got := fmt.Sprint(shares.listTransitions(time.Now())); strings.Count(got, mallory) != 1 || !strings.Contains(got, ShareAnswers) {
			t.Errorf("shares: %s, want that the user's is used up", got)
		}
		close(hang)
		synctest.Wait()
		look(mallory, "/hooks/login.sh", "", 0)
		look(mallory, "/dead/0", "", 0)
	})
}

// TestExaminerAtOnce has more examinations at a time than may be under way: the others are refused
// at once, and noted.
func TestExaminerAtOnce(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		shares := NewShares()
		x := NewExaminer(root, shares)
		x.examine = func(root, value string, a allowance) View {
			time.Sleep(100 * time.Millisecond)
			return examine(root, value, a)
		}
		var group sync.WaitGroup
		var answered, refused atomic.Int32
		for range 3 * userLimits.hung {
			group.Go(func() {
				begin := time.Now()
				switch s := x.Examine(mallory, "/hooks/login.sh", time.Second); {
				case s.Program.Unread == "":
					answered.Add(1)
				case s.Program.Unread == NoAnswer && time.Since(begin) == 0:
					refused.Add(1)
				}
			})
		}
		group.Wait()
		if a, r := int(answered.Load()), int(refused.Load()); a != 2*userLimits.hung || r != userLimits.hung {
			t.Errorf("%d answered and %d refused at once, expected %d and %d", a, r, 2*userLimits.hung, userLimits.hung)
		}
		if got := shares.listTransitions(time.Now()); len(got) != 1 || got[0].What != ShareAnswers {
			t.Errorf("shares: %+v, expected that of answers", got)
		}
	})
}

// TestExaminerTime spends a user's time: after that there is a tenth of it.
func TestExaminerTime(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		shares := NewShares()
		x := NewExaminer(root, shares)
		x.examine = func(root, value string, a allowance) View {
			time.Sleep(900 * time.Millisecond)
			return examine(root, value, a)
		}
		begin, answered, refused := time.Now(), 0, 0
		for time.Since(begin) < 10*time.Minute {
			switch s := x.Examine(mallory, "/hooks/login.sh", time.Second); s.Program.Unread {
			case "":
				answered++
			case ShareUsedUp:
				refused++
				time.Sleep(100 * time.Millisecond)
			default:
				t.Fatalf("got %q", s.Program.Unread)
			}
		}
		most := 77 // 70 s, of 0.9 s each
		if answered > most+1 || answered < most-1 || refused == 0 {
			t.Errorf("%d answered and %d refused in ten minutes, want about %d answered", answered, refused, most)
		}
		if got := shares.listTransitions(time.Now()); len(got) != 1 || got[0].What != ShareTime || !got[0].On {
			t.Errorf("shares: %+v, want that of time", got)
		}
	})
}

// TestExaminerBytes has a user's large files hashed until the share is used up, and root's
// always.
func TestExaminerBytes(t *testing.T) {
	root := newRoot(t)
	const size = 20 << 20
	put(t, filepath.Join(root, "large"), "#!/bin/sh\n"+strings.Repeat("#", size-10), 0o755)
	shares := NewShares()
	x := NewExaminer(root, shares)
	x.spendBytes(mallory, 0)
	x.pools[mallory].bytes.rate = 0.001 // on a slow machine, too
	for i := range 6 {
		s := x.Examine(mallory, "/large", time.Minute)
		hashed := i < (int(userLimits.bytes.most)+size-1)/size-1
		if s.Program.Hashed != hashed || (s.Program.Unread == ShareUsedUp) == hashed || s.Program.Size != size || s.Program.Kind != Script || len(s.Content) != maxContent || s.unsure == hashed {
			t.Errorf("examination %d of %d bytes: hashed %v, unread %q, want hashed %v and its beginning", i, size, s.Program.Hashed, s.Program.Unread, hashed)
		}
		if s := x.Examine(Root, "/large", time.Minute); !s.Program.Hashed {
			t.Errorf("root's: not hashed: %q", s.Program.Unread)
		}
	}
	if got := shares.listTransitions(time.Now()); len(got) != 1 || got[0].What != ShareBytes || got[0].Owner != mallory {
		t.Errorf("shares: %+v, want the user's of bytes", got)
	}
}

// TestHashLate stops to read when nobody waits any more.
func TestHashLate(t *testing.T) {
	root := newRoot(t)
	s := examine(root, "/hooks/login.sh", allowance{time.Now().Add(-time.Second), maxHash, maxHash, reservedLimits.parts})
	if s.Program.Unread != NoAnswer || s.Program.Hashed || !s.unsure {
		t.Errorf("got %+v, want no answer", s.Program)
	}
}

// TestExaminerPools bounds what is known of users, and forgets those whose share is whole.
func TestExaminerPools(t *testing.T) {
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		x, hang, _ := hanging(root, nil)
		for i := range maxOwners {
			if s := x.Examine(fmt.Sprint("/Users/", i), "/hooks/login.sh", time.Second); s.Program.Unread != "" {
				t.Fatalf("user %d: %q", i, s.Program.Unread)
			}
		}
		go x.Examine("/Users/1", "/dead/1", time.Second)
		time.Sleep(2 * time.Second)
		if s := x.Examine(Root, "/hooks/login.sh", time.Second); s.Program.Unread != "" {
			t.Errorf("root: %q", s.Program.Unread)
		}
		x.Examine("/Users/one more", "/hooks/login.sh", time.Second)
		x.mu.Lock()
		if len(x.pools) > 3 {
			t.Errorf("%d pools, want root's and those in use", len(x.pools))
		}
		x.mu.Unlock()
		close(hang)
	})
}

// TestShareNews has a share used up now and again: that is one condition, until it is calm.
func TestShareNews(t *testing.T) {
	s := NewShares()
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	listChanges := func(seconds int, want string) {
		t.Helper()
		var out []string
		for _, n := range s.listTransitions(at(seconds)) {
			out = append(out, fmt.Sprint(n.Owner, " ", n.What, " ", n.On))
		}
		equal(t, fmt.Sprint("after ", seconds, " s"), strings.Join(out, ", "), want)
	}
	listChanges(0, "")
	s.noteUsedUp("b", ShareTime, at(1))
	s.noteUsedUp("a", ShareTime, at(1))
	listChanges(2, "a time true, b time true")
	for i := 3; i < 600; i += 50 {
		s.noteUsedUp("a", ShareTime, at(i))
	}
	listChanges(600, "b time false")
	listChanges(700, "a time false")
	listChanges(701, "")
	s.noteUsedUp("a", ShareBytes, at(702))
	listChanges(800, "a bytes true, a bytes false")
	for i := range 2 * maxUsedUp {
		s.noteUsedUp(fmt.Sprint(i), ShareTime, at(900))
	}
	if got := len(s.listTransitions(at(900))); got != maxUsedUp {
		t.Errorf("%d shares are known, want %d", got, maxUsedUp)
	}
	var none *Shares
	none.noteUsedUp("a", ShareTime, at(0))
	if got := none.listTransitions(at(0)); got != nil {
		t.Errorf("none: %v", got)
	}
}

func TestArea(t *testing.T) {
	for value, want := range map[string]string{
		"/Users/mallory/a b": "users/mallory", "/users/Mallory/x": "users/mallory", "/System/Volumes/Data/Users/mallory/x": "users/mallory",
		"/Users/x": "users/x", "/Users": "users", "//tmp/./1": "tmp", "/private/tmp/1": "private/tmp", "/Volumes/usb/x -y": "volumes/usb",
		"/Library/x/y": "library", "": "", "/": "", "relative/x": "relative", "/System/Volumes/Data": "system", "/System/Library/x": "system",
	} {
		if got := areaOf(value); got != want {
			t.Errorf("areaOf(%q) = %q, want %q", value, got, want)
		}
	}
}
