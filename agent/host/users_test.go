package host

import (
	"errors"
	"os/user"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/event"
)

// eventually waits for an answer of this machine's directory.
func eventually(t *testing.T, what string, get func() string, want string) {
	t.Helper()
	for began := time.Now(); get() != want; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("%s: got %q after a minute, want %q", what, get(), want)
		}
	}
}

func TestUsers(t *testing.T) {
	u := NewUsers()
	own, err := user.Current()
	if err != nil {
		t.Skip("this user has no entry:", err)
	}
	id, err := strconv.ParseUint(own.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "name of user "+own.Uid, func() string { return u.Name(uint32(id)) }, own.Username)
	eventually(t, "home of user "+own.Uid, func() string { return u.Home(uint32(id)) }, own.HomeDir)
	for _, id := range []uint32{4_000_000_000, event.None} {
		if name, group := u.Name(id), u.Group(id); name != "" || group != "" {
			t.Errorf("user and group %d: got %q and %q, want none", id, name, group)
		}
	}
	var none *Users
	if none.Name(501) != "" || none.Home(0) != "" || none.Group(20) != "" {
		t.Error("without a look-up: got names")
	}
	if name, group := none.Name(0), none.Group(0); name != "root" || group != "wheel" {
		t.Errorf("without a look-up: user and group 0 are %q and %q, want root and wheel", name, group)
	}
}

// standinDirectory answers with the id, after a while that a test sets.
type standinDirectory struct {
	asked, delay atomic.Int64
	failing      atomic.Bool
}

func (s *standinDirectory) look(id string) (*string, error) {
	s.asked.Add(1)
	time.Sleep(time.Duration(s.delay.Load()))
	switch {
	case s.failing.Load():
		return nil, errors.New("no route to host")
	case id == "404":
		return nil, user.UnknownUserIdError(404)
	}
	return &id, nil
}

// TestDirectory asks a directory that can be slow, and fail.
func TestDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &standinDirectory{}
		d := newDirectory(s.look)
		get := func(id uint32, want string, asked int64) {
			t.Helper()
			got, began := "", time.Now()
			if p := d.get(id, began); p != nil {
				got = *p
			}
			if took := time.Since(began); took != 0 {
				t.Errorf("%d: waited %v, want an answer at once", id, took)
			}
			synctest.Wait()
			if got != want || s.asked.Load() != asked {
				t.Errorf("%d: got %q, asked %d times; want %q and %d", id, got, s.asked.Load(), want, asked)
			}
		}
		get(1, "", 1) // the answer is there for a later call
		get(1, "1", 1)
		get(404, "", 2)
		get(404, "", 2)
		time.Sleep(2 * time.Minute)
		get(404, "", 3) // may be there by now
		get(1, "1", 3)
		s.delay.Store(int64(time.Minute))
		get(2, "", 4)
		get(2, "", 4) // no second question while one is open
		time.Sleep(2 * time.Minute)
		get(2, "2", 4)
		time.Sleep(time.Hour)
		get(1, "1", 5) // what was known holds until there is an answer
		s.delay.Store(0)
		s.failing.Store(true)
		get(2, "2", 6)
		get(2, "2", 6) // and while the directory fails
		get(3, "", 7)
		s.failing.Store(false)
		time.Sleep(2 * time.Minute)
		get(2, "2", 8)
		get(3, "", 9)
		get(3, "3", 9)
		get(event.None, "", 9)
	})
}

