package program

import (
	"errors"
	"fmt"
	"os/user"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestDirectory asks for names while the directory answers late, with errors or not at all.
func TestDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDirectory("/")
		hang, asked, failing := make(chan struct{}), map[string]*atomic.Int32{}, atomic.Bool{}
		for _, name := range []string{"ann", "nobody", "dead"} {
			asked[name] = &atomic.Int32{}
		}
		ann := atomic.Value{}
		ann.Store("501")
		d.lookup = func(name string) (*user.User, error) {
			if n := asked[name]; n != nil {
				n.Add(1)
			}
			switch {
			case name == "ann" && failing.Load():
				return nil, errors.New("the directory is in pieces")
			case name == "ann":
				time.Sleep(time.Second)
				return &user.User{Uid: ann.Load().(string)}, nil
			case name == "nobody":
				return nil, user.UnknownUserError(name)
			}
			<-hang
			return nil, errors.New("too late")
		}
		ask := func(when, owner string, id uint32, want string) {
			t.Helper()
			begin := time.Now()
			owns, known := d.Owns(owner, id)
			if got := fmt.Sprint(owns, known); got != want || !time.Now().Equal(begin) {
				t.Errorf("%s: does %d own what is %s's: %s after %v, want %s at once", when, id, owner, got, time.Since(begin), want)
			}
		}
		for range 100 {
			ask("at first", "ann", 501, "false false")
			ask("at first", "dead", 1, "false false")
			ask("a number", "502", 502, "true true")
			ask("a number", "502", 501, "false true")
			ask("root", "root", 0, "true true")
			ask("root", "root", 501, "false true")
		}
		d.Ask("nobody")
		begin := time.Now()
		d.Wait(3 * time.Second)
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("waited %v while one does not answer, want all of 3 s", took)
		}
		ask("answered", "ann", 501, "true true")
		ask("answered", "ann", 502, "false true")
		ask("no such user", "nobody", 501, "false true")
		ask("no answer", "dead", 501, "false false")
		ann.Store("601")
		time.Sleep(nameLife)
		ask("while it is asked again", "ann", 501, "true true")
		time.Sleep(2 * time.Second)
		ask("is another now", "ann", 601, "true true")
		failing.Store(true)
		time.Sleep(nameLife)
		ask("fails", "ann", 601, "true true")
		time.Sleep(2 * time.Second)
		ask("failed", "ann", 601, "true true")
		for i := range 2 * maxLookups {
			d.Ask(fmt.Sprint("dead", i))
		}
		d.mu.Lock()
		if d.running != maxLookups {
			t.Errorf("%d look-ups under way, want %d", d.running, maxLookups)
		}
		d.mu.Unlock()
		for i := range 2 * maxNames {
			d.Ask(fmt.Sprint("name", i))
		}
		if len(d.names) != maxNames {
			t.Errorf("%d names, want %d", len(d.names), maxNames)
		}
		ask("one too many", "the last", 1, "false false")
		if a, n, x := asked["ann"].Load(), asked["nobody"].Load(), asked["dead"].Load(); a != 3 || n != 1 || x != 1 {
			t.Errorf("looked up %d, %d and %d times, want 3, 1 and 1", a, n, x)
		}
		close(hang)
	})
}