// TestDirectorySilent has ids for which there is never an answer, more and more of them.
func TestDirectorySilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const silent, other = 5100, 5001
		end := make(chan struct{})
		d := newDirectory(func(id string) (*string, error) {
			if n, _ := strconv.Atoi(id); n >= silent {
				<-end
			}
			return &id, nil
		})
		answered := func(id uint32) bool {
			d.get(id, time.Now())
			synctest.Wait()
			return d.get(id, time.Now()) != nil
		}
		open := func(s *share[*string]) int {
			d.mu.Lock()
			defer d.mu.Unlock()
			return len(s.open)
		}
		for n := range uint32(maxAsked - 1) {
			answered(silent + n)
		}
		if !answered(other) {
			t.Errorf("%d ids have no answer: another has none, want one", maxAsked-1)
		}
		answered(silent + maxAsked - 1)
		answered(silent + maxAsked)
		if got := open(&d.network); got != maxAsked {
			t.Errorf("got %d open questions, want %d", got, maxAsked)
		}
		if answered(other + 1) {
			t.Errorf("%d ids were asked for a moment ago: got an answer for another, want it asked later", maxAsked)
		}
		if !answered(other) || !answered(501) {
			t.Error("what is known, and an account of this Mac: got no answer, want one")
		}
		time.Sleep(askPatience)
		if !answered(other + 1) {
			t.Errorf("%d ids have had no answer for %v: another has none, want one", maxAsked, askPatience)
		}
		for n := range uint32(10 * maxOpen) {
			time.Sleep(askPatience / (maxAsked - 1))
			answered(silent + n)
		}
		if got := open(&d.network); got != maxOpen {
			t.Errorf("got %d open questions, want %d at most", got, maxOpen)
		}
		if !answered(502) {
			t.Error("the network's directory answers nothing: an account of this Mac has no name, want one")
		}
		close(end)
		synctest.Wait()
		if !answered(other+2) || !answered(silent) || open(&d.network) != 0 {
			t.Errorf("the directory answers again: %d questions are open, want none, and every answer", open(&d.network))
		}
	})
}

// TestDirectoryPrefetch asks one after the other, and leaves the rest where there is no
// answer.
func TestDirectoryPrefetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &standinDirectory{}
		d := newDirectory(s.look)
		d.prefetch([]uint32{0, 501, 502})
		if got := d.get(502, time.Now()); got == nil || *got != "502" || s.asked.Load() != 3 {
			t.Errorf("got %v, asked %d times, want 502 known after 3", got, s.asked.Load())
		}
		s.delay.Store(int64(time.Hour))
		go d.prefetch([]uint32{503, 504})
		synctest.Wait()
		if got := s.asked.Load(); got != 4 {
			t.Errorf("no answer yet: asked %d times, want 4", got)
		}
		d.get(503, time.Now())
		synctest.Wait()
		if got := s.asked.Load(); got != 4 {
			t.Errorf("asked already: asked %d times, want 4", got)
		}
		time.Sleep(3 * time.Hour)
	})
}

// TestDirectoryRoom holds that ids without a name push out none with one.
func TestDirectoryRoom(t *testing.T) {
	s := newShare[*string]()
	name, now := "ann", time.Now()
	s.rememberLocked(501, answer[*string]{&name, now})
	for id := range uint32(3 * maxRemembered) {
		s.rememberLocked(10_000+id, answer[*string]{nil, now})
	}
	if got := len(s.answers); got > maxRemembered || s.answers[501].value == nil {
		t.Errorf("got %d answers, that of 501 there: %v; want %d at most, and it", got, s.answers[501].value != nil, maxRemembered)
	}
	for id := range uint32(3 * maxRemembered) {
		s.rememberLocked(10_000+id, answer[*string]{&name, now})
	}
	if got := len(s.answers); got > maxRemembered {
		t.Errorf("got %d answers, want %d at most", got, maxRemembered)
	}
}

// TestUsersConcurrent asks from several goroutines at once; the race detector judges.
func TestUsersConcurrent(t *testing.T) {
	u := NewUsers()
	var all sync.WaitGroup
	for n := range uint32(4) {
		all.Go(func() {
			for id := range uint32(200) {
				u.Name(id)
				u.Home(500 + id)
				u.Group(n*100 + id)
			}
		})
	}
	all.Wait()
}
